"""A ledger as others read it: the form of ``GET /_sim/ledger`` and of ``autotrader ledger``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from autotrader.model import Fill, plain
from autotrader.simulator.events import BookOrder
from autotrader.simulator.ledger_fold import apply_row
from autotrader.simulator.ledger_index import fill_of
from autotrader.simulator.ledger_rows import REQUESTS, Batch, Checkpoint, LedgerError, Standing, Traded, Undone

__all__ = ["Ledgered", "fold_ledger", "order_view", "read_ledger", "view_of"]

_read_batch = msgspec.json.Decoder(Batch).decode
_read_checkpoint = msgspec.json.Decoder(Checkpoint).decode


class Ledgered(msgspec.Struct):
    """All that a ledger tells: orders by venue id, trades by (venue order id, trade id), each oldest first."""

    venue: str
    account: str
    orders: dict[str, BookOrder]
    trades: dict[tuple[str, str], Traded]
    standing: Standing


def read_ledger(path: str | Path) -> dict[str, Any]:
    """Read a whole ledger, also one that a running process writes to.

    Returns ``{orders, fills, balances, positions, requests}``, oldest first, decimals as text. Raises ``LedgerError``.
    """
    told = fold_ledger(path)
    fills = [fill_of(row, told.venue, told.account) for row in told.trades.values()]
    return view_of(told.orders.values(), fills, told.standing)


def fold_ledger(path: str | Path) -> Ledgered:
    """Read a whole ledger into what it tells. Raises ``LedgerError``."""
    orders: dict[str, BookOrder] = {}
    trades: dict[tuple[str, str], Traded] = {}
    standing: Standing | None = None
    venue, account, number = "", "", 0
    try:
        with open(path, "rb") as file:
            for line in file:
                number += 1
                if not line.endswith(b"\n"):
                    break
                if line.startswith(b"{"):
                    checkpoint = _read_checkpoint(line)
                    venue, account, standing = checkpoint.venue, checkpoint.account, checkpoint.standing
                    continue
                batch = _read_batch(line)
                standing = batch.standing
                _fold(batch, orders, trades, venue, account)
    except FileNotFoundError:
        raise LedgerError(f"there is no ledger at {path}: nothing has traded with these books yet") from None
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise LedgerError(f"{path}, line {number}, is not a ledger's: {error}") from error
    if standing is None:
        raise LedgerError(f"{path} is empty")
    return Ledgered(venue, account, orders, trades, standing)


def _fold(
    batch: Batch, orders: dict[str, BookOrder], trades: dict[tuple[str, str], Traded], venue: str, account: str
) -> None:
    for row in batch.rows:
        apply_row(orders, row, venue, account)
        if type(row) is Traded:
            trades[row.venue_order_id, row.trade_id] = row
        elif type(row) is Undone:
            trades.pop((row.venue_order_id, row.trade_id), None)


def view_of(
    orders: Iterable[BookOrder], fills: Iterable[Fill], standing: Standing, shown: Callable[[str], str] = str
) -> dict[str, Any]:
    """Return books in the form in which they are shown; ``shown`` turns an order's key into its id on the wire."""
    return {
        "orders": [order_view(live, shown) for live in orders],
        "fills": [_fill(fill, shown) for fill in fills],
        "balances": {asset: plain(amount) for asset, amount in standing.cash.items()},
        "positions": {symbol: plain(quantity) for symbol, quantity in standing.net.items()},
        "requests": dict(zip(REQUESTS, standing.requests, strict=True)),
    }


def order_view(live: BookOrder, shown: Callable[[str], str] = str) -> dict[str, Any]:
    """Return one order in the form in which it is shown."""
    order = live.order
    return {
        "venue_order_id": shown(live.venue_order_id), "client_order_id": order.client_order_id, "symbol": order.symbol,
        "side": order.side, "type": order.type, "quantity": plain(live.quantity), "price": _plain(live.price),
        "status": live.state, "filled_quantity": plain(live.filled), "created_ns": live.created_ns,
    }  # fmt: skip


def _fill(fill: Fill, shown: Callable[[str], str]) -> dict[str, Any]:
    return {
        "trade_id": fill.trade_id, "venue_order_id": shown(fill.venue_order_id or ""), "client_order_id": fill.client_order_id,
        "symbol": fill.symbol, "side": fill.side, "price": plain(fill.price), "quantity": plain(fill.quantity),
        "fee": plain(fill.fee), "fee_asset": fill.fee_asset, "ts_ns": fill.ts_ns,
    }  # fmt: skip


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
