"""Every command, event and snapshot that crosses a mailbox.

Commands are verbs, events are past tense, state is ``...Snapshot``. All are frozen. The lane of a message says how it waits:
URGENT overtakes CONTROL, which overtakes EVENTS, ORDERS and QUOTES (conflated per ``conflation_key``). Under load a list of
messages of one lane travels as one. Times are nanoseconds since the epoch on the engine's clock unless a name says otherwise.
The classes under "journal events" are the truth on disk: their field names may be added to, never changed.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import ClassVar

import msgspec

from autotrader.model import (
    AccountInfo,
    Bar,
    BreakerState,
    Fill,
    Instrument,
    KillLevel,
    LinkState,
    MarketTrade,
    Order,
    OrderState,
    OrderUpdate,
    Position,
    Quote,
    VenueSnapshot,
    WriteClass,
)


class Lane(IntEnum):
    """The order in which a mailbox hands out what waits."""

    URGENT = 0
    CONTROL = 1
    EVENTS = 2
    ORDERS = 3
    QUOTES = 4


class Message(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all messages; the tag is the class's name.

    Fields that hold their default are not written: the defaults of journal events are part of the format, never to be changed.
    """

    lane: ClassVar[Lane] = Lane.CONTROL


# ---------------------------------------------------------------- life of actors


class StopActor(Message, frozen=True):
    """Finish what is at hand and end."""

    lane = Lane.URGENT


class Heartbeat(Message, frozen=True):
    """Answered through the mailbox by ``HeartbeatSeen``, so that a hung handler shows."""

    number: int
    lane = Lane.CONTROL


class HeartbeatSeen(Message, frozen=True):
    name: str
    epoch: int
    number: int


class ActorReady(Message, frozen=True):
    name: str
    epoch: int


class ActorExited(Message, frozen=True):
    """Told by the thread's own ``finally``; ``error`` is empty after an orderly stop."""

    name: str
    epoch: int
    error: str
    poison: str = ""
    lane = Lane.URGENT


class RestartActor(Message, frozen=True):
    """An operator asks for a fresh incarnation."""

    name: str
    by: str = ""


# ---------------------------------------------------------------- journal events: orders


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


# ---------------------------------------------------------------- journal events: money and engine


class RunStarted(Message, frozen=True):
    """One start of the engine; ``run`` marks its client order ids."""

    engine_id: str
    run: int
    mode: str
    version: str
    ts_ns: int


class BalanceOpened(Message, frozen=True):
    """The balance of an asset when an account was first met; afterwards position = opening + fills - fees + transfers."""

    venue: str
    account: str
    asset: str
    amount: Decimal
    ts_ns: int


class BalanceTransferred(Message, frozen=True):
    """Money or coins that moved without a trade; ``reason`` says how it was found."""

    venue: str
    account: str
    asset: str
    amount: Decimal
    ts_ns: int
    reason: str = ""


class PositionAdopted(Message, frozen=True):
    """A position the account held before we came, or a difference adopted on reconciliation."""

    venue: str
    account: str
    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    ts_ns: int
    reason: str = ""


class KillPulled(Message, frozen=True):
    """The kill switch was pulled; ``scope`` is ``all`` or a venue. The gate is shut before this is told."""

    level: KillLevel
    scope: str
    reason: str
    by: str
    ts_ns: int
    lane = Lane.URGENT


class KillVerdict(Message, frozen=True):
    """How a sweep ended at one venue: clean after two empty lists, else what is left."""

    venue: str
    clean: bool
    canceled: int
    remaining: int
    detail: str
    ts_ns: int


class KillRearmed(Message, frozen=True):
    """The operator lifted the kill level."""

    scope: str
    reason: str
    by: str
    ts_ns: int


class DeadLetterAdded(Message, frozen=True):
    """A request that could not be done, kept whole. Nothing is ever re-sent from here by itself."""

    letter_id: str
    kind: str
    client_order_id: str
    venue: str
    reason: str
    attempts: int
    first_ns: int
    last_ns: int
    body: str
    history: tuple[str, ...] = ()
    lane = Lane.EVENTS


class DeadLetterClosed(Message, frozen=True):
    """An operator retried or discarded a dead letter. ``status``: RETRIED or DISCARDED."""

    letter_id: str
    status: str
    reason: str
    by: str
    ts_ns: int


class Alerted(Message, frozen=True):
    """Something a person should know; stays until acknowledged."""

    code: str
    text: str
    venue: str
    client_order_id: str
    ts_ns: int
    lane = Lane.EVENTS


class SymbolBlocked(Message, frozen=True):
    """No new risk on the symbol (K), or on the whole venue when ``symbol`` is empty (KK)."""

    venue: str
    symbol: str
    reason: str
    until_operator: bool
    ts_ns: int


class SymbolReleased(Message, frozen=True):
    venue: str
    symbol: str
    reason: str
    by: str
    ts_ns: int


class Checkpointed(Message, frozen=True):
    """All live state at this point of the journal, so that a start folds only what follows; ``body`` is its JSON."""

    body: str
    ts_ns: int


class FrameUnreadable(Message, frozen=True):
    """A frame that the codec could not read, raw (base64)."""

    venue: str
    raw: str
    reason: str
    ts_ns: int
    lane = Lane.EVENTS


# ---------------------------------------------------------------- commands on orders


class SubmitOrder(Message, frozen=True):
    """Ask the order manager for a new order. ``sized_by`` is the strategy or the API user."""

    order: Order
    lane = Lane.ORDERS


class CancelOrder(Message, frozen=True):
    client_order_id: str
    by: str


class ModifyOrder(Message, frozen=True):
    """Ask for other terms; None leaves a term as it is."""

    client_order_id: str
    by: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    lane = Lane.ORDERS


class RequestRefused(Message, frozen=True):
    """A cancel or modify that cannot be done, told to who asked."""

    client_order_id: str
    request: str
    reason_code: str
    reason: str
    by: str
    lane = Lane.EVENTS


# ---------------------------------------------------------------- towards a venue


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


# ---------------------------------------------------------------- state that is published


class LinkChanged(Message, frozen=True):
    """A broker's link. UP follows only a complete hand-over; ``gap_from_ns`` marks what may have been missed."""

    venue: str
    link: LinkState
    reason: str
    ts_ns: int
    epoch: int = 0
    gap_from_ns: int | None = None
    lane = Lane.EVENTS


class VenueReady(Message, frozen=True):
    """Books reconciled (or not any more): new orders may flow."""

    venue: str
    ready: bool
    reason: str
    lane = Lane.URGENT


class BreakerChanged(Message, frozen=True):
    venue: str
    state: BreakerState
    reason: str
    ts_ns: int


class AccountConfirmed(Message, frozen=True):
    """Who the venue says we are, and how far its clock is from ours in ns; told at every connect, before the snapshot."""

    info: AccountInfo
    clock_offset_ns: int = 0
    lane = Lane.EVENTS


class InstrumentsListed(Message, frozen=True):
    venue: str
    instruments: tuple[Instrument, ...]
    ts_ns: int = 0
    lane = Lane.EVENTS


class QuoteUpdate(Message, frozen=True, gc=False):
    """The newest top of book of a symbol; older ones that still wait are replaced."""

    quote: Quote
    lane = Lane.QUOTES

    @property
    def conflation_key(self) -> tuple[str, str]:
        """Return what a newer quote replaces an older one by."""
        return (self.quote.venue, self.quote.symbol)


class TradeSeen(Message, frozen=True, gc=False):
    """The market traded; told where trades are wanted, each of them, in the venue's order."""

    trade: MarketTrade
    lane = Lane.ORDERS


class BarClosed(Message, frozen=True, gc=False):
    """A bar is final; told where bars are wanted."""

    bar: Bar
    lane = Lane.ORDERS


class OrderUpdated(Message, frozen=True, gc=False):
    update: OrderUpdate
    lane = Lane.EVENTS


class FillBooked(Message, frozen=True, gc=False):
    """A fill as booked, with what the strategy and the latencies need."""

    fill: Fill
    update: OrderUpdate
    decided_ns: int
    lane = Lane.EVENTS


class PositionChanged(Message, frozen=True):
    position: Position
    lane = Lane.EVENTS


class AccountChanged(Message, frozen=True):
    """Totals per asset of one account, and the equity in the account currency (None while unknown)."""

    venue: str
    account: str
    balances: tuple[tuple[str, Decimal], ...]
    equity: Decimal | None
    lane = Lane.EVENTS


class StrategyStopped(Message, frozen=True):
    """A strategy is off: it raised, hung, flooded or broke a control. Its orders are cancelled."""

    strategy: str
    reason_code: str
    reason: str
    ts_ns: int


class MarketEnded(Message, frozen=True):
    """The tape is at its end, or cannot be read on: then ``error`` says why. ``skipped`` counts rows left out as wrong."""

    source: str
    quotes: int
    error: str = ""
    skipped: int = 0


# ---------------------------------------------------------------- the operator, and threads outside


class Question(Message, frozen=True):
    """Asked by threads outside, and changes nothing: a lock-step replay does not wait for it."""


class GetStatus(Question, frozen=True):
    """Asked; answered by the actor's own snapshot."""


class GetOrder(Question, frozen=True):
    """Asked; answered by an ``OrderUpdate``, or None when neither memory nor journal knows the order.

    In the lane of orders: whoever submits and then asks is told of what was submitted.
    """

    client_order_id: str
    lane = Lane.ORDERS


class GetOpenOrders(Question, frozen=True):
    """Asked; answered by a tuple of ``OrderUpdate``, those that are not done, oldest first."""


class GetPositions(Question, frozen=True):
    """Asked; answered by a tuple of ``Position``."""


class GetInstruments(Question, frozen=True):
    """Asked; answered by a tuple of ``Instrument``: what the venues have listed since they were connected."""


class GetBalances(Question, frozen=True):
    """Asked; answered by a dict of asset to total."""

    venue: str


class GetMetrics(Question, frozen=True):
    """Asked; answered by the metrics' summary."""


class AttachRoute(Message, frozen=True):
    """Tell the actor ``actor`` of all that concerns the strategy ``name``, as soon as the actor runs."""

    name: str
    actor: str


class Subscribe(Message, frozen=True):
    """Tell the actor ``name`` from now on of all that a person should know, and of every fill and order update if wanted."""

    name: str
    fills: bool = True
    updates: bool = True


class SweepDue(Message, frozen=True):
    """The order manager's second hand: queries owed, sweeps, watches."""


class StopTrading(Message, frozen=True):
    """No new orders from now on, for ``reason`` (empty: trade on); with ``cancel`` every open order of ours is cancelled."""

    cancel: bool
    reason: str


class SwitchStrategy(Message, frozen=True):
    """The operator switches a strategy off, or on again after it was stopped."""

    strategy: str
    on: bool
    by: str


class ClearBlock(Message, frozen=True):
    """The operator lifts a block, after looking."""

    venue: str
    symbol: str
    reason: str
    by: str


class RetryDeadLetter(Message, frozen=True):
    """The operator asks for a dead letter to be tried again, as a new order that passes all limits anew."""

    letter_id: str
    by: str


class DiscardDeadLetter(Message, frozen=True):
    letter_id: str
    reason: str
    by: str
