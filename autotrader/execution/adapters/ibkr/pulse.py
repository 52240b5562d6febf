"""Whether a connection lives, and when to try the next one (pure). Source: ibkr.md sections 3 (row 15) and 11."""

from __future__ import annotations

from typing import Final

__all__ = ["Backoff", "Pulse"]

STABLE_NS: Final = 10_000_000_000
"""A connection that was opened and lived so long makes the pauses begin anew."""
_MOST_MISSES: Final = 2


class Pulse:
    """Of one connection: the protocol has no keep-alive, a half-open socket shows only by questions that no byte follows."""

    def __init__(self) -> None:
        self._received = self._misses = 0
        self.asked = False

    def is_gone(self, received: int) -> bool:
        """Say at each beat, by the bytes received so far, whether two questions in a row were followed by none."""
        if received != self._received:
            self._received, self._misses = received, 0
        elif self.asked:
            self._misses += 1
        return self._misses >= _MOST_MISSES


class Backoff:
    """Pauses that double from ``first_s`` to ``longest_s``, each shortened by chance to between a half and all of it."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self.failures = 0

    def pause_s(self, lived_ns: int, chance: float) -> float:
        """Return how long to wait after a connection that lived so long, 0 if it never opened; ``chance`` is in [0, 1)."""
        if lived_ns > STABLE_NS:
            self.failures = 0
        pause = min(self._longest_s, self._first_s * 2.0**self.failures)
        self.failures = min(self.failures + 1, 16)
        return pause * (0.5 + chance / 2)
