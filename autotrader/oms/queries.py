"""When to ask a venue about the orders that owe a query: at once, then backing off from one second to five."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["QueryPlan"]

SECOND_NS = 1_000_000_000
LONGEST_NS = 5 * SECOND_NS


class QueryPlan:
    """The rhythm of queries at one venue. That an order owes a query stands in the books; here is only when to ask again."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next: dict[str, tuple[int, int]] = {}

    def due(self, owed: Iterable[tuple[str, int]], now_ns: int, limit: int) -> list[str]:
        """Return at most ``limit`` orders to ask about now, longest due first, and plan the next time for each.

        ``owed`` gives (client order id, earliest time at which an answer would settle the doubt); what is owed no more is
        forgotten.
        """
        self._next = {order_id: self._next.get(order_id, (earliest, 0)) for order_id, earliest in owed}
        waiting = sorted((due_ns, order_id) for order_id, (due_ns, _) in self._next.items() if due_ns <= now_ns)[:limit]
        for _, order_id in waiting:
            asks = self._next[order_id][1]
            self._next[order_id] = (now_ns + min(SECOND_NS << asks, LONGEST_NS), min(asks + 1, 3))
        return [order_id for _, order_id in waiting]
