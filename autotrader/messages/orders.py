"""What happens to orders: events of the journal. Their field names may be added to, never changed."""

from __future__ import annotations

from decimal import Decimal

from autotrader.messages.base import Lane, Message
from autotrader.model import Fill, Order, OrderState

__all__ = [
    "CancelAsked", "CancelRejected", "OrderAccepted", "OrderAdopted", "OrderCanceled", "OrderDenied", "OrderDoubted",
    "OrderEvent", "OrderExpired", "OrderFilled", "OrderIntended", "OrderNotSent", "OrderRejected", "OrderReplaced",
    "OrderReported", "OrderSucceeded", "OrderUnknown", "ReplaceAsked", "ReplaceRejected", "TradeBusted",
]


class OrderEvent(Message, frozen=True):
    """Something that happened to one order. A venue that knows only its own id leaves ``client_order_id`` empty."""

    client_order_id: str
    venue: str
    ts_ns: int
    venue_order_id: str | None = None
    lane = Lane.EVENTS


class OrderIntended(Message, frozen=True):
    """Limits passed; the intent is on record before a byte leaves (event 1)."""

    order: Order
    ts_ns: int
    lane = Lane.ORDERS


class OrderDenied(Message, frozen=True):
    """Our own no before anything left (event 2)."""

    order: Order
    ts_ns: int
    reason_code: str
    reason: str
    lane = Lane.EVENTS


class OrderAccepted(OrderEvent, frozen=True):
    """The venue acknowledged the submit (event 3; 4 when a second unlinked venue id shows). ``held``: not working yet."""

    held: bool = False


class OrderRejected(OrderEvent, frozen=True):
    """The venue refused the submit for good (event 5; 6 when it says that the client id is taken)."""

    reason_code: str = ""
    reason: str = ""
    duplicate_id: bool = False


class OrderUnknown(OrderEvent, frozen=True):
    """A request got no answer, or one that proves nothing (event 7). ``request``: submit, cancel or replace."""

    request: str = "submit"
    reason: str = ""


class OrderNotSent(OrderEvent, frozen=True):
    """The submit is proved not to have left (event 35)."""

    reason_code: str = ""
    reason: str = ""


class OrderFilled(OrderEvent, frozen=True, kw_only=True):
    """One trade (events 12 to 16, by what is booked already)."""

    fill: Fill


class OrderCanceled(OrderEvent, frozen=True):
    """The venue cancelled the order, asked or not (event 19)."""

    reason: str = ""


class OrderExpired(OrderEvent, frozen=True):
    """The venue ended the order by its time in force (event 25)."""

    reason: str = ""


class CancelRejected(OrderEvent, frozen=True):
    """A cancel was refused. ``kind``: too_late (event 20), busy (21) or final (36)."""

    kind: str = "too_late"
    reason_code: str = ""
    reason: str = ""


class OrderReplaced(OrderEvent, frozen=True):
    """Terms changed: as we asked (event 23), or by the venue itself (32). None leaves a term as it is."""

    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    asked: bool = True


class ReplaceRejected(OrderEvent, frozen=True):
    """A replace was refused; the order stands as it was (event 24)."""

    reason_code: str = ""
    reason: str = ""


class OrderSucceeded(OrderEvent, frozen=True):
    """A new venue id took the order over, linked to the old one (event 33); ``venue_order_id`` is the new one."""

    previous_venue_order_id: str | None = None


class OrderReported(OrderEvent, frozen=True):
    """What a query, an open list or a report says of the order: events 8, 9, 10, 11, 27, 30, 31 and 37, by context.

    ``state`` is OPEN or PARTIALLY_FILLED for a working order, a done state, or None for "not found". ``asked_ns`` is when the
    query left (0 for a report nobody asked for); ``proven``: the venue's rule of proof (Rule N, Rule L) is met.
    ``average_price`` is that of ``filled_quantity``, where the venue tells it: it prices a fill that has to be inferred.
    """

    state: OrderState | None = None
    filled_quantity: Decimal | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    asked_ns: int = 0
    proven: bool = False
    reason: str = ""
    average_price: Decimal | None = None


class TradeBusted(OrderEvent, frozen=True, kw_only=True):
    """The venue took a trade back (event 17; 34 when it was never seen). A correction is a bust and a new fill."""

    trade_id: str
    symbol: str = ""


class OrderDoubted(OrderEvent, frozen=True):
    """A stream, an actor or the process was lost while the order was on its way (event 28)."""

    reason: str = ""


class CancelAsked(OrderEvent, frozen=True):
    """We want the order gone (event 18; 29 when the kill switch asks)."""

    by: str = ""
    kill: bool = False


class ReplaceAsked(OrderEvent, frozen=True):
    """We want other terms (event 22). None leaves a term as it is."""

    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    by: str = ""


class OrderAdopted(Message, frozen=True):
    """An order at the venue that is not ours: counted, never touched."""

    order: Order
    venue_order_id: str
    state: OrderState
    filled_quantity: Decimal
    ts_ns: int
    lane = Lane.EVENTS
