"""Interactive Brokers' adapter measured against a simulated TWS in another process, beside ib_async in the same run.

Called by ``benchmark.py --only ibkr``. Every measurement is a process of its own; the adapter and the client take turns. TWS's
pacing is set wide, and ib_async's throttle off, but where the pacing itself is measured.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

from bench_ibkr_venue import TwsVenue, tws
from bench_ibkr_work import SYMBOL

Figures = dict[str, Any]
Child = Callable[..., Figures]
FOREIGN_LOW = "240.00"
_RUN = """
import importlib, json, sys
function, words = sys.argv[1], json.loads(sys.argv[2])
print(json.dumps(getattr(importlib.import_module("bench_ibkr_work"), function)(*words)))
"""


def _call(child: Child, function: str, *words: object) -> Figures:
    return child(_RUN, function, json.dumps(words))


def one_at_a_time(child: Child, n: int, rounds: int, latency_ms: float = 0.0) -> Figures:
    """Orders one at a time, in turns with ib_async; medians of the rounds, and the adapter's against the client's."""
    runs: dict[str, list[Figures]] = {"adapter": [], "ib_async": []}
    with tws(latency_ms) as there:
        for _ in range(rounds):
            runs["adapter"].append(_call(child, "adapter_orders", str(there.ready_file), n))
            runs["ib_async"].append(_call(child, "client_orders", str(there.ready_file), n))
    ours, theirs = (_medians(runs[name]) for name in ("adapter", "ib_async"))
    found: Figures = {"rounds": rounds, "adapter": ours, "ib_async": theirs}
    if "p50_us" in theirs:
        found["ratio"] = {key: round(ours[key] / theirs[key], 2) for key in ("orders_per_s", "p50_us", "p99_us")}
        found["overhead_us"] = round(ours["p50_us"] - theirs["p50_us"], 1)
    return found


def _medians(runs: list[Figures]) -> Figures:
    first = runs[0]
    return {key: statistics.median(run[key] for run in runs) if type(first[key]) is not str else first[key] for key in first}


def up_to_the_cap(child: Child, n: int) -> Figures:
    """Orders a second where TWS's pacing holds."""
    with tws() as there:
        return _call(child, "paced", str(there.ready_file), n)


def kill_sweep(child: Child, n: int, *, foreign: bool = False, quiet_s: float = 2.0) -> Figures:
    """Pull to first cancel at the venue, to the last one, and to the verdict, at TWS's pace.

    With an order of somebody else's there is never a global cancel. ``requests``: cancels that the venue was asked for.
    ``quiet_s`` 0: the orders have just used up the pace.
    """
    there = TwsVenue()
    there.show_markets()
    if foreign:
        there.admin("POST", "order", {"symbol": SYMBOL, "side": "BUY", "quantity": "1", "price": FOREIGN_LOW})
    found, run = _cancelled(child, there, "swept", n, quiet_s)
    shut_ms = round((run["shut_ns"] - run["pulled_ns"]) / 1e6, 2)
    return {**found, "gate_shut_ms": shut_ms, "verdict": run["verdict"]}


def global_cancel(child: Child, n: int) -> Figures:
    """One message that cancels everything: until the first and the last are cancelled at the venue, and the engine knows."""
    there = TwsVenue()
    there.show_markets()
    return _cancelled(child, there, "cancelled_at_once", n)[0]


def _cancelled(child: Child, there: TwsVenue, function: str, n: int, *words: object) -> tuple[Figures, Figures]:
    """Run a measurement of cancels at a venue of its own, which ends with it."""
    try:
        run = _call(child, function, str(there.ready_file), n, *words)
        asked = there.admin("GET", "ledger")["requests"]["cancel"]
    finally:
        landed = there.stop()["canceled_ns"]
    ours = [at for at in landed if run["pulled_ns"] <= at <= run["verdict_ns"]]
    after = {"first_cancel_ms": min(ours), "last_cancel_ms": max(ours), "known_ms": run["verdict_ns"]} if ours else {}
    times = {name: round((at - run["pulled_ns"]) / 1e6, 1) for name, at in after.items()}
    return {"orders": n, "cancelled_at_the_venue": len(ours), "requests": asked, **times}, run


def ibkr(child: Child, quick: bool) -> Figures:
    """Measure all of it."""
    rounds = 1 if quick else 3
    return {
        "one_at_a_time": one_at_a_time(child, 300 if quick else 2_000, rounds),
        "one_at_a_time_at_20_ms": one_at_a_time(child, 50 if quick else 200, 1, 20.0),
        "up_to_the_cap": up_to_the_cap(child, 120 if quick else 400),
        "frames_over_a_socket": _call(child, "frames_over_a_socket", 5_000 if quick else 50_000),
        "global_cancel": global_cancel(child, 100 if quick else 1_000),
        "kill_sweep": kill_sweep(child, 100 if quick else 1_000),
        "kill_sweep_right_after_orders": kill_sweep(child, 30 if quick else 100, quiet_s=0.0),
        "kill_sweep_beside_a_stranger": kill_sweep(child, 30 if quick else 100, foreign=True),
    }
