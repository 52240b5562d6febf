"""What the exchange looks at before it takes an order: terms that cannot be right, by code and sentence."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from autotrader.model import ZERO, Order, OrderType, TimeInForce
from autotrader.simulator.books import Book
from autotrader.simulator.special import special_of

__all__ = ["Refusal", "check_notional", "check_prices", "check_quantity", "check_terms"]

Refusal = tuple[str, str]
"""(code, sentence)."""

_MARKET, _LIMIT, _TRAILING = OrderType.MARKET, OrderType.LIMIT, OrderType.TRAILING_STOP
_PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Say whether ``value`` is a whole number of steps; False as well when it is too long to tell."""
    try:
        return not value % step
    except InvalidOperation:
        return False


def check_quantity(quantity: Decimal, book: Book) -> Refusal | None:
    """Look at a quantity alone."""
    instrument = book.instrument
    if not quantity.is_finite() or quantity <= ZERO:
        return "BAD_QUANTITY", f"quantity {quantity} is not above zero"
    if not is_multiple(quantity, book.lot):
        return "LOT_SIZE", f"quantity {quantity:f} is not a multiple of {book.lot:f}"
    if instrument.min_quantity is not None and quantity < instrument.min_quantity:
        return "MIN_QUANTITY", f"quantity {quantity:f} is below {instrument.min_quantity:f}"
    if instrument.max_quantity is not None and quantity > instrument.max_quantity:
        return "MAX_QUANTITY", f"quantity {quantity:f} is above {instrument.max_quantity:f}"
    return None


def check_prices(book: Book, **prices: Decimal | None) -> Refusal | None:
    """Look at prices alone; None is one that was not given."""
    for name, price in prices.items():
        if price is None:
            continue
        if not price.is_finite() or price <= 0:
            return "BAD_PRICE", f"{name} {price} is not above zero"
        if not is_multiple(price, book.tick):
            return "TICK_SIZE", f"{name} {price:f} is not a multiple of {book.tick:f}"
    return None


def _check_type(order: Order, book: Book) -> Refusal | None:
    kind = order.type
    if kind in _PRICED and order.price is None:
        return "BAD_PRICE", f"a {kind} order needs a price"
    if kind in _STOPPED and order.stop_price is None and special_of(order).trail_bps is None:
        return "BAD_PRICE", f"a {kind} order needs a stop price"
    if kind is _TRAILING and (order.trail is None or order.trail <= 0):
        return "BAD_PRICE", "a TRAILING_STOP order needs a trail above zero"
    if order.post_only and kind is not _LIMIT:
        return "BAD_TYPE", f"post-only goes with LIMIT, not {kind}"
    return check_prices(book, price=order.price, stop_price=order.stop_price, trail=order.trail)


def _check_time(order: Order, now_ns: int) -> Refusal | None:
    tif = order.time_in_force
    if tif is TimeInForce.GTD and (order.expires_ns is None or order.expires_ns <= now_ns):
        return "BAD_EXPIRY", "a GTD order needs a time to come"
    if order.post_only and tif in (TimeInForce.IOC, TimeInForce.FOK):
        return "BAD_TYPE", f"post-only cannot be {tif}"
    return None


def check_terms(order: Order, book: Book, now_ns: int) -> Refusal | None:
    """Look at the order's own terms; what they cost and whom they meet is the exchange's to judge."""
    refusal = check_quantity(order.quantity, book)
    if refusal is not None or order.type is _MARKET:
        return refusal
    return _check_type(order, book) or _check_time(order, now_ns)


def check_notional(quantity: Decimal, price: Decimal, book: Book) -> Refusal | None:
    """Look at what the order is worth."""
    least = book.min_notional
    if least is not None and quantity * price * book.multiplier < least:
        return "MIN_NOTIONAL", f"{quantity:f} at {price:f} is worth less than {least:f} {book.quote}"
    return None
