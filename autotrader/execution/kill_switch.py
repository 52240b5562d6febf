"""The kill switch: gate, latch, broadcast, alert, in this order, and none of them waits for the health of another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from autotrader.actors.gate import Closed, Gate
from autotrader.actors.marker import ALL, LETTERS, SIZE
from autotrader.actors.quick_switch import QuickSwitch
from autotrader.clock import Clock
from autotrader.execution.latch import Latch, kill_file
from autotrader.execution.rearm_request import RearmAnswer, RearmRequest, answer_rearm, read_rearm
from autotrader.execution.steps import run_beside, run_step
from autotrader.messages import KillPulled, KillRearmed, Message
from autotrader.model import KillLevel

__all__ = ["Conditions", "KillStatus", "KillSwitch"]

Conditions = Callable[[str], Sequence[str]]
Alert = Callable[[str, str], object]

_LATCH_WAIT_S: Final = 1.0
_BROADCAST_WAIT_S: Final = 0.050
_REARM_PATIENCE_NS: Final = 30_000_000_000


class KillStatus(msgspec.Struct, frozen=True):
    """The ``kill`` part of the status: the highest level of any scope, why, and how the last pull went."""

    level: KillLevel
    reason: str | None
    by: str | None
    since_ns: int | None
    scopes: Mapping[str, KillLevel] = {}
    last_close: Closed | None = None
    problems: tuple[str, ...] = ()


class _Pull(msgspec.Struct, frozen=True):
    level: KillLevel
    reason: str
    by: str
    since_ns: int


class _Act:
    """One pull on its way through the steps."""

    __slots__ = ("closed", "fresh", "problems", "pull", "scope")

    def __init__(self, pull: _Pull, scope: str, fresh: bool) -> None:
        self.pull, self.scope, self.fresh = pull, scope, fresh
        self.closed: Closed | Exception | None = None
        self.problems: list[str] = []

    def all_problems(self) -> tuple[str, ...]:
        """Return what went wrong, the gate first."""
        closed = self.closed
        bad = isinstance(closed, Exception) or (closed is not None and bool(closed.left))
        return (*([f"gate: {closed!r}"] if bad else []), *self.problems)


def _level_of(level: KillLevel | str) -> KillLevel:
    try:
        named = KillLevel[level.upper()] if isinstance(level, str) else KillLevel(level)
    except (KeyError, ValueError):
        return KillLevel.CANCEL
    return max(named, KillLevel.HALT)


def _nothing_known(scope: str) -> Sequence[str]:
    return (f"{scope}: the engine cannot say yet whether every venue is reached, swept and reconciled",)


class KillSwitch:
    """Stops trading, at once and for good, until an operator re-arms. All methods may be called from any thread.

    ``broadcast`` is the supervisor's (0 means that nobody took it), ``alert(code, text)`` must not wait. ``clock`` is the
    engine's time for the messages, ``wall`` the machine's for latch and patience. ``conditions(scope)`` tells what still
    speaks against a re-arm; the engine sets it once it can tell.
    """

    def __init__(
        self, gate: Gate, latch: Latch, broadcast: Callable[[Message], object], clock: Clock, wall: Clock, alert: Alert,
        conditions: Conditions = _nothing_known,
    ) -> None:
        self.conditions = conditions
        self._gate, self._latch, self._broadcast, self._alert = gate, latch, broadcast, alert
        self._clock, self._wall = clock, wall
        self._pulls: dict[str, _Pull] = {}
        self._told: dict[str, KillLevel] = {}
        self._alerted: dict[str, KillLevel] = {}
        self._announcing: dict[int, _Act] = {}
        self._last_close: Closed | None = None
        self._problems: tuple[str, ...] = ()
        self._patience: tuple[str, int] = ("", 0)
        gate.attach(latch.marker)
        gate.on_trip = self._tripped

    # ------------------------------------------------------------ pulling

    def activate(
        self, reason: str, level: KillLevel | str = KillLevel.CANCEL, scope: str = ALL, by: str = "api",
    ) -> None:
        """Pull the switch: when this returns, no byte of what ``level`` forbids is written any more, and the latch is synced.

        From any thread, or a signal handler, also with every actor hung. ``scope`` is ``all`` or a venue, ``level`` a member
        or its name; what is no level is taken for CANCEL. It only raises; pulling again is harmless. Broadcast and alert
        follow on a thread of their own (``wait_told``). A step that fails shows in status and alert, and stops no other.
        """
        self._act(_Pull(_level_of(level), str(reason), str(by), self._wall.now_ns()), scope or ALL, fresh=True)

    def wait_told(self, timeout_s: float = 1.0) -> bool:
        """Wait until all that was pulled has been broadcast and alerted, before a process ends; False when time was up."""
        until = time.monotonic() + timeout_s
        while self._announcing:
            if time.monotonic() >= until:
                return False
            time.sleep(0.0005)
        return True

    def close(self) -> None:
        """Let go of the latch at the engine's end; from then on the gate lets nothing but cancels and queries pass."""
        self.wait_told()
        self._gate.attach(LETTERS[KillLevel.CANCEL] * SIZE)
        self._latch.close()

    def restore(self, levels: Mapping[str, KillLevel], reason: str) -> None:
        """Start closed: apply what ``latch_at_start`` found, before anything can write. The first ``poll`` tells of it."""
        problems: list[str] = []
        for scope, level in levels.items():
            self._close(_Pull(level, reason, "start", self._wall.now_ns()), scope)
        if levels:
            error = run_step(lambda: self._latch.restore(levels, reason, self._wall.now_ns()), _LATCH_WAIT_S)
            self._note(problems, "latch", error)
        self._problems = tuple(problems)

    # ------------------------------------------------------------ questions

    def level(self, scope: str = ALL) -> KillLevel:
        """Return the level in force at a venue; ``all`` asks for the level of all venues together."""
        return self._gate.level(scope)

    @property
    def is_halted(self) -> bool:
        """Say whether any level but ARMED is in force at any venue."""
        return bool(self._scopes())

    def status(self) -> KillStatus:
        """Return the levels, who pulled and why, and what went wrong in the last pull."""
        scopes = self._scopes()
        if not scopes:
            return KillStatus(KillLevel.ARMED, None, None, None, problems=self._problems)
        highest = max(scopes, key=lambda scope: (scopes[scope], scope == ALL))
        pull = self._pulls.get(highest)
        if pull is None:
            latch = self._latch.state()
            pull = _Pull(scopes[highest], latch.reason, latch.by, latch.since_ns)
        return KillStatus(
            scopes[highest], pull.reason, pull.by, pull.since_ns, scopes=scopes, last_close=self._last_close,
            problems=self._problems,
        )

    # ------------------------------------------------------------ the supervisor's thread

    def poll(self) -> None:
        """Look at latch, KILL file and re-arm request; the supervisor's thread calls this every 100 ms.

        What a pull could not do when it came, because the disk or an actor failed it, is tried again here.
        """
        self._follow_latch()
        if self._kill_file_exists() and self._gate.levels_in_memory().get(ALL, KillLevel.ARMED) < KillLevel.CANCEL:
            self.activate("the file KILL lies beside the journal", KillLevel.CANCEL, ALL, by="file")
        self._catch_up()
        request = read_rearm(self._latch.journal)
        if request is not None and request.is_open:
            self._consider(request)

    def rearm(
        self, reason: str, by: str, conditions: Conditions | None = None, scope: str = ALL, pulls: int | None = None,
    ) -> tuple[str, ...]:
        """Lift the level of a scope, ``all`` every scope, if nothing speaks against it; return what does, empty when lifted.

        An operator's act only. ``pulls`` is the latch's count that the operator knew: a later pull is never lifted.
        """
        self.wait_told()
        return self._rearm(reason, by, conditions or self.conditions, scope, pulls)

    def _rearm(self, reason: str, by: str, conditions: Conditions, scope: str, pulls: int | None) -> tuple[str, ...]:
        state, marks = self._latch.state(), self._gate.pulled(scope)
        if pulls is not None and pulls != state.pulls:
            return ("the switch was pulled again after this was asked: look, and ask anew",)
        missing = (*self._own_conditions(scope), *conditions(scope))
        if missing:
            return missing
        if not self._latch.lift(scope, reason, by, self._wall.now_ns(), state.pulls):
            return ("the switch was pulled while the conditions were checked",)
        if not self._gate.reopen(scope, marks):
            return ("the switch was pulled while it was being lifted",)
        for name in tuple(self._pulls) if scope == ALL else (scope,):
            self._pulls.pop(name, None)
            self._told.pop(name, None)
            self._alerted.pop(name, None)
        self._broadcast(KillRearmed(scope=scope, reason=reason, by=by, ts_ns=self._clock.now_ns()))
        self._alert("REARMED", f"kill switch re-armed for {scope} by {by}: {reason}")
        return ()

    # ------------------------------------------------------------ steps

    def _act(self, pull: _Pull, scope: str, fresh: bool) -> None:
        """Close the gate here; latch and announcement go on by themselves even if this thread is interrupted or let go."""
        act = _Act(pull, scope, fresh)
        with QuickSwitch():
            try:
                act.closed = self._close(pull, scope)
            finally:
                try:
                    self._note(act.problems, "latch", run_step(lambda: self._write_latch(act), _LATCH_WAIT_S))
                finally:
                    self._announce_once(act)

    def _close(self, pull: _Pull, scope: str) -> Closed | Exception:
        known = self._pulls.get(scope)
        if known is None or known.level < pull.level:
            self._pulls[scope] = pull
        try:
            closed = self._last_close = self._gate.close(pull.level, scope)
        except Exception as error:  # noqa: BLE001 (the next steps matter more; reported)
            return error
        return closed

    def _write_latch(self, act: _Act) -> None:
        pull, scope = act.pull, act.scope
        try:
            if act.closed is None:
                act.closed = self._close(pull, scope)
            self._latch.mark(pull.level, scope)
            state = self._latch.state()
            if act.fresh or state.problem or KillLevel[state.levels.get(scope, "ARMED")] < pull.level:
                self._latch.pull(pull.level, scope, pull.reason, pull.by, pull.since_ns)
        finally:
            if self._gate.levels_in_memory().get(scope, KillLevel.ARMED) < pull.level:  # a re-arm came in between
                self._close(pull, scope)

    def _announce_once(self, act: _Act) -> None:
        told = self._told.get(act.scope, KillLevel.ARMED)
        if told >= act.pull.level:
            self._problems = act.all_problems()
            return
        self._told[act.scope] = act.pull.level
        self._announcing[id(act)] = act
        run_beside(lambda: self._announce(act, told))

    def _announce(self, act: _Act, told: KillLevel) -> None:
        with QuickSwitch():
            pull = act.pull
            message = KillPulled(
                level=pull.level, scope=act.scope, reason=pull.reason, by=pull.by, ts_ns=self._clock.now_ns())
            taken: list[object] = []
            error = run_step(lambda: taken.append(self._broadcast(message)), _BROADCAST_WAIT_S)
            if (error is not None and not isinstance(error, TimeoutError)) or taken == [0]:
                self._told[act.scope] = told  # nobody has heard it: the poll tries again
            self._note(act.problems, "broadcast", error)
            if self._alerted.get(act.scope, KillLevel.ARMED) < pull.level:
                self._alerted[act.scope] = pull.level
                text = f"kill switch pulled: {pull.level.name} for {act.scope} by {pull.by}: {pull.reason}"
                line = "; ".join((text, *act.all_problems()))
                self._note(act.problems, "alert", run_step(lambda: self._alert("KILL", line), _BROADCAST_WAIT_S))
            self._problems = act.all_problems()
        self._announcing.pop(id(act), None)

    def _tripped(self, venue: str, text: str) -> None:
        self.activate(text, KillLevel.HALT, venue, by="gate")

    @staticmethod
    def _note(problems: list[str], step: str, error: BaseException | None) -> None:
        if error is not None:
            problems.append(f"{step}: {type(error).__name__}: {error}")

    # ------------------------------------------------------------ polling

    def _scopes(self) -> dict[str, KillLevel]:
        scopes = dict(self._gate.levels_in_memory())
        for scope, name in self._latch.state().levels.items() if self._latch.levels() else ():
            scopes[scope] = max(KillLevel[name], scopes.get(scope, KillLevel.ARMED))
        return scopes

    def _follow_latch(self) -> None:
        """Do for a pull from outside what ``activate`` does for one from inside."""
        if not self._latch.is_in_place():
            self._renew_latch()
        if not self._latch.levels():
            return
        state, here = self._latch.state(), self._gate.levels_in_memory()
        for scope, name in state.levels.items():
            if KillLevel[name] > here.get(scope, KillLevel.ARMED):
                reason = state.problem or state.reason or "the latch was closed by another process"
                pull = _Pull(KillLevel[name], reason, state.by or "latch", state.since_ns or self._wall.now_ns())
                self._act(pull, scope, fresh=False)

    def _renew_latch(self) -> None:
        try:
            self._gate.attach(self._latch.renew())
            self._latch.restore(self._gate.levels_in_memory(), "the latch was taken away while in use", self._wall.now_ns())
        except OSError as error:
            self._problems = (f"the latch was taken away and cannot be made again: {error}",)

    def _catch_up(self) -> None:
        latched = self._latch.state().levels
        for scope, level in self._gate.levels_in_memory().items():
            if min(self._told.get(scope, KillLevel.ARMED), KillLevel[latched.get(scope, "ARMED")]) < level:
                known = self._pulls.get(scope)
                if known is None or known.level < level:
                    known = _Pull(level, "the gate was closed", "gate", self._wall.now_ns())
                self._act(known, scope, fresh=False)

    def _kill_file_exists(self) -> bool:
        return os.path.exists(kill_file(self._latch.journal))

    def _own_conditions(self, scope: str) -> tuple[str, ...]:
        missing = ["the pull is still being told to the actors"] if self._announcing else []
        if self._kill_file_exists():
            missing.append("the file KILL still lies beside the journal")
        if scope != ALL and self._gate.level(ALL) is not KillLevel.ARMED:
            missing.append(f"all venues are at {self._gate.level(ALL).name}: re-arm with scope all")
        return tuple(missing)

    def _consider(self, request: RearmRequest) -> None:
        now_ns = self._wall.monotonic_ns()
        if self._patience[0] != request.request_id:
            self._patience = (request.request_id, now_ns)
        missing = self._rearm(request.reason, request.by, self.conditions, request.scope, request.pulls)
        final = not missing or request.pulls != self._latch.state().pulls or now_ns - self._patience[1] >= _REARM_PATIENCE_NS
        answer = RearmAnswer(lifted=not missing, missing=missing, final=final, ts_ns=self._wall.now_ns())
        if request.answer is None or (request.answer.missing, request.answer.final) != (missing, final):
            try:
                answer_rearm(self._latch.journal, request, answer)
            except OSError as error:
                self._problems = (f"the answer to a re-arm request cannot be written: {error}",)
