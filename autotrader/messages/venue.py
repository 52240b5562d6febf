"""What goes to a venue and what comes back of the calls."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.messages.base import Lane, Message
from autotrader.model import Order, VenueSnapshot, WriteClass

__all__ = [
    "AttemptFailed", "BudgetsListed", "CallsFinished", "OrdersTimed", "PaceDue", "ProbeVenue", "QueryOrder", "RateBudget",
    "Receipt", "RequestsAbandoned", "RetryDue", "SendCancel", "SendCancelAll", "SendOrder", "SendReplace", "SnapshotTaken",
    "TakeSnapshot", "UsageReported",
]


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """The limits' leave to write one request. Issued by ``autotrader.risk.receipts`` only, checked and counted at the gate."""

    number: int
    client_order_id: str
    write_class: WriteClass
    issued_ns: int
    seal: object = None


class SendOrder(Message, frozen=True):
    order: Order
    receipt: Receipt
    attempt: int = 1
    lane = Lane.ORDERS


class SendReplace(Message, frozen=True):
    """New total quantity and prices; all terms are complete here."""

    order: Order
    venue_order_id: str | None
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    receipt: Receipt
    attempt: int = 1
    lane = Lane.ORDERS


class SendCancel(Message, frozen=True):
    client_order_id: str
    venue_order_id: str | None
    symbol: str
    attempt: int = 1


class SendCancelAll(Message, frozen=True):
    """Cancel all that is open on a symbol, in one call; told only where a fresh list of the venue held none but our orders.

    An empty ``symbol`` is all that is open at the venue. Only brokers whose plan says ``bulk_cancel`` are told, and by its
    ``bulk_scope``; the orders' own ends answer it.
    """

    venue: str
    symbol: str


class QueryOrder(Message, frozen=True):
    """Answered by ``OrderReported`` and any ``OrderFilled`` the venue lists; ``asked_ns`` is stamped by the asker."""

    client_order_id: str
    venue_order_id: str | None
    symbol: str
    asked_ns: int


class TakeSnapshot(Message, frozen=True):
    """Ask the broker for its books; answered by ``SnapshotTaken``."""

    venue: str
    trades_since_ns: int
    purpose: str


class SnapshotTaken(Message, frozen=True):
    """``snapshot`` is None when the venue could not be asked; ``reason`` says why."""

    venue: str
    purpose: str
    snapshot: VenueSnapshot | None
    reason: str = ""
    lane = Lane.EVENTS


class AttemptFailed(Message, frozen=True):
    """Told to the resiliency manager: a request is proved not taken; it decides on a retry.

    ``kind``: not_sent, rate_limited, busy, auth or clock. ``retry_after_s`` is the venue's own word, in seconds.
    """

    command: SendOrder | SendReplace | SendCancel
    kind: str
    reason_code: str
    reason: str
    retry_after_s: float = 0.0


class CallsFinished(Message, frozen=True):
    """How calls on the venue went, for breaker and metrics: ``ok`` calls, ``failed`` ones, the slowest in ns of wall time.

    ``retry_after_s`` is the venue's Retry-After or ban, in seconds, whichever call it answered.
    """

    venue: str
    ok: int
    failed: int
    slowest_ns: int
    code: str = ""
    retry_after_s: float = 0.0


class RequestsAbandoned(Message, frozen=True):
    """Requests that an actor had taken and not finished when it ended: what became of them is not known."""

    requests: tuple[SendOrder | SendReplace | SendCancel, ...]
    lane = Lane.EVENTS


class OrdersTimed(Message, frozen=True, gc=False):
    """When requests left and were answered: (client order id, written ns, answered ns), on the machine's monotonic clock."""

    venue: str
    times: tuple[tuple[str, int, int], ...]
    lane = Lane.EVENTS


class RetryDue(Message, frozen=True):
    """A back-off is over."""

    command: SendOrder | SendReplace | SendCancel


class PaceDue(Message, frozen=True):
    """The resiliency manager's second hand: a ban, a budget, an open breaker or a probe may have run out."""

    venue: str


class UsageReported(Message, frozen=True):
    """What the venue says is used of a rate budget in its running interval (a header, mostly)."""

    venue: str
    budget: str
    used: int


class RateBudget(msgspec.Struct, frozen=True):
    """One limit of a venue: ``limit`` weight per ``interval_s``, and what each kind of request weighs in it (0: nothing)."""

    name: str
    limit: int
    interval_s: float
    order: int = 1
    replace: int = 1
    cancel: int = 1
    query: int = 1
    snapshot: int = 1


class BudgetsListed(Message, frozen=True):
    """The limits that the venue says it has; they hold where the configuration names none."""

    venue: str
    budgets: tuple[RateBudget, ...]


class ProbeVenue(Message, frozen=True):
    """A half-open breaker asks for one read; answered by ``CallsFinished``."""

    venue: str
