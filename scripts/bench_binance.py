"""Binance's adapter measured against a simulated venue in another process, beside python-binance's own client in the same run.

Called by ``benchmark.py --only binance``. Every measurement is a process of its own; the adapter and the client take turns. The
venue's order limits are set wide, since they, not the machine, would be measured.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

from bench_binance_venue import Venue, venue
from bench_binance_work import LOTS, LOW, SYMBOLS

Figures = dict[str, Any]
Child = Callable[..., Figures]


_RUN = """
import importlib, json, sys
module, function, words = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
print(json.dumps(getattr(importlib.import_module(module), function)(*words)))
"""


def _call(child: Child, module: str, function: str, *words: object) -> Figures:
    return child(_RUN, module, function, json.dumps(words))


def one_at_a_time(child: Child, n: int, rounds: int, latency_ms: float = 0.0) -> Figures:
    """Orders one at a time: what the adapter costs over the client, and how much of that is the journal's disk."""
    with venue(latency_ms) as there:
        place = str(there.ready_file)
        return _turns(rounds, {
            "adapter": lambda: _call(child, "bench_binance_work", "adapter_orders", place, n, 4, 1, True),
            "adapter_without_journal": lambda: _call(child, "bench_binance_work", "adapter_orders", place, n, 4, 1, False),
            "python_binance": lambda: _call(child, "bench_binance_work", "client_orders", place, n, False),
            "python_binance_and_stream": lambda: _call(child, "bench_binance_work", "client_orders", place, n, True),
        })


def over_lanes(child: Child, n: int, rounds: int) -> Figures:
    """Orders over eight lanes at 20 ms of round trip, beside the client, which can do one at a time."""
    with venue(20.0) as there:
        place = str(there.ready_file)
        return _turns(rounds, {
            "adapter": lambda: _call(child, "bench_binance_work", "adapter_orders", place, n, 8, 16, True),
            "python_binance": lambda: _call(child, "bench_binance_work", "client_orders", place, max(n // 8, 50), False),
        })


def _turns(rounds: int, who: dict[str, Callable[[], Figures]]) -> Figures:
    """Let them take turns; return medians, and the adapter's against the client's."""
    runs: dict[str, list[Figures]] = {name: [] for name in who}
    for _ in range(rounds):
        for name, run in who.items():
            runs[name].append(run())
    found = {name: {key: statistics.median(run[key] for run in of) for key in of[0]} for name, of in runs.items()}
    ours, theirs = found["adapter"], found["python_binance"]
    ratio = {key: round(ours[key] / theirs[key], 2) for key in ("orders_per_s", "p50_us", "p99_us")}
    return {"rounds": rounds, **found, "ratio": ratio, "overhead_us": round(ours["p50_us"] - theirs["p50_us"], 1)}


def kill_sweep(child: Child, n: int, *, foreign: bool) -> Figures:
    """Pull to first cancel at the venue, to the last one, and to the verdict; with foreign orders none go by the symbol."""
    there = Venue()
    there.show_markets()
    if foreign:
        for symbol in SYMBOLS:
            there.admin("POST", "order", {"symbol": symbol, "side": "BUY", "quantity": LOTS[symbol], "price": LOW[symbol]})
    try:
        run = _call(child, "bench_binance_work", "swept", str(there.ready_file), n)
    finally:
        landed = there.stop()["canceled_ns"]
    ours = [at for at in landed if run["pulled_ns"] <= at <= run["verdict_ns"]]
    after = {"first_cancel_ms": min(ours), "last_cancel_ms": max(ours), "verdict_ms": run["verdict_ns"]} if ours else {}
    return {
        "orders": n, "cancelled_at_the_venue": len(ours), "gate_shut_ms": round((run["shut_ns"] - run["pulled_ns"]) / 1e6, 2),
        **{name: round((at - run["pulled_ns"]) / 1e6, 1) for name, at in after.items()}, "verdict": run["verdict"],
    }


def binance(child: Child, quick: bool) -> Figures:
    """Measure all of it."""
    rounds = 1 if quick else 3
    return {
        "one_at_a_time": one_at_a_time(child, 300 if quick else 2_000, rounds),
        "one_at_a_time_at_20_ms": one_at_a_time(child, 50 if quick else 200, 1, 20.0),
        "over_8_lanes_at_20_ms": over_lanes(child, 200 if quick else 1_000, rounds),
        "frames_decoded": _call(child, "bench_frames", "frames_decoded", 0.3 if quick else 2.0),
        "frames_over_a_socket": _call(child, "bench_frames", "frames_over_a_socket", 10_000 if quick else 100_000),
        "kill_sweep": kill_sweep(child, 100 if quick else 1_000, foreign=False),
        "kill_sweep_one_by_one": kill_sweep(child, 100 if quick else 1_000, foreign=True),
    }
