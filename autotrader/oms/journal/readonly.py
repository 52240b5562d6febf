"""Open a journal for reading: beside a running engine, after a crash, and where nothing may be written."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

from autotrader.errors import JournalError
from autotrader.oms.journal.schema import UNREADABLE, VERSION, version_of

__all__ = ["open_readonly"]


def open_readonly(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; raises ``JournalError`` when there is no journal or it cannot be read.

    A directory that cannot be written to has no room for SQLite's shared memory: the file is then read as it stands, and
    when a write-ahead log lies beside it, a copy of both is read, so that no committed row is missed.
    """
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}; name one with --journal FILE")
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError:
        return _open_still(path)
    except UNREADABLE as e:
        raise JournalError(f"{path} cannot be read: {e}") from e


def _connect(path: Path, option: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{option}", uri=True, isolation_level=None, check_same_thread=False, timeout=5.0
    )
    try:
        version = version_of(db)
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not version:
            raise JournalError(f"{path} holds no journal yet: ask again once its engine has started, or name another file")
        if not 0 < version <= VERSION:
            raise JournalError(f"{path} has layout {version}, this release reads 1 to {VERSION}")
    except BaseException:
        db.close()
        raise
    return db


def _open_still(path: Path) -> sqlite3.Connection:
    log = path.with_name(path.name + "-wal")
    try:
        if not log.exists() or not log.stat().st_size:
            return _connect(path, "immutable=1")
        with tempfile.TemporaryDirectory(prefix="autotrader-") as directory:
            copy = Path(directory) / path.name
            shutil.copyfile(path, copy)
            shutil.copyfile(log, copy.with_name(log.name))
            copied = _connect(copy, "mode=rw")
            copied.execute("PRAGMA query_only=ON")
            return copied
    except (*UNREADABLE, OSError) as e:
        raise JournalError(f"{path} cannot be read: {e}") from e
