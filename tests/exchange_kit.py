"""An exchange with one spot, one margin and one stock listing, and short ways to act on it."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from autotrader.model import Instrument, InstrumentKind, Order, OrderType, Side, TimeInForce
from autotrader.simulator.books import FeeAsset, Listing
from autotrader.simulator.events import Event
from autotrader.simulator.exchange import Exchange

D = Decimal
BTC = Instrument("paper", "BTCUSDT", D("0.01"), D("0.001"), "USDT", "BTC", min_notional=D(5))
FX = Instrument("paper", "EUR_USD", D("0.0001"), D(1), "USD", kind=InstrumentKind.FX, allows_short=True)
STOCK = Instrument("paper", "AAPL", D("0.01"), D(1), "USD", kind=InstrumentKind.STOCK)
SECOND = 1_000_000_000
_ids = count(1)


def make_exchange(fee_asset: FeeAsset = FeeAsset.QUOTE, **options: Any) -> Exchange:
    fees = {"maker_fee": D("0.0002"), "taker_fee": D("0.0005")}
    listings = [Listing(BTC, **fees, fee_asset=fee_asset), Listing(FX, **fees), Listing(STOCK, **fees)]
    exchange = Exchange(listings, venue="paper", rng=Random(1), **options)
    exchange.open_account("me", {"USDT": D(100_000), "BTC": D(10), "USD": D(10_000)})
    exchange.open_account("them")
    return exchange


def order(side: str, quantity: str, price: str | None = None, *, kind: str | None = None, symbol: str = "BTCUSDT",
          account: str = "me", tif: str = "GTC", **more: Any) -> Order:  # fmt: skip
    decimals = {key: D(value) if isinstance(value, str) and key != "client_order_id" else value for key, value in more.items()}
    return Order(
        decimals.pop("client_order_id", None) or f"c{next(_ids)}", "paper", account, symbol, Side(side),
        OrderType(kind or ("MARKET" if price is None else "LIMIT")), D(quantity), TimeInForce(tif),
        None if price is None else D(price), **decimals,
    )  # fmt: skip


def quote(exchange: Exchange, bid: str, ask: str, bid_size: str = "1", ask_size: str = "1", *, symbol: str = "BTCUSDT",
          now_ns: int = 0) -> list[Event]:  # fmt: skip
    return exchange.on_quote(symbol, D(bid), D(ask), D(bid_size), D(ask_size), now_ns)


def told(events: list[Event]) -> list[str]:
    """Return the names of what happened."""
    return [type(event).__name__ for event in events]


def fills(events: list[Event]) -> list[tuple[str, str, str]]:
    """Return (price, quantity, liquidity) of the trades."""
    return [
        (f"{event.fill.price:f}", f"{event.fill.quantity.normalize():f}", str(event.fill.liquidity))
        for event in events if hasattr(event, "fill")
    ]  # fmt: skip
