"""Where in a ledger an order is told of: the fingerprints of the client ids of each segment, loaded when first asked for.

A segment lies between two checkpoints. Its fingerprints take four bytes an order and a lookup reads only the segments that
match, so that done orders need no memory and are found at once, and so is that there never was one.
"""

from __future__ import annotations

import os
from array import array
from base64 import b64decode
from bisect import bisect_left
from collections.abc import Iterator
from zlib import crc32

import msgspec

from autotrader.model import Fill, OrderUpdate
from autotrader.simulator.events import BookOrder
from autotrader.simulator.ledger_fold import apply_row
from autotrader.simulator.ledger_rows import Batch, Row, Traded, Undone

__all__ = ["LedgerIndex", "fill_of"]

_CHUNK = 1 << 16


class _Head(msgspec.Struct, frozen=True):
    """What of a checkpoint the index needs."""

    previous: int = -1
    prints: str = ""
    first_ns: int = 0
    last_ns: int = 0


class _Segment(msgspec.Struct):
    start: int
    end: int
    prints: array[int]
    first_ns: int
    last_ns: int


_read_batch = msgspec.json.Decoder(Batch).decode
_read_head = msgspec.json.Decoder(_Head).decode


class LedgerIndex:
    """The index of one open ledger, used by its writer. ``named`` are the client ids of the segment that is growing."""

    def __init__(self, fd: int, venue: str, account: str, checkpoint_at: int, length: int) -> None:
        self._fd, self._venue, self._account = fd, venue, account
        self._checkpoint_at, self._start = checkpoint_at, checkpoint_at + length
        self._segments: list[_Segment] | None = None
        self.named: set[str] = set()
        self.first_ns = self.last_ns = 0

    def prints(self) -> array[int]:
        """Return the sorted fingerprints of the segment that is growing."""
        return array("I", sorted(crc32(name.encode()) for name in self.named))

    def begin_segment(self, at: int, length: int, prints: array[int]) -> None:
        """Close the growing segment at a checkpoint that was written at ``at``."""
        if self._segments is not None:
            self._segments.append(_Segment(self._start, at, prints, self.first_ns, self.last_ns))
        self._checkpoint_at, self._start = at, at + length
        self.named = set()
        self.first_ns = self.last_ns = 0

    @property
    def last_trade_ns(self) -> int:
        """Return the time of the newest trade on record, 0 without any."""
        return self.last_ns or max((segment.last_ns for segment in self._older()), default=0)

    def find(self, client_order_id: str, size: int) -> tuple[OrderUpdate, list[Fill]] | None:
        """Return the newest order of that client id, with its trades."""
        print_ = crc32(client_order_id.encode())
        orders: dict[str, BookOrder] = {}
        trades: dict[str, Traded] = {}
        spans = [(segment.start, segment.end) for segment in self._older() if _holds(segment.prints, print_)]
        if client_order_id in self.named:
            spans.append((self._start, size))
        for start, end in spans:
            for row in self._rows(start, end, client_order_id):
                apply_row(orders, row, self._venue, self._account)
                if type(row) is Traded:
                    trades[row.trade_id] = row
                elif type(row) is Undone:
                    trades.pop(row.trade_id, None)
        if not orders:
            return None
        live = next(reversed(orders.values()))
        own = [row for row in trades.values() if row.venue_order_id == live.venue_order_id]
        return live.update(self._venue), [self.fill_of(row) for row in own]

    def trades_since(self, since_ns: int, most: int | None, size: int) -> tuple[list[Fill], int]:
        """Return the trades from ``since_ns`` on, oldest first, and the time from which on they are complete."""
        blocks: list[list[Fill]] = []
        count = 0
        spans = [(segment.start, segment.end, segment.last_ns) for segment in self._older()]
        spans.append((self._start, size, self.last_ns))
        for start, end, last_ns in reversed(spans):
            if last_ns < since_ns or not last_ns:
                continue
            if most is not None and count > most:
                break
            block = self._trades(start, end, since_ns)
            blocks.append(block)
            count += len(block)
        trades = [fill for block in reversed(blocks) for fill in block]
        if most is None or count <= most:
            return trades, since_ns
        kept = trades[count - most :]
        return kept, max(since_ns, trades[count - most - 1].ts_ns + 1)

    def fill_of(self, row: Traded) -> Fill:
        """Return a trade as the model has it."""
        return fill_of(row, self._venue, self._account)

    def _trades(self, start: int, end: int, since_ns: int) -> list[Fill]:
        trades: dict[str, Fill] = {}
        for row in self._rows(start, end, None):
            if type(row) is Traded and row.ts_ns >= since_ns:
                trades[row.trade_id] = self.fill_of(row)
            elif type(row) is Undone:
                trades.pop(row.trade_id, None)
        return list(trades.values())

    def _rows(self, start: int, end: int, client_order_id: str | None) -> Iterator[Row]:
        data = os.pread(self._fd, end - start, start)
        if client_order_id is None:
            for line in data.splitlines():
                yield from _read_batch(line).rows
            return
        needle, place = client_order_id.encode(), 0
        while (place := data.find(needle, place)) >= 0:
            begin, stop = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
            for row in _read_batch(data[begin:stop]).rows:
                if row.client_order_id == client_order_id:
                    yield row
            place = stop

    def _older(self) -> list[_Segment]:
        """Return the closed segments, oldest first, read by their checkpoints from the last one backwards."""
        if self._segments is None:
            found: list[_Segment] = []
            at = self._checkpoint_at
            while at > 0:
                head = _read_head(self._line(at))
                found.append(_Segment(0, at, _unpacked(head.prints), head.first_ns, head.last_ns))
                at = head.previous
            found.reverse()
            before = 0
            for segment in found:
                segment.start = before + len(self._line(before)) + 1
                before = segment.end
            self._segments = found
        return self._segments

    def _line(self, at: int) -> bytes:
        data, length = b"", _CHUNK
        while (end := data.find(b"\n")) < 0:
            data = os.pread(self._fd, length, at)
            length *= 4
        return data[:end]


def fill_of(row: Traded, venue: str, account: str) -> Fill:
    """Return a trade as the model has it."""
    return Fill(
        row.trade_id, row.client_order_id, row.venue_order_id, venue, account, row.symbol, row.side, row.price, row.quantity,
        row.fee, row.fee_asset, row.liquidity, row.ts_ns,
    )  # fmt: skip


def _unpacked(prints: str) -> array[int]:
    numbers = array("I")
    numbers.frombytes(b64decode(prints))
    return numbers


def _holds(prints: array[int], print_: int) -> bool:
    place = bisect_left(prints, print_)
    return place < len(prints) and prints[place] == print_
