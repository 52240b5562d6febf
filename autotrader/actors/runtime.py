"""One engine's actors: handles by name, tickers, the supervisor, and the blocking calls of threads outside."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from loguru import logger

from autotrader.actors.context import Context
from autotrader.actors.forking import FORKED, note_forks
from autotrader.actors.handle import ActorThread, Handle
from autotrader.actors.in_flight import InFlight
from autotrader.actors.incarnation import Incarnation, OnAbandoned
from autotrader.actors.reply import Reply
from autotrader.actors.spec import ActorStatus, ChildSpec, StartChildren, StopChildren
from autotrader.actors.supervisor import SupervisorActor
from autotrader.actors.ticker import ManualTicker, Ticker
from autotrader.actors.worker import Broadcast
from autotrader.clock import Clock, SystemClock
from autotrader.errors import StartError, Unavailable, WaitTimeout
from autotrader.messages import Message, RestartActor, StopActor

__all__ = ["Runtime"]

SUPERVISOR = "supervisor"
BROKEN_OFF_S = 0.25
"""How long a stop that is out of time still waits for threads whose I/O it has just broken off."""


class Runtime:
    """Several may live in one process; they never meet, nor does any of them touch Pykka's registry.

    ``clock`` is the engine's time, ``wall`` the machine's. A ticker is a thread for a ``SystemClock`` and a ``ManualTicker``
    for any other clock, which somebody then has to fire. ``seed`` makes every worker's ``rng`` repeatable. ``lock_step`` counts
    what is in flight. Hooks, to be set before ``start``: ``on_abandoned(name, messages)`` gets what an ended incarnation
    took and did not finish (CONTROL, EVENTS and ORDERS lanes; in the dying thread), ``on_state(status)`` each change of a
    child's state (supervisor's thread), ``on_supervisor_lost(error)`` the supervisor's own end by an error (its thread),
    ``redact`` cleans texts that go to logs. ``polls`` are called by the supervisor's thread every 100 ms. None may wait.
    """

    def __init__(
        self, clock: Clock | None = None, wall: Clock | None = None, seed: int | str | None = None, *,
        name: str = "autotrader", lock_step: bool = False, on_abandoned: OnAbandoned | None = None,
        on_state: Callable[[ActorStatus], None] | None = None,
    ) -> None:
        self.name = name
        self.wall: Clock = wall or SystemClock()
        self.clock: Clock = clock or self.wall
        self.seed = seed
        self.wall_ticker = self._make_ticker(self.wall)
        same = self.clock is self.wall or (isinstance(self.clock, SystemClock) and isinstance(self.wall, SystemClock))
        self.ticker = self.wall_ticker if same else self._make_ticker(self.clock)
        self.in_flight: InFlight | None = InFlight() if lock_step else None
        self.wall_ticker.counts = self.wall_ticker is self.ticker or not lock_step
        self.on_abandoned = on_abandoned
        self.on_state = on_state
        self.on_supervisor_lost: Callable[[str], None] | None = None
        self.redact: Callable[[str], str] = str
        self.polls: list[Callable[[], None]] = []
        self._handles: dict[str, Handle] = {}
        self._lock = threading.Lock()
        self._supervisor: Incarnation | None = None
        self._stopped = self._forked = False
        self._over = threading.Event()
        self._stopping_thread = 0
        note_forks(self)

    # ------------------------------------------------------------ names

    def handle(self, name: str) -> Handle:
        """Return the handle of that name: always the same one, whether or not anything runs under it."""
        handle = self._handles.get(name)
        if handle is None:
            with self._lock:
                handle = self._handles.setdefault(name, Handle(name))
        return handle

    @property
    def supervisor(self) -> Handle:
        """The supervisor's handle: takes ``RestartActor``."""
        return self.handle(SUPERVISOR)

    def context(self, name: str) -> Context:
        """Return a context whose mailbox is bound to the name, with no thread and no supervisor: for tests and simulations
        that make the worker themselves and drive it by ``run_pending``.
        """  # noqa: D205
        context = Context(self, name, self.handle(name).epoch + 1)
        context.me.bind(context.inbox, context.epoch)
        return context

    # ------------------------------------------------------------ start and stop

    def start(self, specs: Iterable[ChildSpec], timeout_s: float = 30.0) -> None:
        """Start children in this order, each when the one before is ready, and block until all are. May be called again.

        Raises ``StartError`` naming the actor and the reason, after stopping what this call had started.
        """
        wanted = tuple(specs)
        self._refuse_inside("start")
        self._ensure_supervisor()
        reply = Reply()
        try:
            self.supervisor.tell(StartChildren(specs=wanted, reply=reply))
            reply.wait(timeout_s, "the start")
        except WaitTimeout as error:
            waiting = [status.name for status in self.status() if status.state != "RUNNING"]
            self._stop_children(tuple(spec.name for spec in wanted), timeout_s=5.0)
            raise StartError(f"not ready within {timeout_s:g} s: {', '.join(waiting)}") from error
        except Unavailable as error:
            raise StartError(f"the supervisor is not there: {error}") from error

    def stop(self, timeout_s: float = 10.0) -> tuple[str, ...]:
        """Stop all children, last first, then the supervisor and the tickers, and join their threads. For good; idempotent.

        Messages that wait are not handled: what stops is urgent. Returns the names of threads that did not end in time.
        """
        if self._forked:
            return ()
        self._refuse_inside("stop")
        deadline = time.monotonic() + timeout_s
        with self._lock:
            supervisor, first = self._supervisor, not self._stopped
            self._stopped = True
        if not first:
            self._over.wait(0.0 if self._stopping_thread == threading.get_ident() else timeout_s)
            return ()
        self._stopping_thread = threading.get_ident()
        lingering: list[ActorThread] = []
        if supervisor is not None:
            self._stop_children(None, timeout_s=timeout_s)
            lingering = self._end_supervisor(supervisor)
        for ticker in {id(one): one for one in (self.ticker, self.wall_ticker)}.values():
            ticker.close(max(0.1, deadline - time.monotonic()))
        deadline = max(deadline, time.monotonic() + BROKEN_OFF_S)
        for thread in lingering:
            thread.join(max(0.0, deadline - time.monotonic()))
        _living.discard(self)
        self._over.set()
        return tuple(thread.name for thread in lingering if thread.is_alive())

    def spawn(self, spec: ChildSpec) -> None:
        """Have one more child started under its policy, without waiting. Any thread."""
        self._refuse_forked()
        self.supervisor.tell(StartChildren(specs=(spec,)))

    def retire(self, name: str) -> None:
        """Have a child stopped for good, without waiting. Any thread."""
        self.supervisor.tell(StopChildren(names=(name,)))

    def stop_child(self, name: str, timeout_s: float = 5.0) -> None:
        """Stop one child and block until it is down. Raises ``WaitTimeout``."""
        self._refuse_inside("stop_child")
        reply = Reply()
        self.supervisor.tell(StopChildren(names=(name,), reply=reply))
        reply.wait(timeout_s, f"the stop of {name}")

    def restart(self, name: str, by: str = "", timeout_s: float = 5.0) -> bool:
        """Ask for a fresh incarnation, with a clean record; returns at once whether there is such an actor."""
        return bool(self.supervisor.ask(RestartActor(name=name, by=by), timeout_s))

    # ------------------------------------------------------------ while it runs

    def broadcast(self, message: Message) -> int:
        """Put a message into the urgent lane of every child that runs, with or without a handler for it. Any thread.

        Needs no supervisor and waits for nothing. Returns how many mailboxes took it.
        """
        self._refuse_forked()
        supervisor, taken = self._supervisor_actor(), 0
        cast = Broadcast(message=message)
        for incarnation in supervisor.running() if supervisor is not None else ():
            try:
                incarnation.context.inbox.put(cast)
                taken += 1
            except Unavailable:
                continue
        return taken

    def status(self) -> tuple[ActorStatus, ...]:
        """Return the state and the mailbox measures of every child, in order. Any thread."""
        self._refuse_forked()
        supervisor = self._supervisor_actor()
        return supervisor.status() if supervisor is not None else ()

    def report(self, message: Message) -> None:
        """Tell the supervisor, if there is one; for workers and their threads."""
        if self._supervisor is not None:
            with contextlib.suppress(Unavailable):
                self._supervisor.context.inbox.put(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def after_fork(self) -> None:
        """Refuse everything in a forked child."""
        self._forked = self._stopped = True

    # ------------------------------------------------------------ inside

    def _make_ticker(self, clock: Clock) -> Ticker | ManualTicker:
        return Ticker(clock, name=f"{self.name}:ticker") if isinstance(clock, SystemClock) else ManualTicker(clock)

    def _ensure_supervisor(self) -> None:
        with self._lock:
            if self._stopped:
                raise StartError("this runtime was stopped; make a new one")
            if self._supervisor is not None:
                return
            self._handles.setdefault(SUPERVISOR, Handle(SUPERVISOR))
            spec = ChildSpec(SUPERVISOR, lambda own: SupervisorActor(own, on_state=self._tell_state, polls=self.polls))
            self._supervisor = _Top(spec, Context(self, SUPERVISOR, 1, counted=False))
            self._supervisor.launch()
        _living.add(self)

    def _supervisor_actor(self) -> SupervisorActor | None:
        worker = self._supervisor.worker if self._supervisor is not None else None
        return worker if isinstance(worker, SupervisorActor) else None

    def _tell_state(self, status: ActorStatus) -> None:
        if self.on_state is not None:
            self.on_state(status)

    def _stop_children(self, names: tuple[str, ...] | None, timeout_s: float) -> None:
        reply = Reply()
        try:
            self.supervisor.tell(StopChildren(names=names, reply=reply))
            reply.wait(timeout_s, "the stop")
        except (WaitTimeout, Unavailable) as error:
            logger.bind(actor=SUPERVISOR).error("not all actors stopped: {}", error)

    def _end_supervisor(self, supervisor: Incarnation) -> list[ActorThread]:
        actor = self._supervisor_actor()
        left = actor.running() if actor is not None else []
        with contextlib.suppress(Unavailable):
            supervisor.context.inbox.put(StopActor())
        for incarnation in left:
            incarnation.abandon()
        return [supervisor.thread, *(incarnation.thread for incarnation in left)]

    def _refuse_inside(self, what: str) -> None:
        self._refuse_forked()
        if isinstance(threading.current_thread(), ActorThread):
            name = threading.current_thread().name
            raise RuntimeError(f"{name} calls {what}(), which waits: use spawn or retire in handlers")

    def _refuse_forked(self) -> None:
        if self._forked:
            raise Unavailable(FORKED)


class _Top(Incarnation):
    """The supervisor's own life: nobody stands above it but the runtime's hook."""

    def _hand_over(self, taken: list[Any]) -> None:  # noqa: ARG002
        self.context.inbox.close()
        for _, message, slip in self.context.inbox.drain():
            for waiting in (slip, getattr(message, "reply", None)):
                if waiting is not None:
                    waiting.fail(Unavailable("the supervisor ended"))

    def _report(self, message: Any) -> None:
        self.retire_handle()
        error = getattr(message, "error", "")
        lost = self.context.runtime.on_supervisor_lost
        if error and lost is not None:
            lost(error)


_living: weakref.WeakSet[Runtime] = weakref.WeakSet()


def _stop_at_exit() -> None:
    for runtime in list(_living):
        runtime.stop(timeout_s=5.0)


atexit.register(_stop_at_exit)
