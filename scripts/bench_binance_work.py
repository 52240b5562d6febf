"""What is measured in a process of its own: orders through the adapter and through python-binance, and a kill sweep."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_sweep import pull_and_wait

Figures = dict[str, Any]
SYMBOL, SIZE = "BTCUSDT", "0.001"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "ETHBTC", "BNBBTC")
LOW = {"BTCUSDT": "20000", "ETHUSDT": "1000", "BNBUSDT": "200", "ETHBTC": "0.02", "BNBBTC": "0.003"}
LOTS = {"BTCUSDT": "0.001", "ETHUSDT": "0.01", "BNBUSDT": "0.05", "ETHBTC": "0.01", "BNBBTC": "0.05"}


def make_adapter(ready: Figures, folder: Path, *, journal: bool = True, **own: Any) -> Any:
    """Make the adapter on a venue's ready file, with a journal in ``folder`` and every limit of ours open."""
    from autotrader.execution.adapters.binance import BinanceAdapter

    keys = ready["credentials"]
    return BinanceAdapter(
        {
            "mode": "SIMULATED", "journal": {"path": str(folder / "journal.db"), "enabled": journal},
            "market": {"symbol": SYMBOL},
            "risk": {"profile": "open", "market_cap": {"enabled": False}}, "stop": {"timeout_s": 30},
        },
        rest=ready["rest"], ws=ready["ws"], stream=ready["stream"], api_key=keys["api_key"], api_secret=keys["api_secret"],
        symbols=list(SYMBOLS), **own,
    )


def own_process() -> None:
    """Set the interpreter as ``run_live.py`` sets it, which owns its process."""
    from bench_engine import own_process as tune

    tune()


def summed(waits_ns: list[int], spent_s: float) -> Figures:
    """Return rate and latencies."""
    waits, n = sorted(waits_ns), len(waits_ns)
    return {
        "n": n, "orders_per_s": round(n / spent_s, 1), "p50_us": round(waits[n // 2] / 1e3, 1),
        "p99_us": round(waits[int(n * 0.99)] / 1e3, 1), "max_us": round(waits[-1] / 1e3),
    }


def adapter_orders(ready_file: str, n: int, lanes: int, window: int, journal: bool) -> Figures:
    """Send market orders through the adapter, ``window`` at a time: from decision to the venue's answer.

    ``to_wire_us`` is the part before the first byte is written (limits, journal, hops, signature), ``on_wire_us`` the rest.
    """
    ready = json.loads(Path(ready_file).read_text())
    own_process()
    with tempfile.TemporaryDirectory() as folder:
        adapter = make_adapter(ready, Path(folder), journal=journal, order_lanes=lanes)
        adapter.connect(30)
        try:
            _send(adapter, 50, window)
            began, cpu = time.perf_counter(), time.process_time()
            found = summed(_send(adapter, n, window), time.perf_counter() - began)
            parts = adapter.engine.metrics()["latency_us"]
            return {
                **found, "cpu_us_per_order": round((time.process_time() - cpu) / n * 1e6, 1),
                "to_wire_us": parts["decision_to_wire"]["p50"], "on_wire_us": parts["wire_to_ack"]["p50"],
            }
        finally:
            adapter.disconnect()


def _send(adapter: Any, n: int, window: int) -> list[int]:
    """Keep ``window`` orders in flight; return how long each took, in nanoseconds."""
    import queue
    import threading

    inbox: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    waits = [0] * n

    def work() -> None:
        while (i := inbox.get()) is not None:
            began = time.perf_counter_ns()
            told = adapter.submit_order(adapter.new_order(SYMBOL, "SELL" if i & 1 else "BUY", SIZE), 30)
            waits[i] = time.perf_counter_ns() - began
            if told.state not in ("FILLED", "OPEN", "PARTIALLY_FILLED"):
                raise RuntimeError(f"order {i}: {told.state} {told.reason_code} {told.reason}")

    for i in range(n):
        inbox.put(i)
    if window == 1:
        inbox.put(None)
        work()
        return waits
    threads = [threading.Thread(target=work) for _ in range(window)]
    for _ in threads:
        inbox.put(None)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not all(waits):
        raise RuntimeError(f"{waits.count(0)} of {n} orders came to nothing")
    return waits


def client_orders(ready_file: str, n: int, stream: bool) -> Figures:
    """Send the same orders with python-binance's own client, one at a time: from call to return.

    ``stream``: the user stream is read and parsed beside it, as a program must that wants to know of its fills.
    """
    from binance.client import Client

    ready = json.loads(Path(ready_file).read_text())
    keys = ready["credentials"]
    client = type("Loopback", (Client,), {"API_URL": f"{ready['rest']}/api"})(keys["api_key"], keys["api_secret"], ping=False)
    client.session.trust_env = False
    if stream:
        _read_beside(ready)

    def send(count: int) -> list[int]:
        waits = []
        for i in range(count):
            began = time.perf_counter_ns()
            client.create_order(
                symbol=SYMBOL, side="SELL" if i & 1 else "BUY", type="MARKET", quantity=SIZE, newOrderRespType="FULL",
                newClientOrderId=f"bench-{began}",
            )
            waits.append(time.perf_counter_ns() - began)
        return waits

    send(50)
    began, cpu = time.perf_counter(), time.process_time()
    found = summed(send(n), time.perf_counter() - began)
    return {**found, "cpu_us_per_order": round((time.process_time() - cpu) / n * 1e6, 1)}


def _read_beside(ready: Figures) -> None:
    """Subscribe to user events and parse them on a thread of their own."""
    import threading

    from websocket import create_connection

    from autotrader.execution.adapters.binance.codec import HmacSigner, subscribe_user_data

    keys = ready["credentials"]
    socket = create_connection(ready["ws"], timeout=10, suppress_origin=True)
    socket.send(subscribe_user_data("1", keys["api_key"], HmacSigner(keys["api_secret"]), time.time_ns() // 1_000_000))
    if json.loads(socket.recv())["status"] != 200:
        raise RuntimeError("no user stream")
    socket.settimeout(None)

    def read() -> None:
        while True:
            json.loads(socket.recv())

    threading.Thread(target=read, daemon=True).start()


# ------------------------------------------------------------ the kill sweep


def swept(ready_file: str, n: int) -> Figures:
    """Rest ``n`` orders, pull the switch to CANCEL, and return when it was pulled and when the verdict came."""
    ready = json.loads(Path(ready_file).read_text())
    own_process()
    with tempfile.TemporaryDirectory() as folder:
        adapter = make_adapter(ready, Path(folder), order_lanes=8)
        adapter.connect(30)
        try:
            tickets = []
            for i in range(n):
                symbol = SYMBOLS[i % len(SYMBOLS)]
                order = adapter.new_order(symbol, "BUY", LOTS[symbol], "LIMIT", price=LOW[symbol])
                tickets.append(adapter.engine.submit_order(order))
                if i >= 64:
                    tickets[i - 64].wait(30)
            states = {ticket.wait(30).state for ticket in tickets}
            if states != {"OPEN"}:
                raise RuntimeError(f"orders that should rest are {states}")
            return pull_and_wait(adapter)
        finally:
            adapter.disconnect()
