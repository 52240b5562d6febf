"""The simulated Binance as the server takes it: its venue, its paths, and what the ready file tells of it."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from autotrader.simulator.binance.channels import Channels
from autotrader.simulator.binance.credentials import Credentials
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.limits import Limits, LimitTerms
from autotrader.simulator.binance.option_limits import read_limits
from autotrader.simulator.binance.rest import RestApi
from autotrader.simulator.binance.socket import SocketTerms
from autotrader.simulator.binance.streams import Streams
from autotrader.simulator.binance.symbols import FEE_RATE, FEE_STEP, SYMBOLS, instrument_of, opening
from autotrader.simulator.binance.telling import Teller
from autotrader.simulator.binance.user import UserHub
from autotrader.simulator.binance.wsapi import WsApi
from autotrader.simulator.books import FeeAsset, Listing
from autotrader.simulator.options import SimOptions
from autotrader.simulator.ready import bracketed, reachable
from autotrader.simulator.world import SimVenue

__all__ = ["BinanceApp", "make_venue"]


class BinanceApp:
    """One venue and all that speaks for it; one thread (the loop's). ``limits`` are the limits in force."""

    def __init__(self, options: SimOptions, limits: LimitTerms | None = None, sockets: SocketTerms | None = None) -> None:
        listings = [
            Listing(instrument_of(terms, "binance"), FEE_RATE, FEE_RATE, FeeAsset.RECEIVED, fee_step=FEE_STEP)
            for terms in SYMBOLS.values()
        ]
        self.venue = SimVenue(
            "binance", listings, seed=options.seed, per_symbol_ids=True, ledger=options.ledger, opening=opening()
        )
        self.credentials = Credentials(options.seed)
        self.desk = Desk(self.venue, Limits(limits or LimitTerms()))
        self.teller = Teller(self.desk)
        sockets = sockets or SocketTerms()
        self.hub, self.channels = UserHub(), Channels(self.desk)
        self.teller.listeners += [self.hub.tell, self.channels.on_orders]
        keys = self.credentials.keys
        self._parts = (
            RestApi(self.desk, keys), WsApi(self.desk, keys, self.hub, sockets),
            Streams(self.desk, self.channels, msgspec.structs.replace(sockets, messages_per_s=sockets.messages_per_s or 5)),
        )  # fmt: skip
        self.venue.on_tick.append(lambda _: self.channels.tick())

    def routes(self, app: web.Application) -> None:
        """Add the paths of REST, WebSocket API and streams."""
        for part in self._parts:
            part.routes(app)

    def ready(self, host: str, port: int) -> dict[str, Any]:
        """Return the addresses, keys and symbols."""
        place = f"{bracketed(reachable(host))}:{port}"
        return {
            "rest": f"http://{place}", "ws": f"ws://{place}/ws-api/v3", "stream": f"ws://{place}",
            "credentials": self.credentials.told, "symbols": list(SYMBOLS),
        }  # fmt: skip


def make_venue(options: SimOptions) -> BinanceApp:
    """Return the simulated venue. Raises ConfigError and LedgerError."""
    limits, sockets = read_limits(options.limits)
    return BinanceApp(options, limits, sockets)
