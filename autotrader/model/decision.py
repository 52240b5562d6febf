"""What a strategy sees and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec

from autotrader.model.decimals import decimal_of
from autotrader.model.order import OrderUpdate
from autotrader.model.quote import Quote
from autotrader.model.types import Action, OrderType, TimeInForce

__all__ = ["ExecutionDecision", "Snapshot"]

_E = TypeVar("_E", bound=StrEnum)


class Snapshot(msgspec.Struct, frozen=True):
    """All that a strategy needs to decide, at one moment of the engine's time.

    ``positions`` maps symbol to signed quantity; ``open_orders`` are this strategy's that are not done, SENT and UNKNOWN
    among them; ``balances`` maps asset to total; ``equity`` is in the account currency, None while it cannot be known;
    ``venues`` says which venues are ready.
    """

    now_ns: int
    quotes: Mapping[str, Quote]
    positions: Mapping[str, Decimal]
    open_orders: tuple[OrderUpdate, ...]
    balances: Mapping[str, Decimal]
    equity: Decimal | None
    venues: Mapping[str, bool]


@dataclass(frozen=True, slots=True, init=False)
class ExecutionDecision:
    """One decision of a strategy. Enums are taken as members or as their names, numbers as Decimal, int or text.

    Raises TypeError or ValueError that name the field, in the strategy's own line.
    """

    action: Action
    symbol: str
    size: Decimal | None
    confidence: float
    venue: str | None
    order_type: OrderType
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail: Decimal | None
    time_in_force: TimeInForce
    expires_ns: int | None
    post_only: bool
    reduce_only: bool
    order_id: str | None
    tag: str | None

    def __init__(
        self,
        action: Action | str,
        symbol: str,
        size: Decimal | int | str | None = None,
        confidence: float = 1.0,
        *,
        venue: str | None = None,
        order_type: OrderType | str = OrderType.MARKET,
        limit_price: Decimal | int | str | None = None,
        stop_price: Decimal | int | str | None = None,
        trail: Decimal | int | str | None = None,
        time_in_force: TimeInForce | str = TimeInForce.GTC,
        expires_ns: int | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        order_id: str | None = None,
        tag: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "action", _member(Action, action, "action"))
        put(self, "symbol", _text(symbol, "symbol"))
        put(self, "size", _number(size, "size"))
        put(self, "confidence", _confidence(confidence))
        put(self, "venue", venue)
        put(self, "order_type", _member(OrderType, order_type, "order_type"))
        put(self, "limit_price", _number(limit_price, "limit_price"))
        put(self, "stop_price", _number(stop_price, "stop_price"))
        put(self, "trail", _number(trail, "trail"))
        put(self, "time_in_force", _member(TimeInForce, time_in_force, "time_in_force"))
        put(self, "expires_ns", expires_ns)
        put(self, "post_only", post_only)
        put(self, "reduce_only", reduce_only)
        put(self, "order_id", order_id)
        put(self, "tag", tag)


def _member(kind: type[_E], value: object, name: str) -> _E:
    if type(value) is kind:
        return value
    try:
        return kind(str(value))
    except ValueError:
        raise ValueError(f"{name} must be one of {', '.join(kind)}, not {value!r}") from None


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} must be text such as 'BTCUSDT', not {value!r}")
    return value


def _number(value: Decimal | int | str | None, name: str) -> Decimal | None:
    return None if value is None else decimal_of(value, name)


def _confidence(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not 0 <= value <= 1:
        raise ValueError(f"confidence must be a number from 0 to 1, not {value!r}")
    return float(value)
