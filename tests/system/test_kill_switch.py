"""The kill switch as an operator meets it: another process, a file, a signal; and the way back."""

import os
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from launcher_kit import EXAMPLES, Launched, books_agree, launch, ledger, now, running, verb
from support import eventually

RESTING = ("--strategy", f"{EXAMPLES}:TwoSidedQuoting", "--set", "engine.cycle_time_ms=10", "--set", "market.rate=100",
           "--set", "strategy.options.rest_ms=20")
STOP_S = 6.0


def trades(run: Launched) -> None:
    """Wait until it has an order at the venue."""
    run.until(lambda: any(order["status"] == "OPEN" for order in ledger(run.journal)["orders"]))


def events(journal: Path, kind: str) -> list[Any]:
    database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT payload FROM events WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
    finally:
        database.close()
    return [msgspec.json.decode(row[0]) for row in rows]


def is_swept(journal: Path) -> None:
    """Check that nothing rests at the venue, and that nothing was decided after the pull."""
    truth = ledger(journal)
    assert [order for order in truth["orders"] if order["status"] not in ("FILLED", "CANCELED")] == []
    books_agree(journal)
    pulled_ns = events(journal, "KillPulled")[0]["ts_ns"]
    late = [order for order in truth["orders"] if order["created_ns"] > pulled_ns + 200_000_000]
    assert late == []


def pull_by_command(run: Launched) -> None:
    said = verb("kill", "--reason", "drill", journal=run.journal)
    assert said["level"] == "CANCEL"
    assert said["engine_running"] is True


def pull_by_file(run: Launched) -> None:
    (run.journal.parent / "KILL").touch()


def pull_by_signal(run: Launched) -> None:
    run.process.send_signal(signal.SIGUSR1)


@pytest.mark.parametrize("pull", [pull_by_command, pull_by_file, pull_by_signal])
def test_a_pull_ends_the_run_with_code_three_and_nothing_rests(pull: Any, tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with running(journal, *RESTING) as run:
        trades(run)
        pull(run)
        assert run.wait(20) == 3
    assert run.summary["ended"] == "killed"
    assert run.summary["clean"] is True
    is_swept(journal)
    assert [row["clean"] for row in events(journal, "KillVerdict")] == [True]
    status = verb("status", journal=journal)
    assert status["kill"]["level"] == "CANCEL"
    assert status["kill"]["reason"]
    assert "rearm" in run.said
    assert "CRITICAL" in run.said


def test_the_latch_holds_over_a_restart_until_an_operator_rearms(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    assert launch(journal, *RESTING, "--duration", "0.5").process.returncode == 0
    said = verb("kill", "--reason", "drill", journal=journal)
    assert said["engine_running"] is False
    before = ledger(journal)["requests"]["submit"]
    closed = launch(journal, *RESTING, "--duration", "5")
    assert closed.process.returncode == 3, closed.said
    assert "autotrader rearm" in closed.said
    assert "drill" in closed.said
    assert ledger(journal)["requests"]["submit"] == before
    answer = verb("rearm", "--reason", "drill is over", journal=journal)
    assert answer["lifted"] is False
    again = launch(journal, *RESTING, "--until-fills", "1")
    assert again.process.returncode == 0, again.said
    assert verb("status", journal=journal)["kill"]["level"] == "ARMED"
    assert ledger(journal)["requests"]["submit"] > before
    assert events(journal, "KillRearmed")


def test_a_kill_needs_no_reason(tmp_path: Path) -> None:
    assert verb("kill", journal=tmp_path / "j.db")["level"] == "CANCEL"
    closed = launch(tmp_path / "j.db", "--duration", "1")
    assert closed.process.returncode == 3, closed.said


def test_halt_of_a_running_engine_is_lifted_while_it_runs(tmp_path: Path) -> None:
    """The scope is a venue: the run goes on, and trades again after the re-arm."""
    journal = tmp_path / "j.db"
    with running(journal, *RESTING) as run:
        trades(run)
        verb("kill", "--reason", "drill", "--scope", "paper", "--level", "CANCEL", journal=journal)
        run.until(lambda: events(journal, "KillVerdict"))
        sent = ledger(journal)["requests"]["submit"]
        answer = verb("rearm", "--reason", "over", "--scope", "paper", "--wait", "10", journal=journal)
        assert answer["lifted"] is True, answer
        run.until(lambda: ledger(journal)["requests"]["submit"] > sent)
        run.process.send_signal(signal.SIGTERM)
        assert run.wait(STOP_S + 4) == 0


def test_a_signal_that_comes_while_the_process_ends_does_not_change_its_exit_code(tmp_path: Path) -> None:
    with running(tmp_path / "j.db", "--duration", "0.3") as run:
        run.until(run.summary_file.exists)
        asked = 0
        while run.process.poll() is None and asked < 10_000:
            run.process.send_signal(signal.SIGTERM)
            asked += 1
            time.sleep(0.0005)
        assert run.process.returncode == 0


@pytest.mark.parametrize("policy", ["cancel", "leave"])
def test_sigterm_stops_in_good_order_by_policy(policy: str, tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with running(journal, *RESTING, "--set", f"stop.policy={policy}") as run:
        trades(run)
        asked = now()
        run.process.send_signal(signal.SIGTERM)
        code = run.wait(STOP_S)
        took = now() - asked
    assert code == 0, run.said
    assert run.summary["ended"] == "interrupted"
    rests = [order for order in ledger(journal)["orders"] if order["status"] == "OPEN"]
    assert bool(rests) is (policy == "leave")
    assert verb("orders", "--open", journal=journal) == [
        order for order in verb("orders", journal=journal) if order["state"] == "OPEN"
    ]
    books_agree(journal)
    assert took < STOP_S


def test_an_unreadable_latch_starts_closed(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    Path(f"{journal}.latch").write_bytes(os.urandom(700))
    closed = launch(journal, "--duration", "2")
    assert closed.process.returncode == 3, closed.said
    assert eventually(lambda: "rearm" in closed.said)


def test_a_frozen_engine_cannot_write_an_order_once_the_latch_is_closed(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with running(journal, *RESTING) as run:
        trades(run)
        run.process.send_signal(signal.SIGSTOP)
        verb("kill", "--reason", "it hangs", journal=journal)
        sent = ledger(journal)["requests"]["submit"]
        run.process.send_signal(signal.SIGCONT)
        assert run.wait(20) == 3
    assert ledger(journal)["requests"]["submit"] == sent
    is_swept(journal)
