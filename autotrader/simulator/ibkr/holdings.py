"""What the account holds and what it cost, folded from its trades: average cost, and profit that is realised. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from autotrader.model import ZERO, Fill, Side

__all__ = ["Holding", "fold_trades"]


class Holding:
    """One symbol's position. ``average`` is the price paid, commission in it, per unit of the quantity."""

    __slots__ = ("average", "multiplier", "quantity", "realized")

    def __init__(self, multiplier: Decimal) -> None:
        self.multiplier = multiplier
        self.quantity = self.average = self.realized = ZERO

    def add(self, fill: Fill) -> Decimal | None:
        """Take in a trade; return the profit that it realised after commission, None when it closed nothing."""
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        fee_each = fill.fee / fill.quantity / self.multiplier
        price = fill.price + (fee_each if signed > 0 else -fee_each)
        before, total = self.quantity, self.quantity + signed
        self.quantity = total
        if before * signed >= 0:
            self.average = (self.average * before + price * signed) / total if total else ZERO
            return None
        closed = min(abs(signed), abs(before))
        profit = (price - self.average) * closed * self.multiplier * (1 if before > 0 else -1)
        self.realized += profit
        if total * before < 0:
            self.average = price
        elif not total:
            self.average = ZERO
        return profit


def fold_trades(trades: Iterable[Fill], multipliers: dict[str, Decimal]) -> tuple[dict[str, Holding], dict[str, Decimal]]:
    """Return the holdings by symbol after these trades in order, and by execId what a trade realised."""
    holdings: dict[str, Holding] = {}
    realized: dict[str, Decimal] = {}
    for fill in trades:
        holding = holdings.setdefault(fill.symbol, Holding(multipliers[fill.symbol]))
        profit = holding.add(fill)
        if profit is not None:
            realized[fill.trade_id] = profit
    return holdings, realized
