"""Requests as calls of an ibapi client, of any of its versions. Raises EncodeError for what cannot be put on the wire.

Every Order has eTradeOnly and firmQuoteOnly off (9.81 has both on, which TWS refuses with 10268), and its quantity set.
Sources: ibkr.md sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from autotrader.errors import EncodeError
from autotrader.execution.adapters.ibkr.library import Library
from autotrader.execution.adapters.ibkr.messages import (
    AccountSummaryCancel,
    AccountSummaryRequest,
    AccountUpdatesRequest,
    CancelRequest,
    CompletedOrdersRequest,
    Contract,
    ContractDetailsRequest,
    ExecutionsRequest,
    GlobalCancelRequest,
    IdsRequest,
    MarketDataCancel,
    MarketDataRequest,
    MarketDataTypeRequest,
    OpenOrdersRequest,
    OrderTerms,
    PlaceRequest,
    PositionsCancel,
    PositionsRequest,
    Request,
    TimeRequest,
)
from autotrader.execution.adapters.ibkr.numbers import LARGEST_ID, wire

__all__ = ["call"]


def call(library: Library, api: Any, request: Request) -> None:
    """Make the client's call for a request."""
    _CALLS[type(request)](library, api, request)


def _place(library: Library, api: Any, request: PlaceRequest) -> None:
    contract, order = _contract(library, request.contract), _order(library, request.terms)
    api.placeOrder(_id(request.order_id), contract, order)


def _cancel(library: Library, api: Any, request: CancelRequest) -> None:
    api.cancelOrder(_id(request.order_id), *library.cancel_extra(library.cancel_argument))


def _cancel_all(library: Library, api: Any, _: GlobalCancelRequest) -> None:
    api.reqGlobalCancel(*library.cancel_extra(library.cancel_all_argument))


def _open_orders(_: Library, api: Any, request: OpenOrdersRequest) -> None:
    if request.own_only:
        api.reqOpenOrders()
    else:
        api.reqAllOpenOrders()


def _executions(library: Library, api: Any, request: ExecutionsRequest) -> None:
    wanted = library.execution_filter()
    wanted.clientId, wanted.acctCode, wanted.time = request.client_id, request.account, request.since
    wanted.symbol, wanted.secType, wanted.side = request.symbol, request.sec_type, request.side
    api.reqExecutions(_id(request.req_id), wanted)


def _details(library: Library, api: Any, request: ContractDetailsRequest) -> None:
    api.reqContractDetails(_id(request.req_id), _contract(library, request.contract))


def _market_data(library: Library, api: Any, request: MarketDataRequest) -> None:
    contract = _contract(library, request.contract)
    api.reqMktData(_id(request.req_id), contract, request.generic_ticks, request.snapshot, False, [])


_CALLS: Final[dict[type, Callable[[Library, Any, Any], None]]] = {
    PlaceRequest: _place,
    CancelRequest: _cancel,
    GlobalCancelRequest: _cancel_all,
    OpenOrdersRequest: _open_orders,
    CompletedOrdersRequest: lambda _, api, request: api.reqCompletedOrders(request.api_only),
    ExecutionsRequest: _executions,
    PositionsRequest: lambda _, api, __: api.reqPositions(),
    PositionsCancel: lambda _, api, __: api.cancelPositions(),
    AccountSummaryRequest: lambda _, api, request: api.reqAccountSummary(
        _id(request.req_id), request.group, ",".join(request.tags)
    ),
    AccountSummaryCancel: lambda _, api, request: api.cancelAccountSummary(_id(request.req_id)),
    AccountUpdatesRequest: lambda _, api, request: api.reqAccountUpdates(request.subscribe, request.account),
    ContractDetailsRequest: _details,
    TimeRequest: lambda _, api, __: api.reqCurrentTime(),
    IdsRequest: lambda _, api, __: api.reqIds(1),
    MarketDataRequest: _market_data,
    MarketDataCancel: lambda _, api, request: api.cancelMktData(_id(request.req_id)),
    MarketDataTypeRequest: lambda _, api, request: api.reqMarketDataType(request.kind),
}


def _id(number: int) -> int:
    if not 0 <= number < LARGEST_ID:
        raise EncodeError(f"the id {number} is none that TWS reads: 0 to {LARGEST_ID - 1}")
    return number


def _contract(library: Library, given: Contract) -> Any:
    contract = library.contract()
    contract.conId, contract.symbol, contract.secType = given.con_id, given.symbol, given.sec_type
    contract.lastTradeDateOrContractMonth, contract.right = given.expiry, given.right
    if given.strike is not None:
        contract.strike = wire(given.strike)
    contract.multiplier, contract.exchange = given.multiplier, given.exchange
    contract.primaryExchange, contract.currency = given.primary_exchange, given.currency
    contract.localSymbol, contract.tradingClass = given.local_symbol, given.trading_class
    return contract


def _order(library: Library, terms: OrderTerms) -> Any:
    order = library.order()
    for name in ("eTradeOnly", "firmQuoteOnly"):
        if hasattr(order, name):
            setattr(order, name, False)
    order.action, order.totalQuantity, order.orderType = terms.action, _size(terms.quantity), terms.order_type
    order.tif, order.goodTillDate, order.account = terms.time_in_force, terms.good_till, terms.account
    order.orderRef, order.outsideRth, order.transmit = terms.order_ref, terms.outside_rth, terms.transmit
    order.parentId, order.ocaGroup = terms.parent_id, terms.oca_group
    order.allOrNone, order.hidden = terms.all_or_none, terms.hidden
    prices = {
        "lmtPrice": terms.limit_price, "auxPrice": terms.aux_price, "trailStopPrice": terms.trail_stop_price,
        "trailingPercent": terms.trailing_percent,
    }  # fmt: skip
    for name, price in prices.items():
        if price is not None:
            setattr(order, name, _price(price))
    return order


def _price(value: Decimal) -> Decimal:
    try:
        return wire(value)
    except ValueError as error:
        raise EncodeError(f"a price that cannot be sent: {error}") from error


def _size(value: Decimal) -> Decimal:
    if not value.is_finite() or value <= 0:
        raise EncodeError(f"a quantity that cannot be sent: {value}")
    return wire(value.normalize())
