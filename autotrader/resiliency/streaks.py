"""Strategies that ask again and again for what the venue refuses for good (pure)."""

from __future__ import annotations

from collections import deque

__all__ = ["RejectStreaks"]

SECOND = 1_000_000_000


class RejectStreaks:
    """Advises to pause a strategy after ``limit`` identical definite rejects in ``window_s``. One thread.

    Identical is: the same strategy, venue, symbol and reason code. A different outcome for the strategy breaks the streak.
    """

    __slots__ = ("_limit", "_streaks", "_window_ns")

    def __init__(self, limit: int = 3, window_s: float = 10.0) -> None:
        self._limit, self._window_ns = limit, round(window_s * SECOND)
        self._streaks: dict[str, tuple[tuple[str, str, str], deque[int]]] = {}

    def rejected(self, strategy: str, venue: str, symbol: str, reason_code: str, now_ns: int) -> bool:
        """Note a reject; True: pause the strategy (the streak then begins anew)."""
        kind = (venue, symbol, reason_code)
        known, times = self._streaks.get(strategy, (kind, deque()))
        if known != kind:
            times = deque()
        times.append(now_ns)
        while times[0] <= now_ns - self._window_ns:
            times.popleft()
        self._streaks[strategy] = (kind, times)
        if len(times) < self._limit:
            return False
        del self._streaks[strategy]
        return True

    def accepted(self, strategy: str) -> None:
        """Note that the venue took an order of the strategy."""
        self._streaks.pop(strategy, None)
