"""Cancels, cancel-replace and amendments (binance.md section 3). Each does one request and raises ApiError for a no."""

from __future__ import annotations

from typing import Any, Final

from autotrader.simulator.binance.answers import amended_answer, cancel_answer
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.errors import ApiError, malformed
from autotrader.simulator.binance.filters import check_lot, check_quantity
from autotrader.simulator.binance.limits import too_many
from autotrader.simulator.binance.listing import amended_list, end_list
from autotrader.simulator.binance.orders import Wanted, symbol_terms
from autotrader.simulator.binance.placing import check_order, put
from autotrader.simulator.binance.spot_order import status_of
from autotrader.simulator.binance.values import choice, client_id, read_decimal, text8
from autotrader.simulator.events import BookOrder, RefusedRequest
from autotrader.simulator.fault_script import Effects

__all__ = ["amend", "cancel", "cancel_all", "cancel_replace"]

_RESTRICTIONS: Final = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}
_RESTRICTED: Final = "Order was not canceled due to cancel restrictions."


def cancel(ask: Ask) -> dict[str, Any]:
    """Cancel one order: DELETE order, order.cancel."""
    desk, params, unit, effects = ask.desk, ask.params, ask.unit, ask.effects
    live = desk.find(symbol_terms(params), params)
    return _cancel(desk, live, params, client_id(params, "newClientOrderId"), unit, effects)


def _cancel(
    desk: Desk, live: BookOrder | None, params: dict[str, str], cancel_id: str | None, unit: int, effects: Effects | None
) -> dict[str, Any]:
    restriction = params.get("cancelRestrictions")
    if restriction is not None and restriction not in _RESTRICTIONS:
        raise ApiError(-1145)
    if live is None or live.venue_order_id not in desk.open[live.order.symbol]:
        raise ApiError(-2011)
    if restriction is not None and status_of(live, desk.record(live)) != _RESTRICTIONS[restriction]:
        raise ApiError(-2011, _RESTRICTED)
    name = desk.new_id() if cancel_id is None else cancel_id
    desk.cancel_ids[live.venue_order_id] = name
    try:
        events = desk.venue.cancel(live.venue_order_id, effects)
    finally:
        desk.cancel_ids.pop(live.venue_order_id, None)
    if type(events[-1]) is RefusedRequest:
        raise ApiError(-2011)
    return cancel_answer(live, desk.record(live), name, unit)


def cancel_all(ask: Ask) -> list[dict[str, Any]]:
    """Cancel all that is open on a symbol, lists as such: DELETE openOrders, openOrders.cancelAll."""
    desk, params, unit, effects = ask.desk, ask.params, ask.unit, ask.effects
    standing = list(desk.open[symbol_terms(params).symbol].values())
    if not standing:
        raise ApiError(-2011)
    name, done = desk.new_id(), []
    for live in standing:
        if live.venue_order_id not in desk.open[live.order.symbol]:
            continue
        one = desk.lists.note(live)
        try:
            if one is not None and desk.lists.executes(one):
                done.append(end_list(ask, one, name))
                continue
            done.append(_cancel(desk, live, {}, name, unit, effects))
        except ApiError:
            continue
    return done


def amend(ask: Ask) -> dict[str, Any]:
    """Make an order smaller where it stands: PUT order/amend/keepPriority, order.amend.keepPriority."""
    desk, params, unit, effects = ask.desk, ask.params, ask.unit, ask.effects
    terms = symbol_terms(params)
    live, wanted = desk.find(terms, params), read_decimal(params, "newQty")
    if wanted is None:
        raise malformed("newQty")
    if live is None or live.venue_order_id not in desk.open[terms.symbol]:
        raise ApiError(-2013)
    check_quantity(wanted)
    check_lot(terms, wanted)
    record, before = desk.record(live), live.quantity
    if not live.filled < wanted < live.quantity:
        raise ApiError(-2038)
    if len(record.amendments) >= terms.max_amends:
        raise ApiError(-1013, "Filter failure: MAX_NUM_ORDER_AMENDS")
    old_id, new_id = record.wire_id, client_id(params, "newClientOrderId") or desk.new_id()
    taken = desk.by_wire_id(new_id)
    if taken is not None and taken is not live and taken.venue_order_id in desk.open[taken.order.symbol]:
        raise ApiError(-2038, "Duplicate order sent.")
    desk.rename(live, new_id)
    events = desk.venue.amend(live.venue_order_id, quantity=wanted, effects=effects)
    if type(events[-1]) is RefusedRequest:
        desk.rename(live, old_id)
        raise ApiError(-2038, events[-1].reason)
    execution = desk.last_execution
    record.amendments = [
        *record.amendments,
        {
            "symbol": terms.symbol, "orderId": int(desk.venue.shown(live.venue_order_id)), "executionId": execution,
            "origClientOrderId": old_id, "newClientOrderId": new_id, "origQty": text8(before), "newQty": text8(wanted),
            "time": live.updated_ns // unit,
        },
    ]  # fmt: skip
    answer = amended_answer(live, record, old_id, execution, unit)
    one = desk.lists.note(live)
    return answer if one is None else {**answer, "listStatus": amended_list(desk, one)}


# ------------------------------------------------------------ cancel and replace


def cancel_replace(ask: Ask) -> dict[str, Any]:
    """Cancel one order and place another: POST order/cancelReplace, order.cancelReplace.

    Filters and the order count are looked at before anything is done. Raises ApiError -2021 when one half was done, -2022
    when none was, with both halves in ``data``.
    """
    desk, params, unit, effects = ask.desk, ask.params, ask.unit, ask.effects
    mode = choice(params, "cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"))
    if mode is None:
        raise malformed("cancelReplaceMode")
    exceeded = choice(params, "orderRateLimitExceededMode", ("DO_NOTHING", "CANCEL_ONLY"), "DO_NOTHING")
    wanted = check_order(desk, params)
    live = desk.find(wanted.terms, params, "cancelOrderId", "cancelOrigClientOrderId")
    over = _order_limit(desk)
    if over is not None and exceeded == "DO_NOTHING":
        raise over
    cancel_id = client_id(params, "cancelNewClientOrderId")
    racing = effects if effects is not None and effects.fill_on_cancel else None
    told: dict[str, Any] = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS"}
    try:
        told["cancelResponse"] = _cancel(desk, live, params, cancel_id, unit, racing)
    except ApiError as error:
        told["cancelResult"], told["cancelResponse"] = "FAILURE", error.body()
    stops = told["cancelResult"] == "FAILURE" and mode == "STOP_ON_FAILURE"
    told |= {"newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None} if stops else _new_half(
        desk, wanted, over, unit, effects
    )
    return _halves(told, over)


def _new_half(desk: Desk, wanted: Wanted, over: ApiError | None, unit: int, effects: Effects | None) -> dict[str, Any]:
    if over is not None:
        return {"newOrderResult": "FAILURE", "newOrderResponse": {"code": over.code, "msg": over.msg}}
    try:
        return {"newOrderResult": "SUCCESS", "newOrderResponse": put(desk, wanted, unit, effects)}
    except ApiError as error:
        return {"newOrderResult": "FAILURE", "newOrderResponse": error.body()}


def _order_limit(desk: Desk) -> ApiError | None:
    try:
        desk.limits.admit_orders(1, desk.venue.now_ns())
    except ApiError as error:
        return error
    return None


def _halves(told: dict[str, Any], over: ApiError | None) -> dict[str, Any]:
    done = [told[name] == "SUCCESS" for name in ("cancelResult", "newOrderResult")]
    if all(done):
        return told
    code = -2021 if any(done) else -2022
    if over is not None:
        limit = too_many("", 1, 0)
        raise ApiError(code, status=429, data=told, headers={**limit.headers, **over.headers})
    raise ApiError(code, data=told)
