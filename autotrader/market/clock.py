"""The engine's clock in a replay: it stands where the tape is."""

from __future__ import annotations

from autotrader.clock import ManualClock

__all__ = ["TapeClock"]


class TapeClock(ManualClock):
    """Moved by the feed alone; read by everybody. Begins at the tape's first time."""

    __slots__ = ()

    def reach(self, now_ns: int) -> None:
        """Move on to this time; a time that is past already changes nothing."""
        if now_ns > self.now_ns():
            self.set_ns(now_ns)
