"""Rides through bad weather: a run of the launcher through a fault script, then the venue's truth compared with ours."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from typing import Any

import msgspec
from launcher_kit import ROOT, Launched, lists, running, verb
from simulator_kit import RunningVenue
from simulator_kit import running as simulated
from support import eventually
from weather_scripts import TRADES_S, Weather, script_of

from autotrader.simulator.fault_script import Effects, FaultRule, read_faults

__all__ = ["groups", "ride", "ride_beside", "troubles"]

Json = Any
OPEN = ("OPEN", "PARTIALLY_FILLED")
UNDECIDED = ("SENT", "UNKNOWN", "PENDING_CANCEL", "PENDING_REPLACE")
COURSES = ("fair", "fair", "fair", "foul", "early")
ENDS = {"fair": (0, 1, 3, 4), "foul": (0, 1, 3, 4), "early": (0, 1, 3, 4, 5)}
"""Exit codes: a strategy that is refused again and again is stopped, a clock far off halts, a start may find nobody."""
BESIDE = 3
PATIENCE_S = 60.0
"""A limit for machines that are busy; on an idle one all is settled within a request's life and twelve seconds."""


class Weathered(msgspec.Struct):
    """What a ride brought: how it ended, what fired, how long until nothing was in doubt and until the books were equal."""

    course: str
    code: int
    fired: dict[str, int]
    settled_s: tuple[float, float]
    said: str

    def __str__(self) -> str:
        return f"{self.course}: exit {self.code}, settled in {self.settled_s[1]:.1f} s, fired {self.fired}"


class Ride:
    """One run through a script, on a venue and a journal of its own."""

    def __init__(
        self, of: Weather, seed: int, home: Path, venue: RunningVenue, more: tuple[str, ...], settle_s: float
    ) -> None:
        self._of = of
        self.venue, self.journal, self.quiet, self._settle_s = venue, home / "j.db", home / "quiet", settle_s
        self.arguments = (
            "--simulator", str(venue.ready_file), "--strategy", f"{ROOT / 'tests' / 'weather_trader.py'}:Trader",
            "--set", f"strategy.options.seed={seed}", "--set", f"strategy.options.quiet={self.quiet}", *more,
        )  # fmt: skip

    def through(self, weather: Json, course: str, trades_s: float, more_s: float) -> Weathered:
        """Trade through it and come to an end."""
        if course == "early":
            self.venue.faults(weather)
        with running(self.journal, *self.arguments) as run:
            eventually(lambda: self.journal.exists() or run.process.poll() is not None, 40)
            if course != "early":
                run.until(lambda: self.venue.ledger()["requests"]["submit"] > 2, 40)
                self.venue.faults(weather)
            _sleep(run, trades_s)
            fired, settled_s = self.venue.fired(), (0.0, 0.0)
            if course != "foul":
                self.clear()
                _sleep(run, more_s)
                self.quiet.touch()
                settled_s = self.settle(run)
            found = Weathered(course, _end(run), fired, settled_s, run.said)
        assert found.code in ENDS[course], f"{course}, exit {found.code}: {found.said}"
        if found.code == 0:
            self.is_over(run)
        else:
            found.settled_s = self.after(found.code)
        return found

    def after(self, code: int) -> tuple[float, float]:
        """Start once more, in fair weather, and place nothing: what the run before it left open is found out."""
        self.clear()
        self.quiet.touch()
        with running(self.journal, *self.arguments) as again:
            again.until(lambda: "handed over" in again.said, PATIENCE_S)
            settled_s = self.settle(again)
            assert _end(again) in (0, code), again.said
        self.is_over(again)
        return settled_s

    def clear(self) -> None:
        """Let the weather end."""
        self.venue.call("DELETE", "faults")

    def settle(self, run: Launched) -> tuple[float, float]:
        """Wait until nothing is in doubt and the books are equal; return how long each took."""
        began = time.monotonic()

        def decided() -> bool:
            assert not (doubt := in_doubt(self.journal)) or run.process.poll() is not None, f"in doubt: {doubt}"
            return True

        def settled() -> bool:
            if run.process.poll() is None:
                self._of.compare(self.journal, self.venue)
            return True

        eventually(decided, self._settle_s)
        decided_s = time.monotonic() - began
        eventually(settled, self._settle_s)
        return decided_s, time.monotonic() - began

    def is_over(self, run: Launched) -> None:
        """Check what a run claims that ended clean: the books are the venue's, and nothing of ours is left there."""
        self._of.compare(self.journal, self.venue)
        assert run.summary["clean"] is True, run.said
        assert not [row for row in self.venue.ledger()["orders"] if row["status"] in OPEN], "left open"


def ride(
    of: Weather, seed: int, home: Path, script: Json | None = None, *, trades_s: float = TRADES_S,
    more: tuple[str, ...] | None = None, settle_s: float = PATIENCE_S, course: str = "",
) -> Weathered:  # fmt: skip
    """Trade through a script, let it settle, stop with policy cancel, compare all. ``more`` are arguments of
    the launcher in place of the weather's own.

    ``course``: "fair", the weather ends before the run does; "foul", the run is ended in its middle; "early", it has begun
    before the engine starts. Drawn from the seed where it is not given. A run that does not end clean is followed by one
    more. Raises AssertionError: an order in doubt ``settle_s`` seconds after the last fault, books that differ then or at the
    end, a run that says that it is clean and is not.
    """
    rng = Random(f"course {seed}")
    home.mkdir(parents=True, exist_ok=True)
    with simulated(of.venue, manual=False, seed=seed + 1, latency_ms=2) as venue:
        one = Ride(of, seed, home, venue, of.quick if more is None else more, settle_s)
        drawn = rng.choice(COURSES)
        found = one.through(script or script_of(of, seed, trades_s), course or drawn, trades_s, rng.choice((0.0, 1.0)))
    assert verb("verify", journal=one.journal)["ok"] is True
    return found


def groups(usual: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the seeds to ride, as many at a time as go side by side; most of their time is spent waiting.

    AUTOTRADER_TEST_WEATHERS sets how many in place of the ``usual``, from the seed AUTOTRADER_TEST_WEATHERS_FROM on.
    """
    given, first = os.environ.get("AUTOTRADER_TEST_WEATHERS"), int(os.environ.get("AUTOTRADER_TEST_WEATHERS_FROM", "0"))
    seeds = usual if given is None else tuple(range(first, first + int(given)))
    return [seeds[place : place + BESIDE] for place in range(0, len(seeds), BESIDE)]


def ride_beside(
    of: Weather, seeds: tuple[int, ...], home: Path, through: Callable[[Weather, int, Path], object] = ride
) -> None:
    """Ride some seeds side by side, each as ``through`` does; the first failure is raised once all have ended."""
    with ThreadPoolExecutor(len(seeds)) as pool:
        rides = {seed: pool.submit(through, of, seed, home / str(seed)) for seed in seeds}
    for seed, ended in rides.items():
        try:
            found = ended.result()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {script_of(of, seed)}: {error}") from error
        print(f"seed {seed}, {found}")


def troubles(of: Weather) -> tuple[list[FaultRule], set[str]]:
    """Return the rules of the first scripts, and the effects that come up in them."""
    rules, calm = [rule for seed in range(300) for rule in read_faults(script_of(of, seed)).rules], Effects()
    named = {name for rule in rules for name in Effects.__struct_fields__ if getattr(rule.do, name) != getattr(calm, name)}
    return rules, named


def _end(run: Launched) -> int:
    """End a run as an operator does, if it has not ended by itself; return its exit code."""
    if run.process.poll() is None:
        run.process.terminate()
    return run.wait(60)


def _sleep(run: Launched, seconds: float) -> None:
    """Let it run for so long, or to its end."""
    with suppress(TimeoutExpired):
        run.process.wait(seconds)


def in_doubt(journal: Path) -> list[Json]:
    """Return the orders whose state is not the venue's last word."""
    return [row for row in lists(journal)[0] if row["state"] in UNDECIDED]
