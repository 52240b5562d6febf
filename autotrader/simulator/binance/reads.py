"""What the account can ask about itself: orders, trades, balances, fees, limits, filters (binance.md section 1)."""

from __future__ import annotations

from typing import Any, Final

from autotrader.model import ZERO, Fill, OrderState
from autotrader.simulator.binance.answers import list_number, prevented_row, query_row, trade_row
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.orders import symbol_terms
from autotrader.simulator.binance.symbols import FEE_RATE, SYMBOLS
from autotrader.simulator.binance.timing import MICRO, MILLI
from autotrader.simulator.binance.values import bounded, flag, read_int, text8
from autotrader.simulator.events import BookOrder
from autotrader.simulator.numbering import key_of, shown_id

__all__ = [
    "account", "all_orders", "allocations", "amendments", "commission", "my_filters", "my_trades", "open_orders",
    "order_counts", "prevented_matches", "query", "span",
]  # fmt: skip

_DAY_MS: Final = 86_400_000
_ARCHIVED_NS: Final = 90 * _DAY_MS * MILLI
_MOST: Final = 1_000
_FIRST_MICROSECOND: Final = 100_000_000_000_000


def query(ask: Ask) -> dict[str, Any]:
    """Return one order: GET order, order.status."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    live = desk.find(symbol_terms(params), params)
    if live is None:
        raise ApiError(-2013)
    ended = live.state in (OrderState.CANCELED, OrderState.EXPIRED) and not live.filled
    if ended and live.updated_ns < desk.venue.now_ns() - _ARCHIVED_NS:
        raise ApiError(-2026)
    return query_row(live, desk.record(live), unit)


def open_orders(ask: Ask) -> list[dict[str, Any]]:
    """Return the open orders of a symbol, or all: GET openOrders, openOrders.status."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    symbols = [symbol_terms(params).symbol] if "symbol" in params else list(desk.open)
    return [query_row(live, desk.record(live), unit) for symbol in symbols for live in list(desk.open[symbol].values())]


def all_orders(ask: Ask) -> list[dict[str, Any]]:
    """Return orders of a symbol, open or done: from an id on, within times, or the newest: GET allOrders."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    symbol = symbol_terms(params).symbol
    first, limit = read_int(params, "orderId"), bounded(params, "limit", 500, _MOST)
    since_ns, until_ns = span(params)
    found = [live for live in desk.venue.orders(symbol, open_only=False) if _within(live, since_ns, until_ns)]
    if first is not None:
        found = [live for live in found if int(shown_id(live.venue_order_id)) >= first]
    from_start = first is not None or since_ns is not None
    return [query_row(live, desk.record(live), unit) for live in (found[:limit] if from_start else found[-limit:])]


def _within(live: BookOrder, since_ns: int | None, until_ns: int | None) -> bool:
    return (since_ns is None or live.created_ns >= since_ns) and (until_ns is None or live.created_ns < until_ns)


def my_trades(ask: Ask) -> list[dict[str, Any]]:
    """Return own trades of a symbol: GET myTrades. Raises ApiError -1128 for a combination that is not taken."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    symbol, number, first = symbol_terms(params).symbol, read_int(params, "orderId"), read_int(params, "fromId")
    limit, times = bounded(params, "limit", 500, _MOST), "startTime" in params or "endTime" in params
    if times and (number is not None or first is not None):
        raise ApiError(-1128)
    since_ns, until_ns = span(params)
    key = None if number is None else key_of(symbol, number)
    found = [
        fill for fill in desk.venue.trades(symbol, key=key, since_ns=since_ns or 0)
        if (first is None or int(fill.trade_id) >= first) and (until_ns is None or fill.ts_ns < until_ns)
    ]  # fmt: skip
    found.sort(key=_trade_number)
    from_start = first is not None or since_ns is not None
    return [trade_row(fill, _list_of(desk, fill), unit) for fill in (found[:limit] if from_start else found[-limit:])]


def _list_of(desk: Desk, fill: Fill) -> int:
    live = desk.venue.order(fill.venue_order_id or "")
    return -1 if live is None else list_number(live)


def _trade_number(fill: Fill) -> int:
    return int(fill.trade_id)


def span(params: dict[str, str], longest_ms: int | None = _DAY_MS) -> tuple[int | None, int | None]:
    """Return startTime and the end behind endTime in nanoseconds. Raises ApiError -1127 beyond ``longest_ms``."""
    start, end = read_int(params, "startTime"), read_int(params, "endTime")
    since_ns = None if start is None else start * _unit(start)
    until_ns = None if end is None else (end + 1) * _unit(end)
    bounded_span = since_ns is not None and until_ns is not None and longest_ms is not None
    if bounded_span and (until_ns or 0) - (since_ns or 0) > ((longest_ms or 0) + 1) * MILLI:
        raise ApiError(-1127)
    return since_ns, until_ns


def _unit(stamp: int) -> int:
    return MICRO if stamp >= _FIRST_MICROSECOND else MILLI


def amendments(ask: Ask) -> list[dict[str, Any]]:
    """Return how often an order was amended: GET order/amendments."""
    desk, params = ask.desk, ask.params
    live = desk.find(symbol_terms(params), params)
    if live is None:
        raise ApiError(-2013)
    first, limit = read_int(params, "fromExecutionId") or 0, bounded(params, "limit", 500, _MOST)
    return [row for row in desk.record(live).amendments if row["executionId"] >= first][:limit]


def prevented_matches(ask: Ask) -> list[dict[str, Any]]:
    """Return trades with itself that the account was kept from: GET myPreventedMatches. Raises ApiError -1128."""
    desk, params = ask.desk, ask.params
    symbol, number = symbol_terms(params).symbol, read_int(params, "preventedMatchId")
    order, first = read_int(params, "orderId"), read_int(params, "fromPreventedMatchId")
    if (number is None) == (order is None) or (number is not None and first is not None):
        raise ApiError(-1128)
    key = None if order is None else key_of(symbol, order)
    found = [
        one for one in desk.prevented
        if one.taker.order.symbol == symbol and number in (None, one.number) and one.number >= (first or 0)
        and key in (None, one.taker.venue_order_id, one.maker.venue_order_id)
    ]  # fmt: skip
    return [prevented_row(one, ask.unit) for one in found[: bounded(params, "limit", 500, _MOST)]]


def allocations(ask: Ask) -> list[dict[str, Any]]:
    """Return what smart order routing gave, which is not offered: nothing: GET myAllocations."""
    symbol_terms(ask.params)
    return []


# ------------------------------------------------------------ the account


def account(ask: Ask) -> dict[str, Any]:
    """Return balances and permissions: GET account, account.status."""
    desk, params, unit = ask.desk, ask.params, ask.unit
    funds, omit = desk.venue.funds, flag(params, "omitZeroBalances")
    assets = dict.fromkeys([*funds.cash, *(one for terms in SYMBOLS.values() for one in (terms.base, terms.quote))])
    rows = [(asset, funds.free(asset), funds.held.get(asset, ZERO)) for asset in assets]
    rate = text8(FEE_RATE)
    return {
        "makerCommission": 10, "takerCommission": 10, "buyerCommission": 0, "sellerCommission": 0,
        "commissionRates": {"maker": rate, "taker": rate, "buyer": "0.00000000", "seller": "0.00000000"},
        "canTrade": True, "canWithdraw": False, "canDeposit": False, "brokered": False,
        "requireSelfTradePrevention": False, "preventSor": False, "updateTime": desk.venue.now_ns() // unit,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": text8(free), "locked": text8(locked)}
            for asset, free, locked in rows if free or locked or not omit
        ],
        "permissions": ["SPOT"], "uid": 354937868,
    }  # fmt: skip


def commission(ask: Ask) -> dict[str, Any]:
    """Return the fee rates of a symbol: GET account/commission."""
    params = ask.params
    terms, rate, none = symbol_terms(params), text8(FEE_RATE), "0.00000000"
    nothing = {"maker": none, "taker": none, "buyer": none, "seller": none}
    return {
        "symbol": terms.symbol, "standardCommission": {"maker": rate, "taker": rate, "buyer": none, "seller": none},
        "specialCommission": nothing, "taxCommission": nothing,
        "discount": {
            "enabledForAccount": False, "enabledForSymbol": True, "discountAsset": "BNB", "discount": "0.75000000",
        },
    }  # fmt: skip


def order_counts(ask: Ask) -> list[dict[str, Any]]:
    """Return the account's counts of unfilled orders: GET rateLimit/order."""
    desk = ask.desk
    return desk.limits.order_counts(desk.venue.now_ns())


def my_filters(ask: Ask) -> dict[str, Any]:
    """Return the filters that hold for this account: GET myFilters."""
    params = ask.params
    terms = symbol_terms(params)
    return {
        "exchangeFilters": [], "symbolFilters": [{"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20}],
        "assetFilters": [{"filterType": "MAX_ASSET", "asset": terms.quote, "limit": "100000000.00000000"}],
    }  # fmt: skip
