"""The trading day: auctions at the open and the close, and, where hours bind, what may work when. The loop's thread."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from autotrader.simulator.events import BookOrder
from autotrader.simulator.ibkr.contracts import TRADED
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.hours import day_end_ns, is_open
from autotrader.simulator.ibkr.times import NEW_YORK
from autotrader.simulator.special import special_of

__all__ = ["TradingDay"]

NS: Final = 1_000_000_000
_AUCTIONS: Final = {"open": time(9, 30), "close": time(16, 0)}
_FRIDAY: Final = 4


class TradingDay:
    """Releases what waits for an auction, and moves orders in and out of the market with the hours."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._looked_ns = desk, desk.venue.machine_ns()
        self._extra_ns = self._looked_ns + round(desk.terms.close_s * NS) if desk.terms.close_s else None
        if desk.terms.hours:
            desk.venue.tws.is_shut = self._is_shut
            desk.venue.tws.day_end = _day_end
        desk.venue.on_tick.append(self._tick)

    def _is_shut(self, live: BookOrder, now_ns: int) -> bool:
        outside = "outside" in special_of(live.order).labels
        return not is_open(TRADED[live.order.symbol], now_ns, outside=outside)

    def _tick(self, now_ns: int) -> None:
        if now_ns // NS == self._looked_ns // NS:
            return
        if self._extra_ns is not None and now_ns >= self._extra_ns:
            self._extra_ns = None
            self._auction("open")
            self._auction("close")
        for name, at in _AUCTIONS.items():
            if _passes(self._looked_ns, now_ns, at):
                self._auction(name)
        self._looked_ns = now_ns
        if self._desk.terms.hours:
            self._move_in_and_out()

    def _auction(self, name: str) -> None:
        for live in self._desk.venue.orders(open_only=True):
            if special_of(live.order).labels.get("wait") == name:
                self._desk.venue.release(live)

    def _move_in_and_out(self) -> None:
        venue = self._desk.venue
        now_ns = venue.now_ns()
        for live in venue.orders(open_only=True):
            if live.resting and self._is_shut(live, now_ns):
                venue.tws.suspend(live)
            elif live.held and not venue.tws.waits(live, now_ns):
                venue.wake(live)


def _day_end(live: BookOrder) -> int:
    outside = "outside" in special_of(live.order).labels
    return day_end_ns(TRADED[live.order.symbol], live.created_ns, outside=outside)


def _passes(before_ns: int, now_ns: int, at: time) -> bool:
    """Say whether a time of a working day lies between two moments."""
    before, now = (datetime.fromtimestamp(moment // NS, NEW_YORK) for moment in (before_ns, now_ns))
    when = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return before < when <= now and now.weekday() <= _FRIDAY
