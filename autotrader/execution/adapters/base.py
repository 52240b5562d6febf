"""The shape of every venue's actor, and the contract between it and the rest of the engine.

A ``BrokerActor`` is its venue's single voice. It is told requests by the resiliency manager, in lists: ``SendOrder``,
``SendReplace``, ``SendCancel``, ``SendCancelAll``, ``QueryOrder``, ``TakeSnapshot``, ``ProbeVenue``; by the order manager
``VenueReady``; by feeds ``QuoteUpdate``, where the venue needs quotes. It answers the order manager directly, and tells the
resiliency manager how the calls went. Everything it tells travels at the flush, the order manager's part as one list in the
order it happened.

**Five outcomes of a request, and no others.** Ours before it came here: denied. Here: *not sent* (``attempt_failed``: proved
not on the wire or refused for now; the resiliency manager retries or tells ``OrderNotSent``) · *accepted* · *rejected* (the
venue's own definite no) · *unknown* (``OrderUnknown``: it may have arrived; never sent again, resolved by query and stream).
Silence, a time-out, a reset after the write, a 5xx or a body that cannot be read are unknown.

**The gate.** Between ``self.door.enter(...)`` and ``self.door.leave()`` stands the write and nothing else. What ``enter``
raises is an attempt that failed, with the refusal's code.

**The link.** DOWN: nothing can be heard. SYNCING: connected, books not yet handed over. UP: only after the order manager's
``VenueReady``. A connect, first or not, is a hand-over: ``hand_over`` tells SYNCING with the gap, who the venue says we are,
its instruments, and a complete snapshot with the trades of the gap; stream events gathered meanwhile follow it. A request
that comes while the link is DOWN is not sent; no request is ever kept to be sent later.

**Queries** are answered by the trades the venue lists for the order, then ``OrderReported`` with ``asked_ns`` as it was asked;
``proven`` only where the venue has a proof of its own. A query that fails is not answered: its call counts as failed.

**Restarts.** An incarnation starts from nothing but the venue and its configuration; ``gate.begin_epoch`` shuts out the writes
of the one before. Events carry the venue's own ids, so that what is told twice is booked once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import msgspec

from autotrader.actors import Context, Handle, Worker, handles, handles_batch
from autotrader.actors.gate import Door, Gate
from autotrader.errors import Unavailable
from autotrader.messages import (
    AccountConfirmed,
    AttemptFailed,
    CallsFinished,
    GetStatus,
    InstrumentsListed,
    LinkChanged,
    Message,
    OrdersTimed,
    ProbeVenue,
    QueryOrder,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SendReplace,
    SnapshotTaken,
    TakeSnapshot,
    VenueReady,
)
from autotrader.model import AccountInfo, Instrument, LinkState, VenueSnapshot

__all__ = ["BrokerActor", "BrokerStatus", "Calls"]


class BrokerStatus(msgspec.Struct, frozen=True):
    """What a broker shows of itself; times in engine nanoseconds, 0 for never."""

    venue: str
    account: str
    link: LinkState
    reason: str
    ready: bool
    epoch: int
    since_ns: int
    last_heard_ns: int
    calls_ok: int
    calls_failed: int
    open_orders: int = 0


class Calls:
    """How calls went since the last flush, and in all."""

    __slots__ = ("code", "failed", "failed_in_all", "ok", "ok_in_all", "retry_after_s", "slowest_ns")

    def __init__(self) -> None:
        self.ok = self.failed = self.slowest_ns = self.ok_in_all = self.failed_in_all = 0
        self.retry_after_s = 0.0
        self.code = ""

    def note(self, ok: int = 0, failed: int = 0, took_ns: int = 0, code: str = "", retry_after_s: float = 0.0) -> None:
        """Count calls; ``took_ns`` is the slowest of them, in ns of the machine's time, ``retry_after_s`` the venue's word."""
        self.ok += ok
        self.failed += failed
        self.slowest_ns = max(self.slowest_ns, took_ns)
        self.retry_after_s = max(self.retry_after_s, retry_after_s)
        self.code = code or self.code

    def take(self, venue: str) -> CallsFinished | None:
        """Return what there is to tell, and start over."""
        if not self.ok and not self.failed:
            return None
        told = CallsFinished(venue, self.ok, self.failed, self.slowest_ns, self.code, self.retry_after_s)
        self.ok_in_all += self.ok
        self.failed_in_all += self.failed
        self.ok = self.failed = self.slowest_ns = 0
        self.retry_after_s, self.code = 0.0, ""
        return told


class BrokerActor(Worker, ABC):
    """One venue's voice: subclasses fill in the requests, and append what comes back to ``told``, in its order.

    ``timed`` gathers (client order id, written, answered): when requests left and were answered, on the machine's monotonic
    clock, 0 for not known. ``calls`` counts how they went.
    """

    def __init__(self, context: Context, *, venue: str, account: str, oms: Handle, resiliency: Handle, gate: Gate) -> None:
        super().__init__(context)
        self.venue, self.account, self.gate = venue, account, gate
        self._oms, self._resiliency = oms, resiliency
        self.link, self.link_reason, self.link_since_ns = LinkState.DOWN, "not connected yet", 0
        self.is_ready = False
        self.last_heard_ns = 0
        self.calls = Calls()
        self.told: list[Message] = []
        self.timed: list[tuple[str, int, int]] = []
        self._failures: list[AttemptFailed] = []
        self.lost = 0

    def on_start(self) -> None:
        """Shut out the writes of earlier incarnations, and take this thread's way through the gate."""
        self.gate.begin_epoch(self.venue, self.epoch)
        self.door: Door = self.gate.door(self.venue, self.epoch)

    def on_stop(self) -> None:
        """Give the door back."""
        self.gate.forget(self.door)

    # ------------------------------------------------------------ what subclasses fill in

    @handles_batch(SendOrder)
    @abstractmethod
    def send_orders(self, commands: list[SendOrder]) -> None:
        """Send new orders, in this order."""

    @handles(SendReplace)
    @abstractmethod
    def send_replace(self, command: SendReplace) -> None:
        """Ask for new terms."""

    @handles(SendCancel)
    @abstractmethod
    def send_cancel(self, command: SendCancel) -> None:
        """Ask for an order's end."""

    @handles(QueryOrder)
    @abstractmethod
    def query_order(self, query: QueryOrder) -> None:
        """Ask what became of an order."""

    @handles(TakeSnapshot)
    @abstractmethod
    def take_snapshot(self, request: TakeSnapshot) -> None:
        """Ask for the venue's books."""

    @handles(ProbeVenue)
    @abstractmethod
    def probe(self, request: ProbeVenue) -> None:
        """Make one read that costs little."""

    @handles(SendCancelAll)
    def send_cancel_all(self, command: SendCancelAll) -> None:
        """Cancel all of a symbol in one call; only for venues whose plan says ``bulk_cancel``."""
        self.log.bind(venue=self.venue, symbol=command.symbol).warning("this venue has no cancel for a whole symbol")

    def count_open_orders(self) -> int:
        """Return how many orders the venue has open, as far as is known here."""
        return 0

    # ------------------------------------------------------------ what subclasses call

    def attempt_failed(
        self, command: SendOrder | SendReplace | SendCancel, kind: str, code: str, reason: str, retry_after_s: float = 0.0
    ) -> None:
        """Tell that a request is proved not taken; the kinds are those of ``AttemptFailed``."""
        self._failures.append(AttemptFailed(command, kind, code, reason, retry_after_s))

    def set_link(self, link: LinkState, reason: str, gap_from_ns: int | None = None) -> None:
        """Change the link's state and tell it."""
        now_ns = self.clock.now_ns()
        self.link, self.link_reason, self.link_since_ns = link, reason, now_ns
        self.is_ready = self.is_ready and link is LinkState.UP
        self.told.append(LinkChanged(self.venue, link, reason, now_ns, self.epoch, gap_from_ns))

    def hand_over(
        self, info: AccountInfo, instruments: tuple[Instrument, ...], snapshot: VenueSnapshot, *, reason: str,
        gap_from_ns: int | None = None, clock_offset_ns: int = 0,
    ) -> None:  # fmt: skip
        """Tell what a connect has to tell, in its order; UP follows once the order manager is content."""
        self.set_link(LinkState.SYNCING, reason, gap_from_ns)
        self.told += [
            AccountConfirmed(info, clock_offset_ns), InstrumentsListed(self.venue, instruments),
            SnapshotTaken(self.venue, "handover", snapshot),
        ]  # fmt: skip

    # ------------------------------------------------------------ the same for all

    @handles(VenueReady)
    def _on_venue_ready(self, word: VenueReady) -> None:
        if word.venue != self.venue:
            return
        self.is_ready = word.ready and self.link is not LinkState.DOWN
        if self.is_ready and self.link is LinkState.SYNCING:
            self.set_link(LinkState.UP, word.reason)

    @handles(GetStatus)
    def _on_get_status(self, _: GetStatus) -> BrokerStatus:
        calls = self.calls
        return BrokerStatus(
            self.venue, self.account, self.link, self.link_reason, self.is_ready, self.epoch, self.link_since_ns,
            self.last_heard_ns, calls.ok_in_all + calls.ok, calls.failed_in_all + calls.failed, self.count_open_orders(),
        )  # fmt: skip

    def on_flush(self) -> None:
        """Tell the order manager and the resiliency manager what was gathered, a list each."""
        if self.timed:
            self.told.append(OrdersTimed(self.venue, tuple(self.timed)))
            self.timed = []
        if self.told:
            told, self.told = self.told, []
            self._tell(self._oms, told)
        calls = self.calls.take(self.venue)
        if calls is not None or self._failures:
            failures, self._failures = self._failures, []
            self._tell(self._resiliency, [*failures, calls] if calls is not None else [*failures])

    def _tell(self, handle: Handle, messages: list[Message]) -> None:
        """Tell, or count what nobody took: a fresh order manager asks the venue for all of it."""
        try:
            handle.tell(messages)
        except Unavailable:
            self.lost += len(messages)
            self.log.bind(venue=self.venue).warning("{} messages for {} were not taken", len(messages), handle.name)
