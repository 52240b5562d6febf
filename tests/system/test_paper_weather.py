"""The engine in bad weather at the paper venue: random fault scripts, then its books against the venue's own.

Some seeds by default; see ``weather_kit.groups`` for more of them.
"""

from pathlib import Path

import pytest
from paper_weather import PAPER, ride
from weather_kit import groups, ride_beside

USUAL = (4, 7, 9)
"""Between them: lost, late and limited requests, a ban, overfills, races, an untold trade, a restart, a halt."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", groups(USUAL), ids=str)
def test_after_the_weather_the_books_are_those_of_the_paper_venue(seeds: tuple[int, ...], tmp_path: Path) -> None:
    ride_beside(PAPER, seeds, tmp_path, ride)
