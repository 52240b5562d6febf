"""Find damage in a journal file: what every start looks at, row by row, before anything is written."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from threading import Thread
from types import TracebackType

from autotrader.errors import JournalError
from autotrader.oms.journal.batch import body_of, reference
from autotrader.oms.journal.chain import Walk
from autotrader.oms.journal.checksums import unsound_row
from autotrader.oms.journal.head import Head
from autotrader.oms.journal.meta import Meta
from autotrader.oms.journal.payload import decode_event
from autotrader.oms.journal.rare import RARE_KINDS, RARE_TABLES, project
from autotrader.oms.journal.schema import UNREADABLE, migrate

__all__ = ["Damage", "IntegrityCheck", "check_chain", "check_head", "check_tables"]

_EVENTS = "SELECT seq, ts_ns, kind, order_id, venue, payload, hash FROM events ORDER BY seq"


class Damage(JournalError):
    """Rows are not as they were written. ``sequence`` is the first bad event, None when the damage is beside the events."""

    def __init__(self, detail: str, sequence: int | None = None) -> None:
        super().__init__(detail)
        self.sequence = sequence


def check_chain(db: sqlite3.Connection, meta: Meta) -> Walk:
    """Walk all events; return the walk, which kept the rows of the small tables. Raises ``Damage`` with the first bad one."""
    walk = Walk(*meta.base, keep=RARE_KINDS)
    try:
        cursor = db.execute(_EVENTS)
        while rows := cursor.fetchmany(1000):
            walk.over(rows)
        newest = db.execute("SELECT max(seq) FROM events").fetchone()[0]
    except UNREADABLE as e:
        raise Damage(f"event {walk.sequence + 1} or one soon after cannot be read: {e}", walk.sequence + 1) from e
    if walk.broken or newest not in (None, walk.sequence):
        bad = walk.sequence + 1
        raise Damage(f"event {bad} is missing or was changed: its hash does not follow from the row before", bad)
    return walk


def check_head(found: Head, noted: Head | None, db: sqlite3.Connection, meta: Meta) -> None:
    """Compare the chain's end with the head file: the file may be behind (a crash), never ahead or on another branch."""
    if noted is None or noted == found:
        return
    if noted[0] > found[0]:
        raise Damage(f"events {found[0] + 1} to {noted[0]} are lost: the head file knows of them", found[0] + 1)
    base = meta.base
    row = db.execute("SELECT hash FROM events WHERE seq = ?", (noted[0],)).fetchone()
    known = row[0] if row else base[1] if noted[0] == base[0] else None
    if noted[0] >= base[0] and known != noted[1]:
        raise Damage(f"event {noted[0]} is not the one that the head file knows of", noted[0])


class IntegrityCheck(Thread):
    """SQLite's own check of pages and indexes, and the checksums of orders, fills and positions, beside the walk.

    Nearly all of it runs without the interpreter's lock, in a thread and on a connection of its own; neither outlives the
    ``with`` block.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(name="journal-integrity", daemon=True)
        self._connect = connect
        self._verdict = "the integrity check did not run"
        self.start()

    def run(self) -> None:
        """Check; runs in the thread."""
        try:
            with closing(self._connect()) as db:
                said: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
                self._verdict = unsound_row(db) if said == "ok" else f"SQLite's integrity check says: {said}"
        except UNREADABLE as e:
            self._verdict = str(e) or repr(e)

    def __enter__(self) -> IntegrityCheck:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.join()

    def finish(self) -> None:
        """Wait for the end of the check; raises ``Damage`` with what it found."""
        self.join()
        if self._verdict:
            raise Damage(self._verdict)


def check_tables(db: sqlite3.Connection, rare: Iterable[tuple[int, str, str]]) -> None:
    """Check the layout, the checkpoints, and the small tables against the ``rare`` events that they come from."""
    try:
        _check_checkpoints(db)
        with closing(sqlite3.connect(":memory:")) as twin:
            migrate(twin)
            _compare(db, twin, "sqlite_schema", "type, name, tbl_name, sql")
            for seq, kind, payload in rare:
                project(twin, seq, decode_event(kind, payload))
            for table in RARE_TABLES:
                _compare(db, twin, table, "*")
    except UNREADABLE as e:
        raise Damage(f"a table cannot be read: {e}") from e


def _compare(db: sqlite3.Connection, twin: sqlite3.Connection, table: str, columns: str) -> None:
    query = f"SELECT {columns} FROM {table} ORDER BY 1, 2"
    if db.execute(query).fetchall() != twin.execute(query).fetchall():
        raise Damage(f"the table {table} is not what the events fold to")


def _check_checkpoints(db: sqlite3.Connection) -> None:
    joined = "SELECT c.seq, body, payload FROM checkpoints c LEFT JOIN events e ON e.seq = c.seq AND kind = 'Checkpointed'"
    for seq, blob, payload in db.execute(joined):
        try:
            good = reference(body_of(blob)) in (payload or "")
        except (ValueError, zlib.error):
            good = False
        if not good:
            raise Damage(f"the checkpoint of event {seq} was changed")
