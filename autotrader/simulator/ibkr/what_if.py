"""Orders that are shown but do not stand: refused ones, and what an order would do to the account."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import ZERO
from autotrader.simulator.ibkr.contracts import ContractTerms
from autotrader.simulator.ibkr.desk import Desk
from autotrader.simulator.ibkr.order_fields import PlaceOrder
from autotrader.simulator.ibkr.translating import Translated
from autotrader.simulator.ibkr.wire_order import Margins, WireOrder

__all__ = ["inactive", "margins_of"]


def inactive(desk: Desk, asked: PlaceOrder, client_id: int, contract: ContractTerms) -> WireOrder:
    """Return an order as it was asked for, not working."""
    return WireOrder(
        order_id=asked.order_id, client_id=client_id, perm_id=0, contract=contract, exchange=asked.contract.exchange,
        action=asked.action, quantity=asked.quantity or ZERO, type=asked.type, limit_price=asked.limit_price,
        aux_price=asked.aux_price, tif=asked.tif or "DAY", account=desk.venue.account, order_ref=asked.order_ref,
        parent_id=asked.parent_id, outside_rth=asked.outside_rth, good_till=asked.good_till, status="Inactive",
    )  # fmt: skip


def margins_of(desk: Desk, found: Translated) -> Margins:
    """Return what an order would tie up, at the last price there is."""
    order, book = found.order, desk.venue.exchange.books[found.order.symbol]
    price = order.price or order.stop_price or book.mark or ZERO
    value = price * order.quantity * book.multiplier
    equity = desk.venue.funds.cash.get(found.contract.currency, ZERO)
    change = round(value * book.margin_rate, 2)
    return Margins(ZERO, change, ZERO, change, equity, ZERO, round(value * book.taker_fee, 4) + Decimal(0))
