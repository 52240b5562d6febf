"""Quantities floored to the lot, prices put on the tick, and what is too little to sell named as dust. Exact, never a float."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from autotrader.execution.adapters.binance.codec.numbers import WIDE, plain
from autotrader.execution.adapters.binance.codec.rules import SymbolRules
from autotrader.model import ZERO, Side

__all__ = ["Sellable", "ceil_to", "floor_price", "floor_quantity", "floor_to", "is_multiple", "sellable", "snap_price"]


class Sellable(msgspec.Struct, frozen=True):
    """What of a free balance can be sold, and what cannot; ``why`` names the filter that makes all of it dust, if one does."""

    quantity: Decimal
    dust: Decimal
    why: str = ""


def floor_to(value: Decimal, step: Decimal | None) -> Decimal:
    """Return the largest multiple of ``step`` that is not above ``value``."""
    return value if not step else _steps(value, step, ROUND_FLOOR)


def ceil_to(value: Decimal, step: Decimal | None) -> Decimal:
    """Return the smallest multiple of ``step`` that is not below ``value``."""
    return value if not step else _steps(value, step, ROUND_CEILING)


def _steps(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    count = WIDE.divide(value, step).to_integral_value(rounding, WIDE)
    return plain(WIDE.multiply(count, step.normalize(WIDE)))


def is_multiple(value: Decimal, step: Decimal | None) -> bool:
    """Say whether ``value`` lies on the grid; a step of None or zero has no grid."""
    return not step or not WIDE.remainder(value, step)


def floor_quantity(quantity: Decimal, rules: SymbolRules, *, market: bool = False) -> Decimal:
    """Floor to the lot, for a MARKET order to that of MARKET_LOT_SIZE too (both apply [U], binance.md section 9)."""
    floored = floor_to(quantity, rules.lot.step)
    return floor_to(floored, rules.market_lot.step) if market else floored


def floor_price(price: Decimal, rules: SymbolRules) -> Decimal:
    """Floor to the tick."""
    return floor_to(price, rules.price.step)


def snap_price(price: Decimal, side: Side, rules: SymbolRules) -> Decimal:
    """Put a price on the tick and never on the worse side of what was meant: a BUY is floored, a SELL is raised."""
    return floor_to(price, rules.price.step) if side is Side.BUY else ceil_to(price, rules.price.step)


def sellable(free: Decimal, price: Decimal | None, rules: SymbolRules) -> Sellable:
    """Split a free balance into what an order can sell and dust (binance.md 10.10); ``price`` None judges no notional."""
    quantity = max(floor_quantity(free, rules), ZERO)
    if rules.lot.low is not None and quantity < rules.lot.low:
        return Sellable(ZERO, free, "LOT_SIZE")
    if price is not None:
        for rule in rules.notionals:
            if rule.low is not None and quantity * price < rule.low:
                return Sellable(ZERO, free, rule.name)
    return Sellable(quantity, free - quantity)
