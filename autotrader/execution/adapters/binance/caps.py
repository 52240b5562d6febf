"""The cap of a market order in the venue's terms: on the tick, and within what its percent filters let pass (pure).

A cap is the worst price that the limits allow. Where the venue would refuse so bad a price altogether, the cap is drawn in as
far as it does not: that never trades at a worse price than was allowed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec import MarketView, SymbolRules, snap_price
from autotrader.model import Order, Side

__all__ = ["with_cap"]

INSIDE: Final = Decimal("0.05")
"""How far inside of the venue's bounds, since it measures by an average that we do not have."""


def with_cap(order: Order, rules: SymbolRules, market: MarketView) -> Order:
    """Return the order with a cap that can be sent; the same order where it has none."""
    cap, middle = order.cap_price, market.nearest
    if cap is None:
        return order
    for rule in rules.percents if middle is not None else ():
        assert middle is not None  # noqa: S101
        if order.side is Side.BUY:
            cap = min(cap, middle * max(rule.buy_high * (1 - INSIDE), Decimal(1) + INSIDE))
        else:
            cap = max(cap, middle * min(rule.sell_low * (1 + INSIDE), Decimal(1) - INSIDE))
    return msgspec.structs.replace(order, cap_price=snap_price(cap, order.side, rules))
