"""Counting over time, with the time passed in: rates, counts in a window, what was asked lately. Bounded memory.

A clock that is set back neither locks anything for the length of the step nor forgets what was counted.
"""

from __future__ import annotations

from collections import deque

__all__ = ["LastSeen", "RateBucket", "WindowCount"]

PARTS = 60


class RateBucket:
    """A token bucket kept as one integer: the time at which it would be full again (generic cell rate algorithm)."""

    __slots__ = ("_full_ns",)

    def __init__(self) -> None:
        self._full_ns = 0

    def wait_ns(self, now_ns: int, interval_ns: int, burst: int) -> int:
        """Return how long until one more fits: 0 when it fits now."""
        most = now_ns + interval_ns * burst
        if self._full_ns > most:
            self._full_ns = most
        wait = self._full_ns - most + interval_ns
        return wait if wait > 0 else 0

    def take(self, now_ns: int, interval_ns: int) -> None:
        """Count one."""
        full = self._full_ns
        self._full_ns = (full if full > now_ns else now_ns) + interval_ns


class WindowCount:
    """A count over the last ``window_ns``, kept in sixty parts: what it counts is dropped up to a part late, never early."""

    __slots__ = ("_at", "_newest", "_older", "_part_ns", "_total")

    def __init__(self, window_ns: int) -> None:
        self._part_ns = max(1, window_ns // PARTS)
        self._older: deque[tuple[int, int]] = deque()
        self._at = self._newest = self._total = 0

    def count(self, now_ns: int) -> int:
        """Return how many were added within the window."""
        if now_ns // self._part_ns != self._at:
            self._turn(now_ns // self._part_ns)
        return self._total

    def add(self, now_ns: int) -> int:
        """Count one, and return how many there are within the window with it."""
        if now_ns // self._part_ns != self._at:
            self._turn(now_ns // self._part_ns)
        self._newest += 1
        self._total += 1
        return self._total

    def _turn(self, index: int) -> None:
        """Go on to another part of time; ``_newest`` counts in it."""
        older = self._older
        if index < self._at:  # the clock was set back: all that was counted counts as of now
            older.clear()
            self._at, self._newest = index, self._total
            return
        if self._newest:
            older.append((self._at, self._newest))
        self._at, self._newest = index, 0
        while older and older[0][0] < index - PARTS:
            self._total -= older.popleft()[1]


class LastSeen:
    """When each key was last seen, for as long as the longest window asked for; keys are forgotten once they are older."""

    __slots__ = ("_seen", "_sweep_at")

    def __init__(self) -> None:
        self._seen: dict[object, int] = {}
        self._sweep_at = 1024

    def last_ns(self, key: object) -> int | None:
        """Return when the key was last put."""
        return self._seen.get(key)

    def put(self, key: object, now_ns: int, keep_ns: int) -> None:
        """Note the key; others older than ``keep_ns`` may be forgotten."""
        seen = self._seen
        seen[key] = now_ns
        if len(seen) > self._sweep_at:
            self._seen = {k: at for k, at in seen.items() if abs(now_ns - at) <= keep_ns}
            self._sweep_at = max(1024, 2 * len(self._seen))
