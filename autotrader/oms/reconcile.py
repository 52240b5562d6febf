"""Our books against a venue's: a pure comparison that says what differs, and which events would make the books equal.

Absence proves nothing from an incomplete snapshot, nor for an order that changed within the venue's lag: it only asks. Orders
that the journal knows and memory does not must be restored first (``unknown_orders``).
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from autotrader.messages import TradeBusted
from autotrader.model import VenueSnapshot
from autotrader.oms.book import Books
from autotrader.oms.compare_money import compare_money
from autotrader.oms.compare_orders import compare_orders, unknown_orders
from autotrader.oms.differences import Action, Difference, DifferenceReport, Policy

__all__ = ["Action", "Difference", "DifferenceReport", "Policy", "reconcile", "unknown_orders"]


TRADE_GONE_NS: Final = 10_000_000_000
"""How old a trade must be before its absence from a list of trades is more than the list's delay."""


def reconcile(books: Books, snapshot: VenueSnapshot, policy: Policy, now_ns: int) -> DifferenceReport:
    """Compare orders and trades, then, with those adopted, positions and balances. ``books`` is not touched.

    Events are stamped ``now_ns``. At the first snapshot of an account its balances and positions are the opening. Trades that
    the venue lists no more were taken back when that, and nothing less, explains its balances and positions to the last digit.
    """
    lines = compare_orders(books, snapshot, policy, now_ns)
    if snapshot.complete:
        money = _money(books, lines, snapshot, policy, now_ns)
        taken_back = _taken_back(books, lines, snapshot)
        if money and taken_back != lines and not _money(books, taken_back, snapshot, policy, now_ns):
            lines, money = taken_back, []
        lines += money
    return DifferenceReport(snapshot.venue, snapshot.account, snapshot.asked_ns, snapshot.complete, tuple(lines))


def _money(
    books: Books, lines: list[Difference], snapshot: VenueSnapshot, policy: Policy, now_ns: int
) -> list[Difference]:
    events = [event for line in lines if line.action is Action.ADOPT for event in line.events]
    return compare_money(books.after(events), snapshot, policy, now_ns)


def _taken_back(books: Books, lines: list[Difference], snapshot: VenueSnapshot) -> list[Difference]:
    """Return the lines with every trade that has been gone for long enough adopted as taken back."""
    because = "the money is what it was without it: the venue took it back"
    return [
        replace(line, action=Action.ADOPT, reason=f"{line.reason}, and {because}") if _is_gone(books, line, snapshot) else line
        for line in lines
    ]


def _is_gone(books: Books, line: Difference, snapshot: VenueSnapshot) -> bool:
    if line.what != "trade_gone" or line.action is not Action.IGNORE:
        return False
    fills = books.orders[line.client_order_id].fills
    busts = [event for event in line.events if isinstance(event, TradeBusted)]
    return all(fills[bust.trade_id].ts_ns + TRADE_GONE_NS <= snapshot.asked_ns for bust in busts)
