"""Quotes from rows that are quotes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from autotrader.market.making import QuoteMaking
from autotrader.market.numbers import HIGHEST, LOWEST, exact
from autotrader.market.source import Rows
from autotrader.model import ZERO, Quote

__all__ = ["quotes_of_quotes"]


def quotes_of_quotes(rows: Rows, making: QuoteMaking) -> Iterator[Quote]:
    """Yield one quote a row. A crossed quote is passed on as recorded, and counted: the limits are there to deny on it."""
    columns, time_of, counts, judge = making.layout.columns, making.time_of, making.counts, making.bad.judge
    venue, symbol = making.venue, making.symbol
    at, bid_at, ask_at = columns["timestamp"], columns["bid"], columns["ask"]
    bid_size_at, ask_size_at = columns.get("bid_size"), columns.get("ask_size")
    bid_size = ask_size = making.size
    last_ns = 0
    for row in rows:
        try:
            ts_ns, bid, ask = time_of(row[at]), exact(row[bid_at]), exact(row[ask_at])
            if bid_size_at is not None:
                bid_size = _size(row[bid_size_at], making.size)
            if ask_size_at is not None:
                ask_size = _size(row[ask_size_at], making.size)
            good = ts_ns >= last_ns and LOWEST < bid < HIGHEST and LOWEST < ask < HIGHEST
        except (ArithmeticError, ValueError, IndexError):
            good = False
        if not good:
            judge(row, rows.line_num, last_ns)
            continue
        if bid >= ask:
            counts.crossed += 1
        last_ns = ts_ns
        counts.quotes += 1
        yield Quote(venue, symbol, bid, ask, bid_size, ask_size, ts_ns)


def _size(cell: str, default: Decimal) -> Decimal:
    if not cell:
        return default
    size = exact(cell)
    if not ZERO <= size < HIGHEST:
        raise ValueError("out of range")
    return size
