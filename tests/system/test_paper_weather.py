"""The engine in bad weather at the paper venue: random fault scripts, then its books against the venue's own.

Some seeds by default; see ``weather_kit.groups`` for more of them.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from paper_weather import PAPER, ride
from weather_kit import groups
from weather_scripts import script_of

USUAL = (4, 7, 9)
"""Between them: lost, late and limited requests, a ban, overfills, races, an untold trade, a restart, a halt."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", groups(USUAL), ids=str)
def test_after_the_weather_the_books_are_those_of_the_paper_venue(seeds: tuple[int, ...], tmp_path: Path) -> None:
    with ThreadPoolExecutor(len(seeds)) as pool:
        rides = {seed: pool.submit(ride, seed, tmp_path / str(seed)) for seed in seeds}
    for seed, ended in rides.items():
        try:
            orders, fills = ended.result()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {script_of(PAPER, seed)}: {error}") from error
        assert orders > 0
        print(f"seed {seed}: {orders} orders, {fills} fills")
