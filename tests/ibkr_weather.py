"""What can go wrong at TWS: messages that are lost, late or twice, links that end, trades that are taken back."""

from __future__ import annotations

from ibkr_books import books_equal
from weather_scripts import FILLS, REQUESTS_ANYWHERE, Draw, Weather, lost, seconds

__all__ = ["IBKR"]

QUICK = (
    "--set", "engine.cycle_time_ms=60", "--set", "risk.profile=open", "--set", "strategy.options.notional=5000",
    "--set", "engine.sweep_s=4", "--set", "stop.timeout_s=30", "--set", "venues.ibkr.symbols=AAPL,MSFT",
    "--set", "venues.ibkr.deadline_s=1", "--set", "venues.ibkr.request_life_s=5", "--set", "venues.ibkr.read_timeout_s=2",
    "--set", "venues.ibkr.heartbeat_s=1", "--set", "venues.ibkr.books_every_s=2",
)  # fmt: skip
REQUESTS: dict[str, Draw] = {
    "lost": lost(("never", "reset", "cut", "empty", "slow")),
    **REQUESTS_ANYWHERE,
}
REFUSALS = {
    "submit": (201, 110, 200, 133, 321, 399, 463), "cancel": (161, 10147, 10148, 135), "amend": (201, 104, 110, 329, 2102, 134),
    "query": (321, 322),
}  # fmt: skip
"""One that only warns (399), too: the order then works, or never came."""
CONNECTS: dict[str, Draw] = {
    "lost": lambda rng: [{"reply": rng.choice(("reset", "never", "empty", "cut"))}],
    "late": lambda rng: [{"delay_s": seconds(rng, 0.1, 2)}],
    "refused": lambda rng: [{"reject": rng.choice((326, 502, 504))}],
}

IBKR = Weather(
    "ibkr", ("AAPL", "MSFT"), QUICK, books_equal, REQUESTS, REFUSALS, CONNECTS,
    fills={**FILLS, "bust": lambda rng: [{"bust": rng.randint(1, 2)}]},
)  # fmt: skip
