"""Our books against a venue's: a pure comparison that says what differs, and which events would make the books equal.

Absence proves nothing from an incomplete snapshot, nor for an order that changed within the venue's lag: it only asks. Orders
that the journal knows and memory does not must be restored first (``unknown_orders``).
"""

from __future__ import annotations

from autotrader.model import VenueSnapshot
from autotrader.oms.book import Books
from autotrader.oms.compare_money import compare_money
from autotrader.oms.compare_orders import compare_orders, unknown_orders
from autotrader.oms.differences import Action, Difference, DifferenceReport, Policy

__all__ = ["Action", "Difference", "DifferenceReport", "Policy", "reconcile", "unknown_orders"]


def reconcile(books: Books, snapshot: VenueSnapshot, policy: Policy, now_ns: int) -> DifferenceReport:
    """Compare orders and trades, then, with those adopted, positions and balances. ``books`` is not touched.

    Events are stamped ``now_ns``. At the first snapshot of an account its balances and positions are the opening.
    """
    lines = compare_orders(books, snapshot, policy, now_ns)
    if snapshot.complete:
        events = [event for line in lines if line.action is Action.ADOPT for event in line.events]
        lines += compare_money(books.after(events), snapshot, policy, now_ns)
    return DifferenceReport(snapshot.venue, snapshot.account, snapshot.asked_ns, snapshot.complete, tuple(lines))
