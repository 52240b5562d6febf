"""What state a venue is in beside its books: up or down, in maintenance, halted, its clock off, callers banned. Pure."""

from __future__ import annotations

from autotrader.simulator.fault_script import Effects, Restart

__all__ = ["Conditions"]

NS = 1_000_000_000


class Conditions:
    """The state at a time; times are machine UTC in nanoseconds. ``session`` rises when a restart loses the sessions.

    ``turns_away``: requests may have to be turned away, so that somebody should look why; False saves the look.
    """

    def __init__(self) -> None:
        self.session = 1
        self.skew_ns = 0
        self.is_up = True
        self.turns_away = False
        self._down_until_ns = self._maintained_until_ns = self._halted_until_ns = self._banned_until_ns = 0

    def strike(self, effects: Effects, now_ns: int) -> None:
        """Take in what a venue rule does, apart from a restart."""
        if effects.clock_skew_s is not None:
            self.skew_ns = round(effects.clock_skew_s * NS)
        if effects.maintenance_s is not None:
            self.turns_away = True
            self._maintained_until_ns = max(self._maintained_until_ns, _after(now_ns, effects.maintenance_s))
        if effects.market_halt_s is not None:
            self._halted_until_ns = max(self._halted_until_ns, _after(now_ns, effects.market_halt_s))

    def go_down(self, restart: Restart, now_ns: int) -> None:
        """Begin a restart."""
        self.is_up, self.turns_away = False, True
        self._down_until_ns = max(self._down_until_ns, _after(now_ns, restart.down_s))
        if not restart.keep_session:
            self.session += 1

    def may_come_up(self, now_ns: int) -> bool:
        """Say whether a restart is over that has not been ended."""
        return not self.is_up and now_ns >= self._down_until_ns

    def ban(self, seconds: float, now_ns: int) -> None:
        """Refuse all requests for so long."""
        self.turns_away = True
        self._banned_until_ns = max(self._banned_until_ns, _after(now_ns, seconds))

    def ban_left_s(self, now_ns: int) -> float:
        """Return for how long requests are still refused, 0 when they are not."""
        return max(self._banned_until_ns - now_ns, 0) / NS

    def is_halted(self, now_ns: int) -> bool:
        """Say whether nothing trades."""
        return now_ns < self._halted_until_ns

    def is_maintained(self, now_ns: int) -> bool:
        """Say whether requests are turned away because of maintenance."""
        return now_ns < self._maintained_until_ns

    def calm(self) -> None:
        """End all that the running script has brought, but for a restart under way."""
        self.skew_ns = self._maintained_until_ns = self._halted_until_ns = self._banned_until_ns = 0


def _after(now_ns: int, seconds: float) -> int:
    return now_ns + round(seconds * NS)
