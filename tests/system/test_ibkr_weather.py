"""The engine in bad weather at a simulated TWS: random fault scripts, then its books against the venue's.

Some seeds by default; see ``weather_kit.groups`` for more of them.
"""

from pathlib import Path

import pytest
from ibkr_weather import IBKR
from weather_kit import groups, ride_beside, troubles
from weather_scripts import script_of

from autotrader.simulator.fault_script import Effects

USUAL = (1, 2, 3, 4, 5, 6)
"""Between them: fair, foul and early courses, lost and late requests, bans, busts, halts, restarts and cut links."""
NOT_THERE: set[str] = set()
"""TWS has them all."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", groups(USUAL), ids=str)
def test_after_the_weather_the_books_are_those_of_ib(seeds: tuple[int, ...], tmp_path: Path) -> None:
    ride_beside(IBKR, seeds, tmp_path)


def test_every_kind_of_trouble_comes_up_in_some_script() -> None:
    rules, named = troubles(IBKR)
    assert named == set(Effects.__struct_fields__) - NOT_THERE
    assert {rule.on for rule in rules} == {"submit", "cancel", "amend", "query", "stream", "connect", "venue"}
    for trigger in ("nth", "every", "probability", "at_s", "symbol", "until_s", "times"):
        assert any(getattr(rule, trigger) is not None for rule in rules), trigger


def test_the_same_seed_is_the_same_weather() -> None:
    assert script_of(IBKR, 7) == script_of(IBKR, 7)
    assert script_of(IBKR, 7) != script_of(IBKR, 8)
