"""Cancels of one order and of all (ibkr.md section 4.7). The loop's thread."""

from __future__ import annotations

from autotrader.model import OrderState
from autotrader.simulator.events import RefusedRequest
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.ibkr.answers import error
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.requests import CancelOrder, GlobalCancel
from autotrader.simulator.ibkr.session import TwsSession

__all__ = ["cancel", "cancel_all"]

_OPEN = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def cancel(desk: Desk, session: TwsSession, asked: CancelOrder, effects: Effects | None) -> None:
    """Cancel one of the client's own orders, or say why not."""
    number, client_id = asked.order_id, session.client_id or 0
    if desk.waiting.pop((client_id, number), None) is not None:
        return session.say(error(number, 202, "Order Canceled - reason:"))
    live = desk.find(client_id, number)
    if live is None:
        return session.say(error(number, 10147, f"OrderId {number} that needs to be cancelled is not found."))
    if live.state in _OPEN:
        events = desk.venue.cancel(live.venue_order_id, effects)
        if not events or not isinstance(events[-1], RefusedRequest):
            return None
    text = f"OrderId {number} that needs to be cancelled cannot be cancelled, state: {desk.status_of(live)}."
    return session.say(error(number, 10148, text))


def cancel_all(desk: Desk, _session: TwsSession, _asked: GlobalCancel, effects: Effects | None) -> None:
    """Cancel whatever is open, whosoever it is."""
    desk.waiting.clear()
    for live in desk.venue.orders(open_only=True):
        desk.venue.cancel(live.venue_order_id, effects)
