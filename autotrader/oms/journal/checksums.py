"""The CRC-32 at the end of each row of orders, fills and positions, checked for whole tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from zlib import crc32

from autotrader.oms.journal.rows import (
    FILL_KEY,
    FILL_STORED,
    ORDER_KEY,
    ORDER_STORED,
    POSITION_COLUMNS,
    POSITION_KEY,
    Row,
    is_sound,
)

__all__ = ["unsound_row"]

CHUNK = 2_000


def unsound_row(db: sqlite3.Connection, chunk: int = CHUNK) -> str:
    """Return what is wrong with the first row whose checksum does not fit, or an empty string."""
    for table, columns, key in (
        ("order_rows", ORDER_STORED, ORDER_KEY),
        ("fill_rows", FILL_STORED, FILL_KEY),
        ("positions", POSITION_COLUMNS, POSITION_KEY),
    ):
        if (row := _Table(db, table, columns, key, chunk).first_unsound()) is not None:
            return f"the row {dict(zip(columns, row, strict=True))} of the table {table} was changed"
    return ""


class _Table:
    """Goes through a table in chunks; SQLite strings the lines of each together, without the interpreter's lock.

    Where these do not fit (an id with a line break in it will do) the rows of the chunk are read one by one: only that can
    condemn a row.
    """

    def __init__(self, db: sqlite3.Connection, table: str, columns: Sequence[str], key: Sequence[str], chunk: int) -> None:
        self._db, self._chunk = db, chunk
        self._key, self._marks = f"({', '.join(key)})", f"({', '.join('?' * len(key))})"
        order = ", ".join(key)
        self._ends = f"SELECT {order} FROM {table} {{where}} ORDER BY {order} LIMIT 1 OFFSET {chunk - 1}"
        self._rows = f"SELECT {', '.join(columns)} FROM {table} {{where}} ORDER BY {order}"
        line = " || char(31) || ".join(f"ifnull({column}, char(30))" for column in columns[:-1])
        is_other = " OR ".join(f"typeof({column}) NOT IN ('text', 'null')" for column in columns[:-1])
        lines = f"CAST(group_concat({line}, char(10)) AS BLOB), group_concat(crc), sum({is_other})"
        self._lines = f"SELECT {lines} FROM {table} {{where}}"

    def first_unsound(self) -> Row | None:
        low: Row = ()
        while True:
            high: Row = self._db.execute(*self._between(self._ends, low, ())).fetchone() or ()
            if not self._fits(low, high):
                for row in self._db.execute(*self._between(self._rows, low, high)):
                    if not is_sound(row):
                        return tuple(row)
            if not high:
                return None
            low = high

    def _between(self, query: str, low: Row, high: Row) -> tuple[str, Row]:
        bounds = [f"{self._key} {sign} {self._marks}" for sign, bound in ((">", low), ("<=", high)) if bound]
        return query.format(where=f"WHERE {' AND '.join(bounds)}" if bounds else ""), (*low, *high)

    def _fits(self, low: Row, high: Row) -> bool:
        try:
            lines, sums, others = self._db.execute(*self._between(self._lines, low, high)).fetchone()
            return lines is None or (not others and list(map(crc32, lines.split(b"\n"))) == list(map(int, sums.split(","))))
        except (sqlite3.Error, ValueError, AttributeError):
            return False
