"""Rate budgets of one venue, with a reserve for cancels and queries, and its bans (pure).

A sliding window never holds more than any fixed one of the same length, so it is right for venues that count either way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from autotrader.messages import RateBudget as Budget
from autotrader.resiliency.window import RollingCount

__all__ = ["KINDS", "Budget", "BudgetUsage", "RateLimiter"]

SECOND = 1_000_000_000
KINDS = ("order", "replace", "cancel", "query", "snapshot")
RESTRAINED = frozenset({"order", "replace"})


class BudgetUsage(msgspec.Struct, frozen=True):
    """What is used of a budget, and its limit as the venue names it."""

    name: str
    used: int
    limit: int
    interval_s: float


class _Tally:
    """One budget as it stands."""

    __slots__ = ("budget", "caps", "count", "weights")

    def __init__(self, budget: Budget, ceiling: float, reserve: float) -> None:
        self.budget = budget
        self.count = RollingCount(round(budget.interval_s * SECOND))
        usable = max(int(budget.limit * ceiling), 1)
        restrained = max(int(usable * (1 - reserve)), 1)
        self.caps = {kind: restrained if kind in RESTRAINED else usable for kind in KINDS}
        self.weights = {kind: min(getattr(budget, kind), self.caps[kind]) for kind in KINDS}


class RateLimiter:
    """Says how many requests may go now. Monotonic nanoseconds; one thread.

    ``ceiling`` of each budget is used at most; new orders and replaces leave ``reserve`` of that to cancels and queries. A
    ban stops everything for its full term.
    """

    __slots__ = ("_ceiling", "_reserve", "_tallies", "banned_until_ns", "is_limited")

    def __init__(self, budgets: Sequence[Budget] = (), *, ceiling: float = 0.9, reserve: float = 0.2) -> None:
        self._ceiling, self._reserve = ceiling, reserve
        self._tallies: tuple[_Tally, ...] = ()
        self.banned_until_ns = 0
        self.relist(budgets)

    def relist(self, budgets: Sequence[Budget]) -> None:
        """Take other budgets; what is used of one that stays the same goes on counting."""
        known = {tally.budget: tally for tally in self._tallies}
        self._tallies = tuple(known.get(one) or _Tally(one, self._ceiling, self._reserve) for one in budgets)
        self.is_limited = bool(budgets)

    def grant(self, kind: str, wanted: int, now_ns: int) -> int:
        """Return how many of ``wanted`` requests may go now, and count them."""
        if now_ns < self.banned_until_ns:
            return 0
        granted = wanted
        for tally in self._tallies:
            weight = tally.weights[kind]
            if weight:
                granted = min(granted, max(tally.caps[kind] - tally.count.total(now_ns), 0) // weight)
        if granted:
            for tally in self._tallies:
                tally.count.add(now_ns, granted * tally.weights[kind])
        return granted

    def wait_ns(self, kind: str, now_ns: int) -> int:
        """Return how long until one such request may go, if none goes before; 0: now."""
        wait = max(self.banned_until_ns - now_ns, 0)
        for tally in self._tallies:
            weight = tally.weights[kind]
            if weight:
                wait = max(wait, tally.count.wait_ns(now_ns, tally.caps[kind] - weight))
        return wait

    def ban(self, now_ns: int, seconds: float) -> None:
        """Obey the venue's Retry-After, or its ban: nothing goes before its end. A shorter one shortens no longer one."""
        if seconds > 0:
            self.banned_until_ns = max(self.banned_until_ns, now_ns + math.ceil(seconds * SECOND))

    def correct(self, name: str, used: int, now_ns: int) -> None:
        """Take over what the venue says is used, where it is more than we know of: others share the budget."""
        for tally in self._tallies:
            if tally.budget.name == name:
                unknown = used - tally.count.total(now_ns)
                if unknown > 0:
                    tally.count.add(now_ns, unknown)

    def usage(self, now_ns: int) -> tuple[BudgetUsage, ...]:
        """Return what is used of each budget."""
        return tuple(
            BudgetUsage(tally.budget.name, tally.count.total(now_ns), tally.budget.limit, tally.budget.interval_s)
            for tally in self._tallies
        )
