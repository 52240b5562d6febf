"""``autotrader simulate`` as a process: its options, its end, and its books over a restart."""

import json
import socket
from pathlib import Path

import pytest
from simulator_kit import AdminError, running
from support import eventually

from autotrader.cli import main


def test_it_is_ready_when_the_file_is_there_and_ends_with_0_on_sigterm() -> None:
    with running() as venue:
        ready = venue.ready
        assert set(ready) == {"venue", "host", "port", "rest", "ws", "stream", "admin", "credentials", "symbols"}
        assert (ready["venue"], ready["rest"]) == ("binance", f"http://127.0.0.1:{ready['port']}")
        assert {"BTCUSDT", "ETHUSDT"} <= set(ready["symbols"])
        assert {"api_key", "api_secret"} <= set(venue.credentials)
        socket.create_connection((ready["host"], ready["port"]), 5).close()
        balances = venue.ledger()["balances"]
        assert (balances["USDT"], balances["BTC"], balances["ETH"]) == ("1000000", "100", "100")
        assert venue.stop() == 0


def test_an_open_connection_and_half_a_request_do_not_hold_up_the_end() -> None:
    with running() as venue, socket.create_connection((venue.ready["host"], venue.ready["port"]), 5) as idle:
        idle.sendall(b"GET /api/v3/time HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        with socket.create_connection((venue.ready["host"], venue.ready["port"]), 5) as waiting:
            waiting.sendall(b"GET /api/v3/time HTTP/1.1\r\nHost: x\r\n")
            assert venue.stop() == 0


def test_the_ledger_survives_a_kill_and_orders_stay_open(tmp_path: Path) -> None:
    path = str(tmp_path / "sim.ledger")
    with running(ledger=path) as venue:
        venue.market("BTCUSDT", "50000", "50001")
        venue.order("BTCUSDT", "BUY", "0.01")
        venue.order("BTCUSDT", "BUY", "0.01", "40000", client_order_id="stays")
        before = venue.ledger()
        venue.kill()
    with running(ledger=path) as venue:
        after = venue.ledger()
        assert after == before
        assert [row["client_order_id"] for row in after["orders"] if row["status"] == "OPEN"] == ["stays"]
        venue.market("BTCUSDT", "40000", "40001")
        assert [one["quantity"] for one in venue.trade("BTCUSDT", "40000", "0.01")] == ["0.01"]
        assert venue.order("BTCUSDT", "BUY", "0.01")["venue_order_id"] == "3"
        assert venue.stop() == 0


def test_faults_seed_latency_and_port_are_options(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text(json.dumps({"rules": [{"name": "one", "on": "submit", "nth": 1, "do": [{"reply": "never"}]}]}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(faults=script, seed=7, latency_ms=3, port=port) as venue:
        assert venue.ready["port"] == port
        assert venue.fired() == {"one": 0}
        venue.faults([])
        assert venue.fired() == {}


def test_a_market_moves_by_itself_and_along_a_tape(tmp_path: Path) -> None:
    tape = tmp_path / "btcusdt-quotes.csv"
    rows = [f"{1_700_000_000 + second},{200 + second}.00,{201 + second}.00,3,4" for second in range(60)]
    tape.write_text("\n".join(["timestamp,bid,ask,bid_size,ask_size", *rows]) + "\n", encoding="utf-8")
    with running(manual=False, tape=tape) as venue:
        venue.order("BTCUSDT", "BUY", "0.1")
        price = venue.ledger()["fills"][0]["price"]
        assert 201 <= float(price) <= 260
        venue.order("BTCUSDT", "SELL", "0.1", f"{float(price) + 1:.2f}")
        eventually(lambda: len(venue.ledger()["fills"]) >= 2, 20)


def test_the_admin_names_what_is_wrong() -> None:
    with running() as venue, pytest.raises(AdminError, match="symbol: 'X' is not listed here"):
        venue.market("X", "1", "2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no simulated venue nowhere; there are: binance"),
        (["binance", "--port", "70000"], "--port must be from 0 to 65535"),
        (["binance", "--latency-ms", "-1"], "--latency-ms must be from 0"),
        (["binance", "--faults", "/nonexistent"], "fault script /nonexistent cannot be read"),
        (["binance", "--tape", "/nonexistent.csv"], "/nonexistent.csv"),
    ],
)
def test_bad_options_are_said_and_nothing_is_served(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) in (1, 2)
    assert said in capsys.readouterr().err


def test_a_ledger_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sim.ledger"
    with running(ledger=path), pytest.raises(AssertionError, match="in use by another process"), running(ledger=path):
        pass
