"""Find damage in a journal file: what every start looks at, row by row, before anything is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from zlib import error as _ZlibError

from autotrader.errors import JournalError
from autotrader.oms.journal.batch import body_of, reference
from autotrader.oms.journal.chain import Walk
from autotrader.oms.journal.head import Head
from autotrader.oms.journal.meta import Meta
from autotrader.oms.journal.payload import decode_event
from autotrader.oms.journal.rare import RARE_KINDS, RARE_TABLES, project
from autotrader.oms.journal.rows import FILL_COLUMNS, ORDER_COLUMNS, POSITION_COLUMNS, bad_rows
from autotrader.oms.journal.schema import migrate

__all__ = ["Damage", "check_chain", "check_head", "check_tables"]

_EVENTS = "SELECT seq, ts_ns, engine, kind, order_id, venue, payload, hash FROM events ORDER BY seq"
_SEALED = {"orders": ORDER_COLUMNS, "fills": FILL_COLUMNS, "positions": POSITION_COLUMNS}


class Damage(JournalError):
    """Rows are not as they were written. ``sequence`` is the first bad event, None when the damage is beside the events."""

    def __init__(self, detail: str, sequence: int | None = None) -> None:
        super().__init__(detail)
        self.sequence = sequence


def check_chain(db: sqlite3.Connection, meta: Meta) -> Walk:
    """Walk all events; return the walk, with the rows of the small tables kept. Raises ``Damage`` with the first bad sequence."""
    walk = Walk(*meta.base, keep=RARE_KINDS)
    try:
        cursor = db.execute(_EVENTS)
        while rows := cursor.fetchmany(1000):
            walk.over(rows)
    except sqlite3.Error as e:
        raise Damage(f"event {walk.sequence + 1} or one soon after cannot be read: {e}", walk.sequence + 1) from e
    if walk.broken:
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


def check_tables(db: sqlite3.Connection, rare: Iterable[tuple[int, str, str]]) -> None:
    """Check each table beside the events: checksums of its rows, or its equality with the ``rare`` events it comes from."""
    try:
        for table, columns in _SEALED.items():
            cursor = db.execute(f"SELECT {', '.join(columns)} FROM {table}")
            for row in bad_rows(cursor):
                raise Damage(f"a row of the table {table} was changed: {row}")
        _check_checkpoints(db)
        _check_rare(db, rare)
    except sqlite3.Error as e:
        raise Damage(f"a table cannot be read: {e}") from e


def _check_checkpoints(db: sqlite3.Connection) -> None:
    joined = "SELECT c.seq, body, payload FROM checkpoints c LEFT JOIN events e ON e.seq = c.seq AND kind = 'Checkpointed'"
    for seq, blob, payload in db.execute(joined):
        try:
            good = reference(body_of(blob)) in (payload or "")
        except (ValueError, OSError, _ZlibError):
            good = False
        if not good:
            raise Damage(f"the checkpoint of event {seq} was changed")


def _check_rare(db: sqlite3.Connection, rare: Iterable[tuple[int, str, str]]) -> None:
    with closing(sqlite3.connect(":memory:")) as twin:
        migrate(twin)
        for seq, kind, payload in rare:
            project(twin, seq, decode_event(kind, payload))
        for table in RARE_TABLES:
            wanted = twin.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            if db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() != wanted:
                raise Damage(f"the table {table} is not what the events fold to")
