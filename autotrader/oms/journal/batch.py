"""Commits as rows: what one transaction writes, worked out before the database is touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from zlib import compress, crc32, decompress

from autotrader.clock import Clock
from autotrader.messages import Checkpointed, Message
from autotrader.model import Fill, OrderUpdate, Position
from autotrader.oms.journal.chain import EventRow, row_hash
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.payload import Described, describe, encode_event
from autotrader.oms.journal.rare import RARE_KINDS
from autotrader.oms.journal.statements import Value

__all__ = ["Batch", "FillKey", "body_of", "packed", "reference"]

FillKey = tuple[str, str, str, str]
"""(venue, account, symbol, trade_id): what a fill is known by."""

_Shape = tuple[str, bool, Callable[[Message], Described]]
_shapes: dict[type[Message], _Shape] = {}


def _shape(kind: type[Message]) -> _Shape:
    return _shapes.setdefault(kind, (kind.__name__, kind is Checkpointed or kind.__name__ in RARE_KINDS, describe(kind)))


def packed(body: str) -> bytes:
    """Compress the body of a checkpoint; it stands beside the chain, which holds its hash.

    A CRC-32 of the compressed bytes ends it: some of their bits can change without changing what they decompress to.
    """
    blob = compress(body.encode(), 1)
    return blob + crc32(blob).to_bytes(4, "big")


def body_of(blob: bytes) -> str:
    """Return the body of a checkpoint; raises ``ValueError`` when a bit of it was changed."""
    if crc32(blob[:-4]).to_bytes(4, "big") != blob[-4:]:
        raise ValueError("the checksum of a checkpoint does not fit")
    return decompress(blob[:-4]).decode()


def reference(body: str) -> str:
    """Return what stands in the chain for the body of a checkpoint."""
    return f"sha256:{sha256(body.encode()).hexdigest()}"


class Batch:
    """The rows of one transaction: events chained to ``head``, and the newest of each order, fill and position."""

    def __init__(self, sequence: int, head: bytes, clock: Clock) -> None:
        self.sequence, self.head = sequence, head
        self._clock = clock
        self.events: list[Value] = []
        self.rare: list[tuple[int, Message]] = []
        self.checkpoint: tuple[int, str] | None = None
        self.orders: dict[str, OrderUpdate] = {}
        self.fills: dict[FillKey, Fill | None] = {}
        self.positions: dict[tuple[str, str, str], Position] = {}

    def add(self, commit: Commit) -> None:
        """Take in what the order manager handed over."""
        if commit.events:
            self._add_events(commit.events)
        orders, fills, positions = self.orders, self.fills, self.positions
        for update in commit.updates:
            orders[update.client_order_id] = update
        for fill in commit.undone:
            fills[(fill.venue, fill.account, fill.symbol, fill.trade_id)] = None
        for fill in commit.fills:
            fills[(fill.venue, fill.account, fill.symbol, fill.trade_id)] = fill
        for position in commit.positions:
            positions[(position.venue, position.account, position.symbol)] = position

    def _add_events(self, events: Sequence[Message]) -> None:
        sequence, head, values = self.sequence, self.head, self.events
        for event in events:
            kind, rare, read = _shapes.get(type(event)) or _shape(type(event))
            sequence += 1
            ts_ns, order_id, venue = read(event)
            if ts_ns is None:
                ts_ns = self._clock.now_ns()
            payload = encode_event(self._noted(sequence, event) if rare else event).decode()
            row: EventRow = (sequence, ts_ns, kind, order_id, venue, payload)
            head = row_hash(head, row)
            values += row
            values.append(head)
        self.sequence, self.head = sequence, head

    def _noted(self, sequence: int, event: Message) -> Message:
        """Note an event that has a table of its own; return what stands in the chain for it."""
        self.rare.append((sequence, event))
        if not isinstance(event, Checkpointed):
            return event
        self.checkpoint = sequence, event.body
        return Checkpointed(body=reference(event.body), ts_ns=event.ts_ns)
