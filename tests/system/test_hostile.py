"""What users do to it: strategies, tapes, settings and disks that misbehave. Each is told in a line, and the rest goes on."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from launcher_kit import EXAMPLES, ROOT, books_agree, launch, ledger, running, strategy_file, verb

QUICK = ("--set", "engine.cycle_time_ms=10", "--set", "market.rate=100")
GOOD = """
[[strategies]]
class = "{good}"
name = "good"
[[strategies]]
class = "{bad}"
name = "bad"
hang_s = 1
max_decisions = 50
"""
BUYS = """
def decide(self, snapshot):
    if snapshot.open_orders:
        return self.harm(snapshot)
    price = snapshot.quotes["BTCUSDT"].bid * Decimal("0.95") // 1
    return [ExecutionDecision("BUY", "BTCUSDT", Decimal("0.01"), order_type="LIMIT", limit_price=price)]
"""
HARMS = {
    "raises": "def harm(self, snapshot):\n    raise ValueError('my bug')",
    "exits": "def harm(self, snapshot):\n    sys.exit(7)",
    "interrupts": "def harm(self, snapshot):\n    raise KeyboardInterrupt",
    "floods": "def harm(self, snapshot):\n    return [ExecutionDecision('BUY', 'BTCUSDT', '0.01')] * 100_000",
    "garbage": "def harm(self, snapshot):\n    return [object(), 7, 'BUY']",
    "mutates": "def harm(self, snapshot):\n    snapshot.quotes['BTCUSDT'] = None",
    "recurses": "def harm(self, snapshot):\n    return self.harm(snapshot)",
    "hangs": "def harm(self, snapshot):\n    threading.Event().wait(6)",
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_strategy_that_does_harm_is_stopped_and_the_other_trades_on(harm: str, tmp_path: Path) -> None:
    bad = strategy_file(tmp_path / "bad", BUYS + HARMS[harm])
    (tmp_path / "both.toml").write_text(GOOD.format(good=f"{EXAMPLES}:MovingAverageCross", bad=bad))
    journal = tmp_path / "j.db"
    with running(journal, *QUICK, "--config", str(tmp_path / "both.toml"), "--duration", "30") as run:
        run.until(lambda: "strategy bad" in run.said or "runner.bad" in run.said)
        seen = len(ledger(journal)["fills"])
        run.until(lambda: len(ledger(journal)["fills"]) > seen)
        run.until(lambda: all(order["status"] != "OPEN" for order in ledger(journal)["orders"]))
        run.process.terminate()
        assert run.wait(15) == 0, run.said
    books_agree(journal)
    assert "Traceback" not in run.said


RECORDS = """
def decide(self, snapshot):
    return [ExecutionDecision("BUY", "BTCUSDT", Decimal("0.01"))]
def record_execution(self, fill):
    raise RuntimeError("cannot take a fill")
"""
STARTS = "def on_start(self, context):\n    raise RuntimeError('cannot start')"
MAKES = "def __init__(self):\n    raise RuntimeError('cannot be made')"


FAILURES = [(RECORDS, "cannot take a fill"), (STARTS, "cannot start"), (MAKES, "cannot be made")]


@pytest.mark.parametrize(("body", "word"), FAILURES)
def test_a_run_whose_only_strategy_fails_ends_with_code_one_and_says_where(body: str, word: str, tmp_path: Path) -> None:
    run = launch(tmp_path / "j.db", *QUICK, "--strategy", strategy_file(tmp_path / "s", body), "--duration", "20")
    assert run.process.returncode == 1, run.said
    assert run.summary["ended"] == "error"
    assert word in run.said
    assert "Traceback" not in run.said
    books_agree(tmp_path / "j.db")


def test_threads_of_a_strategy_do_not_keep_the_launcher_alive(tmp_path: Path) -> None:
    body = "def on_start(self, context):\n    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    body += "def decide(self, snapshot):\n    return None"
    run = launch(tmp_path / "j.db", "--strategy", strategy_file(tmp_path / "s", body), "--duration", "0.5", timeout_s=20)
    assert run.process.returncode == 0, run.said


# ---------------------------------------------------------------- tapes

QUOTES = "timestamp,bid,ask\n2021-01-08T00:00:00Z,1.1,1.2\n2021-01-08T00:00:01Z,1.1,1.2\n"
TAPES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 2),
    "header": (b"timestamp,bid,ask\n", 2),
    "binary": (os.urandom(4096), 2),
    "columns": (b"a,b,c\n1,2,3\n4,5,6\n", 2),
    "nan": ((QUOTES + "2021-01-08T00:00:02Z,nan,1.2\n").encode(), 2),
    "back": ((QUOTES + "2021-01-07T00:00:02Z,1.1,1.2\n").encode(), 2),
    "truncated": ((QUOTES + "2021-01-08T00:00:0").encode(), 2),
    "negative": ((QUOTES + "2021-01-08T00:00:02Z,-1,1.2\n").encode(), 2),
    "zip": (b"PK\x03\x04" + os.urandom(200), 2),
}


@pytest.mark.parametrize("name", TAPES)
def test_a_tape_that_cannot_be_read_is_named_in_a_line(name: str, tmp_path: Path) -> None:
    content, code = TAPES[name]
    tape = tmp_path / ("tape.zip" if name == "zip" else "tape.csv")
    tape.write_bytes(content)
    run = launch(tmp_path / "j.db", "--replay", str(tape), "--speed", "max", timeout_s=30)
    assert run.process.returncode in (1, code), run.said
    assert "Traceback" not in run.said
    assert tape.name in run.said


# ---------------------------------------------------------------- settings


def toml(text: str) -> Callable[[Path], tuple[str, ...]]:
    def write(folder: Path) -> tuple[str, ...]:
        (folder / "my.toml").write_text(text)
        return ("--config", str(folder / "my.toml"))

    return write


def sets(*values: str) -> Callable[[Path], tuple[str, ...]]:
    return lambda folder: tuple(part for value in values for part in ("--set", value))


def flags(*values: str) -> Callable[[Path], tuple[str, ...]]:
    return lambda folder: values


SETTINGS = {
    "unknown key": (sets("engine.cicle_time_ms=5"), "cycle_time_ms"),
    "unknown section": (sets("enginee.cycle_time_ms=5"), "engine"),
    "wrong type": (sets("engine.cycle_time_ms=fast"), "cycle_time_ms"),
    "negative": (sets("engine.cycle_time_ms=-5"), "cycle_time_ms"),
    "negative rate": (sets("market.rate=-1"), "rate"),
    "profile": (sets("risk.profile=reckless"), "profile"),
    "control": (sets("risk.max_notinal.amount=5"), "max_notional"),
    "policy": (sets("stop.policy=maybe"), "policy"),
    "mode": (sets("mode=DEMO"), "mode"),
    "live without arm": (sets("mode=LIVE", "venues.binance.enabled=true", "venues.paper.enabled=false"), "--arm"),
    "no equals": (sets("engine"), "engine"),
    "bad toml": (toml("[engine\ncycle_time_ms = 5"), "my.toml"),
    "key in file": (toml("[engine]\ncicle_time_ms = 5"), "cycle_time_ms"),
    "no file": (flags("--config", "nowhere.toml"), "nowhere.toml"),
    "directory": (flags("--config", "."), "."),
    "speed": (flags("--speed", "quick"), "speed"),
    "zero speed": (flags("--speed", "0"), "speed"),
    "no tape": (flags("--replay", "nowhere.csv"), "nowhere.csv"),
    "duration": (flags("--duration", "-3"), "duration"),
    "fills": (flags("--until-fills", "0"), "until_fills"),
    "strategy file": (flags("--strategy", "nowhere.py:Mine"), "nowhere.py"),
    "strategy class": (flags("--strategy", f"{EXAMPLES}:MovingAverageCros"), "MovingAverageCross"),
    "strategy module": (flags("--strategy", "no.such:Thing"), "no"),
    "strategy option": (sets("strategy.options.fasst=2"), "fast"),
    "venue": (sets("venues.paper.latncy_ms=2"), "latency_ms"),
    "faults": (sets("venues.paper.faults=nowhere.json"), "nowhere.json"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_is_wrong_is_named_in_a_line_and_ends_with_code_two(name: str, tmp_path: Path) -> None:
    make, word = SETTINGS[name]
    run = launch(tmp_path / "j.db", *make(tmp_path), timeout_s=20)
    assert run.process.returncode == 2, run.said
    assert "Traceback" not in run.said
    assert word in run.said
    assert ledger(tmp_path / "j.db")["orders"] == []


def test_bad_usage_ends_with_code_two(tmp_path: Path) -> None:
    for arguments in (["nonsense"], ["orders", "--journal", str(tmp_path / "none.db")], ["kill", "--level", "PANIC"]):
        command = [sys.executable, "-m", "autotrader.cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT, check=False)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr


# ---------------------------------------------------------------- disks and journals


def test_a_journal_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "run_live.py"), "--journal", "/proc/nowhere/j.db", "--duration", "1"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT, env=env, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "/proc/nowhere" in done.stderr


def test_a_second_engine_on_the_journal_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with running(journal, *QUICK, "--duration", "30") as first:
        first.until(lambda: ledger(journal)["orders"])
        second = launch(journal, *QUICK, "--duration", "1", timeout_s=20)
        assert second.process.returncode == 2, second.said
        assert str(first.process.pid) in second.said
        first.process.terminate()
        assert first.wait(15) == 0
    books_agree(journal)


def test_one_changed_byte_is_found_and_nothing_is_traded_on_it(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    assert launch(journal, *QUICK, "--until-fills", "3").process.returncode == 0
    database = sqlite3.connect(journal)
    database.execute("UPDATE events SET payload = replace(payload, '\"BTC', '\"BTD') WHERE kind = 'OrderIntended' AND seq = "
                     "(SELECT max(seq) FROM events WHERE kind = 'OrderIntended')")
    database.commit()
    database.close()
    sent = ledger(journal)["requests"]["submit"]
    report = verb("verify", journal=journal, code=1)
    assert report["ok"] is False
    assert report["first_bad_sequence"]
    run = launch(journal, *QUICK, "--duration", "1")
    assert run.process.returncode in (1, 2), run.said
    assert "Traceback" not in run.said
    assert "damaged" in run.said
    assert ledger(journal)["requests"]["submit"] == sent
    assert verb("orders", journal=journal)


FULL = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.argv = sys.argv[1:]
sys.path.insert(0, {root!r})
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_full_disk_denies_new_risk_and_loses_nothing(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    code = FULL.format(limit=900_000, root=str(ROOT))
    command = [sys.executable, "-c", code, str(ROOT / "scripts" / "run_live.py"), "--journal", str(journal), *QUICK,
               "--set", "engine.cycle_time_ms=2", "--duration", "12"]
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env, check=False)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 900_000
    assert done.returncode == 3, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    there = {order["client_order_id"] for order in ledger(journal)["orders"]}
    known = {order["client_order_id"] for order in verb("orders", journal=journal)}
    assert there <= known
    again = launch(journal, *QUICK, "--duration", "1")
    assert again.process.returncode == 3, again.said
    assert verb("rearm", "--reason", "room again", "--wait", "0.1", journal=journal)["lifted"] is False
    run = launch(journal, *QUICK, "--duration", "1")
    assert run.process.returncode == 0, run.said
    books_agree(journal)
