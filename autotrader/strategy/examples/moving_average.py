"""Follows the trend of two moving averages."""

from __future__ import annotations

from decimal import Decimal

from autotrader.strategy.guards import SaneQuote
from autotrader.strategy.pipeline import Pipeline
from autotrader.strategy.signals import CrossSignal
from autotrader.strategy.sizing import FixedNotional

__all__ = ["MovingAverageCross"]


class MovingAverageCross(Pipeline):
    """Long while the fast average of mids is above the slow one; short below, where the instrument allows it, else flat.

    ``fast`` and ``slow`` count cycles; ``notional`` is the size in the quote currency; ``symbol`` None: the first in quotes.
    """

    def __init__(self, fast: int = 2, slow: int = 4, notional: Decimal | int | str = 5_000, symbol: str | None = None) -> None:
        super().__init__(CrossSignal(int(fast), int(slow)), FixedNotional(notional), [SaneQuote()], symbol)
