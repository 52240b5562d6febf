"""Every request that is known: by REST path and by WebSocket method, what it costs, who may ask it, what it takes.

Source: binance.md section 1 (DOCS rest-api.md, web-socket-api.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from autotrader.simulator.binance import changing, listing, market, placing, reads, wallet, windows
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.oco import OCO_PARAMS, OLD_OCO_PARAMS
from autotrader.simulator.binance.orders import ORDER_PARAMS

__all__ = ["METHODS", "PATHS", "Act", "Endpoint"]

Act = Callable[[Ask], Any]
Weight = Callable[[dict[str, str]], int]
_SIGNED: Final = frozenset({"timestamp", "recvWindow", "apiKey", "signature"})
_ORDER: Final = frozenset({"symbol", "orderId", "origClientOrderId"})
_REPLACE: Final = ORDER_PARAMS | {
    "cancelReplaceMode", "cancelNewClientOrderId", "cancelOrigClientOrderId", "cancelOrderId", "cancelRestrictions",
    "orderRateLimitExceededMode",
}  # fmt: skip
_TIMES: Final = frozenset({"symbol", "startTime", "endTime", "limit", "orderId", "fromId"})
_SYMBOLS: Final = frozenset({"symbol", "symbols", "symbolStatus"})
_COUNTED: Final = (placing.place, changing.cancel_replace, listing.place_oco, listing.place_old_oco)


class Endpoint(msgspec.Struct, frozen=True):
    """One request. ``free`` says that it costs nothing when it succeeds.

    ``kind`` is what faults and counts call it: ``query`` are the account's own reads, ``other`` all that anybody may ask,
    which faults leave alone.
    """

    kind: str
    act: Act
    weight: Weight
    params: frozenset[str]
    is_signed: bool = False
    is_trade: bool = False
    free: bool = False

    @property
    def counts_orders(self) -> bool:
        """Say whether its answers show the count of unfilled orders."""
        return self.act in _COUNTED


def _costs(weight: int) -> Weight:
    return lambda _: weight


def _signed(
    kind: str, act: Act, weight: int | Weight, params: frozenset[str], *, trade: bool = False, free: bool = False
) -> Endpoint:
    cost = weight if callable(weight) else _costs(weight)
    return Endpoint(kind, act, cost, params | _SIGNED, True, trade, free)


def _open(act: Act, weight: int | Weight, *params: str) -> Endpoint:
    cost = weight if callable(weight) else _costs(weight)
    return Endpoint("other", act, cost, frozenset(params))


def _by_count(few: int, many: int) -> Weight:
    """Return the cost of a ticker: ``few`` for one symbol, ``many`` for several or all."""
    return lambda params: few if "symbol" in params else many


_PLACE = _signed("submit", placing.place, 1, ORDER_PARAMS, trade=True, free=True)
_TRY = _signed(
    "other", placing.try_order, lambda params: 20 if params.get("computeCommissionRates") == "true" else 1,
    ORDER_PARAMS | {"computeCommissionRates"}, trade=True,
)  # fmt: skip
_CANCEL = _signed(
    "cancel", changing.cancel, 1, _ORDER | {"newClientOrderId", "cancelRestrictions"}, trade=True, free=True
)
_CANCEL_ALL = _signed("cancel", changing.cancel_all, 1, frozenset({"symbol"}), trade=True, free=True)
_CANCEL_REPLACE = _signed("amend", changing.cancel_replace, 1, _REPLACE, trade=True, free=True)
_AMEND = _signed("amend", changing.amend, 4, _ORDER | {"newClientOrderId", "newQty"}, trade=True)
_QUERY = _signed("query", reads.query, 4, _ORDER)
_OPEN = _signed("query", reads.open_orders, _by_count(6, 80), frozenset({"symbol"}))
_ALL = _signed("query", reads.all_orders, 20, _TIMES)
_TRADES = _signed("query", reads.my_trades, lambda params: 5 if "orderId" in params else 20, _TIMES)
_ACCOUNT = _signed("query", reads.account, 20, frozenset({"omitZeroBalances"}))
_COMMISSION = _signed("query", reads.commission, 20, frozenset({"symbol"}))
_COUNTS = _signed("query", reads.order_counts, 40, frozenset())
_FILTERS = _signed("query", reads.my_filters, 40, frozenset({"symbol"}))
_AMENDMENTS = _signed("query", reads.amendments, 4, _ORDER | {"fromExecutionId", "limit"})
_PREVENTED = _signed(
    "query", reads.prevented_matches, lambda params: 2 if "preventedMatchId" in params else 20,
    frozenset({"symbol", "preventedMatchId", "orderId", "fromPreventedMatchId", "limit"}),
)  # fmt: skip
_ALLOCATIONS = _signed("query", reads.allocations, 20, _TIMES | {"fromAllocationId"})
_OCO = _signed("submit", listing.place_oco, 1, OCO_PARAMS, trade=True, free=True)
_OLD_OCO = _signed("submit", listing.place_old_oco, 1, OLD_OCO_PARAMS, trade=True, free=True)
_LIST_CANCEL = _signed(
    "cancel", listing.cancel_list, 1, frozenset({"symbol", "orderListId", "listClientOrderId", "newClientOrderId"}),
    trade=True, free=True,
)  # fmt: skip
_LIST = _signed("query", listing.query_list, 4, frozenset({"orderListId", "origClientOrderId"}))
_OPEN_LISTS = _signed("query", listing.open_lists, 6, frozenset())
_ALL_LISTS = _signed("query", listing.all_lists, 20, frozenset({"fromId", "startTime", "endTime", "limit"}))
_RESTRICTIONS = _signed("query", wallet.api_restrictions, 1, frozenset())

_PING = Endpoint("other", market.ping, _costs(1), frozenset())
_TIME = Endpoint("other", market.clock, _costs(1), frozenset())
_INFO = Endpoint(
    "other", market.exchange_info, _costs(20), _SYMBOLS | {"permissions", "showPermissionSets"}
)
_DEPTH = _open(market.depth, market.depth_weight, "symbol", "limit", "symbolStatus")
_RECENT = _open(market.trades, 25, "symbol", "limit")
_OLDER = _open(market.trades, 25, "symbol", "limit", "fromId")
_AGGREGATES = _open(market.agg_trades, 4, "symbol", "fromId", "startTime", "endTime", "limit")
_KLINES = _open(market.klines, 2, "symbol", "interval", "startTime", "endTime", "timeZone", "limit")
_AVERAGE = _open(market.average_price, 2, "symbol")
_PRICE = _open(market.price_tickers, _by_count(2, 4), *_SYMBOLS)
_BOOK = _open(market.book_tickers, _by_count(2, 4), *_SYMBOLS)
_DAY = _open(windows.day_tickers, _by_count(2, 80), *_SYMBOLS, "type")
_ROLLING = _open(windows.window_tickers, 4, *_SYMBOLS, "windowSize", "type")
_TRADING_DAY = _open(windows.trading_day_tickers, 4, *_SYMBOLS, "timeZone", "type")
_BLOCKS = _open(market.block_trades, 25, "symbol", "fromId", "limit")
_RULES = _open(market.execution_rules, _by_count(2, 40), *_SYMBOLS)
_REFERENCE = _open(market.reference_price, 2, "symbol", "symbolStatus")


def _wallet(act: Act, *params: str) -> Endpoint:
    """Return a request of the wallet's API: limits of its own hold there, which are not built; it costs 1."""
    return _signed("other", act, 1, frozenset(params))


PATHS: Final[dict[tuple[str, str], Endpoint]] = {
    ("POST", "/api/v3/order"): _PLACE,
    ("POST", "/api/v3/order/test"): _TRY,
    ("DELETE", "/api/v3/order"): _CANCEL,
    ("DELETE", "/api/v3/openOrders"): _CANCEL_ALL,
    ("POST", "/api/v3/order/cancelReplace"): _CANCEL_REPLACE,
    ("PUT", "/api/v3/order/amend/keepPriority"): _AMEND,
    ("GET", "/api/v3/order"): _QUERY,
    ("GET", "/api/v3/openOrders"): _OPEN,
    ("GET", "/api/v3/allOrders"): _ALL,
    ("GET", "/api/v3/myTrades"): _TRADES,
    ("GET", "/api/v3/account"): _ACCOUNT,
    ("GET", "/api/v3/account/commission"): _COMMISSION,
    ("GET", "/api/v3/rateLimit/order"): _COUNTS,
    ("GET", "/api/v3/myFilters"): _FILTERS,
    ("GET", "/api/v3/order/amendments"): _AMENDMENTS,
    ("POST", "/api/v3/orderList/oco"): _OCO,
    ("POST", "/api/v3/order/oco"): _OLD_OCO,
    ("DELETE", "/api/v3/orderList"): _LIST_CANCEL,
    ("GET", "/api/v3/orderList"): _LIST,
    ("GET", "/api/v3/openOrderList"): _OPEN_LISTS,
    ("GET", "/api/v3/allOrderList"): _ALL_LISTS,
    ("GET", "/api/v3/myPreventedMatches"): _PREVENTED,
    ("GET", "/api/v3/myAllocations"): _ALLOCATIONS,
    ("GET", "/sapi/v1/account/apiRestrictions"): _RESTRICTIONS,
    ("GET", "/sapi/v1/account/status"): _wallet(wallet.account_status),
    ("GET", "/sapi/v1/account/apiTradingStatus"): _wallet(wallet.trading_status),
    ("GET", "/sapi/v1/asset/tradeFee"): _wallet(wallet.trade_fees, "symbol"),
    ("GET", "/sapi/v1/capital/config/getall"): _wallet(wallet.coins),
    ("GET", "/sapi/v1/margin/allPairs"): _wallet(wallet.margin_pairs, "symbol"),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): _wallet(wallet.margin_pairs, "symbol"),
    ("POST", "/sapi/v3/asset/getUserAsset"): _wallet(wallet.user_assets, "asset", "needBtcValuation"),
    ("POST", "/sapi/v1/asset/get-funding-asset"): _wallet(wallet.funding_assets, "asset", "needBtcValuation"),
    ("GET", "/sapi/v1/system/status"): _open(wallet.system_status, 1),
    ("GET", "/fapi/v1/exchangeInfo"): _open(wallet.no_contracts, 1),
    ("GET", "/dapi/v1/exchangeInfo"): _open(wallet.no_contracts, 1),
    ("GET", "/api/v3/ping"): _PING,
    ("GET", "/api/v3/time"): _TIME,
    ("GET", "/api/v3/exchangeInfo"): _INFO,
    ("GET", "/api/v3/depth"): _DEPTH,
    ("GET", "/api/v3/trades"): _RECENT,
    ("GET", "/api/v3/historicalTrades"): _OLDER,
    ("GET", "/api/v3/aggTrades"): _AGGREGATES,
    ("GET", "/api/v3/klines"): _KLINES,
    ("GET", "/api/v3/uiKlines"): _KLINES,
    ("GET", "/api/v3/avgPrice"): _AVERAGE,
    ("GET", "/api/v3/ticker/price"): _PRICE,
    ("GET", "/api/v3/ticker/bookTicker"): _BOOK,
    ("GET", "/api/v3/ticker/24hr"): _DAY,
    ("GET", "/api/v3/ticker/tradingDay"): _TRADING_DAY,
    ("GET", "/api/v3/ticker"): _ROLLING,
    ("GET", "/api/v3/historicalBlockTrades"): _BLOCKS,
    ("GET", "/api/v3/executionRules"): _RULES,
    ("GET", "/api/v3/referencePrice"): _REFERENCE,
    ("GET", "/api/v3/referencePrice/calculation"): _REFERENCE,
}

METHODS: Final[dict[str, Endpoint]] = {
    "order.place": _PLACE,
    "order.test": _TRY,
    "order.cancel": _CANCEL,
    "openOrders.cancelAll": _CANCEL_ALL,
    "order.cancelReplace": _CANCEL_REPLACE,
    "order.amend.keepPriority": _AMEND,
    "order.status": _QUERY,
    "openOrders.status": _OPEN,
    "allOrders": _ALL,
    "myTrades": _TRADES,
    "account.status": _ACCOUNT,
    "account.commission": _COMMISSION,
    "account.rateLimits.orders": _COUNTS,
    "myFilters": _FILTERS,
    "order.amendments": _AMENDMENTS,
    "ping": _PING,
    "time": _TIME,
    "exchangeInfo": _INFO,
    "depth": _DEPTH,
    "trades.recent": _RECENT,
    "trades.historical": _OLDER,
    "trades.aggregate": _AGGREGATES,
    "klines": _KLINES,
    "uiKlines": _KLINES,
    "avgPrice": _AVERAGE,
    "ticker.price": _PRICE,
    "ticker.book": _BOOK,
    "ticker.24hr": _DAY,
    "ticker.tradingDay": _TRADING_DAY,
    "ticker": _ROLLING,
    "orderList.place.oco": _OCO,
    "orderList.place": _OLD_OCO,
    "orderList.cancel": _LIST_CANCEL,
    "orderList.status": _LIST,
    "openOrderLists.status": _OPEN_LISTS,
    "allOrderLists": _ALL_LISTS,
    "myPreventedMatches": _PREVENTED,
    "myAllocations": _ALLOCATIONS,
    "blockTrades.historical": _BLOCKS,
    "executionRules": _RULES,
    "referencePrice": _REFERENCE,
    "referencePrice.calculation": _REFERENCE,
}
