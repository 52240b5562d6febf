"""Whether an order can be right at all, before any limit is asked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from autotrader.model import Order, OrderType, Side, TimeInForce
from autotrader.risk.verdicts import Denial

__all__ = ["find_fault", "shown"]

LARGEST_EXPONENT = 15
SMALLEST_EXPONENT = -18

_MARKET, _LIMIT, _STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
_STOP_LIMIT, _TRAILING = OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
_GTC, _GTD = TimeInForce.GTC, TimeInForce.GTD
_LEAST, _MOST = Decimal(10) ** SMALLEST_EXPONENT, Decimal(10) ** (LARGEST_EXPONENT + 1)
_MOMENTARY = (TimeInForce.IOC, TimeInForce.FOK)


def find_fault(order: Order, now_ns: int) -> Denial | None:
    """Return what is wrong with the order by itself, naming the field and what was expected; None when it can be right."""
    fault = _wrong_number("quantity", order.quantity) or _wrong_words(order) or _wrong_prices(order)
    if fault is None and (order.time_in_force is not _GTC or order.expires_ns is not None):
        fault = _wrong_time(order, now_ns)
    if fault is None and order.post_only and (order.type is not _LIMIT or order.time_in_force in _MOMENTARY):
        fault = f"post_only is for LIMIT orders that rest, not for {order.type} {order.time_in_force}"
    if fault is None:
        return None
    return Denial("validity", "INVALID_ORDER", f"order {order.client_order_id}: {fault}")


def shown(value: object) -> str:
    """Write a figure for a person; a huge one in short."""
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > 40:
            return str(value)[:40]
        return format(value, "f")[:60]
    return repr(value)[:60]


def _wrong_number(name: str, value: object) -> str | None:
    if type(value) is not Decimal:
        return f"{name} must be a Decimal, not {type(value).__name__} {shown(value)}"
    try:
        if _LEAST <= value < _MOST:
            return None
    except InvalidOperation:  # not a number
        return f"{name} must be a number, not {shown(value)}"
    if value <= 0:
        return f"{name} must be above zero, not {shown(value)}"
    return f"{name} must be from 1e{SMALLEST_EXPONENT} to below 1e{LARGEST_EXPONENT + 1}, not {shown(value)}"


def _wrong_words(order: Order) -> str | None:
    if type(order.side) is not Side:
        return f"side must be BUY or SELL, not {shown(order.side)}"
    if type(order.type) is not OrderType:
        return f"type must be one of {', '.join(OrderType)}, not {shown(order.type)}"
    if type(order.time_in_force) is not TimeInForce:
        return f"time_in_force must be one of {', '.join(TimeInForce)}, not {shown(order.time_in_force)}"
    if not (order.client_order_id and order.venue and order.symbol):
        return "client_order_id, venue and symbol must not be empty"
    return None


def _required(name: str, value: object, kind: OrderType) -> str | None:
    return f"{name} is needed for a {kind} order" if value is None else _wrong_number(name, value)


def _forbidden(name: str, value: object, kind: OrderType) -> str | None:
    return None if value is None else f"{name} has no meaning for a {kind} order; leave it out"


def _optional(name: str, value: object, kind: OrderType) -> str | None:
    del kind
    return None if value is None else _wrong_number(name, value)


_Rule = Callable[[str, object, OrderType], str | None]
_PRICES: dict[OrderType, tuple[_Rule, _Rule, _Rule]] = {  # price, stop_price, trail
    _MARKET: (_forbidden, _forbidden, _forbidden),
    _LIMIT: (_required, _forbidden, _forbidden),
    _STOP: (_forbidden, _required, _forbidden),
    _STOP_LIMIT: (_required, _required, _forbidden),
    _TRAILING: (_forbidden, _optional, _required),
}


def _wrong_prices(order: Order) -> str | None:
    kind = order.type
    if kind is _MARKET and order.price is None and order.stop_price is None and order.trail is None:
        return None
    price, stop_price, trail = _PRICES[kind]
    fault = price("price", order.price, kind) or stop_price("stop_price", order.stop_price, kind)
    return fault or trail("trail", order.trail, kind)


def _wrong_time(order: Order, now_ns: int) -> str | None:
    force, expires = order.time_in_force, order.expires_ns
    if force is not _GTD:
        if expires is not None:
            return f"expires_ns is for GTD orders, not for {force}"
        if force in _MOMENTARY and order.type in (_STOP, _STOP_LIMIT, _TRAILING):
            return f"time_in_force {force} does not go with a {order.type} order, which has to wait"
        return None
    if order.type is _MARKET:
        return "time_in_force GTD does not go with a MARKET order, which does not wait"
    if type(expires) is not int:
        return f"expires_ns is needed for GTD, in whole nanoseconds, not {shown(expires)}"
    if expires <= now_ns:
        return f"expires_ns must lie in the future, but is {now_ns - expires} ns past"
    return None
