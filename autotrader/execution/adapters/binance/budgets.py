"""The venue's rate limits as budgets, with what each kind of request weighs in them (binance.md sections 1 and 7). Pure.

New orders and cancels cost weight only when they fail, which the headers tell; each order counts among ORDERS, amendments
and cancels do not. Of ORDERS the venue gives back what fills; that is not reckoned here, so that we rather wait than are
refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from autotrader.execution.adapters.binance.codec import RateRule
from autotrader.messages import RateBudget

__all__ = ["budgets_of"]


def budgets_of(rules: Iterable[RateRule], symbols: int) -> tuple[RateBudget, ...]:
    """Return the budgets of exchangeInfo's limits, for an adapter that lists the books of so many symbols."""
    return tuple(_budget(rule, symbols) for rule in rules if rule.limit > 0)


def _budget(rule: RateRule, symbols: int) -> RateBudget:
    weights = {"order": 1, "replace": 1, "cancel": 0, "query": 0, "snapshot": 0}
    if rule.name.startswith("REQUEST_WEIGHT"):
        weights = {"order": 0, "replace": 4, "cancel": 0, "query": 4 + 5, "snapshot": 20 + min(6 * symbols, 80)}
    elif rule.name.startswith("RAW_REQUESTS"):
        weights = {"order": 1, "replace": 1, "cancel": 1, "query": 2, "snapshot": 1 + symbols}
    return RateBudget(rule.name, rule.limit, float(rule.interval_s), **weights)
