"""Tells a tape's layout from its first rows, or from ``market.columns``."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from autotrader.market.errors import TapeError
from autotrader.market.layout import FIELDS, KINDS, Layout, fields_of_header, kind_of_fields
from autotrader.market.times import is_time

__all__ = ["sniff_layout"]

_EXPECTED = (
    "expected Binance trades, aggTrades, klines or bookTicker, quotes (timestamp, bid, ask), bars (timestamp, open, high, low, "
    "close), bid and ask bars, or trades (timestamp, price, side); name the columns with market.columns"
)


def sniff_layout(path: Path, head: str, columns: Mapping[str, str | int] | None = None) -> Layout:
    """Tell the layout from the head of the text; ``columns`` maps field to a header name or a column number from one."""
    if not head.strip():
        raise TapeError(path, "holds no rows")
    if "\0" in head:
        raise TapeError(path, "is not text: it holds zero bytes; save it as plain CSV in UTF-8")
    if "\n" not in head and "\r" not in head and len(head) > 4096:
        raise TapeError(path, "has no line ends in its first part, so it is no table")
    delimiter, rows = _first_rows(head)
    if len(rows[0]) < 3:
        raise TapeError(path, f"one row has {len(rows[0])} column(s), {rows[0]!r}; columns are parted by , ; | or tab", line=1)
    header = tuple(cell.strip() for cell in rows[0]) if _is_header(rows[0]) else ()
    if columns:
        return _mapped(path, columns, header, len(rows[0]), delimiter)
    if header:
        return _from_header(path, header, delimiter)
    return _from_shape(path, rows, delimiter)


def _first_rows(head: str) -> tuple[str, list[list[str]]]:
    first = next(line for line in head.splitlines() if line.strip())
    delimiter = max(",;\t|", key=first.count)
    lines = head.splitlines(keepends=True)
    whole = lines[:-1] if len(lines) > 1 and not lines[-1].endswith(("\n", "\r")) else lines
    rows = [row for row in csv.reader(io.StringIO("".join(whole[:50]), newline=""), delimiter=delimiter) if any(row)]
    return delimiter, rows


def _is_header(row: Sequence[str]) -> bool:
    return not any(_is_number(cell) or is_time(cell.strip()) for cell in row)


def _from_header(path: Path, header: tuple[str, ...], delimiter: str) -> Layout:
    fields = fields_of_header(header)
    kind = kind_of_fields(fields)
    if kind is None:
        raise TapeError(path, f"the header {', '.join(header)} says nothing known; {_EXPECTED}", line=1)
    return Layout(kind=kind, form=f"{kind.replace('_', ' ')} with a header", columns=fields, names=header, delimiter=delimiter,
                  has_header=True)


def _mapped(path: Path, columns: Mapping[str, str | int], header: tuple[str, ...], width: int, delimiter: str) -> Layout:
    unknown = sorted(set(columns) - FIELDS)
    if unknown:
        raise TapeError(path, f"market.columns names {', '.join(unknown)}; it may name {', '.join(sorted(FIELDS))}")
    fields = {field: _column(path, field, where, header, width) for field, where in columns.items()}
    fields = {**fields_of_header(header), **fields}
    kind = kind_of_fields(fields)
    if kind is None:
        needs = "; or ".join(", ".join(needed) for needed in KINDS.values())
        raise TapeError(path, f"market.columns gives {', '.join(sorted(fields))}; it must give {needs} (trades: and side)")
    return Layout(kind=kind, form=f"{kind.replace('_', ' ')} by market.columns", columns=fields, names=header,
                  delimiter=delimiter, has_header=bool(header))


def _column(path: Path, field: str, where: str | int, header: tuple[str, ...], width: int) -> int:
    if isinstance(where, str) and where in header:
        return header.index(where)
    number = int(where) if str(where).isdecimal() else 0
    if 1 <= number <= width:
        return number - 1
    known = ", ".join(header) if header else f"numbers from 1 to {width}"
    raise TapeError(path, f"market.columns.{field} is {where!r}, which is no column of it: {known}")


def _from_shape(path: Path, rows: list[list[str]], delimiter: str) -> Layout:
    row = [cell.strip() for cell in rows[0]]
    for form, fits, kind, columns in _SHAPES:
        if fits(row):
            return Layout(kind=kind, form=form, columns=columns, names=(), delimiter=delimiter, has_header=False)
    raise TapeError(path, f"no header, and the row {','.join(row)} has no known shape; {_EXPECTED}", line=1)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_word(cell: str) -> bool:
    return cell.lower() in ("true", "false")


def _numbers(row: Sequence[str]) -> bool:
    return all(map(_is_number, row))


def _is_bar(row: Sequence[str]) -> bool:
    if not _numbers(row[1:5]):
        return False
    first, high, low, last = map(float, row[1:5])
    return low <= min(first, last) <= max(first, last) <= high


_BAR = {"timestamp": 0, "open": 1, "high": 2, "low": 3, "close": 4}
_Fits = Callable[[Sequence[str]], bool]
# form, whether a row has its shape, kind, columns: https://github.com/binance/binance-public-data for Binance's own
_SHAPES: tuple[tuple[str, _Fits, str, dict[str, int]], ...] = (
    ("Binance trades", lambda r: len(r) in (6, 7) and is_time(r[4]) and _is_word(r[5]), "trades",
     {"timestamp": 4, "price": 1, "quantity": 2, "buyer_is_maker": 5}),
    ("Binance aggTrades", lambda r: len(r) in (7, 8) and is_time(r[5]) and _is_word(r[6]), "trades",
     {"timestamp": 5, "price": 1, "quantity": 2, "buyer_is_maker": 6}),
    ("Binance klines", lambda r: len(r) == 12 and is_time(r[0]) and is_time(r[6]) and _is_bar(r), "bars", _BAR),
    ("ticks", lambda r: len(r) in (3, 4) and is_time(r[0]) and _numbers(r[1:]), "quotes", {"timestamp": 0, "bid": 1, "ask": 2}),
    ("ticks behind a symbol", lambda r: len(r) in (4, 5) and not _is_number(r[0]) and is_time(r[1]) and _numbers(r[2:]),
     "quotes", {"timestamp": 1, "bid": 2, "ask": 3}),
    ("bars", lambda r: len(r) in (5, 6, 7) and is_time(r[0]) and _is_bar(r), "bars", _BAR),
    ("Binance bookTicker", lambda r: len(r) in (6, 7) and _numbers(r) and is_time(r[5]) and not is_time(r[1]), "quotes",
     {"timestamp": 5, "bid": 1, "bid_size": 2, "ask": 3, "ask_size": 4}),
)
