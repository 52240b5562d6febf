"""Quotes from bars: a price path of four points a bar.

open, then the extreme nearer to the open, then the further one, then the close; at 0, 1/4, 2/4 and 3/4 of the bar, whose time
stamp is taken as its beginning. A tie goes to the low. Bars of one price show ``spread`` round it; bid and ask bars show their
own, and the order of their extremes is the bid's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from autotrader.market.layout import BAR_FIELDS
from autotrader.market.making import QuoteMaking
from autotrader.market.numbers import HIGHEST, LOWEST, exact
from autotrader.market.source import Rows
from autotrader.model import Quote

__all__ = ["path_of_bar", "quotes_of_bars", "quotes_of_bid_ask_bars"]

_Bar = tuple[Decimal, Decimal, Decimal, Decimal]
_Path = list[tuple[Decimal, Decimal]]


def path_of_bar(bar: _Bar) -> tuple[int, int, int, int]:
    """Return the order in which the fields of (open, high, low, close) are met."""
    return (0, 1, 2, 3) if bar[1] - bar[0] < bar[0] - bar[2] else (0, 2, 1, 3)


def quotes_of_bars(rows: Rows, making: QuoteMaking) -> Iterator[Quote]:
    """Yield four quotes a bar of last prices: the bid half the spread below, at least one tick above zero."""
    columns = tuple(making.layout.columns[field] for field in BAR_FIELDS)
    below, spread, tick = making.spread / 2 // making.tick * making.tick, making.spread, making.tick

    def points(row: Sequence[str]) -> _Path | None:
        bar = _bar(row, columns)
        if bar is None:
            return None
        bids = [max(bar[i] - below, tick) for i in path_of_bar(bar)]
        return [(bid, bid + spread) for bid in bids]

    return _walk(rows, making, points)


def quotes_of_bid_ask_bars(rows: Rows, making: QuoteMaking) -> Iterator[Quote]:
    """Yield four quotes a bar of bids and asks. What is crossed in the recording stays crossed, and is counted."""
    bid_columns = tuple(making.layout.columns[f"bid_{field}"] for field in BAR_FIELDS)
    ask_columns = tuple(making.layout.columns[f"ask_{field}"] for field in BAR_FIELDS)

    def points(row: Sequence[str]) -> _Path | None:
        bids, asks = _bar(row, bid_columns), _bar(row, ask_columns)
        if bids is None or asks is None:
            return None
        return [(bids[i], asks[i]) for i in path_of_bar(bids)]

    return _walk(rows, making, points)


def _bar(row: Sequence[str], columns: tuple[int, ...]) -> _Bar | None:
    first, high, low, last = [exact(row[i]) for i in columns]
    good = LOWEST < low <= high < HIGHEST and low <= first <= high and low <= last <= high
    return (first, high, low, last) if good else None


def _walk(rows: Rows, making: QuoteMaking, points: Callable[[Sequence[str]], _Path | None]) -> Iterator[Quote]:
    at, time_of, counts, judge = making.layout.columns["timestamp"], making.time_of, making.counts, making.bad.judge
    venue, symbol, size, step_ns = making.venue, making.symbol, making.size, making.bar_ns // 4
    last_ns = told_ns = 0
    for row in rows:
        try:
            ts_ns, path = time_of(row[at]), points(row)
            good = ts_ns >= last_ns and path is not None
        except (ArithmeticError, ValueError, IndexError):
            good = False
        if not good or path is None:
            judge(row, rows.line_num, last_ns)
            continue
        last_ns = ts_ns
        for number, (bid, ask) in enumerate(path):
            counts.quotes += 1
            counts.crossed += bid >= ask
            told_ns = max(told_ns, ts_ns + number * step_ns)  # a bar shorter than the others
            yield Quote(venue, symbol, bid, ask, size, size, told_ns)
