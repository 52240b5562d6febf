"""One per venue: circuit breaker, retries, rate budget, dead letters.

The pure parts are here; the actor is ``autotrader.resiliency.manager.ResiliencyActor``.
"""

from autotrader.resiliency.breaker import BreakerSettings, CircuitBreaker
from autotrader.resiliency.dead_letters import DeadLetters, letter_for, read_body
from autotrader.resiliency.failures import FailureLog
from autotrader.resiliency.rate_limit import Budget, BudgetUsage, RateLimiter
from autotrader.resiliency.retry import Failure, GiveUp, Retry, RetryBudget, RetrySettings
from autotrader.resiliency.settings import RateSettings, ResiliencySettings
from autotrader.resiliency.status import ResiliencyStatus
from autotrader.resiliency.streaks import RejectStreaks

__all__ = [
    "BreakerSettings", "Budget", "BudgetUsage", "CircuitBreaker", "DeadLetters", "Failure", "FailureLog", "GiveUp",
    "RateLimiter", "RateSettings", "RejectStreaks", "ResiliencySettings", "ResiliencyStatus", "Retry", "RetryBudget",
    "RetrySettings", "letter_for", "read_body",
]
