"""The order manager as an actor: the single writer of order state. It takes messages, calls the floor, hands on the outbox."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import structs

from autotrader.actors import Context, Worker, handles
from autotrader.actors.ticker import TickToken
from autotrader.errors import Unavailable
from autotrader.messages import (
    AccountConfirmed,
    AttachRoute,
    BreakerChanged,
    CancelOrder,
    CancelRejected,
    Checkpointed,
    ClearBlock,
    DeadLetterAdded,
    DiscardDeadLetter,
    FrameUnreadable,
    GetBalances,
    GetInstruments,
    GetMetrics,
    GetOpenOrders,
    GetOrder,
    GetPositions,
    GetStatus,
    InstrumentsListed,
    KillPulled,
    KillRearmed,
    LinkChanged,
    Message,
    ModifyOrder,
    OrderAccepted,
    OrderAdopted,
    OrderCanceled,
    OrderDenied,
    OrderDoubted,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrdersTimed,
    OrderSucceeded,
    OrderUnknown,
    QuoteUpdate,
    ReplaceRejected,
    RequestRefused,
    RequestsAbandoned,
    RetryDeadLetter,
    SnapshotTaken,
    StopTrading,
    StrategyStopped,
    SubmitOrder,
    Subscribe,
    SweepDue,
    SwitchStrategy,
    TradeBusted,
    VenueReady,
)
from autotrader.model import Instrument, LinkState, OrderUpdate, Position
from autotrader.oms.dead_desk import DeadDesk
from autotrader.oms.floor import Floor
from autotrader.oms.journal import CheckpointDue
from autotrader.oms.journal.commit import Commit, Outlet
from autotrader.oms.journal.release import refuse
from autotrader.oms.kill_desk import KillDesk, SweptGate
from autotrader.oms.requests import Requests
from autotrader.oms.snapshot import OmsSnapshot, snapshot_of
from autotrader.oms.sync import Sync
from autotrader.resiliency.dead_letters import DeadLetters
from autotrader.resiliency.streaks import RejectStreaks

__all__ = ["OrderManagerActor"]

TICK_S, SHORTEST_TICK_S = 1.0, 0.05
MOST_KEPT_ROWS = 100_000


class FloorStart:
    """What an incarnation begins with; made anew from the journal by ``open_floor``.

    ``opening`` are the events that begin the run, journalled before anything else.
    """

    def __init__(
        self, floor: Floor, letters: DeadLetters, opening: list[Message], new_id: Callable[[str], str], gate: SweptGate, *,
        flatten: bool,
    ) -> None:
        self.floor, self.letters, self.opening = floor, letters, opening
        self.new_id, self.gate, self.flatten = new_id, gate, flatten


class OrderManagerActor(Worker):
    """Carries one ``Floor``; ``open_floor`` makes it from the journal, in this thread, at each start of an incarnation."""

    def __init__(self, context: Context, open_floor: Callable[[], FloorStart], journal: Outlet) -> None:
        super().__init__(context)
        self._open_floor, self._journal = open_floor, journal
        self._tick: TickToken | None = None
        self._wake: TickToken | None = None
        self._kept: list[Commit] = []

    def on_start(self) -> None:
        """Fold the journal and begin the sweeps; every venue is out of step until it has been heard."""
        start = self._open_floor()
        floor = self._floor = start.floor
        self._requests = Requests(floor)
        self._sync = Sync(floor)
        self._kills = KillDesk(floor, self._requests, self.rng, start.new_id, start.gate, flatten=start.flatten)
        self._dead = DeadDesk(floor, self._requests, start.letters, start.new_id)
        self._streaks = RejectStreaks()
        self._confirmed: dict[str, AccountConfirmed] = {}
        self._listed: dict[str, InstrumentsListed] = {}
        floor.updated = self._kills.on_update
        floor.outbox.events[:0] = start.opening
        self._sync.begin()
        self._kills.begin()
        self._tick = self.ticker.every(_tick_s(floor), self.me, SweepDue())

    def on_stop(self) -> None:
        """Take in what the venues told last, and hand over what is left, with the state as of now."""
        self.ticker.cancel(self._tick)
        self.ticker.cancel(self._wake)
        if self.crash is None:
            self.run_pending()
            self._floor.outbox.events.append(Checkpointed(self._floor.export_state(), self.clock.now_ns()))
            self.on_flush()
        self._floor.hooks.close()

    def on_flush(self) -> None:
        """Give the rows to the journal, and news to those who listen."""
        floor = self._floor
        while floor.stopped:
            self._requests.cancel_all("strategy stopped", strategy=floor.stopped.pop())
        floor.settle()
        direct = floor.outbox.take_direct()
        commit = floor.outbox.take_commit()
        if commit is not None or self._kept:
            self._hand_over(commit)
        for outlet, messages in direct:
            try:
                outlet.tell(messages)
            except Unavailable as error:
                self.log.trace("{} messages for {} were not taken: {}", len(messages), outlet.name, error)

    def _hand_over(self, commit: Commit | None) -> None:
        """Give the rows to the journal. While it is away they are kept in order, and no order leaves on them."""
        kept, self._kept = [*self._kept, *([commit] if commit is not None else [])], []
        try:
            while kept:
                self._journal.tell(kept[0])
                del kept[0]
        except Unavailable as error:
            self.log.error("the journal takes no rows: {}", error)
            self._kept = [structs.replace(one, releases=[], waits=True) for one in kept]
            if sum(len(one.events) for one in kept) > MOST_KEPT_ROWS:
                raise
            answers = refuse(kept, self.clock.now_ns(), str(error))
            if answers:
                self.me.tell(answers)

    # ------------------------------------------------------------ commands

    @handles(SubmitOrder)
    def _on_submit(self, msg: SubmitOrder) -> None:
        self._requests.submit(msg)

    @handles(CancelOrder)
    def _on_cancel(self, msg: CancelOrder) -> None:
        self._requests.cancel(msg)

    @handles(ModifyOrder)
    def _on_modify(self, msg: ModifyOrder) -> None:
        self._requests.modify(msg)

    @handles(StopTrading)
    def _on_stop_trading(self, msg: StopTrading) -> int:
        self._requests.stopping = msg.reason
        return self._requests.cancel_all("stop") if msg.cancel else 0

    @handles(SwitchStrategy)
    def _on_switch(self, msg: SwitchStrategy) -> None:
        self._floor.outbox.events.append(msg)
        if msg.on:
            self._floor.limits.rearm_strategy(msg.strategy)
            self._floor.tell_route(msg.strategy, msg)
        else:
            self._floor.stop_strategy(msg.strategy, "OPERATOR", f"switched off by {msg.by}")

    @handles(StrategyStopped)
    def _on_strategy_stopped(self, msg: StrategyStopped) -> None:
        self._floor.stop_strategy(msg.strategy, msg.reason_code, msg.reason)

    @handles(ClearBlock)
    def _on_clear(self, msg: ClearBlock) -> None:
        self._floor.release(msg.venue, msg.symbol, msg.reason, msg.by)

    @handles(RetryDeadLetter)
    def _on_retry(self, msg: RetryDeadLetter) -> str:
        return self._dead.retry(msg)

    @handles(DiscardDeadLetter)
    def _on_discard(self, msg: DiscardDeadLetter) -> None:
        self._dead.discard(msg)

    # ------------------------------------------------------------ what venues say

    @handles(OrderAccepted)
    def _on_accepted(self, msg: OrderAccepted) -> None:
        applied = self._floor.hear(msg)
        if applied.order is not None:
            self._streaks.accepted(applied.order.strategy)

    @handles(
        OrderFilled, OrderCanceled, OrderExpired, OrderReplaced, ReplaceRejected, OrderSucceeded, OrderUnknown,
        TradeBusted, OrderDoubted, OrderAdopted,
    )
    def _on_event(self, msg: OrderEvent | OrderAdopted) -> None:
        self._floor.hear(msg)

    @handles(OrderRejected, OrderNotSent, CancelRejected)
    def _on_no(self, msg: OrderRejected | OrderNotSent | CancelRejected) -> None:
        applied = self._floor.hear(msg)
        if not applied.ignored:
            self._floor.metrics.on_rejected(type(msg).__name__, msg.reason_code)
        if isinstance(msg, OrderRejected) and applied.order is not None:
            self._note_reject(applied.order, msg)
        if isinstance(msg, CancelRejected) and msg.kind != "too_late":
            self._kills.on_cancel_failed(msg.venue, msg.client_order_id)

    def _note_reject(self, order: OrderUpdate, msg: OrderRejected) -> None:
        """Stop a strategy that the venue refuses for the same reason again and again; a halt that it met is no fault of its."""
        listed, now_ns = self._listed.get(order.venue), self.clock.now_ns()
        if listed is not None and any(one.symbol == order.symbol and not one.tradable for one in listed.instruments):
            return
        if self._streaks.rejected(order.strategy, order.venue, order.symbol, msg.reason_code, now_ns) and order.strategy:
            reason = f"{order.venue} refused {order.symbol} again and again: {msg.reason} ({msg.reason_code})"
            self._floor.stop_strategy(order.strategy, "REJECTS", reason)

    @handles(OrderDenied)
    def _on_denied(self, msg: OrderDenied) -> None:
        self._requests.deny_routed(msg)

    @handles(OrderReported)
    def _on_report(self, msg: OrderReported) -> None:
        self._sync.on_report(msg)

    @handles(OrdersTimed)
    def _on_timed(self, msg: OrdersTimed) -> None:
        self._floor.metrics.on_times(msg)

    @handles(LinkChanged)
    def _on_link(self, msg: LinkChanged) -> None:
        self._sync.on_link(msg)
        if msg.link is not LinkState.DOWN:
            self._kills.on_reachable(msg.venue)

    @handles(AccountConfirmed)
    def _on_account(self, msg: AccountConfirmed) -> None:
        self._confirmed[msg.info.venue] = msg
        self._sync.on_account(msg)
        self._floor.tell_runners(msg)

    @handles(InstrumentsListed)
    def _on_instruments(self, msg: InstrumentsListed) -> None:
        self._listed[msg.venue] = msg
        self._floor.list_instruments(msg)
        self._floor.tell_runners(msg)

    @handles(SnapshotTaken)
    def _on_snapshot(self, msg: SnapshotTaken) -> None:
        self._sync.on_snapshot(msg)
        if msg.purpose.startswith("kill:"):
            self._kills.on_snapshot(msg)

    @handles(BreakerChanged)
    def _on_breaker(self, msg: BreakerChanged) -> None:
        self._sync.on_breaker(msg)

    @handles(DeadLetterAdded)
    def _on_dead_letter(self, msg: DeadLetterAdded) -> None:
        self._dead.add(msg)

    @handles(RequestsAbandoned)
    def _on_abandoned(self, msg: RequestsAbandoned) -> None:
        self._sync.on_abandoned(msg.requests)

    @handles(RequestRefused)
    def _on_refused(self, msg: RequestRefused) -> None:
        self._floor.tell_route(msg.by, msg)

    @handles(FrameUnreadable)
    def _on_frame(self, msg: FrameUnreadable) -> None:
        self._sync.on_unreadable(msg)

    @handles(QuoteUpdate)
    def _on_quote(self, msg: QuoteUpdate) -> None:
        quote = msg.quote
        self._floor.exposure.on_quote(quote)
        self._floor.quotes[(quote.venue, quote.symbol)] = quote

    # ------------------------------------------------------------ time, kill, journal

    @handles(SweepDue)
    def _on_sweep(self, msg: SweepDue) -> None:
        self._sync.on_tick()
        self._kills.on_tick()
        self._wake_between()

    def _wake_between(self) -> None:
        """Look once more before the next tick when a proof wants an answer before it: its time is promised."""
        self.ticker.cancel(self._wake)
        now_ns = self.clock.now_ns()
        wake_ns = self._sync.wake_ns(now_ns)
        delay_s = TICK_S if wake_ns is None else (wake_ns - now_ns) / 1e9
        self._wake = self.ticker.after(max(delay_s, SHORTEST_TICK_S), self.me, SweepDue()) if delay_s < TICK_S else None

    @handles(KillPulled)
    def _on_kill(self, msg: KillPulled) -> None:
        self._kills.on_kill(msg)

    @handles(KillRearmed)
    def _on_rearmed(self, msg: KillRearmed) -> None:
        self._kills.on_rearmed(msg)

    @handles(CheckpointDue)
    def _on_checkpoint(self, msg: CheckpointDue) -> None:
        self._floor.outbox.events.append(Checkpointed(self._floor.export_state(), self.clock.now_ns()))

    # ------------------------------------------------------------ questions

    @handles(AttachRoute)
    def _on_attach(self, msg: AttachRoute) -> None:
        self._floor.routes[msg.name] = self._floor.runners[msg.name] = self.context.handle(msg.actor)
        off = self._floor.limits.stopped_strategies.get(msg.name)
        if off is not None:
            self._floor.tell_route(msg.name, SwitchStrategy(msg.name, on=False, by=off))
        for told in (*self._confirmed.values(), *self._listed.values()):
            self._floor.tell_route(msg.name, told)
        for desk in self._floor.desks.values():
            self._floor.tell_route(msg.name, VenueReady(desk.name, desk.ready, desk.link_reason))
        self._floor.catch_up(msg.name)

    @handles(Subscribe)
    def _on_subscribe(self, msg: Subscribe) -> None:
        self._floor.subscribe(self.context.handle(msg.name), fills=msg.fills, updates=msg.updates)

    @handles(GetOrder)
    def _on_get_order(self, msg: GetOrder) -> OrderUpdate | None:
        record = self._floor.books.find(msg.client_order_id)
        return record.update() if record is not None else self._floor.hooks.look_up(msg.client_order_id)

    @handles(GetOpenOrders)
    def _on_get_open(self, msg: GetOpenOrders) -> tuple[OrderUpdate, ...]:
        return tuple(record.update() for record in self._floor.books.orders.values() if not record.is_done)

    @handles(GetPositions)
    def _on_get_positions(self, msg: GetPositions) -> tuple[Position, ...]:
        return tuple(self._floor.position(one.venue, one.symbol) for one in self._floor.books.positions())

    @handles(GetInstruments)
    def _on_get_instruments(self, msg: GetInstruments) -> tuple[Instrument, ...]:
        return tuple(one for listed in self._listed.values() for one in listed.instruments)

    @handles(GetBalances)
    def _on_get_balances(self, msg: GetBalances) -> dict[str, Decimal]:
        return self._floor.books.balances(msg.venue)

    @handles(GetMetrics)
    def _on_get_metrics(self, msg: GetMetrics) -> dict[str, Any]:
        return self._floor.metrics.summary()

    @handles(GetStatus)
    def _on_get_status(self, msg: GetStatus) -> OmsSnapshot:
        return snapshot_of(self._floor, self._dead.open_letters)


def _tick_s(floor: Floor) -> float:
    """Return how often to look what is due: each second, or sooner where a venue is to be asked sooner."""
    soonest_ns = min((desk.settings.inflight_ns for desk in floor.desks.values()), default=0)
    return min(TICK_S, max(soonest_ns / 1e9, SHORTEST_TICK_S)) if soonest_ns else TICK_S
