"""How a denial reads: which order, the figure, the limit and its key, what to do."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import Order
from autotrader.risk.settings import SOFT_BAND
from autotrader.risk.validity import shown
from autotrader.risk.verdicts import BreachAction, Caution, Denial

__all__ = ["deny", "judge", "missing"]


def deny(
    control: str, code: str, order: Order, what: str, todo: str, action: BreachAction = BreachAction.DENY
) -> Denial:
    """Word a denial of one order."""
    text = f"{order.side} {shown(order.quantity)} {order.symbol} ({order.client_order_id}): {what}; {todo}"
    return Denial(control, code, text, action)


def missing(control: str, order: Order, what: str, todo: str = "wait for it") -> Denial:
    """Word the denial for an input that is not there: the code is the control's name and ``_UNKNOWN``."""
    return deny(control, f"{control.upper()}_UNKNOWN", order, f"{what} is not known", todo)


def judge(
    control: str, order: Order, figure: Decimal, limit: Decimal, key: str, what: tuple[object, ...], todo: str
) -> Denial | Caution | None:
    """Compare a figure with its limit: past it a denial, past 80 % of it a caution. ``what`` is put into words only then."""
    if figure > limit:
        text = f"{' '.join(str(word) for word in what)} {shown(_cents(figure))} is over {shown(_cents(limit))} ({key})"
        return deny(control, control.upper(), order, text, todo)
    if figure > limit * SOFT_BAND:
        return Caution(control, figure, limit, key)
    return None


def _cents(value: Decimal) -> Decimal:
    return value if abs(value.adjusted()) > 20 else round(value, 8).normalize()
