"""The hash chain: each row's hash covers the row and the hash before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256

import msgspec

__all__ = ["EventRow", "Walk", "genesis", "row_hash"]

EventRow = tuple[int, int, str, str, str, str]
"""(seq, ts_ns, kind, order_id, venue, payload). The engine's id is one for all rows: the chain begins with it."""

_pack: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode


def genesis(engine_id: str) -> bytes:
    """Return the hash that stands before the first row of an engine's first file."""
    return sha256(f"autotrader journal 1 {engine_id}".encode()).digest()


def row_hash(previous: bytes, row: EventRow) -> bytes:
    """Return SHA-256 of the hash before and the row as a MessagePack array, whose lengths leave one way to read it."""
    return sha256(previous + _pack(row)).digest()


class Walk:
    """Goes through rows of (*EventRow, hash) in order and stops at the first that does not follow from the one before.

    ``sequence`` and ``head`` are those of the last good row, ``broken`` is the first bad sequence (a gap counts as damage of
    the row that is missing); ``kept`` are the rows whose kind is in ``keep``.
    """

    def __init__(self, sequence: int, head: bytes, keep: frozenset[str] = frozenset()) -> None:
        self.sequence, self.head, self.broken = sequence, head, False
        self.kept: list[tuple[int, str, str]] = []
        self._keep = keep

    def over(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Go through the rows that follow; does nothing once the chain is broken."""
        pack, sha, keep = _pack, sha256, self._keep
        sequence, head = self.sequence, self.head
        for row in () if self.broken else rows:
            digest = sha(head + pack(row[:6])).digest()
            if row[6] != digest or row[0] != sequence + 1:
                self.broken = True
                break
            sequence, head = sequence + 1, digest
            if row[2] in keep:
                self.kept.append((sequence, str(row[2]), str(row[5])))
        self.sequence, self.head = sequence, head
