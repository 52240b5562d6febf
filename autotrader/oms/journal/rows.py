"""Orders, fills and positions as table rows, and back.

A row holds what it is looked up by in columns, the rest as a JSON array in the order of ``…_BODY``, and a CRC-32 of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import itemgetter
from zlib import crc32

import msgspec

from autotrader.errors import JournalError
from autotrader.model import Fill, Liquidity, OrderState, OrderType, OrderUpdate, Position, Side, TimeInForce

__all__ = [
    "FILL_COLUMNS", "FILL_KEY", "FILL_STORED", "ORDER_COLUMNS", "ORDER_KEY", "ORDER_STORED", "POSITION_COLUMNS", "POSITION_KEY",
    "Row", "fill_of", "fill_row", "fill_values", "is_sound", "line_of", "order_of", "order_row", "order_values", "position_of",
    "position_row",
]  # fmt: skip

_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
_decode: Callable[[str], list[str]] = msgspec.json.Decoder(list).decode
Row = tuple[str | int | None, ...]

ORDER_KEY = ("client_order_id",)
ORDER_STORED = ("client_order_id", "venue_order_id", "state", "body", "crc")
_ORDER_BODY = (
    "venue", "account", "symbol", "side", "type", "time_in_force", "quantity", "price", "stop_price", "filled_quantity",
    "average_price", "reason_code", "reason", "strategy", "created_ns", "updated_ns", "is_foreign", "held", "reduce_only",
    "tag",
)  # fmt: skip
ORDER_COLUMNS = (
    "client_order_id", "venue_order_id", "venue", "account", "symbol", "side", "type", "time_in_force", "quantity", "price",
    "stop_price", "state", "filled_quantity", "average_price", "reason_code", "reason", "strategy", "created_ns", "updated_ns",
    "is_foreign", "held", "reduce_only", "tag",
)  # fmt: skip
"""The columns of the view, which are those of the command output and a few more."""

FILL_KEY = ("venue", "account", "symbol", "trade_id")
FILL_STORED = (*FILL_KEY, "body", "crc")
_FILL_BODY = (
    "client_order_id", "venue_order_id", "side", "price", "quantity", "fee", "fee_asset", "liquidity", "ts_ns", "inferred",
    "strategy",
)  # fmt: skip
FILL_COLUMNS = (
    "trade_id", "client_order_id", "venue_order_id", "venue", "account", "symbol", "side", "price", "quantity", "fee",
    "fee_asset", "liquidity", "ts_ns", "inferred", "strategy",
)  # fmt: skip
POSITION_COLUMNS = (
    "venue", "account", "symbol", "quantity", "average_price", "realized_pnl", "unrealized_pnl", "currency", "crc",
)  # fmt: skip
POSITION_KEY = ("venue", "account", "symbol")


def line_of(row: Row) -> str:
    """Return what the checksum of a row, without its last column, is made of; all that is sound is text or NULL."""
    return "\x1f".join(["\x1e" if value is None else value if isinstance(value, str) else f"\x1d{value}" for value in row])


def is_sound(row: Row) -> bool:
    """Say whether the checksum at the end of a row is right."""
    return crc32(line_of(row[:-1]).encode()) == row[-1]


def _text(value: Decimal) -> str:
    text = str(value)
    return format(value, "f") if "E" in text else text


def order_row(order: OrderUpdate) -> Row:
    """Return the row of an order, in the order of ``ORDER_STORED``."""
    price, stop, average = order.price, order.stop_price, order.average_price
    name, venue_id, state = order.client_order_id, order.venue_order_id, order.state._value_
    body = _encode((
        order.venue, order.account, order.symbol, order.side._value_, order.type._value_, order.time_in_force._value_,
        _text(order.quantity), None if price is None else _text(price), None if stop is None else _text(stop),
        _text(order.filled_quantity), None if average is None else _text(average), order.reason_code, order.reason,
        order.strategy, order.created_ns, order.updated_ns, 1 if order.foreign else 0, 1 if order.held else 0,
        1 if order.reduce_only else 0, order.tag,
    )).decode()  # fmt: skip
    known = "\x1e" if venue_id is None else venue_id
    return name, venue_id, state, body, crc32(f"{name}\x1f{known}\x1f{state}\x1f{body}".encode())


def fill_row(fill: Fill) -> Row:
    """Return the row of a fill, in the order of ``FILL_STORED``."""
    venue, account, symbol, trade_id = fill.venue, fill.account, fill.symbol, fill.trade_id
    body = _encode((
        fill.client_order_id, fill.venue_order_id, fill.side._value_, _text(fill.price), _text(fill.quantity), _text(fill.fee),
        fill.fee_asset, fill.liquidity._value_, fill.ts_ns, 1 if fill.inferred else 0, fill.strategy,
    )).decode()  # fmt: skip
    line = f"{venue}\x1f{account}\x1f{symbol}\x1f{trade_id}\x1f{body}"
    return venue, account, symbol, trade_id, body, crc32(line.encode())


def position_row(position: Position) -> Row:
    """Return the row of a position; what depends on a quote (``unrealized_pnl``) is not kept."""
    average = position.average_price
    row: Row = (
        position.venue, position.account, position.symbol, _text(position.quantity),
        None if average is None else _text(average), _text(position.realized_pnl), None, position.currency,
    )  # fmt: skip
    return (*row, crc32(line_of(row).encode()))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _reader(stored: Sequence[str], body: Sequence[str], columns: Sequence[str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    keys = len(stored) - 2
    pick = itemgetter(*map((*stored[:keys], *body).index, columns))

    def values(row: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found: tuple[str, ...] = pick((*row[:keys], *_decode(row[keys])))
        except (msgspec.MsgspecError, IndexError) as e:
            raise JournalError(f"the row of {row[0]} cannot be read: {e}; `autotrader verify` says more") from e
        return found

    return values


order_values = _reader(ORDER_STORED, _ORDER_BODY, ORDER_COLUMNS)
"""Return the values of a row of ``ORDER_STORED`` in the order of ``ORDER_COLUMNS``."""
fill_values = _reader(FILL_STORED, _FILL_BODY, FILL_COLUMNS)
"""Return the values of a row of ``FILL_STORED`` in the order of ``FILL_COLUMNS``."""


def order_of(row: tuple[str, ...]) -> OrderUpdate:
    """Return the order of a row."""
    (order_id, venue_id, venue, account, symbol, side, kind, tif, quantity, price, stop, state, filled, average, code, reason,
     strategy, created, updated, foreign, held, reduce_only, tag) = order_values(row)  # fmt: skip
    return OrderUpdate(
        order_id, venue_id, venue, account, symbol, Side(side), OrderType(kind), TimeInForce(tif), Decimal(quantity),
        _number(price), _number(stop), OrderState(state), Decimal(filled), _number(average), code, reason, strategy,
        int(created), int(updated), bool(foreign), bool(held), bool(reduce_only), tag,
    )  # fmt: skip


def fill_of(row: tuple[str, ...]) -> Fill:
    """Return the fill of a row."""
    (trade_id, order_id, venue_id, venue, account, symbol, side, price, quantity, fee, asset, liquidity, ts_ns, inferred,
     strategy) = fill_values(row)  # fmt: skip
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
