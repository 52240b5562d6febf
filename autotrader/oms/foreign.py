"""Orders at the venue that are not ours: adopted, counted, never touched. One with our own tag halts the venue."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import structs

from autotrader.messages import OrderAdopted, OrderEvent, OrderFilled, OrderReplaced
from autotrader.model import ZERO, KillLevel, Order, OrderState, OrderType
from autotrader.oms.venue_ids import foreign_id, naming_of

if TYPE_CHECKING:
    from autotrader.oms.floor import Floor

__all__ = ["Strangers", "adopted_from_fill"]

KEPT = 256


def adopted_from_fill(event: OrderFilled) -> OrderAdopted:
    """Make the order behind a trade of which nothing else is known, so that the trade is counted."""
    fill = event.fill
    name, _, venue_id, symbol = naming_of(event)
    name = name or foreign_id(fill.venue, symbol, venue_id or fill.trade_id)
    order = Order(
        name, fill.venue, fill.account, symbol, fill.side, OrderType.MARKET, fill.quantity, created_ns=fill.ts_ns
    )
    return OrderAdopted(order, venue_id or "", OrderState.OPEN, ZERO, event.ts_ns)


class Strangers:
    """What a floor does about orders that are on no record."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._told: deque[tuple[str, str]] = deque(maxlen=KEPT)

    def adopt(self, event: OrderFilled) -> OrderFilled:
        """Take in the order behind a trade; return the trade under the name that the order has here."""
        adopted = adopted_from_fill(event)
        self._floor.record(adopted)
        order = adopted.order
        if self._floor.hooks.is_own(order.client_order_id, order.venue):
            self._halt(order.client_order_id, order.venue)
        self._floor.look_soon(order.venue)
        return structs.replace(event, client_order_id=order.client_order_id)

    def meet(self, event: OrderEvent) -> None:
        """Have the venue show an order that only now is heard of, and say so once."""
        name = (event.venue, event.client_order_id or event.venue_order_id or "")
        if name not in self._told:
            self._told.append(name)
            if event.client_order_id and self._floor.hooks.is_own(event.client_order_id, event.venue):
                self._halt(event.client_order_id, event.venue)
            else:
                self._floor.alarm("UNKNOWN_ORDER", f"{type(event).__name__} for an order not on record: {name[1]}", event)
        self._floor.look_soon(event.venue)

    def make_room(self, event: OrderFilled) -> None:
        """Let a foreign order that is known by its trades alone grow with them: that is no overfill."""
        fill = event.fill
        record = self._floor.books.find(*naming_of(event))
        if record is None or not record.foreign or fill.trade_id in record.fills:
            return
        total = record.total_with(fill)
        if total > record.quantity:
            name = record.client_order_id
            self._floor.record(OrderReplaced(name, event.venue, event.ts_ns, record.venue_order_id, total, asked=False))

    def _halt(self, client_order_id: str, venue: str) -> None:
        reason = f"order {client_order_id} carries this engine's tag and is not in the journal"
        text = f"{venue} is halted: {reason}: look for a lost journal or a second engine"
        self._floor.alarm("OWN_UNKNOWN", text, venue=venue)
        self._floor.block(venue, "", reason, until_operator=True)
        self._floor.hooks.kill(KillLevel.HALT, venue, reason)
