"""What a journal file says of itself: whose it is, in which mode, for which accounts, and where its chain begins."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from zlib import crc32

import msgspec

from autotrader.errors import JournalError
from autotrader.model import Mode
from autotrader.model.prepared import prepared
from autotrader.oms.journal.chain import genesis

__all__ = ["Meta", "read_meta", "write_meta"]


@prepared
class Meta(msgspec.Struct, frozen=True):
    """One row of the table per field. ``base_sequence`` and ``base_hash`` are the head of the file that this one continues;
    ``previous`` is that file's name, in the same directory, empty for a first one.
    """  # noqa: D205

    engine_id: str
    mode: Mode
    created_ns: int
    accounts: Mapping[str, str] = {}
    base_sequence: int = 0
    base_hash: str = ""
    previous: str = ""

    @property
    def base(self) -> tuple[int, bytes]:
        """Return sequence and hash that stand before the first row of the file."""
        return self.base_sequence, bytes.fromhex(self.base_hash) if self.base_hash else genesis(self.engine_id)

    def admit(self, mode: Mode, accounts: Mapping[str, str], engine_id: str | None, path: object) -> Meta:
        """Return what the file says from now on; raises ``JournalError`` when the engine is not the one the file is for."""
        if self.mode is not mode:
            raise JournalError(f"{path} is a {self.mode} journal and this run is {mode}; choose another --journal FILE")
        if engine_id not in (None, self.engine_id):
            raise JournalError(f"{path} belongs to engine {self.engine_id}, not {engine_id}; choose another --journal FILE")
        for venue, account in accounts.items():
            if self.accounts.get(venue, account) != account:
                raise JournalError(
                    f"{path} holds account {self.accounts[venue]} of {venue}, not {account}; choose another --journal FILE"
                )
        return msgspec.structs.replace(self, accounts={**self.accounts, **accounts})


def _checksum(values: Mapping[str, str]) -> str:
    return f"{crc32(msgspec.json.encode(sorted(values.items()))):08x}"


def write_meta(db: sqlite3.Connection, meta: Meta) -> None:
    """Write all rows of the table; part of the caller's transaction."""
    values = {key: msgspec.json.encode(value).decode() for key, value in msgspec.structs.asdict(meta).items()}
    values["crc"] = _checksum(values)
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())


def read_meta(db: sqlite3.Connection) -> Meta:
    """Return what the file says of itself; raises ``JournalError`` when a row was changed."""
    values: dict[str, str] = dict(db.execute("SELECT key, value FROM meta"))
    found = values.pop("crc", None)
    try:
        if found != _checksum(values):
            raise JournalError("the table meta was changed or is incomplete")
        return msgspec.convert({key: msgspec.json.decode(value) for key, value in values.items()}, Meta)
    except (msgspec.MsgspecError, TypeError, UnicodeError) as e:
        raise JournalError(f"the table meta cannot be read: {e}") from e
