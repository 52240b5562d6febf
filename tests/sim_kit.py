"""A simulated venue with a clock that stands, and short ways to act on it."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from autotrader.model import Instrument, Order, OrderType, Quote, Side, TimeInForce
from autotrader.simulator.books import FeeAsset, Listing
from autotrader.simulator.events import MarketEvent
from autotrader.simulator.fault_script import Effects, read_faults
from autotrader.simulator.world import SimVenue

D = Decimal
SECOND = 1_000_000_000
START_NS = 1_700_000_000 * SECOND
BTC = Instrument("sim", "BTCUSDT", D("0.01"), D("0.00001"), "USDT", "BTC")
ETH = Instrument("sim", "ETHUSDT", D("0.01"), D("0.0001"), "USDT", "ETH")
_ids = count(1)


class Clock:
    """UTC that moves when it is told to."""

    def __init__(self) -> None:
        self.ns = START_NS

    def __call__(self) -> int:
        return self.ns

    def pass_s(self, seconds: float) -> None:
        self.ns += round(seconds * SECOND)


def make_venue(**options: Any) -> tuple[SimVenue, Clock, list[MarketEvent]]:
    """Return a venue of two coins with a market at 100 by 101, its clock, and the events it has told."""
    clock = Clock()
    fees = {"maker_fee": D("0.001"), "taker_fee": D("0.001"), "fee_asset": FeeAsset.RECEIVED}
    options.setdefault("per_symbol_ids", True)
    venue = SimVenue("sim", [Listing(BTC, **fees), Listing(ETH, **fees)], clock=clock, **options)
    told: list[MarketEvent] = []
    venue.on_events.append(told.extend)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        move(venue, "100", "101", symbol=symbol)
    return venue, clock, told


def move(venue: SimVenue, bid: str, ask: str, size: str = "50", *, symbol: str = "BTCUSDT") -> None:
    venue.show_quote(Quote("sim", symbol, D(bid), D(ask), D(size), D(size), venue.now_ns()))


def order(side: str, quantity: str, price: str | None = None, *, symbol: str = "BTCUSDT", client_id: str = "",
          tif: str = "GTC", **more: Any) -> Order:  # fmt: skip
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return Order(
        client_id or f"c{next(_ids)}", "sim", "SIM", symbol, Side(side), kind, D(quantity), TimeInForce(tif),
        None if price is None else D(price), **more,
    )  # fmt: skip


def effects(on: str, *do: dict[str, Any]) -> Effects:
    """Return effects as a script's rule of this kind has them."""
    trigger = {"at_s": 0} if on == "venue" else {"nth": 1}
    return read_faults({"rules": [{"on": on, **trigger, "do": list(do)}]}).rules[0].do


def names(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]
