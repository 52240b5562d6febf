"""kill -9 at named points of the order path and at random instants, against Binance's simulated venue in bad weather.

After each restart orders, fills, positions and balances are the venue's to the last digit, none lost and none doubled. Sixty
times by default; AUTOTRADER_TEST_KILLS sets another number.
"""

import os
from functools import partial
from pathlib import Path

import pytest
from binance_books import books_equal
from crash_kit import BINANCE_POINTS, POINTS
from kill_kit import Rehearsal, run_group

KILLS = int(os.environ.get("AUTOTRADER_TEST_KILLS", "60"))
QUICK = (
    "--set", "engine.cycle_time_ms=10", "--set", "risk.profile=open", "--set", "venues.binance.deadline_s=1",
    "--set", "stop.timeout_s=25", "--set", "venues.binance.request_life_s=2", "--set", "venues.binance.recv_window_ms=1000",
)  # fmt: skip
FAULTS = {
    "seed": 7,
    "rules": [
        {"name": "lost", "on": "submit", "every": 9, "do": [{"land": True}, {"reply": "never"}]},
        {"name": "late", "on": "submit", "every": 7, "do": [{"land_after_s": 0.2}, {"reply": "reset"}]},
        {"name": "gone", "on": "submit", "every": 11,
         "do": [{"land": False}, {"reply": {"status": 502, "body": "<html>bad gateway</html>"}}]},
        {"name": "half", "on": "submit", "every": 5, "do": [{"partial": 0.5}]},
        {"name": "race", "on": "cancel", "every": 3, "do": [{"fill_on_cancel": True}]},
        {"name": "mute", "on": "submit", "every": 13, "do": [{"silent": True}]},
        {"name": "amend lost", "on": "amend", "every": 6, "do": [{"land": True}, {"reply": "cut"}]},
        {"name": "cut", "on": "stream", "every": 25, "do": [{"cut": True}]},
        {"name": "twice", "on": "stream", "every": 8, "do": [{"duplicate": 1}]},
    ],
}  # fmt: skip
RARE = ("snapshot", "subscribed", "books", "query")
"""Points that are passed once or twice a start."""

REHEARSAL = Rehearsal("binance", KILLS, [*POINTS, *BINANCE_POINTS], RARE, QUICK, FAULTS, partial(books_equal, terms=False))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", REHEARSAL.groups)
def test_after_a_kill_the_books_are_binances(group: int, tmp_path: Path) -> None:
    run_group(REHEARSAL, group, tmp_path)
