"""The journal's actor: everything that waits becomes one commit, and only then leave the messages that waited on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from autotrader.actors import Context, Worker, handles
from autotrader.errors import JournalError, Unavailable
from autotrader.messages import Message
from autotrader.oms.journal.commit import CheckpointDue, Commit, CommitDue, Outlet
from autotrader.oms.journal.null import NullStore
from autotrader.oms.journal.release import refuse, release
from autotrader.oms.journal.store import Store

__all__ = ["JournalActor"]

_RIDE_NS = 10_000_000
RETRY_S = 1.0
COMMIT_AT_ROWS = 2_000
MOST_UNWRITTEN_ROWS = 100_000
_PATIENCE_NS = 60_000_000_000


class JournalActor(Worker):
    """Writes what the order manager hands over. ``store`` is open already; a later incarnation opens it anew and checks it.

    A commit that fails sends nothing that adds risk: an order becomes ``OrderNotSent`` and a replace ``ReplaceRejected``, told
    to ``oms``, with the code JOURNAL; cancels and queries leave all the same. ``on_commit_failed`` is called with the reason,
    in this thread, before anything else and once until a commit succeeds again; it must not wait. The rows are kept and tried
    again each second, in order; past 100,000 of them the actor crashes rather than drop one. Who opened the file closes it.
    """

    IDLE_S = 0.25

    def __init__(
        self, context: Context, *, store: Store | NullStore, oms: Outlet, on_commit_failed: Callable[[str], None]
    ) -> None:
        super().__init__(context)
        self._store, self._oms, self._on_commit_failed = store, oms, on_commit_failed
        self._waiting: list[Commit] = []
        self._rows = self._since_ns = 0
        self._unwritten: list[Commit] = []
        self._urgent = self._reminded = self._asked = False
        self._failure = ""

    def on_start(self) -> None:
        """Open the file anew after a crash: the incarnation before may have left it in any state."""
        if self.epoch > 1:
            self._store.reopen()

    @handles(Commit)
    def _on_commit(self, commit: Commit) -> None:
        if not self._waiting:
            self._since_ns = self.wall.monotonic_ns()
        self._waiting.append(commit)
        self._rows += len(commit.events)
        if commit.waits:
            self._urgent = True

    @handles(CommitDue)
    def _on_due(self, _: CommitDue) -> None:
        self._reminded = False
        self._urgent |= bool(self._failure)

    def on_flush(self) -> None:
        """Commit if something waits to leave; otherwise see to it that rows are not held for long."""
        if self._failure and self._reminded:
            self._set_aside(self._failure)
        elif self._urgent or self._rows >= COMMIT_AT_ROWS:
            self._commit()
        elif self._waiting:
            left_ns = self._since_ns + _RIDE_NS - self.wall.monotonic_ns()
            if left_ns <= 0:
                self._commit()
            else:
                self._remind(left_ns / 1e9)

    def on_idle(self) -> None:
        """Move the write-ahead log into the file."""
        self._busy(self._store.idle)

    def on_stop(self) -> None:
        """Write what still waits, in the mailbox too: a stop overtakes the rows that were handed over last."""
        if self.crash is None:
            self.run_pending()
            self._commit()

    def _busy(self, work: Callable[[], object]) -> None:
        """Do something that waits for the disk without being taken for hung."""
        self.busy_until_ns = self.wall.monotonic_ns() + _PATIENCE_NS
        try:
            work()
        finally:
            self.busy_until_ns = 0

    def _remind(self, delay_s: float) -> None:
        if not self._reminded:
            self._reminded = True
            self.wall_ticker.after(delay_s, self.me, CommitDue())

    def _commit(self) -> None:
        self._urgent = False
        waiting = self._waiting
        if not waiting and not self._unwritten:
            return
        try:
            self._busy(lambda: self._store.append([*self._unwritten, *waiting]))
        except JournalError as error:
            self._fail(str(error))
            return
        if self._failure:
            self.log.warning("the journal can be written to again: {} commits caught up", len(self._unwritten))
        self._failure, self._unwritten = "", []
        self._waiting, self._rows = [], 0
        self._tell_oms(release(waiting, self.clock.now_ns()))
        self._ask_for_checkpoint()

    def _fail(self, reason: str) -> None:
        is_first, self._failure = not self._failure, reason
        if is_first:
            self.log.critical("nothing that needs the journal leaves: {}", reason)
            self._on_commit_failed(reason)
        self._set_aside(reason)
        self._remind(RETRY_S)

    def _set_aside(self, reason: str) -> None:
        """Answer for what waited, and keep its rows for the next try."""
        if not self._waiting:
            return
        waiting, self._waiting, self._rows = self._waiting, [], 0
        self._unwritten += waiting
        self._tell_oms(refuse(waiting, self.clock.now_ns(), reason))
        if (rows := sum(len(commit.events) for commit in self._unwritten)) > MOST_UNWRITTEN_ROWS:
            raise JournalError(f"{rows} rows wait for a journal that cannot be written to: {reason}")

    def _tell_oms(self, messages: Iterable[Message]) -> None:
        told = list(messages)
        if not told:
            return
        try:
            self._oms.tell(told)
        except Unavailable as error:  # its next incarnation finds the intents without an outcome and asks the venue
            self.log.error("{} orders that did not leave cannot be reported: {}", len(told), error)

    def _ask_for_checkpoint(self) -> None:
        if not self._store.checkpoint_due:
            self._asked = False
        elif not self._asked:
            self._asked = True
            try:
                self._oms.tell(CheckpointDue(self._store.sequence))
            except Unavailable:
                self._asked = False
