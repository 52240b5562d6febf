"""An OCO as it is asked for, in today's form and in the deprecated one, read into its two orders (binance.md section 3)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from autotrader.simulator.binance.errors import ApiError, malformed
from autotrader.simulator.binance.orders import Wanted, read_order
from autotrader.simulator.binance.values import choice

__all__ = ["OCO_PARAMS", "OLD_OCO_PARAMS", "check_relation", "read_oco", "read_old_oco"]

_TERMS: Final = {
    "Type": "type", "ClientOrderId": "newClientOrderId", "IcebergQty": "icebergQty", "Price": "price", "StopPrice": "stopPrice",
    "TrailingDelta": "trailingDelta", "TimeInForce": "timeInForce", "StrategyId": "strategyId", "StrategyType": "strategyType",
    "PegPriceType": "pegPriceType", "PegOffsetType": "pegOffsetType", "PegOffsetValue": "pegOffsetValue",
}  # fmt: skip
_COMMON: Final = ("symbol", "side", "quantity", "newOrderRespType", "selfTradePreventionMode")
_OLD: Final = {
    "limitClientOrderId": ("limit", "newClientOrderId"), "price": ("limit", "price"),
    "limitStrategyId": ("limit", "strategyId"), "limitStrategyType": ("limit", "strategyType"),
    "limitIcebergQty": ("limit", "icebergQty"),
    "stopClientOrderId": ("stop", "newClientOrderId"), "stopPrice": ("stop", "stopPrice"),
    "trailingDelta": ("stop", "trailingDelta"), "stopStrategyId": ("stop", "strategyId"),
    "stopStrategyType": ("stop", "strategyType"), "stopLimitPrice": ("stop", "price"),
    "stopIcebergQty": ("stop", "icebergQty"), "stopLimitTimeInForce": ("stop", "timeInForce"),
}  # fmt: skip
OCO_PARAMS: Final = frozenset(
    [*_COMMON, "listClientOrderId", *(f"{place}{name}" for place in ("above", "below") for name in _TERMS)]
)
OLD_OCO_PARAMS: Final = frozenset([*_COMMON, "listClientOrderId", *_OLD])
_ENDS: Final = ("LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
_STOPS: Final = ("STOP_LOSS", "STOP_LOSS_LIMIT")
_RELATION: Final = "The relationship of the prices for the orders is not correct."


def read_oco(params: dict[str, str], new_id: Callable[[], str]) -> tuple[Wanted, Wanted]:
    """Read ``above...`` and ``below...``; return the stop-loss order, then the other. Raises ApiError."""
    above, below = (
        _read_leg(params, {f"{place}{name}": wire for name, wire in _TERMS.items()}, new_id) for place in ("above", "below")
    )
    stop, end = (above, below) if above.is_buy else (below, above)
    if stop.kind not in _STOPS or end.kind not in _ENDS:
        raise ApiError(-1014)
    return stop, end


def read_old_oco(params: dict[str, str], new_id: Callable[[], str]) -> tuple[Wanted, Wanted]:
    """Read the deprecated form: a LIMIT_MAKER order, and a stop that is a limit order if it has a price. Raises ApiError."""
    for name in ("quantity", "price", "stopPrice" if "trailingDelta" not in params else "trailingDelta"):
        if not params.get(name):
            raise malformed(name)
    kind = "STOP_LOSS_LIMIT" if "stopLimitPrice" in params else "STOP_LOSS"
    stop, end = (
        _read_leg({**params, "type": word}, {"type": "type"} | _old_names(leg), new_id)
        for leg, word in (("stop", kind), ("limit", "LIMIT_MAKER"))
    )
    return stop, end


def _old_names(leg: str) -> dict[str, str]:
    return {name: wire for name, (of, wire) in _OLD.items() if of == leg}


def _read_leg(params: dict[str, str], names: dict[str, str], new_id: Callable[[], str]) -> Wanted:
    """Read one order from parameters that go by other names; what it complains of goes by those."""
    known = {wire: params[name] for name, wire in names.items() if name in params}
    known |= {name: params[name] for name in _COMMON if name in params}
    known["newOrderRespType"] = choice(params, "newOrderRespType", ("ACK", "RESULT", "FULL"), "RESULT") or "RESULT"
    try:
        return read_order(known, new_id)
    except ApiError as error:
        for name, wire in names.items():
            error.msg = error.msg.replace(f"'{wire}'", f"'{name}'")
        raise


def check_relation(stop: Wanted, end: Wanted, last: Decimal) -> None:
    """Raise ApiError -2010 unless the last price lies between the two."""
    goal = end.stop_price if end.is_stop else end.price
    upper, lower = (stop.stop_price, goal) if stop.is_buy else (goal, stop.stop_price)
    if (upper is not None and upper <= last) or (lower is not None and lower >= last):
        raise ApiError(-2010, _RELATION)
