"""Who runs, who is stopped, who starts next: the supervisor's decisions. Pure: events and time in, actions out.

Children keep the order in which they were given. They start first to last, each when those before it are ready, and stop last
to first, each when the one after it is down. All times are monotonic nanoseconds of the machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import msgspec

from autotrader.actors.policy import Exhausted, RestartHistory
from autotrader.actors.spec import ChildSpec, ChildState
from autotrader.errors import StartError

__all__ = ["Abandon", "Action", "Beat", "Changed", "Child", "Crashed", "Launch", "Stop", "SupervisionTree", "Tired"]

NS = 1_000_000_000
BEAT_NS = NS // 2
CLEAN_UP_NS = 2 * NS
PAST_BUSY_NS = NS

S = ChildState


class Launch(msgspec.Struct, frozen=True):
    """Start incarnation ``epoch`` in a thread of its own."""

    name: str
    epoch: int


class Stop(msgspec.Struct, frozen=True):
    """Ask the running incarnation to end."""

    name: str


class Beat(msgspec.Struct, frozen=True):
    """Send a heartbeat through the mailbox."""

    name: str
    number: int


class Crashed(msgspec.Struct, frozen=True):
    """An incarnation failed: nobody is to reach it any more."""

    name: str
    epoch: int
    error: str
    poison: str


class Abandon(msgspec.Struct, frozen=True):
    """Give a thread up that does not end: close its mailbox and refuse what it tells later."""

    name: str
    epoch: int
    reason: str


class Tired(msgspec.Struct, frozen=True):
    """The policy is exhausted: no more restarts."""

    name: str
    reason: str


class Changed(msgspec.Struct, frozen=True):
    """A child's state is another; ``epoch`` is that of the incarnation it holds for."""

    name: str
    state: ChildState
    epoch: int


class StartDone(msgspec.Struct, frozen=True):
    """A start is over; ``error`` says which child failed and why."""

    error: str


class StopDone(msgspec.Struct, frozen=True):
    """All that were to be stopped are down; ``given_up`` names those whose threads did not end."""

    given_up: tuple[str, ...]


Action = Launch | Stop | Beat | Crashed | Abandon | Tired | Changed | StartDone | StopDone


class Child:
    """What is known of one child."""

    def __init__(self, spec: ChildSpec, epoch: int = 0) -> None:
        self.spec = spec
        self.state = S.WAITING
        self.epoch = epoch
        self.history = RestartHistory()
        self.restarts = 0
        self.last_error = ""
        self.abandoned: set[int] = set()
        self.live = False  # a thread of this epoch has not ended
        self.failed = False  # this epoch has failed already
        self.must_stop = False
        self.then = S.STOPPED
        self.due_ns = 0  # what the state waits for: ready, down, or the end of the back-off
        self.clean_up_due_ns = 0
        self.ready_ns = 0
        self.beat = 0
        self.beat_ns = 0
        self.beat_open = False

    @property
    def is_up(self) -> bool:
        """Whether it runs or is about to."""
        return self.state in (S.STARTING, S.RUNNING)

    @property
    def is_down(self) -> bool:
        """Whether it was stopped and its thread is over, or given up."""
        return self.state is S.STOPPED and not self.live

    @property
    def lets_pass(self) -> bool:
        """Whether children after it may start now."""
        if self.state is S.RUNNING:
            return True
        return self.spec.strategy == "one_for_one" and self.state in (S.BACKING_OFF, S.EXHAUSTED, S.STOPPED)


class SupervisionTree:
    """The children and what is to be done about them. Each method takes one event and returns actions, to be done in order."""

    def __init__(self, rng: random.Random) -> None:
        self.children: dict[str, Child] = {}
        self._rng = rng
        self._actions: list[Action] = []
        self._batch: list[str] = []
        self._batch_error = ""
        self._stopping: list[str] | None = None

    # ------------------------------------------------------------ what is asked for

    def start(self, specs: Iterable[ChildSpec], now_ns: int) -> list[Action]:
        """Start children in order; any failure before all are ready stops them again. Raises ``StartError``."""
        specs = tuple(specs)
        if self._batch or self._stopping is not None:
            raise StartError(f"cannot start {', '.join(spec.name for spec in specs)} while another start or stop is under way")
        self._check(specs)
        for spec in specs:
            self._add(spec)
        self._batch = [spec.name for spec in specs]
        self._batch_error = ""
        return self._advance(now_ns)

    def spawn(self, spec: ChildSpec, now_ns: int) -> list[Action]:
        """Add one child, under its policy from the first start on. Raises ``StartError``."""
        if self._stopping is not None:
            raise StartError(f"cannot start {spec.name} while all is being stopped")
        self._check((spec,))
        self._add(spec)
        return self._advance(now_ns)

    def stop(self, names: Iterable[str] | None, now_ns: int) -> list[Action]:
        """Stop these children, or all, last first."""
        wanted = list(self.children) if names is None else [name for name in names if name in self.children]
        self._stopping = sorted({*wanted, *(self._stopping or ())})
        if any(name in self._batch for name in wanted):
            self._batch_error = self._batch_error or "it was stopped before all were ready"
            wanted = [name for name in self.children if name in wanted or name in self._batch]
        for name in wanted:
            self._demand_stop(self.children[name], S.STOPPED)
        return self._advance(now_ns)

    def restart(self, name: str, now_ns: int) -> list[Action]:
        """Give a child a fresh incarnation and a clean record. Raises ``KeyError`` when there is none of that name."""
        child = self.children[name]
        child.history = RestartHistory()
        if child.is_up:
            self._demand_stop(child, S.WAITING)
            self._stop_rest(child)
        elif child.must_stop:
            child.then = S.WAITING
        else:
            self._enter(child, S.WAITING)
        return self._advance(now_ns)

    # ------------------------------------------------------------ what happens

    def on_ready(self, name: str, epoch: int, now_ns: int) -> list[Action]:
        """Note the handshake of an incarnation."""
        child = self._current(name, epoch)
        if child is not None and child.state is S.STARTING:
            child.ready_ns = child.beat_ns = now_ns
            child.beat_open = False
            self._enter(child, S.RUNNING)
        return self._advance(now_ns)

    def on_exited(self, name: str, epoch: int, error: str, poison: str, now_ns: int) -> list[Action]:
        """Note that an incarnation ended (empty ``error``) or failed; its thread may still clean up."""
        child = self._current(name, epoch)
        if child is not None and not child.failed:
            self._leave(child, error, poison, now_ns)
        return self._advance(now_ns)

    def on_ended(self, name: str, epoch: int, now_ns: int) -> list[Action]:
        """Note that the thread of an incarnation is over."""
        child = self.children.get(name)
        if child is not None:
            child.abandoned.discard(epoch)
            if epoch == child.epoch and child.live:
                child.live = False
                if child.is_up and not child.failed:
                    self._leave(child, "the thread ended without a report", "", now_ns)
        return self._advance(now_ns)

    def on_heartbeat(self, name: str, epoch: int, number: int, now_ns: int) -> list[Action]:
        """Note an answered heartbeat."""
        child = self._current(name, epoch)
        if child is not None and number == child.beat:
            child.beat_open = False
        return self._advance(now_ns)

    def forgive(self, now_ns: int) -> None:
        """Start all limits anew: the supervisor itself, and so perhaps the process, stood still."""
        for child in self.children.values():
            child.beat_ns = now_ns
            if child.state is S.STARTING:
                child.due_ns = now_ns + round(child.spec.start_s * NS)
            elif child.state is S.STOPPING:
                child.due_ns = now_ns + round(child.spec.stop_s * NS)
            child.clean_up_due_ns = now_ns + CLEAN_UP_NS

    def tick(self, now_ns: int, busy_until_ns: Callable[[str], int]) -> list[Action]:
        """Look at every limit that time alone can break, and send heartbeats."""
        for child in list(self.children.values()):
            if child.state is S.STARTING and now_ns >= child.due_ns:
                self._abandon(child, f"not ready within {child.spec.start_s:g} s", now_ns)
            elif child.state is S.STOPPING and now_ns >= child.due_ns:
                self._abandon(child, f"not stopped within {child.spec.stop_s:g} s", now_ns)
            elif child.state is S.RUNNING:
                self._watch(child, now_ns, busy_until_ns)
            elif child.live and child.failed and now_ns >= child.clean_up_due_ns:
                self._abandon(child, "failed, and did not clean up in time", now_ns)
        return self._advance(now_ns)

    # ------------------------------------------------------------ inside

    def _check(self, specs: tuple[ChildSpec, ...]) -> None:
        names = [spec.name for spec in specs]
        for name in names:
            known = self.children.get(name)
            taken = known is not None and (known.state not in (S.STOPPED, S.EXHAUSTED) or known.live)
            if taken or names.count(name) > 1:
                raise StartError(f"there is an actor {name} already")

    def _add(self, spec: ChildSpec) -> None:
        known = self.children.pop(spec.name, None)
        child = Child(spec, known.epoch if known is not None else 0)
        if known is not None:
            child.abandoned = known.abandoned
        self.children[spec.name] = child
        self._actions.append(Changed(spec.name, child.state, child.epoch))

    def _current(self, name: str, epoch: int) -> Child | None:
        child = self.children.get(name)
        return child if child is not None and child.epoch == epoch and epoch not in child.abandoned else None

    def _enter(self, child: Child, state: ChildState) -> None:
        if child.state is not state:
            child.state = state
            self._actions.append(Changed(child.spec.name, state, child.epoch))

    def _after(self, child: Child) -> list[Child]:
        ordered = list(self.children.values())
        return ordered[ordered.index(child) + 1 :]

    def _demand_stop(self, child: Child, then: ChildState) -> None:
        if child.is_up or child.live:
            child.must_stop, child.then = True, then
        elif child.state is not S.EXHAUSTED or then is S.STOPPED:
            self._enter(child, then)

    def _stop_rest(self, child: Child) -> None:
        if child.spec.strategy == "rest_for_one":
            for later in self._after(child):
                if later.is_up or later.state is S.BACKING_OFF:
                    self._demand_stop(later, S.WAITING)

    def _leave(self, child: Child, error: str, poison: str, now_ns: int) -> None:
        """Decide what comes next, now that an incarnation is over or as good as over."""
        asked, child.failed = child.must_stop, True
        child.clean_up_due_ns = now_ns + CLEAN_UP_NS
        if error:
            child.last_error = error
            self._actions.append(Crashed(child.spec.name, child.epoch, error, poison))
        if child.spec.name in self._batch and not asked:
            return self._fail_batch(child, error or "it ended by itself")
        if asked:
            return None
        if not error or child.spec.temporary:
            return self._enter(child, S.STOPPED)
        return self._apply_policy(child, now_ns)

    def _apply_policy(self, child: Child, now_ns: int) -> None:
        healthy_ns = now_ns - child.ready_ns if child.ready_ns else 0
        verdict = child.spec.policy.on_failure(child.history, now_ns=now_ns, healthy_ns=healthy_ns, rng=self._rng)
        child.history = verdict.history
        if isinstance(verdict, Exhausted):
            self._enter(child, S.EXHAUSTED)
            self._actions.append(Tired(child.spec.name, f"{verdict.reason}; the last: {child.last_error}"))
            return
        child.due_ns = now_ns + round(verdict.delay_s * NS)
        self._enter(child, S.BACKING_OFF)
        self._stop_rest(child)

    def _fail_batch(self, child: Child, error: str) -> None:
        self._batch_error = f"{child.spec.name} did not start: {error}"
        self._enter(child, S.STOPPED)
        for name in self._batch:
            self._demand_stop(self.children[name], S.STOPPED)

    def _abandon(self, child: Child, reason: str, now_ns: int) -> None:
        child.live = False
        child.abandoned.add(child.epoch)
        self._actions.append(Abandon(child.spec.name, child.epoch, reason))
        if not child.failed:
            self._leave(child, reason, "", now_ns)

    def _watch(self, child: Child, now_ns: int, busy_until_ns: Callable[[str], int]) -> None:
        if child.beat_open:
            limit_s = child.spec.hang_s
            quiet = limit_s is not None and now_ns - child.beat_ns > limit_s * NS
            if quiet and now_ns > busy_until_ns(child.spec.name) + PAST_BUSY_NS:
                self._abandon(child, f"hung: no answer to a heartbeat for {limit_s:g} s", now_ns)
        elif now_ns - child.beat_ns >= BEAT_NS:
            child.beat, child.beat_ns, child.beat_open = child.beat + 1, now_ns, True
            self._actions.append(Beat(child.spec.name, child.beat))

    def _advance(self, now_ns: int) -> list[Action]:
        self._advance_stops(now_ns)
        self._advance_starts(now_ns)
        self._conclude()
        actions, self._actions = self._actions, []
        return actions

    def _advance_stops(self, now_ns: int) -> None:
        waits = False  # those before a live one are asked once it is down; what has ended by itself is down already
        for child in reversed(self.children.values()):
            if not child.must_stop:
                continue
            if not child.live:
                child.must_stop = False
                self._enter(child, child.then)
            elif not waits:
                waits = True
                if child.is_up and not child.failed:
                    child.due_ns = now_ns + round(child.spec.stop_s * NS)
                    self._enter(child, S.STOPPING)
                    self._actions.append(Stop(child.spec.name))

    def _advance_starts(self, now_ns: int) -> None:
        stops = any(child.must_stop for child in self.children.values())
        open_way = True
        for child in self.children.values():
            due = child.state is S.WAITING and open_way
            due = due or (child.state is S.BACKING_OFF and now_ns >= child.due_ns)
            free = not child.live and not child.must_stop
            if due and free and not (stops and any(later.must_stop for later in self._after(child))):
                self._launch(child, now_ns)
            open_way = open_way and child.lets_pass

    def _launch(self, child: Child, now_ns: int) -> None:
        child.restarts += child.epoch > 0
        child.epoch += 1
        child.live, child.failed, child.ready_ns, child.beat_open = True, False, 0, False
        child.due_ns = now_ns + round(child.spec.start_s * NS)
        self._enter(child, S.STARTING)
        self._actions.append(Launch(child.spec.name, child.epoch))

    def _conclude(self) -> None:
        if self._batch and self._batch_error:
            if all(self.children[name].is_down for name in self._batch):
                self._actions.append(StartDone(self._batch_error))
                self._batch = []
        elif self._batch and all(self.children[name].state is S.RUNNING for name in self._batch):
            self._actions.append(StartDone(""))
            self._batch = []
        if self._stopping is not None and all(not self.children[name].must_stop for name in self._stopping):
            given_up = tuple(name for name in self._stopping if self.children[name].abandoned)
            self._actions.append(StopDone(given_up))
            self._stopping = None
