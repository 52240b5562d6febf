"""One order as the books hold it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model import ZERO, Fill, Order, OrderState, OrderUpdate

__all__ = ["OrderRecord"]


class OrderRecord(msgspec.Struct, gc=False):
    """An order as it stands: mutable, owned by one ``Books``; ``update()`` gives the frozen row."""

    order: Order
    code: int = 0
    quantity: Decimal = ZERO
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    venue_order_id: str | None = None
    owed_after_ns: int | None = None
    fills: dict[str, Fill] = msgspec.field(default_factory=dict)
    foreign: bool = False
    cancel_wished: bool = False

    @property
    def client_order_id(self) -> str:
        """Return the id that this engine gave the order."""
        return self.order.client_order_id

    @property
    def state(self) -> OrderState:
        """Return the state of the life cycle."""
        raise NotImplementedError

    @property
    def is_done(self) -> bool:
        """Say whether no further request can do anything."""
        raise NotImplementedError

    @property
    def leaves(self) -> Decimal:
        """Return what may still fill: zero when done."""
        raise NotImplementedError

    def update(self) -> OrderUpdate:
        """Return the order as a frozen row."""
        raise NotImplementedError
