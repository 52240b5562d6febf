"""The simulated TWS as the server takes it: its venue, its socket, and what the ready file tells of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from autotrader.simulator.ibkr.account import AccountPushes
from autotrader.simulator.ibkr.connectivity import Connectivity
from autotrader.simulator.ibkr.contracts import TRADED
from autotrader.simulator.ibkr.day import TradingDay
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.families import Families
from autotrader.simulator.ibkr.hub import Hub
from autotrader.simulator.ibkr.pacing import Pace
from autotrader.simulator.ibkr.quotes import QuotePushes
from autotrader.simulator.ibkr.service import Service
from autotrader.simulator.ibkr.session import TwsSession
from autotrader.simulator.ibkr.telling import Teller
from autotrader.simulator.ibkr.terms import TwsTerms, read_terms
from autotrader.simulator.ibkr.venue import tws_venue
from autotrader.simulator.options import SimOptions

__all__ = ["TwsApp", "make_venue"]


class TwsApp:
    """One venue and all that speaks for it; one thread (the loop's)."""

    def __init__(
        self, options: SimOptions, terms: TwsTerms | None = None, clock: Callable[[], int] = time.time_ns
    ) -> None:  # fmt: skip
        self.terms = terms or TwsTerms()
        self.venue = tws_venue(options, clock)
        self.hub = Hub()
        self.desk = Desk(self.venue, self.terms, self.hub)
        self.teller = Teller(self.desk)
        self.teller.on_traded.append(AccountPushes(self.desk).on_traded)
        self._service = Service(self.desk, QuotePushes(self.desk))
        self.venue.on_link.append(self._on_link)
        self._session = self.venue.session
        self._parts = Connectivity(self.desk), Families(self.desk), TradingDay(self.desk)

    def _on_link(self, _up: bool) -> None:
        """Lose what a restart loses that does not keep the session: order ids that were used in vain among it."""
        if self._session != self.venue.session:
            self._session = self.venue.session
            self.desk.forget_session()

    def routes(self, app: web.Application) -> None:
        """Add no paths: this venue does not speak HTTP."""

    def protocol(self) -> asyncio.BaseProtocol:
        """Return a client's connection."""
        return TwsSession(self.venue, self.hub, self.terms.version, Pace(self.terms.messages_per_s), self._service.handle)

    def connections(self) -> Iterable[asyncio.BaseTransport]:
        """Return the connections that are open."""
        return [session.transport for session in self.hub.connected if session.transport is not None]

    def ready(self, host: str, port: int) -> dict[str, Any]:
        """Return the account and the symbols; host and port are the ready file's own."""
        return {"credentials": {"account": self.venue.account}, "symbols": list(TRADED)}


def make_venue(options: SimOptions) -> TwsApp:
    """Return the simulated venue. Raises ConfigError and LedgerError."""
    return TwsApp(options, read_terms(options.limits))
