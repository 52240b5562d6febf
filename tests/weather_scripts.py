"""Random fault scripts from a seed: which troubles a venue has, and how they are drawn.

Every seed switches about half of the kinds of trouble off, so that each can be seen without the others and with a few of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from simulator_kit import RunningVenue

__all__ = ["FILLS", "REQUESTS_ANYWHERE", "STREAMS", "TRADES_S", "VENUES", "Draw", "Weather", "lost", "script_of", "seconds"]

Json = Any
Draw = Callable[[Random], list[Json]]
TRADES_S = 6.0


def seconds(rng: Random, least: float, most: float) -> float:
    return round(rng.uniform(least, most), 2)


def lost(replies: Sequence[Json]) -> Draw:
    """Draw an answer that says nothing of what became of the request, and what did become of it."""

    def draw(rng: Random) -> list[Json]:
        landing = rng.choice(({"land": True}, {"land": False}, {"land_after_s": seconds(rng, 0.1, 1.8)}))
        return [landing, {"reply": rng.choice(replies)}]

    return draw


REQUESTS_ANYWHERE: dict[str, Draw] = {
    "late": lambda rng: [rng.choice(({"delay_s": seconds(rng, 0.1, 1.6)}, {"land_after_s": seconds(rng, 0.1, 1.6)}))],
    "limited": lambda rng: [{"rate_limit": {"retry_after_s": rng.randint(1, 3)}}],
    "banned": lambda rng: [{"ban_s": rng.randint(1, 3)}],
}
FILLS: dict[str, Draw] = {
    "partial": lambda rng: [{"partial": rng.choice((0, 0.3, 0.5))}],
    "before ack": lambda rng: [{"fill_before_ack": True}],
    "race": lambda rng: [{"fill_on_cancel": True}],
    "over": lambda rng: [{"overfill": rng.choice((0.1, 0.5))}],
    "mute": lambda rng: [{"silent": True}],
    "held": lambda rng: [{"hold_s": seconds(rng, 0.1, 2.5)}],
}
STREAMS: dict[str, Draw] = {
    "cut": lambda rng: [{"cut": True}],
    "stall": lambda rng: [{"stall_s": seconds(rng, 0.5, 4)}],
    "drop": lambda rng: [{"drop": rng.randint(1, 4)}],
    "twice": lambda rng: [{"duplicate": rng.randint(1, 3)}],
    "swap": lambda rng: [{"reorder": rng.randint(1, 3)}],
    "litter": lambda rng: [{"garbage": rng.choice(('{"e":', "\x00\x01", "null", "[]", '{"event": 7}', "<html>"))}],
    "trickle": lambda rng: [{"slow_bps": rng.choice((4_000, 40_000))}],
}
VENUES: dict[str, Draw] = {
    "restart": lambda rng: [{"restart": {
        "down_s": seconds(rng, 0.2, 3), "keep_orders": rng.random() < 0.5, "keep_session": rng.random() < 0.5}}],
    "skew": lambda rng: [{"clock_skew_s": rng.choice((0.4, -0.4, 1.5, -1.5, 2.2, -2.2))}],
    "maintenance": lambda rng: [{"maintenance_s": seconds(rng, 0.5, 3)}],
    "halt": lambda rng: [{"market_halt_s": seconds(rng, 0.5, 3)}],
}  # fmt: skip


class Weather(NamedTuple):
    """What can go wrong at a venue, and how it is ridden through.

    ``quick`` are arguments of the launcher, ``symbols`` what is traded. ``compare`` raises AssertionError where journal and
    truth differ. ``requests`` befall every kind of request, ``refusals`` are codes by kind, ``connects`` befall the log-on.
    """

    venue: str
    symbols: tuple[str, str]
    quick: tuple[str, ...]
    compare: Callable[[Path, RunningVenue], None]
    requests: Mapping[str, Draw]
    refusals: Mapping[str, tuple[int, ...]]
    connects: Mapping[str, Draw]
    fills: Mapping[str, Draw] = FILLS
    streams: Mapping[str, Draw] = STREAMS
    venues: Mapping[str, Draw] = VENUES


def script_of(of: Weather, seed: int, lasts_s: float = TRADES_S) -> Json:
    """Return a fault script for so many seconds: two to twelve rules of the kinds that this seed leaves on."""
    rng = Random(f"weather {seed}")
    on = [one for one in _makers(of) if rng.random() < 0.5]
    chosen = rng.sample(on, min(len(on), rng.randint(2, 12)))
    return {"seed": seed, "rules": [_rule(rng, of, *one, lasts_s) for one in chosen]}


def _makers(of: Weather) -> list[tuple[str, str, Draw]]:
    """Return every kind of trouble: its name, what it befalls, how it is drawn."""
    makers: list[tuple[str, str, Draw]] = []
    for on, codes in of.refusals.items():
        makers += [(f"{on} {name}", on, draw) for name, draw in of.requests.items()]
        makers.append((f"{on} refused", on, lambda rng, codes=codes: [{"reject": rng.choice(codes)}]))  # type: ignore[misc]
    makers += [(f"{on} {name}", on, draw) for on in ("submit", "cancel", "amend") for name, draw in of.fills.items()]
    for on, draws in (("connect", of.connects), ("stream", of.streams), ("venue", of.venues)):
        makers += [(f"{on} {name}", on, draw) for name, draw in draws.items()]
    return makers


def _rule(rng: Random, of: Weather, name: str, on: str, draw: Draw, lasts_s: float) -> Json:
    rule: Json = {"name": name, "on": on, "do": draw(rng)}
    if on == "venue":
        return rule | {"at_s": seconds(rng, 0.5, lasts_s - 1)}
    often = on == "stream"
    trigger = rng.choice(("nth", "every", "probability", "at_s"))
    if trigger == "at_s":
        return rule | {"at_s": seconds(rng, 0.5, lasts_s - 1)}
    if trigger == "nth":
        rule["nth"] = rng.randint(1, 20 if often else 10)
    elif trigger == "every":
        rule |= {"every": rng.randint(8, 40) if often else rng.randint(2, 12), "times": rng.randint(1, 6)}
    else:
        rule |= {"probability": round(rng.uniform(0.01, 0.05 if often else 0.2), 3), "times": rng.randint(1, 8)}
    if rng.random() < 0.2:
        rule["symbol"] = rng.choice(of.symbols)
    if rng.random() < 0.1:
        rule["until_s"] = seconds(rng, 2, lasts_s)
    return rule
