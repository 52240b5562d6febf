"""Counts over a sliding window, in slices: cheap, bounded, and never too low (pure)."""

from __future__ import annotations

from collections import deque

__all__ = ["RollingCount"]


class RollingCount:
    """Counts what happened in the last ``window_ns``; what leaves the window does so up to one slice late, never early.

    Times are monotonic nanoseconds. One thread.
    """

    __slots__ = ("_slices", "_total", "_width", "_window")

    def __init__(self, window_ns: int, slices: int = 20) -> None:
        self._window = window_ns
        self._width = max(window_ns // slices, 1)
        self._slices: deque[list[int]] = deque()
        self._total = 0

    def add(self, now_ns: int, count: int = 1) -> None:
        """Count ``count`` more."""
        index = now_ns // self._width
        if self._slices and self._slices[-1][0] >= index:
            self._slices[-1][1] += count
        else:
            self._drop(now_ns)
            self._slices.append([index, count])
        self._total += count

    def total(self, now_ns: int) -> int:
        """Return what the window holds."""
        if self._slices and self._slices[0][0] < (now_ns - self._window) // self._width:
            self._drop(now_ns)
        return self._total

    def wait_ns(self, now_ns: int, at_most: int) -> int:
        """Return how long until the window holds ``at_most`` or less, if nothing is added."""
        left = self.total(now_ns)
        if left <= at_most:
            return 0
        for index, count in self._slices:
            left -= count
            if left <= at_most:
                return (index + 1) * self._width + self._window - now_ns
        raise ValueError(f"no window holds {at_most} or less")

    def _drop(self, now_ns: int) -> None:
        oldest = (now_ns - self._window) // self._width
        while self._slices and self._slices[0][0] < oldest:
            self._total -= self._slices.popleft()[1]
