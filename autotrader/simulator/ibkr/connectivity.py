"""TWS loses and regains its own connection: 1100, then 1102 or 1101 (ibkr.md sections 9, 10). The loop's thread."""

from __future__ import annotations

from typing import Final

from autotrader.simulator.ibkr.answers import error
from autotrader.simulator.ibkr.desk import Desk

__all__ = ["FARMS", "Connectivity"]

NS: Final = 1_000_000_000
FARMS: Final = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
_LOST: Final = "Connectivity between IBKR and Trader Workstation has been lost."
_KEPT: Final = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
_GONE: Final = "Connectivity between IBKR and Trader Workstation has been restored - data lost."


class Connectivity:
    """Tells all clients of maintenance at the venue. A long one loses what they have subscribed to of the market."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lost_ns: int | None = None
        desk.venue.on_tick.append(self._tick)

    def _tick(self, now_ns: int) -> None:
        is_lost = self._desk.venue.is_maintained
        if is_lost and self._lost_ns is None:
            self._lost_ns = now_ns
            self._desk.hub.broadcast(error(-1, 1100, _LOST))
        elif not is_lost and self._lost_ns is not None:
            long = now_ns - self._lost_ns >= self._desk.terms.data_lost_s * NS
            self._lost_ns = None
            self._restored(long)

    def _restored(self, lost: bool) -> None:
        hub = self._desk.hub
        if lost:
            for session in hub.sessions.values():
                session.topics.tickers.clear()
        hub.broadcast(error(-1, 1101, _GONE) if lost else error(-1, 1102, _KEPT))
        for code, text in FARMS:
            hub.broadcast(error(-1, code, text))
