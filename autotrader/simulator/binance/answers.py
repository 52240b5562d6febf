"""Orders and trades as answers show them (binance.md section 3). Pure; ``unit``: the nanoseconds of one unit of time."""

from __future__ import annotations

from typing import Any

from autotrader.model import ZERO, Fill, Liquidity, Side
from autotrader.simulator.binance.spot_order import PreventedMatch, Record, kind_of, prevention_of, status_of
from autotrader.simulator.binance.values import text8, text_of
from autotrader.simulator.events import BookOrder
from autotrader.simulator.numbering import shown_id
from autotrader.simulator.special import special_of

__all__ = [
    "ack", "amended_answer", "cancel_answer", "fill_row", "list_number", "order_number", "placed_answer", "prevented_row",
    "query_row", "stop_of", "trade_row",
]  # fmt: skip

_NONE = "0.00000000"


def order_number(live: BookOrder) -> int:
    """Return the order's id on the wire."""
    return int(shown_id(live.venue_order_id))


def list_number(live: BookOrder) -> int:
    """Return the number of the order list that an order is of, -1 for none."""
    return int(special_of(live.order).labels.get("list", -1))


def ack(live: BookOrder, record: Record, unit: int) -> dict[str, Any]:
    """Return the shortest answer to a new order."""
    return {
        "symbol": live.order.symbol, "orderId": order_number(live), "orderListId": list_number(live),
        "clientOrderId": record.wire_id, "transactTime": live.updated_ns // unit,
    }  # fmt: skip


def placed_answer(live: BookOrder, record: Record, fills: list[Fill], response: str, unit: int) -> dict[str, Any]:
    """Return the answer to a new order in the form asked for."""
    told = ack(live, record, unit)
    if response == "ACK":
        return told
    told.update(_terms(live, record))
    _add_extras(told, live, record, unit)
    told["workingTime"] = _working(record, unit)
    told["selfTradePreventionMode"] = prevention_of(live.order)
    if record.expiry_reason:
        told["expiryReason"] = record.expiry_reason
    if response == "FULL":
        told["fills"] = [fill_row(fill) for fill in fills]
    return told


def cancel_answer(live: BookOrder, record: Record, cancel_id: str, unit: int) -> dict[str, Any]:
    """Return the answer to a cancel: ``clientOrderId`` is the cancel's own."""
    told = {
        "symbol": live.order.symbol, "origClientOrderId": record.wire_id, "orderId": order_number(live),
        "orderListId": list_number(live), "clientOrderId": cancel_id, "transactTime": live.updated_ns // unit,
        **_terms(live, record),
    }  # fmt: skip
    _add_extras(told, live, record, unit)
    told["selfTradePreventionMode"] = prevention_of(live.order)
    return told


def query_row(live: BookOrder, record: Record, unit: int) -> dict[str, Any]:
    """Return an order as queries and lists show it."""
    order = live.order
    labels = special_of(order).labels
    terms = _terms(live, record)
    quote_quantity = terms.pop("origQuoteOrderQty")
    told = {
        "symbol": order.symbol, "orderId": order_number(live), "orderListId": list_number(live),
        "clientOrderId": record.wire_id, **terms,
        "stopPrice": stop_of(live), "icebergQty": labels.get("iceberg", _NONE), "time": live.created_ns // unit,
        "updateTime": live.updated_ns // unit, "isWorking": record.working_ns > 0, "workingTime": _working(record, unit),
        "origQuoteOrderQty": quote_quantity, "selfTradePreventionMode": prevention_of(live.order),
    }  # fmt: skip
    _add_extras(told, live, record, unit)
    if record.expiry_reason:
        told["expiryReason"] = record.expiry_reason
    return told


def amended_answer(live: BookOrder, record: Record, before: str, execution: int, unit: int) -> dict[str, Any]:
    """Return the answer to an amendment: it spells ``qty`` and ``cumulativeQuoteQty`` in its own way."""
    order = live.order
    quote_quantity = special_of(order).labels.get("quote", _NONE)
    amended = {
        "symbol": order.symbol, "orderId": order_number(live), "orderListId": list_number(live), "origClientOrderId": before,
        "clientOrderId": record.wire_id, "price": text_of(live.price), "qty": text8(live.quantity),
        "executedQty": text8(live.filled), "preventedQty": text8(record.prevented), "quoteOrderQty": quote_quantity,
        "cumulativeQuoteQty": text8(live.cost), "status": status_of(live, record), "timeInForce": order.time_in_force.value,
        "type": kind_of(order), "side": order.side.value, "workingTime": _working(record, unit),
        "selfTradePreventionMode": prevention_of(live.order),
    }  # fmt: skip
    return {"transactTime": live.updated_ns // unit, "executionId": execution, "amendedOrder": amended}


def fill_row(fill: Fill) -> dict[str, Any]:
    """Return one of ``fills``."""
    return {
        "price": text8(fill.price), "qty": text8(fill.quantity), "commission": text8(fill.fee),
        "commissionAsset": fill.fee_asset, "tradeId": int(fill.trade_id),
    }  # fmt: skip


def trade_row(fill: Fill, list_id: int, unit: int) -> dict[str, Any]:
    """Return one of myTrades; ``list_id`` is the number of its order's list."""
    return {
        "symbol": fill.symbol, "id": int(fill.trade_id), "orderId": int(shown_id(fill.venue_order_id or "0")),
        "orderListId": list_id, "price": text8(fill.price), "qty": text8(fill.quantity),
        "quoteQty": text8(fill.price * fill.quantity), "commission": text8(fill.fee), "commissionAsset": fill.fee_asset,
        "time": fill.ts_ns // unit, "isBuyer": fill.side is Side.BUY, "isMaker": fill.liquidity is Liquidity.MAKER,
        "isBestMatch": True,
    }  # fmt: skip


def prevented_row(match: PreventedMatch, unit: int) -> dict[str, Any]:
    """Return one of myPreventedMatches; the quantities are told of the sides that lost some."""
    told = {
        "symbol": match.taker.order.symbol, "preventedMatchId": match.number, "takerOrderId": order_number(match.taker),
        "makerSymbol": match.maker.order.symbol, "makerOrderId": order_number(match.maker), "tradeGroupId": 1,
        "selfTradePreventionMode": prevention_of(match.taker.order), "price": text8(match.price),
    }  # fmt: skip
    if match.taker_prevented is not None:
        told["takerPreventedQuantity"] = text8(match.taker_prevented)
    if match.maker_prevented is not None:
        told["makerPreventedQuantity"] = text8(match.maker_prevented)
    return {**told, "transactTime": match.ts_ns // unit}


def stop_of(live: BookOrder) -> str:
    """Return the stop price as it was asked for; where a trailing stop stands by now is not told."""
    return special_of(live.order).labels.get("stop") or (text_of(live.stop_price) if live.order.stop_price else _NONE)


def _terms(live: BookOrder, record: Record) -> dict[str, Any]:
    order = live.order
    quote_quantity = special_of(order).labels.get("quote", _NONE)
    return {
        "price": _NONE if live.price is None else text8(live.price), "origQty": text8(live.quantity),
        "executedQty": _NONE if not live.filled else text8(live.filled), "origQuoteOrderQty": quote_quantity,
        "cummulativeQuoteQty": _NONE if not live.filled else text8(live.cost), "status": status_of(live, record),
        "timeInForce": order.time_in_force.value, "type": kind_of(order), "side": order.side.value,
    }  # fmt: skip


def _add_extras(told: dict[str, Any], live: BookOrder, record: Record, unit: int) -> None:
    """Add the fields that are there only when they are used."""
    special = special_of(live.order)
    labels = special.labels
    if "stopPrice" not in told and (stop := stop_of(live)) != _NONE:
        told["stopPrice"] = stop
    if record.prevented != ZERO:
        told["preventedMatchId"], told["preventedQuantity"] = record.prevented_match, text8(record.prevented)
    if "icebergQty" not in told and "iceberg" in labels:
        told["icebergQty"] = labels["iceberg"]
    if special.trail_bps is not None:
        told["trailingDelta"] = special.trail_bps
        told["trailingTime"] = record.trailing_ns // unit if record.trailing_ns else -1
    for name in ("strategyId", "strategyType"):
        if name in labels:
            told[name] = int(labels[name])


def _working(record: Record, unit: int) -> int:
    return record.working_ns // unit if record.working_ns else -1
