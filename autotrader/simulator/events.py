"""What the exchange keeps of an order, and what it tells of it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model import ZERO, Fill, Order, OrderState, OrderType, OrderUpdate, Side

__all__ = [
    "Accepted", "BookOrder", "Busted", "Canceled", "Event", "Expired", "Filled", "MarketEvent", "RefusedRequest", "Rejected",
    "Replaced", "Trailed", "Triggered", "book_order",
]

_BUY, _MARKET, _LIMIT, _STOP_LIMIT = Side.BUY, OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT


class BookOrder(msgspec.Struct, gc=False):
    """The exchange's own record of one order: mutable, owned by one ``Exchange``, read by others only between its calls.

    ``price`` and ``stop_price`` are the terms as they stand now, ``cost`` the sum of price times quantity of its trades,
    ``hold`` the money or coins set aside for it, ``ahead`` the quantity queued before it at its price (None: not known
    yet), ``sequence`` its place in time. ``held``: a stop that waits for its trigger; ``resting``: it stands in the book.
    """

    order: Order
    venue_order_id: str
    sequence: int
    is_buy: bool
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    created_ns: int
    updated_ns: int
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    state: OrderState = OrderState.OPEN
    held: bool = False
    hold: Decimal = ZERO
    ahead: Decimal | None = None
    resting: bool = False

    @property
    def remaining(self) -> Decimal:
        """Return what is not filled yet; negative after an overfill."""
        return self.quantity - self.filled

    def update(self, venue: str) -> OrderUpdate:
        """Return the order as it stands, in the form of a venue's snapshot."""
        order = self.order
        return OrderUpdate(
            order.client_order_id, self.venue_order_id, venue, order.account, order.symbol, order.side, order.type,
            order.time_in_force, self.quantity, self.price, self.stop_price, self.state, self.filled,
            self.cost / self.filled if self.filled else None, None, None, "", self.created_ns, self.updated_ns,
            held=self.held, reduce_only=order.reduce_only,
        )  # fmt: skip


def book_order(order: Order, venue_order_id: str, sequence: int, now_ns: int) -> BookOrder:
    """Return the record of an order that was just accepted."""
    kind = order.type
    price = order.price if kind is _LIMIT or kind is _STOP_LIMIT else None
    stop_price = None if kind is _MARKET or kind is _LIMIT else order.stop_price
    return BookOrder(
        order, venue_order_id, sequence, order.side is _BUY, order.quantity, price, stop_price, now_ns, now_ns
    )


class MarketEvent(msgspec.Struct, frozen=True, gc=False):
    """Something the exchange did with one order. What may change later is in the event, not read off ``live``."""

    live: BookOrder
    ts_ns: int


class Accepted(MarketEvent, frozen=True, gc=False):
    """The order is in the exchange. ``held``: a stop that waits for its trigger, at ``stop_price``."""

    held: bool = False
    stop_price: Decimal | None = None


class Filled(MarketEvent, frozen=True, gc=False, kw_only=True):
    fill: Fill
    state: OrderState


class Canceled(MarketEvent, frozen=True, gc=False):
    reason: str = ""


class Expired(MarketEvent, frozen=True, gc=False):
    """Ended by its time in force: GTD and DAY at their time, IOC, FOK and MARKET at once with what they could not get.

    ``against`` is the order of the same account that it was kept from trading with, where self-trade prevention ended it.
    """

    reason: str = ""
    against: BookOrder | None = None


class Triggered(MarketEvent, frozen=True, gc=False):
    """A stop was reached: the order works from now on."""


class Trailed(MarketEvent, frozen=True, gc=False):
    """A trailing stop moved on; told to nobody, kept in the ledger."""

    stop_price: Decimal | None = None


class Replaced(MarketEvent, frozen=True, gc=False, kw_only=True):
    """The terms as they stand now; ``sequence`` says whether the order kept its place in time."""

    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    sequence: int


class Busted(MarketEvent, frozen=True, gc=False, kw_only=True):
    """A trade was taken back."""

    fill: Fill


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The order never came into being."""

    order: Order
    ts_ns: int
    code: str
    reason: str


class RefusedRequest(msgspec.Struct, frozen=True, gc=False):
    """A cancel or amend that changed nothing; ``request`` is ``cancel`` or ``amend``."""

    request: str
    key: str
    ts_ns: int
    code: str
    reason: str


Event = MarketEvent | Rejected | RefusedRequest
