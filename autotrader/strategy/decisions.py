"""From a strategy's decision to the command that the order manager gets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from autotrader.errors import InvalidOrder, Refused
from autotrader.messages import CancelOrder, ModifyOrder, OrderDenied, RequestRefused, SubmitOrder
from autotrader.model import ZERO, Action, ClientOrderIds, ExecutionDecision, Order, OrderType, Side, TimeInForce
from autotrader.strategy.symbols import Symbols

__all__ = ["Command", "Desk", "command_of"]

Command = SubmitOrder | CancelOrder | ModifyOrder | OrderDenied | RequestRefused


class Desk(msgspec.Struct):
    """What turns one strategy's decisions into orders: ids and account per venue, positions by (venue, symbol)."""

    strategy: str
    symbols: Symbols
    ids: Mapping[str, ClientOrderIds]
    accounts: Mapping[str, str]
    positions: Mapping[tuple[str, str], Decimal]


def command_of(decision: ExecutionDecision, desk: Desk, created_ns: int, decided_ns: int) -> Command | None:
    """Return the command, None for HOLD. ``created_ns`` is engine time, ``decided_ns`` the wall's monotonic time.

    What cannot become a command is an ``OrderDenied`` (``RequestRefused`` for a cancel or a modify) with a code:
    AMBIGUOUS_VENUE, UNKNOWN_SYMBOL, UNKNOWN_VENUE, NO_SIZE, NO_PRICE, NO_STOP_PRICE, NO_TRAIL, NO_EXPIRY, PRICE_UNUSED,
    NOTHING_TO_CLOSE, NO_ORDER_ID. A cancel or modify goes to the order manager, who knows best whether the order still stands.
    """
    action = decision.action
    if action is Action.BUY or action is Action.SELL or action is Action.CLOSE:
        try:
            return SubmitOrder(_order(decision, desk, created_ns, decided_ns))
        except Refused as no:
            return _denied(decision, desk, created_ns, decided_ns, no)
    if action is Action.HOLD:
        return None
    return _request(decision, desk)


def _order(decision: ExecutionDecision, desk: Desk, created_ns: int, decided_ns: int) -> Order:
    venue, symbol = desk.symbols.route(decision.symbol, decision.venue)
    ids = desk.ids.get(venue)
    if ids is None:
        raise InvalidOrder(f"{venue} is not connected for orders", code="UNKNOWN_VENUE")
    size = decision.size
    if decision.action is Action.CLOSE:
        side, quantity, reduce_only = _closing(decision, desk, venue, symbol)
    elif size is None or size <= 0:
        raise InvalidOrder(f"{decision.action} {symbol} needs a size above zero, not {size}", code="NO_SIZE")
    else:
        side, quantity, reduce_only = _SIDES[decision.action], size, decision.reduce_only
    kind, time_in_force, price = decision.order_type, decision.time_in_force, decision.limit_price
    if kind is not OrderType.MARKET or price is not None or time_in_force is TimeInForce.GTD:
        _check_prices(decision)
    return Order(  # in the order of its fields: by name it takes half as long again
        ids.next(), venue, desk.accounts.get(venue, ""), symbol, side, kind, quantity, time_in_force, price,
        decision.stop_price, decision.trail, decision.expires_ns, decision.post_only, reduce_only, desk.strategy, decision.tag,
        created_ns, decided_ns,
    )


def _closing(decision: ExecutionDecision, desk: Desk, venue: str, symbol: str) -> tuple[Side, Decimal, bool]:
    """Return side, quantity and reduce-only of what flattens the position, ``size`` of it at most."""
    position = desk.positions.get((venue, symbol), ZERO)
    if not position:
        raise InvalidOrder(f"there is no position in {symbol} at {venue} to close", code="NOTHING_TO_CLOSE")
    if decision.size is not None and decision.size <= 0:
        raise InvalidOrder(f"CLOSE {symbol} of {decision.size} closes nothing", code="NO_SIZE")
    held = abs(position)
    return (Side.SELL if position > 0 else Side.BUY), (held if decision.size is None else min(held, decision.size)), True


_SIDES = {Action.BUY: Side.BUY, Action.SELL: Side.SELL}
_LIMITS = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


def _check_prices(decision: ExecutionDecision) -> None:
    kind = decision.order_type
    if kind in _LIMITS and decision.limit_price is None:
        raise InvalidOrder(f"a {kind} order needs limit_price", code="NO_PRICE")
    if kind not in _LIMITS and decision.limit_price is not None:
        raise InvalidOrder(f"a {kind} order takes no limit_price; order_type='LIMIT' does", code="PRICE_UNUSED")
    if kind in _STOPS and decision.stop_price is None:
        raise InvalidOrder(f"a {kind} order needs stop_price", code="NO_STOP_PRICE")
    if kind is OrderType.TRAILING_STOP and decision.trail is None:
        raise InvalidOrder("a TRAILING_STOP order needs trail, the distance in the quote currency", code="NO_TRAIL")
    if decision.time_in_force is TimeInForce.GTD and decision.expires_ns is None:
        raise InvalidOrder("time in force GTD needs expires_ns", code="NO_EXPIRY")


def _denied(decision: ExecutionDecision, desk: Desk, created_ns: int, decided_ns: int, no: Refused) -> OrderDenied:
    """Put our own no on record as an order that never was: at the venue meant, else the first one that fits, else any."""
    named = (decision.venue, *desk.symbols.venues_of(decision.symbol), *desk.ids)
    venue = next((one for one in named if one in desk.ids), None)
    side = Side.SELL if decision.action in (Action.SELL, Action.CLOSE) else Side.BUY
    order = Order(
        client_order_id=desk.ids[venue].next() if venue is not None else "", venue=venue or "", symbol=decision.symbol,
        account=desk.accounts.get(venue or "", ""), side=side, type=decision.order_type, quantity=decision.size or ZERO,
        time_in_force=decision.time_in_force, price=decision.limit_price, stop_price=decision.stop_price, trail=decision.trail,
        strategy=desk.strategy, tag=decision.tag, created_ns=created_ns, decided_ns=decided_ns,
    )
    return OrderDenied(order=order, ts_ns=created_ns, reason_code=no.code, reason=str(no))


def _request(decision: ExecutionDecision, desk: Desk) -> Command:
    by, order_id = desk.strategy, decision.order_id
    if not order_id:
        return RequestRefused(client_order_id="", request=decision.action.lower(), reason_code="NO_ORDER_ID", by=by,
                              reason=f"{decision.action} needs order_id, the client_order_id of one of snapshot.open_orders")
    if decision.action is Action.CANCEL:
        return CancelOrder(client_order_id=order_id, by=by)
    return ModifyOrder(client_order_id=order_id, by=by, quantity=decision.size, price=decision.limit_price,
                       stop_price=decision.stop_price)
