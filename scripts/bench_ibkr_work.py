"""What is measured in a process of its own: orders through the adapter and through ib_async, kill sweeps, frames."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_binance_work import own_process, summed
from bench_sweep import pull_and_wait

Figures = dict[str, Any]
SYMBOL, SIZE, LOW = "AAPL", 1, "245.00"
WIDE, USUAL = 1_000, 50
"""Messages a second: the most that the adapter takes, and what TWS takes."""
WINDOW = 20


def make_adapter(ready_file: str, folder: str, rate: int) -> Any:
    """Make the adapter on a venue's ready file, with a journal in ``folder`` and every limit of ours open."""
    from autotrader.execution.adapters.ibkr import IBKRAdapter

    ready = json.loads(Path(ready_file).read_text())
    return IBKRAdapter(
        {
            "mode": "SIMULATED", "journal": {"path": str(Path(folder) / "journal.db")},
            "risk": {"profile": "open", "market_cap": {"enabled": False}}, "stop": {"policy": "leave"},
        },
        host=ready["host"], port=ready["port"], account=ready["credentials"]["account"], symbols=[SYMBOL, "MSFT"],
        messages_per_s=rate, submit_age_s=30,
    )  # fmt: skip


def adapter_orders(ready_file: str, n: int) -> Figures:
    """Send market orders through the adapter, one at a time: from decision to TWS's word.

    ``to_wire_us`` is the part before the message is written (limits, journal, hops), ``on_wire_us`` the rest.
    """
    own_process()
    with tempfile.TemporaryDirectory() as folder:
        adapter = make_adapter(ready_file, folder, WIDE)
        adapter.connect(30)
        try:
            _trade(adapter, 50)
            began, cpu = time.perf_counter(), time.process_time()
            found = summed(_trade(adapter, n), time.perf_counter() - began)
            parts = adapter.engine.metrics()["latency_us"]
            return {
                **found, "cpu_us_per_order": round((time.process_time() - cpu) / n * 1e6, 1),
                "to_wire_us": parts["decision_to_wire"]["p50"], "on_wire_us": parts["wire_to_ack"]["p50"],
            }
        finally:
            adapter.disconnect()


def _trade(adapter: Any, n: int) -> list[int]:
    waits = []
    for i in range(n):
        order = adapter.new_order(SYMBOL, "SELL" if i & 1 else "BUY", SIZE)
        began = time.perf_counter_ns()
        told = adapter.submit_order(order, 30)
        waits.append(time.perf_counter_ns() - began)
        if told.state not in ("FILLED", "OPEN", "PARTIALLY_FILLED"):
            raise RuntimeError(f"order {i}: {told.state} {told.reason_code} {told.reason}")
    return waits


def client_orders(ready_file: str, n: int) -> Figures:
    """Send the same orders with ib_async, without its throttle, one at a time: from call to the first status."""
    import asyncio

    try:
        from ib_async import IB, MarketOrder, Stock
    except ImportError:
        return {"not_measured": "ib_async is not installed"}
    ready = json.loads(Path(ready_file).read_text())

    async def place(ib: Any, contract: Any, count: int) -> list[int]:
        waits = []
        for i in range(count):
            began = time.perf_counter_ns()
            trade = ib.placeOrder(contract, MarketOrder("SELL" if i & 1 else "BUY", SIZE, tif="DAY"))
            async with asyncio.timeout(10):
                while trade.orderStatus.status in ("", "PendingSubmit"):
                    await trade.statusEvent
            waits.append(time.perf_counter_ns() - began)
        return waits

    async def run() -> Figures:
        ib = IB()
        ib.client.MaxRequests = 0
        await ib.connectAsync(ready["host"], ready["port"], clientId=11, timeout=20)
        try:
            [contract] = await ib.qualifyContractsAsync(Stock(SYMBOL, "SMART", "USD"))
            await place(ib, contract, 50)
            began, cpu = time.perf_counter(), time.process_time()
            found = summed(await place(ib, contract, n), time.perf_counter() - began)
            return {**found, "cpu_us_per_order": round((time.process_time() - cpu) / n * 1e6, 1)}
        finally:
            ib.disconnect()

    return asyncio.run(run())


# ------------------------------------------------------------ many at once


def _rest(adapter: Any, n: int) -> None:
    """Have ``n`` orders rest, some on their way at a time."""
    tickets = []
    for i in range(n):
        order = adapter.new_order(SYMBOL, "BUY", SIZE, "LIMIT", price=LOW)
        tickets.append(adapter.engine.submit_order(order))
        if i >= WINDOW:
            tickets[i - WINDOW].wait(60)
    states = {str(ticket.wait(60).state) for ticket in tickets}
    if states != {"OPEN"}:
        raise RuntimeError(f"orders that should rest are {states}")


def paced(ready_file: str, n: int) -> Figures:
    """Place orders as fast as the pacing lets pass that TWS asks for, a part of which is kept for cancels."""
    own_process()
    with tempfile.TemporaryDirectory() as folder:
        adapter = make_adapter(ready_file, folder, USUAL)
        adapter.connect(30)
        try:
            began = time.perf_counter()
            _rest(adapter, n)
            return {"n": n, "messages_per_s": USUAL, "orders_per_s": round(n / (time.perf_counter() - began), 1)}
        finally:
            adapter.disconnect()


def swept(ready_file: str, n: int, quiet_s: float) -> Figures:
    """Rest ``n`` orders, pull the switch to CANCEL ``quiet_s`` later; return when it was pulled and when the verdict came."""
    own_process()
    with tempfile.TemporaryDirectory() as folder:
        adapter = make_adapter(ready_file, folder, USUAL)
        adapter.connect(30)
        try:
            _rest(adapter, n)
            time.sleep(quiet_s)
            return pull_and_wait(adapter)
        finally:
            adapter.disconnect()


def cancelled_at_once(ready_file: str, n: int) -> Figures:
    """Rest ``n`` orders, cancel all with one message from outside, and return when it was written and when the engine knew."""
    from autotrader.execution.adapters.ibkr.hands import Hands
    from autotrader.execution.adapters.ibkr.messages import GlobalCancelRequest
    from autotrader.execution.adapters.ibkr.side import Address

    own_process()
    ready = json.loads(Path(ready_file).read_text())
    with tempfile.TemporaryDirectory() as folder:
        adapter = make_adapter(ready_file, folder, WIDE)
        adapter.connect(30)
        try:
            _rest(adapter, n)
            with Hands(Address(ready["host"], ready["port"], 21), may_cancel=True) as hands:
                pulled = time.monotonic_ns()
                hands.write(GlobalCancelRequest())
                while adapter.engine.open_orders():
                    if time.monotonic_ns() > pulled + 60_000_000_000:
                        raise RuntimeError("the orders are not cancelled")
                    time.sleep(0.002)
                return {"pulled_ns": pulled, "verdict_ns": time.monotonic_ns()}
        finally:
            adapter.disconnect()


# ------------------------------------------------------------ frames


def frames_over_a_socket(n: int) -> Figures:
    """Read ``n`` messages of each kind from a socket that sends without a pause, through ibapi and our guards, as events."""
    from autotrader.execution.adapters.ibkr.library import load

    found: Figures = {"client": ", ".join(load().distributions)}
    for kind in ("status", "execution", "mixed"):
        found[f"{kind}_per_s"] = round(n / _read(kind, n))
    return found


def _read(kind: str, n: int) -> float:
    """Return in how many seconds the messages came as events."""
    import threading

    from autotrader.execution.adapters.ibkr.messages import LinkClosed, TwsEvent
    from autotrader.execution.adapters.ibkr.side import Address, SideConnection

    process = subprocess.Popen([sys.executable, "-c", _BLAST, kind, str(n)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port, ends, done, times = int(process.stdout.readline()), threading.Event(), [0], [0.0, 0.0]

    def hear(events: list[TwsEvent]) -> None:
        for event in events:
            if type(event).__name__ in ("OrderStatusTold", "ExecutionTold"):
                times[0] = times[0] or time.perf_counter()
                times[1] = time.perf_counter()
                done[0] += 1
            elif isinstance(event, LinkClosed):
                ends.set()

    SideConnection(Address("127.0.0.1", port, 3), hear)
    ends.wait(120)
    process.kill()
    process.wait()
    if done[0] != n:
        raise RuntimeError(f"{done[0]} of {n} messages came")
    return times[1] - times[0]


_BLAST = """
import socket, struct, sys
kind, n = sys.argv[1], int(sys.argv[2])
def frame(*fields):
    payload = "".join(f"{one}\\0" for one in fields).encode()
    return struct.pack("!I", len(payload)) + payload
def read(count):
    data = b""
    while len(data) < count:
        data += link.recv(count - len(data))
    return data
def payload():
    return read(struct.unpack("!I", read(4))[0])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
link, _ = listener.accept()
read(4)
version = min(int(payload().split(b" ")[0].rpartition(b"..")[2]), 178)
link.sendall(frame(version, "20261126 12:00:00 US/Eastern"))
payload()
link.sendall(frame(15, 1, "DU1234567") + frame(9, 1, 1))
status = frame(3, 7, "Submitted", 0, 10, 0, 1300000007, 0, 0, 1, "", 0)
late = [0] if version >= 178 else []
execution = frame(
    11, -1, 7, 265598, "AAPL", "STK", "", 0, "", "", "IEX", "USD", "AAPL", "NMS", "0000e0d5.00000007.01.01",
    "20261126  12:00:00", "DU1234567", "IEX", "BOT", 10, 250.02, 1300000007, 1, 0, 10, 250.02, "a" * 32, "", "", "", 2, *late)
each = {"status": [status], "execution": [execution], "mixed": [status, execution]}[kind]
link.sendall(b"".join(each[at % len(each)] for at in range(n)))
link.shutdown(socket.SHUT_WR)
while link.recv(65536):
    pass
"""
