"""An engine set up for measuring: a standing quote on a tape, limits at ``open``, a strategy that keeps a window in flight."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from autotrader.execution import ExecutionConfig, ExecutionEngine
from autotrader.model import ExecutionDecision, Fill, Snapshot

SYMBOL = "BTCUSDT"
BID, ASK = "64250.00", "64250.10"
TAPE_S, TAPE_STEP_MS = 900, 100


def own_process(*, one_core: bool = False) -> None:
    """Set the interpreter as ``run_live.py`` sets it, which owns its process."""
    from autotrader.console.launch import tune_interpreter

    tune_interpreter(1.0, one_core=one_core)


def resident_mb() -> float:
    """Return the resident set of this process, in MiB."""
    with open("/proc/self/statm") as file:
        return round(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def write_tape(directory: Path) -> Path:
    """Write a quote that stands still, told ten times a second."""
    path = directory / f"{SYMBOL.lower()}-quotes.csv"
    start_ms = 1_700_000_000_000
    lines = (f"{start_ms + step * TAPE_STEP_MS},{BID},1000000,{ASK},1000000" for step in range(TAPE_S * 1000 // TAPE_STEP_MS))
    path.write_text("timestamp_ms,bid,bid_size,ask,ask_size\n" + "\n".join(lines) + "\n")
    return path


def make_engine(directory: Path, *, journal: bool = True, **sections: Any) -> ExecutionEngine:
    """Make an engine on paper in ``directory``; further sections go into its configuration."""
    config = ExecutionConfig(
        env={},
        market={"source": "tape", "file": str(write_tape(directory)), "symbol": SYMBOL, "tick": "0.01", "lot": "1"},
        journal={"path": str(directory / "journal.db"), "enabled": journal},
        risk={"profile": "open"},
        engine={"cycle": "quote", "cycle_time_ms": 0, "decide_on_fill": True},
        venues={"paper": {"balances": {"USDT": "1000000000000", "BTC": "1000000"}}},
        strategy={"max_decisions": 1_000_000, "hang_s": 120},
        stop={"timeout_s": 30},
        **sections,
    )
    return ExecutionEngine(config)


class Window:
    """A strategy that sends ``first`` orders at once, and another for each that is filled; market orders of one coin.

    ``side_of(i)`` gives the side of order i; ``sent(i)`` is called just before its decision, ``filled(i)`` from the callback.
    """

    def __init__(
        self, n: int, first: int, side_of: Callable[[int], str], sent: Callable[[int], None], filled: Callable[[int], None]
    ) -> None:
        self.n, self.first, self.side_of, self.sent, self.filled = n, first, side_of, sent, filled
        self.out = self.done = 0
        self.size = Decimal(1)

    def decide(self, snapshot: Snapshot) -> list[ExecutionDecision]:
        """Fill the window up."""
        room = min(self.first + self.done, self.n) - self.out
        decisions = []
        for i in range(self.out, self.out + room):
            self.sent(i)
            decisions.append(ExecutionDecision(self.side_of(i), SYMBOL, self.size, tag=str(i)))
        self.out += room
        return decisions

    def record_execution(self, fill: Fill) -> None:
        """Count a fill; orders fill in the order in which they were sent."""
        i = self.done
        self.done = i + 1
        self.filled(i)


def run_window(directory: Path, n: int, window: int, *, journal: bool = True, **sections: Any) -> dict[str, Any]:
    """Run ``n`` orders with ``window`` in flight (0: all at once) and return rate and latencies in microseconds."""
    now = time.perf_counter_ns
    t0, t1 = [0] * n, [0] * n

    def sent(i: int) -> None:
        t0[i] = now()

    def filled(i: int) -> None:
        t1[i] = now()

    strategy = Window(n, window or n, lambda i: "SELL" if i // 10 & 1 else "BUY", sent, filled)
    engine = make_engine(directory, journal=journal, **sections)
    try:
        engine.connect(30)
        cpu = time.process_time()
        summary = engine.run_live_trading(strategy, until_fills=n, duration_s=300)
        cpu = time.process_time() - cpu
    finally:
        engine.stop()
    if strategy.done != n:
        raise RuntimeError(f"{strategy.done} of {n} filled: {summary.ended} {summary.detail} {summary.rejects}")
    waits = sorted(b - a for a, b in zip(t0, t1, strict=True))
    return {
        "window": window or "flood", "n": n, "orders_per_s": round(n / ((max(t1) - t0[0]) / 1e9)),
        "p50_us": round(waits[n // 2] / 1e3, 1), "p99_us": round(waits[int(n * 0.99)] / 1e3, 1),
        "max_us": round(waits[-1] / 1e3), "cpu_us_per_order": round(cpu / n * 1e6, 1),
    }


def in_temporary(run: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Run in a directory that goes away."""
    with tempfile.TemporaryDirectory(prefix="autotrader-bench-") as directory:
        return run(Path(directory))
