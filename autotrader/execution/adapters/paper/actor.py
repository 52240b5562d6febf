"""The paper venue's actor: a broker whose wire is a call, with the delays and disturbances it was told to have."""

from __future__ import annotations

from random import Random
from typing import Final

from autotrader.actors import Context, Handle, handles
from autotrader.actors.gate import Gate
from autotrader.errors import Refused
from autotrader.execution.adapters.base import BrokerActor
from autotrader.execution.adapters.paper.desk import Desk
from autotrader.execution.adapters.paper.later import AnswersDue, ExpiryDue, Request, RequestArrived, WeatherDue
from autotrader.execution.adapters.paper.replies import (
    KINDS,
    doubt_of,
    id_of,
    rearranged,
    refusal_of,
    rejection_of,
    report_of,
    symbol_of,
)
from autotrader.execution.adapters.paper.settings import PaperSettings
from autotrader.execution.adapters.paper.tidings import tidings_of
from autotrader.execution.adapters.paper.weather import Weather
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    ProbeVenue,
    QueryOrder,
    QuoteUpdate,
    SendCancel,
    SendOrder,
    SendReplace,
    SnapshotTaken,
    TakeSnapshot,
)
from autotrader.model import LinkState, WriteClass
from autotrader.simulator.events import Event, RefusedRequest
from autotrader.simulator.fault_script import Effects

__all__ = ["PaperBrokerActor"]

NS: Final = 1_000_000_000
VENUE: Final = "paper"


class PaperBrokerActor(BrokerActor):
    """Speaks for the paper venue. Its books are on disk before a word of what is in them is told.

    ``weather`` is the run's; give the same to every incarnation, so that outages and fault counts go on over a restart.
    """

    def __init__(
        self, context: Context, *, oms: Handle, resiliency: Handle, gate: Gate, settings: PaperSettings,
        weather: Weather | None = None,
    ) -> None:  # fmt: skip
        super().__init__(context, venue=VENUE, account=settings.account, oms=oms, resiliency=resiliency, gate=gate)
        self._settings = settings
        self._weather = weather or Weather(settings, context.rng)
        self._request_s, self._answer_s = settings.latency_ms / 1e3, settings.reply_latency_ms / 1e3
        self._fill_s = settings.fill_delay_ms / 1e3
        self._direct = self._weather.is_calm and not (self._request_s or self._answer_s or self._fill_s)
        self._under_way: dict[str, int] = {}
        self._written: list[tuple[str, int]] = []
        self._expiry_ns: int | None = None
        self._down_since_ns: int | None = None
        self._next_weather_ns: int | None = None

    def on_start(self) -> None:
        """Open the books and connect."""
        super().on_start()
        seed = self._settings.seed
        rng = self.rng if seed is None else Random(f"{seed}/{self.epoch}")
        self._desk = Desk(self._settings, rng, owner=self.me)
        self._weather.begin(self.clock.now_ns())
        self._connect("connected")
        self._on_weather(WeatherDue())

    def on_stop(self) -> None:
        """Close the books."""
        super().on_stop()
        if hasattr(self, "_desk"):
            self._desk.close(orderly=self.crash is None)

    def on_flush(self) -> None:
        """Write the books, then tell."""
        self._desk.write()
        if self._written:
            now_ns = self.wall.monotonic_ns()
            self.timed += [(name, written_ns, now_ns) for name, written_ns in self._written]
            self._written = []
        super().on_flush()
        if self._desk.exchange.next_expiry_ns != self._expiry_ns:
            self._arm_expiry()

    def count_open_orders(self) -> int:
        """Return how many orders are open here."""
        return len(self._desk.account.open)

    # ------------------------------------------------------------ orders: the straight way

    def send_orders(self, commands: list[SendOrder]) -> None:
        """Take new orders, in order."""
        if not self._direct or self.link is LinkState.DOWN:
            for command in commands:
                self._leave(command)
            return
        desk, door, clock = self._desk, self.door, self.wall.monotonic_ns
        now_ns, began_ns = desk.at(self.clock.now_ns()), clock()
        happened: list[Event] = []
        landed = len(self._written)
        for command in commands:
            if desk.absent and command.order.client_order_id in desk.absent:
                self._fenced(command)
                continue
            receipt = command.receipt
            written_ns = clock()
            try:
                door.enter(receipt.write_class, receipt, command.attempt)
            except Refused as refusal:
                self.attempt_failed(command, "not_sent", refusal.code, str(refusal))
                continue
            try:
                happened += desk.exchange.submit(command.order, now_ns)
            finally:
                door.leave()
            self._written.append((command.order.client_order_id, written_ns))
        landed = len(self._written) - landed
        if landed:
            desk.count("submit", landed)
            desk.note(happened)
            self.told += tidings_of(happened)
            self.last_heard_ns = now_ns
            self.calls.note(ok=landed, took_ns=(clock() - began_ns) // landed)

    def _fenced(self, command: SendOrder) -> None:
        reason = "the paper venue has declared this order absent, and takes it no more"
        self.attempt_failed(command, "not_sent", "INVALID_ORDER", reason)

    # ------------------------------------------------------------ requests: the long way

    def send_replace(self, command: SendReplace) -> None:
        """Take new terms."""
        self._leave(command)

    def send_cancel(self, command: SendCancel) -> None:
        """Take a cancel."""
        self._leave(command)

    def query_order(self, query: QueryOrder) -> None:
        """Answer what became of an order."""
        self._leave(query)

    def take_snapshot(self, request: TakeSnapshot) -> None:
        """Hand out the books."""
        self._leave(request)

    def probe(self, request: ProbeVenue) -> None:
        """Answer with how the call went."""
        self._desk.count("other")
        down = self.link is LinkState.DOWN
        self.calls.note(ok=not down, failed=down, code="LINK_DOWN" if down else "")

    def _leave(self, request: Request) -> None:
        """Send a request on its way to the venue; while the link is down nothing leaves."""
        if self.link is LinkState.DOWN:
            return self._not_sent(request)
        arrival = RequestArrived(request, self.wall.monotonic_ns())
        if self._request_s:
            return self._later(self._request_s, arrival)
        return self._on_arrival(arrival)

    def _later(self, delay_s: float, arrival: RequestArrived) -> None:
        key = id_of(arrival.request)
        self._under_way[key] = self._under_way.get(key, 0) + 1
        self.ticker.after(delay_s, self.me, arrival)

    def _not_sent(self, request: Request) -> None:
        self.calls.note(failed=1, code="LINK_DOWN")
        if isinstance(request, TakeSnapshot):
            self.told.append(SnapshotTaken(VENUE, request.purpose, None, self.link_reason))
        elif not isinstance(request, QueryOrder):
            self.attempt_failed(request, "not_sent", "LINK_DOWN", f"the paper venue cannot be reached: {self.link_reason}")

    @handles(RequestArrived)
    def _on_arrived_later(self, arrival: RequestArrived) -> None:
        key = id_of(arrival.request)
        left = self._under_way.get(key, 0) - 1
        if left > 0:
            self._under_way[key] = left
        else:
            self._under_way.pop(key, None)
        if self.link is not LinkState.DOWN or arrival.plain:
            return self._on_arrival(arrival)
        if isinstance(arrival.request, TakeSnapshot | QueryOrder):
            return self._not_sent(arrival.request)
        return self._unknown(arrival.request, "the link was lost while the request was on its way")

    def _on_arrival(self, arrival: RequestArrived) -> None:
        """Meet the request at the venue's door: disturbed, or served."""
        request, now_ns = arrival.request, self._desk.at(self.clock.now_ns())
        effects = None
        if not arrival.plain and not isinstance(request, TakeSnapshot):
            effects = self._weather.on_request(KINDS[type(request)], symbol_of(request), id_of(request), now_ns)
        if effects is None:
            self._answer(request, self._do(request, now_ns, None), arrival.left_ns)
        else:
            self._disturb(request, effects, now_ns, arrival.left_ns)
            self._on_weather(WeatherDue())

    def _do(self, request: Request, now_ns: int, effects: Effects | None) -> list[Message] | None:
        """Do what is asked; None when nothing was, since the gate let nothing pass."""
        if isinstance(request, QueryOrder):
            return self._found(request, now_ns)
        if isinstance(request, TakeSnapshot):
            self._desk.count("other")
            return [SnapshotTaken(VENUE, request.purpose, self._desk.snapshot(now_ns, request.trades_since_ns))]
        return self._write(request, now_ns, effects)

    def _write(
        self, request: SendOrder | SendReplace | SendCancel, now_ns: int, effects: Effects | None
    ) -> list[Message] | None:
        desk, door = self._desk, self.door
        if isinstance(request, SendOrder) and request.order.client_order_id in desk.absent:
            self._fenced(request)
            return None
        try:
            if isinstance(request, SendCancel):
                door.enter(WriteClass.CANCEL)
            else:
                door.enter(request.receipt.write_class, request.receipt, request.attempt)
        except Refused as refusal:
            self.attempt_failed(request, "not_sent", refusal.code, str(refusal))
            return None
        try:
            if isinstance(request, SendOrder):
                events = desk.submit(request, now_ns, effects)
            elif isinstance(request, SendReplace):
                events = desk.replace(request, now_ns, effects)
            else:
                events = desk.cancel(request, now_ns, effects)
        finally:
            door.leave()
        desk.count(KINDS[type(request)])
        return tidings_of(events) + [refusal_of(request, event) for event in events if isinstance(event, RefusedRequest)]

    def _found(self, query: QueryOrder, now_ns: int) -> list[Message]:
        """Answer a query: the order's trades, then its state. Nothing under way makes either answer the venue's last word."""
        desk, name = self._desk, query.client_order_id
        desk.count("query")
        found, proven = desk.look_up(query), name not in self._under_way
        if found is None and proven:
            desk.declare_absent(name, now_ns)
        return report_of(query, found, now_ns, proven=proven)

    # ------------------------------------------------------------ answers

    def _answer(
        self, request: Request, answers: list[Message] | None, left_ns: int, *, delay_s: float = 0.0, hold_s: float = 0.0
    ) -> None:
        """Bring the venue's answer back; fills take ``hold_s`` longer."""
        if answers is None:
            return
        self.calls.note(ok=1)
        name = "" if isinstance(request, QueryOrder | TakeSnapshot) else id_of(request)
        self._bring(answers, name, left_ns, delay_s, hold_s)

    def _bring(
        self, answers: list[Message], name: str = "", left_ns: int = 0, delay_s: float = 0.0, hold_s: float = 0.0
    ) -> None:
        delay_s += self._answer_s
        hold_s += self._fill_s
        if hold_s:
            late = tuple(one for one in answers if isinstance(one, OrderFilled))
            answers = [one for one in answers if not isinstance(one, OrderFilled)]
            if late:
                self.ticker.after(delay_s + hold_s, self.me, AnswersDue(late))
        if not answers:
            return
        due = AnswersDue(tuple(answers), name, left_ns)
        if delay_s:
            self.ticker.after(delay_s, self.me, due)
        else:
            self._on_answers(due)

    @handles(AnswersDue)
    def _on_answers(self, due: AnswersDue) -> None:
        """Tell what came; what comes while the link is down is lost, and shows in the next hand-over."""
        if self.link is LinkState.DOWN:
            return
        self.told += due.answers
        self.last_heard_ns = self.clock.now_ns()
        if due.client_order_id and isinstance(due.answers[0], OrderAccepted | OrderRejected):
            self._written.append((due.client_order_id, due.left_ns))

    @handles(QuoteUpdate)
    def _on_quote(self, update: QuoteUpdate) -> None:
        events = self._desk.quote(update.quote, self._desk.at(self.clock.now_ns()))
        if events:
            self._bring(tidings_of(events))

    # ------------------------------------------------------------ disturbances

    def _disturb(self, request: Request, effects: Effects, now_ns: int, left_ns: int) -> None:
        """Carry out what a rule or chance has in store for a request."""
        wait_s = effects.rate_limit if effects.rate_limit is not None else effects.ban_s
        if wait_s is not None:
            return self._turn_away(request, "RATE_LIMITED" if effects.ban_s is None else "BANNED", wait_s)
        if effects.reject is not None:
            answer = rejection_of(request, effects.reject, now_ns)
            return self._answer(request, answer, left_ns, delay_s=effects.delay_s)
        answers: list[Message] | None = []
        if effects.land_after_s is not None:
            self._later(effects.land_after_s, RequestArrived(request, left_ns, plain=True))
        elif effects.land:
            answers = self._do(request, now_ns, effects)
        if answers is None:
            return None
        answers = rearranged(answers, effects)
        if effects.reply == "normal" and answers:
            return self._answer(request, answers, left_ns, delay_s=effects.delay_s, hold_s=effects.hold_s or 0.0)
        if effects.reply == "normal" and effects.land_after_s is not None:
            return None
        return self._lose(request, effects)

    def _turn_away(self, request: Request, code: str, wait_s: float) -> None:
        self.calls.note(ok=1, retry_after_s=wait_s)
        if not isinstance(request, QueryOrder | TakeSnapshot):
            self.attempt_failed(request, "rate_limited", code, "the paper venue was told to limit it", wait_s)

    def _lose(self, request: Request, effects: Effects) -> None:
        """Let the reply be lost; whoever waits for one learns of it at once, or by a time-out."""
        self.calls.note(failed=1, code="NO_REPLY")
        if isinstance(request, QueryOrder | TakeSnapshot):
            return
        reply = effects.reply if isinstance(effects.reply, str) else f"status {effects.reply.status}"
        told = doubt_of(request, f"no answer to trust: {reply}", self.clock.now_ns())
        slow = effects.reply in ("never", "slow", "normal")
        if slow and self._settings.reply_timeout_s:
            self.ticker.after(self._settings.reply_timeout_s, self.me, AnswersDue((told,)))
        else:
            self.told.append(told)

    def _unknown(self, request: SendOrder | SendReplace | SendCancel, reason: str) -> None:
        self.calls.note(failed=1, code="NO_REPLY")
        self.told.append(doubt_of(request, reason, self.clock.now_ns()))

    # ------------------------------------------------------------ link, time

    def _connect(self, reason: str, gap_from_ns: int | None = None) -> None:
        now_ns = self._desk.at(self.clock.now_ns())
        self.last_heard_ns = now_ns
        self.hand_over(
            self._desk.info(), self._settings.instruments, self._desk.snapshot(now_ns), reason=reason, gap_from_ns=gap_from_ns
        )

    @handles(WeatherDue)
    def _on_weather(self, _: WeatherDue) -> None:
        """Begin and end outages and halts, and say when to look again."""
        weather, desk, now_ns = self._weather, self._desk, self._desk.at(self.clock.now_ns())
        for effects in weather.faults.due("venue", now_ns):
            self._strike(effects, now_ns)
        desk.exchange.halt(None, weather.is_halted(now_ns))
        why = weather.why_down(now_ns)
        if why and self.link is not LinkState.DOWN:
            self._down_since_ns = now_ns
            self.set_link(LinkState.DOWN, why)
        elif not why and self.link is LinkState.DOWN:
            self._connect("connected again", self._down_since_ns)
        next_ns = weather.next_change_ns(now_ns)
        if next_ns is not None and next_ns != self._next_weather_ns:
            self._next_weather_ns = next_ns
            self.ticker.after((next_ns - now_ns) / NS, self.me, WeatherDue())

    def _strike(self, effects: Effects, now_ns: int) -> None:
        if effects.restart is not None:
            if not effects.restart.keep_orders:
                self._desk.cancel_all(now_ns)
            self._weather.go_down(now_ns + round(effects.restart.down_s * NS), "the venue restarts")
        if effects.maintenance_s is not None:
            self._weather.go_down(now_ns + round(effects.maintenance_s * NS), "maintenance")
        if effects.market_halt_s is not None:
            self._weather.halt_market(now_ns + round(effects.market_halt_s * NS))

    def _arm_expiry(self) -> None:
        self._expiry_ns = self._desk.exchange.next_expiry_ns
        if self._expiry_ns is not None:
            self.ticker.after((self._expiry_ns - self.clock.now_ns()) / NS, self.me, ExpiryDue())

    @handles(ExpiryDue)
    def _on_expiry(self, _: ExpiryDue) -> None:
        self._bring(tidings_of(self._desk.expire(self._desk.at(self.clock.now_ns()))))
        self._expiry_ns = None

