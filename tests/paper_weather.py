"""What can go wrong at the paper venue, and a ride through it: the venue lies in the engine's process, without a stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from launcher_kit import QUIET, ROOT, books_agree, launch, strategy_file, verb
from weather_scripts import REQUESTS_ANYWHERE, Weather, lost, script_of

__all__ = ["PAPER", "ride"]

SYMBOLS = ("BTCUSDT", "ETHUSDT")
BASES = {"BTCUSDT": "BTC", "ETHUSDT": "ETH"}
QUICK = (
    "--set", "engine.cycle_time_ms=40", "--set", "risk.profile=open", "--set", "engine.sweep_s=2", "--set", "stop.timeout_s=20",
    "--set", f"market.symbols={','.join(SYMBOLS)}",
)  # fmt: skip
ENDS = (0, 1, 3, 4)
"""Exit codes: a strategy that is refused again and again is stopped, and what is in doubt at the end is found out later."""


def _nothing(_: Path, __: Any) -> None:
    """Compare nothing: the venue's books are read beside the journal, not asked for."""


PAPER = Weather(
    "paper", SYMBOLS, QUICK, _nothing, {"lost": lost(("never", "reset", "cut", "empty")), **REQUESTS_ANYWHERE},
    {"submit": ("INSUFFICIENT_FUNDS",), "cancel": ("BUSY",), "amend": ("BUSY",), "query": ("BUSY",)}, {}, streams={},
)  # fmt: skip


def ride(of: Weather, seed: int, home: Path) -> str:
    """Trade through a script to its end; what is not clean then is after one more start. Says how many orders and fills.

    Raises AssertionError where the journal and the venue's own books differ.
    """
    home.mkdir(parents=True)
    journal, faults = home / "j.db", home / "faults.json"
    faults.write_text(json.dumps(script_of(of, seed)))
    trader = (f"{ROOT / 'tests' / 'weather_trader.py'}:Trader", "--set", f"strategy.options.seed={seed}")
    run = launch(journal, *QUICK, "--strategy", *trader, "--set", f"venues.paper.faults={faults}", "--duration", "7")
    assert run.process.returncode in ENDS, run.said
    if run.process.returncode:
        again = launch(journal, *QUICK, "--strategy", strategy_file(home, QUIET), "--duration", "6")
        assert again.process.returncode == 0, again.said
    assert verb("verify", journal=journal)["ok"] is True
    orders, fills = books_agree(journal, bases=BASES, amends_lost=True)
    assert orders > 0
    return f"{orders} orders, {fills} fills"
