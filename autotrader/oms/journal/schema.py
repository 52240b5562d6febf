"""The tables of a journal file, how a file is opened, and how an older one is brought forward."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from autotrader.errors import JournalError

__all__ = ["MIGRATIONS", "UNREADABLE", "VERSION", "migrate", "open_file", "transaction", "version_of"]

UNREADABLE = (sqlite3.Error, UnicodeError)
"""What reading a damaged file raises: SQLite's error messages may quote bytes that are no text."""

Migration = Callable[[sqlite3.Connection], None]


# A row of an order or a fill is what it is looked up by, the rest as a JSON array, and a CRC-32 of both, by which a changed
# value is found at every start without folding all events. A column for each value costs twice the CPU; the views give them.
_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, kind TEXT NOT NULL, order_id TEXT NOT NULL, venue TEXT NOT NULL,
  payload TEXT NOT NULL, hash BLOB NOT NULL);
CREATE INDEX events_order ON events (order_id) WHERE order_id <> '';
CREATE VIEW engine_events AS SELECT (SELECT json_extract(value, '$') FROM meta WHERE key = 'engine_id') AS engine, events.*
  FROM events;
CREATE TABLE checkpoints (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE order_rows (
  client_order_id TEXT PRIMARY KEY, venue_order_id TEXT, state TEXT NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL
  ) WITHOUT ROWID;
CREATE INDEX orders_venue ON order_rows (venue_order_id) WHERE venue_order_id IS NOT NULL;
CREATE VIEW orders AS SELECT
  client_order_id, venue_order_id, json_extract(body, '$[0]') AS venue, json_extract(body, '$[1]') AS account,
  json_extract(body, '$[2]') AS symbol, json_extract(body, '$[3]') AS side, json_extract(body, '$[4]') AS type,
  json_extract(body, '$[5]') AS time_in_force, json_extract(body, '$[6]') AS quantity, json_extract(body, '$[7]') AS price,
  json_extract(body, '$[8]') AS stop_price, state, json_extract(body, '$[9]') AS filled_quantity,
  json_extract(body, '$[10]') AS average_price, json_extract(body, '$[11]') AS reason_code,
  json_extract(body, '$[12]') AS reason, json_extract(body, '$[13]') AS strategy, json_extract(body, '$[14]') AS created_ns,
  json_extract(body, '$[15]') AS updated_ns, json_extract(body, '$[16]') AS is_foreign, json_extract(body, '$[17]') AS held,
  json_extract(body, '$[18]') AS reduce_only, json_extract(body, '$[19]') AS tag
  FROM order_rows;
CREATE TABLE fill_rows (
  venue TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL, trade_id TEXT NOT NULL, body TEXT NOT NULL,
  crc INTEGER NOT NULL, PRIMARY KEY (venue, account, symbol, trade_id)) WITHOUT ROWID;
CREATE VIEW fills AS SELECT
  trade_id, json_extract(body, '$[0]') AS client_order_id, json_extract(body, '$[1]') AS venue_order_id, venue, account,
  symbol, json_extract(body, '$[2]') AS side, json_extract(body, '$[3]') AS price, json_extract(body, '$[4]') AS quantity,
  json_extract(body, '$[5]') AS fee, json_extract(body, '$[6]') AS fee_asset, json_extract(body, '$[7]') AS liquidity,
  json_extract(body, '$[8]') AS ts_ns, json_extract(body, '$[9]') AS inferred, json_extract(body, '$[10]') AS strategy
  FROM fill_rows;
CREATE TABLE positions (
  venue TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL, quantity TEXT NOT NULL, average_price TEXT,
  realized_pnl TEXT NOT NULL, unrealized_pnl TEXT, currency TEXT NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (venue, account, symbol)) WITHOUT ROWID;
CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, client_order_id TEXT NOT NULL, venue TEXT NOT NULL, reason TEXT NOT NULL,
  attempts INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL,
  history TEXT NOT NULL, closed_by TEXT, closed_reason TEXT, closed_ns INTEGER) WITHOUT ROWID;
CREATE TABLE kills (
  seq INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, action TEXT NOT NULL, level TEXT, scope TEXT NOT NULL,
  reason TEXT NOT NULL, who TEXT NOT NULL);
CREATE TABLE blocks (
  venue TEXT NOT NULL, symbol TEXT NOT NULL, reason TEXT NOT NULL, until_operator INTEGER NOT NULL, ts_ns INTEGER NOT NULL,
  PRIMARY KEY (venue, symbol)) WITHOUT ROWID;
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, run INTEGER NOT NULL, mode TEXT NOT NULL, version TEXT NOT NULL);
CREATE TABLE instruments (
  venue TEXT NOT NULL, symbol TEXT NOT NULL, terms TEXT NOT NULL, PRIMARY KEY (venue, symbol)) WITHOUT ROWID;
CREATE TABLE alerts (
  seq INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, venue TEXT NOT NULL,
  client_order_id TEXT NOT NULL)
"""


def _create(db: sqlite3.Connection) -> None:
    for statement in _VERSION_1.split(";"):
        db.execute(statement)


MIGRATIONS: Mapping[int, Migration] = {1: _create}
"""Version → what brings a file of the version before to it. Released steps are never changed."""

VERSION = max(MIGRATIONS)


def open_file(path: Path) -> sqlite3.Connection:
    """Open a journal for writing, creating the file if need be, for its owner alone; every commit is synced (FULL)."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite gives -wal and -shm the same mode
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0, cached_statements=128)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=8192")  # a backstop: the journal checkpoints when it is idle
        db.execute("PRAGMA cache_size=-8192")
    except BaseException:
        db.close()
        raise
    return db


def version_of(db: sqlite3.Connection) -> int:
    """Return the layout's version of an open file; 0 for an empty one."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run the block in one transaction, all or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def migrate(db: sqlite3.Connection, migrations: Mapping[int, Migration] = MIGRATIONS) -> None:
    """Bring the file forward, one version and one transaction at a time; raises ``JournalError`` for one from the future."""
    found, newest = version_of(db), max(migrations)
    if found > newest:
        raise JournalError(f"the journal has layout {found}, this release knows up to {newest}; use a newer autotrader")
    for version in range(found + 1, newest + 1):
        with transaction(db):
            migrations[version](db)
            db.execute(f"PRAGMA user_version={version}")
