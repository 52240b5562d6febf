"""The engine in bad weather at Binance's simulated venue: random fault scripts, then its books against the venue's.

Some seeds by default; AUTOTRADER_TEST_WEATHERS sets how many, from the seed AUTOTRADER_TEST_WEATHERS_FROM on. Three rides go
side by side, since most of their time is spent waiting.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from weather_kit import ride, script_of

from autotrader.simulator.fault_script import Effects, read_faults

BESIDE = 3
USUAL = (2, 27, 43, 46, 58, 74)
"""Between them: lost, late and limited requests, bans, refusals, halts, skew, maintenance, restarts, races, cut streams."""
GIVEN, FIRST = os.environ.get("AUTOTRADER_TEST_WEATHERS"), int(os.environ.get("AUTOTRADER_TEST_WEATHERS_FROM", "0"))
SEEDS = USUAL if GIVEN is None else tuple(range(FIRST, FIRST + int(GIVEN)))
NOT_AT_BINANCE = {"bust"}
"""Spot trades are never taken back there."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", [SEEDS[place : place + BESIDE] for place in range(0, len(SEEDS), BESIDE)], ids=str)
def test_after_the_weather_the_books_are_binances(seeds: tuple[int, ...], tmp_path: Path) -> None:
    with ThreadPoolExecutor(BESIDE) as pool:
        rides = {seed: pool.submit(ride, seed, tmp_path / str(seed)) for seed in seeds}
    for seed, ended in rides.items():
        try:
            found = ended.result()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {script_of(seed)}: {error}") from error
        print(f"seed {seed}, {found.course}: exit {found.code}, settled in {found.settled_s[1]:.1f} s, fired {found.fired}")


def test_every_kind_of_trouble_comes_up_in_some_script() -> None:
    rules = [rule for seed in range(300) for rule in read_faults(script_of(seed)).rules]
    calm = Effects()
    named = {name for rule in rules for name in Effects.__struct_fields__ if getattr(rule.do, name) != getattr(calm, name)}
    assert named == set(Effects.__struct_fields__) - NOT_AT_BINANCE
    assert {rule.on for rule in rules} == {"submit", "cancel", "amend", "query", "stream", "connect", "venue"}
    for trigger in ("nth", "every", "probability", "at_s", "symbol", "until_s", "times"):
        assert any(getattr(rule, trigger) is not None for rule in rules), trigger


def test_the_same_seed_is_the_same_weather() -> None:
    assert script_of(7) == script_of(7)
    assert script_of(7) != script_of(8)
