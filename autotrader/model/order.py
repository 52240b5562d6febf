"""An order as it was meant, and an order as it stands."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model.decimals import ZERO
from autotrader.model.types import OrderState, OrderType, Side, TimeInForce

__all__ = ["DONE_STATES", "Order", "OrderUpdate"]

DONE_STATES = frozenset(
    {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED, OrderState.DENIED}
)


class Order(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An intent, complete and unchangeable: what the strategy wants, in the venue's units.

    The journal leaves out fields that hold their default, so the defaults are part of its format, never to be changed.

    ``quantity`` counts base units, shares or contracts; prices are in the quote currency; times are nanoseconds since the
    epoch. ``decided_ns`` is when the strategy decided (wall clock), for latencies. ``trail`` is the distance of a trailing
    stop, in the quote currency. ``cap_price`` is the worst price that the market_cap control allows a MARKET order.
    """

    client_order_id: str
    venue: str
    account: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    time_in_force: TimeInForce = TimeInForce.GTC
    price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    expires_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    strategy: str = ""
    tag: str | None = None
    created_ns: int = 0
    decided_ns: int = 0
    cap_price: Decimal | None = None


class OrderUpdate(msgspec.Struct, frozen=True, gc=False):
    """An order as it stands: the row that ``autotrader orders`` shows, and what ``on_order`` and tickets get."""

    client_order_id: str
    venue_order_id: str | None
    venue: str
    account: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    state: OrderState
    filled_quantity: Decimal
    average_price: Decimal | None
    reason_code: str | None
    reason: str | None
    strategy: str
    created_ns: int
    updated_ns: int
    foreign: bool = False
    held: bool = False
    reduce_only: bool = False
    tag: str | None = None

    @property
    def is_done(self) -> bool:
        """Say whether no further request on the order can do anything; fills are still accepted."""
        return self.state in DONE_STATES

    @property
    def remaining(self) -> Decimal:
        """Return what is not filled yet, never below zero."""
        return max(self.quantity - self.filled_quantity, ZERO)
