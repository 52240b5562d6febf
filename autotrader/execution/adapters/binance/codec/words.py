"""The venue's words and ours: statuses are a closed list (an unknown one makes a frame unreadable), types and times in force an
open one, since they only describe. Source: binance.md sections 3 and 4 (DOCS enums.md).
"""  # noqa: D205

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from autotrader.model import OrderState, OrderType, TimeInForce

__all__ = [
    "FINAL_STATES", "STOP_TYPES", "ExecutionType", "SideWord", "StatusWord", "is_held", "order_type_of", "state_of",
    "time_in_force_of",
]

StatusWord = Literal[
    "NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "PENDING_CANCEL", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"
]
ExecutionType = Literal["NEW", "CANCELED", "REPLACED", "REJECTED", "TRADE", "EXPIRED", "TRADE_PREVENTION"]
SideWord = Literal["BUY", "SELL"]

FINAL_STATES: Final[dict[str, OrderState]] = {
    "FILLED": OrderState.FILLED, "CANCELED": OrderState.CANCELED, "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED, "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}
STOP_TYPES: Final = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
_TYPES: Final = {
    "MARKET": OrderType.MARKET, "LIMIT": OrderType.LIMIT, "LIMIT_MAKER": OrderType.LIMIT, "STOP_LOSS": OrderType.STOP,
    "TAKE_PROFIT": OrderType.STOP, "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT, "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
}
_TIMES: Final = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}


def state_of(status: str, filled: Decimal) -> OrderState:
    """Return our state: a done one, else OPEN or PARTIALLY_FILLED by what is filled (PENDING_NEW and PENDING_CANCEL work)."""
    done = FINAL_STATES.get(status)
    if done is not None:
        return done
    return OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN


def is_held(status: str, type_word: str, working: bool) -> bool:
    """Say whether the venue holds the order back: a list's pending leg, or a stop that has not triggered."""
    return status == "PENDING_NEW" or (type_word in STOP_TYPES and not working)


def order_type_of(type_word: str, price: Decimal | None, trailing: bool) -> OrderType:
    """Return our order type; a word that is not known yet counts as a limit if it has a price, else as a market order."""
    if trailing:
        return OrderType.TRAILING_STOP
    return _TYPES.get(type_word) or (OrderType.MARKET if price is None else OrderType.LIMIT)


def time_in_force_of(word: str) -> TimeInForce:
    """Return our time in force; GTC for a word that is not known yet."""
    return _TIMES.get(word, TimeInForce.GTC)
