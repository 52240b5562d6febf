"""A simulated TWS as a process of its own, for measuring against; with the limits of TWS set wide."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_binance_venue import Venue

BOOKS = {"AAPL": ("250.00", "250.02"), "MSFT": ("420.00", "420.02")}
RATE = 1_000_000


def serve_venue(ready_file: str, latency_ms: float) -> None:
    """Serve until SIGTERM; then say when cancels landed, in nanoseconds of the machine's monotonic clock."""
    import asyncio

    from autotrader.simulator.ibkr import TwsApp
    from autotrader.simulator.ibkr.terms import TwsTerms
    from autotrader.simulator.options import SimOptions
    from autotrader.simulator.server import serve

    options = SimOptions("ibkr", latency_ms=latency_ms, ready_file=ready_file, manual=True)
    app = TwsApp(options, TwsTerms(messages_per_s=RATE, active_orders=0))
    ended: list[int] = []

    def note(events: list[Any]) -> None:
        now = time.monotonic_ns()
        ended.extend(now for event in events if type(event).__name__ == "Canceled")

    app.venue.on_events.append(note)
    asyncio.run(serve(app, options, lambda ready: Path(ready_file).write_text(json.dumps(ready))))
    print(json.dumps({"canceled_ns": ended}), flush=True)


class TwsVenue(Venue):
    """The process from outside."""

    module = "bench_ibkr_venue"

    def show_markets(self) -> None:
        """Show books that no order of ours uses up."""
        for symbol, (bid, ask) in BOOKS.items():
            sizes = {"bid_size": "1000000", "ask_size": "1000000"}
            self.admin("POST", "market", {"symbol": symbol, "bid": bid, "ask": ask, **sizes})


@contextmanager
def tws(latency_ms: float = 0.0) -> Iterator[TwsVenue]:
    """Run a venue with its markets shown."""
    one = TwsVenue(latency_ms)
    try:
        one.show_markets()
        yield one
    finally:
        one.stop()
