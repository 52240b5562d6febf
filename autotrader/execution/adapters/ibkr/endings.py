"""Whether an order's terms are those that we sent, and whether its time in force has ended it (pure)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from autotrader.execution.adapters.ibkr.messages import OrderTerms
from autotrader.execution.adapters.ibkr.registry import Known
from autotrader.model import TimeInForce

__all__ = ["MOMENTARY", "is_over", "last_terms", "same_terms"]

SECOND: Final = 1_000_000_000
MOMENTARY: Final = ("IOC", "FOK")


def same_terms(ours: OrderTerms, theirs: OrderTerms) -> bool:
    """Compare quantity, and prices where we set one: TWS fills in what we left out."""
    pairs: tuple[tuple[Decimal | None, Decimal | None], ...] = (
        (ours.quantity, theirs.quantity), (ours.limit_price, theirs.limit_price),
        (ours.aux_price if ours.order_type != "TRAIL" else None, theirs.aux_price),
    )
    return all(mine is None or its is None or mine == its for mine, its in pairs)


def last_terms(known: Known, shown: OrderTerms) -> tuple[Decimal | None, Decimal | None]:
    """Return quantity and price that an order ended with, as the list of completed orders shows them; None where it does not.

    There the quantity of a filled order is 0, and terms that TWS refused may be those shown: neither is taken.
    """
    if not shown.quantity or (known.refused is not None and same_terms(known.refused, shown)):
        return None, None
    priced = known.order is not None and known.order.price is not None
    return shown.quantity, shown.limit_price if priced else None


def is_over(known: Known, recv_ns: int) -> bool:
    """Say whether an order that TWS ended has ended by its time in force."""
    order, terms = known.order, known.terms
    if known.cancelling or order is None or terms is None:
        return False
    if terms.time_in_force in MOMENTARY:
        return True
    return order.time_in_force is TimeInForce.GTD and order.expires_ns is not None and recv_ns + SECOND >= order.expires_ns
