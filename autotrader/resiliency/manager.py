"""The resiliency manager's actor: one per venue, between the order manager and the broker."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from autotrader.actors.context import Context
from autotrader.actors.handle import Handle
from autotrader.actors.ticker import TickToken
from autotrader.actors.worker import Worker, handles, handles_batch
from autotrader.errors import Unavailable
from autotrader.messages import (
    AttemptFailed,
    BreakerChanged,
    BudgetsListed,
    CallsFinished,
    CancelRejected,
    GetStatus,
    KillPulled,
    Message,
    OrderNotSent,
    PaceDue,
    ProbeVenue,
    QueryOrder,
    ReplaceRejected,
    RetryDue,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SendReplace,
    SnapshotTaken,
    TakeSnapshot,
    UsageReported,
    VenueReady,
)
from autotrader.model import BreakerState, KillLevel, WriteClass
from autotrader.resiliency.breaker import NEVER, CircuitBreaker
from autotrader.resiliency.dead_letters import letter_for
from autotrader.resiliency.failures import FailureLog
from autotrader.resiliency.pacing import due_ns, release
from autotrader.resiliency.rate_limit import RateLimiter
from autotrader.resiliency.retry import Failure, GiveUp, Retry, RetryBudget
from autotrader.resiliency.settings import ResiliencySettings
from autotrader.resiliency.status import ResiliencyStatus
from autotrader.resiliency.waiting import Control, Key, Waiting, WaitingRetry, Write, born_ns, key_of, kind_of, order_id_of

__all__ = ["ResiliencyActor"]

SECOND = 1_000_000_000
MOST_REMEMBERED = 4_096


class ResiliencyActor(Worker):
    """Passes requests on to one venue's broker, or says why not.

    New orders and replaces need a closed breaker and room in the rate budget. Cancels, queries and snapshots never meet the
    breaker; only a ban or a full budget makes them wait, and the share of retries in the traffic does not bind cancels. What a
    broker proves not taken is tried again or becomes a dead letter; nothing is ever sent from the dead-letter queue by itself.
    The order manager hears of each request's end once.
    """

    def __init__(
        self, context: Context, venue: str, broker: Handle, oms: Handle, settings: ResiliencySettings | None = None,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(context)
        self.venue, self._broker, self._oms = venue, broker, oms
        self._settings = (settings or ResiliencySettings()).in_force()
        self._rng = rng or context.rng
        rate = self._settings.rate
        self._breaker = CircuitBreaker(self._settings.breaker)
        self._limiter = RateLimiter(rate.budgets, ceiling=rate.ceiling, reserve=rate.reserve)
        self._retry_budget = RetryBudget(self._settings.retry)
        self._slow_ns = round(self._settings.breaker.slow_s * SECOND)
        self._calls, self._attempts = FailureLog(), FailureLog()
        self._waiting = Waiting()
        self._tried: dict[Key, Retry] = {}
        self._writes: list[Write] = []
        self._controls: list[Message] = []
        self._events: list[Message] = []
        self._ready = True
        self._pace: TickToken | None = None
        self._pace_ns = NEVER
        self._passed = self._refused = self._letters = self._lost = 0

    # ------------------------------------------------------------ orders and replaces
    @handles_batch(SendOrder, SendReplace)
    def _on_writes(self, commands: list[Write]) -> None:
        if self._breaker.closed and self._ready and not self._limiter.is_limited and not self._limiter.banned_until_ns:
            self._writes += commands
        else:
            self._pass_writes(commands)

    def _pass_writes(self, commands: Sequence[Write]) -> None:
        if not self._ready:
            commands = self._without_risk(commands)
        if not commands:
            return None
        if not self._breaker.closed:
            return self._refuse_all(commands, "BREAKER_OPEN", f"the breaker of {self.venue} is open: {self._breaker.reason}")
        now_ns = self.clock.monotonic_ns()
        granted = 0 if self._waiting.parked else self._limiter.grant(kind_of(commands[0]), len(commands), now_ns)
        self._writes += commands[:granted]
        for command in commands[granted:]:
            self._park(command, now_ns)
        return self._arm(now_ns)

    def _without_risk(self, commands: Sequence[Write]) -> list[Write]:
        """Refuse what adds risk at a venue that is not ready; what reduces it passes, as at HALT."""
        risky = [command for command in commands if command.receipt.write_class is WriteClass.RISK]
        self._refuse_all(risky, "VENUE_NOT_READY", f"{self.venue} is not ready: its books are not reconciled")
        return [command for command in commands if command.receipt.write_class is not WriteClass.RISK]

    def _park(self, command: Write, now_ns: int) -> None:
        """Let a write wait for room, unless that takes longer than its intent may live."""
        age_ns = abs(self.clock.now_ns() - born_ns(command, self.clock.now_ns()))
        deadline_ns = now_ns + round(self._settings.retry.submit_age_s * SECOND) - age_ns
        in_time = now_ns + self._limiter.wait_ns(kind_of(command), now_ns) <= deadline_ns
        if not in_time or not self._waiting.park(command, deadline_ns):
            self._refuse_late(command)

    def _refuse_late(self, command: Write) -> None:
        self._refuse(command, "RATE_LIMITED", f"{self.venue} has no room for it before it is too old (rate budget, or ban)")

    def _refuse_all(self, commands: Sequence[Write], code: str, reason: str) -> None:
        for command in commands:
            self._refuse(command, code, reason)

    def _refuse(self, command: Write | SendCancel, code: str, reason: str, *, letter: bool = True) -> None:
        """End a request that is proved not taken; one that was tried before is kept as a dead letter."""
        retry = self._tried.pop(key_of(command), None)
        if retry is not None and letter:
            self._keep(command, GiveUp("refused", code, reason, retry))
        self._refused += 1
        end: dict[str, Any] = {
            "client_order_id": order_id_of(command), "venue": self.venue, "ts_ns": self.clock.now_ns(),
            "reason_code": code, "reason": reason,
        }
        if isinstance(command, SendOrder):
            self._events.append(OrderNotSent(**end))
        elif isinstance(command, SendReplace):
            self._events.append(ReplaceRejected(**end, venue_order_id=command.venue_order_id))
        else:
            self._events.append(CancelRejected(**end, venue_order_id=command.venue_order_id, kind="final"))

    def _keep(self, command: Write | SendCancel, given_up: GiveUp) -> None:
        self._letters += 1
        self._events.append(letter_for(command, self.venue, given_up))

    # ------------------------------------------------------------ what always passes
    @handles(SendCancel)
    def _on_cancel(self, cancel: SendCancel) -> None:
        if self._waiting and self._withdraw(cancel.client_order_id):
            return
        self._pass_control(cancel)

    @handles(SendCancelAll, QueryOrder, TakeSnapshot)
    def _pass_control(self, control: Control) -> None:
        now_ns = self.clock.monotonic_ns()
        kind = kind_of(control)
        if self._waiting.controls or not self._limiter.grant(kind, 1, now_ns):
            self._waiting.hold(control)
            self._arm(now_ns)
        else:
            self._controls.append(control)

    def _withdraw(self, client_order_id: str) -> bool:
        """Drop what waits for an order that is to be cancelled; True when the order never left, so that no cancel need go."""
        if self._drop(("cancel", client_order_id)) is not None:
            del self._tried["cancel", client_order_id]
        replace = self._drop(("replace", client_order_id))
        if replace is not None:
            self._refuse(replace, "WITHDRAWN", "cancelled while the change waited", letter=False)
        order = self._drop(("order", client_order_id))
        if order is not None:
            self._refuse(order, "WITHDRAWN", "cancelled while the order waited to be sent", letter=False)
        return order is not None

    def _drop(self, key: Key) -> Write | SendCancel | None:
        """Take a request out of the waiting rooms."""
        parked = self._waiting.parked.pop(key, None)
        retry = self._waiting.retries.pop(key, None)
        if retry is not None:
            self.ticker.cancel(retry.token)
            self._tried[key] = retry.retry
            return retry.command
        return None if parked is None else parked.command

    # ------------------------------------------------------------ failures and retries

    @handles(AttemptFailed)
    def _on_attempt_failed(self, failed: AttemptFailed) -> None:
        waiting = self._waiting.retries.get(key_of(failed.command))
        if waiting is not None and waiting.command.attempt > failed.command.attempt:
            return  # told twice
        self._fail(failed.command, Failure(failed.kind, failed.reason_code, failed.reason, failed.retry_after_s))

    def _fail(self, command: Write | SendCancel, failure: Failure) -> None:
        now_ns, mono_ns = self.clock.now_ns(), self.clock.monotonic_ns()
        self._attempts.note(failure.reason_code or failure.kind.upper(), mono_ns)
        self._limiter.ban(mono_ns, failure.retry_after_s)
        key = key_of(command)
        retry = self._tried.pop(key, None)
        if retry is None or retry.attempt != command.attempt:
            retry = self._first_try(command, now_ns)
        step = retry.increment(failure, now_ns, self._rng.random(), self._settings.retry)
        if isinstance(step, Retry) and not self._retry_budget.take(mono_ns) and not isinstance(command, SendCancel):
            step = retry.stop(failure, now_ns, "budget", "given up, since retries have used up their share of the traffic")
        if isinstance(step, Retry):
            self._try_later(command, step)
        else:
            self._keep(command, step)
            self._refuse(command, step.reason_code or failure.kind.upper(), step.reason)
        self._arm(mono_ns)

    def _first_try(self, command: Write | SendCancel, now_ns: int) -> Retry:
        limits = self._settings.retry
        if isinstance(command, SendCancel):
            return Retry(now_ns, limits.cancel_age_s, attempt=command.attempt)
        return Retry(born_ns(command, now_ns), limits.submit_age_s, attempt=command.attempt)

    def _try_later(self, command: Write | SendCancel, retry: Retry) -> None:
        again = msgspec.structs.replace(command, attempt=retry.attempt)
        token = self.ticker.after(retry.delay_s, self.me, RetryDue(again))
        self._waiting.retries[key_of(command)] = WaitingRetry(again, retry, token)

    @handles(RetryDue)
    def _on_retry_due(self, due: RetryDue) -> None:
        key = key_of(due.command)
        waiting = self._waiting.retries.get(key)
        if waiting is None or waiting.command is not due.command:
            return  # withdrawn, killed, or of an incarnation that is gone
        del self._waiting.retries[key]
        self._remember(key, waiting.retry)
        if isinstance(due.command, SendCancel):
            self._pass_control(due.command)
        else:
            self._pass_writes([due.command])

    def _remember(self, key: Key, retry: Retry) -> None:
        """Keep the history of a request whose next attempt is under way; nobody says when it went well, so it is bounded."""
        if len(self._tried) >= MOST_REMEMBERED:
            del self._tried[next(iter(self._tried))]
        self._tried[key] = retry

    # ------------------------------------------------------------ breaker, bans, time

    @handles(CallsFinished)
    def _on_calls_finished(self, calls: CallsFinished) -> None:
        now_ns = self.clock.monotonic_ns()
        if calls.failed:
            self._calls.note(calls.code or "FAILED", now_ns, calls.failed)
        if calls.retry_after_s:
            self._limiter.ban(now_ns, calls.retry_after_s)
            self._arm(now_ns)
        slow = 1 if calls.slowest_ns > self._slow_ns else 0
        if self._settings.enabled and self._breaker.record(now_ns, calls.ok, calls.failed, slow):
            self._on_breaker_moved(now_ns)

    @handles(PaceDue)
    def _on_pace_due(self, _: PaceDue) -> None:
        now_ns = self.clock.monotonic_ns()
        self._pace, self._pace_ns = None, NEVER
        if self._breaker.poll(now_ns):
            self._on_breaker_moved(now_ns)
        if now_ns >= self._limiter.banned_until_ns:
            self._limiter.banned_until_ns = 0
        self._probe(now_ns)
        self._release(now_ns)
        self._arm(now_ns)

    @handles(UsageReported)
    def _on_usage_reported(self, usage: UsageReported) -> None:
        self._limiter.correct(usage.budget, usage.used, self.clock.monotonic_ns())

    @handles(BudgetsListed)
    def _on_budgets_listed(self, listed: BudgetsListed) -> None:
        """Keep to the venue's own limits, unless the configuration names some."""
        if self._settings.enabled and not self._settings.rate.budgets:
            self._limiter.relist(listed.budgets)
            self._arm(self.clock.monotonic_ns())

    def _on_breaker_moved(self, now_ns: int) -> None:
        state, reason = self._breaker.state, self._breaker.reason
        level = "WARNING" if state is BreakerState.OPEN else "INFO"
        self.log.bind(venue=self.venue, breaker=str(state)).log(level, "breaker {}: {}", state, reason)
        self._tell_oms(BreakerChanged(venue=self.venue, state=state, reason=reason, ts_ns=self.clock.now_ns()))
        if state is BreakerState.OPEN:
            self._drop_writes("BREAKER_OPEN", f"the breaker of {self.venue} opened: {reason}")
        self._probe(now_ns)
        self._arm(now_ns)

    def _probe(self, now_ns: int) -> None:
        if self._breaker.has_probe and self._limiter.grant("query", 1, now_ns):
            self._breaker.take_probe(now_ns)
            self._controls.append(ProbeVenue(venue=self.venue))

    def _release(self, now_ns: int) -> None:
        gone = release(self._waiting, self._limiter, now_ns)
        self._controls += gone.controls
        self._writes += gone.writes
        for command in gone.late:
            self._refuse_late(command)

    def _arm(self, now_ns: int) -> None:
        """Have the ticker call when the first thing is due."""
        at_ns = due_ns(self._waiting, self._limiter, self._breaker, now_ns)
        if at_ns >= NEVER or (self._pace is not None and self._pace_ns <= at_ns):
            return
        self.ticker.cancel(self._pace)
        self._pace_ns = at_ns
        self._pace = self.ticker.after((at_ns - now_ns) / SECOND, self.me, PaceDue(venue=self.venue))

    # ------------------------------------------------------------ kill switch, readiness

    @handles(KillPulled)
    def _on_kill_pulled(self, pulled: KillPulled) -> None:
        if pulled.level is KillLevel.ARMED or pulled.scope not in ("all", self.venue):
            return
        self._drop_writes("HALTED", f"the kill switch is at {pulled.level.name}", risk_only=pulled.level is KillLevel.HALT)

    @handles(VenueReady)
    def _on_venue_ready(self, ready: VenueReady) -> None:
        if ready.venue != self.venue:
            return
        self._ready = ready.ready
        if not ready.ready:
            self._drop_writes("VENUE_NOT_READY", f"{self.venue} is not ready: {ready.reason}", risk_only=True)

    def _drop_writes(self, code: str, reason: str, *, risk_only: bool = False) -> None:
        """End all writes that wait for room or a retry."""
        for key in list(self._waiting.writes(risk_only=risk_only)):
            command = self._drop(key)
            if command is not None:
                self._refuse(command, code, reason)

    # ------------------------------------------------------------ telling

    def on_flush(self) -> None:
        """Pass on what the handlers let through, in lists; what nobody takes is not sent."""
        if self._writes or self._controls:
            self._retry_budget.count(self.clock.monotonic_ns(), len(self._writes) + len(self._controls))
        if self._controls:
            controls, self._controls = self._controls, []
            self._tell_broker(controls, self._on_controls_lost)
        if self._writes:
            writes, self._writes = self._writes, []
            self._passed += len(writes)
            self._tell_broker(writes, self._on_writes_lost)
        if self._events:
            events, self._events = self._events, []
            self._tell_oms(events)

    def on_stop(self) -> None:
        """Say of what still waits that it was not sent; after a crash the order manager asks the venue instead."""
        if self.crash is None:
            self._drop_writes("UNAVAILABLE", f"the engine let go of {self.venue} before the request was sent")
            self.on_flush()

    def _tell_broker(self, messages: list[Any], on_lost: Callable[[list[Any]], None]) -> None:
        try:
            self._broker.tell(messages)
        except Unavailable:
            on_lost(messages)

    def _on_writes_lost(self, commands: list[Write]) -> None:
        self._passed -= len(commands)
        self._refuse_all(commands, "UNAVAILABLE", f"the broker of {self.venue} is not running")

    def _on_controls_lost(self, controls: list[Message]) -> None:
        failure = Failure("not_sent", "UNAVAILABLE", f"the broker of {self.venue} is not running")
        for control in controls:
            if isinstance(control, SendCancel):
                self._fail(control, failure)
            elif isinstance(control, TakeSnapshot):
                self._tell_oms(SnapshotTaken(self.venue, control.purpose, None, failure.reason))
            elif isinstance(control, ProbeVenue):
                self._on_calls_finished(CallsFinished(self.venue, ok=0, failed=1, slowest_ns=0, code=failure.reason_code))
            else:  # a query: the order manager owes it until it is answered, and asks again
                self._lost += 1

    def _tell_oms(self, message: Message | list[Message]) -> None:
        try:
            self._oms.tell(message)
        except Unavailable:  # a fresh order manager asks the venue about everything that is on its way
            self._lost += len(message) if isinstance(message, list) else 1

    @handles(GetStatus)
    def _on_get_status(self, _: GetStatus) -> ResiliencyStatus:
        now_ns = self.clock.monotonic_ns()
        retries, traffic = self._retry_budget.used(now_ns)
        breaker, waiting = self._breaker, self._waiting
        probe_in_s = _seconds(breaker.due_ns() - now_ns) if breaker.state is BreakerState.OPEN else None
        return ResiliencyStatus(
            venue=self.venue, enabled=self._settings.enabled, ready=self._ready, breaker=breaker.state,
            breaker_reason=breaker.reason, probe_in_s=probe_in_s,
            banned_s=_seconds(self._limiter.banned_until_ns - now_ns) if self._limiter.banned_until_ns else 0.0,
            passed=self._passed, refused=self._refused, parked=len(waiting.parked), held=len(waiting.controls),
            retrying=len(waiting.retries), retries=retries, traffic=traffic, dead_letters=self._letters, lost=self._lost,
            failed_calls=tuple(self._calls.by_code(now_ns).items()),
            failed_attempts=tuple(self._attempts.by_code(now_ns).items()), budgets=self._limiter.usage(now_ns),
        )


def _seconds(ns: int) -> float:
    return max(round(ns / SECOND, 3), 0.0)
