"""The one connection to TWS: connects, paces, passes the gate round each write, listens, and connects again.

It keeps a ``TwsClient`` for the connection that runs, a new one for each. Order of work of a job: too old, or no connection
(not sent) · over the pace (held, and shown) · into bytes (fails: refused) · through the gate (fails: refused) · written, and
out of the gate. Source: ibkr.md sections 3, 10 and 11.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from autotrader.actors import Context, Handle, TickToken, Worker, handles
from autotrader.actors.gate import Gate
from autotrader.errors import Unavailable
from autotrader.execution.adapters.ibkr.client import TwsClient
from autotrader.execution.adapters.ibkr.library import Library, load
from autotrader.execution.adapters.ibkr.link_notes import Beat, Dial, Ended, Overdue, Release
from autotrader.execution.adapters.ibkr.link_settings import LinkSettings
from autotrader.execution.adapters.ibkr.messages import (
    CancelRequest,
    DropLink,
    Fate,
    GlobalCancelRequest,
    LinkClosed,
    LinkStatus,
    PlaceRequest,
    TimeRequest,
    TwsJob,
    TwsWritten,
)
from autotrader.execution.adapters.ibkr.outlet import Outlet
from autotrader.execution.adapters.ibkr.pacing import HeldJobs, Pace, is_cancel, keeps
from autotrader.execution.adapters.ibkr.pulse import Backoff, Pulse
from autotrader.execution.adapters.ibkr.writing import GatedWriter
from autotrader.execution.adapters.wire import CallRoll, ConnectionReady
from autotrader.messages import GetStatus, Message
from autotrader.model import KillLevel, WriteClass

__all__ = ["LinkSettings", "TwsLinkActor"]

_NS: Final = 1_000_000_000


class TwsLinkActor(Worker):
    """See the module. ``role`` tells the broker which of its links this is.

    Each job is answered exactly once by ``TwsWritten``, also when the actor crashes over it; only a thread that hangs tells
    nothing, and its successor's ``ConnectionReady`` says so. Beside jobs it asks for TWS's time, its heartbeat.
    """

    def __init__(
        self, context: Context, *, venue: str, role: str, broker: Handle, gate: Gate, settings: LinkSettings
    ) -> None:
        super().__init__(context)
        self._venue, self._role, self._broker, self._gate, self._settings = venue, role, broker, gate, settings
        self._library: Library | None = None
        self._client: TwsClient | None = None
        self._broker_epoch = 0
        self._writer = GatedWriter(
            gate, venue, self.name, self.epoch, monotonic_ns=self.wall.monotonic_ns, is_current=context.is_current
        )
        self._pace = Pace(settings.rate, settings.reserve)
        self._held = HeldJobs(settings.held_limit)
        self._release: TickToken | None = None
        self._beat: TickToken | None = None
        self._pulse = Pulse()
        self._backoff = Backoff(settings.retry_s, settings.longest_retry_s)
        self._number = self._sent = self._dialled_ns = 0
        self._frames_lost = self._callbacks_failed = 0
        self._last_error = ""
        self._last_words: list[TwsWritten] = []

    def on_start(self) -> None:
        """Shut the predecessor out, and begin to connect; StartError without an ibapi that can be used."""
        self._library = load()
        self._gate.begin_turn(self.name, self.epoch)
        self._tell(ConnectionReady(self.name, self._role, self.epoch))
        self._beat = self.wall_ticker.every(self._settings.heartbeat_s, self.me, Beat())
        self.inbox.put(Dial())

    def on_stop(self) -> None:
        """Give up what waits, the connection with its thread, and the door."""
        self.wall_ticker.cancel(self._beat)
        self.wall_ticker.cancel(self._release)
        for word in self._last_words:
            self._tell(word)
        self._give_up_held("the link stopped")
        if self._client is not None:
            self._close(self._client, "the link stopped")
            self._client.join()
        self._writer.close()

    def on_abandoned(self) -> None:
        """Make a write that hangs fail at once."""
        client = self._client
        if client is not None:
            client.shut("the link was given up")

    # ------------------------------------------------------------ jobs

    @handles(TwsJob)
    def _on_job(self, job: TwsJob) -> None:
        try:
            done = self._take(job)
        except BaseException:
            self._note_crash(job)
            raise
        if done is not None:
            self._tell(done)

    def _take(self, job: TwsJob) -> TwsWritten | None:
        """Write a job or hold it; None: held."""
        self._broker_epoch = max(self._broker_epoch, job.epoch)
        if (no := self._no(job)) is not None:
            return no
        if is_cancel(job) and (pointless := self._overtake(job)) is not None:
            return pointless
        now_ns = self.wall.monotonic_ns()
        if not self._held.goes_behind(job) and not self._pace.wait_ns(now_ns, keeps=keeps(job)):
            return self._write(job)
        if not self._held.add(job):
            return self._done(job, "refused", "PACED_OUT", f"{self._held.limit} messages wait for their turn already")
        self._plan_release()
        return None

    def _no(self, job: TwsJob) -> TwsWritten | None:
        if job.epoch < self._broker_epoch:
            return self._done(job, "refused", "STALE_EPOCH", f"the broker's incarnation {job.epoch} was replaced")
        if self._open_client() is None:
            return self._done(job, "not_sent", "NO_LINK", self._last_error or "not connected yet")
        if 0 < job.until_ns <= self.wall.monotonic_ns():
            return self._done(job, "refused", "PACED_OUT", "it came too late to be written")
        return None

    def _overtake(self, job: TwsJob) -> TwsWritten | None:
        """Give up held placements that a cancel makes pointless; an answer when the cancel is pointless with them."""
        out = self._held.overtaken_by(job)
        for one in out:
            self._tell(self._done(one, "refused", "OVERTAKEN", "a cancel came while it waited for its turn"))
        if isinstance(job.request, CancelRequest) and any(
            isinstance(one.request, PlaceRequest) and one.request.is_new for one in out
        ):
            return self._done(job, "not_sent", "NOT_PLACED", "the order was waiting here, and has been given up")
        return None

    def _write(self, job: TwsJob) -> TwsWritten:
        client = self._open_client()
        if client is None:
            return self._done(job, "not_sent", "NO_LINK", self._last_error)
        done = self._writer.write(client, job)
        if done.fate == "written":
            self._sent += 1
            self._pace.note(done.written_ns)
            if isinstance(job.request, GlobalCancelRequest):
                self._cover(done)
        return done

    def _cover(self, everything: TwsWritten) -> None:
        """Answer the cancels that wait: a global cancel has just asked for theirs."""
        for job in self._held.take_cancels():
            self._tell(msgspec.structs.replace(everything, number=job.number, epoch=job.epoch))

    def _done(self, job: TwsJob, fate: Fate, code: str = "", reason: str = "") -> TwsWritten:
        return TwsWritten(job.number, job.epoch, fate, code, reason)

    def _note_crash(self, job: TwsJob) -> None:
        """Keep a last word on the job that the actor crashes over; it is told when the mailbox is closed."""
        self._last_words.append(self._writer.word_on_a_crash(job))

    # ------------------------------------------------------------ what waits

    @handles(Release)
    def _on_release(self, _: Release) -> None:
        self._release = None
        for job in self._held.take_old(self.wall.monotonic_ns()):
            self._tell(self._done(job, "refused", "PACED_OUT", "too many messages: its time was over before its turn"))
        while (turn := self._held.first()) is not None:
            if self._pace.wait_ns(self.wall.monotonic_ns(), keeps=self._held.keeps(turn)):
                break
            self._on_job_in_turn(self._held.take())
        self._plan_release()

    def _on_job_in_turn(self, job: TwsJob) -> None:
        try:
            no = self._no(job)
            done = self._write(job) if no is None else no
        except BaseException:
            self._note_crash(job)
            raise
        self._tell(done)

    def _plan_release(self) -> None:
        """Wake up when the next one's turn comes, or the first one is too old, whichever is first."""
        job = self._held.first()
        if job is None or self._release is not None:
            return
        wait_ns = max(self._pace.wait_ns(self.wall.monotonic_ns(), keeps=self._held.keeps(job)), 1_000_000)
        self._release = self.wall_ticker.after(min(wait_ns, _NS // 10) / _NS, self.me, Release())

    def _give_up_held(self, reason: str) -> None:
        for job in self._held.take_all():
            self._tell(self._done(job, "not_sent", "NO_LINK", reason))

    # ------------------------------------------------------------ the connection

    @handles(Dial)
    def _on_dial(self, _: Dial) -> None:
        if self._client is not None or self._library is None:
            return
        settings = self._settings
        self._number += 1
        number = self._number
        outlet = Outlet(
            number, self._broker, lambda *words: client.greeting(*words),  # noqa: PLW0108  it is made next
            is_wanted=self.context.is_current,
        )  # fmt: skip
        client = self._client = TwsClient(
            self._library, outlet, host=settings.host, port=settings.port, client_id=settings.client_id,
            connect_s=settings.connect_s, max_version=settings.max_version, codes=settings.codes, now_ns=self.clock.now_ns,
            on_end=lambda: self._note(Ended(number)),
        )  # fmt: skip
        self._dialled_ns = self.wall.monotonic_ns()
        self._pulse = Pulse()
        client.start()
        self.wall_ticker.after(settings.connect_s, self.me, Overdue(self.epoch, number))

    @property
    def _is_killed(self) -> bool:
        """Say whether orders are to be cancelled: then TWS is looked for without long pauses."""
        return self._gate.level(self._venue) >= KillLevel.CANCEL

    @handles(Overdue)
    def _on_overdue(self, late: Overdue) -> None:
        """End a connection that has not greeted in time: a silent server, a dialog that waits in TWS, another service."""
        client = self._client
        if client is None or (late.epoch, late.number) != (self.epoch, client.outlet.number) or client.outlet.is_open:
            return
        stage = "no handshake" if not client.server_version else "no accounts or no next order id"
        self._end(client, f"{stage} within {self._settings.connect_s:g} s")

    @handles(Ended)
    def _on_ended(self, ended: Ended) -> None:
        client = self._client
        if client is None or client.outlet.number != ended.number:
            return
        self._client = None
        self._last_error = client.line.why
        self._frames_lost += client.frames_lost
        self._callbacks_failed += client.ear.failed
        self._give_up_held(client.line.why)
        lived_ns = self.wall.monotonic_ns() - self._dialled_ns if client.outlet.was_open else 0
        pause_s = self._backoff.pause_s(lived_ns, self.rng.random())
        if self._is_killed:
            pause_s = min(pause_s, self._settings.retry_s)
        self.log.bind(number=ended.number).warning("no connection to TWS, again in {:.1f} s: {}", pause_s, client.line.why)
        self.wall_ticker.after(pause_s, self.me, Dial())

    def _end(self, client: TwsClient, why: str) -> None:
        """End a connection, and have another made."""
        self._close(client, why)
        self._on_ended(Ended(client.outlet.number))

    def _close(self, client: TwsClient, why: str) -> None:
        """End a connection and tell it now, though its thread may hang on a name that is not found; it tells nothing after."""
        client.shut(why)
        client.outlet.close(LinkClosed(self.clock.now_ns(), client.outlet.number, why, client.outlet.last_code))

    def _open_client(self) -> TwsClient | None:
        client = self._client
        return client if client is not None and client.outlet.is_open else None

    @handles(Beat)
    def _on_beat(self, _: Beat) -> None:
        """Ask for the time, and end a connection on which nothing was heard after two such questions.

        A kill does not wait for a pause that was begun before it.
        """
        client = self._open_client()
        if client is None:
            if self._is_killed:
                self._on_dial(Dial())
            return
        if self._pulse.is_gone(client.line.received):
            self._end(client, f"nothing heard after 2 heartbeats of {self._settings.heartbeat_s:g} s")
            return
        question = TwsJob(0, self._broker_epoch, TimeRequest(), WriteClass.QUERY)
        self._pulse.asked = not self._pace.wait_ns(self.wall.monotonic_ns()) and self._write(question).fate == "written"

    # ------------------------------------------------------------ what else comes

    @handles(DropLink)
    def _on_drop_link(self, drop: DropLink) -> None:
        if self._client is not None:
            self._end(self._client, drop.reason)

    @handles(CallRoll)
    def _on_call_roll(self, roll: CallRoll) -> None:
        self._broker_epoch = max(self._broker_epoch, roll.epoch)
        self._tell(ConnectionReady(self.name, self._role, self.epoch))
        if self._client is not None:
            self._client.outlet.introduce()

    @handles(GetStatus)
    def _on_get_status(self, _: GetStatus) -> LinkStatus:
        client, now_ns, settings = self._client, self.wall.monotonic_ns(), self._settings
        return LinkStatus(
            self.name, self.epoch, self._number, self._open_client() is not None, client.server_version if client else 0,
            self._library.name if self._library else "", len(self._held), settings.held_limit, self._sent,
            self._pace.count(now_ns), settings.rate, settings.reserve, max(self._number - 1, 0),
            self._frames_lost + (client.frames_lost if client else 0),
            self._callbacks_failed + (client.ear.failed if client else 0), client.last_heard_ns if client else 0,
            self._last_error,
        )  # fmt: skip

    def _note(self, message: Message) -> None:
        """Put a message of the connection's thread into our own mailbox; one that is closed needs none."""
        with suppress(Unavailable):
            self.inbox.put(message)

    def _tell(self, message: Message) -> None:
        """Tell the broker; one that is down finds out by itself: it settles all that was out when it starts."""
        try:
            self._broker.tell(message)
        except Unavailable:
            self.log.warning("{} for {} was not taken", type(message).__name__, self._broker.name)
