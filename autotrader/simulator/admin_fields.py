"""What the admin's requests hold, read and checked; an error names the field."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from autotrader.errors import ConfigError
from autotrader.model import ZERO, Instrument, Order, OrderType, Quote, Side, TimeInForce, decimal_of
from autotrader.simulator.world import SimVenue

__all__ = ["hand_order", "name_in", "parsed", "quote_in", "seconds_in", "trade_in"]

DEFAULT_SIZE = Decimal(10)
LONGEST_STEP_S = 3600
_E = TypeVar("_E", bound=StrEnum)


def parsed(body: bytes, content_type: str) -> Any:
    """Read JSON, or TOML when it says so; numbers with a point become decimals. Raises ConfigError."""
    try:
        text = body.decode()
        loads: Callable[..., Any] = tomllib.loads if "toml" in content_type else json.loads
        return loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the body cannot be read: {error}") from error


def _object(body: object, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise ConfigError("the body must be an object with fields")
    for name in body:
        if name not in known:
            raise ConfigError(f"{name}: there is no such field; there are {', '.join(known)}")
    return body


def _instrument(body: Mapping[str, Any], venue: SimVenue) -> Instrument:
    found = venue.instruments.get(str(body.get("symbol")))
    if found is None:
        raise ConfigError(f"symbol: {body.get('symbol')!r} is not listed here; there are {', '.join(venue.instruments)}")
    return found


def _decimal(body: Mapping[str, Any], name: str, default: Decimal | None = None) -> Decimal:
    value = body.get(name)
    if value is None and default is not None:
        return default
    try:
        number = decimal_of(value, name)
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error)) from error
    if number <= ZERO:
        raise ConfigError(f"{name} must be above zero, not {number:f}")
    return number


def _in_steps(body: Mapping[str, Any], name: str, step: Decimal, default: Decimal | None = None) -> Decimal:
    number = _decimal(body, name, default)
    if number % step:
        raise ConfigError(f"{name}: {number:f} is not a multiple of {step:f}")
    return number


def quote_in(body: object, venue: SimVenue) -> Quote:
    """Read a book to set: ``{symbol, bid, ask, bid_size, ask_size}``; a size that is not given is 10."""
    fields = _object(body, ("symbol", "bid", "ask", "bid_size", "ask_size"))
    one = _instrument(fields, venue)
    bid, ask = _in_steps(fields, "bid", one.tick), _in_steps(fields, "ask", one.tick)
    if bid >= ask:
        raise ConfigError(f"bid: {bid:f} is not below ask {ask:f}")
    default = max(DEFAULT_SIZE // one.lot * one.lot, one.lot)
    bid_size, ask_size = (_in_steps(fields, name, one.lot, default) for name in ("bid_size", "ask_size"))
    return Quote(venue.name, one.symbol, bid, ask, bid_size, ask_size, venue.now_ns())


def trade_in(body: object, venue: SimVenue) -> tuple[str, Decimal, Decimal, Side]:
    """Read a trade of strangers: ``{symbol, price, quantity}``, with ``side`` the aggressor's.

    Without a side the aggressor is whoever meets our resting orders at that price, else whoever the quote suggests.
    """
    fields = _object(body, ("symbol", "price", "quantity", "side"))
    one = _instrument(fields, venue)
    price, quantity = _in_steps(fields, "price", one.tick), _in_steps(fields, "quantity", one.lot)
    if fields.get("side") is not None:
        return one.symbol, price, quantity, _word(fields, "side", Side)
    return one.symbol, price, quantity, _aggressor(venue, one.symbol, price)


def _aggressor(venue: SimVenue, symbol: str, price: Decimal) -> Side:
    book = venue.exchange.books[symbol]
    if any(live.price is not None and live.price >= price for live in book.bids):
        return Side.SELL
    if any(live.price is not None and live.price <= price for live in book.asks):
        return Side.BUY
    return Side.BUY if book.mark is None or price >= book.mark else Side.SELL


def seconds_in(body: object) -> float:
    """Read ``{seconds}``, above zero, at most an hour."""
    number = _decimal(_object(body, ("seconds",)), "seconds")
    if number > LONGEST_STEP_S:
        raise ConfigError(f"seconds must be at most {LONGEST_STEP_S}, not {number:f}")
    return float(number)


def _word(fields: Mapping[str, Any], name: str, words: type[_E], default: _E | None = None) -> _E:
    given = fields.get(name, default)
    try:
        return words(str(given).upper())
    except ValueError:
        raise ConfigError(f"{name} must be one of {', '.join(words)}, not {given!r}") from None


_ORDER = ("symbol", "side", "type", "quantity", "price", "stop_price", "time_in_force", "client_order_id", "post_only")


def hand_order(body: object, venue: SimVenue) -> Order:
    """Read an order that is placed by hand; without ``type`` it is LIMIT when it has a price, else MARKET.

    Without ``client_order_id`` it gets one as a venue's own page would give: ``hand`` and a number.
    """
    fields = _object(body, _ORDER)
    one = _instrument(fields, venue)
    price = None if fields.get("price") is None else _decimal(fields, "price")
    stop_price = None if fields.get("stop_price") is None else _decimal(fields, "stop_price")
    kind = _word(fields, "type", OrderType, OrderType.MARKET if price is None else OrderType.LIMIT)
    if kind is OrderType.TRAILING_STOP:
        raise ConfigError("type: a TRAILING_STOP order cannot be placed by hand")
    return Order(
        str(fields.get("client_order_id") or f"hand{venue.exchange.order_number + 1}"), venue.name, venue.account, one.symbol,
        _word(fields, "side", Side), kind, _decimal(fields, "quantity"),
        _word(fields, "time_in_force", TimeInForce, TimeInForce.GTC), price, stop_price,
        post_only=_flag(fields, "post_only"), created_ns=venue.now_ns(),
    )  # fmt: skip


def name_in(body: object) -> str:
    """Read ``{client_order_id}``."""
    name = _object(body, ("client_order_id",)).get("client_order_id")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"client_order_id must be a text, not {name!r}")
    return name


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, not {value!r}")
    return value
