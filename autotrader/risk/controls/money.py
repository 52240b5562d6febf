"""Controls 11, 17 and 18: funds for the worst case, the day's loss, the fall from the peak."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import Order, Side, WriteClass
from autotrader.risk.controls.wording import deny, missing
from autotrader.risk.settings import DayLossSettings, DrawdownSettings, FundsSettings
from autotrader.risk.validity import shown
from autotrader.risk.verdicts import BreachAction, Caution, Denial, Finding
from autotrader.risk.view import View

__all__ = ["day_loss", "drawdown", "funds"]

_BUY = Side.BUY
_REDUCE = WriteClass.REDUCE


def funds(order: Order, view: View, settings: FundsSettings) -> Denial | None:
    """11. Deny what the free balance (cash) or the free margin cannot carry once all that is open is filled.

    The buffer is added to what a purchase or a margin position needs; what is sold out of holdings needs none.
    """
    if not view.is_cash:
        return _margin(order, view, settings)
    free, needed = view.free, view.needed
    if free is None or needed is None:
        return missing("funds", order, f"the balance at {order.venue}", "wait for balances and quotes")
    if order.side is _BUY:
        needed += needed * settings.buffer
    return _compare(order, view, settings, free, needed)


def day_loss(order: Order, view: View, settings: DayLossSettings) -> Finding:
    """17. Pull HALT or CANCEL at a loss since the day began, as a share of the equity then. What only reduces passes."""
    loss = view.day_loss
    if view.write_class is _REDUCE:
        return None
    if loss is None:
        return missing("day_loss", order, "the loss of the day", "wait until balances and quotes are there")
    if loss <= settings.soft_halt_share and loss < settings.cancel_share:
        return None
    if loss >= settings.cancel_share:
        return deny("day_loss", "DAY_LOSS_CANCEL", order, f"the day's loss of {loss:.4%} has reached "
                    f"{settings.cancel_share:.2%} (risk.day_loss.cancel_share)", "look, then re-arm", BreachAction.CANCEL)
    if loss >= settings.halt_share:
        return deny("day_loss", "DAY_LOSS", order, f"the day's loss of {loss:.4%} has reached {settings.halt_share:.2%} "
                    "(risk.day_loss.halt_share)", "look, then re-arm", BreachAction.HALT)
    return Caution("day_loss", loss, settings.halt_share, "risk.day_loss.halt_share")


def drawdown(order: Order, view: View, settings: DrawdownSettings) -> Finding:
    """18. Pull CANCEL at a fall from the journalled peak, as a share of the equity there. What only reduces passes."""
    fall = view.drawdown
    if view.write_class is _REDUCE:
        return None
    if fall is None:
        return missing("drawdown", order, "the fall from the peak", "wait until balances and quotes are there")
    if fall <= settings.soft_cancel_share:
        return None
    if fall >= settings.cancel_share:
        return deny("drawdown", "DRAWDOWN", order, f"the fall of {fall:.4%} from the peak has reached "
                    f"{settings.cancel_share:.2%} (risk.drawdown.cancel_share)", "look, then re-arm", BreachAction.CANCEL)
    return Caution("drawdown", fall, settings.cancel_share, "risk.drawdown.cancel_share")


def _margin(order: Order, view: View, settings: FundsSettings) -> Denial | None:
    before, after, equity = view.margin_before, view.margin_after, view.equity
    if before is None or after is None or equity is None or view.leverage is None:
        return missing("funds", order, f"the margin at {order.venue}", "wait for balances and quotes")
    added = after - before
    if added <= 0:
        return None
    return _compare(order, view, settings, equity * view.leverage - before, added + added * settings.buffer)


def _compare(order: Order, view: View, settings: FundsSettings, free: Decimal, needed: Decimal) -> Denial | None:
    if needed <= free or needed <= free + settings.credit:
        return None
    return deny("funds", "FUNDS", order, f"it needs {shown(needed)} {view.funds_asset} (risk.funds.buffer included), and "
                f"{shown(free)} is free once all that is open is filled", "order less, or cancel what is open")
