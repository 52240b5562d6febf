"""One connection of a venue: takes a call, makes it, tells what became of it. For every venue that is spoken to by HTTP.

The order of work of a call: connect where that is due (fails: not sent) · build and sign (fails: refused) · through the gate
(fails: refused) · write, and leave the gate · read. Whatever fails from the write on leaves the outcome unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

import msgspec

from autotrader.actors import Context, Handle, Worker, handles
from autotrader.actors.gate import Door, Gate
from autotrader.errors import EncodeError, Refused, Unavailable
from autotrader.execution.adapters.dial import WireFailed
from autotrader.execution.adapters.http_wire import HttpAnswer, HttpRequest, HttpWire, encode_request
from autotrader.execution.adapters.wire import CallDone, CallJob, CallRoll, ClockOffset, ConnectionReady, Fate
from autotrader.messages import GetStatus, Lane, Message

__all__ = ["ConnectionActor", "ConnectionStatus", "Transport"]

WARM_UP_S: Final = 1.5
"""How long a connect may take that no call waits for; shorter than the time an actor has to stop."""
LONGEST_PAUSE_S: Final = 30.0
_GRACE_NS: Final = 1_000_000_000


class Transport(Protocol):
    """Makes requests of a venue's calls; made and used in its connection's thread."""

    def request(self, call: Any) -> HttpRequest:
        """Build and sign; raises EncodeError."""

    def set_clock_offset(self, offset_ns: int) -> None:
        """Take the venue's clock minus ours."""

    def close(self) -> None:
        """Let go of what it holds."""


class ConnectionStatus(msgspec.Struct, frozen=True):
    """What a connection shows of itself."""

    name: str
    role: str
    epoch: int
    is_open: bool
    calls: int
    reconnects: int
    last_error: str


class WarmUp(Message, frozen=True):
    """A connection to itself: connect before the first call does."""

    lane = Lane.ORDERS


class ConnectionActor(Worker):
    """See the module. ``role`` says what the broker uses it for; ``make_transport`` runs in this actor's thread.

    A call is answered exactly once by ``CallDone``, also when the actor crashes over it; only a thread that hangs tells
    nothing, and its successor's ``ConnectionReady`` says so. It makes no request of its own.
    """

    IDLE_S = 1.0

    def __init__(
        self, context: Context, *, venue: str, role: str, broker: Handle, gate: Gate, wire: HttpWire,
        make_transport: Callable[[], Transport],
    ) -> None:  # fmt: skip
        super().__init__(context)
        self._venue, self._role, self._broker, self._gate = venue, role, broker, gate
        self._wire, self._make_transport = wire, make_transport
        self._transport: Transport | None = None
        self._door: Door | None = None
        self._broker_epoch = 0
        self._written_ns = 0
        self._calls = self._opened = self._failures = 0
        self._retry_ns = 0
        self._last_error = ""
        self._last_word: CallDone | None = None

    def on_start(self) -> None:
        """Shut the predecessor out, and say that a call can come; connecting is done next, when nobody waits for it."""
        self._gate.begin_turn(self.name, self.epoch)
        self._transport = self._make_transport()
        self._tell(ConnectionReady(self.name, self._role, self.epoch))
        self.inbox.put(WarmUp())

    def on_stop(self) -> None:
        """Let go of the door, the socket and the transport.

        A crash over a call is told here: the mailbox is closed by now, so that no next job is lost in it.
        """
        if self._last_word is not None:
            self._tell(self._last_word)
            self._last_word = None
        if self._door is not None:
            self._gate.forget(self._door)
        self._wire.close()
        if self._transport is not None:
            self._transport.close()

    def on_abandoned(self) -> None:
        """Make the call under way fail at once."""
        with suppress(OSError):  # not connected
            self._wire.shut()

    # ------------------------------------------------------------ a call

    @handles(CallJob)
    def _on_call(self, job: CallJob) -> None:
        self._written_ns, self._calls = 0, self._calls + 1
        try:
            done = self._carry_out(job)
        except BaseException:
            fate: Fate = "unknown" if self._written_ns else "not_sent"
            self._last_word = self._done(job, fate, "CRASHED", "the connection crashed over it")
            raise
        finally:
            self.busy_until_ns = 0
        self._tell(done)

    def _carry_out(self, job: CallJob) -> CallDone:
        if job.epoch < self._broker_epoch:
            return self._done(job, "refused", "STALE_EPOCH", f"the broker's incarnation {job.epoch} was replaced")
        self._broker_epoch = job.epoch
        deadline_ns = self.wall.monotonic_ns() + round(job.deadline_s * 1e9)
        self.busy_until_ns = deadline_ns + _GRACE_NS
        try:
            if not self._wire.is_fresh():
                self._open(job.deadline_s)
            data, method = self._encode(job.call)
            if self.wall.monotonic_ns() >= deadline_ns:
                return self._done(job, "not_sent", "TIMEOUT", f"connecting took the {job.deadline_s:g} s that the call had")
            self._enter(job)
        except WireFailed as failed:
            return self._done(job, "not_sent", failed.code, str(failed))
        except EncodeError as error:
            return self._done(job, "refused", "ENCODE", str(error))
        except Refused as no:
            return self._done(job, "refused", no.code, str(no))
        return self._exchange(job, data, method, deadline_ns)

    def _encode(self, call: Any) -> tuple[bytes, str]:
        assert self._transport is not None  # noqa: S101
        request = self._transport.request(call)
        return encode_request(request, self._wire.endpoint.authority), request.method

    def _enter(self, job: CallJob) -> None:
        """Go through the gate as the broker's incarnation that asked; what raises leaves us outside."""
        door = self._door
        if door is None or door.epoch != job.epoch:
            if door is not None:
                self._gate.forget(door)
            door = self._door = self._gate.door(
                self._venue, job.epoch, self._wire.shut, writer=self.name, turn=self.epoch
            )
        if not self.context.is_current():
            raise Refused(f"{self.name}: incarnation {self.epoch} was given up", code="STALE_EPOCH")
        door.enter(job.write_class, job.receipt, job.attempt)
        self._written_ns = self.wall.monotonic_ns()

    def _exchange(self, job: CallJob, data: bytes, method: str, deadline_ns: int) -> CallDone:
        assert self._door is not None  # noqa: S101
        try:
            try:
                self._wire.send(data, deadline_ns)
            finally:
                self._door.leave()
            answer = self._wire.read(method, deadline_ns)
        except WireFailed as failed:
            self._last_error = f"{failed.code}: {failed}"
            return self._done(job, "unknown", failed.code, str(failed))
        return self._done(job, "answered", answer=answer)

    def _done(
        self, job: CallJob, fate: Fate, code: str = "", reason: str = "", answer: HttpAnswer = HttpAnswer(0, {}, b"")  # noqa: B008
    ) -> CallDone:
        answered_ns = self.wall.monotonic_ns() if fate == "answered" else 0
        return CallDone(
            job.number, job.epoch, self.name, fate, code, reason, answer.status, answer.headers, answer.body,
            self._written_ns, answered_ns,
        )  # fmt: skip

    # ------------------------------------------------------------ the session, outside of calls

    def on_idle(self) -> None:
        """Connect again when the venue has closed the session, so that the next order does not pay for it."""
        if self._wire.is_fresh() or self.wall.monotonic_ns() < self._retry_ns:
            return
        self.busy_until_ns = self.wall.monotonic_ns() + round(WARM_UP_S * 1e9) + _GRACE_NS
        try:
            self._open(WARM_UP_S)
        except WireFailed as failed:
            self.log.bind(code=failed.code).warning("cannot connect, will try again: {}", failed)
        finally:
            self.busy_until_ns = 0

    @handles(WarmUp)
    def _on_warm_up(self, _: WarmUp) -> None:
        self.on_idle()

    def _open(self, timeout_s: float) -> None:
        try:
            self._wire.open(timeout_s)
        except WireFailed as failed:
            pause_s = min(LONGEST_PAUSE_S, 2.0**self._failures) * self.rng.uniform(0.5, 1.0)
            self._failures = min(self._failures + 1, 8)
            self._retry_ns = self.wall.monotonic_ns() + round(pause_s * 1e9)
            self._last_error = f"{failed.code}: {failed}"
            raise
        self._failures = self._retry_ns = 0
        self._opened += 1

    # ------------------------------------------------------------ what else comes

    @handles(ClockOffset)
    def _on_clock_offset(self, offset: ClockOffset) -> None:
        assert self._transport is not None  # noqa: S101
        self._transport.set_clock_offset(offset.offset_ns)

    @handles(CallRoll)
    def _on_call_roll(self, roll: CallRoll) -> None:
        self._broker_epoch = max(self._broker_epoch, roll.epoch)
        self._tell(ConnectionReady(self.name, self._role, self.epoch))

    @handles(GetStatus)
    def _on_get_status(self, _: GetStatus) -> ConnectionStatus:
        return ConnectionStatus(
            self.name, self._role, self.epoch, self._wire.is_open, self._calls, max(self._opened - 1, 0), self._last_error
        )

    def _tell(self, message: Message) -> None:
        """Tell the broker; one that is down finds out by itself: it settles all that was out when it starts."""
        try:
            self._broker.tell(message)
        except Unavailable:
            self.log.warning("{} for {} was not taken", type(message).__name__, self._broker.name)
