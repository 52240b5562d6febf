"""Orders at the venue that are not ours: adopted, counted, never touched."""

from __future__ import annotations

from autotrader.messages import OrderAdopted, OrderFilled
from autotrader.model import ZERO, Order, OrderState, OrderType

__all__ = ["adopted_from_fill"]


def adopted_from_fill(event: OrderFilled) -> OrderAdopted:
    """Make the order behind a trade of which nothing else is known, so that the trade is counted."""
    fill = event.fill
    order_id = fill.client_order_id or f"foreign-{fill.venue_order_id or fill.trade_id}"
    order = Order(
        order_id, fill.venue, fill.account, fill.symbol, fill.side, OrderType.MARKET, fill.quantity, created_ns=fill.ts_ns
    )
    return OrderAdopted(order, fill.venue_order_id or "", OrderState.OPEN, ZERO, event.ts_ns)
