"""Keeps our books and a venue's in step: hand-over after a connect, queries that are owed, sweeps without a cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from autotrader.messages import (
    AccountConfirmed,
    BreakerChanged,
    CancelAsked,
    FrameUnreadable,
    LinkChanged,
    OrderDoubted,
    OrderReported,
    OrderUnknown,
    SendCancel,
    SendOrder,
    SendReplace,
    SnapshotTaken,
    TakeSnapshot,
    VenueReady,
)
from autotrader.model import BreakerState, KillLevel, LinkState, Order, OrderState, TimeInForce, VenueSnapshot
from autotrader.oms.desk import Desk
from autotrader.oms.differences import Action, Difference, DifferenceReport
from autotrader.oms.floor import Floor
from autotrader.oms.orders import OrderRecord
from autotrader.oms.proofs import Proofs
from autotrader.oms.reconcile import reconcile, unknown_orders

__all__ = ["Sync"]

RETRY_NS = 1_000_000_000
UNKNOWN_ALARM_NS = 2_000_000_000
TOLD = -1
CLOCK_ALARM_NS = 500_000_000
CLOCK_HALT_NS = 2_500_000_000
OVERDUE_NS = 10_000_000_000
DAY_NS = 86_400_000_000_000
WORKING = frozenset({OrderState.OPEN, OrderState.PARTIALLY_FILLED})
IN_DOUBT = frozenset({OrderState.SENT, OrderState.UNKNOWN})
WAITING = {
    OrderState.SENT: "submit",
    OrderState.PENDING_CANCEL: "cancel",
    OrderState.PENDING_REPLACE: "replace",
}
MONEY = frozenset({"position", "balance"})
QUIET = frozenset({"opening", "order_state", "order_gone", "late_fee"})


class Sync:
    """Works on one floor, in the order manager's thread."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._proofs = Proofs()
        self._unknown: dict[str, int] = {}

    def begin(self) -> None:
        """Doubt every order that was on its way when the last incarnation ended."""
        for desk in self._floor.desks.values():
            self._doubt(desk, "restart")

    # ------------------------------------------------------------ link and account

    def on_link(self, msg: LinkChanged) -> None:
        """Take the link's word: without it nothing new leaves, and what was on its way is in doubt."""
        desk, now_ns = self._floor.desks[msg.venue], self._floor.clock.now_ns()
        was_up = desk.link is LinkState.UP
        desk.link_is(msg.link, msg.reason, now_ns)
        if msg.link is LinkState.UP:
            return
        if msg.link is LinkState.DOWN:
            desk.info = None  # who we are is asked anew at every connect
        desk.trades_wanted = True
        self.set_ready(desk, False, msg.reason or f"link {msg.link}")
        if was_up:
            self._doubt(desk, msg.reason or "link lost")
            self._floor.alarm("LINK", f"{desk.name}: link {msg.link}: {msg.reason}", msg)

    def _doubt(self, desk: Desk, reason: str) -> None:
        now_ns = self._floor.clock.now_ns()
        for record in list(self._records(desk)):
            self._floor.record(OrderDoubted(record.client_order_id, desk.name, now_ns, record.venue_order_id, reason=reason))

    def on_account(self, msg: AccountConfirmed) -> None:
        """Compare who the venue says we are with the configuration; then ask for its books."""
        desk = self._floor.desks[msg.info.venue]
        desk.info = msg.info
        self._floor.exposure.on_account(msg.info)
        self._judge_clock(desk, msg.clock_offset_ns)
        if msg.info.account != desk.account:
            text = f"{desk.name} says that the account is {msg.info.account}, the configuration says {desk.account}"
            self._floor.block(desk.name, "", text, until_operator=True)
            self._floor.alarm("ACCOUNT_MISMATCH", text, venue=desk.name)
            self._floor.hooks.kill(KillLevel.HALT, desk.name, text)

    def _judge_clock(self, desk: Desk, offset_ns: int) -> None:
        """Tell of a clock that is not the venue's; past half of what venues allow a request, no new risk leaves."""
        if abs(offset_ns) <= CLOCK_ALARM_NS:
            return
        text = f"{desk.name}'s clock is {offset_ns / 1e9:+.3f} s off ours: correct the machine's clock"
        self._floor.alarm("CLOCK", text, venue=desk.name)
        if abs(offset_ns) > CLOCK_HALT_NS:
            self._floor.hooks.kill(KillLevel.HALT, desk.name, text)

    def set_ready(self, desk: Desk, ready: bool, reason: str) -> None:
        """Say, when it changes, whether new orders may flow to the venue."""
        if desk.ready == ready:
            return
        desk.ready = ready
        self._floor.exposure.on_ready(desk.name, ready)
        word = VenueReady(desk.name, ready, reason)
        for outlet in (desk.resiliency, desk.broker):
            self._floor.outbox.tell(outlet, word)
        self._floor.tell_all(word)

    # ------------------------------------------------------------ snapshots

    def on_snapshot(self, msg: SnapshotTaken) -> VenueSnapshot | None:
        """Reconcile: what is missing on our side is adopted, what cannot be explained blocks or halts."""
        desk, now_ns, snapshot = self._floor.desks[msg.venue], self._floor.clock.now_ns(), msg.snapshot
        if snapshot is None or not snapshot.complete:
            desk.snapshot_due_ns = now_ns + RETRY_NS
        if snapshot is None:
            if not desk.unasked:  # told once, asked again every second
                self._floor.alarm("SNAPSHOT", f"{desk.name} could not be asked for its books: {msg.reason}", venue=desk.name)
            desk.unasked = True
            return None
        desk.unasked = False
        desk.last_heard_ns = max(desk.last_heard_ns, now_ns)
        for naming in unknown_orders(self._floor.books, snapshot):
            self._floor.restore(naming)
        report = reconcile(self._floor.books, snapshot, desk.policy, now_ns)
        self._carry_out(desk, report, snapshot)
        if snapshot.complete:
            desk.snapshot_ns = snapshot.asked_ns
            self._release_blocks(desk, report)
            self._become_ready(desk, msg.purpose)
        return snapshot

    def _carry_out(self, desk: Desk, report: DifferenceReport, snapshot: VenueSnapshot) -> None:
        """Adopt or halt, line by line; money that differs is judged only with all trades since the books last agreed."""
        lines = report.lines
        if snapshot.trades_since_ns > desk.agreed_ns and any(_is_money(line) for line in lines):
            lines = tuple(line for line in lines if line.what not in MONEY)
            desk.trades_wanted, desk.snapshot_due_ns = True, self._floor.clock.now_ns()
        elif report.complete:
            desk.trades_wanted, desk.agreed_ns = False, snapshot.asked_ns
        for line in lines:
            self._carry_out_line(desk, line)

    def _carry_out_line(self, desk: Desk, line: Difference) -> None:
        what = f"{desk.name} {line.what} {line.symbol} {line.client_order_id}"
        text = f"{what}: {line.ours} here, {line.venue} there: {line.reason}"
        known = line.action is Action.HALT and desk.blocks.get(line.symbol, ("", False))[1]
        if line.action is not Action.IGNORE and line.what not in QUIET and not known:
            self._floor.alarm("DIFFERENCE", text, venue=desk.name)
        if line.action is Action.ADOPT:
            for event in line.events:
                self._floor.record(event)
        elif line.action is Action.HALT:
            symbol = "" if line.what == "own_unknown" else line.symbol
            self._floor.block(desk.name, symbol, text, until_operator=True)
            if not symbol:
                self._floor.hooks.kill(KillLevel.HALT, desk.name, text)

    def _release_blocks(self, desk: Desk, report: DifferenceReport) -> None:
        if any(_is_money(line) for line in report.lines):
            return  # whose symbol a balance belongs to cannot be told: judged anew with the next snapshot
        differing = {line.symbol for line in report.lines if line.action is not Action.IGNORE and line.what not in QUIET}
        doubtful = {r.order.symbol for r in self._records(desk) if r.state in IN_DOUBT or r.owed_after_ns is not None}
        for symbol, (_, until_operator) in list(desk.blocks.items()):
            seen = report.asked_ns >= desk.blocked_ns.get(symbol, 0)
            if symbol and seen and not until_operator and symbol not in differing | doubtful:
                self._floor.release(desk.name, symbol, "a clean reconciliation", "reconciliation")

    def _become_ready(self, desk: Desk, purpose: str) -> None:
        """Let orders flow once the books agree; an order whose outcome is unknown blocks its own symbol only."""
        if desk.ready or desk.link is LinkState.DOWN or "" in desk.blocks or desk.snapshot_due_ns is not None:
            return
        if desk.info is None or desk.info.account != desk.account:
            return
        for record in list(self._records(desk)):
            if record.state in IN_DOUBT:
                reason = f"order {record.client_order_id} is {record.state}"
                self._floor.block(desk.name, record.order.symbol, reason, until_operator=False)
        self._floor.refresh_balances()
        self.set_ready(desk, True, f"reconciled ({purpose})")

    # ------------------------------------------------------------ reports, doubts

    def on_report(self, msg: OrderReported) -> None:
        """Take what a query says; enough of the same in time is proof."""
        desk = self._floor.desks.get(msg.venue)
        record = self._floor.books.find(msg.client_order_id, msg.venue, msg.venue_order_id)
        if desk is not None and record is not None and msg.asked_ns and not msg.proven:
            msg = msgspec.structs.replace(msg, proven=self._proves(record, msg, desk))
            if not msg.proven and self._proofs.lacks_snapshot(record.client_order_id):
                self._floor.look_soon(desk.name)
        self._floor.hear(msg)

    def _proves(self, record: OrderRecord, msg: OrderReported, desk: Desk) -> bool:
        return self._proofs.proves(record, msg, desk, self._floor.amended_ns.get(record.client_order_id, 0))

    def on_unreadable(self, msg: FrameUnreadable) -> None:
        """Stop new orders until the books were compared: a frame that cannot be read may have been a fill."""
        desk = self._floor.desks[msg.venue]
        self._floor.outbox.events.append(msg)
        self._floor.alarm("FRAME", f"{desk.name} sent a frame that cannot be read: {msg.reason}", msg)
        self.set_ready(desk, False, "a frame could not be read")
        desk.trades_wanted, desk.snapshot_due_ns = True, self._floor.clock.now_ns()

    def on_breaker(self, msg: BreakerChanged) -> None:
        """Note the breaker for who asks, and tell a person when it opens; that it closes again stands in the log."""
        self._floor.desks[msg.venue].breaker = msg.state
        if msg.state is BreakerState.OPEN:
            self._floor.alarm("BREAKER", f"{msg.venue}: breaker {msg.state}: {msg.reason}", msg)

    def on_abandoned(self, requests: Sequence[SendOrder | SendReplace | SendCancel]) -> None:
        """Doubt what was on its way through an actor that ended (event 28)."""
        now_ns = self._floor.clock.now_ns()
        for request in requests:
            order_id = request.client_order_id if isinstance(request, SendCancel) else request.order.client_order_id
            record = self._floor.books.find(order_id)
            if record is not None:
                self._floor.record(OrderDoubted(order_id, record.order.venue, now_ns, reason="an actor ended"))

    # ------------------------------------------------------------ time

    def on_tick(self) -> None:
        """Once a second of engine time: what waits too long, what is owed, what is due."""
        now_ns = self._floor.clock.now_ns()
        owing = [(r.order.venue, r.client_order_id, r.owed_after_ns or 0) for r in self._floor.books.owing()]
        self._proofs.keep_only({name for _, name, _ in owing})
        for desk in self._floor.desks.values():
            if desk.link is not LinkState.DOWN:
                self._doubt_the_slow(desk, now_ns)
                self._end_the_overdue(desk, now_ns)
                self._ask(desk, [(name, after) for venue, name, after in owing if venue == desk.name], now_ns)
                self._sweep(desk, now_ns)
        self._tell_of_unknown(now_ns)
        for event in self._floor.books.inferred_due(now_ns):  # counted for long and not shown; the real trade replaces it
            self._floor.record(event)
        self._floor.refresh_balances()
        for breach in self._floor.limits.on_equity(now_ns):
            self._floor.carry_out(breach)

    def _doubt_the_slow(self, desk: Desk, now_ns: int) -> None:
        limit_ns = desk.settings.inflight_ns
        slow = [
            record
            for record in self._records(desk)
            if record.state in WAITING and record.owed_after_ns is None and now_ns - record.updated_ns > limit_ns
        ]
        for record in slow if desk.settings.sweeps else ():
            request, reason = WAITING[record.state], f"no answer for {limit_ns / 1e9:g} s"
            self._floor.record(OrderUnknown(record.client_order_id, desk.name, now_ns, None, request, reason))

    def _end_the_overdue(self, desk: Desk, now_ns: int) -> None:
        """Wish orders gone whose time was over long ago: neither the venue nor an adapter in its place has ended them."""
        for record in list(self._records(desk)):
            ends_ns = _end_of(record.order, utc_day=desk.settings.utc_day)
            if ends_ns is not None and record.state in WORKING and now_ns > ends_ns + OVERDUE_NS:
                self._floor.record(CancelAsked(record.client_order_id, desk.name, now_ns, by="expiry"))

    def _tell_of_unknown(self, now_ns: int) -> None:
        """Tell a person, once, of each order whose outcome has been unknown for a while."""
        unknown = [record for record in self._floor.books.owing() if record.state is OrderState.UNKNOWN]
        self._unknown = {record.client_order_id: self._unknown.get(record.client_order_id, now_ns) for record in unknown}
        for record in unknown:
            name = record.client_order_id
            if 0 <= self._unknown[name] <= now_ns - UNKNOWN_ALARM_NS:
                self._unknown[name] = TOLD
                text = f"the outcome of order {name} is unknown: no new risk on {record.order.symbol}; the venue is being asked"
                self._floor.alarm("ORDER_UNKNOWN", f"{record.order.venue}: {text}", record.order)

    def _ask(self, desk: Desk, owed: list[tuple[str, int]], now_ns: int) -> None:
        for order_id in desk.plan.due(owed, now_ns, desk.settings.queries_at_once, self._proofs.wanted()):
            record = self._floor.books.find(order_id)
            if record is not None:
                self._floor.send_query(desk, record.update())

    def wake_ns(self, now_ns: int) -> int | None:
        """Return when the next answer is wanted for a proof, None when none is."""
        return min((at_ns for at_ns in self._proofs.wanted().values() if at_ns > now_ns), default=None)

    def _sweep(self, desk: Desk, now_ns: int) -> None:
        asked = any(due_ns is not None and now_ns >= due_ns for due_ns in (desk.snapshot_due_ns, desk.look_due_ns))
        if not asked and not (desk.settings.sweeps and now_ns >= desk.next_sweep_ns):
            return
        desk.snapshot_due_ns = desk.look_due_ns = None
        desk.next_sweep_ns = now_ns + desk.settings.sweep_ns
        self._floor.outbox.tell(desk.resiliency, TakeSnapshot(desk.name, desk.trades_since_ns(now_ns), "sweep"))

    def _records(self, desk: Desk) -> Iterator[OrderRecord]:
        return (r for r in self._floor.books.orders.values() if r.order.venue == desk.name and not r.is_done)


def _end_of(order: Order, *, utc_day: bool) -> int | None:
    """Return when the order's time in force is over, None where only the venue knows."""
    if order.time_in_force is TimeInForce.DAY and utc_day:
        return (order.created_ns // DAY_NS + 1) * DAY_NS
    return order.expires_ns


def _is_money(line: Difference) -> bool:
    return line.what in MONEY and line.action is not Action.IGNORE
