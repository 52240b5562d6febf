"""What the market did: single trades, and bars."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model.types import Side

__all__ = ["Bar", "MarketTrade"]


class MarketTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade of the market, by whomever; ``taker`` is the side that hit the book, ``ts_ns`` the venue's time."""

    venue: str
    symbol: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    taker: Side
    ts_ns: int


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One bar; it may still change unless ``is_final``. ``interval`` is the venue's word, times are the venue's."""

    venue: str
    symbol: str
    interval: str
    open_ns: int
    close_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    is_final: bool
