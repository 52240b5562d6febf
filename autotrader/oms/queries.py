"""When to ask a venue about the orders that owe a query: at once, then backing off from one second to five."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["QueryPlan"]

SECOND_NS = 1_000_000_000
LONGEST_NS = 5 * SECOND_NS


class QueryPlan:
    """The rhythm of queries at one venue. That an order owes a query stands in the books; here is only when to ask again."""

    __slots__ = ("_asked", "_next")

    def __init__(self) -> None:
        self._next: dict[str, tuple[int, int]] = {}
        self._asked: dict[str, int] = {}

    def due(
        self, owed: Iterable[tuple[str, int]], now_ns: int, limit: int, wanted: Mapping[str, int] | None = None
    ) -> list[str]:
        """Return at most ``limit`` orders to ask about now, longest due first, and plan the next time for each.

        ``owed`` gives (client order id, earliest time at which an answer would settle the doubt); what is owed no more is
        forgotten. ``wanted`` is when an answer would bring a proof nearer: then an order is asked about whatever its rhythm.
        """
        self._next = {order_id: self._next.get(order_id, (earliest, 0)) for order_id, earliest in owed}
        self._asked = {order_id: asked_ns for order_id, asked_ns in self._asked.items() if order_id in self._next}
        wanted = wanted or {}
        times = ((self._time_of(name, due_ns, wanted.get(name), now_ns), name) for name, (due_ns, _) in self._next.items())
        waiting = sorted(one for one in times if one[0] <= now_ns)[:limit]
        for _, order_id in waiting:
            asks = self._next[order_id][1]
            self._asked[order_id] = now_ns
            self._next[order_id] = (now_ns + min(SECOND_NS << asks, LONGEST_NS), min(asks + 1, 3))
        return [order_id for _, order_id in waiting]

    def _time_of(self, order_id: str, due_ns: int, wanted_ns: int | None, now_ns: int) -> int:
        """Return when to ask; not just before it is wanted, lest the wanted question meets one that is under way."""
        if wanted_ns is None or self._asked.get(order_id, 0) >= wanted_ns:
            return due_ns
        return wanted_ns if now_ns > wanted_ns - SECOND_NS else min(due_ns, wanted_ns)
