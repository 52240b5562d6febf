"""One life of one actor: a thread that makes the worker, runs it, and reports the end from its own ``finally``."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from threading import get_ident
from typing import Any

from autotrader.actors.context import Context
from autotrader.actors.handle import ABANDONED, ActorThread
from autotrader.actors.in_flight import LIFE_CYCLE
from autotrader.actors.inbox import Entry
from autotrader.actors.spec import ChildSpec, ThreadEnded
from autotrader.actors.worker import Broadcast, Worker
from autotrader.errors import Unavailable
from autotrader.messages import ActorExited, Lane, Message

__all__ = ["Incarnation", "OnAbandoned"]

OnAbandoned = Callable[[str, list[Message]], None]
POISON_CHARS = 500
HANDED_OVER = (Lane.CONTROL, Lane.EVENTS, Lane.ORDERS)


class Incarnation:
    """Runs ``spec.factory(context)`` and the worker it makes in a daemon thread.

    Whatever ends it, ``SystemExit`` included, in this order: the mailbox is closed, what it left goes to ``on_abandoned``,
    ``ActorExited`` is told, ``ThreadEnded`` last. After a crash ``on_stop`` cleans up between those two, so that a death is
    known at once; after an orderly stop it has run before them.
    """

    def __init__(self, spec: ChildSpec, context: Context) -> None:
        self.spec = spec
        self.context = context
        self.worker: Worker | None = None
        self._lock = threading.Lock()  # an ident may belong to another thread once this one is over
        self._over = False
        runtime = context.runtime
        self.thread = ActorThread(target=self._run, name=f"{runtime.name}:{context.name}#{context.epoch}", daemon=True)

    @property
    def busy_until_ns(self) -> int:
        """Until when the worker says that it may be silent; 0 for not at all."""
        return self.worker.busy_until_ns if self.worker is not None else 0

    def launch(self) -> None:
        """Bind the handle and start the thread. Called by the supervisor."""
        self.context.me.bind(self.context.inbox, self.context.epoch)
        self.thread.start()

    def retire_handle(self) -> None:
        """Unbind the handle, unless a later incarnation has it."""
        if self.context.me.target is self.context.inbox:
            self.context.me.unbind()

    def abandon(self) -> None:
        """Give the thread up: refuse what it tells later, break off what it waits for, and hand over what it left.

        Called by the supervisor, or by who stops the runtime.
        """
        self.context.superseded = True
        with self._lock:
            if self.thread.ident is not None and not self._over:
                ABANDONED.add(self.thread.ident)
        self.retire_handle()
        if self.worker is not None:
            self._break_off(self.worker)
        self._hand_over(self._current_work())

    def _break_off(self, worker: Worker) -> None:
        try:
            worker.on_abandoned()
        except Exception as error:  # noqa: BLE001  whatever it is, the thread is given up
            self.context.log.error("what it waits for could not be broken off: {!r}", error)

    def _run(self) -> None:
        try:
            worker = self.worker = self.spec.factory(self.context)
            worker._actor_loop()
            worker.on_stop()
        except BaseException as error:  # noqa: BLE001  top of the thread: whatever it was, it ends this actor alone
            self._crash(error)
        else:
            self._hand_over([])
            self._report(ActorExited(name=self.context.name, epoch=self.context.epoch, error=""))
        finally:
            with self._lock:
                self._over = True
                ABANDONED.discard(get_ident())
            self._report(ThreadEnded(name=self.context.name, epoch=self.context.epoch))

    def _crash(self, error: BaseException) -> None:
        given_up, self.context.superseded = self.context.superseded, True
        worker, text = self.worker, f"{type(error).__name__}: {error}"
        poison = self._describe(worker.poison) if worker is not None else ""
        self._hand_over([] if given_up else self._current_work())
        self._report(ActorExited(name=self.context.name, epoch=self.context.epoch, error=text, poison=poison))
        redact = self.context.runtime.redact
        trace = redact("".join(traceback.format_exception(error)))
        self.context.log.error(f"actor {self.context.name} crashed on {poison or 'no message'}\n{trace}")
        if worker is not None:
            worker.crash = error
            try:
                worker.on_stop()
            except BaseException as second:  # noqa: BLE001  the first error is the one that counts
                self.context.log.error(f"actor {self.context.name} could not clean up: {second!r}")

    def _current_work(self) -> list[Any]:
        """Return what the worker took and did not finish: since the last flush, the poison, and what stood behind it."""
        worker = self.worker
        return [] if worker is None else [*worker.since_flush, worker.at_hand, *worker.poison, *worker.undelivered]

    def _hand_over(self, taken: list[Any]) -> None:
        """Close the mailbox, tell waiting askers, and give what was left to the runtime's ``on_abandoned``."""
        inbox, name = self.context.inbox, self.context.name
        inbox.close()
        entries = inbox.drain()
        left = [message for payload in (*taken, *(entry[1] for entry in entries)) for message in _messages(payload)]
        on_abandoned = self.context.runtime.on_abandoned
        try:
            if left and on_abandoned is not None:
                on_abandoned(name, left)
        except Exception as error:  # noqa: BLE001  a hook must not hide the exit report
            self.context.log.error(f"the hook for what {name} left failed: {error!r}")
        finally:
            self._fail_askers(entries)
            if self.context.tally is not None:
                self.context.tally.close()

    def _fail_askers(self, entries: list[Entry]) -> None:
        for _, _, slip in entries:
            if slip is not None:
                slip.fail(Unavailable(f"{self.context.name} ended before it handled the message"))

    def _describe(self, poison: list[Any]) -> str:
        if not poison:
            return ""
        try:
            text = repr(poison[0])
        except Exception as error:  # noqa: BLE001  a message that cannot even be shown
            text = f"{type(poison[0]).__name__} ({type(error).__name__} in its repr)"
        more = f" and {len(poison) - 1} more" if len(poison) > 1 else ""
        return str(self.context.runtime.redact(text))[:POISON_CHARS] + more

    def _report(self, message: Message) -> None:
        self.context.report(message)


def _messages(payload: Any) -> list[Message]:
    """Return the messages of a payload whose loss somebody should know of."""
    several = payload if isinstance(payload, list) else [payload]
    several = [one.message if isinstance(one, Broadcast) else one for one in several]
    return [
        one for one in several if isinstance(one, Message) and one.lane in HANDED_OVER and type(one) not in LIFE_CYCLE
    ]
