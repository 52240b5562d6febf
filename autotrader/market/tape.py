"""A recorded tape: what it holds, and its quotes in order."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import msgspec

from autotrader.market.bar_rows import quotes_of_bars, quotes_of_bid_ask_bars
from autotrader.market.errors import TapeError
from autotrader.market.files import HEAD_CHARS, TapeFile, open_tape
from autotrader.market.making import QuoteMaking
from autotrader.market.naming import default_lot, default_size, guess_instrument, name_words, symbol_of_name
from autotrader.market.quote_rows import quotes_of_quotes
from autotrader.market.rows import BadRows, TapeCounts
from autotrader.market.sniff import sniff_layout
from autotrader.market.source import Rows
from autotrader.market.survey import SURVEY_ROWS, Survey, survey_rows
from autotrader.market.times import is_time, time_reader
from autotrader.market.trade_rows import quotes_of_trades
from autotrader.model import Instrument, InstrumentKind, Quote

__all__ = ["Tape", "TapeEvent", "TapeSettings", "instruments_of"]

TapeEvent: TypeAlias = Quote
_TICK = Decimal("0.01")

_READERS: dict[str, Callable[[Rows, QuoteMaking], Iterator[Quote]]] = {
    "quotes": quotes_of_quotes,
    "trades": quotes_of_trades,
    "bars": quotes_of_bars,
    "bid_ask_bars": quotes_of_bid_ask_bars,
}


class TapeSettings(msgspec.Struct, frozen=True):
    """The ``market.*`` settings of a tape. What is None is told from the file's name and its first 200,000 rows.

    ``columns`` maps field (timestamp, bid, ask, open, ...) to a header name or a column number from one; ``bad_rows`` is
    "error" or "skip"; ``size`` is shown where the tape names none, ``spread`` (price units, two ticks) round bars of one price.
    """

    path: str
    venue: str = "paper"
    symbol: str | None = None
    tick: Decimal | None = None
    currency: str | None = None
    kind: InstrumentKind | None = None
    lot: Decimal | None = None
    size: Decimal | None = None
    spread: Decimal | None = None
    columns: Mapping[str, str | int] | None = None
    bad_rows: str = "error"


class Tape:
    """One tape. Iterating reads it from the beginning, a row at a time, whatever its size; one pass at a time.

    Raises TapeError on opening and, naming the line, while iterating. ``counts`` and ``fraction`` follow the current pass.
    """

    def __init__(self, settings: TapeSettings) -> None:
        if settings.bad_rows not in ("error", "skip"):
            raise TapeError(settings.path, f'market.bad_rows must be "error" or "skip", not {settings.bad_rows!r}')
        self._settings, self.path = settings, Path(settings.path)
        self.counts = TapeCounts()
        self._fraction: Callable[[], float] = float
        with open_tape(self.path) as file:
            self.layout = sniff_layout(self.path, file.text.read(HEAD_CHARS), settings.columns)
        with open_tape(self.path) as file:
            self._time_of = self._time_reader(self._rows(file))
        with open_tape(self.path) as file:
            survey = survey_rows(self._rows(file), self.layout, self._time_of, SURVEY_ROWS)
        if survey.first_ns is None or survey.first_price is None:
            raise TapeError(self.path, "holds no row with a time and a price")
        self.start_ns, self._bar_ns = survey.first_ns, survey.bar_ns
        self.instrument, self.size = _instrument_of(settings, self.path, survey, survey.first_price)

    def __iter__(self) -> Iterator[TapeEvent]:
        """Yield the quotes from the beginning."""
        self.counts = counts = TapeCounts()
        with open_tape(self.path) as file:
            self._fraction, rows = file.fraction, self._rows(file)
            try:
                yield from _READERS[self.layout.kind](rows, self._making(counts))
            except csv.Error as e:
                raise TapeError(self.path, f"no table any more ({e})", line=rows.line_num) from e
            finally:
                self._fraction = _constant(file.fraction())
        if counts.quotes == 0:
            raise TapeError(self.path, f"gave no quote ({counts.skipped} bad rows); trades must show both sides")

    def quotes(self, now_ns: int) -> Iterator[TapeEvent]:  # noqa: ARG002
        """Yield the quotes from the beginning, at their own times whatever the time is."""
        return iter(self)

    @property
    def skipped(self) -> int:
        """Return how many rows of the current pass were left out as wrong."""
        return self.counts.skipped

    @property
    def fraction(self) -> float:
        """Return the share of the file that the current pass has read, by bytes; for the thread that iterates."""
        return self._fraction()

    def _rows(self, file: TapeFile) -> Rows:
        rows = csv.reader(file.text, delimiter=self.layout.delimiter)
        if self.layout.has_header:
            next(row for row in rows if any(row))
        return rows

    def _time_reader(self, rows: Rows) -> Callable[[str], int]:
        column, seen = self.layout.columns["timestamp"], [row for row in islice(rows, 100) if any(row)]
        cells = [row[column] for row in seen if column < len(row)]
        if not cells:
            raise TapeError(self.path, "holds no rows after the header" if not seen else "holds no row that is long enough")
        try:
            return time_reader(next((cell for cell in cells if is_time(cell)), cells[0]))
        except ValueError as e:
            raise TapeError(self.path, str(e), line=rows.line_num - len(seen) + 1, column=self.layout.name("timestamp")) from e

    def _making(self, counts: TapeCounts) -> QuoteMaking:
        tick, s = self.instrument.tick, self._settings
        bad = BadRows(self.path, self.layout, self._time_of, skip=s.bad_rows == "skip", counts=counts)
        return QuoteMaking(venue=s.venue, symbol=self.instrument.symbol, layout=self.layout, time_of=self._time_of, bad=bad,
                           counts=counts, tick=tick, size=self.size, spread=2 * tick if s.spread is None else s.spread,
                           bar_ns=self._bar_ns)


def _instrument_of(settings: TapeSettings, path: Path, survey: Survey, price: Decimal) -> tuple[Instrument, Decimal]:
    guess = guess_instrument(
        settings.venue, settings.symbol or symbol_of_name(path), name_words(path), tick=settings.tick or survey.tick or _TICK,
        currency=settings.currency, kind=settings.kind,
    )
    lot = settings.lot or _seen_lot(guess.kind, survey) or default_lot(guess.kind, price)
    return msgspec.structs.replace(guess, lot=lot), settings.size or default_size(guess.kind, price, lot)


def _constant(number: float) -> Callable[[], float]:
    return lambda: number


def _seen_lot(kind: InstrumentKind, survey: Survey) -> Decimal | None:
    return None if kind is InstrumentKind.FX or survey.lot is None else max(survey.lot, Decimal("0.00000001"))


def instruments_of(settings: TapeSettings) -> tuple[Instrument, ...]:
    """Return what the tape trades, for the venue that it feeds; opens the file and looks at its beginning."""
    return (Tape(settings).instrument,)
