"""Bad weather from a seed: random fault scripts, a run through them, and the venue's truth compared with ours afterwards.

Every seed switches about half of the kinds of trouble off, so that each can be seen without the others and with a few of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from typing import Any

import msgspec
from binance_books import OPEN, books_equal
from launcher_kit import ROOT, Launched, lists, running, verb
from simulator_kit import RunningVenue
from simulator_kit import running as simulated
from support import eventually

__all__ = ["ride", "script_of"]

Json = Any
Draw = Callable[[Random], list[Json]]
UNDECIDED = ("SENT", "UNKNOWN", "PENDING_CANCEL", "PENDING_REPLACE")
COURSES = ("fair", "fair", "fair", "foul", "early")
ENDS = {"fair": (0, 1, 3, 4), "foul": (0, 1, 3, 4), "early": (0, 1, 3, 4, 5)}
"""Exit codes: a strategy that is refused again and again is stopped, a clock far off halts, a start may find nobody."""
TRADES_S, LIFE_S = 6.0, 5
PATIENCE_S = 60.0
"""A limit for machines that are busy; on an idle one all is settled within a request's life and twelve seconds."""
QUICK = (
    "--set", "engine.cycle_time_ms=40", "--set", "risk.profile=open", "--set", "venues.binance.deadline_s=1",
    "--set", f"venues.binance.request_life_s={LIFE_S}", "--set", "venues.binance.recv_window_ms=1000",
    "--set", "engine.sweep_s=4", "--set", "stop.timeout_s=25", "--set", "venues.binance.symbols=BTCUSDT,ETHUSDT",
)  # fmt: skip
PAGE = {"status": 502, "body": "<html>bad gateway</html>"}


def _error(status: int, code: int, msg: str) -> Json:
    return {"status": status, "body": f'{{"code":{code},"msg":"{msg}"}}', "headers": {"Content-Type": "application/json"}}


LOST = ("never", "reset", "cut", "empty", "slow", PAGE, _error(504, -1007, "Timeout waiting for response"),
        _error(500, -1001, "Internal error"), {"status": 503, "body": ""}, {"status": 408, "body": "<html>late</html>"},
        {"status": 200, "body": '{"orderId": "what"}'})  # fmt: skip
"""Answers that say nothing of what became of a request."""


def _seconds(rng: Random, least: float, most: float) -> float:
    return round(rng.uniform(least, most), 2)


def _lost(rng: Random) -> list[Json]:
    landing = rng.choice(({"land": True}, {"land": False}, {"land_after_s": _seconds(rng, 0.1, 1.8)}))
    return [landing, {"reply": rng.choice(LOST)}]


def _late(rng: Random) -> list[Json]:
    return [rng.choice(({"delay_s": _seconds(rng, 0.1, 1.6)}, {"land_after_s": _seconds(rng, 0.1, 1.6)}))]


REQUESTS: dict[str, Draw] = {
    "lost": _lost,
    "late": _late,
    "limited": lambda rng: [{"rate_limit": {"retry_after_s": rng.randint(1, 3)}}],
    "banned": lambda rng: [{"ban_s": rng.randint(1, 3)}],
    "overloaded": lambda rng: [{"reject": rng.choice((-1008, -1016, -1021, -1000, -1006))}],
}
REFUSALS = {
    "submit": (-2010, -1013, -1015, -1003), "cancel": (-2011, -1003), "amend": (-2010, -1013, -2038, -2022), "query": (-1003,),
}  # fmt: skip
FILLS: dict[str, Draw] = {
    "partial": lambda rng: [{"partial": rng.choice((0, 0.3, 0.5))}],
    "before ack": lambda rng: [{"fill_before_ack": True}],
    "race": lambda rng: [{"fill_on_cancel": True}],
    "over": lambda rng: [{"overfill": rng.choice((0.1, 0.5))}],
    "mute": lambda rng: [{"silent": True}],
    "held": lambda rng: [{"hold_s": _seconds(rng, 0.1, 2.5)}],
}
STREAMS: dict[str, Draw] = {
    "cut": lambda rng: [{"cut": True}],
    "stall": lambda rng: [{"stall_s": _seconds(rng, 0.5, 4)}],
    "drop": lambda rng: [{"drop": rng.randint(1, 4)}],
    "twice": lambda rng: [{"duplicate": rng.randint(1, 3)}],
    "swap": lambda rng: [{"reorder": rng.randint(1, 3)}],
    "litter": lambda rng: [{"garbage": rng.choice(('{"e":', "\x00\x01", "null", "[]", '{"event": 7}', "<html>"))}],
    "trickle": lambda rng: [{"slow_bps": rng.choice((4_000, 40_000))}],
}
VENUES: dict[str, Draw] = {
    "restart": lambda rng: [{"restart": {
        "down_s": _seconds(rng, 0.2, 3), "keep_orders": rng.random() < 0.5, "keep_session": rng.random() < 0.5}}],
    "skew": lambda rng: [{"clock_skew_s": rng.choice((0.4, -0.4, 1.5, -1.5, 2.2, -2.2))}],
    "maintenance": lambda rng: [{"maintenance_s": _seconds(rng, 0.5, 3)}],
    "halt": lambda rng: [{"market_halt_s": _seconds(rng, 0.5, 3)}],
}  # fmt: skip


def script_of(seed: int, lasts_s: float = TRADES_S) -> Json:
    """Return a fault script for so many seconds: two to twelve rules of the kinds that this seed leaves on."""
    rng = Random(f"weather {seed}")
    makers: list[tuple[str, str, Draw]] = []
    for on in ("submit", "cancel", "amend", "query"):
        makers += [(f"{on} {name}", on, draw) for name, draw in REQUESTS.items()]
        makers.append((f"{on} refused", on, lambda r, on=on: [{"reject": r.choice(REFUSALS[on])}]))  # type: ignore[misc]
    makers += [(f"{on} {name}", on, draw) for on in ("submit", "cancel", "amend") for name, draw in FILLS.items()]
    makers.append(("connect lost", "connect", lambda r: [{"reply": r.choice(("reset", "never", "empty", PAGE))}]))
    makers.append(("connect late", "connect", lambda r: [{"delay_s": _seconds(r, 0.1, 2)}]))
    makers += [(f"stream {name}", "stream", draw) for name, draw in STREAMS.items()]
    makers += [(f"venue {name}", "venue", draw) for name, draw in VENUES.items()]
    on = [one for one in makers if rng.random() < 0.5]
    chosen = rng.sample(on, min(len(on), rng.randint(2, 12)))
    return {"seed": seed, "rules": [_rule(rng, *one, lasts_s) for one in chosen]}


def _rule(rng: Random, name: str, on: str, draw: Draw, lasts_s: float) -> Json:
    rule: Json = {"name": name, "on": on, "do": draw(rng)}
    if on == "venue":
        return rule | {"at_s": _seconds(rng, 0.5, lasts_s - 1)}
    often = on == "stream"
    trigger = rng.choice(("nth", "every", "probability", "at_s"))
    if trigger == "at_s":
        return rule | {"at_s": _seconds(rng, 0.5, lasts_s - 1)}
    if trigger == "nth":
        rule["nth"] = rng.randint(1, 20 if often else 10)
    elif trigger == "every":
        rule |= {"every": rng.randint(8, 40) if often else rng.randint(2, 12), "times": rng.randint(1, 6)}
    else:
        rule |= {"probability": round(rng.uniform(0.01, 0.05 if often else 0.2), 3), "times": rng.randint(1, 8)}
    if rng.random() < 0.2:
        rule["symbol"] = rng.choice(("BTCUSDT", "ETHUSDT"))
    if rng.random() < 0.1:
        rule["until_s"] = _seconds(rng, 2, lasts_s)
    return rule


class Weathered(msgspec.Struct):
    """What a ride brought: how it ended, what fired, how long until nothing was in doubt and until the books were equal."""

    course: str
    code: int
    fired: dict[str, int]
    settled_s: tuple[float, float]
    said: str


class Ride:
    """One run through a script, on a venue and a journal of its own."""

    def __init__(self, seed: int, home: Path, venue: RunningVenue, more: tuple[str, ...], settle_s: float) -> None:
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
                books_equal(self.journal, self.venue)
            return True

        eventually(decided, self._settle_s)
        decided_s = time.monotonic() - began
        eventually(settled, self._settle_s)
        return decided_s, time.monotonic() - began

    def is_over(self, run: Launched) -> None:
        """Check what a run claims that ended clean: the books are the venue's, and nothing of ours is left there."""
        books_equal(self.journal, self.venue)
        assert run.summary["clean"] is True, run.said
        assert not [row for row in self.venue.ledger()["orders"] if row["status"] in OPEN], "left open"


def ride(seed: int, home: Path, script: Json | None = None, *, trades_s: float = TRADES_S, more: tuple[str, ...] = QUICK,
         settle_s: float = PATIENCE_S, course: str = "") -> Weathered:
    """Trade through a script, let it settle, stop with policy cancel, compare all. ``more`` are arguments of the launcher.

    ``course``: "fair", the weather ends before the run does; "foul", the run is ended in its middle; "early", it has begun
    before the engine starts. Drawn from the seed where it is not given. A run that does not end clean is followed by one
    more. Raises AssertionError: an order in doubt ``settle_s`` seconds after the last fault, books that differ then or at the
    end, a run that says that it is clean and is not.
    """
    rng = Random(f"course {seed}")
    home.mkdir(parents=True, exist_ok=True)
    with simulated("binance", manual=False, seed=seed + 1, latency_ms=2) as venue:
        one = Ride(seed, home, venue, more, settle_s)
        drawn = rng.choice(COURSES)
        found = one.through(script or script_of(seed, trades_s), course or drawn, trades_s, rng.choice((0.0, 1.0)))
    assert verb("verify", journal=one.journal)["ok"] is True
    return found


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
