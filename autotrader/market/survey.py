"""What a look at a tape's beginning tells: price and quantity steps, first price and time, how long a bar lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import islice
from math import gcd

import msgspec

from autotrader.market.layout import Layout
from autotrader.market.numbers import HIGHEST, LOWEST, NOISE_STEP, exact
from autotrader.market.source import Rows

__all__ = ["SURVEY_ROWS", "Steps", "Survey", "survey_rows"]

SURVEY_ROWS = 200_000
_DEFAULT_BAR_NS = 60_000_000_000
_UNITS = (10_000, 12_500, 15_625, 20_000, 25_000, 31_250, 50_000, 62_500)
_SCALED = {unit * 10**power for unit in _UNITS for power in range(15)}
_STEPS = sorted((scaled // 10**8 for scaled in _SCALED if scaled % 10**8 == 0 and scaled <= 10**18), reverse=True)


class Survey(msgspec.Struct, frozen=True):
    """``tick`` and ``lot`` are the smallest steps seen, None where nothing was seen to tell them."""

    tick: Decimal | None
    lot: Decimal | None
    first_price: Decimal | None
    first_ns: int | None
    bar_ns: int


class Steps:
    """Finds the step of which every number seen is a multiple."""

    def __init__(self) -> None:
        self._step, self._seen = 0, set[str]()

    def see(self, text: str) -> None:
        """Take a number in; text that is none, or is out of range, is passed over."""
        if text in self._seen:
            return
        if len(self._seen) < 100_000:
            self._seen.add(text)
        try:
            number = exact(text)
            if LOWEST < number < HIGHEST:
                self._step = gcd(self._step, int((number / NOISE_STEP).to_integral_value()))
        except ArithmeticError:
            return

    @property
    def step(self) -> Decimal | None:
        """Return the step: the largest that venues use (1, 1.25, 2, 2.5, 5 and sixty-fourths, by powers of ten) up to 1.

        The mere common divisor of a few prices would be odd, as 66.5 is; None while nothing was seen.
        """
        if not self._step:
            return None
        units = next(units for units in _STEPS if self._step % units == 0)
        return Decimal(format((units * NOISE_STEP).normalize(), "f"))


def survey_rows(rows: Rows, layout: Layout, time_of: Callable[[str], int], limit: int = SURVEY_ROWS) -> Survey:
    """Look at the first rows; wrong ones are passed over here, the reader judges them."""
    prices, sizes = Steps(), Steps()
    price_columns = [layout.columns[field] for field in layout.prices]
    size_columns = [layout.columns[field] for field in ("bid_size", "ask_size", "quantity") if field in layout.columns]
    at, first_price, times = layout.columns["timestamp"], None, list[int]()
    for row in islice(rows, limit):
        if len(row) <= max(price_columns):
            continue
        for column in price_columns:
            prices.see(row[column])
        for column in size_columns:
            sizes.see(row[column] if column < len(row) else "")
        first_price = first_price or _price(row[price_columns[0]])
        if len(times) < 1_000:
            times.extend(_time(row, at, time_of))
    return Survey(tick=prices.step, lot=sizes.step, first_price=first_price, first_ns=times[0] if times else None,
                  bar_ns=_bar_ns(times))


def _price(cell: str) -> Decimal | None:
    try:
        price = exact(cell)
        return price if LOWEST < price < HIGHEST else None
    except ArithmeticError:
        return None


def _time(row: Sequence[str], at: int, time_of: Callable[[str], int]) -> list[int]:
    try:
        return [time_of(row[at])]
    except (ArithmeticError, ValueError, IndexError):
        return []


def _bar_ns(times: Sequence[int]) -> int:
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False) if later > earlier]
    return min(gaps, default=_DEFAULT_BAR_NS)
