"""Orders that depend on others: children on their parent, the orders of a one-cancels-all group on each other (ibkr.md 4.7).

What follows from a trade or an end follows at the venue's next tick. The loop's thread.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Final

from autotrader.model import ZERO, OrderState
from autotrader.simulator.events import BookOrder, Canceled, Event, Expired, Filled
from autotrader.simulator.ibkr.desk import Desk, owner_of
from autotrader.simulator.special import special_of

__all__ = ["Families"]

_OPEN: Final = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
ANY_FILL: Final = "1"
"""The kind of group in which the first trade ends the others; in the other kinds it makes them smaller."""


class Families:
    """Listens to what happens, and acts on relatives."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.venue.on_change.append(self._on_change)
        for live in desk.venue.orders(open_only=True):
            parent = self._parent(live)
            if parent is not None and parent.state is OrderState.FILLED:
                desk.venue.tws.released.add(live.venue_order_id)

    def _on_change(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Filled():
                    self._desk.venue.later(0, partial(self._traded, event.live, event.fill.quantity))
                case Canceled() | Expired():
                    self._desk.venue.later(0, partial(self._ended, event.live))
                case _:
                    pass

    # ------------------------------------------------------------ who belongs to whom

    def _parent(self, live: BookOrder) -> BookOrder | None:
        number = special_of(live.order).labels.get("parent")
        return None if number is None else self._desk.find(owner_of(live.order)[0], int(number))

    def _children(self, live: BookOrder) -> list[BookOrder]:
        client_id, order_id = owner_of(live.order)
        if not order_id:
            return []
        return [
            one for one in self._desk.venue.orders(open_only=True)
            if owner_of(one.order)[0] == client_id and special_of(one.order).labels.get("parent") == str(order_id)
        ]  # fmt: skip

    def _rivals(self, live: BookOrder) -> list[BookOrder]:
        """Return the open orders that a trade of this one leaves less for."""
        labels = special_of(live.order).labels
        parent, group = self._parent(live), labels.get("oca")
        found = [] if parent is None else self._children(parent)
        if group:
            standing = self._desk.venue.orders(open_only=True)
            found += [one for one in standing if special_of(one.order).labels.get("oca") == group]
        return [one for key, one in {one.venue_order_id: one for one in found}.items() if key != live.venue_order_id]

    # ------------------------------------------------------------ what follows

    def _traded(self, live: BookOrder, quantity: Decimal) -> None:
        if live.state is OrderState.FILLED:
            for child in self._children(live):
                self._desk.venue.release(child)
        first_takes_all = special_of(live.order).labels.get("oca_type") == ANY_FILL
        for rival in self._rivals(live):
            self._make_smaller(rival, rival.remaining if first_takes_all else quantity)

    def _make_smaller(self, live: BookOrder, quantity: Decimal) -> None:
        if live.state not in _OPEN:
            return
        if live.remaining - quantity <= ZERO:
            self._desk.venue.cancel(live.venue_order_id)
        else:
            self._desk.venue.amend(live.venue_order_id, quantity=live.quantity - quantity)

    def _ended(self, live: BookOrder) -> None:
        for child in self._children(live):
            self._desk.venue.cancel(child.venue_order_id)
