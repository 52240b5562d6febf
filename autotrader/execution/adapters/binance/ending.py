"""When an order ends whose time in force the venue does not have: the adapter sends it as GTC and cancels it then (pure)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from autotrader.errors import InvalidOrder
from autotrader.model import Order, TimeInForce

__all__ = ["end_of"]

DAY_NS: Final = 86_400 * 1_000_000_000


def end_of(order: Order, emulated: Collection[TimeInForce], now_ns: int) -> int | None:
    """Return when the adapter has to cancel the order, in ns since the epoch; None: never.

    A day is the venue's, which is UTC's. Raises InvalidOrder for a GTD order that names no end or one that is past.
    """
    if order.time_in_force not in emulated:
        return None
    if order.time_in_force is TimeInForce.DAY:
        return (now_ns // DAY_NS + 1) * DAY_NS
    if order.expires_ns is None:
        raise InvalidOrder("a GTD order needs expires_ns", code="NO_EXPIRY")
    if order.expires_ns <= now_ns:
        raise InvalidOrder("a GTD order must end in the future", code="EXPIRED_BEFORE_SENT")
    return order.expires_ns
