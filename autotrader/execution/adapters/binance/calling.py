"""The part of the broker that makes calls: jobs to connections, their answers back, errands of several calls."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from autotrader.actors import Context, Handle, handles
from autotrader.actors.gate import Gate
from autotrader.errors import Unavailable
from autotrader.execution.adapters.base import BrokerActor
from autotrader.execution.adapters.binance.codec import (
    Call,
    CallKind,
    Outcome,
    UnreadableFrame,
    outcome_of,
    outcome_of_failure,
)
from autotrader.execution.adapters.binance.config import BinanceSettings
from autotrader.execution.adapters.binance.errands import Errand, ErrandFailed, Reply
from autotrader.execution.adapters.binance.lanes import Duty, Job, Lanes
from autotrader.execution.adapters.wire import CallDone, CallJob, CallRoll, ClockOffset, ConnectionReady
from autotrader.messages import AttemptFailed, Message, Receipt, SendCancel, SendOrder, SendReplace, UsageReported
from autotrader.model import WriteClass

__all__ = ["CallingBroker", "Trouble"]

_T = TypeVar("_T")
Trouble = ErrandFailed | UnreadableFrame
WRITES: Final = (SendOrder, SendReplace, SendCancel)


class _Running(NamedTuple):
    errand: Errand[Any]
    then: Callable[[Any], None]
    failed: Callable[[Trouble], None]
    urgent: bool


class CallingBroker(BrokerActor):
    """Calls go out by lanes, at most one on each. ``lanes`` names the connections' actors and what each is for.

    While the venue has asked for silence (429, 418) nothing is sent at all, whoever wants it.
    """

    def __init__(
        self, context: Context, *, settings: BinanceSettings, lanes: Mapping[str, Duty], oms: Handle, resiliency: Handle,
        gate: Gate,
    ) -> None:  # fmt: skip
        super().__init__(
            context, venue=settings.codec.venue, account=settings.account, oms=oms, resiliency=resiliency, gate=gate
        )
        self.settings = settings
        self.carried: dict[Any, Any] = {}
        self.codec = msgspec.structs.replace(settings.codec, carried=self.carried)
        self.lanes = Lanes(lanes, round(settings.deadline_s * 1e9))
        self.offset_ns: int | None = None
        self._wires = {name: context.handle(name) for name in lanes}
        self._errands: dict[int, _Running] = {}
        self._numbers = self._errand_numbers = 0
        self.quiet_until_ns = 0
        self._usage: dict[str, UsageReported] = {}
        self._notes: list[Message] = []

    def on_start(self) -> None:
        """Ask who is there; those that are not there yet will say so by themselves."""
        super().on_start()
        for name in self.lanes.names:
            self._tell_wire(name, CallRoll(self.epoch))

    @abstractmethod
    def settle(self, job: Job, outcome: Outcome) -> None:
        """Do what a call's outcome asks for, beyond telling it; called for calls that carry out a request."""

    @abstractmethod
    def is_moot(self, job: Job) -> bool:
        """Say whether a job that waited need not be done any more."""

    @abstractmethod
    def note_trouble(self, outcome: Outcome, call: Call) -> None:
        """Look at an outcome that concerns more than its order: a clock, a key, a firewall, a closed market."""

    # ------------------------------------------------------------ out

    def enqueue(
        self, duty: Duty, call: Call, write_class: WriteClass, *, order_id: str = "", expires_ns: int = 0,
        receipt: Receipt | None = None, attempt: int = 1, errand: int = 0, urgent: bool = False, only_open: bool = False,
    ) -> None:  # fmt: skip
        """Let a call wait for its lane; ``pump`` sends it."""
        self._numbers += 1
        job = Job(
            self._numbers, duty, call, write_class, order_id, expires_ns, receipt, attempt, errand, urgent, only_open
        )
        self.lanes.add(job, self.wall.monotonic_ns())

    def pump(self) -> None:
        """Send what can go."""
        now_ns = self.wall.monotonic_ns()
        if now_ns < self.quiet_until_ns:
            return
        for name, job in self.lanes.assign(now_ns):
            if job.only_open and self.is_moot(job):
                self.lanes.done(name, job.number)
                continue
            order = CallJob(
                job.number, self.epoch, job.call, job.write_class, self.settings.deadline_s, job.receipt, job.attempt
            )
            if not self._tell_wire(name, order):
                self.lanes.put_back(name)

    def _tell_wire(self, name: str, message: CallJob | CallRoll | ClockOffset) -> bool:
        try:
            self._wires[name].tell(message)
        except Unavailable:
            return False
        return True

    def set_offset(self, offset_ns: int) -> None:
        """Have calls stamped by the venue's clock."""
        self.offset_ns = offset_ns
        for name in self.lanes.names:
            self._tell_wire(name, ClockOffset(offset_ns))

    def run(
        self, errand: Errand[_T], then: Callable[[_T], None], failed: Callable[[Trouble], None], *, urgent: bool = False
    ) -> int:
        """Make the calls of an errand one after the other; one of the two functions is called at its end.

        Returns its key, to ``drop`` it by.
        """
        self._errand_numbers += 1
        key = self._errand_numbers
        self._errands[key] = _Running(errand, then, failed, urgent)
        self._advance(key, None)
        return key

    def drop(self, key: int) -> None:
        """Forget an errand: what it still had to ask is not asked, and nobody is told of its end."""
        self._errands.pop(key, None)

    # ------------------------------------------------------------ back

    @handles(ConnectionReady)
    def _on_connection_ready(self, word: ConnectionReady) -> None:
        lost = self.lanes.ready(word.connection, word.epoch)
        if self.offset_ns is not None:
            self._tell_wire(word.connection, ClockOffset(self.offset_ns))
        if lost is not None:
            self._finish_unknown(lost, "CONNECTION_LOST", f"{word.connection} was lost while the call was out")
        self.pump()

    @handles(CallDone)
    def _on_call_done(self, done: CallDone) -> None:
        job = self.lanes.done(done.connection, done.number) if done.epoch == self.epoch else None
        if job is not None:
            self._finish(job, done)
        self.pump()

    def _finish(self, job: Job, done: CallDone) -> None:
        now_ns = self.clock.now_ns()
        answered_utc_ns = self.wall.now_ns() - max(self.wall.monotonic_ns() - done.answered_ns, 0)
        if done.fate == "answered":
            outcome = outcome_of(
                job.call, done.status, done.headers, done.body, self.codec, now_ns, self.wall.now_ns()
            )
            self.last_heard_ns = now_ns
        elif done.fate == "unknown":
            outcome = outcome_of_failure(job.call, True, done.reason, self.codec, now_ns, done.code)
        else:
            outcome = outcome_of_failure(job.call, False, done.reason, self.codec, now_ns, done.code)
        self._count(done, outcome)
        reply = Reply(
            outcome, done.status, done.body, now_ns, done.written_ns, done.answered_ns, answered_utc_ns
        )
        if job.call.kind is CallKind.SUBMIT and done.fate == "answered":
            self.timed.append((job.order_id, done.written_ns, done.answered_ns))
        self._close(job, reply)

    def _count(self, done: CallDone, outcome: Outcome) -> None:
        took_ns = max(done.answered_ns - done.written_ns, 0) if done.written_ns and done.answered_ns else 0
        ours = done.fate == "refused"
        self.calls.note(
            ok=int(outcome.ok), failed=int(not outcome.ok and not ours), took_ns=took_ns,
            code="" if outcome.ok or ours else outcome.code, retry_after_s=outcome.retry_after_s,
        )  # fmt: skip
        if outcome.retry_after_s:
            until_ns = self.wall.monotonic_ns() + round(outcome.retry_after_s * 1e9)
            self.quiet_until_ns = max(self.quiet_until_ns, until_ns)
        self.note_usage(outcome.usage)

    def note_usage(self, usage: tuple[UsageReported, ...]) -> None:
        """Keep the newest word on each rate budget for the resiliency manager."""
        for one in usage:
            self._usage[one.budget] = one

    def note_for_resiliency(self, message: Message) -> None:
        """Have the resiliency manager told at the flush."""
        self._notes.append(message)

    def finish_unknown(self, job: Job, code: str, reason: str) -> None:
        """Give up a call that was out: it may have arrived."""
        self._finish_unknown(job, code, reason)

    def _finish_unknown(self, job: Job, code: str, reason: str) -> None:
        outcome = outcome_of_failure(job.call, True, reason, self.codec, self.clock.now_ns(), code)
        self.calls.note(failed=1, code=code)
        self._close(job, Reply(outcome, recv_ns=self.clock.now_ns()))

    def _close(self, job: Job, reply: Reply) -> None:
        if reply.outcome.error_class is not None:
            self.note_trouble(reply.outcome, job.call)
        if job.errand:
            self._advance(job.errand, reply)
        else:
            self.settle(job, reply.outcome)

    def _advance(self, key: int, reply: Reply | None) -> None:
        running = self._errands.get(key)
        if running is None:
            return
        try:
            call = next(running.errand) if reply is None else running.errand.send(reply)
        except StopIteration as end:
            del self._errands[key]
            running.then(end.value)
        except (ErrandFailed, UnreadableFrame) as trouble:
            del self._errands[key]
            running.failed(trouble)
        else:
            self.enqueue(Duty.QUERY, call, WriteClass.QUERY, errand=key, urgent=running.urgent)
            if reply is None:
                self.pump()

    def give_back(self, job: Job, code: str, reason: str) -> None:
        """Say of a job that waited that it was not sent."""
        outcome = outcome_of_failure(job.call, False, reason, self.codec, self.clock.now_ns(), code)
        self._close(job, Reply(outcome, recv_ns=self.clock.now_ns()))

    def take_failures(self, failures: tuple[AttemptFailed, ...]) -> None:
        """Tell of attempts that are proved not taken."""
        for one in failures:
            self.attempt_failed(one.command, one.kind, one.reason_code, one.reason, one.retry_after_s)

    def on_flush(self) -> None:
        """Tell what was gathered, and what is used of the rate budgets."""
        super().on_flush()
        if self._usage or self._notes:
            told = [*self._notes, *self._usage.values()]
            self._notes, self._usage = [], {}
            self._tell(self._resiliency, told)
