"""All that a venue's resiliency manager is told by the configuration (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from autotrader.model.prepared import prepared
from autotrader.resiliency.breaker import BreakerSettings
from autotrader.resiliency.rate_limit import Budget
from autotrader.resiliency.retry import RetrySettings

__all__ = ["RateSettings", "ResiliencySettings"]


class RateSettings(msgspec.Struct, frozen=True):
    """The venue's budgets, the share of them that we use, and the share of that kept from new orders."""

    ceiling: float = 0.9
    reserve: float = 0.2
    budgets: tuple[Budget, ...] = ()


@prepared
class ResiliencySettings(msgspec.Struct, frozen=True):
    """``enabled`` false turns breaker, retries and rate budget off; bans are obeyed all the same."""

    enabled: bool = True
    breaker: BreakerSettings = BreakerSettings()
    retry: RetrySettings = RetrySettings()
    rate: RateSettings = RateSettings()

    @classmethod
    def of(cls, tree: Mapping[str, Any], *, enabled: bool = True) -> ResiliencySettings:
        """Make settings of a venue's configuration: the tables ``breaker``, ``retry`` and ``rate``, others are ignored."""
        known = {key: tree[key] for key in ("breaker", "retry", "rate") if key in tree}
        return msgspec.convert({"enabled": enabled, **known}, cls)

    def in_force(self) -> ResiliencySettings:
        """Return what holds: when not ``enabled``, one attempt and no budgets."""
        if self.enabled:
            return self
        retry = msgspec.structs.replace(self.retry, max_retries=1)
        return msgspec.structs.replace(self, retry=retry, rate=RateSettings())

    @classmethod
    def named(
        cls, *, max_retries: int = 3, initial_backoff: float = 0.5, circuit_breaker_threshold: int = 5,
        circuit_breaker_timeout: float = 60.0,
    ) -> ResiliencySettings:
        """Make settings of the arguments of ``ResiliencyManager``; times in seconds."""
        breaker = BreakerSettings.named(
            circuit_breaker_threshold=circuit_breaker_threshold, circuit_breaker_timeout=circuit_breaker_timeout
        )
        return cls(breaker=breaker, retry=RetrySettings(max_retries=max_retries, initial_backoff_s=initial_backoff))
