"""Inside programs of all kinds: each host is a process of its own, and is left as it was found."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from launcher_kit import ROOT, books_agree

BASES = {"BTCUSDT": "BTC", "ETHUSDT": "ETH", "SOLUSDT": "SOL"}
HEAD = """
import json, os, signal, sys, threading, time
from decimal import Decimal
from autotrader.execution import ExecutionConfig, ExecutionDecision, ExecutionEngine
from autotrader.errors import AutotraderError, Unavailable

def config(name="j.db", **more):
    return ExecutionConfig(journal={"path": name}, market={"rate": 100}, **more)

def say(**found):
    print(json.dumps(found, default=str), flush=True)

BUY = ExecutionDecision("BUY", "BTCUSDT", "0.01")
"""


def host(body: str, folder: Path, timeout_s: float = 30.0, code: int = 0) -> Any:
    """Run a host program; return what it said last. It must end by itself."""
    (folder / "host.py").write_text(HEAD + body)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, str(folder / "host.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, cwd=folder, env=env, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_plain_script_finds_everything_as_it_left_it(tmp_path: Path) -> None:
    found = host("""
import asyncio, logging, loguru
from decimal import getcontext as context
sunk = []
loguru.logger.remove()
loguru.logger.add(sunk.append)
def state():
    return {
        "signals": [str(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD)],
        "root": [str(logging.root.handlers), logging.root.level, logging.raiseExceptions],
        "cwd": os.getcwd(), "switch": sys.getswitchinterval(), "hooks": [str(sys.excepthook), str(threading.excepthook)],
        "sinks": str(sorted(loguru.logger._core.handlers)), "path": list(sys.path), "umask": os.umask(0o22),
        "threads": sorted(one.name for one in threading.enumerate()), "environment": sorted(os.environ),
        "loop": asyncio.get_event_loop_policy()._local._loop is None,
        "decimal": str((context().prec, context().rounding, context().traps)),
    }
before = state()
engine = ExecutionEngine(config())
engine.connect()
during = state()
filled = engine.execute_decision(BUY).wait_done(5)
engine.stop()
after = state()
during["threads"] = before["threads"]
say(same=before == after, quiet=before == during, state=str(filled.state), left=after["threads"],
    differ=[key for key in before if before[key] != after[key] or before[key] != during[key]])
""", tmp_path)
    assert found["state"] == "FILLED"
    assert found["differ"] == []
    assert found["same"]
    assert found["quiet"]


def test_eight_threads_submit_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    found = host("""
from concurrent.futures import ThreadPoolExecutor
with ExecutionEngine(config(risk={"profile": "open"})) as engine:
    engine.connect()
    def trade(number):
        return engine.execute_decision(ExecutionDecision("BUY" if number % 2 else "SELL", "BTCUSDT", "0.001")).wait_done(15)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(trade, range(200)))
    say(states=sorted({str(one.state) for one in done}), ids=len({one.client_order_id for one in done}),
        held=[str(one.quantity) for one in engine.positions() if one.symbol == "BTCUSDT"])
""", tmp_path)
    assert found == {"states": ["FILLED"], "ids": 200, "held": ["0.000"]}
    assert books_agree(tmp_path / "j.db", bases=BASES) == (200, 200)


def test_a_flask_application_under_waitress_trades(tmp_path: Path) -> None:
    pytest.importorskip("flask")
    pytest.importorskip("waitress")
    found = host("""
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from flask import Flask, jsonify
from waitress.server import create_server
engine = ExecutionEngine(config())
engine.connect()
app = Flask(__name__)
@app.post("/buy")
def buy():
    update = engine.execute_decision(BUY).wait_done(5)
    return jsonify(state=str(update.state), price=str(update.average_price))
@app.get("/status")
def status():
    return jsonify(engine.get_status())
server = create_server(app, host="127.0.0.1", port=0, threads=8)
serving = threading.Thread(target=server.run)
serving.start()
base = f"http://127.0.0.1:{server.effective_port}"
def post(_):
    return json.load(urllib.request.urlopen(urllib.request.Request(base + "/buy", method="POST"), timeout=10))["state"]
with ThreadPoolExecutor(8) as pool:
    states = list(pool.map(post, range(24)))
status = json.load(urllib.request.urlopen(base + "/status", timeout=10))
engine.stop()
server.close()
serving.join(5)
say(states=sorted(set(states)), count=len(states), orders=status["orders"])
os._exit(0)
""", tmp_path)
    assert found["states"] == ["FILLED"]
    assert found["orders"] == {"FILLED": 24}
    assert books_agree(tmp_path / "j.db", bases=BASES) == (24, 24)


def test_a_pandas_loop_trades_on_its_signals(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    found = host("""
import pandas as pd
frame = pd.DataFrame({"signal": [1, 0, -1, 1, -1], "size": [0.01, 0, 0.01, 0.02, 0.02]})
with ExecutionEngine(config()) as engine:
    engine.connect()
    for row in frame.itertuples():
        if row.signal:
            side = "BUY" if row.signal > 0 else "SELL"
            engine.execute_decision(ExecutionDecision(side, "BTCUSDT", str(row.size))).wait_done(5)
    book = pd.DataFrame([{"symbol": one.symbol, "quantity": float(one.quantity)} for one in engine.positions()])
    fills = engine.metrics()["fills"]
say(held=float(book.set_index("symbol").loc["BTCUSDT", "quantity"]), fills=fills)
""", tmp_path)
    assert found == {"held": 0.0, "fills": 4}


def test_use_after_a_fork_is_refused_and_the_parent_trades_on(tmp_path: Path) -> None:
    found = host("""
engine = ExecutionEngine(config())
engine.connect()
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    told = []
    for use in (lambda: engine.execute_decision(BUY).wait(3), engine.get_status, engine.positions, engine.stop):
        try:
            use()
            told.append("no error")
        except AutotraderError as error:
            told.append(str(error))
        except BaseException as error:
            told.append(repr(error))
    os.write(writer, json.dumps(told).encode())
    os._exit(0)
os.close(writer)
told = json.loads(os.read(reader, 65536))
os.waitpid(child, 0)
update = engine.execute_decision(BUY).wait_done(5)
engine.stop()
say(told=told, state=str(update.state))
""", tmp_path)
    assert found["state"] == "FILLED"
    assert all("fork" in one for one in found["told"][:3]), found["told"]
    assert books_agree(tmp_path / "j.db", bases=BASES) == (1, 1)


def test_a_forked_worker_that_just_exits_leaves_the_parent_its_journal(tmp_path: Path) -> None:
    found = host("""
import multiprocessing
engine = ExecutionEngine(config())
engine.connect()
worker = multiprocessing.get_context("fork").Process(target=int)
worker.start()
worker.join(10)
update = engine.execute_decision(BUY).wait_done(5)
engine.stop()
say(code=worker.exitcode, state=str(update.state))
""", tmp_path)
    assert found == {"code": 0, "state": "FILLED"}


def test_two_engines_in_one_process_do_not_meet(tmp_path: Path) -> None:
    found = host("""
one, two = ExecutionEngine(config("one.db")), ExecutionEngine(config("two.db"))
one.connect(); two.connect()
first = one.execute_decision(BUY).wait_done(5)
one.kill_switch.activate("a drill")
refused = one.execute_decision(BUY).wait(5)
second = two.execute_decision(BUY).wait_done(5)
one.stop()
third = two.execute_decision(BUY).wait_done(5)
two.stop()
say(states=[str(one.state) for one in (first, refused, second, third)])
""", tmp_path)
    assert found["states"] == ["FILLED", "DENIED", "FILLED", "FILLED"]
    assert books_agree(tmp_path / "two.db", bases=BASES) == (2, 2)


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "engine.run_live_trading(duration_s=0.3)"])
def test_a_host_that_forgets_to_stop_exits_within_seconds(ending: str, tmp_path: Path) -> None:
    body = "engine = ExecutionEngine(config())\nengine.connect()\nengine.execute_decision(BUY).wait_done(5)\nsay(ok=True)\n"
    assert host(body + ending, tmp_path, timeout_s=12) == {"ok": True}
    books_agree(tmp_path / "j.db", bases=BASES)


def test_import_is_light_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text("""
import sys, threading
import autotrader
heavy = [one for one in ("pandas", "fastapi", "textual", "ibapi", "binance", "requests", "apprise") if one in sys.modules]
print(heavy, threading.active_count())
""")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "probe.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=env, check=False)
    assert done.stdout == "[] 1\n", done.stdout + done.stderr
