"""The base of every actor: a table from message type to handler, lists of messages, and a flush when the mailbox is empty."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from time import monotonic_ns
from typing import Any, ClassVar, TypeVar

import pykka
from pykka import ActorRegistry

from autotrader.actors.context import Context
from autotrader.actors.in_flight import weigh
from autotrader.actors.inbox import Entry
from autotrader.actors.reply import Slip
from autotrader.errors import AutotraderError
from autotrader.messages import ActorReady, Heartbeat, HeartbeatSeen, Lane, Message, StopActor

__all__ = ["Broadcast", "Worker", "handles", "handles_batch"]

FLUSH_AT = 64
Method = TypeVar("Method", bound=Callable[..., Any])
Handler = Callable[[Any], Any]


class Broadcast(Message, frozen=True):
    """A message for every actor, whether it has a handler or not."""

    message: Message
    lane = Lane.URGENT


def handles(*types: type) -> Callable[[Method], Method]:
    """Mark a method as the handler of messages of exactly these types. What it returns answers an ``ask``."""
    return _marker(types, batch=False)


def handles_batch(*types: type) -> Callable[[Method], Method]:
    """Mark a method as the handler of lists of messages of exactly one of these types: a run of equal types in a ``tell``."""
    return _marker(types, batch=True)


def _marker(types: tuple[type, ...], *, batch: bool) -> Callable[[Method], Method]:
    def mark(method: Method) -> Method:
        setattr(method, "handled_types", (types, batch))  # noqa: B010  a function has no such attribute for mypy
        return method

    return mark


class _Table(dict[type, Handler]):
    """Exact message type to handler; a type that is missing is an error naming both."""

    owner = ""

    def __missing__(self, message_type: type) -> Handler:
        raise TypeError(f"{self.owner} has no handler for {message_type.__name__}")


class Worker(pykka.ThreadingActor):
    """An actor. Its handlers, ``on_start``, ``on_flush`` and ``on_stop`` run in its own thread and never wait on a mailbox.

    An error in a handler crashes the actor, and the supervisor decides; so do ``SystemExit`` and ``KeyboardInterrupt``, which
    end nothing but this actor. A worker that does blocking I/O sets ``busy_until_ns`` (on ``wall.monotonic_ns()``) before it,
    so that it is not taken for hung.
    """

    use_daemon_thread = True
    READY_BY_HAND: ClassVar[bool] = False
    """Whether the class calls ``report_ready()`` itself, rather than being ready when ``on_start`` returns."""
    IDLE_S: ClassVar[float | None] = None
    """Call ``on_idle`` each time the mailbox stays empty for so many seconds; None: never."""

    _handled: ClassVar[dict[type, tuple[str, bool]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own: dict[type, tuple[str, bool]] = {}
        for attribute, method in vars(cls).items():
            types, batch = getattr(method, "handled_types", ((), False))
            for message_type in types:
                if message_type in own:
                    raise TypeError(f"{cls.__name__} has two handlers for {message_type.__name__}")
                own[message_type] = (attribute, batch)
        cls._handled = {**cls._handled, **own}

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.name, self.epoch = context.name, context.epoch
        self.clock, self.wall = context.clock, context.wall
        self.ticker, self.wall_ticker = context.ticker, context.wall_ticker
        self.me, self.log, self.rng = context.me, context.log, context.rng
        self.inbox = context.inbox
        self.actor_inbox = context.inbox  # type: ignore[assignment]  # Pykka's protocol has no lanes
        self._actor_ref = pykka.ActorRef(self)
        self.busy_until_ns = 0
        self.crash: BaseException | None = None
        self.at_hand: Any = None
        self.poison: list[Any] = []
        self.undelivered: list[Any] = []
        self.since_flush: list[Any] = []
        self._unflushed = 1  # so that what on_start built is flushed
        self._owed = 0
        self._tally = context.tally
        self._ending = False
        self._table = _Table()
        self._table.owner = f"{self.name} ({type(self).__name__})"
        self._batches: dict[type, Handler] = {}
        self._fill_tables()

    # ------------------------------------------------------------ what subclasses fill in

    def on_start(self) -> None:
        """Set up; may do I/O with time-outs. The actor is ready when this returns, unless ``READY_BY_HAND``."""

    def on_flush(self) -> None:
        """Send out what handlers gathered: called when the mailbox is empty after work, or after 64 messages at most."""

    def on_idle(self) -> None:
        """Do what is due while nothing comes; only with ``IDLE_S``."""

    def on_stop(self) -> None:
        """Clean up, however the actor ends once ``on_start`` has begun; ``self.crash`` says what it died of, if it did."""

    def on_abandoned(self) -> None:
        """Break off blocking I/O, so that the thread can end: this incarnation was given up. Any thread; must not wait."""

    # ------------------------------------------------------------ what subclasses call

    def report_ready(self) -> None:
        """Tell the supervisor that this incarnation is ready."""
        self.context.report(ActorReady(name=self.name, epoch=self.epoch))

    def stop(self) -> None:
        """End this incarnation after the message at hand, ahead of all that waits. Any thread."""
        self.inbox.put(StopActor())

    def run_pending(self) -> int:
        """Handle all that waits in the caller's thread, flush, and return how many messages that was.

        For tests and for a simulation that runs every actor in one thread; the actor's own thread must not run.
        """
        before = self.inbox.handled
        while (entry := self.inbox.take()) is not None:
            self._serve(entry)
            if self._unflushed >= FLUSH_AT:
                self._flush()
        self._flush()
        return self.inbox.handled - before

    # ------------------------------------------------------------ the loop

    def _start_actor_loop(self) -> None:
        ActorRegistry.unregister(self.actor_ref)
        raise RuntimeError(f"{type(self).__name__} is started by a Runtime, which supervises it, not by start()")

    def _actor_loop(self) -> None:
        try:
            self.on_start()
            if not self.READY_BY_HAND:
                self.report_ready()
            self._actor_loop_running()
            if not self.inbox.closed:
                self._flush()
        finally:
            self.actor_stopped.set()

    def _actor_loop_running(self) -> None:
        inbox, take, serve = self.inbox, self.inbox.take, self._serve
        while not self._ending:
            entry = take()
            if entry is not None:
                serve(entry)
                if self._unflushed >= FLUSH_AT:
                    self._flush()
            elif inbox.closed:  # given up: another incarnation speaks for this name
                return
            elif self._unflushed:
                self._flush()
            elif not inbox.wait(self.IDLE_S):
                self.on_idle()

    def _serve(self, entry: Entry) -> None:
        _, payload, slip = entry
        started_ns = monotonic_ns()
        self.at_hand = payload
        number = 1
        if type(payload) is list:
            number = len(payload)
            if number > FLUSH_AT:
                return self.inbox.put_back(payload, entry, FLUSH_AT)
            self._serve_list(payload)
        elif slip is None:
            self._serve_one(payload)
        else:
            self._serve_with_slip(payload, slip)
        self._unflushed += number
        self.since_flush.append(payload)
        self.at_hand = None
        if self._tally is not None:
            self._owed += weigh(payload, slip)
        self._measure(number, monotonic_ns() - started_ns)
        return None

    def _serve_one(self, message: Any) -> None:
        try:
            self._table[type(message)](message)
        except BaseException:
            self._give_up([message], [], [])
            raise

    def _serve_list(self, messages: list[Any]) -> None:
        if self._batches:
            return self._serve_runs(messages)
        table, rest, message = self._table, iter(messages), None
        try:
            for message in rest:
                table[type(message)](message)
        except BaseException:
            left = list(rest)
            self._give_up([message], left, messages[: len(messages) - len(left) - 1])
            raise
        return None

    def _serve_runs(self, messages: list[Any]) -> None:
        done, run = 0, [messages[0]]
        try:
            for message_type, group in groupby(messages, type):
                run = list(group)
                batch = self._batches.get(message_type)
                if batch is not None:
                    batch(run)
                    done += len(run)
                    continue
                handler, several = self._table[message_type], run
                for message in several:
                    run = [message]
                    handler(message)
                    done += 1
        except BaseException:
            self._give_up(run, messages[done + len(run) :], messages[:done])
            raise

    def _serve_with_slip(self, message: Any, slip: Slip) -> None:
        """Handle a message that something travels with: its answer, its expected error, or the crash."""
        try:
            slip.set(self._table[type(message)](message))
        except AutotraderError as error:
            slip.fail(error)
            if not slip.absorbs:
                self._give_up([message], [], [])
                raise
        except BaseException as error:
            slip.fail(error)
            self._give_up([message], [], [])
            raise

    def _give_up(self, poison: list[Any], undelivered: list[Any], handled: list[Any]) -> None:
        """Note what a crash leaves: the message it happened on, those after it, those before it that were not flushed."""
        self.poison, self.undelivered, self.at_hand = poison, undelivered, None
        self.since_flush += handled
        self.inbox.handled += len(handled)
        self.inbox.note_abandoned(len(poison) + len(undelivered))

    def _flush(self) -> None:
        started_ns = monotonic_ns()
        self._unflushed = 0
        self.on_flush()
        self.since_flush.clear()
        self._measure(0, monotonic_ns() - started_ns)
        if self._owed and self._tally is not None:
            owed, self._owed = self._owed, 0
            self._tally.done(owed)

    def _measure(self, number: int, took_ns: int) -> None:
        inbox = self.inbox
        inbox.handled += number
        inbox.busy_ns += took_ns
        if took_ns > inbox.slowest_ns:
            inbox.slowest_ns = took_ns

    def _fill_tables(self) -> None:
        for message_type, (attribute, batch) in self._handled.items():
            method: Handler = getattr(self, attribute)
            if batch:
                self._batches[message_type] = method
                self._table[message_type] = _one_by_one(method)
            else:
                self._table[message_type] = method

    # ------------------------------------------------------------ what every actor handles

    @handles(StopActor)
    def _on_stop_actor(self, _: StopActor) -> None:
        self._ending = True
        self.inbox.handled -= 1  # the life cycle is not work, and _serve counts every message

    @handles(Heartbeat)
    def _on_heartbeat(self, beat: Heartbeat) -> None:
        self.inbox.handled -= 1
        self.context.report(HeartbeatSeen(name=self.name, epoch=self.epoch, number=beat.number))

    @handles(Broadcast)
    def _on_broadcast(self, cast: Broadcast) -> None:
        handler = self._table.get(type(cast.message))
        if handler is not None:
            handler(cast.message)


def _one_by_one(batch: Handler) -> Handler:
    return lambda message: batch([message])


Worker._handled = {
    message_type: (attribute, False)
    for attribute, method in vars(Worker).items()
    for message_type in getattr(method, "handled_types", ((), False))[0]
}
