"""kill -9 at named points of the order path and at random instants, against a simulated TWS that loses, cuts and repeats.

After each restart orders, fills, positions and cash are the venue's to the last digit, none lost and none doubled. Forty times
by default; AUTOTRADER_TEST_KILLS sets another number.
"""

import os
from functools import partial
from pathlib import Path

import pytest
from crash_kit import IBKR_POINTS, POINTS
from ibkr_books import books_equal
from kill_kit import Rehearsal, run_group
from launcher_kit import EXAMPLES, ROOT

KILLS = int(os.environ.get("AUTOTRADER_TEST_KILLS", "40"))
QUICK = (
    "--set", "engine.cycle_time_ms=20", "--set", "risk.profile=open", "--set", "stop.timeout_s=60",
    "--set", "venues.ibkr.symbols=AAPL,MSFT", "--set", "venues.ibkr.deadline_s=1", "--set", "venues.ibkr.request_life_s=2",
    "--set", "venues.ibkr.read_timeout_s=2", "--set", "venues.ibkr.heartbeat_s=1", "--set", "venues.ibkr.books_every_s=2",
)  # fmt: skip
FAULTS = {
    "seed": 7,
    "rules": [
        {"name": "lost", "on": "submit", "every": 9, "do": [{"land": True}, {"reply": "never"}]},
        {"name": "late", "on": "submit", "every": 17, "do": [{"land_after_s": 0.2}, {"reply": "reset"}]},
        {"name": "gone", "on": "submit", "every": 11, "do": [{"land": False}, {"reply": "never"}]},
        {"name": "half", "on": "submit", "every": 5, "do": [{"partial": 0.5}]},
        {"name": "mute", "on": "submit", "every": 13, "do": [{"silent": True}]},
        {"name": "taken back", "on": "submit", "every": 23, "do": [{"bust": 1}]},
        {"name": "race", "on": "cancel", "every": 3, "do": [{"fill_on_cancel": True}]},
        {"name": "amend lost", "on": "amend", "every": 6, "do": [{"land": True}, {"reply": "never"}]},
        {"name": "cut", "on": "stream", "every": 90, "do": [{"cut": True}]},
        {"name": "twice", "on": "stream", "every": 8, "do": [{"duplicate": 1}]},
    ],
}  # fmt: skip
RARE = ("snapshot", "asked what", "TWS's books", "question")
"""Points that are passed once or twice a start."""

TRADER = ("--strategy", f"{ROOT / 'tests' / 'weather_trader.py'}:Trader", "--set", "strategy.options.notional=5000")
QUOTING = ("--strategy", f"{EXAMPLES}:TwoSidedQuoting", "--set", "strategy.options.rest_ms=20",
           "--set", "strategy.options.tolerance=0", "--set", "strategy.options.post_only=false")  # fmt: skip

REHEARSAL = Rehearsal(
    "ibkr", KILLS, [*IBKR_POINTS, *POINTS], RARE, QUICK, FAULTS, partial(books_equal, terms=False), (TRADER, QUOTING),
    in_a_row=4, beside=5,
)  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", REHEARSAL.groups)
def test_after_a_kill_the_books_are_those_of_ib(group: int, tmp_path: Path) -> None:
    run_group(REHEARSAL, group, tmp_path)
