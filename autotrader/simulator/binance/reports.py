"""User data events: executionReport, outboundAccountPosition and those about the stream itself (binance.md section 5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from autotrader.model import ZERO, Fill, Liquidity
from autotrader.simulator.binance.answers import list_number, order_number, stop_of
from autotrader.simulator.binance.spot_order import Record, kind_of, prevention_of
from autotrader.simulator.binance.values import text8, text_of
from autotrader.simulator.events import BookOrder
from autotrader.simulator.special import Special, special_of

__all__ = ["Told", "account_position", "execution_report", "server_shutdown", "stream_terminated"]

_NONE = "0.00000000"


class Told(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened to an order: what the report says beside the order's standing terms.

    ``filled`` and ``cost`` are the sums as they stood then, ``wire_id`` the id of the action (a cancel's own), ``own_id`` the
    order's, where a request ended it.
    """

    what: str
    status: str
    ts_ns: int
    execution: int
    wire_id: str
    own_id: str = ""
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    quantity: Decimal = ZERO
    on_book: bool = True
    fill: Fill | None = None
    reject_reason: str = "NONE"
    prevented: Decimal = ZERO
    match_price: Decimal = ZERO


def execution_report(live: BookOrder, record: Record, told: Told, now_ns: int, unit: int) -> dict[str, Any]:
    """Return an executionReport with every field that is always there, and those in use."""
    order, fill = live.order, told.fill
    special = special_of(order)
    report: dict[str, Any] = {
        "e": "executionReport", "E": now_ns // unit, "s": order.symbol, "c": told.wire_id, "S": order.side.value,
        "o": kind_of(order), "f": order.time_in_force.value, "q": text8(told.quantity), "p": text_of(live.price),
        "P": stop_of(live), "F": special.labels.get("iceberg", _NONE), "g": list_number(live), "C": told.own_id,
        "x": told.what, "X": told.status, "r": told.reject_reason, "i": order_number(live),
        "l": _NONE if fill is None else text8(fill.quantity), "z": text8(told.filled),
        "L": _NONE if fill is None else text8(fill.price), "n": "0" if fill is None else text8(fill.fee),
        "N": None if fill is None else fill.fee_asset, "T": told.ts_ns // unit, "t": -1 if fill is None else int(fill.trade_id),
        "I": told.execution, "w": told.on_book, "m": fill is not None and fill.liquidity is Liquidity.MAKER, "M": False,
        "O": live.created_ns // unit, "Z": text8(told.cost), "Y": _NONE if fill is None else text8(fill.price * fill.quantity),
        "Q": special.labels.get("quote", _NONE), "V": prevention_of(order),
    }  # fmt: skip
    if record.working_ns:
        report["W"] = record.working_ns // unit
    _add_used(report, special, record, unit)
    if record.expiry_reason and told.what in ("EXPIRED", "REJECTED"):
        report["eR"] = record.expiry_reason
    if told.prevented != ZERO:
        report.update(
            v=record.prevented_match, A=text8(record.prevented), B=text8(told.prevented), pl=text8(told.prevented),
            pL=text8(told.match_price), pY=text8(told.prevented * told.match_price),
        )  # fmt: skip
    return report


def _add_used(report: dict[str, Any], special: Special, record: Record, unit: int) -> None:
    if special.trail_bps is not None:
        report["d"] = special.trail_bps
        if record.trailing_ns:
            report["D"] = record.trailing_ns // unit
    for letter, name in (("j", "strategyId"), ("J", "strategyType")):
        if name in special.labels:
            report[letter] = int(special.labels[name])


def account_position(
    balances: Iterable[tuple[str, Decimal, Decimal]], updated_ns: int, now_ns: int, unit: int
) -> dict[str, Any]:
    """Return outboundAccountPosition of (asset, free, locked)."""
    rows = [{"a": asset, "f": text8(free), "l": text8(locked)} for asset, free, locked in balances]
    return {"e": "outboundAccountPosition", "E": now_ns // unit, "u": updated_ns // unit, "B": rows}


def server_shutdown(now_ns: int, unit: int) -> dict[str, Any]:
    """Return the warning that the server is about to go."""
    return {"e": "serverShutdown", "E": now_ns // unit}


def stream_terminated(now_ns: int, unit: int) -> dict[str, Any]:
    """Return the end of a subscription."""
    return {"e": "eventStreamTerminated", "E": now_ns // unit}
