"""The random-interleaving check: whatever the wires and the venue do, the books end equal to the venue's.

AUTOTRADER_INTERLEAVINGS says how many seeded runs (default 3,500), AUTOTRADER_SEED where they begin.
"""

from __future__ import annotations

import os

import pytest
from order_venue import FAULTS, Run, play

RUNS = int(os.environ.get("AUTOTRADER_INTERLEAVINGS", "3500"))
FIRST = int(os.environ.get("AUTOTRADER_SEED", "0"))
PARTS = 10
ONCE_WRONG = (3, 165, 200, 209, 285, 1_024_900, 1_083_442, 1_106_025, 1_151_701, 1_181_239)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_books_end_equal_to_the_venues(part: int) -> None:
    for seed in range(FIRST + part, FIRST + RUNS, PARTS):
        play(seed)


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_what_once_went_wrong_goes_right(seed: int) -> None:
    play(seed)


def test_every_fault_fires() -> None:
    fired: set[str] = set()

    class Noting(Run):
        def chance(self, fault: str, share: float) -> bool:
            hit = super().chance(fault, share)
            if hit:
                fired.add(fault)
            return hit

    for seed in range(200):
        run = Noting(seed, frozenset(FAULTS))
        run.play()
        run.check()
    by_move = {"cut", "restart", "evict", "kill", "replace"}
    assert fired | by_move == set(FAULTS)


def test_each_fault_alone_is_survived() -> None:
    for fault in FAULTS:
        for seed in range(20):
            run = Run(seed, frozenset({fault}))
            run.play()
            run.check()


def test_a_run_is_decided_by_its_seed() -> None:
    first, second = play(11), play(11)
    assert first.journal == second.journal
    assert first.books.export() == second.books.export()
