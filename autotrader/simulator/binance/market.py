"""Market data that anybody may ask for (binance.md sections 1, 6 and 9). Each answers one request, or raises ApiError."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from autotrader.model import ZERO
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.errors import ApiError, malformed
from autotrader.simulator.binance.orders import symbol_terms
from autotrader.simulator.binance.reads import span
from autotrader.simulator.binance.symbols import SYMBOLS, SymbolTerms, symbol_info
from autotrader.simulator.binance.tape import INTERVALS, Bar, SeenTrade
from autotrader.simulator.binance.timing import MILLI
from autotrader.simulator.binance.values import bounded, choice, flag, read_int, text8

__all__ = [
    "agg_row", "agg_trades", "average_price", "block_trades", "book_ticker", "book_tickers", "clock", "depth", "depth_weight",
    "each_symbol", "exchange_info", "execution_rules", "klines", "listed", "ping", "price_tickers", "reference_price",
    "rows_of", "trades", "zone_ms",
]  # fmt: skip

_LISTED: Final = msgspec.json.Decoder(list[str])
Levels = list[tuple[Decimal, Decimal]]


def ping(_: Ask) -> dict[str, Any]:
    """Answer nothing."""
    return {}


def clock(ask: Ask) -> dict[str, Any]:
    """Return the venue's time."""
    desk, unit = ask.desk, ask.unit
    return {"serverTime": desk.venue.now_ns() // unit}


def exchange_info(ask: Ask) -> dict[str, Any]:
    """Return rules and limits, of some symbols or of all."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    if "symbol" in params and "symbols" in params:
        raise ApiError(-1128)
    chosen = listed(params) or list(SYMBOLS.values())
    if "permissions" in params and "SPOT" not in params["permissions"]:
        chosen = []
    sets = flag(params, "showPermissionSets", default=True)
    rows = [symbol_info(terms, status=_status(desk, terms), permissions=sets) for terms in chosen]
    status = choice(params, "symbolStatus", ("TRADING", "HALT", "BREAK"))
    return {
        "timezone": "UTC", "serverTime": desk.venue.now_ns() // unit,
        "rateLimits": [rate.told() for rate in desk.limits.rates],
        "exchangeFilters": [
            {"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 1000},
            {"filterType": "EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 200},
        ],
        "symbols": [row for row in rows if status is None or row["status"] == status],
    }  # fmt: skip


def _status(desk: Desk, terms: SymbolTerms) -> str:
    return "HALT" if desk.venue.exchange.books[terms.symbol].halted else "TRADING"


def listed(params: dict[str, str]) -> list[SymbolTerms] | None:
    """Return the symbols that ``symbol`` or ``symbols`` names, None when neither is there. Raises ApiError."""
    if "symbol" in params:
        return [symbol_terms(params)]
    if "symbols" not in params:
        return None
    try:
        names = _LISTED.decode(params["symbols"])
    except msgspec.DecodeError:
        pattern = "^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$"
        raise ApiError(-1100, f"Illegal characters found in parameter 'symbols'; legal range is '{pattern}'.") from None
    if len(set(names)) != len(names):
        raise ApiError(-1151)
    return [symbol_terms({"symbol": name}) for name in names]


# ------------------------------------------------------------ the book


def depth(ask: Ask) -> dict[str, Any]:
    """Return the book of a symbol."""
    desk, params = ask.desk, ask.params
    symbol, most = symbol_terms(params).symbol, bounded(params, "limit", 100, 5_000)
    bids, asks = desk.levels(symbol, most)
    return {"lastUpdateId": desk.updates[symbol], "bids": rows_of(bids), "asks": rows_of(asks)}


def depth_weight(params: dict[str, str]) -> int:
    """Return what a look at the book costs."""
    text = params.get("limit", "100")
    limit = int(text) if text.isdigit() else 100
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def rows_of(levels: Levels) -> list[list[str]]:
    """Return levels as the wire shows them."""
    return [[text8(price), text8(size)] for price, size in levels]


def book_ticker(desk: Desk, symbol: str) -> tuple[str, str, str, str]:
    """Return bid, its size, ask, its size; zeros where there is none."""
    bids, asks = desk.levels(symbol, 1)
    (bid, bid_size), (ask, ask_size) = (bids or [(ZERO, ZERO)])[0], (asks or [(ZERO, ZERO)])[0]
    return text8(bid), text8(bid_size), text8(ask), text8(ask_size)


def book_tickers(ask: Ask) -> Any:
    """Return the best bid and ask of a symbol, of several, or of all."""
    desk, params = ask.desk, ask.params
    return each_symbol(params, lambda terms: _book_row(desk, terms.symbol))


def _book_row(desk: Desk, symbol: str) -> dict[str, Any]:
    bid, bid_size, ask, ask_size = book_ticker(desk, symbol)
    return {"symbol": symbol, "bidPrice": bid, "bidQty": bid_size, "askPrice": ask, "askQty": ask_size}


def each_symbol(params: dict[str, str], row: Any) -> Any:
    """Return one row for ``symbol``, else a list."""
    chosen = listed(params)
    rows = [row(terms) for terms in (list(SYMBOLS.values()) if chosen is None else chosen)]
    return rows[0] if "symbol" in params else rows


# ------------------------------------------------------------ trades and prices


def price_tickers(ask: Ask) -> Any:
    """Return the last price of a symbol, of several, or of all."""
    desk, params = ask.desk, ask.params
    return each_symbol(params, lambda terms: {"symbol": terms.symbol, "price": text8(desk.tapes[terms.symbol].last)})


def average_price(ask: Ask) -> dict[str, Any]:
    """Return the average price of the last five minutes."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    tape, now_ns = desk.tapes[symbol_terms(params).symbol], desk.venue.now_ns()
    closed_ns = tape.trades[-1].ts_ns if tape.trades else now_ns
    return {"mins": 5, "price": text8(tape.average(now_ns // MILLI)), "closeTime": closed_ns // unit}


def trades(ask: Ask) -> list[dict[str, Any]]:
    """Return the newest trades of a symbol, or those from an id on."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    tape, limit = desk.tapes[symbol_terms(params).symbol], bounded(params, "limit", 500, 1_000)
    first = read_int(params, "fromId")
    found = list(tape.trades)[-limit:] if first is None else list(tape.since(first))[:limit]
    return [
        {
            "id": one.trade_id, "price": text8(one.price), "qty": text8(one.quantity),
            "quoteQty": text8(one.price * one.quantity), "time": one.ts_ns // unit, "isBuyerMaker": one.buyer_made,
            "isBestMatch": True,
        }
        for one in found
    ]  # fmt: skip


def agg_trades(ask: Ask) -> list[dict[str, Any]]:
    """Return aggregated trades: here each is of one trade."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    tape, limit = desk.tapes[symbol_terms(params).symbol], bounded(params, "limit", 500, 1_000)
    first, (since_ns, until_ns) = read_int(params, "fromId"), span(params, None)
    found = [
        one for one in tape.trades
        if (first is None or one.number >= first)
        and (since_ns is None or one.ts_ns >= since_ns) and (until_ns is None or one.ts_ns < until_ns)
    ]  # fmt: skip
    from_start = first is not None or since_ns is not None
    return [agg_row(one, unit) for one in (found[:limit] if from_start else found[-limit:])]


def agg_row(trade: SeenTrade, unit: int) -> dict[str, Any]:
    """Return an aggregated trade."""
    return {
        "a": trade.number, "p": text8(trade.price), "q": text8(trade.quantity), "f": trade.trade_id, "l": trade.trade_id,
        "T": trade.ts_ns // unit, "m": trade.buyer_made, "M": True,
    }  # fmt: skip


def zone_ms(text: str) -> int:
    """Return the milliseconds that a time zone such as ``0``, ``-1:00``, ``+08:00`` or ``05:45`` is ahead. Raises ApiError."""
    hours, _, minutes = text.lstrip("+-").partition(":")
    if not (hours.isdigit() and (minutes.isdigit() or not minutes) and text.isascii()) or int(minutes or 0) > 59:
        raise malformed("timeZone")
    ahead_ms = (int(hours) * 60 + int(minutes or 0)) * 60_000 * (-1 if text.startswith("-") else 1)
    if not -12 * 3_600_000 <= ahead_ms <= 14 * 3_600_000:
        raise malformed("timeZone")
    return ahead_ms


def klines(ask: Ask) -> list[list[Any]]:
    """Return bars of a symbol since the venue began; weeks begin on Mondays, days at midnight UTC or of ``timeZone``."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    terms, interval = symbol_terms(params), params.get("interval")
    if not interval:
        raise malformed("interval")
    if interval not in INTERVALS:
        raise ApiError(-1120)
    limit, (since_ns, until_ns) = bounded(params, "limit", 500, 1_000), span(params, None)
    ahead_ms = zone_ms(params.get("timeZone", "0"))
    found = [
        bar for bar in desk.tapes[terms.symbol].bars(interval, desk.venue.now_ns() // MILLI, ahead_ms)
        if (since_ns is None or bar.start_ms * MILLI >= since_ns) and (until_ns is None or bar.start_ms * MILLI < until_ns)
    ]  # fmt: skip
    chosen = found[:limit] if since_ns is not None else found[-limit:]
    return [_kline(bar, INTERVALS[interval], MILLI // unit) for bar in chosen]


def _kline(bar: Bar, length_ms: int, scale: int) -> list[Any]:
    start = bar.start_ms * scale
    return [
        start, text8(bar.open), text8(bar.high), text8(bar.low), text8(bar.close), text8(bar.volume),
        start + length_ms * scale - 1, text8(bar.worth), bar.count, text8(bar.taken), text8(bar.taken_worth), "0",
    ]  # fmt: skip


# ------------------------------------------------------------ what is not here, and says so


def block_trades(ask: Ask) -> list[dict[str, Any]]:
    """Return block trades, of which there are none: GET historicalBlockTrades."""
    symbol_terms(ask.params)
    return []


def execution_rules(ask: Ask) -> dict[str, Any]:
    """Return the rules that bound prices of executions; no symbol has one: GET executionRules."""
    listed(ask.params)
    return {"symbolRules": []}


def reference_price(ask: Ask) -> dict[str, Any]:
    """Say that no symbol has a reference price: GET referencePrice and referencePrice/calculation. Raises ApiError -2043."""
    symbol_terms(ask.params)
    raise ApiError(-2043)
