"""A new order as it is asked for, read from its parameters, with the venue's own complaints (binance.md section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.simulator.binance.errors import ApiError, malformed
from autotrader.simulator.binance.symbols import ORDER_TYPES, PREVENTIONS, SYMBOLS, SymbolTerms
from autotrader.simulator.binance.values import choice, client_id, read_decimal, read_int

__all__ = ["ORDER_PARAMS", "RESPONSES", "Wanted", "read_order", "symbol_terms"]

RESPONSES: Final = ("ACK", "RESULT", "FULL")
ORDER_PARAMS: Final = frozenset(
    {
        "symbol", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price", "newClientOrderId", "strategyId",
        "strategyType", "stopPrice", "trailingDelta", "icebergQty", "newOrderRespType", "selfTradePreventionMode",
        "pegPriceType", "pegOffsetType", "pegOffsetValue",
    }
)  # fmt: skip
_SYMBOL: Final = re.compile(r"[A-Z0-9\-_.]{1,20}")
_IN_FORCE: Final = ("GTC", "IOC", "FOK")
_STOPS: Final = ("STOP_LOSS", "TAKE_PROFIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_PRICED: Final = ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_NEEDED: Final = {
    "LIMIT": ("timeInForce", "quantity", "price"),
    "LIMIT_MAKER": ("quantity", "price"),
    "MARKET": (),
    "STOP_LOSS": ("quantity",),
    "TAKE_PROFIT": ("quantity",),
    "STOP_LOSS_LIMIT": ("timeInForce", "quantity", "price"),
    "TAKE_PROFIT_LIMIT": ("timeInForce", "quantity", "price"),
}
_NOT_TAKEN: Final = {
    "LIMIT": ("quoteOrderQty", "stopPrice", "trailingDelta"),
    "LIMIT_MAKER": ("timeInForce", "quoteOrderQty", "stopPrice", "trailingDelta"),
    "MARKET": ("timeInForce", "price", "stopPrice", "trailingDelta", "icebergQty"),
    "STOP_LOSS": ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    "TAKE_PROFIT": ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    "STOP_LOSS_LIMIT": ("quoteOrderQty",),
    "TAKE_PROFIT_LIMIT": ("quoteOrderQty",),
}


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A new order, complete and within the format; whether it can be had is judged later.

    ``kind`` is the venue's word for the type. Without ``quantity`` a MARKET order spends or receives ``quote_quantity``.
    """

    terms: SymbolTerms
    side: str
    kind: str
    time_in_force: str
    quantity: Decimal | None
    quote_quantity: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    trailing_delta: int | None
    iceberg: Decimal | None
    client_order_id: str
    response: str
    prevention: str
    strategy_id: int | None = None
    strategy_type: int | None = None

    @property
    def is_buy(self) -> bool:
        """Say whether it buys."""
        return self.side == "BUY"

    @property
    def is_stop(self) -> bool:
        """Say whether it waits for a trigger."""
        return self.kind in _STOPS

    @property
    def takes_profit(self) -> bool:
        """Say whether the trigger lies on the far side: below the market for a buy, above it for a sell."""
        return self.kind.startswith("TAKE_PROFIT")


def symbol_terms(params: dict[str, str], name: str = "symbol") -> SymbolTerms:
    """Return the symbol that is meant. Raises ApiError -1102, -1100 or -1121."""
    text = params.get(name)
    if not text:
        raise malformed(name)
    terms = SYMBOLS.get(text)
    if terms is None:
        if _SYMBOL.fullmatch(text) is None:
            raise ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[A-Z0-9-_.]{{1,20}}$'.")
        raise ApiError(-1121)
    return terms


def read_order(params: dict[str, str], new_id: Callable[[], str]) -> Wanted:
    """Read a new order; ``new_id`` makes a client id where none is given. Raises ApiError."""
    terms = symbol_terms(params)
    side = _word(params, "side", ("BUY", "SELL"), -1117)
    kind = _word(params, "type", ORDER_TYPES, -1116)
    _check_presence(params, kind)
    in_force = _word(params, "timeInForce", _IN_FORCE, -1115) if "timeInForce" in params else "GTC"
    quantity, quote_quantity = read_decimal(params, "quantity"), read_decimal(params, "quoteOrderQty")
    price, stop_price = read_decimal(params, "price"), read_decimal(params, "stopPrice")
    iceberg, delta = read_decimal(params, "icebergQty"), read_int(params, "trailingDelta")
    if iceberg and in_force != "GTC":
        raise ApiError(-2010, "Unsupported order combination")
    strategy_type = read_int(params, "strategyType")
    if strategy_type is not None and strategy_type < 1_000_000:
        raise ApiError(-1134)
    wanted_id = client_id(params, "newClientOrderId")
    default = "FULL" if kind in ("LIMIT", "MARKET") else "ACK"
    return Wanted(
        terms, side, kind, in_force, quantity, quote_quantity, price, stop_price, delta, iceberg or None,
        new_id() if wanted_id is None else wanted_id, choice(params, "newOrderRespType", RESPONSES, default) or default,
        _prevention(params), read_int(params, "strategyId"), strategy_type,
    )  # fmt: skip


def _word(params: dict[str, str], name: str, allowed: tuple[str, ...], code: int) -> str:
    text = params.get(name)
    if not text:
        raise malformed(name)
    if text not in allowed:
        raise ApiError(code)
    return text


def _check_presence(params: dict[str, str], kind: str) -> None:
    """Look at which parameters are there, and which must not be."""
    if "pegPriceType" in params or "pegOffsetType" in params or "pegOffsetValue" in params:
        raise ApiError(-1020)
    for name in _NEEDED[kind]:
        if not params.get(name):
            raise malformed(name)
    for name in _NOT_TAKEN[kind]:
        if name in params:
            raise ApiError(-1106, f"Parameter '{name}' sent when not required.")
    if kind == "MARKET":
        if not params.get("quantity") and not params.get("quoteOrderQty"):
            raise ApiError(-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!")
        if "quantity" in params and "quoteOrderQty" in params:
            raise ApiError(-1128)
    elif kind in _STOPS and not params.get("stopPrice") and not params.get("trailingDelta"):
        raise ApiError(-1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!")


def _prevention(params: dict[str, str]) -> str:
    mode = params.get("selfTradePreventionMode")
    if mode is None:
        return "EXPIRE_MAKER"
    if mode not in ("NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"):
        raise malformed("selfTradePreventionMode")
    if mode not in PREVENTIONS:
        raise ApiError(-1013, "This symbol does not allow the specified self-trade prevention mode.")
    return mode
