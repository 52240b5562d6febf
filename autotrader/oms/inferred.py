"""Inferred fills: they stand in for trades that a venue has counted but not shown."""

from __future__ import annotations

from decimal import Decimal

from autotrader.messages import OrderFilled
from autotrader.model import ZERO, Fill, Liquidity
from autotrader.oms.orders import OrderRecord, inferred_id

__all__ = ["infer_fill"]


def infer_fill(record: OrderRecord) -> OrderFilled:
    """Return the fill that closes an order's gap (event 27), the same one however often it is asked for.

    Its price is what the reported average leaves for it, else the order's own price, else that of the newest fill; its fee is
    not known. The real trades replace it as they come.
    """
    order, floor = record.order, record.gap if record.gap is not None else record.filled
    quantity = floor - record.real_filled
    fill = Fill(
        inferred_id(record.client_order_id, floor), record.client_order_id, record.venue_order_id, order.venue, order.account,
        order.symbol, order.side, _price(record, floor, quantity), quantity, ZERO, "", Liquidity.TAKER,
        record.gap_since_ns, True, order.strategy,
    )
    return OrderFilled(record.client_order_id, order.venue, record.gap_since_ns, record.venue_order_id, fill=fill)


def _price(record: OrderRecord, floor: Decimal, quantity: Decimal) -> Decimal:
    real = [fill for fill in record.fills.values() if not fill.inferred]
    if record.gap_price is not None and quantity > 0:
        known = sum((fill.price * fill.quantity for fill in real), ZERO)
        price = (record.gap_price * (floor - record.adopted) - known) / quantity
        if price > 0:
            return price
    if record.price is not None:
        return record.price
    if real:
        return real[-1].price
    return record.order.cap_price or record.stop_price or ZERO
