"""The launcher and the verbs on Binance's simulated venue: as a user starts them, each in a process of its own."""

from __future__ import annotations

import json
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from launcher_kit import EXAMPLES, ROOT, Launched, launch, running, strategy_file, verb
from simulator_kit import RunningVenue
from simulator_kit import running as simulating
from support import eventually

from autotrader.errors import InvalidOrder
from autotrader.execution import ExecutionConfig, ExecutionDecision, ExecutionEngine
from autotrader.secrets import Secret

RESTING = ("--strategy", f"{EXAMPLES}:TwoSidedQuoting", "--set", "strategy.options.rest_ms=600000", "--set",
           "strategy.options.notional=1000", "--set", "engine.cycle_time_ms=50")
TRADING = ("--set", "engine.cycle_time_ms=50", "--set", "strategy.options.notional=100")
DONE = ("FILLED", "CANCELED", "EXPIRED", "REJECTED")


def on(venue: RunningVenue) -> tuple[str, str]:
    return ("--simulator", str(venue.ready_file))


def open_at(venue: RunningVenue) -> list[dict[str, Any]]:
    return [order for order in venue.ledger()["orders"] if order["status"] not in DONE]


def secrets_of(venue: RunningVenue) -> list[str]:
    return [venue.credentials["api_key"], venue.credentials["api_secret"]]


def rests(run: Launched, venue: RunningVenue) -> None:
    """Wait until it has orders of its own at the venue."""
    run.until(lambda: [order for order in open_at(venue) if len(order["client_order_id"]) == 32], 40)


def test_a_run_on_a_venue_that_runs_already_has_the_venues_own_fills_and_shows_no_key(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with simulating(manual=False, seed=7) as venue:
        run = launch(journal, *on(venue), *TRADING, "--until-fills", "5", "--duration", "60", "--set", "logs.level=TRACE")
        assert run.process.returncode == 0, run.said
        truth = venue.ledger()["fills"]
        keys = secrets_of(venue)
    ours = verb("fills", journal=journal)
    assert len(ours) >= 5
    assert {(one["trade_id"], one["symbol"], Decimal(one["quantity"])) for one in ours} == {
        (one["trade_id"], one["symbol"], Decimal(one["quantity"])) for one in truth
    }
    assert verb("status", journal=journal)["mode"] == "SIMULATED"
    for path in (file for file in tmp_path.rglob("*") if file.is_file()):
        body = path.read_bytes()
        assert not [key for key in keys if key.encode() in body], path


def test_a_run_that_starts_its_own_simulator_ends_it_and_goes_on_where_it_was(tmp_path: Path) -> None:
    journal, config = tmp_path / "j.db", str(ROOT / "conf" / "binance-sim.toml")
    for wanted in (4, 2):
        run = launch(journal, "--config", config, *TRADING, "--until-fills", str(wanted), "--duration", "60")
        assert run.process.returncode == 0, run.said
        assert run.summary["clean"] is True
        assert not Path(f"{journal}.binance.ready").exists()
    assert len(verb("fills", journal=journal)) >= 6
    assert "DIFFERENCE" not in run.said


def test_paper_trades_on_the_prices_of_a_venue_without_a_key(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with simulating(manual=False, seed=7) as venue:
        run = launch(
            journal, "--set", "market.source=live", "--set", "market.venue=binance", "--set", "market.symbols=BTCUSDT", "--set",
            f"venues.binance.rest={venue.ready['rest']}", "--set", f"venues.binance.stream={venue.ready['stream']}", *TRADING,
            "--until-fills", "3", "--duration", "60",
        )  # fmt: skip
        assert run.process.returncode == 0, run.said
        assert venue.ledger()["orders"] == []
    fills = verb("fills", journal=journal)
    assert {(one["venue"], one["symbol"]) for one in fills} == {("paper", "BTCUSDT")}


def test_an_embedded_engine_trades_symbols_that_only_the_venue_lists(tmp_path: Path) -> None:
    with simulating(seed=7) as venue:
        venue.market("ETHUSDT", "3000", "3001")
        own = {"enabled": True, "symbols": ["ETHUSDT"], **{key: venue.ready[key] for key in ("rest", "ws", "stream")}}
        own |= {key: Secret(venue.credentials[key]) for key in ("api_key", "api_secret")}
        config = ExecutionConfig(env={}, mode="SIMULATED", venues={"binance": own}, journal={"path": str(tmp_path / "j.db")})
        with ExecutionEngine(config) as engine:
            engine.connect(30)
            done = engine.execute_decision(ExecutionDecision("BUY", "ETHUSDT", "0.1")).wait_done(20)
            assert (done.state, done.venue) == ("FILLED", "binance")
            with pytest.raises(InvalidOrder, match="no venue lists BTCUSDT"):
                engine.execute_decision(ExecutionDecision("BUY", "BTCUSDT", "0.1"))


HEARS = """
def on_trade(self, trade):
    assert trade.price > 0
    self.trades = getattr(self, "trades", 0) + 1

def on_bar(self, bar):
    assert bar.is_final
    open("bar", "w").write(str(bar.close))

def decide(self, snapshot):
    if getattr(self, "trades", 0) >= 3:
        open("trades", "w").write(str(self.trades))
"""


def test_a_strategy_hears_of_the_markets_trades_and_bars(tmp_path: Path) -> None:
    with simulating(manual=False, seed=7) as venue, running(
        tmp_path / "j.db", *on(venue), "--strategy", strategy_file(tmp_path, HEARS), "--set", "market.trades=true", "--set",
        "market.bars=1s",
    ) as run:
        run.until(lambda: (tmp_path / "trades").exists() and (tmp_path / "bar").exists(), 40)


def test_a_venue_that_cannot_be_reached_is_exit_code_five(tmp_path: Path) -> None:
    with simulating() as venue:
        ready = tmp_path / "r.json"
        ready.write_text(json.dumps(venue.ready))
        rest = venue.ready["rest"]
    run = launch(tmp_path / "j.db", "--simulator", str(ready), "--set", "engine.order_timeout_s=2", "--duration", "5")
    assert run.process.returncode == 5, run.said
    paper = launch(
        tmp_path / "p.db", "--set", "market.source=live", "--set", "market.venue=binance", "--set",
        f"venues.binance.rest={rest}",
    )  # fmt: skip
    assert paper.process.returncode == 5, paper.said
    assert "cannot be read" in paper.said


# ---------------------------------------------------------------- kill


def swept(journal: Path, venue: RunningVenue, *more: str, code: int = 0) -> dict[str, Any]:
    said = verb("kill", "--reason", "drill", *on(venue), *more, journal=journal, code=code)
    (found,) = said["venues"]
    assert found["venue"] == "binance"
    return {**said, **found}


def test_a_hung_engine_is_swept_from_outside_and_writes_nothing_when_it_wakes(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with simulating(manual=False, seed=7) as venue:
        stranger = venue.order("ETHUSDT", "BUY", "0.5", "100")
        with running(journal, *on(venue), *RESTING) as run:
            rests(run, venue)
            run.process.send_signal(signal.SIGSTOP)
            said = swept(journal, venue)
            assert (said["clean"], said["engine_running"], said["foreign"]) == (True, True, 1)
            assert said["canceled"] >= 1
            assert [one["venue_order_id"] for one in open_at(venue)] == [stranger["venue_order_id"]]
            sent = venue.ledger()["requests"]["submit"]
            run.process.send_signal(signal.SIGCONT)
            assert run.wait(40) == 3, run.said
        assert venue.ledger()["requests"]["submit"] == sent


def test_a_dead_engine_is_swept_by_what_its_orders_carry_also_without_its_journal(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with simulating(manual=False, seed=7) as venue:
        with running(journal, *on(venue), *RESTING) as run:
            rests(run, venue)
            run.kill_hard()
        assert open_at(venue)
        said = swept(tmp_path / "elsewhere" / "j.db", venue)
        assert (said["clean"], said["engine_running"], open_at(venue)) == (True, False, [])
        assert swept(journal, venue)["clean"] is True


def test_a_venue_out_of_reach_is_not_clean(tmp_path: Path) -> None:
    with simulating(manual=False, seed=7) as venue:
        with running(tmp_path / "j.db", *on(venue), *RESTING) as run:
            rests(run, venue)
            run.kill_hard()
        venue.kill()
        said = swept(tmp_path / "j.db", venue, "--wait", "2", code=4)
    assert said["clean"] is False
    assert said["level"] == "CANCEL"
    assert "cannot be reached" in said["detail"]
    unnamed = verb("kill", journal=tmp_path / "j.db", code=4)
    assert [(one["venue"], one["clean"]) for one in unnamed["venues"]] == [("binance", False)]
    assert "--simulator" in unnamed["venues"][0]["detail"]


def test_a_simulator_that_a_run_started_for_itself_is_found_by_a_kill_beside_it(tmp_path: Path) -> None:
    journal, config = tmp_path / "j.db", str(ROOT / "conf" / "binance-sim.toml")
    with running(journal, "--config", config, "--set", "run.until_fills=1000", *RESTING) as run:
        run.until(lambda: journal.exists() and verb("orders", "--open", journal=journal), 40)
        said = verb("kill", "--config", config, journal=journal)
        assert [(one["venue"], one["clean"]) for one in said["venues"]] == [("binance", True)]
        assert run.wait(40) == 3, run.said
    eventually(lambda: not Path(f"{journal}.binance.ready").exists())


def test_a_halt_leaves_orders_at_the_venue(tmp_path: Path) -> None:
    with simulating() as venue:
        said = verb("kill", "--level", "HALT", *on(venue), journal=tmp_path / "j.db")
    assert said["venues"] == []


# ---------------------------------------------------------------- doctor


def test_the_doctor_asks_the_venue_and_says_what_to_fix(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"
    with simulating() as venue:
        rows = {row["check"]: row for row in verb("doctor", *on(venue), journal=journal)}
        assert all(row["ok"] for row in rows.values()), rows
        assert {"secrets", "binance clock", "binance symbols", "binance account", "binance key rights"} <= set(rows)
        wrong = verb("doctor", *on(venue), "--set", 'venues.binance.symbols=["XYZ"]', journal=journal, code=1)
        bad = [row for row in wrong if not row["ok"]]
        assert [(row["check"], bool(row["fix"])) for row in bad] == [("binance symbols", True)]
        assert not [key for key in secrets_of(venue) if key in json.dumps(list(rows.values()))]
        venue.kill()
        gone = verb("doctor", *on(venue), journal=journal, code=1)
    assert [row["check"] for row in gone if not row["ok"]] == ["binance clock"]


def test_a_simulator_that_a_run_would_start_is_nothing_to_ask_yet(tmp_path: Path) -> None:
    rows = verb("doctor", "--config", str(ROOT / "conf" / "binance-sim.toml"), journal=tmp_path / "j.db")
    assert [row["ok"] for row in rows if row["check"] == "binance simulator"] == [True]


def test_a_key_in_a_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    key = tmp_path / "keys" / "k"
    key.parent.mkdir(mode=0o700)
    key.write_text("a-key-that-all-can-read")
    key.chmod(0o644)
    sets = ("--set", "mode=TESTNET", "--set", "venues.binance.enabled=true", "--set", f"venues.binance.api_key=file:{key}")
    rows = verb("doctor", *sets, journal=tmp_path / "j.db", code=1)
    (bad,) = [row for row in rows if not row["ok"]]
    assert bad["check"] == "secrets"
    assert "chmod 600" in bad["detail"]
    assert "a-key-that-all-can-read" not in json.dumps(rows)


@pytest.mark.parametrize("mode", ["LIVE", "TESTNET"])
def test_live_and_testnet_are_never_started_by_accident(mode: str, tmp_path: Path) -> None:
    run = launch(tmp_path / "j.db", "--set", f"mode={mode}", "--set", "venues.binance.enabled=true", "--duration", "1")
    assert run.process.returncode == 2, run.said
    assert ("--arm" if mode == "LIVE" else "api_key is missing") in run.said
