"""A trailing distance in the quote currency as the venue's basis points, and which stop type triggers where."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from autotrader.errors import InvalidOrder
from autotrader.model import Order, Side

__all__ = ["is_touch", "stop_family", "trailing_delta"]

BASIS_POINTS = 10_000


def trailing_delta(order: Order, reference: Decimal | None) -> int:
    """Return trailingDelta for ``order.trail``, measured at its activation price if it has one, else at ``reference``.

    The venue takes whole basis points, so the distance is rounded to the nearest one, never below one. Raises InvalidOrder
    when there is no price to measure it by.
    """
    price = order.stop_price or reference
    if order.trail is None or not order.trail.is_finite() or order.trail <= 0:
        raise InvalidOrder("a trailing stop needs its distance (trail)", code="NO_TRAIL")
    if price is None or not price.is_finite() or price <= 0:
        raise InvalidOrder(
            "Binance trails in basis points: without a price of the market or an activation price the distance cannot be"
            " converted", code="NO_REFERENCE_PRICE",
        )
    delta = (order.trail / price * BASIS_POINTS).to_integral_value(ROUND_HALF_UP)
    return max(int(delta), 1)


def is_touch(side: Side, stop_price: Decimal, reference: Decimal | None) -> bool:
    """Say whether the trigger lies where TAKE_PROFIT has it: below the market for a BUY, above it for a SELL (section 3)."""
    if reference is None:
        return False
    return stop_price < reference if side is Side.BUY else stop_price > reference


def stop_family(order: Order, reference: Decimal | None, touch_orders: bool) -> str:
    """Return STOP_LOSS, or TAKE_PROFIT where the settings let a trigger on the other side of the market go out as one."""
    touches = touch_orders and order.stop_price is not None and is_touch(order.side, order.stop_price, reference)
    return "TAKE_PROFIT" if touches else "STOP_LOSS"
