"""Terms that some venues know and the engine's orders do not; they ride with an order through exchange and ledger. Pure."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from autotrader.model import Order

__all__ = ["PLAIN", "SelfTrade", "Special", "SpecialOrder", "special_of"]


class SelfTrade(StrEnum):
    """Whose order ends when an account would trade with itself; the taker's word counts."""

    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class Special(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """``touch``: a stop reached from the other side, as a take-profit is. ``trail_bps``: it trails the market by so much.

    A trailing one follows from the start, or once the market has come to ``trails_from``. ``prevention`` None: the newer
    order is cancelled. ``labels`` are the venue's own and mean nothing to the exchange. ``group``: orders of the same group end
    each other; empty for an order that stands alone.
    """

    touch: bool = False
    trail_bps: int | None = None
    trails_from: Decimal | None = None
    prevention: SelfTrade | None = None
    labels: dict[str, str] = {}
    group: str = ""


PLAIN = Special()


class SpecialOrder(Order, frozen=True, gc=False):
    """An order with special terms."""

    special: Special = PLAIN


def special_of(order: Order) -> Special:
    """Return an order's special terms; those of any other order are ``PLAIN``."""
    return order.special if isinstance(order, SpecialOrder) else PLAIN
