"""Verify a journal in full: pages, chain, head, and every table against the fold of the events."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path

import msgspec

from autotrader.errors import JournalError
from autotrader.model import DONE_STATES, OrderUpdate
from autotrader.oms.book import Books
from autotrader.oms.evidence import VENUE_LAG_NS
from autotrader.oms.journal.check import Damage, IntegrityCheck, check_chain, check_head, check_tables
from autotrader.oms.journal.head import read_head
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.readonly import open_readonly
from autotrader.oms.journal.refold import refold
from autotrader.oms.journal.restore import events_after, load_books, recall_before
from autotrader.oms.journal.rows import (
    FILL_KEY,
    FILL_STORED,
    ORDER_KEY,
    ORDER_STORED,
    POSITION_COLUMNS,
    POSITION_KEY,
    fill_row,
    order_row,
    position_row,
)
from autotrader.oms.journal.schema import UNREADABLE

__all__ = ["VerifyReport", "verify"]


class VerifyReport(msgspec.Struct, frozen=True):
    """What ``autotrader verify`` prints. ``first_bad_sequence`` is None when all is well or the damage is beside the events."""

    ok: bool
    events: int
    first_bad_sequence: int | None
    detail: str


def verify(path: Path | str, *, lag_ns: int | Mapping[str, int] = VENUE_LAG_NS) -> VerifyReport:
    """Check everything and write nothing; also beside a running engine. ``lag_ns`` is what the order manager ran with.

    Raises ``JournalError`` when there is no journal; whatever is wrong with one is in the report.
    """
    path = Path(path)
    events = 0
    try:
        noted = read_head(path)
        with Reader(path) as reader:
            db = reader.connection()
            db.execute("BEGIN")  # one state of the file, whatever an engine writes meanwhile
            with IntegrityCheck(lambda: open_readonly(path)) as integrity:
                meta = reader.meta()
                walk = check_chain(db, meta)
                events = walk.sequence - meta.base_sequence
                check_head((walk.sequence, walk.head), noted, db, meta)
                check_tables(db, walk.kept)
                integrity.finish()
            skipped = _check_projections(reader, lag_ns)
    except Damage as e:
        return VerifyReport(False, events, e.sequence, str(e))
    except (JournalError, *UNREADABLE) as e:
        if not path.is_file():
            raise
        return VerifyReport(False, events, None, str(e))
    notes = ["chain, head, pages and tables are as they were written"]
    if noted is None:
        notes.append("there is no head file, so a tail that was cut off would not show")
    if skipped:
        notes.append(f"positions whose instrument is not on record were not compared: {', '.join(skipped)}")
    return VerifyReport(True, events, None, "; ".join(notes))


class _Expected:
    """What a table must hold: the hash of each row by its key."""

    def __init__(self, table: str, columns: tuple[str, ...], key: tuple[str, ...]) -> None:
        self._table, self._columns = table, columns
        self._key = itemgetter(*map(columns.index, key))
        self._rows: dict[object, int] = {}

    def put(self, row: tuple[object, ...]) -> None:
        self._rows[self._key(row)] = hash(row)

    def drop(self, row: tuple[object, ...]) -> None:
        self._rows.pop(self._key(row), None)

    def compare(self, db: sqlite3.Connection, *, skip: frozenset[object] = frozenset()) -> None:
        left = dict(self._rows)
        for row in db.execute(f"SELECT {', '.join(self._columns)} FROM {self._table}"):
            key = self._key(row)
            if left.pop(key, None) != hash(row) and key not in skip:
                raise Damage(f"the row {key} of the table {self._table} is not what its events fold to")
        for key in left:
            if key not in skip:
                raise Damage(f"the row {key} is missing from the table {self._table}")


def _check_projections(reader: Reader, lag_ns: int | Mapping[str, int]) -> list[str]:
    """Fold all events and compare orders, fills and positions; return the positions that could not be compared."""
    db, meta = reader.connection(), reader.meta()
    orders = _Expected("order_rows", ORDER_STORED, ORDER_KEY)
    fills = _Expected("fill_rows", FILL_STORED, FILL_KEY)
    books, since = load_books(reader, lag_ns=lag_ns, at=meta.base_sequence + 1 if meta.base_sequence else 0)
    for record in books.orders.values():
        orders.put(order_row(record.update()))
        for fill in record.fills.values():
            fills.put(fill_row(fill))
    working: dict[str, OrderUpdate] = {}
    for _, applied in refold(books, events_after(db, since), recall_before(reader)):
        if (order := applied.order) is not None:
            working[order.client_order_id] = order
            if order.state in DONE_STATES:
                orders.put(order_row(working.pop(order.client_order_id)))
        for fill in applied.undone:
            fills.drop(fill_row(fill))
        for fill in (*applied.kept, *applied.amended):
            fills.put(fill_row(fill))
    for order in working.values():
        orders.put(order_row(order))
    orders.compare(db)
    fills.compare(db)
    _learn_instruments(reader, books)
    return _check_positions(db, books)


def _learn_instruments(reader: Reader, books: Books) -> None:
    """Take the terms of instruments from the newest checkpoint, where no event tells them."""
    newest, _ = load_books(reader)
    known = [one for one in newest.accounts.instruments() if books.instrument(one.venue, one.symbol) is None]
    books.add_instruments(known)


def _check_positions(db: sqlite3.Connection, books: Books) -> list[str]:
    positions = _Expected("positions", POSITION_COLUMNS, POSITION_KEY)
    unknown: set[tuple[str, str, str]] = set()
    for position in books.positions():
        positions.put(position_row(position))
        if books.instrument(position.venue, position.symbol) is None:
            unknown.add((position.venue, position.account, position.symbol))
    positions.compare(db, skip=frozenset(unknown))
    return sorted("/".join(key) for key in unknown)

