"""The supervisor: an actor that carries out what the supervision tree decides, and polls hooks. It never waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

from autotrader.actors.context import Context
from autotrader.actors.inbox import NOTHING, MailboxStats
from autotrader.actors.incarnation import Incarnation
from autotrader.actors.spec import ActorStatus, StartChildren, StopChildren, ThreadEnded
from autotrader.actors.tree import (
    Abandon,
    Action,
    Beat,
    Changed,
    Child,
    Crashed,
    Launch,
    StartDone,
    Stop,
    StopDone,
    SupervisionTree,
    Tired,
)
from autotrader.actors.worker import Worker, handles
from autotrader.errors import StartError, Unavailable
from autotrader.messages import ActorExited, ActorReady, Heartbeat, HeartbeatSeen, RestartActor, StopActor

__all__ = ["SupervisorActor"]

NS = 1_000_000_000
TICK_NS = NS // 20
POLL_NS = NS // 10
STOOD_STILL_NS = NS


class SupervisorActor(Worker):
    """Starts, watches, restarts and stops the children. Everything is event driven; limits are looked at every 50 ms.

    Hooks in ``polls`` run in this thread every 100 ms. An error in a hook or a callback is logged and goes no further.
    """

    IDLE_S = TICK_NS / NS

    def __init__(
        self, context: Context, *, on_state: Callable[[ActorStatus], None], polls: list[Callable[[], None]]
    ) -> None:
        super().__init__(context)
        self._tree = SupervisionTree(random.Random(context.rng.random()))
        self._incarnations: dict[tuple[str, int], Incarnation] = {}
        self._past: dict[str, MailboxStats] = {}
        self._on_state = on_state
        self._polls = polls
        self._poll_errors: dict[int, str] = {}
        self._start_reply: Any = None
        self._stop_replies: list[Any] = []
        self._ticked_ns = self._polled_ns = self.wall.monotonic_ns()

    # ------------------------------------------------------------ for threads outside: reads only

    def status(self) -> tuple[ActorStatus, ...]:
        """Return every child's state, in order. Any thread."""
        return tuple(self._status(child) for child in list(self._tree.children.values()))

    def running(self) -> list[Incarnation]:
        """Return the incarnations whose threads have not ended. Any thread."""
        return list(self._incarnations.values())

    # ------------------------------------------------------------ messages

    @handles(StartChildren)
    def _on_start_children(self, msg: StartChildren) -> None:
        try:
            if msg.reply is None:
                for spec in msg.specs:
                    self._do(self._tree.spawn(spec, self._now()))
                return
            actions = self._tree.start(msg.specs, self._now())
        except StartError as error:
            self._refuse_start(msg, error)
            return
        self._start_reply = msg.reply
        self._do(actions)

    def _refuse_start(self, msg: StartChildren, error: StartError) -> None:
        if msg.reply is not None:
            msg.reply.fail(error)
        else:
            self.log.error(str(error))

    @handles(StopChildren)
    def _on_stop_children(self, msg: StopChildren) -> None:
        if msg.reply is not None:
            self._stop_replies.append(msg.reply)
        self._do(self._tree.stop(msg.names, self._now()))

    @handles(RestartActor)
    def _on_restart(self, msg: RestartActor) -> bool:
        if msg.name not in self._tree.children:
            self.log.warning(f"cannot restart {msg.name}: there is no such actor")
            return False
        self.log.info(f"restart of {msg.name} asked by {msg.by or 'somebody'}")
        self._do(self._tree.restart(msg.name, self._now()))
        return True

    @handles(ActorReady)
    def _on_ready(self, msg: ActorReady) -> None:
        self._do(self._tree.on_ready(msg.name, msg.epoch, self._now()))

    @handles(ActorExited)
    def _on_exited(self, msg: ActorExited) -> None:
        incarnation = self._incarnations.get((msg.name, msg.epoch))
        if incarnation is not None:
            incarnation.retire_handle()
        self._do(self._tree.on_exited(msg.name, msg.epoch, msg.error, msg.poison, self._now()))

    @handles(ThreadEnded)
    def _on_ended(self, msg: ThreadEnded) -> None:
        incarnation = self._incarnations.get((msg.name, msg.epoch))
        if incarnation is not None:
            incarnation.retire_handle()
            self._past[msg.name] = self._totals(msg.name).plus(incarnation.context.inbox.stats())
            del self._incarnations[msg.name, msg.epoch]
        self._do(self._tree.on_ended(msg.name, msg.epoch, self._now()))

    @handles(HeartbeatSeen)
    def _on_heartbeat_seen(self, msg: HeartbeatSeen) -> None:
        self._do(self._tree.on_heartbeat(msg.name, msg.epoch, msg.number, self._now()))

    # ------------------------------------------------------------ time

    def on_flush(self) -> None:
        """Look at the clock, under load too."""
        self.on_idle()

    def on_idle(self) -> None:
        """Look at limits and run the hooks, when it is time to."""
        self._guard(self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        now_ns = self._now()
        if now_ns - self._ticked_ns >= TICK_NS:
            if now_ns - self._ticked_ns > STOOD_STILL_NS:
                self._tree.forgive(now_ns)
            self._ticked_ns = now_ns
            self._do(self._tree.tick(now_ns, self._busy_until_ns))
        if now_ns - self._polled_ns >= POLL_NS:
            self._polled_ns = now_ns
            self._poll()

    def _poll(self) -> None:
        for number, hook in enumerate(self._polls):
            try:
                hook()
                self._poll_errors.pop(number, None)
            except Exception as error:  # noqa: BLE001  a hook must not end supervision
                text = repr(error)
                if self._poll_errors.get(number) != text:
                    self.log.error(f"a poll hook failed, and is called again: {text}")
                self._poll_errors[number] = text

    def _now(self) -> int:
        return self.wall.monotonic_ns()

    def _busy_until_ns(self, name: str) -> int:
        child = self._tree.children[name]
        incarnation = self._incarnations.get((name, child.epoch))
        return incarnation.busy_until_ns if incarnation is not None else 0

    def _serve_one(self, message: Any) -> None:
        self._guard(super()._serve_one, message)

    # ------------------------------------------------------------ doing

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            self._guard(self._do_one, action)

    def _guard(self, call: Callable[..., object], *args: object) -> None:
        try:
            call(*args)
        except Exception as error:  # noqa: BLE001  supervision goes on
            self.log.error(f"{getattr(call, '__name__', call)}{args} failed: {error!r}")

    def _do_one(self, action: Action) -> None:
        match action:
            case Launch():
                self._launch(action)
            case Stop(name=name):
                self._put(name, StopActor())
            case Beat(name=name, number=number):
                self._put(name, Heartbeat(number=number))
            case Crashed():
                self._crashed(action)
            case Abandon():
                self._abandon(action)
            case Tired(name=name, reason=reason):
                self._tired(name, reason)
            case Changed(name=name, state=state, epoch=epoch):  # later changes may be decided already: report this one
                now = self._status(self._tree.children[name])
                self._guard(self._on_state, msgspec.structs.replace(now, state=state, epoch=epoch))
            case StartDone(error=error):
                self._finish_start(error)
            case StopDone(given_up=given_up):
                replies, self._stop_replies = self._stop_replies, []
                for reply in replies:
                    reply.set(given_up)

    def _launch(self, action: Launch) -> None:
        spec = self._tree.children[action.name].spec
        incarnation = Incarnation(spec, Context(self.context.runtime, action.name, action.epoch))
        self._incarnations[action.name, action.epoch] = incarnation
        incarnation.launch()

    def _put(self, name: str, message: StopActor | Heartbeat) -> None:
        incarnation = self._incarnations.get((name, self._tree.children[name].epoch))
        if incarnation is None:
            return
        try:
            incarnation.context.inbox.put(message)
        except Unavailable:
            self.log.debug(f"{name} is down already")

    def _crashed(self, action: Crashed) -> None:
        spec = self._tree.children[action.name].spec
        if spec.on_crash is not None:
            exited = ActorExited(name=action.name, epoch=action.epoch, error=action.error, poison=action.poison)
            self._guard(spec.on_crash, exited)

    def _abandon(self, action: Abandon) -> None:
        self.log.error(f"{action.name}#{action.epoch} is given up: {action.reason}")
        incarnation = self._incarnations.get((action.name, action.epoch))
        if incarnation is not None:
            incarnation.abandon()

    def _tired(self, name: str, reason: str) -> None:
        self.log.error(f"{name} is not started again: {reason}")
        on_exhausted = self._tree.children[name].spec.on_exhausted
        if on_exhausted is not None:
            self._guard(on_exhausted, name, reason)

    def _finish_start(self, error: str) -> None:
        reply, self._start_reply = self._start_reply, None
        if reply is None:
            return
        if error:
            reply.fail(StartError(error))
        else:
            reply.set(None)

    def _status(self, child: Child) -> ActorStatus:
        incarnation = self._incarnations.get((child.spec.name, child.epoch))
        known = ActorStatus(
            name=child.spec.name, epoch=child.epoch, state=child.state, restarts=child.restarts,
            last_error=child.last_error, abandoned_threads=len(child.abandoned),
        )
        totals = self._totals(child.spec.name)
        return known.with_mailbox(totals if incarnation is None else totals.plus(incarnation.context.inbox.stats()))

    def _totals(self, name: str) -> MailboxStats:
        return self._past.get(name, NOTHING)
