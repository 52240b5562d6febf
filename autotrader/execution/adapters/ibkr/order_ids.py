"""Order ids that are never used twice by a client id, whatever TWS says the next one is (ibkr.md section 6).

TWS's own count can go back when it restarts. So ids are set aside on disk, a block at a time, before the first of them is
used; a restart begins after the block. Ids of reading requests are of a range of their own: TWS tells errors of both by one
number.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from autotrader.errors import InvalidOrder

__all__ = ["FIRST_READ_ID", "LARGEST_ORDER_ID", "OrderIds", "ReadIds", "ids_path"]

LARGEST_ORDER_ID: Final = 1_999_999_999
FIRST_READ_ID: Final = 2_000_000_000
LAST_READ_ID: Final = 2**31 - 1
BLOCK: Final = 200
_Marks = dict[str, int]


def ids_path(journal: str | Path) -> Path:
    """Return where the ids that were set aside are kept: beside the journal."""
    return Path(f"{journal}.ibkr-ids")


class OrderIds:
    """The order ids of one client id at one account; one thread. The file is written once in 200 orders, and synced.

    One file serves several accounts and client ids; one engine at a time has it, as it has the journal.
    """

    def __init__(self, path: Path, account: str, client_id: int) -> None:
        self._path, self._key = path, f"{account}/{client_id}"
        self._next = self._kept = self._read().get(self._key, 0) + 1

    @property
    def next(self) -> int:
        """Return the id that the next order gets."""
        return self._next

    def connected(self, next_valid: int) -> None:
        """Take TWS's own count at a connect: it may raise ours, never lower it."""
        self._next = max(self._next, next_valid)

    def seen(self, order_id: int) -> None:
        """Take note of an id that somebody used; those of reading requests, manual orders and other ranges do not count."""
        if 0 < order_id < LARGEST_ORDER_ID:
            self._next = max(self._next, order_id + 1)

    def take(self) -> int:
        """Return a fresh id; raises InvalidOrder when there is none left, or none can be set aside."""
        taken = self._next
        if taken > LARGEST_ORDER_ID:
            raise InvalidOrder(
                "TWS's order ids are used up: reset them in TWS (Global Configuration, API, Settings, Reset API order ID"
                f" sequence), and remove {self._path}", code="ORDER_IDS",
            )  # fmt: skip
        if taken >= self._kept:
            self._set_aside(taken + BLOCK)
        self._next = taken + 1
        return taken

    def _set_aside(self, below: int) -> None:
        """Keep ids below a bound for this run."""
        try:
            marks = {**self._read(), self._key: below - 1}
            fresh = self._path.with_name(f"{self._path.name}.new")
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(marks))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise InvalidOrder(
                f"order ids cannot be set aside in {self._path}: {error.strerror}", code="ORDER_IDS"
            ) from error
        self._kept = below

    def _read(self) -> _Marks:
        """Return the highest id set aside for each client id; raises InvalidOrder for a file that is no such list."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Marks)
        except FileNotFoundError:
            return {}
        except msgspec.MsgspecError as error:
            raise InvalidOrder(
                f"{self._path} cannot be read ({error}): which order ids were used is not known; put the file back, or reset"
                " the sequence in TWS and remove it", code="ORDER_IDS",
            ) from error  # fmt: skip


class ReadIds:
    """Ids of reading requests, in turn."""

    def __init__(self) -> None:
        self._last = FIRST_READ_ID - 1

    def take(self) -> int:
        """Return the next one; after the last comes the first."""
        self._last = FIRST_READ_ID if self._last >= LAST_READ_ID else self._last + 1
        return self._last
