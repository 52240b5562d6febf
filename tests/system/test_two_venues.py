"""One engine on two simulated venues at once: each is quoted, traded and reconciled by itself, and comes to harm by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import binance_books
import ibkr_books
import pytest
from launcher_kit import QUIET, lists, running, strategy_file, verb
from simulator_kit import RunningVenue
from simulator_kit import running as simulating
from support import eventually

from autotrader.errors import JournalError

CYCLES = """
cycle = 0
def decide(self, snapshot):
    self.cycle += 1
    decisions = []
    resting = {order.symbol for order in snapshot.open_orders}
    for symbol, size, away in (("BTCUSDT", "0.01", "200"), ("AAPL", "5", "3")):
        quote = snapshot.quotes.get(symbol)
        if quote is None:
            continue
        if symbol not in resting:
            price = quote.bid - Decimal(away)
            decisions.append(ExecutionDecision("BUY", symbol, Decimal(size), order_type="LIMIT", limit_price=price))
        elif self.cycle % 5 == 0:
            action = "SELL" if snapshot.positions.get(symbol, 0) > 0 else "BUY"
            decisions.append(ExecutionDecision(action, symbol, Decimal(size)))
    return decisions
def record_execution(self, fill):
    pass
"""
NAMES = ("binance", "ibkr")
QUICK = ("--set", "engine.cycle_time_ms=50", "--set", "risk.profile=rehearsal")

Venues = dict[str, RunningVenue]


@pytest.fixture(scope="module")
def venues() -> Iterator[Venues]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(simulating(name, manual=False, seed=7)) for name in NAMES}


@pytest.fixture
def arguments(venues: Venues, tmp_path: Path) -> tuple[str, ...]:
    places = [word for venue in venues.values() for word in ("--simulator", str(venue.ready_file))]
    return (*places, *QUICK, "--strategy", strategy_file(tmp_path, CYCLES))


def fills_of(journal: Path, venue: str) -> int:
    """Return how many fills are on record; none while the journal is being made."""
    try:
        return len(lists(journal, venue)[1]) if journal.exists() else 0
    except JournalError:
        return 0


def books_equal(journal: Path, venues: Venues) -> None:
    binance_books.books_equal(journal, venues["binance"])
    ibkr_books.books_equal(journal, venues["ibkr"])


def test_a_strategy_trades_at_two_venues_through_trouble_at_one_of_them(
    venues: Venues, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    journal = tmp_path / "j.db"
    with running(journal, *arguments) as run:
        run.until(lambda: all(fills_of(journal, name) >= 2 for name in NAMES), 40)
        venues["binance"].faults([{"on": "venue", "at_s": 0, "do": [{"restart": {"down_s": 1.5, "keep_orders": True}}]}])
        run.until(lambda: "binance: link DOWN" in run.said, 20)
        before = fills_of(journal, "ibkr")
        run.until(lambda: fills_of(journal, "ibkr") >= before + 2, 20)
        run.until(lambda: run.said.count("books handed over") >= 3, 20)
        back = fills_of(journal, "binance")
        run.until(lambda: fills_of(journal, "binance") >= back + 2, 40)

        verb("kill", "--scope", "ibkr", "--reason", "a drill", journal=journal, code=4)  # the engine's to sweep
        run.until(lambda: "ibkr: CLEAN" in run.said, 40)
        at_kill, after = fills_of(journal, "ibkr"), fills_of(journal, "binance")
        run.until(lambda: fills_of(journal, "binance") >= after + 2, 40)
        assert fills_of(journal, "ibkr") == at_kill
        run.kill_hard()

    quiet = strategy_file(tmp_path, QUIET, "quiet.py")
    with running(journal, *arguments[: arguments.index("--strategy")], "--strategy", quiet) as again:
        again.until(lambda: "ibkr: CLEAN" in again.said, 40)
        eventually(lambda: books_equal(journal, venues) is None, 20)
        again.process.terminate()
        assert again.wait() == 0, again.said
    assert {one["venue"] for one in again.summary["positions"]} == set(NAMES)
