"""What a strategy implements, what it sees and says, and the parts to build one from."""

from autotrader.model import ExecutionDecision, Snapshot
from autotrader.strategy.base import Strategy, StrategyContext, StrategyLike

__all__ = ["ExecutionDecision", "Snapshot", "Strategy", "StrategyContext", "StrategyLike"]
