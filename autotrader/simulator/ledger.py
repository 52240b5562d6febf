"""The truth ledger: every order and trade of one account at one venue, on disk before anybody is told of it.

An append-only file, written by one ``write`` call per batch: what was written survives the death of the process at any
instant (not that of the machine). One writer; any process may read it meanwhile with ``read_ledger``.
"""

from __future__ import annotations

import fcntl
import os
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from autotrader.model import Fill, OrderUpdate
from autotrader.simulator.accounts import Account
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.ledger_fold import LedgerState, note_absent, open_row, standing_of
from autotrader.simulator.ledger_index import LedgerIndex
from autotrader.simulator.ledger_rows import Absent, Batch, Checkpoint, LedgerError, Row, Standing, Traded

__all__ = ["Ledger"]

VERSION: Final = 1
EVERY_ROWS: Final = 8192
_BLOCK: Final = 1 << 20

_encode = msgspec.json.Encoder().encode
_read_batch = msgspec.json.Decoder(Batch).decode
_read_checkpoint = msgspec.json.Decoder(Checkpoint).decode
_writers: dict[str, Ledger] = {}


class Ledger:
    """The writer of one ledger; one thread. ``requests`` counts what was asked, in the order of ``REQUESTS``.

    ``opening`` is what the account has when the file is new; later an asset of it that the file does not know is added.
    ``owner`` may open the file again in this process, which shuts out the writer before (a hung actor's); anybody else is
    refused with ``LedgerError`` while it is open.
    """

    def __init__(
        self, path: str | Path, *, venue: str, account: str, opening: Mapping[str, Decimal], owner: object = None
    ) -> None:
        self.path, self._owner = str(path), owner
        self._fd = -1
        self._fd = _open_for(self)
        try:
            self._load(venue, account, opening)
        except BaseException:
            self.close()
            raise

    def _load(self, venue: str, account: str, opening: Mapping[str, Decimal]) -> None:
        self._size = _cut_torn_tail(self._fd, self.path)
        if not self._size:
            standing = Standing(0, 0, 0, (0, 0, 0, 0, 0), dict(opening), {}, {})
            self._append(_encode(Checkpoint(VERSION, venue, account, standing, [])) + b"\n")
        self._checkpoint_at = _last_checkpoint(self._fd, self._size)
        self.state = self._fold()
        if (self.state.venue, self.state.account) != (venue, account):
            theirs = f"{self.state.venue} account {self.state.account}"
            raise LedgerError(f"{self.path} holds the books of {theirs}, not of {venue} account {account}: name another file")
        self.requests = list(self.state.standing.requests)
        self.absent = self.state.absent
        for asset, amount in opening.items():
            self.state.standing.cash.setdefault(asset, amount)

    def _fold(self) -> LedgerState:
        """Read from the last checkpoint on."""
        data = os.pread(self._fd, self._size - self._checkpoint_at, self._checkpoint_at)
        head, _, rest = data.partition(b"\n")
        try:
            checkpoint = _read_checkpoint(head)
            state = LedgerState(checkpoint)
            self.index = LedgerIndex(self._fd, state.venue, state.account, self._checkpoint_at, len(head) + 1)
            self._rows_since = 0
            for line in rest.splitlines():
                batch = _read_batch(line)
                state.apply(batch)
                self._note(batch.rows)
        except msgspec.DecodeError as error:
            raise LedgerError(f"{self.path} cannot be read behind byte {self._checkpoint_at}: {error}") from error
        if checkpoint.version > VERSION:
            raise LedgerError(f"{self.path} was written by a later version: form {checkpoint.version}, known is {VERSION}")
        return state

    # ------------------------------------------------------------ writing

    def write(self, rows: list[Row], exchange: Exchange, account: Account) -> None:
        """Write a batch with one call; when this returns, a death of the process loses none of it. ``OSError``: not written."""
        self._append(_encode(Batch(standing_of(exchange, account, self.requests), rows)) + b"\n")
        self._note(rows)
        if self._rows_since >= max(EVERY_ROWS, 4 * len(exchange.open)):
            self.checkpoint(exchange, account)

    def checkpoint(self, exchange: Exchange, account: Account) -> None:
        """Write all live state, so that a start need not read what came before."""
        index = self.index
        orders = [open_row(live) for live in account.open.values()]
        prints = index.prints()
        standing = standing_of(exchange, account, self.requests)
        text = b64encode(prints.tobytes()).decode()
        line = _encode(
            Checkpoint(
                VERSION, exchange.venue, account.name, standing, orders, self._checkpoint_at, text, index.first_ns,
                index.last_ns, list(self.absent),
            )  # fmt: skip
        )
        at = self._size
        self._append(line + b"\n")
        index.begin_segment(at, len(line) + 1, prints)
        self._checkpoint_at, self._rows_since = at, 0

    def declare_absent(self, client_order_id: str, ts_ns: int) -> Row:
        """Remember that the order is not here and never will be; the row must be written before it is told."""
        note_absent(self.absent, client_order_id)
        return Absent(client_order_id, ts_ns)

    def _note(self, rows: list[Row]) -> None:
        self._rows_since += len(rows)
        index = self.index
        index.named.update([row.client_order_id for row in rows])
        times = [row.ts_ns for row in rows if type(row) is Traded]
        if times:
            index.last_ns = max(index.last_ns, *times)
            index.first_ns = min(index.first_ns or times[0], *times)

    def _append(self, line: bytes) -> None:
        written = 0
        try:
            while written < len(line):
                written += os.write(self._fd, line[written:] if written else line)
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(line)

    # ------------------------------------------------------------ reading back

    def find(self, client_order_id: str) -> tuple[OrderUpdate, list[Fill]] | None:
        """Return the newest order of that client id, open or done, with its trades; None when there never was one."""
        return self.index.find(client_order_id, self._size)

    def trades_since(self, since_ns: int, most: int | None = None) -> tuple[list[Fill], int]:
        """Return the trades from ``since_ns`` on, oldest first, but no more than the newest ``most``.

        With them comes the time from which on they are complete: ``since_ns``, or later when there were too many.
        """
        return self.index.trades_since(since_ns, most, self._size)

    @property
    def last_trade_ns(self) -> int:
        """Return when the last trade was, 0 without any."""
        return self.index.last_trade_ns

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
        if _writers.get(os.path.abspath(self.path)) is self:
            del _writers[os.path.abspath(self.path)]


def _open_for(ledger: Ledger) -> int:
    """Open and lock the file; a former writer of the same owner in this process is shut out."""
    path = os.path.abspath(ledger.path)
    former = _writers.get(path)
    if former is not None:
        if ledger._owner is None or former._owner is not ledger._owner:
            raise LedgerError(f"{path} is open in this process already: two engines cannot share a ledger")
        former.close()
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise LedgerError(f"{path} is in use by another process: stop it, or name another file") from error
    _writers[path] = ledger
    return fd


def _cut_torn_tail(fd: int, path: str) -> int:
    """Cut off a last line that a kill left unfinished; return the size."""
    size = end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        place = os.pread(fd, end - start, start).rfind(b"\n")
        if place >= 0:
            end = start + place + 1
            break
        end = start
    if end < size:
        os.ftruncate(fd, end)
    if end and os.pread(fd, 1, 0) != b"{":
        raise LedgerError(f"{path} is not a ledger")
    return end


def _last_checkpoint(fd: int, size: int) -> int:
    """Return the offset of the last line that is a checkpoint; the first line is one."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        place = os.pread(fd, min(end + 1, size) - start, start).rfind(b"\n{")
        if place >= 0:
            return start + place + 1
        end = start
    return 0
