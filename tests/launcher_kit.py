"""Runs the launcher and the verbs as a user does, each in a process of its own, and compares journal and ledger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from support import eventually

__all__ = [
    "EXAMPLES", "QUIET", "ROOT", "Launched", "books_agree", "launch", "ledger", "running", "signed", "strategy_file", "verb",
]  # fmt: skip

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = "autotrader.strategy.examples"
QUIET = "def decide(self, snapshot):\n    return []\ndef record_execution(self, fill):\n    pass"
"""The methods of a strategy that places nothing."""
LIMIT_S = 60.0
ZERO = Decimal(0)

Json = Any


class Launched:
    """One launcher process; its output lands in files beside the journal."""

    def __init__(self, journal: Path, *arguments: str, summary: bool = True, env: dict[str, str] | None = None) -> None:
        self.journal = journal
        journal.parent.mkdir(parents=True, exist_ok=True)
        number = len(list(journal.parent.glob("run*.err")))
        self.out, self.err = journal.parent / f"run{number}.out", journal.parent / f"run{number}.err"
        self.summary_file = journal.parent / f"run{number}.json"
        command = [sys.executable, str(ROOT / "scripts" / "run_live.py"), "--journal", str(journal), *arguments]
        if summary:
            command += ["--summary-json", str(self.summary_file)]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=_env(journal.parent, env), cwd=journal.parent)

    def wait(self, timeout_s: float = LIMIT_S) -> int:
        """Return the exit code."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"still running after {timeout_s} s: {self.said}") from None

    def end(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def kill_hard(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    @property
    def said(self) -> str:
        """Return what it has said on stdout and stderr so far."""
        return self.out.read_text(errors="replace") + self.err.read_text(errors="replace")

    @property
    def summary(self) -> Json:
        """Return the summary that it wrote."""
        return json.loads(self.summary_file.read_text())

    def until(self, check: Callable[[], Any], timeout_s: float = 20.0) -> Any:
        """Wait until a check holds, and fail with what the process has said when it ends before."""

        def look() -> Any:
            found = check()
            if not found and self.process.poll() is not None:
                raise RuntimeError(f"ended with {self.process.returncode}: {self.said}")
            return found

        return eventually(look, timeout_s)


def _env(home: Path, more: dict[str, str] | None = None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AUTOTRADER__")}
    return {**kept, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(home / "state"), **(more or {})}


def launch(journal: Path, *arguments: str, timeout_s: float = LIMIT_S, env: dict[str, str] | None = None) -> Launched:
    """Run the launcher to its end."""
    run = Launched(journal, *arguments, env=env)
    run.wait(timeout_s)
    return run


@contextmanager
def running(journal: Path, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Launched]:
    """Run the launcher beside the test; it is gone afterwards in any case."""
    run = Launched(journal, *arguments, env=env)
    try:
        yield run
    finally:
        run.end()


def verb(*arguments: str, journal: Path | None = None, code: int = 0, as_json: bool = True) -> Json:
    """Run a verb of the command line; return its JSON, or its text, after checking its exit code."""
    command = [sys.executable, "-m", "autotrader.cli", *arguments]
    home = Path.cwd()
    if journal is not None:
        command += ["--journal", str(journal)]
        home = journal.parent
    if as_json:
        command += ["--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=_env(home), check=False)
    assert done.returncode == code, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
    if as_json and code in (0, 1, 4) and done.stdout:
        return json.loads(done.stdout)
    return done.stdout + done.stderr


def ledger(journal: Path) -> Json:
    """Return the paper venue's own books, read here; empty ones when there are none yet."""
    from autotrader.simulator.ledger_view import LedgerError, read_ledger

    try:
        return read_ledger(f"{journal}.ledger")
    except LedgerError as error:
        if "empty" in str(error) or "no ledger" in str(error):
            return {"orders": [], "fills": [], "balances": {}, "positions": {}, "requests": {}}
        raise


def lists(journal: Path, venue: str = "") -> tuple[list[Json], list[Json], list[Json]]:
    """Return orders, fills and positions as the verbs print them, read here; of one venue where it is named."""
    from autotrader.oms.journal.reader import Reader

    with Reader(journal) as reader:
        orders, fills, positions = reader.orders(), reader.fills(), reader.positions()
    return _of_venue(orders, venue), _of_venue(fills, venue), _of_venue(positions, venue)


def _of_venue(rows: list[Json], venue: str) -> list[Json]:
    return [row for row in rows if venue in ("", row["venue"])]


def signed(fill: Json) -> Decimal:
    """Return the quantity, negative for a sale."""
    return Decimal(fill["quantity"]) if fill["side"] == "BUY" else -Decimal(fill["quantity"])


FILL = ("trade_id", "client_order_id", "venue_order_id", "symbol", "side", "price", "quantity", "fee", "fee_asset", "ts_ns")
NEVER_THERE = ("DENIED", "REJECTED", "CANCELED", "EXPIRED")


def books_agree(journal: Path, *, bases: dict[str, str] | None = None, amends_lost: bool = False) -> tuple[int, int]:
    """Compare journal and ledger to the last digit; return how many orders and fills there are.

    ``bases`` are symbol → base asset, for what fees in the base asset take from a position. ``amends_lost``: an order that was
    filled before the answer to its last amend was found out keeps the price it had before.
    """
    truth = ledger(journal)
    orders, fills, positions = lists(journal)
    _orders_agree(truth["orders"], orders, amends_lost=amends_lost)
    ours = [tuple(fill[name] for name in FILL) for fill in fills]
    theirs = [tuple(fill[name] for name in FILL) for fill in truth["fills"]]
    assert sorted(ours) == sorted(theirs)
    assert len({(fill["symbol"], fill["trade_id"]) for fill in fills}) == len(fills)
    _positions_agree(fills, positions, bases or {})
    _balances_agree(truth, bases or {})
    return len(orders), len(fills)


def _orders_agree(theirs: list[Json], ours: list[Json], *, amends_lost: bool) -> None:
    there = {order["client_order_id"]: order for order in theirs}
    here = {order["client_order_id"]: order for order in ours}
    assert len(there) == len(theirs), "two orders at the venue under one id"
    assert len(here) == len(ours)
    assert set(there) <= set(here), f"orders that we do not know: {set(there) - set(here)}"
    for client_order_id, order in here.items():
        if client_order_id not in there:
            assert order["state"] in NEVER_THERE, f"not at the venue: {order}"
            assert Decimal(order["filled_quantity"]) == 0, order
            continue
        venue = there[client_order_id]
        for name in ("venue_order_id", "symbol", "side", "type", "quantity", "price", "filled_quantity"):
            if name == "price" and amends_lost and order["state"] == "FILLED":
                continue
            assert order[name] == venue[name], f"{name}: {order} against {venue}"
        assert order["state"] == venue["status"], f"{order} against {venue}"


def _positions_agree(fills: list[Json], positions: list[Json], bases: dict[str, str]) -> None:
    held: dict[str, Decimal] = {}
    for fill in fills:
        taken = Decimal(fill["fee"]) if fill["fee_asset"] == bases.get(fill["symbol"]) else ZERO
        held[fill["symbol"]] = held.get(fill["symbol"], ZERO) + signed(fill) - taken
    assert {one["symbol"]: Decimal(one["quantity"]) for one in positions} == held


def _balances_agree(truth: Json, bases: dict[str, str]) -> None:
    """Check that balances are opening balances and fills, where the opening is the default's."""
    quotes = {symbol: symbol.removeprefix(base) for symbol, base in bases.items()}
    moved: dict[str, Decimal] = {}
    for fill in truth["fills"]:
        base, quote = bases.get(fill["symbol"]), quotes.get(fill["symbol"])
        if base is None or quote is None:
            return
        moved[base] = moved.get(base, ZERO) + signed(fill)
        moved[quote] = moved.get(quote, ZERO) - signed(fill) * Decimal(fill["price"])
        moved[fill["fee_asset"]] = moved.get(fill["fee_asset"], ZERO) - Decimal(fill["fee"])
    opening = {asset: Decimal(1_000_000) for asset in quotes.values()} | {asset: Decimal(100) for asset in bases.values()}
    for asset, amount in moved.items():
        assert Decimal(truth["balances"][asset]) == opening[asset] + amount, asset


_IMPORTS = """import os, sys, threading, time
from decimal import Decimal
from autotrader.strategy import ExecutionDecision, Strategy
"""


def strategy_file(folder: Path, body: str, name: str = "mine.py") -> str:
    """Write a strategy ``Mine`` to a file and return what --strategy takes; ``body`` are its methods."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"    {line}" if line else "" for line in body.strip("\n").splitlines())
    (folder / name).write_text(f"{_IMPORTS}\n\nclass Mine(Strategy):\n{lines}\n")
    return f"{folder / name}:Mine"


def wait_for_line(run: Launched, text: str, timeout_s: float = 20.0) -> None:
    """Wait until the process has said something."""
    run.until(lambda: text in run.said, timeout_s)


def now() -> float:
    """Return a monotonic time, for bounds that a test waits for."""
    return time.monotonic()
