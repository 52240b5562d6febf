"""Orders, fills and positions as table rows, and back. The columns are those of the command output, and a few more."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from zlib import crc32

import msgspec

from autotrader.model import Fill, Liquidity, OrderState, OrderType, OrderUpdate, Position, Side, TimeInForce

__all__ = [
    "FILL_COLUMNS", "FILL_KEY", "ORDER_COLUMNS", "ORDER_KEY", "POSITION_COLUMNS", "POSITION_KEY", "Row", "fill_of", "fill_row",
    "is_sound", "order_of", "order_row", "position_of", "position_row",
]

_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
Row = tuple[str | int | None, ...]

ORDER_COLUMNS = (
    "client_order_id", "venue_order_id", "venue", "account", "symbol", "side", "type", "time_in_force", "quantity", "price",
    "stop_price", "state", "filled_quantity", "average_price", "reason_code", "reason", "strategy", "created_ns", "updated_ns",
    "is_foreign", "held", "reduce_only", "tag", "crc",
)
ORDER_KEY = ("client_order_id",)
FILL_COLUMNS = (
    "trade_id", "client_order_id", "venue_order_id", "venue", "account", "symbol", "side", "price", "quantity", "fee",
    "fee_asset", "liquidity", "ts_ns", "inferred", "strategy", "crc",
)
FILL_KEY = ("venue", "account", "symbol", "trade_id")
POSITION_COLUMNS = (
    "venue", "account", "symbol", "quantity", "average_price", "realized_pnl", "unrealized_pnl", "currency", "crc",
)
POSITION_KEY = ("venue", "account", "symbol")


def _text(value: Decimal) -> str:
    text = str(value)
    return format(value, "f") if "E" in text else text


def order_row(order: OrderUpdate) -> Row:
    """Return the row of an order, in the order of ``ORDER_COLUMNS``."""
    price, stop, average = order.price, order.stop_price, order.average_price
    row = (
        order.client_order_id, order.venue_order_id, order.venue, order.account, order.symbol, order.side._value_,
        order.type._value_, order.time_in_force._value_, _text(order.quantity), None if price is None else _text(price),
        None if stop is None else _text(stop), order.state._value_, _text(order.filled_quantity),
        None if average is None else _text(average), order.reason_code, order.reason, order.strategy, order.created_ns,
        order.updated_ns, 1 if order.foreign else 0, 1 if order.held else 0, 1 if order.reduce_only else 0, order.tag,
    )  # fmt: skip
    return (*row, crc32(_encode(row)))


def fill_row(fill: Fill) -> Row:
    """Return the row of a fill, in the order of ``FILL_COLUMNS``."""
    row = (
        fill.trade_id, fill.client_order_id, fill.venue_order_id, fill.venue, fill.account, fill.symbol, fill.side._value_,
        _text(fill.price), _text(fill.quantity), _text(fill.fee), fill.fee_asset, fill.liquidity._value_, fill.ts_ns,
        1 if fill.inferred else 0, fill.strategy,
    )  # fmt: skip
    return (*row, crc32(_encode(row)))


def position_row(position: Position) -> Row:
    """Return the row of a position; what depends on a quote (``unrealized_pnl``) is not kept."""
    average = position.average_price
    row = (
        position.venue, position.account, position.symbol, _text(position.quantity),
        None if average is None else _text(average), _text(position.realized_pnl), None, position.currency,
    )  # fmt: skip
    return (*row, crc32(_encode(row)))


def is_sound(row: Row) -> bool:
    """Say whether the checksum at the end of a row is right."""
    return crc32(_encode(row[:-1])) == row[-1]


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def order_of(row: tuple[str, ...]) -> OrderUpdate:
    """Return the order of a row."""
    (order_id, venue_id, venue, account, symbol, side, kind, tif, quantity, price, stop, state, filled, average, code, reason,
     strategy, created, updated, foreign, held, reduce_only, tag, _) = row  # fmt: skip
    return OrderUpdate(
        order_id, venue_id, venue, account, symbol, Side(side), OrderType(kind), TimeInForce(tif), Decimal(quantity),
        _number(price), _number(stop), OrderState(state), Decimal(filled), _number(average), code, reason, strategy,
        int(created), int(updated), bool(foreign), bool(held), bool(reduce_only), tag,
    )  # fmt: skip


def fill_of(row: tuple[str, ...]) -> Fill:
    """Return the fill of a row."""
    (trade_id, order_id, venue_id, venue, account, symbol, side, price, quantity, fee, asset, liquidity, ts_ns, inferred,
     strategy, _) = row  # fmt: skip
    return Fill(
        trade_id, order_id, venue_id, venue, account, symbol, Side(side), Decimal(price), Decimal(quantity), Decimal(fee),
        asset, Liquidity(liquidity), int(ts_ns), bool(inferred), strategy,
    )  # fmt: skip


def position_of(row: tuple[str, ...]) -> Position:
    """Return the position of a row."""
    venue, account, symbol, quantity, average, realized, unrealized, currency, _ = row
    return Position(
        venue, account, symbol, Decimal(quantity), _number(average), Decimal(realized), _number(unrealized), currency
    )
