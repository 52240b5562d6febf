"""Trades against swings."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import decimal_of
from autotrader.strategy.guards import SaneQuote
from autotrader.strategy.pipeline import Pipeline
from autotrader.strategy.signals import ReversionSignal
from autotrader.strategy.sizing import FixedNotional

__all__ = ["MeanReversion"]


class MeanReversion(Pipeline):
    """Buys ``entry`` standard deviations below the mean of the last ``window`` mids, sells above, flat when the mid is back.

    ``window`` counts cycles; ``notional`` is the size in the quote currency; ``symbol`` None: the first in quotes.
    """

    def __init__(
        self, window: int = 12, entry: Decimal | int | str = "1.2", notional: Decimal | int | str = 5_000,
        symbol: str | None = None,
    ) -> None:
        signal = ReversionSignal(int(window), decimal_of(entry, "entry"))
        super().__init__(signal, FixedNotional(notional), [SaneQuote()], symbol)
