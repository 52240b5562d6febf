"""Events of the market streams (binance.md section 6; DOCS web-socket-streams.md). Pure; ``unit``: ns of a time unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from autotrader.simulator.binance.market import agg_row
from autotrader.simulator.binance.tape import INTERVALS, Bar, SeenTrade
from autotrader.simulator.binance.timing import MILLI
from autotrader.simulator.binance.values import text8

__all__ = [
    "agg_event", "average_event", "book_event", "depth_event", "kline_event", "mini_event", "ticker_event", "trade_event",
    "window_event",
]  # fmt: skip


def trade_event(symbol: str, trade: SeenTrade, now_ns: int, unit: int) -> dict[str, Any]:
    """Return ``@trade``."""
    return {
        "e": "trade", "E": now_ns // unit, "s": symbol, "t": trade.trade_id, "p": text8(trade.price),
        "q": text8(trade.quantity), "T": trade.ts_ns // unit, "m": trade.buyer_made, "M": True,
    }  # fmt: skip


def agg_event(symbol: str, trade: SeenTrade, now_ns: int, unit: int) -> dict[str, Any]:
    """Return ``@aggTrade``."""
    return {"e": "aggTrade", "E": now_ns // unit, "s": symbol, **agg_row(trade, unit)}


def book_event(symbol: str, update: int, top: tuple[str, str, str, str]) -> dict[str, Any]:
    """Return ``@bookTicker``: no event type and no time."""
    bid, bid_size, ask, ask_size = top
    return {"u": update, "s": symbol, "b": bid, "B": bid_size, "a": ask, "A": ask_size}


def kline_event(symbol: str, interval: str, bar: Bar, now_ns: int, unit: int, *, final: bool) -> dict[str, Any]:
    """Return ``@kline_``."""
    start, scale = bar.start_ms, MILLI // unit
    return {
        "e": "kline", "E": now_ns // unit, "s": symbol,
        "k": {
            "t": start * scale, "T": (start + INTERVALS[interval]) * scale - 1, "s": symbol, "i": interval, "f": bar.first_id,
            "L": bar.last_id, "o": text8(bar.open), "c": text8(bar.close), "h": text8(bar.high), "l": text8(bar.low),
            "v": text8(bar.volume), "n": bar.count, "x": final, "q": text8(bar.worth), "V": text8(bar.taken),
            "Q": text8(bar.taken_worth), "B": "0",
        },
    }  # fmt: skip


Side = dict[Decimal, Decimal]


def depth_event(
    symbol: str, first: int, last: int, before: tuple[Side, Side], after: tuple[Side, Side], now_ns: int, unit: int
) -> dict[str, Any]:
    """Return ``@depth``: the levels that changed between two looks, gone ones with quantity zero."""
    bids, asks = (_changes(old, new) for old, new in zip(before, after, strict=True))
    return {"e": "depthUpdate", "E": now_ns // unit, "s": symbol, "U": first, "u": last, "b": bids, "a": asks}


def _changes(old: Side, new: Side) -> list[list[str]]:
    changed = [[text8(price), text8(size)] for price, size in new.items() if old.get(price) != size]
    return changed + [[text8(price), "0.00000000"] for price in old if price not in new]


def mini_event(row: dict[str, Any], now_ns: int, unit: int) -> dict[str, Any]:
    """Return ``@miniTicker`` of a row of the 24-hour statistics."""
    return {
        "e": "24hrMiniTicker", "E": now_ns // unit, "s": row["symbol"], "c": row["lastPrice"], "o": row["openPrice"],
        "h": row["highPrice"], "l": row["lowPrice"], "v": row["volume"], "q": row["quoteVolume"],
    }  # fmt: skip


def ticker_event(row: dict[str, Any], now_ns: int, unit: int) -> dict[str, Any]:
    """Return ``@ticker`` of a row of the 24-hour statistics."""
    return {
        "e": "24hrTicker", "E": now_ns // unit, "s": row["symbol"], "p": row["priceChange"], "P": row["priceChangePercent"],
        "w": row["weightedAvgPrice"], "x": row["prevClosePrice"], "c": row["lastPrice"], "Q": row["lastQty"],
        "b": row["bidPrice"], "B": row["bidQty"], "a": row["askPrice"], "A": row["askQty"], "o": row["openPrice"],
        "h": row["highPrice"], "l": row["lowPrice"], "v": row["volume"], "q": row["quoteVolume"], "O": row["openTime"],
        "C": row["closeTime"], "F": row["firstId"], "L": row["lastId"], "n": row["count"],
    }  # fmt: skip


def window_event(row: dict[str, Any], window: str, now_ns: int, unit: int) -> dict[str, Any]:
    """Return ``@ticker_1h`` and its like of a row of a rolling window's statistics."""
    return {
        "e": f"{window}Ticker", "E": now_ns // unit, "s": row["symbol"], "p": row["priceChange"],
        "P": row["priceChangePercent"], "o": row["openPrice"], "h": row["highPrice"], "l": row["lowPrice"],
        "c": row["lastPrice"], "w": row["weightedAvgPrice"], "v": row["volume"], "q": row["quoteVolume"],
        "O": row["openTime"], "C": row["closeTime"], "F": row["firstId"], "L": row["lastId"], "n": row["count"],
    }  # fmt: skip


def average_event(symbol: str, price: Decimal, traded_ns: int, now_ns: int, unit: int) -> dict[str, Any]:
    """Return ``@avgPrice``."""
    return {"e": "avgPrice", "E": now_ns // unit, "s": symbol, "i": "5m", "w": text8(price), "T": traded_ns // unit}
