"""Strategies that trade, to start from: they show how, not that money can be made this way."""

from autotrader.strategy.examples.mean_reversion import MeanReversion
from autotrader.strategy.examples.moving_average import MovingAverageCross
from autotrader.strategy.examples.two_sided import TwoSidedQuoting

__all__ = ["MeanReversion", "MovingAverageCross", "TwoSidedQuoting"]
