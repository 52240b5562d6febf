"""Requests about order lists: placing an OCO, ending one, and reading (binance.md sections 1 and 3).

Each does one request and raises ApiError for a no.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from autotrader.simulator.binance.answers import cancel_answer, placed_answer
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.errors import ApiError, filter_failure
from autotrader.simulator.binance.filters import OpenCounts, check_filters
from autotrader.simulator.binance.oco import check_relation, read_oco, read_old_oco
from autotrader.simulator.binance.order_lists import MOST_LISTS, OrderList, list_answer, list_labels
from autotrader.simulator.binance.orders import Wanted, symbol_terms
from autotrader.simulator.binance.placing import check_new, refusal_of
from autotrader.simulator.binance.reads import span
from autotrader.simulator.binance.spot_order import spot_order
from autotrader.simulator.binance.values import bounded, client_id, read_int
from autotrader.simulator.events import Accepted, RefusedRequest, Rejected
from autotrader.simulator.special import SpecialOrder

__all__ = ["all_lists", "amended_list", "cancel_list", "end_list", "open_lists", "place_oco", "place_old_oco", "query_list"]

_MOST: Final = 1_000


def place_oco(ask: Ask) -> dict[str, Any]:
    """Place an OCO: POST orderList/oco, orderList.place.oco."""
    return _place(ask, *read_oco(ask.params, ask.desk.new_id))


def place_old_oco(ask: Ask) -> dict[str, Any]:
    """Place an OCO in the deprecated form: POST order/oco, orderList.place."""
    return _place(ask, *read_old_oco(ask.params, ask.desk.new_id))


def _place(ask: Ask, stop: Wanted, end: Wanted) -> dict[str, Any]:
    desk, unit = ask.desk, ask.unit
    terms, now_ns = stop.terms, desk.venue.now_ns()
    name = client_id(ask.params, "listClientOrderId") or desk.new_id()
    _check_legs(desk, stop, end)
    if len(desk.lists.executing(terms.symbol)) >= MOST_LISTS:
        raise filter_failure("MAX_NUM_ORDER_LISTS")
    known = desk.lists.by_client_id(name)
    if known is not None and desk.lists.executes(known):
        raise ApiError(-2010, "Duplicate order sent.")
    desk.limits.admit_orders(2, now_ns)
    number = desk.lists.next_number()
    orders = [_order(desk, wanted, OrderList(number, name, terms.symbol), now_ns) for wanted in (stop, end)]
    events = desk.venue.submit_linked(orders)
    if type(events[-1]) is Rejected:
        raise refusal_of(events[-1])
    placed = [event.live for event in events if type(event) is Accepted and event.live.order in orders]
    one = next(found for live in placed if (found := desk.lists.note(live)) is not None)
    return {**_answer(desk, one, unit), "orderReports": [
        placed_answer(live, desk.record(live), [], stop.response, unit) for live in placed
    ]}  # fmt: skip


def _check_legs(desk: Desk, stop: Wanted, end: Wanted) -> None:
    """Hold both orders against the filters, the second as if the first were there, and against the market."""
    terms = stop.terms
    market, counts = desk.market(terms, desk.venue.now_ns()), desk.counts(terms)
    check_filters(stop, market, counts)
    iceberg = counts.iceberg + (stop.iceberg is not None)
    check_filters(end, market, OpenCounts(counts.orders + 1, counts.algo + 1, iceberg, counts.position))
    check_relation(stop, end, desk.tapes[terms.symbol].last)
    if stop.client_order_id == end.client_order_id:
        raise ApiError(-2010, "Duplicate order sent.")
    check_new(desk, stop)
    check_new(desk, end)


def _order(desk: Desk, wanted: Wanted, one: OrderList, now_ns: int) -> SpecialOrder:
    venue = desk.venue
    assert wanted.quantity is not None
    order = spot_order(wanted, wanted.quantity, venue.name, venue.account, now_ns)
    labels = {**order.special.labels, **list_labels(one.number, one.client_id)}
    special = msgspec.structs.replace(order.special, labels=labels, group=one.group)
    return msgspec.structs.replace(order, special=special)


# ------------------------------------------------------------ ending and reading


def cancel_list(ask: Ask) -> dict[str, Any]:
    """Cancel a list with all its orders: DELETE orderList, orderList.cancel."""
    desk, params = ask.desk, ask.params
    symbol = symbol_terms(params).symbol
    one = _named(desk, params, "listClientOrderId")
    if one is None or one.symbol != symbol or not desk.lists.executes(one):
        raise ApiError(-2011)
    return end_list(ask, one, client_id(params, "newClientOrderId") or desk.new_id())


def end_list(ask: Ask, one: OrderList, name: str) -> dict[str, Any]:
    """End a list that executes; ``name`` is the cancel's client id, which its orders' reports tell."""
    desk, unit = ask.desk, ask.unit
    for leg in one.legs:
        desk.cancel_ids[leg.venue_order_id] = name
    try:
        events = desk.venue.cancel(one.legs[0].venue_order_id, ask.effects)
    finally:
        for leg in one.legs:
            desk.cancel_ids.pop(leg.venue_order_id, None)
    if type(events[-1]) is RefusedRequest:
        raise ApiError(-2011)
    return {
        **_answer(desk, one, unit), "orderReports": [cancel_answer(leg, desk.record(leg), name, unit) for leg in one.legs],
    }  # fmt: skip


def amended_list(desk: Desk, one: OrderList) -> dict[str, Any]:
    """Return a list as the answer to an amendment of one of its orders shows it: without times."""
    told = _answer(desk, one, 1)
    return {name: value for name, value in told.items() if name not in ("listStatusType", "transactionTime")}


def query_list(ask: Ask) -> dict[str, Any]:
    """Return one list: GET orderList, orderList.status. ``origClientOrderId`` is the list's own client id."""
    one = _named(ask.desk, ask.params, "origClientOrderId")
    if one is None:
        raise ApiError(-2013)
    return _answer(ask.desk, one, ask.unit)


def open_lists(ask: Ask) -> list[dict[str, Any]]:
    """Return the lists that execute: GET openOrderList, openOrderLists.status."""
    return [_answer(ask.desk, one, ask.unit) for one in ask.desk.lists.executing()]


def all_lists(ask: Ask) -> list[dict[str, Any]]:
    """Return lists, open or done: from a number on, within times, or the newest: GET allOrderList, allOrderLists."""
    desk, params = ask.desk, ask.params
    first, limit = read_int(params, "fromId"), bounded(params, "limit", 500, _MOST)
    since_ns, until_ns = span(params)
    if first is not None and (since_ns is not None or until_ns is not None):
        raise ApiError(-1128)
    found = [
        one for one in desk.lists.by_number.values()
        if (first is None or one.number >= first) and (since_ns is None or one.legs[0].created_ns >= since_ns)
        and (until_ns is None or one.legs[0].created_ns < until_ns)
    ]  # fmt: skip
    chosen = found[:limit] if first is not None or since_ns is not None else found[-limit:]
    return [_answer(desk, one, ask.unit) for one in chosen]


def _named(desk: Desk, params: dict[str, str], name: str) -> OrderList | None:
    number, wire_id = read_int(params, "orderListId"), client_id(params, name) if params.get(name) else None
    if number is None and wire_id is None:
        raise ApiError(-1102, f"Param '{name}' or 'orderListId' must be sent, but both were empty/null!")
    if number is None:
        return desk.lists.by_client_id(wire_id or "")
    one = desk.lists.by_number.get(number)
    return one if one is None or wire_id in (None, one.client_id) else None


def _answer(desk: Desk, one: OrderList, unit: int) -> dict[str, Any]:
    names = [desk.record(leg).wire_id for leg in one.legs]
    return list_answer(one, names, unit, executes=desk.lists.executes(one))
