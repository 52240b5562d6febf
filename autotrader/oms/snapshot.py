"""What the order manager shows of itself when asked."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from autotrader.model import BreakerState, LinkState
from autotrader.oms.floor import Floor

__all__ = ["DeskSnapshot", "OmsSnapshot", "snapshot_of"]


class DeskSnapshot(msgspec.Struct, frozen=True):
    """One venue: ``blind_s`` is how long in all nothing could be heard from it, ``owed`` how many orders await an answer."""

    name: str
    account: str
    link: LinkState
    breaker: BreakerState
    ready: bool
    reason: str
    blind_s: float
    last_heard_ns: int | None
    owed: int
    blocks: dict[str, str]


class OmsSnapshot(msgspec.Struct, frozen=True):
    """All that the order manager knows, as of one moment; ``quoted`` are the (venue, symbol) that had a quote."""

    venues: tuple[DeskSnapshot, ...]
    orders: dict[str, int]
    open_ours: int
    equity: Decimal | None
    unpriced: tuple[tuple[str, str], ...]
    dead_letters: int
    metrics: dict[str, Any]
    quoted: frozenset[tuple[str, str]] = frozenset()


def snapshot_of(floor: Floor, dead_letters: int) -> OmsSnapshot:
    """Take the snapshot; in the order manager's thread."""
    now_ns = floor.clock.now_ns()
    owed = Counter(record.order.venue for record in floor.books.owing())
    desks = tuple(
        DeskSnapshot(
            desk.name, desk.account, desk.link, desk.breaker, desk.ready, desk.link_reason, desk.blind_total_ns(now_ns) / 1e9,
            desk.last_heard_ns or None, owed[desk.name], {symbol: reason for symbol, (reason, _) in desk.blocks.items()},
        )
        for desk in floor.desks.values()
    )
    states = Counter(str(record.state) for record in floor.books.orders.values())
    open_ours = sum(not (record.is_done or record.foreign) for record in floor.books.orders.values())
    return OmsSnapshot(
        desks, dict(states), open_ours, floor.exposure.total_equity, floor.exposure.unpriced, dead_letters,
        floor.metrics.summary(), frozenset(floor.quotes),
    )
