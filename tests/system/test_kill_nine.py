"""kill -9 at random instants: after the restart, orders, fills and positions are the venue's, none lost and none doubled.

Eight times by default; AUTOTRADER_TEST_KILLS sets another number.
"""

import os
import threading
from pathlib import Path
from random import Random

import pytest
from launcher_kit import EXAMPLES, books_agree, launch, ledger, running, verb

KILLS = int(os.environ.get("AUTOTRADER_TEST_KILLS", "8"))
BASES = {"BTCUSDT": "BTC", "ETHUSDT": "ETH", "SOLUSDT": "SOL"}
FAST = ("--set", "engine.cycle_time_ms=2", "--set", "market.rate=300", "--set", "risk.profile=open")
RESTING = ("--strategy", f"{EXAMPLES}:TwoSidedQuoting", "--set", "strategy.options.rest_ms=3",
           "--set", "strategy.options.tolerance=0")
CROSSING = ("--strategy", f"{EXAMPLES}:MovingAverageCross")
LATE = ("--set", "venues.paper.latency_ms=3", "--set", "venues.paper.reply_latency_ms=4",
        "--set", "venues.paper.fill_delay_ms=5")
LOST = ("--set", "venues.paper.lost_reply_probability=0.05", "--set", "venues.paper.reply_timeout_s=0.3")
FAULTS = """{"seed": 7, "rules": [
  {"name": "lost", "on": "submit", "every": 9, "do": [{"land": true}, {"reply": "never"}]},
  {"name": "late", "on": "submit", "every": 7, "do": [{"land_after_s": 0.2}, {"reply": "reset"}]},
  {"name": "gone", "on": "submit", "every": 11, "do": [{"land": false}, {"reply": {"status": 502, "body": "<html>"}}]},
  {"name": "half", "on": "submit", "every": 5, "do": [{"partial": 0.5}]},
  {"name": "race", "on": "cancel", "every": 3, "do": [{"fill_on_cancel": true}]},
  {"name": "mute", "on": "submit", "every": 13, "do": [{"silent": true}]}
]}"""
WEATHERS = {"calm": (), "late": LATE, "lost": LATE + LOST, "faults": ("--set", "venues.paper.faults=faults.json")}


def writes(journal: Path) -> int:
    """Return how many orders and amends the venue has been sent."""
    requests = ledger(journal)["requests"]
    return int(requests.get("submit", 0)) + int(requests.get("amend", 0))


@pytest.mark.parametrize("number", range(KILLS))
def test_after_a_kill_the_books_are_the_venues(number: int, tmp_path: Path) -> None:
    rng = Random(number)
    weather = list(WEATHERS)[number % len(WEATHERS)]
    (tmp_path / "faults.json").write_text(FAULTS)
    journal = tmp_path / "j.db"
    strategy = RESTING if number // len(WEATHERS) % 2 == 0 else CROSSING
    policy = ("--set", f"stop.policy={rng.choice(('cancel', 'leave'))}")
    arguments = (*FAST, *strategy, *WEATHERS[weather], "--set", f"market.seed={number + 1}", *policy)
    for _ in range(1 + number // 8 % 3):
        before = writes(journal)
        with running(journal, *arguments) as run:
            run.until(lambda before=before: writes(journal) > before)
            threading.Event().wait(rng.random() * 1.2)
            run.kill_hard()
    after = launch(journal, *FAST, *CROSSING, "--set", "engine.cycle_time_ms=200", *policy, "--duration", "0.5")
    assert after.process.returncode == 0, after.said
    assert after.summary["clean"] is True
    orders, _ = books_agree(journal, bases=BASES, amends_lost=weather == "lost")
    assert orders
    assert verb("verify", journal=journal)["ok"] is True
