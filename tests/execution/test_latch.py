"""The latch on disk: durable, shared between processes, and closed whenever there is a doubt."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autotrader.actors.marker import ALL, ALL_ARMED, ARMED_BYTE
from autotrader.execution import latch as latch_module
from autotrader.execution import latch_store as latch_store_module
from autotrader.execution.latch import Latch, fold_kill_rows, kill_file, latch_at_start, latch_path, pull_latch, read_latch
from autotrader.execution.latch_file import FILE_SIZE, SLOT_SIZE, LatchState, head_of, read_state
from autotrader.execution.latch_store import LatchStore
from autotrader.messages import KillPulled, KillRearmed
from autotrader.model import KillLevel

NOW = 1_700_000_000_000_000_000
HALT, CANCEL, FLATTEN = KillLevel.HALT, KillLevel.CANCEL, KillLevel.FLATTEN
SCOPES = (ALL, "binance", "okx", "paper", "kraken")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


@pytest.fixture
def latch(journal: Path) -> Iterator[Latch]:
    latch = Latch(journal)
    yield latch
    latch.close()


def test_a_new_latch_is_armed_and_only_the_owner_reads_it(latch: Latch, journal: Path) -> None:
    assert read_latch(journal) == latch.found == latch.state()
    assert latch.levels() == {}
    assert not latch.found.levels
    assert latch.path.stat().st_size == FILE_SIZE
    assert latch.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in journal.parent.iterdir()] == ["run.db.latch"]


def test_no_latch_is_none(journal: Path) -> None:
    assert read_latch(journal) is None


def test_a_pull_is_read_back_with_who_and_why(latch: Latch, journal: Path) -> None:
    latch.pull(CANCEL, ALL, "too many", "api", NOW)
    state = read_latch(journal)
    assert state is not None
    assert (state.level(), state.reason, state.by, state.since_ns, state.pulls) == (CANCEL, "too many", "api", NOW, 1)
    assert [(entry.action, entry.level) for entry in state.history] == [("pull", "CANCEL")]
    assert not state.problem


def test_a_person_can_read_it(latch: Latch) -> None:
    latch.pull(HALT, "okx", "looks odd", "me", NOW)
    head, *_ = latch.path.read_text().splitlines()
    assert head.startswith("VAAAHA")
    assert '"reason":"looks odd"' in latch.path.read_text()


def test_a_pull_only_raises(latch: Latch) -> None:
    latch.pull(CANCEL, ALL, "first", "a", NOW)
    latch.pull(HALT, ALL, "second", "b", NOW)
    assert latch.state().level() is CANCEL
    assert latch.state().pulls == 2


def test_another_process_closes_the_byte_that_the_engine_has_mapped(latch: Latch, journal: Path) -> None:
    code = (
        "import sys; from autotrader.execution.latch import pull_latch; from autotrader.model import KillLevel;"
        "pull_latch(sys.argv[1], KillLevel.CANCEL, 'from outside', 'cli', 'all')"
    )
    assert latch.marker[0] == ARMED_BYTE
    subprocess.run([sys.executable, "-c", code, str(journal)], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert latch.marker[0] == ord("C")
    assert latch.levels() == {ALL: CANCEL}
    assert latch.state().reason == "from outside"


def test_pulling_makes_the_file_when_no_engine_ever_ran(journal: Path) -> None:
    pull_latch(journal, HALT, "before the first start", "cli", "okx", NOW)
    state = read_latch(journal)
    assert state is not None
    assert state.levels == {"okx": "HALT"}
    assert (state.level("okx"), state.level("binance"), state.highest) == (HALT, KillLevel.ARMED, HALT)


def test_marking_needs_no_disk_and_reads_as_closed(latch: Latch, journal: Path) -> None:
    latch.mark(HALT, "okx")
    latch.mark(KillLevel.ARMED, "okx")
    assert latch.levels() == {"okx": HALT}
    latch.mark(FLATTEN, ALL)
    latch.mark(HALT, ALL)
    assert latch.levels() == {ALL: FLATTEN, "okx": HALT}
    state = read_latch(journal)
    assert state is not None
    assert state.levels == {ALL: "FLATTEN", "okx": "HALT"}
    assert state.problem


def test_lifting_all_lifts_every_scope(latch: Latch, journal: Path) -> None:
    latch.pull(HALT, "okx", "x", "a", NOW)
    latch.pull(CANCEL, ALL, "x", "a", NOW)
    assert latch.lift(ALL, "checked", "op", NOW + 1, latch.state().pulls)
    assert latch.marker[0] == ARMED_BYTE
    state = read_latch(journal)
    assert state is not None
    assert not state.levels
    assert state.history[-1].action == "rearm"


def test_lifting_one_venue_leaves_the_rest(latch: Latch) -> None:
    latch.pull(HALT, "okx", "x", "a", NOW)
    latch.pull(CANCEL, "kraken", "x", "a", NOW)
    assert latch.lift("okx", "checked", "op", NOW, 2)
    assert latch.state().levels == {"kraken": "CANCEL"}


def test_a_pull_since_the_question_is_not_lifted(latch: Latch) -> None:
    latch.pull(HALT, ALL, "x", "a", NOW)
    latch.pull(HALT, ALL, "again", "a", NOW)
    assert not latch.lift(ALL, "checked", "op", NOW, 1)
    assert latch.levels() == {ALL: HALT}


def test_a_pull_that_has_only_reached_the_head_is_not_lifted(latch: Latch) -> None:
    latch.pull(HALT, ALL, "x", "a", NOW)
    latch.mark(CANCEL, ALL)
    assert not latch.lift(ALL, "checked", "op", NOW, 1)
    assert latch.levels() == {ALL: CANCEL}


def test_a_long_history_is_cut_at_its_old_end(latch: Latch) -> None:
    for number in range(100):
        latch.pull(HALT, ALL, f"{number} " + "\u0000" * 400, "a", NOW + number)
    history = latch.state().history
    assert history[-1].reason.startswith("99 ")
    assert len(history) < 40
    assert latch.state().pulls == 100


def test_a_second_engine_finds_what_the_first_left(journal: Path) -> None:
    first = Latch(journal)
    first.pull(CANCEL, ALL, "x", "a", NOW)
    first.close()
    second = Latch(journal)
    assert second.found.level() is CANCEL
    second.close()


def test_a_stopped_process_that_holds_the_file_lock_does_not_stop_a_pull(latch: Latch, journal: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(latch_store_module, "_LOCK_WAIT_S", 0.01)
    code = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code, str(latch.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    pull_latch(journal, CANCEL, "the other one hangs", "cli")
    assert latch.levels() == {ALL: CANCEL}
    holder.communicate()


def test_a_thread_that_hangs_in_a_write_is_not_waited_for(latch: Latch, monkeypatch: Any) -> None:
    monkeypatch.setattr(latch_module, "_LOCK_WAIT_S", 0.005)
    with latch._lock, pytest.raises(TimeoutError):
        latch.pull(HALT, ALL, "x", "a", NOW)


# ---------------------------------------------------------------- doubt is closed


@pytest.mark.parametrize("body", [b"", b"A", ALL_ARMED, b"A" * FILE_SIZE, b"\0" * FILE_SIZE, b"not a latch\n"])
def test_a_corrupt_file_is_closed_and_says_so(journal: Path, body: bytes) -> None:
    latch_path(journal).write_bytes(body)
    state = read_latch(journal)
    assert state is not None
    assert state.level() is CANCEL
    assert "corrupt" in state.problem


@pytest.mark.parametrize("body", [b"", b"A", ALL_ARMED, b"A" * 3 * FILE_SIZE, b"\0" * FILE_SIZE])
def test_opening_a_corrupt_file_repairs_it_closed_and_an_operator_can_lift_it(journal: Path, body: bytes) -> None:
    latch_path(journal).write_bytes(body)
    latch = Latch(journal)
    assert latch.found.problem
    assert latch.levels() == {ALL: CANCEL}
    assert latch.state().level() is CANCEL
    assert not latch.state().problem
    assert latch.lift(ALL, "looked", "op", NOW, latch.found.pulls)
    latch.close()
    state = read_latch(journal)
    assert state is not None
    assert not state.levels


def test_a_file_that_cannot_be_read_is_closed(journal: Path) -> None:
    latch_path(journal).mkdir()
    state = read_latch(journal)
    assert state is not None
    assert state.level() is CANCEL
    assert "cannot be read" in state.problem


def test_a_pull_of_one_venue_on_a_corrupt_file_leaves_everything_closed(journal: Path) -> None:
    latch_path(journal).write_bytes(b"garbage")
    pull_latch(journal, HALT, "x", "cli", "okx")
    state = read_latch(journal)
    assert state is not None
    assert state.levels == {ALL: "CANCEL", "okx": "HALT"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, FILE_SIZE - 1), st.integers(1, 255))
def test_a_flipped_byte_never_opens_a_closed_latch(closed_body: bytes, place: int, flip: int) -> None:
    body = bytearray(closed_body)
    body[place] ^= flip
    assert read_state(bytes(body)).level("okx") >= HALT


@pytest.fixture(scope="module")
def closed_body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    journal = tmp_path_factory.mktemp("closed") / "j.db"
    for level in (HALT, CANCEL):
        pull_latch(journal, level, "x", "y", ALL, NOW)
    return latch_path(journal).read_bytes()


class Torn(Exception):
    """The process dies here."""


def die_at(death: int, monkeypatch: Any) -> list[int]:
    """Let the process die in the n-th store or sync, half way through a store; returns the count of them."""
    calls = [0]
    real_store, real_sync, real_raise = LatchStore._store, LatchStore._sync, latch_store_module.raise_head

    def step() -> bool:
        calls[0] += 1
        return calls[0] == death

    def store(self: LatchStore, place: int, body: bytes) -> None:
        if step():
            real_store(self, place, body[: len(body) // 2])
            raise Torn
        real_store(self, place, body)

    def sync(self: LatchStore) -> None:
        if step():
            raise Torn
        real_sync(self)

    def raise_head(head: Any, levels: Any) -> None:
        if step():
            raise Torn
        real_raise(head, levels)

    monkeypatch.setattr(LatchStore, "_store", store)
    monkeypatch.setattr(LatchStore, "_sync", sync)
    monkeypatch.setattr(latch_store_module, "raise_head", raise_head)
    return calls


@pytest.mark.parametrize("death", range(1, 6))
def test_a_pull_torn_at_any_point_reads_as_closed_from_its_first_byte_on(journal: Path, death: int, monkeypatch: Any) -> None:
    Latch(journal).close()
    calls = die_at(death, monkeypatch)
    if death <= 4:
        with pytest.raises(Torn):
            pull_latch(journal, CANCEL, "x", "cli", ALL, NOW)
    else:
        pull_latch(journal, CANCEL, "x", "cli", ALL, NOW)
        assert calls == [4]
    monkeypatch.undo()
    state = read_latch(journal)
    assert state is not None
    assert state.level() is (KillLevel.ARMED if death == 1 else CANCEL)
    latch = Latch(journal)
    assert latch.state().level() is state.level()
    assert not latch.state().problem
    latch.close()


@pytest.mark.parametrize("death", range(1, 6))
def test_a_lift_torn_at_any_point_stays_closed_until_its_last_store(journal: Path, death: int, monkeypatch: Any) -> None:
    latch = Latch(journal)
    latch.pull(CANCEL, ALL, "x", "a", NOW)
    calls = die_at(death, monkeypatch)
    if death <= 4:
        with pytest.raises(Torn):
            latch.lift(ALL, "looked", "op", NOW, 1)
    else:
        assert latch.lift(ALL, "looked", "op", NOW, 1)
        assert calls == [4]
    monkeypatch.undo()
    state = read_latch(journal)
    assert state is not None
    assert state.level() is (KillLevel.ARMED if death >= 3 else CANCEL)
    latch.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SCOPES), st.sampled_from((HALT, CANCEL, FLATTEN, None))), max_size=12))
def test_any_history_of_pulls_and_lifts_equals_a_plain_map(tmp_path_factory: pytest.TempPathFactory, acts: list) -> None:
    journal = tmp_path_factory.mktemp("latch") / "j.db"
    latch, model = Latch(journal), dict[str, KillLevel]()
    for scope, level in acts:
        if level is not None:
            latch.pull(level, scope, "x", "a", NOW)
            model[scope] = max(level, model.get(scope, KillLevel.ARMED))
        else:
            assert latch.lift(scope, "x", "a", NOW, latch.state().pulls)
            model = {} if scope == ALL else {name: kept for name, kept in model.items() if name != scope}
        assert latch.state().levels == {name: kept.name for name, kept in model.items()}
        assert read_latch(journal) == latch.state()
        assert latch.path.read_bytes()[:64] == head_of(latch.state().levels)
    latch.close()


def test_processes_and_threads_that_pull_at_once_lose_no_level(latch: Latch, journal: Path) -> None:
    start = threading.Barrier(4)

    def pull(scope: str, level: KillLevel) -> None:
        start.wait()
        for _ in range(10):
            pull_latch(journal, level, "x", scope, scope)

    threads = [
        threading.Thread(target=pull, args=args) for args in ((ALL, HALT), ("okx", CANCEL), ("okx", HALT), ("paper", FLATTEN))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert latch.state().levels == {ALL: "HALT", "okx": "CANCEL", "paper": "FLATTEN"}
    assert not latch.state().problem


# ---------------------------------------------------------------- taken away while in use


def test_a_latch_that_was_removed_is_noticed_and_mapped_anew(latch: Latch, journal: Path) -> None:
    assert latch.is_in_place()
    latch.path.unlink()
    assert not latch.is_in_place()
    pull_latch(journal, CANCEL, "on a new file", "cli")
    assert latch.marker[0] == ARMED_BYTE
    assert latch.renew()[0] == ord("C")
    assert latch.is_in_place()
    assert latch.state().reason == "on a new file"


def test_restoring_counts_no_pull(latch: Latch) -> None:
    latch.restore({ALL: CANCEL, "okx": HALT}, "the journal's last kill row is a pull", NOW)
    assert latch.state().levels == {ALL: "CANCEL", "okx": "HALT"}
    assert latch.state().pulls == 0


# ---------------------------------------------------------------- the start


def pulled(level: KillLevel, scope: str = ALL) -> KillPulled:
    return KillPulled(level=level, scope=scope, reason="r", by="b", ts_ns=NOW)


def rearmed(scope: str = ALL) -> KillRearmed:
    return KillRearmed(scope=scope, reason="r", by="b", ts_ns=NOW)


@pytest.mark.parametrize(("rows", "left"), [
    ([], {}),
    ([pulled(HALT)], {ALL: HALT}),
    ([pulled(CANCEL), pulled(HALT)], {ALL: CANCEL}),
    ([pulled(HALT), rearmed()], {}),
    ([pulled(HALT), pulled(HALT, "okx"), rearmed()], {}),
    ([pulled(HALT), pulled(HALT, "okx"), rearmed("okx")], {ALL: HALT}),
    ([pulled(HALT), rearmed(), pulled(FLATTEN, "okx")], {"okx": FLATTEN}),
])
def test_the_journals_kill_rows_fold_to_what_is_in_force(rows: list, left: dict) -> None:
    assert fold_kill_rows(rows) == left


CORRUPT = read_state(b"garbage")
CLOSED = LatchState(levels={ALL: "HALT", "okx": "CANCEL"}, reason="why")


@pytest.mark.parametrize(("state", "rows", "kill", "levels", "why"), [
    (None, {}, False, {}, ""),
    (LatchState(), {}, False, {}, ""),
    (None, {ALL: HALT}, False, {ALL: HALT}, "last kill row"),
    (LatchState(), {ALL: CANCEL}, False, {ALL: CANCEL}, "last kill row"),
    (CORRUPT, {}, False, {ALL: CANCEL}, "corrupt"),
    (CORRUPT, {ALL: FLATTEN}, False, {ALL: FLATTEN}, "corrupt"),
    (CLOSED, {}, False, {ALL: HALT, "okx": CANCEL}, "why"),
    (CLOSED, {"okx": HALT, "paper": HALT}, False, {ALL: HALT, "okx": CANCEL, "paper": HALT}, "why"),
    (None, {}, True, {ALL: CANCEL}, "KILL"),
    (CLOSED, {}, True, {ALL: CANCEL, "okx": CANCEL}, "KILL"),
    (LatchState(levels={ALL: "FLATTEN"}), {}, True, {ALL: FLATTEN}, "KILL"),
])
def test_what_a_start_makes_of_latch_journal_and_kill_file(state: Any, rows: dict, kill: bool, levels: dict, why: str) -> None:
    found, reason = latch_at_start(state, rows, kill)
    assert found == levels
    assert why in reason
    assert bool(reason) is bool(levels)


def test_the_kill_file_lies_beside_the_journal(tmp_path: Path, monkeypatch: Any) -> None:
    assert kill_file(tmp_path / "run.db") == tmp_path / "KILL"
    monkeypatch.chdir(tmp_path)
    assert kill_file("run.db") == tmp_path / "KILL"


def test_the_two_records_fill_the_file() -> None:
    assert len(ALL_ARMED) + 2 * SLOT_SIZE == FILE_SIZE
