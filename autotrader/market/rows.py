"""What happens to a tape's rows that cannot be right: an error that names line and column, or counted and left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from autotrader.market.errors import TapeError
from autotrader.market.layout import Layout
from autotrader.market.numbers import HIGHEST, LOWEST

__all__ = ["BadRows", "TapeCounts"]


class TapeCounts:
    """How a pass over a tape went so far. Written by the reading thread, readable from any."""

    __slots__ = ("crossed", "first_skipped", "quotes", "skipped")

    def __init__(self) -> None:
        self.quotes = self.skipped = self.crossed = 0
        self.first_skipped = ""


class BadRows:
    """Judges rows that a reader could not take: raises TapeError, or counts them where ``skip`` is set."""

    def __init__(self, path: Path, layout: Layout, time_of: Callable[[str], int], *, skip: bool, counts: TapeCounts) -> None:
        self._path, self._layout, self._time_of, self._skip, self._counts = path, layout, time_of, skip, counts

    def judge(self, row: Sequence[str], line: int, last_ns: int) -> None:
        """Raise TapeError or count; an empty line is neither right nor wrong."""
        if not any(cell.strip() for cell in row):
            return
        error = self._error(row, line, last_ns)
        if not self._skip:
            raise error
        self._counts.skipped += 1
        self._counts.first_skipped = self._counts.first_skipped or str(error)

    def _error(self, row: Sequence[str], line: int, last_ns: int) -> TapeError:
        for field in self._layout.columns:
            index = self._layout.columns[field]
            problem = self._problem(field, row[index], last_ns) if index < len(row) else f"the row ends before it: {row!r}"
            if problem:
                return TapeError(self._path, problem, line=line, column=self._layout.name(field))
        return TapeError(self._path, f"high and low do not enclose open and close in {row!r}", line=line)

    def _problem(self, field: str, cell: str, last_ns: int) -> str:
        if field == "timestamp":
            return self._time_problem(cell, last_ns)
        if field in ("buyer_is_maker", "side"):
            words = "True or False" if field == "buyer_is_maker" else "BUY or SELL"
            return "" if cell.strip().lower() in _WORDS[field] else f"expected {words}, found {cell!r}"
        return _number_problem(cell, positive=field in self._layout.prices)

    def _time_problem(self, cell: str, last_ns: int) -> str:
        try:
            back_ns = last_ns - self._time_of(cell)
        except (ArithmeticError, ValueError) as e:
            return f"expected a time like the rows before, found {cell!r} ({e})"
        return f"goes back in time by {back_ns / 1e9:g} s; sort the tape by time" if back_ns > 0 else ""


_WORDS = {"buyer_is_maker": ("true", "false", "1", "0"), "side": ("buy", "sell", "b", "s", "bid", "ask")}


def _number_problem(cell: str, *, positive: bool) -> str:
    if not cell.strip() and not positive:
        return ""
    try:
        number = Decimal(cell)
        if LOWEST < number < HIGHEST or (number == 0 and not positive):
            return ""
    except ArithmeticError:
        pass
    return f"expected a {'positive' if positive else 'size, zero or a positive'} number, found {cell!r}"
