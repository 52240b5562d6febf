"""Time as a value that is passed in: the engine's time, which a replay drives, and the machine's."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """Gives the time in nanoseconds; safe from any thread."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch, UTC."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go back; only differences mean something."""


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()
    now_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.monotonic_ns)


class ManualClock:
    """A clock that stands until it is moved: for tests, and for replays, where the tape moves it."""

    __slots__ = ("_now",)

    def __init__(self, now_ns: int = 1_700_000_000_000_000_000) -> None:
        self._now = now_ns

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch, as last set."""
        return self._now

    monotonic_ns = now_ns

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``, which must not be negative."""
        self.set_ns(self._now + round(seconds * 1_000_000_000))

    def set_ns(self, now_ns: int) -> None:
        """Set the time; going back is an error, since durations would turn negative."""
        if now_ns < self._now:
            raise ValueError(f"the clock would go back by {self._now - now_ns} ns")
        self._now = now_ns
