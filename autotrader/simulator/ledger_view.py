"""A ledger as others read it: the form of ``GET /_sim/ledger`` and of ``autotrader ledger``."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from autotrader.model import plain
from autotrader.simulator.events import BookOrder
from autotrader.simulator.ledger_fold import apply_row
from autotrader.simulator.ledger_rows import REQUESTS, Batch, Checkpoint, LedgerError, Standing, Traded, Undone

__all__ = ["read_ledger"]

_read_batch = msgspec.json.Decoder(Batch).decode
_read_checkpoint = msgspec.json.Decoder(Checkpoint).decode


def read_ledger(path: str | Path) -> dict[str, Any]:
    """Read a whole ledger, also one that a running process writes to.

    Returns ``{orders, fills, balances, positions, requests}``, oldest first, decimals as text. Raises ``LedgerError``.
    """
    orders: dict[str, BookOrder] = {}
    trades: dict[str, Traded] = {}
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
    return _view(orders, trades, standing)


def _fold(batch: Batch, orders: dict[str, BookOrder], trades: dict[str, Traded], venue: str, account: str) -> None:
    for row in batch.rows:
        apply_row(orders, row, venue, account)
        if type(row) is Traded:
            trades[row.trade_id] = row
        elif type(row) is Undone:
            trades.pop(row.trade_id, None)


def _view(orders: dict[str, BookOrder], trades: dict[str, Traded], standing: Standing) -> dict[str, Any]:
    return {
        "orders": [_order(live) for live in orders.values()],
        "fills": [_fill(row) for row in trades.values()],
        "balances": {asset: plain(amount) for asset, amount in standing.cash.items()},
        "positions": {symbol: plain(quantity) for symbol, quantity in standing.net.items()},
        "requests": dict(zip(REQUESTS, standing.requests, strict=True)),
    }


def _order(live: BookOrder) -> dict[str, Any]:
    order = live.order
    return {
        "venue_order_id": live.venue_order_id, "client_order_id": order.client_order_id, "symbol": order.symbol,
        "side": order.side, "type": order.type, "quantity": plain(live.quantity), "price": _plain(live.price),
        "status": live.state, "filled_quantity": plain(live.filled), "created_ns": live.created_ns,
    }  # fmt: skip


def _fill(row: Traded) -> dict[str, Any]:
    return {
        "trade_id": row.trade_id, "venue_order_id": row.venue_order_id, "client_order_id": row.client_order_id,
        "symbol": row.symbol, "side": row.side, "price": plain(row.price), "quantity": plain(row.quantity),
        "fee": plain(row.fee), "fee_asset": row.fee_asset, "ts_ns": row.ts_ns,
    }  # fmt: skip


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
