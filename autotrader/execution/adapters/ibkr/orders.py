"""Our orders in TWS's words, and TWS's words in ours (pure).

What the model has no word for is asked by the order's tag, as ``ibkr:`` and words joined by ``+``: ``MOC`` and ``LOC`` (at the
close), ``OPG`` (at the open), ``OUTSIDE_RTH`` and ``REGULAR`` (outside hours, or not, whatever the setting says). IB has no
post-only; reduce-only is ours to see to, and nothing of it goes on the wire. Source: ibkr.md section 5.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

import msgspec

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.ibkr.messages import Contract, OrderTerms
from autotrader.execution.adapters.ibkr.times import format_utc
from autotrader.model import Order, OrderType, Side, TimeInForce

__all__ = ["TAG", "Meaning", "meaning_of", "new_terms", "snap", "terms_of"]

TAG: Final = "ibkr:"
_WISHES: Final = frozenset({"MOC", "LOC", "OPG", "OUTSIDE_RTH", "REGULAR"})
_LONGEST_REF: Final = 40
_TYPES: Final = {
    OrderType.MARKET: "MKT", OrderType.LIMIT: "LMT", OrderType.STOP: "STP", OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
}  # fmt: skip
_TIFS: Final = {one.value: one for one in TimeInForce}
_FRACTIONAL: Final = ("CASH", "CRYPTO")


class Meaning(msgspec.Struct, frozen=True):
    """An order's terms in our words; ``exact`` False where TWS's say more (REL, PEG MID, OPG, ...)."""

    type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None
    stop_price: Decimal | None
    trail: Decimal | None
    exact: bool


def terms_of(order: Order, contract: Contract, *, tick: Decimal | None = None, outside_rth: bool = False) -> OrderTerms:
    """Return what to place; raises InvalidOrder for what IB cannot do, with a code that says what.

    A MARKET order with a cap is a LIMIT that takes what is there up to the cap, put on ``tick`` and never beyond the cap.
    """
    wishes = _wishes(order)
    _refuse(order, contract, wishes)
    kind, limit, word = _kind(order, wishes, tick)
    expires = order.expires_ns if order.time_in_force is TimeInForce.GTD else None
    return OrderTerms(
        action=order.side.value, quantity=order.quantity, order_type=kind, limit_price=limit, aux_price=_trigger(order),
        time_in_force=word, good_till="" if expires is None else format_utc(expires), account=order.account,
        order_ref=order.client_order_id, outside_rth=_outside(outside_rth, wishes),
        trail_stop_price=order.stop_price if order.type is OrderType.TRAILING_STOP else None,
    )  # fmt: skip


def new_terms(
    terms: OrderTerms, quantity: Decimal, price: Decimal | None = None, stop_price: Decimal | None = None
) -> OrderTerms:
    """Return the terms of a modification: a new total quantity and prices, None leaves a price; nothing else can change."""
    changed = msgspec.structs.replace(terms, quantity=quantity)
    if price is not None:
        changed = msgspec.structs.replace(changed, limit_price=price)
    if stop_price is None:
        return changed
    if terms.order_type == "TRAIL":
        return msgspec.structs.replace(changed, trail_stop_price=stop_price)
    return msgspec.structs.replace(changed, aux_price=stop_price)


def meaning_of(terms: OrderTerms) -> Meaning:
    """Return TWS's terms in our words, for orders that are not ours: what has a limit is a LIMIT, else MARKET."""
    kinds = {word: kind for kind, word in _TYPES.items()}
    kind = kinds.get(terms.order_type)
    exact = kind is not None
    if kind is None:
        kind = OrderType.LIMIT if terms.limit_price else OrderType.MARKET
    word = _TIFS.get(terms.time_in_force)
    exact = exact and word is not None
    limit = terms.limit_price if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None
    stop = terms.aux_price if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else None
    if kind is OrderType.TRAILING_STOP:
        stop = terms.trail_stop_price or None
    trail = terms.aux_price or None if kind is OrderType.TRAILING_STOP else None
    return Meaning(kind, word or TimeInForce.DAY, limit, stop, trail, exact)


def snap(price: Decimal, side: Side, tick: Decimal | None) -> Decimal:
    """Put a price on the tick, never on the worse side of what was meant: a BUY is floored, a SELL is raised."""
    if not tick:
        return price
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return (price / tick).to_integral_value(rounding) * tick


def _wishes(order: Order) -> frozenset[str]:
    if order.tag is None or not order.tag.startswith(TAG):
        return frozenset()
    words = frozenset(order.tag.removeprefix(TAG).split("+"))
    if strange := words - _WISHES:
        raise InvalidOrder(f"tag {order.tag!r}: {', '.join(sorted(strange))} is none of {', '.join(sorted(_WISHES))}")
    if len(words & {"MOC", "LOC", "OPG"}) > 1 or {"OUTSIDE_RTH", "REGULAR"} <= words:
        raise InvalidOrder(f"tag {order.tag!r} asks for what excludes each other")
    return words


def _refuse(order: Order, contract: Contract, wishes: frozenset[str]) -> None:
    if order.post_only:
        raise InvalidOrder("Interactive Brokers has no post-only orders", code="NO_POST_ONLY")
    if order.quantity != order.quantity.to_integral_value() and contract.sec_type not in _FRACTIONAL:
        raise InvalidOrder(f"{order.symbol} is traded in whole units, not {order.quantity}", code="NO_FRACTIONS")
    ref = order.client_order_id
    if not 0 < len(ref) <= _LONGEST_REF or not ref.isascii() or not ref.isprintable():
        raise InvalidOrder(f"client order id {ref[:50]!r}: up to {_LONGEST_REF} printable ASCII characters are carried")
    tif = order.time_in_force
    if tif is TimeInForce.GTD and order.expires_ns is None:
        raise InvalidOrder("a GTD order needs the time at which it expires", code="NO_EXPIRY")
    if tif in (TimeInForce.IOC, TimeInForce.FOK) and order.type not in (OrderType.LIMIT, OrderType.MARKET):
        raise InvalidOrder(f"Interactive Brokers has no {order.type} that is {tif}", code=f"NO_{tif}")
    if tif is TimeInForce.FOK and order.type is OrderType.MARKET and order.cap_price is None:
        raise InvalidOrder("Interactive Brokers has no MARKET order that is FOK: use LIMIT, or a cap price", code="NO_FOK")
    if wishes & {"MOC", "LOC", "OPG"}:
        _refuse_session(order, wishes)


def _refuse_session(order: Order, wishes: frozenset[str]) -> None:
    """Refuse what closing and opening orders cannot be: they want regular hours, and die with the day."""
    word = next(iter(wishes & {"MOC", "LOC", "OPG"}))
    right = {"MOC": (OrderType.MARKET,), "LOC": (OrderType.LIMIT,), "OPG": (OrderType.MARKET, OrderType.LIMIT)}[word]
    if order.type not in right:
        raise InvalidOrder(f"{word} is for {' or '.join(right)}, not for {order.type}", code=f"NO_{word}")
    if order.time_in_force is not TimeInForce.DAY:
        raise InvalidOrder(f"{word} needs the time in force DAY, not {order.time_in_force}", code=f"NO_{word}")
    if "OUTSIDE_RTH" in wishes:
        raise InvalidOrder(f"{word} is for regular hours", code=f"NO_{word}")


def _kind(order: Order, wishes: frozenset[str], tick: Decimal | None) -> tuple[str, Decimal | None, str]:
    """Return order type, limit price and time in force."""
    word = "OPG" if "OPG" in wishes else order.time_in_force.value
    if order.type is OrderType.MARKET and order.cap_price is not None:
        cap = snap(order.cap_price, order.side, tick)
        if cap <= 0:
            raise InvalidOrder(f"the cap price {order.cap_price} is below one tick of {order.symbol}", code="NO_CAP_PRICE")
        if "MOC" in wishes:
            return "LOC", cap, word
        return "LMT", cap, word if word in ("FOK", "OPG") else "IOC"
    if "MOC" in wishes:
        return "MOC", None, word
    if "LOC" in wishes:
        return "LOC", _there(order, order.price, "price"), word
    limit = order.price if order.type in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None
    if order.type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        limit = _there(order, order.price, "price")
    return _TYPES[order.type], limit, word


def _trigger(order: Order) -> Decimal | None:
    if order.type in (OrderType.STOP, OrderType.STOP_LIMIT):
        return _there(order, order.stop_price, "stop price")
    return _there(order, order.trail, "trail") if order.type is OrderType.TRAILING_STOP else None


def _there(order: Order, value: Decimal | None, name: str) -> Decimal:
    if value is None or not value.is_finite():
        raise InvalidOrder(f"a {order.type} order needs a {name}, not {value}")
    return value


def _outside(setting: bool, wishes: frozenset[str]) -> bool:
    if wishes & {"MOC", "LOC", "OPG", "REGULAR"}:
        return False
    return setting or "OUTSIDE_RTH" in wishes
