"""What the ledger file holds, line by line: one JSON array per batch, and now and then a checkpoint, which is a JSON object.

A line is written by one call and is whole or was never told of: a torn last line is what a kill left, and is cut off. Every
batch carries the totals after it, so that nobody needs to know fees or margins to read what an account has.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from autotrader.errors import AutotraderError
from autotrader.model import Liquidity, OrderState, OrderType, Side, TimeInForce
from autotrader.simulator.events import (
    Accepted,
    Busted,
    Canceled,
    Event,
    Expired,
    Filled,
    Replaced,
    Trailed,
    Triggered,
)
from autotrader.simulator.special import Special, SpecialOrder

__all__ = [
    "REQUESTS", "Absent", "Batch", "Changed", "Checkpoint", "Ended", "Fired", "LedgerError", "Moved", "OpenOrder", "Placed",
    "Row", "Standing", "Traded", "Undone", "rows_of",
]  # fmt: skip

REQUESTS = ("submit", "cancel", "amend", "query", "other")


class LedgerError(AutotraderError):
    """A ledger cannot be opened, read or written."""


class Placed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="P"):
    """An order came into being."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    trail: Decimal | None
    expires_ns: int | None
    post_only: bool
    reduce_only: bool
    held: bool
    sequence: int
    ts_ns: int
    special: Special | None = None


class Traded(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="T"):
    """One trade."""

    client_order_id: str
    venue_order_id: str
    trade_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    ts_ns: int


class Ended(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="E"):
    """An order ended unfilled: CANCELED or EXPIRED."""

    client_order_id: str
    venue_order_id: str
    state: OrderState
    reason: str
    ts_ns: int


class Changed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="C"):
    """An order got other terms."""

    client_order_id: str
    venue_order_id: str
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    sequence: int
    ts_ns: int


class Fired(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="F"):
    """A stop was triggered."""

    client_order_id: str
    venue_order_id: str
    ts_ns: int


class Moved(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="M"):
    """A trailing stop moved on."""

    client_order_id: str
    venue_order_id: str
    stop_price: Decimal | None
    ts_ns: int


class Undone(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="U"):
    """A trade was busted."""

    client_order_id: str
    venue_order_id: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    ts_ns: int


class Absent(msgspec.Struct, frozen=True, gc=False, array_like=True, tag_field="row", tag="A"):
    """The venue said for good that it has no such order, and will refuse it from now on."""

    client_order_id: str
    ts_ns: int


Row = Placed | Traded | Ended | Changed | Fired | Moved | Undone | Absent


class Standing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Counters and totals at one moment. ``requests`` are counts in the order of ``REQUESTS``."""

    order_number: int
    trade_number: int
    sequence: int
    requests: tuple[int, int, int, int, int]
    cash: dict[str, Decimal]
    net: dict[str, Decimal]
    average: dict[str, Decimal]


class Batch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One line: what happened, and how things stood afterwards."""

    standing: Standing
    rows: list[Row]


class OpenOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An open order in a checkpoint: as it was placed, and as it stands."""

    placed: Placed
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    filled: Decimal
    cost: Decimal
    state: OrderState
    held: bool
    sequence: int
    updated_ns: int


class Checkpoint(msgspec.Struct, frozen=True):
    """All live state, so that a start reads only from here on.

    ``previous`` is the offset of the checkpoint before (-1 for the first), ``prints`` the sorted CRC-32s of the client ids
    named between the two (base64 of 32-bit little-endian numbers), ``first_ns`` and ``last_ns`` the times of the trades there
    (0 without any), ``absent`` the ids declared absent.
    """

    version: int
    venue: str
    account: str
    standing: Standing
    orders: list[OpenOrder]
    previous: int = -1
    prints: str = ""
    first_ns: int = 0
    last_ns: int = 0
    absent: list[str] = []


def _placed(event: Accepted) -> Placed:
    live, order = event.live, event.live.order
    return Placed(
        order.client_order_id, live.venue_order_id, order.symbol, order.side, order.type, order.time_in_force, order.quantity,
        order.price, event.stop_price, order.trail, order.expires_ns, order.post_only, order.reduce_only, event.held,
        live.sequence, event.ts_ns, order.special if isinstance(order, SpecialOrder) else None,
    )  # fmt: skip


def _traded(event: Filled) -> Traded:
    fill = event.fill
    return Traded(
        fill.client_order_id, event.live.venue_order_id, fill.trade_id, fill.symbol, fill.side, fill.price, fill.quantity,
        fill.fee, fill.fee_asset, fill.liquidity, fill.ts_ns,
    )  # fmt: skip


def _other(event: Event) -> Row | None:
    if not isinstance(event, Canceled | Expired | Replaced | Triggered | Trailed | Busted):
        return None
    client_id, venue_id, ts_ns = event.live.order.client_order_id, event.live.venue_order_id, event.ts_ns
    match event:
        case Canceled():
            return Ended(client_id, venue_id, OrderState.CANCELED, event.reason, ts_ns)
        case Expired():
            return Ended(client_id, venue_id, OrderState.EXPIRED, event.reason, ts_ns)
        case Replaced():
            return Changed(client_id, venue_id, event.quantity, event.price, event.stop_price, event.sequence, ts_ns)
        case Triggered():
            return Fired(client_id, venue_id, ts_ns)
        case Trailed():
            return Moved(client_id, venue_id, event.stop_price, ts_ns)
        case Busted():
            return Undone(client_id, venue_id, event.fill.trade_id, event.fill.price, event.fill.quantity, ts_ns)


def rows_of(events: Iterable[Event], account: str) -> list[Row]:
    """Return what is to be written of events: those of one account that changed something."""
    rows: list[Row] = []
    for event in events:
        kind = type(event)
        row: Row | None
        if kind is Filled:
            row = _traded(event) if event.fill.account == account else None  # type: ignore[arg-type, union-attr]
        elif kind is Accepted:
            row = _placed(event) if event.live.order.account == account else None  # type: ignore[arg-type, union-attr]
        else:
            row = _other(event)
            if row is not None and event.live.order.account != account:  # type: ignore[union-attr]
                row = None
        if row is not None:
            rows.append(row)
    return rows
