#!/usr/bin/env python3
"""Measure autotrader on this machine, beside a bare Pykka sketch in the same run; figures and ratios, nothing asserted.

    python scripts/benchmark.py [--json] [--only throughput,latency,kill,memory,restart,import,binance] [--quick]

Every measurement is a process of its own, and engine and sketch take turns, so that noise hits both alike; medians are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Figures = dict[str, Any]


def child(code: str, *words: object) -> Figures:
    """Run a piece of code in a fresh interpreter, with ``words`` as its arguments, and return the JSON it prints last."""
    path = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=900, check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RuntimeError(f"a measurement failed: {done.stderr[-2000:]}")
    found: Figures = json.loads(lines[-1])
    return found


ENGINE = """
import json, sys, threading
from bench_engine import in_temporary, own_process, run_window
n, window, journal, busy, cores = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "on", int(sys.argv[4]), sys.argv[5]
def spin():
    x = 0
    while True:
        x = (x + 1) % 1000
for _ in range(busy):
    threading.Thread(target=spin, daemon=True).start()
own_process(one_core=cores == "one")
print(json.dumps(in_temporary(lambda d: run_window(d, n, window, journal=journal))))
"""
SKETCH = """
import json, os, sys
import bench_sketch
print(json.dumps(bench_sketch.run(int(sys.argv[1]), int(sys.argv[2]), journal=sys.argv[3] == "on")), flush=True)
os._exit(0)
"""


def both(n: int, window: int, rounds: int, *, journal: str = "on") -> Figures:
    """Let engine and sketch take turns; return medians and ratios."""
    runs: dict[str, list[Figures]] = {"autotrader": [], "sketch": [], "autotrader_on_one_core": []}
    for _ in range(rounds):
        runs["autotrader"].append(child(ENGINE, n, window, journal, 0, "all"))
        runs["sketch"].append(child(SKETCH, n, window, journal))
        runs["autotrader_on_one_core"].append(child(ENGINE, n, window, journal, 0, "one"))
    keys = ("orders_per_s", "p50_us", "p99_us", "cpu_us_per_order")
    medians = {name: {key: statistics.median(run[key] for run in found) for key in keys} for name, found in runs.items()}
    ours, theirs = medians["autotrader"], medians["sketch"]
    ratio = {key: round(ours[key] / theirs[key], 2) for key in keys}
    return {"n": n, "window": window, "journal": journal, "rounds": rounds, **medians, "ratio": ratio}


def throughput(quick: bool) -> Figures:
    """Orders a second with 64 in flight: journalled before the send, without a journal, and beside a CPU-bound thread."""
    n, rounds = (3_000, 1) if quick else (20_000, 3)
    return {
        "journal_full": both(n, 64, rounds),
        "journal_off": both(n, 64, rounds, journal="off"),
        "beside_busy_thread": child(ENGINE, n // 4, 64, "on", 1, "all"),
    }


def latency(quick: bool) -> Figures:
    """Decision to fill, one order at a time."""
    n, rounds = (500, 1) if quick else (3_000, 3)
    return {"journal_full": both(n, 1, rounds), "journal_off": both(n, 1, rounds, journal="off")}


def kill(quick: bool) -> Figures:
    """Pull to gate closed, in ms, with 8 CPU-bound threads and 100,000 messages queued."""
    code = """
import json, sys
from kill_pulls import measure_pulls
print(json.dumps(measure_pulls(pulls=int(sys.argv[1]))))
"""
    return child(code, 50 if quick else 1_000)


def memory(quick: bool) -> Figures:
    """Resident MiB of an idle engine, after so many orders, and after as many again."""
    code = """
import json, sys, tempfile, time
from pathlib import Path
from bench_engine import Window, make_engine, own_process, resident_mb
n = int(sys.argv[1])
own_process()
with tempfile.TemporaryDirectory() as d:
    engine = make_engine(Path(d))
    engine.connect(30)
    time.sleep(2)
    found = {"n": n, "idle_mb": resident_mb()}
    for key in ("after_n_mb", "after_2n_mb", "after_3n_mb"):
        window = Window(n, 64, lambda i: "SELL" if i // 10 & 1 else "BUY", lambda i: None, lambda i: None)
        engine.run_live_trading(window, until_fills=n, duration_s=300)
        found[key] = resident_mb()
    engine.stop()
print(json.dumps(found))
"""
    return child(code, 5_000 if quick else 100_000)


def restart(quick: bool) -> Figures:
    """Seconds to ready on a long journal, and to verify all of it."""
    code = """
import json, sys, tempfile, time
from pathlib import Path
from bench_engine import make_engine
from bench_journal import write_journal
from autotrader.oms.journal.verify import verify
with tempfile.TemporaryDirectory() as d:
    path = Path(d) / "journal.db"
    found = {"events": write_journal(path, int(sys.argv[1]))}
    found["journal_mb"] = round(path.stat().st_size / 2**20)
    began = time.monotonic()
    report = verify(path)
    found["verify_s"] = round(time.monotonic() - began, 2)
    assert report.ok, report
    engine = make_engine(Path(d))
    began = time.monotonic()
    engine.connect(60)
    found["ready_s"] = round(time.monotonic() - began, 2)
    engine.stop()
print(json.dumps(found))
"""
    return child(code, 30_000 if quick else 1_000_000)


def imports(quick: bool) -> Figures:
    """Milliseconds of ``import autotrader`` and of what an engine needs, the interpreter's own start taken off."""
    rounds = 3 if quick else 9

    def cost(statement: str) -> float:
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True, cwd=HERE.parent)
            times.append(time.perf_counter() - began)
        return statistics.median(times) * 1e3

    bare = cost("pass")
    return {
        "import_autotrader_ms": round(cost("import autotrader") - bare, 1),
        "import_engine_ms": round(cost("from autotrader.execution import ExecutionEngine") - bare, 1),
    }


def binance(quick: bool) -> Figures:
    """Orders through the real adapter against a simulated Binance, beside python-binance's client; frames; a kill sweep."""
    import bench_binance

    return bench_binance.binance(child, quick)


def ibkr(quick: bool) -> Figures:
    """Orders through the real adapter against a simulated TWS, beside ib_async where it is installed; frames; kill sweeps."""
    import bench_ibkr

    return bench_ibkr.ibkr(child, quick)


SECTIONS: dict[str, Callable[[bool], Figures]] = {
    "throughput": throughput, "latency": latency, "kill": kill, "memory": memory, "restart": restart, "import": imports,
    "binance": binance, "ibkr": ibkr,
}


def machine() -> Figures:
    """Say what ran, and how busy it was."""
    return {"python": sys.version.split()[0], "cpus": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 2)}


def lines_of(figures: Figures, indent: str = "  ") -> list[str]:
    """Lay figures out for people."""
    lines = []
    for key, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}", *lines_of(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key:24} {value:,}" if isinstance(value, int) else f"{indent}{key:24} {value}")
    return lines


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true", help="a few seconds each: shows that it works, not how fast it is")
    given = parser.parse_args()
    wanted = given.only.split(",")
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        parser.error(f"--only takes {', '.join(SECTIONS)}, not {', '.join(unknown)}")
    found: Figures = {"machine": machine()}
    for name in wanted:
        found[name] = SECTIONS[name](given.quick)
        if not given.json:
            print(f"{name}\n" + "\n".join(lines_of(found[name])), flush=True)
    if given.json:
        print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
