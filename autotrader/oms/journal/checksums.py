"""The CRC-32 at the end of each row of orders, fills and positions, checked for whole tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from zlib import crc32

from autotrader.oms.journal.rows import (
    FILL_COLUMNS,
    FILL_KEY,
    ORDER_COLUMNS,
    ORDER_KEY,
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
        ("orders", ORDER_COLUMNS, ORDER_KEY),
        ("fills", FILL_COLUMNS, FILL_KEY),
        ("positions", POSITION_COLUMNS, POSITION_KEY),
    ):
        if (row := _Table(db, table, columns, key, chunk).first_unsound()) is not None:
            return f"the row {dict(zip(columns, row, strict=True))} of the table {table} was changed"
    return ""


class _Table:
    """Goes through a table in chunks; SQLite writes each as JSON, without the interpreter's lock.

    Where that is not what the checksums were made of (an SQLite without JSON, or one that escapes a rare character in its own
    way) the rows of the chunk are read one by one: only they can condemn a row.
    """

    def __init__(self, db: sqlite3.Connection, table: str, columns: Sequence[str], key: Sequence[str], chunk: int) -> None:
        self._db, self._chunk = db, chunk
        self._key, self._marks = f"({', '.join(key)})", f"({', '.join('?' * len(key))})"
        order = ", ".join(key)
        self._ends = f"SELECT {order} FROM {table} {{where}} ORDER BY {order} LIMIT 1 OFFSET {chunk - 1}"
        self._rows = f"SELECT {', '.join(columns)} FROM {table} {{where}} ORDER BY {order}"
        values = f"json_array({', '.join(columns[:-1])})"
        self._lines = f"SELECT CAST(group_concat({values}, char(10)) AS BLOB), group_concat(crc) FROM {table} {{where}}"

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
            lines, sums = self._db.execute(*self._between(self._lines, low, high)).fetchone()
            return lines is None or list(map(crc32, lines.split(b"\n"))) == list(map(int, sums.split(",")))
        except (sqlite3.Error, ValueError, AttributeError):
            return False
