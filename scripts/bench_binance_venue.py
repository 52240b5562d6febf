"""Binance's simulated venue as a process of its own, for measuring against; with the order limits of a venue set wide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Figures = dict[str, Any]


def serve_venue(ready_file: str, latency_ms: float) -> None:
    """Serve until stdin closes or SIGTERM; then say when cancels landed, in nanoseconds of the machine's monotonic clock."""
    import asyncio

    import msgspec

    from autotrader.simulator.binance import BinanceApp, LimitTerms, symbols
    from autotrader.simulator.options import SimOptions
    from autotrader.simulator.server import serve

    for name, terms in symbols.SYMBOLS.items():
        symbols.SYMBOLS[name] = msgspec.structs.replace(terms, max_orders=100_000)  # type: ignore[index]
    options = SimOptions("binance", latency_ms=latency_ms, ready_file=ready_file, manual=True)
    wide = LimitTerms(weight=10**8, orders_10s=10**7, orders_day=10**9, raw=10**9, connects=10**6)
    app = BinanceApp(options, wide)
    ended: list[int] = []

    def note(events: list[Any]) -> None:
        now = time.monotonic_ns()
        ended.extend(now for event in events if type(event).__name__ in ("Canceled", "OrderCanceled"))

    app.venue.on_events.append(note)
    asyncio.run(serve(app, options, lambda ready: Path(ready_file).write_text(json.dumps(ready))))
    print(json.dumps({"canceled_ns": ended}), flush=True)


class Venue:
    """The venue's process from outside: ``ready`` is its ready file, ``module`` whose ``serve_venue`` it runs."""

    module = "bench_binance_venue"

    def __init__(self, latency_ms: float = 0.0) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-venue-")
        self.ready_file = Path(self._folder.name) / "ready.json"
        path = os.pathsep.join([str(HERE), str(HERE.parent)])
        code = f"import {self.module} as bench; bench.serve_venue({str(self.ready_file)!r}, {latency_ms})"
        self._errors = Path(self._folder.name) / "stderr"
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=errors, text=True,
                env={**os.environ, "PYTHONPATH": path},
            )
        self.ready = self._wait()

    def _wait(self) -> Figures:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                found: Figures = json.loads(self.ready_file.read_text())
            except (OSError, ValueError):
                time.sleep(0.02)
            else:
                return found
        self._process.kill()
        raise RuntimeError(f"the venue did not start: {self._errors.read_text()[-2000:]}")

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the venue's admin."""
        import requests

        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self.ready['admin']}/_sim/{path}", json=body, timeout=10)
            answer.raise_for_status()
            return answer.json()

    def show_markets(self) -> None:
        """Show books that no order of ours uses up."""
        for symbol, price in (("BTCUSDT", "64250"), ("ETHUSDT", "3420"), ("BNBUSDT", "610"), ("ETHBTC", "0.05323"),
                              ("BNBBTC", "0.009494")):
            tick = Decimal("0.01") if symbol.endswith("USDT") else Decimal("0.00001")
            self.admin("POST", "market", {
                "symbol": symbol, "bid": str(Decimal(price) - tick), "ask": price, "bid_size": "8000", "ask_size": "8000",
            })

    def stop(self) -> Figures:
        """End it, and return what it says last."""
        self._process.terminate()
        try:
            out = self._process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            self._process.kill()
            out = self._process.communicate()[0]
        errors = self._errors.read_text()
        self._folder.cleanup()
        lines = [line for line in out.splitlines() if line.startswith('{"canceled_ns"')]
        if not lines:
            raise RuntimeError(f"the venue ended badly: {errors[-2000:]}")
        said: Figures = json.loads(lines[-1])
        return said


@contextmanager
def venue(latency_ms: float = 0.0) -> Iterator[Venue]:
    """Run a venue with its markets shown."""
    one = Venue(latency_ms)
    try:
        one.show_markets()
        yield one
    finally:
        one.stop()
