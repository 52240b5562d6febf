"""Own trades since a time, or of one order, and the client ids of the orders behind them (binance.md 1 and 10.3). Pure.

The venue lists the newest thousand of a symbol in one call, which is nearly always enough. Where it is not, days are asked for
one by one until the first trade shows, and from there by trade id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec import (
    CodecSettings,
    all_orders_call,
    decode_order_facts,
    decode_orders_facts,
    decode_trades,
    order_number,
    query_call,
    trades_call,
)
from autotrader.execution.adapters.binance.errands import Errand, ErrandFailed, body_of
from autotrader.messages import QueryOrder
from autotrader.model import Fill

__all__ = ["name_trades", "read_order_trades", "read_trades"]

MS: Final = 1_000_000
DAY_MS: Final = 86_400_000
PAGE: Final = 1_000
MOST_DAYS: Final = 31
MOST_PAGES: Final = 100
FEW: Final = 5
MOST_ASKED: Final = 50
Names = Callable[[str, int], str | None]


def read_trades(symbol: str, since_ns: int, now_ns: int, codec: CodecSettings) -> Errand[tuple[Fill, ...]]:
    """Return a symbol's trades from ``since_ns`` on, oldest first; both times by the venue's clock.

    Raises ErrandFailed when that is too long ago to be asked for: more than a month with over a thousand trades since.
    """
    newest = decode_trades(body_of((yield trades_call(symbol, limit=PAGE))), codec)
    if len(newest) < PAGE or newest[0].ts_ns < since_ns:
        return tuple(fill for fill in newest if fill.ts_ns >= since_ns)
    found = yield from _first_page(symbol, since_ns // MS, now_ns // MS, codec)
    for _ in range(MOST_PAGES):
        if not found or int(found[-1].trade_id) >= int(newest[0].trade_id):
            return _joined(found, newest)
        page = decode_trades(body_of((yield trades_call(symbol, from_id=int(found[-1].trade_id) + 1, limit=PAGE))), codec)
        if not page:
            return _joined(found, newest)
        found += page
    raise ErrandFailed("TOO_MANY_TRADES", f"{symbol}: more than {MOST_PAGES * PAGE} trades since the books last agreed")


def _first_page(symbol: str, start_ms: int, now_ms: int, codec: CodecSettings) -> Errand[tuple[Fill, ...]]:
    if now_ms - start_ms > MOST_DAYS * DAY_MS:
        raise ErrandFailed("TOO_LONG_AGO", f"{symbol}: trades of more than {MOST_DAYS} days are not asked for")
    while start_ms <= now_ms:
        call = trades_call(symbol, start_ms=start_ms, end_ms=start_ms + DAY_MS, limit=PAGE)
        page = decode_trades(body_of((yield call)), codec)
        if page:
            return page
        start_ms += DAY_MS
    return ()


def _joined(older: Iterable[Fill], newer: Iterable[Fill]) -> tuple[Fill, ...]:
    return tuple({fill.trade_id: fill for fill in (*older, *newer)}.values())


def read_order_trades(
    symbol: str, number: int, wire_id: str, codec: CodecSettings, most: int = MOST_PAGES
) -> Errand[tuple[Fill, ...]]:
    """Return all trades of one order."""
    found: tuple[Fill, ...] = ()
    for _ in range(most):
        from_id = int(found[-1].trade_id) + 1 if found else None
        call = trades_call(symbol, order=str(number), from_id=from_id, limit=PAGE)
        page = decode_trades(body_of((yield call)), codec, {number: wire_id})
        found += page
        if len(page) < PAGE:
            return found
    raise ErrandFailed("TOO_MANY_TRADES", f"order {number} of {symbol} has more than {most * PAGE} trades")


def name_trades(
    symbol: str, fills: tuple[Fill, ...], names: Names, codec: CodecSettings
) -> Errand[tuple[Fill, ...]]:
    """Put the client ids on trades, which the venue lists by its own order ids alone; a few unknown ones are asked for.

    What cannot be found stays without one: the order manager then goes by the venue's id.
    """
    numbers = {order_number(fill.venue_order_id or "0") for fill in fills}
    known = {number: name for number in numbers if (name := names(symbol, number)) is not None}
    unknown = sorted(numbers - known.keys())
    if len(unknown) > FEW:
        known |= yield from _by_list(symbol, unknown, codec)
    for number in sorted(numbers - known.keys())[:MOST_ASKED]:
        known |= yield from _by_id(symbol, number, codec)
    return tuple(_named(fill, known) for fill in fills)


def _by_list(symbol: str, unknown: list[int], codec: CodecSettings) -> Errand[dict[int, str]]:
    """List orders from the oldest unknown one on, as far as the newest."""
    found: dict[int, str] = {}
    start = unknown[0]
    for _ in range(MOST_PAGES // 10):
        rows = decode_orders_facts(body_of((yield all_orders_call(symbol, start))), codec)
        found |= {facts.order_id: facts.client_order_id for facts in rows}
        if len(rows) < PAGE or rows[-1].order_id >= unknown[-1]:
            break
        start = rows[-1].order_id + 1
    return {number: found[number] for number in unknown if number in found}


def _by_id(symbol: str, number: int, codec: CodecSettings) -> Errand[dict[int, str]]:
    reply = yield query_call(QueryOrder("", str(number), symbol, 0))
    if reply.outcome.ok and reply.outcome.error_class is not None:
        return {}
    return {number: decode_order_facts(body_of(reply), codec).client_order_id}


def _named(fill: Fill, names: Mapping[int, str]) -> Fill:
    name = names.get(order_number(fill.venue_order_id or "0"), "")
    return msgspec.structs.replace(fill, client_order_id=name) if name else fill
