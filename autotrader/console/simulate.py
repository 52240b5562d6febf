"""``autotrader simulate VENUE``: a venue on loopback until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.util
import json
from typing import Any

from autotrader.errors import ConfigError
from autotrader.simulator.options import SimOptions, VenueApp
from autotrader.simulator.server import serve

__all__ = ["simulate"]

VENUES = ("binance", "ibkr", "okx", "coinbase", "oanda")
GC_THRESHOLD = 50_000
"""New containers before the collector looks; nearly all that a request makes is freed by counting."""


def simulate(arguments: argparse.Namespace) -> int:
    """Serve the venue until SIGTERM or Ctrl-C, and return 0; prints what the ready file holds once the port listens."""
    options = SimOptions(
        arguments.venue, arguments.host, arguments.port, arguments.seed, arguments.tape, arguments.faults,
        arguments.latency_ms, arguments.ledger, arguments.ready_file, arguments.manual, tuple(arguments.limit),
    )  # fmt: skip
    app = _app(options)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    asyncio.run(serve(app, options, _tell))
    return 0


def _app(options: SimOptions) -> VenueApp:
    name = f"autotrader.simulator.{options.venue}"
    served = [one for one in VENUES if importlib.util.find_spec(f"autotrader.simulator.{one}") is not None]
    if options.venue not in served:
        raise ConfigError(f"there is no simulated venue {options.venue}; there are: {', '.join(served)}")
    if not 0 <= options.port < 1 << 16:
        raise ConfigError(f"--port must be from 0 to 65535, not {options.port}")
    if not 0 <= options.latency_ms < 60_000:
        raise ConfigError(f"--latency-ms must be from 0 to 60000, not {options.latency_ms:g}")
    app: VenueApp = importlib.import_module(name).make_venue(options)
    return app


def _tell(ready: dict[str, Any]) -> None:
    print(json.dumps(ready), flush=True)
