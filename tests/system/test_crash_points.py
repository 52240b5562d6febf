"""The points at which kills strike are there: a function that was moved or renamed would never be passed."""

from importlib import import_module

import pytest
from crash_kit import BINANCE_POINTS, IBKR_POINTS, POINTS, Point

EVERY = POINTS | BINANCE_POINTS | IBKR_POINTS


@pytest.mark.parametrize("point", EVERY.values(), ids=list(EVERY))
def test_a_point_is_a_function_that_is_there(point: Point) -> None:
    place, _, path = point.target.partition(":")
    owner, _, name = path.partition(".")
    assert callable(getattr(getattr(import_module(place), owner), name, None)), point.target


def test_no_two_points_have_one_name() -> None:
    assert len(EVERY) == len(POINTS) + len(BINANCE_POINTS) + len(IBKR_POINTS)
