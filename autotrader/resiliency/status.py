"""What a resiliency manager says of itself."""

from __future__ import annotations

import msgspec

from autotrader.model import BreakerState
from autotrader.resiliency.rate_limit import BudgetUsage

__all__ = ["ResiliencyStatus"]


class ResiliencyStatus(msgspec.Struct, frozen=True):
    """One venue's state, as the console and ``get_status`` show it.

    ``failed_calls`` and ``failed_attempts`` are (code, count) of the last five minutes, the most frequent first. Seconds are
    rounded to the millisecond; ``probe_in_s`` is None unless the breaker is open. ``lost`` counts messages that nobody took.
    """

    venue: str
    enabled: bool
    ready: bool
    breaker: BreakerState
    breaker_reason: str
    probe_in_s: float | None
    banned_s: float
    passed: int
    refused: int
    parked: int
    held: int
    retrying: int
    retries: int
    traffic: int
    dead_letters: int
    lost: int
    failed_calls: tuple[tuple[str, int], ...]
    failed_attempts: tuple[tuple[str, int], ...]
    budgets: tuple[BudgetUsage, ...]
