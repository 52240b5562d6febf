"""Chains of kills: trade at a simulated venue in bad weather, die, start again, and compare the books, several times in a row.

A venue's test says what its chains are made of (``Rehearsal``). Kills of one chain share venue and journal; some chains run
side by side, since most of their time is spent waiting for proof that an order never arrived.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from launcher_kit import EXAMPLES, QUIET, ROOT, launch, running, strategy_file, verb
from simulator_kit import RunningVenue
from simulator_kit import running as simulated

__all__ = ["Rehearsal", "run_group"]

Json = Any
RESTING = ("--strategy", f"{EXAMPLES}:TwoSidedQuoting", "--set", "strategy.options.rest_ms=20",
           "--set", "strategy.options.tolerance=0")  # fmt: skip
CROSSING = ("--strategy", f"{EXAMPLES}:MovingAverageCross")
CHANGING = ("cancel", "amend", "change")
"""Points that are passed by a strategy alone that changes its orders."""


class Rehearsal(NamedTuple):
    """What the chains of a venue are made of.

    ``points`` are names of ``crash_kit``, those that begin with ``rare`` are passed once or twice a start. ``quick`` are
    arguments of the launcher, ``trading`` more of them for two strategies, which take turns; the first changes its orders.
    ``compare`` raises AssertionError where journal and truth differ. ``in_a_row`` kills are a chain, ``beside`` chains a group.
    """

    venue: str
    kills: int
    points: Sequence[str]
    rare: tuple[str, ...]
    quick: tuple[str, ...]
    faults: Json
    compare: Callable[[Path, RunningVenue], None]
    trading: tuple[tuple[str, ...], tuple[str, ...]] = (RESTING, CROSSING)
    in_a_row: int = 5
    beside: int = 3

    @property
    def groups(self) -> range:
        """Return the numbers of the groups."""
        return range(-(-self.kills // (self.in_a_row * self.beside)))


def run_group(of: Rehearsal, group: int, home: Path) -> None:
    """Run the chains of a group side by side; the first failure is raised once all have ended."""
    first, chains = group * of.beside, -(-of.kills // of.in_a_row)
    with ThreadPoolExecutor(of.beside) as pool:
        for ended in [pool.submit(_chain, of, at, home / str(at)) for at in range(first, min(first + of.beside, chains))]:
            ended.result()


def _chain(of: Rehearsal, number: int, home: Path) -> None:
    rng, journal = Random(number), home / "j.db"
    quiet = strategy_file(home, QUIET)
    with simulated(of.venue, manual=False, seed=number + 1) as venue:
        venue.faults(of.faults)
        place, died = (*of.quick, "--simulator", str(venue.ready_file)), 0
        kills = range(number * of.in_a_row, min((number + 1) * of.in_a_row, of.kills))
        for kill in kills:
            died += _trade_until_killed(of, journal, kill, rng, place)
            after = launch(journal, *place, "--strategy", quiet, "--duration", "0.3")
            assert after.process.returncode == 0, f"kill {kill}: {after.said}"
            assert after.summary["clean"] is True, f"kill {kill}: {after.said}"
            try:
                of.compare(journal, venue)
            except AssertionError as error:
                raise AssertionError(f"kill {kill}: {error}\n{after.said}") from error
        print(f"chain {number}: {died} of {len(kills)} died, {venue.ledger()['requests']}, faults {venue.fired()}")
        assert verb("verify", journal=journal)["ok"] is True
        assert 2 * died >= len(kills), f"only {died} of {len(kills)} runs came to the point where they were to die"


def _trade_until_killed(of: Rehearsal, journal: Path, number: int, rng: Random, place: tuple[str, ...]) -> bool:
    """Trade, and die: at a random instant one time in three, else at the next of the named points; say whether it did."""
    name = of.points[(number - number // 3) % len(of.points)]
    trading = of.trading[0 if number % 2 or name.startswith(CHANGING) else 1]
    arguments = (*place, *trading, "--set", f"stop.policy={rng.choice(('cancel', 'leave'))}")
    if number % 3 == 2:
        with running(journal, *arguments) as run:
            run.until(lambda: "SIMULATED" in run.said or "handed over" in run.said, 30.0)
            threading.Event().wait(rng.random() * 2.0)
            run.kill_hard()
        return True
    nth = 1 if name.startswith(of.rare) else rng.randint(1, 6)
    command = [sys.executable, str(ROOT / "tests" / "crash_kit.py"), name, str(nth), "--journal", str(journal), *arguments]
    done = subprocess.run(
        [*command, "--duration", "6"], capture_output=True, text=True, timeout=60, check=False, cwd=journal.parent,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
    )  # fmt: skip
    print(f"kill {number}: {name}, time {nth}: exit {done.returncode}")
    assert done.returncode in (-9, 0, 4), done.stderr  # a point that the run did not pass ends it in good order
    return done.returncode == -9
