"""The kill switch: order of work, what survives which failure, outside pulls, re-arming."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gate_kit import Hammer, Tap, on_thread, receipt_of

from autotrader.actors.gate import ALL, Closed, Gate
from autotrader.clock import ManualClock
from autotrader.errors import Halted, Refused
from autotrader.execution import kill_switch as kill_switch_module
from autotrader.execution.kill_switch import KillSwitch
from autotrader.execution.latch import Latch, pull_latch, read_latch
from autotrader.execution.rearm_request import read_rearm, request_rearm
from autotrader.messages import KillPulled, KillRearmed, Message
from autotrader.model import KillLevel, WriteClass
from autotrader.risk.receipts import ReceiptBook

HALT, CANCEL, FLATTEN, ARMED = KillLevel.HALT, KillLevel.CANCEL, KillLevel.FLATTEN, KillLevel.ARMED
SECOND = 1_000_000_000


class Bench:
    """A switch with everything round it, and a diary of what happened in which order."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.book = ReceiptBook()
        self.gate = Gate(self.book)
        self.latch = Latch(journal)
        self.clock, self.wall = ManualClock(1_000), ManualClock()
        self.diary: list[str] = []
        self.told: list[Message] = []
        self.alerts: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self.switch = KillSwitch(self.gate, self.latch, self.broadcast, self.clock, self.wall, self.alert)
        self.switch.conditions = lambda scope: tuple(self.missing)

    def broadcast(self, message: Message) -> None:
        state = read_latch(self.journal)
        self.diary.append(f"told at latch {state.highest.name if state else None}, gate {self.gate.level(ALL).name}")
        self.told.append(message)

    def alert(self, code: str, text: str) -> None:
        self.diary.append("alerted")
        self.alerts.append((code, text))

    def settle(self) -> None:
        assert self.switch.wait_told(5)

    def pull(self, *args: Any, **options: Any) -> None:
        """Activate, and wait until it was told: so what is tested next does not depend on who is quicker."""
        self.switch.activate(*args, **options)
        self.settle()

    def poll(self) -> None:
        self.switch.poll()
        self.settle()

    def pulls(self) -> list[tuple[KillLevel, str]]:
        self.settle()
        return [(message.level, message.scope) for message in self.told if isinstance(message, KillPulled)]

    def trades(self, venue: str = "paper") -> bool:
        try:
            with self.gate.write(venue, WriteClass.RISK, receipt_of(self.book, venue=venue)):
                return True
        except Halted:
            return False


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "run.db")
    yield bench
    bench.switch.close()


# ---------------------------------------------------------------- pulling


def test_gate_then_latch_then_broadcast_then_alert(bench: Bench) -> None:
    bench.pull("enough")
    assert bench.diary == ["told at latch CANCEL, gate CANCEL", "alerted"]
    assert bench.told == [KillPulled(level=CANCEL, scope=ALL, reason="enough", by="api", ts_ns=1_000)]
    assert bench.alerts == [("KILL", "kill switch pulled: CANCEL for all by api: enough")]
    assert not bench.trades()
    assert bench.switch.status().problems == ()


def test_the_status_says_who_pulled_and_why(bench: Bench) -> None:
    status = bench.switch.status()
    assert (status.level, status.reason, status.by, status.since_ns) == (ARMED, None, None, None)
    assert not bench.switch.is_halted
    bench.pull("okx is odd", HALT, "okx", by="op")
    bench.pull("drawdown", CANCEL, by="limits")
    status = bench.switch.status()
    assert (status.level, status.reason, status.by, status.since_ns) == (CANCEL, "drawdown", "limits", bench.wall.now_ns())
    assert status.scopes == {ALL: CANCEL, "okx": HALT}
    assert isinstance(status.last_close, Closed)
    assert bench.switch.is_halted


def test_one_venue_can_be_killed_alone(bench: Bench) -> None:
    bench.pull("odd", CANCEL, "okx")
    assert not bench.trades("okx")
    assert bench.trades("paper")
    assert (bench.switch.level("okx"), bench.switch.level("paper"), bench.switch.level()) == (CANCEL, ARMED, ARMED)


def test_pulling_again_is_told_only_when_it_raises(bench: Bench) -> None:
    for level in (HALT, HALT, CANCEL, HALT, FLATTEN):
        bench.pull("x", level)
    assert bench.pulls() == [(HALT, ALL), (CANCEL, ALL), (FLATTEN, ALL)]
    assert bench.switch.level() is FLATTEN
    assert bench.latch.state().pulls == 5


@pytest.mark.parametrize(("given", "level"), [
    ("halt", HALT), ("FLATTEN", FLATTEN), ("armed", HALT), (KillLevel.ARMED, HALT), ("nonsense", CANCEL), (9, CANCEL),
])
def test_any_level_that_is_asked_for_stops_something(bench: Bench, given: Any, level: KillLevel) -> None:
    bench.pull("x", given)
    assert bench.switch.level() is level


def test_the_gate_halting_a_venue_by_itself_is_a_pull(bench: Bench) -> None:
    with pytest.raises(Refused), bench.gate.write("okx", WriteClass.RISK, None):
        pytest.fail("inside")
    assert bench.pulls() == [(HALT, "okx")]
    assert bench.latch.state().levels == {"okx": "HALT"}
    assert bench.switch.status().by == "gate"


# ---------------------------------------------------------------- a step that fails stops no other


def explode(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("boom")


@pytest.mark.parametrize(("broken", "works"), [
    ("gate", {"latch", "told", "alert"}),
    ("latch", {"gate", "told", "alert"}),
    ("told", {"gate", "latch", "alert"}),
    ("alert", {"gate", "latch", "told"}),
])
def test_each_step_works_when_another_fails(bench: Bench, monkeypatch: Any, broken: str, works: set[str]) -> None:
    if broken == "gate":
        monkeypatch.setattr(bench.gate, "close", explode)
    elif broken == "latch":
        monkeypatch.setattr(bench.latch, "pull", explode)
    elif broken == "told":
        bench.switch._broadcast = explode
    else:
        bench.switch._alert = explode
    bench.pull("enough")
    done = set()
    done |= {"gate"} if bench.gate.levels_in_memory() else set()
    done |= {"latch"} if bench.latch.state().pulls else set()
    done |= {"told"} if bench.pulls() else set()
    done |= {"alert"} if bench.alerts else set()
    assert done == works
    assert not bench.trades()  # the mapped byte closes it even without the gate's own memory
    assert any("boom" in problem for problem in bench.switch.status().problems)


def test_the_alert_names_what_failed(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setattr(bench.latch, "pull", explode)
    bench.pull("enough")
    assert "latch: RuntimeError: boom" in bench.alerts[0][1]


def test_what_failed_is_done_at_the_next_poll(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setattr(bench.latch, "pull", explode)
    told, bench.switch._broadcast = bench.switch._broadcast, explode
    bench.pull("enough", HALT)
    assert not bench.latch.state().pulls
    monkeypatch.undo()
    bench.switch._broadcast = told
    bench.poll()
    state = read_latch(bench.journal)
    assert state is not None
    assert (state.levels, state.reason) == ({ALL: "HALT"}, "enough")
    assert bench.pulls() == [(HALT, ALL)]
    bench.settle()
    assert bench.switch.status().problems == ()


def test_an_interrupted_caller_still_has_the_rest_done(bench: Bench, monkeypatch: Any) -> None:
    """Ctrl-C while the gate is closing."""
    real, calls = bench.gate.close, [0]

    def close(*args: Any) -> Closed:
        calls[0] += 1
        if calls[0] == 1:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(bench.gate, "close", close)
    with pytest.raises(KeyboardInterrupt):
        bench.switch.activate("enough")
    assert bench.pulls() == [(CANCEL, ALL)]
    assert bench.latch.state().level() is CANCEL
    assert not bench.trades()


def test_a_hung_disk_and_a_hung_actor_hold_nobody_up(bench: Bench, monkeypatch: Any, eventually: Any) -> None:
    monkeypatch.setattr(kill_switch_module, "_LATCH_WAIT_S", 0.02)
    monkeypatch.setattr(kill_switch_module, "_BROADCAST_WAIT_S", 0.02)
    release = threading.Event()
    ended: list[str] = []

    def hang(name: str) -> Any:
        return lambda *args: (release.wait(10), ended.append(name))

    monkeypatch.setattr(bench.latch, "pull", hang("latch"))
    bench.switch._broadcast = hang("broadcast")
    bench.switch.activate("enough")
    assert not bench.trades()
    assert bench.latch.levels() == {ALL: CANCEL}
    bench.settle()
    assert "TimeoutError" in bench.alerts[0][1]
    release.set()
    eventually(lambda: sorted(ended) == ["broadcast", "latch"])


def test_without_a_thread_to_be_had_the_steps_run_in_place(bench: Bench, monkeypatch: Any) -> None:
    def no_thread(*args: Any) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", no_thread)
    bench.pull("enough")
    assert bench.diary == ["told at latch CANCEL, gate CANCEL", "alerted"]


def test_a_signal_handler_may_pull_while_its_thread_holds_the_locks_that_others_need(bench: Bench, eventually: Any) -> None:
    """The handler interrupts a tell in the middle: the broadcast then waits for the lock, the handler does not."""
    inbox = threading.Lock()

    def broadcast(message: Message) -> None:
        with inbox:
            bench.told.append(message)

    bench.switch._broadcast = broadcast
    before = signal.signal(signal.SIGUSR1, lambda *_: bench.switch.activate("signal", by="signal"))
    try:
        with inbox:
            signal.raise_signal(signal.SIGUSR1)
            assert not bench.trades()
            assert bench.latch.state().reason == "signal"
            assert not bench.told
    finally:
        signal.signal(signal.SIGUSR1, before)
    eventually(lambda: bench.pulls() == [(CANCEL, ALL)])


def test_two_threads_may_pull_at_once(bench: Bench) -> None:
    threads = [
        threading.Thread(target=bench.switch.activate, args=("x", level, scope))
        for level in (HALT, CANCEL, FLATTEN) for scope in (ALL, "okx")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.switch.level() is FLATTEN
    assert bench.latch.state().levels == {ALL: "FLATTEN", "okx": "FLATTEN"}
    assert {(FLATTEN, ALL), (FLATTEN, "okx")} <= set(bench.pulls())


def test_not_a_byte_leaves_after_activate_returned(bench: Bench, eventually: Any) -> None:
    taps = [Tap() for _ in range(3)]
    hammers = [Hammer(bench.gate, bench.book, tap).start() for tap in taps]
    late = []
    for _ in range(20):
        written = [hammer.written for hammer in hammers]
        eventually(lambda: all(h.written > w for h, w in zip(hammers, written, strict=True)))  # noqa: B023
        bench.switch.activate("drill", HALT)
        for tap in taps:
            tap.seen()
        refused = [hammer.refused for hammer in hammers]
        eventually(lambda: all(h.refused > r + 3 for h, r in zip(hammers, refused, strict=True)))  # noqa: B023
        late += [tap.seen() for tap in taps]
        assert bench.switch.rearm("drill", "op") == ()
    for hammer in hammers:
        hammer.stop()
    for tap in taps:
        tap.close()
    assert set(late) == {b""}


def test_after_the_engines_end_nothing_trades_and_the_switch_still_answers(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "ended.db")
    bench.switch.activate("x", HALT)
    bench.switch.close()
    assert not bench.trades()
    assert bench.switch.status().level is HALT
    bench.switch.activate("too late", CANCEL)
    bench.settle()
    assert any("latch" in problem for problem in bench.switch.status().problems)
    assert bench.switch.level() is CANCEL


def test_a_pull_that_no_actor_took_is_told_again_and_alerted_once(bench: Bench) -> None:
    """As before the actors have started."""
    taken = [0]

    def broadcast(message: Message) -> int:
        bench.told.append(message)
        return taken[0]

    bench.switch._broadcast = broadcast
    bench.pull("x")
    bench.poll()
    taken[0] = 3
    bench.poll()
    bench.poll()
    assert bench.pulls() == [(CANCEL, ALL)] * 3
    assert len(bench.alerts) == 1


# ---------------------------------------------------------------- from outside


def test_a_pull_by_another_process_closes_at_once_and_is_carried_on_by_the_poll(bench: Bench) -> None:
    pull_latch(bench.journal, CANCEL, "operator", "cli", now_ns=5)
    assert not bench.trades()
    assert bench.switch.is_halted
    assert not bench.told
    bench.poll()
    assert [(m.reason, m.by) for m in bench.told if isinstance(m, KillPulled)] == [("operator", "cli")]
    assert bench.gate.levels_in_memory() == {ALL: CANCEL}
    assert bench.latch.state().pulls == 1
    bench.poll()
    assert len(bench.told) == 1


def test_an_outside_pull_of_an_unlisted_venue_closes_that_venue(bench: Bench) -> None:
    pull_latch(bench.journal, HALT, "odd", "cli", "kraken")
    bench.poll()
    assert bench.pulls() == [(HALT, "kraken")]
    assert bench.switch.status().scopes == {"kraken": HALT}


def test_a_pull_that_died_after_its_first_byte_is_made_whole(bench: Bench) -> None:
    bench.latch.mark(CANCEL, ALL)
    bench.poll()
    assert bench.pulls() == [(CANCEL, ALL)]
    state = read_latch(bench.journal)
    assert state is not None
    assert (state.level(), state.problem) == (CANCEL, "")


def test_the_kill_file_pulls_cancel_once(bench: Bench) -> None:
    bench.poll()
    assert bench.trades()
    (bench.journal.parent / "KILL").touch()
    for _ in range(3):
        bench.poll()
    assert bench.pulls() == [(CANCEL, ALL)]
    assert bench.switch.status().by == "file"


def test_a_latch_that_is_taken_away_is_made_again_at_the_level_in_force(bench: Bench) -> None:
    bench.pull("x", HALT)
    os.unlink(bench.latch.path)
    bench.poll()
    state = read_latch(bench.journal)
    assert state is not None
    assert state.level() is HALT
    pull_latch(bench.journal, CANCEL, "y", "cli")
    assert bench.gate.level(ALL) is CANCEL


def test_a_latch_that_cannot_be_made_again_does_not_stop_the_poll(bench: Bench, monkeypatch: Any) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bench.latch, "renew", full)
    os.unlink(bench.latch.path)
    bench.poll()
    assert "cannot be made again" in bench.switch.status().problems[0]
    bench.pull("x")
    assert not bench.trades()


def test_starting_closed_is_told_by_the_first_poll(bench: Bench) -> None:
    bench.switch.restore({ALL: CANCEL, "okx": FLATTEN}, "the journal's last kill row is a pull")
    assert not bench.trades()
    assert not bench.told
    bench.poll()
    assert sorted(bench.pulls()) == [(CANCEL, ALL), (FLATTEN, "okx")]
    assert bench.latch.state().pulls == 0
    bench.poll()
    assert len(bench.told) == 2


def test_starting_armed_restores_nothing(bench: Bench) -> None:
    bench.switch.restore({}, "")
    bench.poll()
    assert bench.trades()
    assert not bench.told


# ---------------------------------------------------------------- re-arming


def test_rearming_lifts_gate_and_latch_and_is_told(bench: Bench) -> None:
    bench.pull("x")
    assert bench.switch.rearm("looked", "op") == ()
    assert bench.trades()
    state = read_latch(bench.journal)
    assert state is not None
    assert not state.levels
    assert bench.told[-1] == KillRearmed(scope=ALL, reason="looked", by="op", ts_ns=1_000)
    assert bench.alerts[-1][0] == "REARMED"
    assert bench.switch.status().level is ARMED


def test_rearming_says_what_is_missing_and_lifts_nothing(bench: Bench) -> None:
    bench.pull("x")
    bench.missing = ["okx was not reached"]
    assert bench.switch.rearm("looked", "op") == ("okx was not reached",)
    assert bench.switch.rearm("looked", "op", conditions=lambda scope: [f"{scope}: no"]) == ("all: no",)
    assert not bench.trades()


def test_an_engine_that_cannot_tell_rearms_nothing(bench: Bench) -> None:
    switch = KillSwitch(bench.gate, bench.latch, bench.broadcast, bench.clock, bench.wall, bench.alert)
    switch.activate("x")
    assert switch.rearm("looked", "op") != ()
    assert not bench.trades()


def test_a_request_waits_until_the_pull_has_been_told(bench: Bench) -> None:
    """Else the actors would hear of the re-arm before the pull, and stay killed."""
    bench.pull("x")
    request_rearm(bench.journal, ALL, "all is well", "op")
    bench.switch._announcing[0] = object()  # type: ignore[assignment]
    bench.switch.poll()
    request = read_rearm(bench.journal)
    assert request is not None
    assert request.answer is not None
    assert (request.answer.missing, request.answer.final) == (("the pull is still being told to the actors",), False)
    assert not bench.switch.wait_told(0)
    bench.switch._announcing.clear()
    bench.poll()
    assert bench.trades()


def test_the_kill_file_has_to_go_first(bench: Bench) -> None:
    (bench.journal.parent / "KILL").touch()
    bench.poll()
    assert "KILL" in bench.switch.rearm("looked", "op")[0]
    (bench.journal.parent / "KILL").unlink()
    assert bench.switch.rearm("looked", "op") == ()


def test_a_venue_stays_closed_while_all_are(bench: Bench) -> None:
    bench.pull("x", HALT)
    bench.pull("y", HALT, "okx")
    assert "scope all" in bench.switch.rearm("looked", "op", scope="okx")[0]
    assert bench.switch.rearm("looked", "op") == ()
    assert bench.trades("okx")


def test_one_venue_is_rearmed_alone(bench: Bench) -> None:
    bench.pull("x", HALT, "okx")
    bench.pull("x", HALT, "paper")
    assert bench.switch.rearm("looked", "op", scope="okx") == ()
    assert bench.trades("okx")
    assert not bench.trades("paper")
    bench.pull("x", HALT, "okx")
    assert bench.pulls()[-1] == (HALT, "okx")


@pytest.mark.parametrize("from_outside", [False, True])
def test_a_pull_while_the_conditions_are_checked_wins(bench: Bench, from_outside: bool) -> None:
    bench.pull("x")

    def conditions(scope: str) -> tuple[str, ...]:
        if from_outside:
            pull_latch(bench.journal, CANCEL, "meanwhile", "cli")
        else:
            on_thread(lambda: bench.switch.activate("meanwhile"))
        return ()

    assert bench.switch.rearm("looked", "op", conditions) != ()
    assert not bench.trades()
    assert bench.latch.state().level() is CANCEL


def test_a_pull_between_latch_and_gate_wins(bench: Bench, monkeypatch: Any) -> None:
    bench.pull("x")
    real = bench.latch.lift

    def lift(*args: Any) -> bool:
        lifted = real(*args)
        on_thread(lambda: bench.switch.activate("meanwhile"))
        return lifted

    monkeypatch.setattr(bench.latch, "lift", lift)
    assert bench.switch.rearm("looked", "op") != ()
    assert not bench.trades()
    assert bench.latch.state().level() is CANCEL


def test_a_rearm_that_overtakes_a_pull_on_its_way_to_the_latch_does_not_undo_it(bench: Bench, monkeypatch: Any) -> None:
    """The gate closes, then a re-arm asked before lifts it, then the latch is written: closed is how it ends."""
    bench.pull("first")
    real = bench.latch.pull

    def pull(*args: Any) -> Any:
        monkeypatch.setattr(bench.latch, "pull", real)
        assert bench.switch.rearm("looked", "op") == ()
        return real(*args)

    monkeypatch.setattr(bench.latch, "pull", pull)
    bench.pull("second")
    assert bench.gate.levels_in_memory() == {ALL: CANCEL}
    assert not bench.trades()
    assert bench.latch.state().level() is CANCEL


# ---------------------------------------------------------------- the operator's request


def test_a_request_is_granted_by_the_poll_and_answered(bench: Bench) -> None:
    bench.pull("x")
    request_rearm(bench.journal, ALL, "all is well", "op")
    bench.poll()
    assert bench.trades()
    answered = read_rearm(bench.journal)
    assert answered is not None
    assert answered.answer is not None
    assert (answered.answer.lifted, answered.answer.missing, answered.answer.final) == (True, (), True)
    bench.pull("again")
    bench.poll()
    assert not bench.trades()


def test_a_request_waits_a_while_for_its_conditions_and_then_dies(bench: Bench) -> None:
    bench.pull("x")
    bench.missing = ["a sweep still runs"]
    request_rearm(bench.journal, ALL, "all is well", "op")
    bench.poll()
    first = read_rearm(bench.journal)
    assert first is not None
    assert first.answer is not None
    assert (first.answer.lifted, first.answer.missing, first.answer.final) == (False, ("a sweep still runs",), False)
    bench.wall.advance(29)
    bench.poll()
    bench.wall.advance(2)
    bench.poll()
    bench.missing = []
    bench.poll()
    last = read_rearm(bench.journal)
    assert last is not None
    assert last.answer is not None
    assert last.answer.final
    assert not bench.trades()


def test_a_request_is_granted_once_its_conditions_come_true(bench: Bench) -> None:
    bench.pull("x")
    bench.missing = ["a sweep still runs"]
    request_rearm(bench.journal, ALL, "all is well", "op")
    bench.poll()
    bench.missing = []
    bench.wall.advance(10)
    bench.poll()
    assert bench.trades()


def test_a_request_dies_with_the_next_pull(bench: Bench) -> None:
    bench.pull("x")
    request_rearm(bench.journal, ALL, "all is well", "op")
    bench.pull("something new")
    bench.poll()
    answered = read_rearm(bench.journal)
    assert answered is not None
    assert answered.answer is not None
    assert answered.answer.final
    assert "again" in answered.answer.missing[0]
    assert not bench.trades()


def test_a_request_made_while_no_engine_ran_is_looked_at_by_the_next_start(bench: Bench) -> None:
    request_rearm(bench.journal, ALL, "all is well", "op")
    bench.switch.restore({ALL: CANCEL}, "the journal's last kill row is a pull")
    bench.poll()
    bench.poll()
    assert bench.trades()


def test_a_disk_that_takes_no_answer_does_not_stop_the_poll(bench: Bench, monkeypatch: Any) -> None:
    bench.pull("x")
    bench.missing = ["no"]
    request_rearm(bench.journal, ALL, "all is well", "op")

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kill_switch_module, "answer_rearm", full)
    bench.poll()
    assert "cannot be written" in bench.switch.status().problems[0]
