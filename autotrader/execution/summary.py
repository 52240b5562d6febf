"""How a run went, in the form of ``--summary-json``."""

from __future__ import annotations

from typing import Any

import msgspec

from autotrader.model import Position, plain

__all__ = ["RunSummary", "position_json"]


class RunSummary(msgspec.Struct, frozen=True):
    """One run. ``ended``: until_fills, duration, tape_end, interrupted, killed or error.

    ``clean``: every order's fate and every position was confirmed by its venue. Decimals are text, latencies microseconds.
    """

    ended: str
    orders: int
    fills: int
    denied: int
    rejected: int
    unknown: int
    filled_notional: str
    fees: dict[str, str]
    realized_pnl: str
    unrealized_pnl: str | None
    positions: list[dict[str, Any]]
    latency_us: dict[str, dict[str, float | None]]
    started_ns: int
    ended_ns: int
    clean: bool
    rejects: dict[str, int] = {}
    fill_rate: float | None = None
    detail: str = ""


def position_json(position: Position) -> dict[str, Any]:
    """Return a position in the form of ``autotrader positions``."""
    return {
        "venue": position.venue,
        "account": position.account,
        "symbol": position.symbol,
        "quantity": plain(position.quantity),
        "average_price": None if position.average_price is None else plain(position.average_price),
        "realized_pnl": plain(position.realized_pnl),
        "unrealized_pnl": None if position.unrealized_pnl is None else plain(position.unrealized_pnl),
        "currency": position.currency,
    }
