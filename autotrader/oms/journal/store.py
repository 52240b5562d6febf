"""The journal's file, open for writing: one transaction per call, chained, with its tables kept in step."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from autotrader.clock import Clock
from autotrader.errors import JournalError
from autotrader.model import Mode
from autotrader.oms.journal.batch import Batch, packed
from autotrader.oms.journal.check import Damage, IntegrityCheck, check_chain, check_head, check_tables
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.head import HeadFile, read_head
from autotrader.oms.journal.lock import FileLock
from autotrader.oms.journal.meta import Meta, read_meta, write_meta
from autotrader.oms.journal.rare import project
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
from autotrader.oms.journal.schema import UNREADABLE, migrate, open_file, transaction, version_of
from autotrader.oms.journal.statements import BulkInsert

__all__ = ["Store", "journal_lock"]

_IDLE_EVENTS = 2_000


def journal_lock(path: Path) -> FileLock:
    """Return the lock of a journal, not yet taken."""
    hint = "stop it first, or choose another --journal FILE"
    return FileLock(path.with_name(path.name + ".lock"), f"journal {path}", hint)


class Store:
    """Owns the file and its lock. Any thread, one at a time.

    Opening takes the lock, brings an older file forward, and checks every row and the head; raises ``JournalError`` when the
    file is in use, damaged (it can still be read), for another mode or account, or from a newer release. ``engine_id`` names
    the engine in a new file, for replays; otherwise it is drawn once. ``continues`` makes the new file go on from another.
    """

    def __init__(
        self, path: Path | str, *, clock: Clock, mode: Mode = Mode.PAPER, accounts: Mapping[str, str] | None = None,
        engine_id: str | None = None, checkpoint_every: int = 50_000, continues: Meta | None = None,
    ) -> None:
        self.path = Path(path)
        self.mode = mode
        self._clock, self._accounts, self._wanted = clock, dict(accounts or {}), engine_id
        self._every, self._continues = checkpoint_every, continues
        self._lock = journal_lock(self.path)
        self._lock.acquire()
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise

    def _open(self) -> None:
        self._db = self._connect()
        try:
            self._meta = self._prepare()
            self.sequence, self.head_hash = self._check()
            self._last_checkpoint = self._find_checkpoint()
            self._head = HeadFile(self.path)
            self._head.write((self.sequence, self.head_hash))
            self._head.sync()
        except UNREADABLE as e:
            self._db.close()
            raise Damage(f"{self.path} cannot be read: {e}; {_ADVICE}") from e
        except BaseException:
            self._db.close()
            raise
        self.engine_id = self._meta.engine_id
        columns = ("seq", "ts_ns", "kind", "order_id", "venue", "payload", "hash")
        self._events = BulkInsert("events", columns)
        self._orders = BulkInsert("order_rows", ORDER_STORED, key=ORDER_KEY)
        self._fills = BulkInsert("fill_rows", FILL_STORED, key=FILL_KEY)
        self._positions = BulkInsert("positions", POSITION_COLUMNS, key=POSITION_KEY)
        self._since_idle = 0

    def _connect(self) -> sqlite3.Connection:
        try:
            return open_file(self.path)
        except (*UNREADABLE, OSError) as e:
            raise JournalError(f"cannot open {self.path}: {e}; {_ADVICE}") from e

    def _prepare(self) -> Meta:
        """Create or migrate the file; return what it says of itself, once that fits this run."""
        noted = read_head(self.path)
        if is_new := version_of(self._db) == 0:
            if noted is not None and noted[0] > 0:
                raise Damage(f"{self.path} is empty or gone, and its head file knows of {noted[0]} events; {_ADVICE}", 1)
            if self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                raise JournalError(f"{self.path} is SQLite, but no journal of autotrader; choose another --journal FILE")
        migrate(self._db)
        begun = self._continues or Meta(self._wanted or secrets.token_hex(16), self.mode, self._clock.now_ns())
        with transaction(self._db):
            meta = begun if is_new else read_meta(self._db)
            admitted = meta.admit(self.mode, self._accounts, self._wanted, self.path)
            if is_new or admitted != meta:
                write_meta(self._db, admitted)
        return admitted

    def _check(self) -> tuple[int, bytes]:
        try:
            with IntegrityCheck(self._connect) as integrity:
                walk = check_chain(self._db, self._meta)
                head = walk.sequence, walk.head
                check_head(head, read_head(self.path), self._db, self._meta)
                check_tables(self._db, walk.kept)
                integrity.finish()
        except Damage as e:
            raise Damage(f"{self.path} is damaged: {e}; {_ADVICE}", e.sequence) from e
        return head

    def _find_checkpoint(self) -> int:
        found = self._db.execute("SELECT max(seq) FROM checkpoints").fetchone()[0]
        return self._meta.base_sequence if found is None else int(found)

    @property
    def checkpoint_due(self) -> bool:
        """Say whether the order manager should hand over a ``Checkpointed`` event."""
        return self.sequence - self._last_checkpoint >= self._every

    @property
    def accounts(self) -> Mapping[str, str]:
        """Return venue → account, as the file knows them."""
        return self._meta.accounts

    def append(self, commits: Iterable[Commit]) -> int:
        """Write all rows in one synced transaction; return the sequence of the last event.

        Raises ``JournalError`` when the disk refuses: then nothing was written, and the same commits can be tried again.
        """
        batch = Batch(self.sequence, self.head_hash, self._clock)
        for commit in commits:
            batch.add(commit)
        try:
            with transaction(self._db):
                self._write(batch)
        except sqlite3.Error as e:
            raise JournalError(f"cannot write to {self.path}: {e}; new orders wait until it can be written to again") from e
        self._since_idle += batch.sequence - self.sequence
        self.sequence, self.head_hash = batch.sequence, batch.head
        if batch.checkpoint is not None:
            self._last_checkpoint = batch.checkpoint[0]
        self._note_head()
        return self.sequence

    def _write(self, batch: Batch) -> None:
        db = self._db
        self._events.run(db, batch.events)
        self._orders.run_rows(db, map(order_row, batch.orders.values()))
        if batch.fills:
            gone = [key for key, fill in batch.fills.items() if fill is None]
            if gone:
                db.executemany("DELETE FROM fill_rows WHERE venue = ? AND account = ? AND symbol = ? AND trade_id = ?", gone)
            self._fills.run_rows(db, [fill_row(fill) for fill in batch.fills.values() if fill is not None])
        self._positions.run_rows(db, map(position_row, batch.positions.values()))
        for sequence, event in batch.rare:
            project(db, sequence, event)
        if batch.checkpoint is not None:
            sequence, body = batch.checkpoint
            base = self._meta.base_sequence
            first = base + 1 if base else 0  # in a file that continues another, every fold begins at its first checkpoint
            db.execute("DELETE FROM checkpoints WHERE seq < ? AND seq <> ?", (self._last_checkpoint, first))
            db.execute("INSERT INTO checkpoints VALUES (?, ?)", (sequence, packed(body)))

    def _note_head(self) -> None:
        try:
            self._head.write((self.sequence, self.head_hash))
        except OSError:  # behind is harmless, and the rows are safe
            return

    def idle(self) -> None:
        """Move what was committed from the write-ahead log into the file; call it when nothing waits."""
        if self._since_idle >= _IDLE_EVENTS:
            self.checkpoint_log()

    def checkpoint_log(self) -> None:
        """Move the write-ahead log into the file now, as far as readers allow. A failure is left to the next commit to find."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._since_idle = 0
        except sqlite3.Error:
            return

    def reopen(self) -> None:
        """Open and check the file anew, under the same lock: for the next incarnation after a crash."""
        self._shut()
        self._open()

    def close(self) -> None:
        """Close the file and give the lock back; harmless when done already."""
        if self._lock.is_held:
            self._shut()
            self._lock.release()

    def _shut(self) -> None:
        try:
            self._head.sync()
            self._head.close()
            self._db.close()
        except (OSError, sqlite3.Error):
            return

    def connection(self) -> sqlite3.Connection:
        """Return the open connection, for reads between two appends by the thread that owns the store."""
        return self._db


_ADVICE = (
    "nothing was changed, and it can still be read (`autotrader orders --journal FILE` and the like). Restore a backup, or set"
    " it aside with its .head, -wal and -shm files and start anew: the venues are asked what is true"
)
