"""The part of the broker that asks: what became of an order, what the books are, and now and then for what was not told.

TWS has no question for one order: it is looked up in the lists of open and completed orders and of executions, and one reading
answers all that was asked before it. An order that two clean readings lack, after its request's life, is not there: that is
IB's proof of absence. Source: ibkr.md sections 8 and 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from autotrader.execution.adapters.ibkr.endings import last_terms
from autotrader.execution.adapters.ibkr.messages import CompletedOrderTold, TimeRequest
from autotrader.execution.adapters.ibkr.reading import ALL_PARTS, KILL_PARTS, ORDER_PARTS, Reading
from autotrader.execution.adapters.ibkr.session import SessionBroker, Stage
from autotrader.execution.adapters.ibkr.snapshots import Listed, completed_state
from autotrader.messages import OrderFilled, OrderReported, ProbeVenue, QueryOrder, SnapshotTaken, TakeSnapshot
from autotrader.model import ZERO, Fill, OrderState

__all__ = ["AskingBroker"]

SECOND: Final = 1_000_000_000
OWN_CHECK: Final = "books"
OVERLAP_NS: Final = 60 * SECOND
CLEAN_GAP_NS: Final = 2 * SECOND
STRANGER_NS: Final = SECOND


class AskingBroker(SessionBroker):
    """Answers questions about the account's books, and learns from the answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queries: dict[str, QueryOrder] = {}  # for the next reading
        self._is_asking = False
        self._absent: dict[str, tuple[int, int]] = {}  # the turn in which, and when, a clean reading lacked an order
        self._here_ns = 0
        self._snapshots: dict[str, TakeSnapshot | None] = {}  # purposes under way, with what was asked for again meanwhile
        self._books_due_ns = self._books_since_ns = 0

    def on_handed_over(self) -> None:
        """Ask what was asked meanwhile."""
        self._here_ns = self.clock.now_ns()
        self._books_since_ns = self._here_ns
        self._books_due_ns = self.wall.monotonic_ns() + round(self.settings.books_every_s * SECOND)
        self._ask_queries()

    # ------------------------------------------------------------ one order

    def query_order(self, query: QueryOrder) -> None:
        """Ask what became of an order, with the next reading."""
        if self.stage is Stage.HERE:
            self._queries.setdefault(query.client_order_id, query)
            self._ask_queries()

    def _ask_queries(self) -> None:
        if self._is_asking or not self._queries:
            return
        queries, self._queries, self._is_asking = self._queries, {}, True
        turn = self._turn
        self.read(ORDER_PARTS, lambda reading: self._on_orders(queries, reading, turn), self._on_no_orders)

    def _on_no_orders(self, reason: str) -> None:
        self._is_asking = False
        self.log.bind(venue=self.venue).info("a query was not answered: {}", reason)
        if self.stage is Stage.HERE:
            self._ask_queries()

    def _on_orders(self, queries: dict[str, QueryOrder], reading: Reading, turn: int) -> None:
        self._is_asking = False
        snapshot, listed = self.take_books(reading, 0)
        rows = {one.known.client_order_id: one for one in listed if one.known is not None}
        for name, query in queries.items():
            fills = [fill for fill in snapshot.trades if fill.client_order_id == name]
            for fill in fills:
                self.tell(OrderFilled(name, self.venue, reading.asked_ns, fill.venue_order_id, fill=fill))
            row, ended = rows.get(name), self._completed(name, query, reading.completed)
            if row is not None or ended is not None:
                self._absent.pop(name, None)
            if row is not None:
                self._report_listed(query, row, fills)
            elif ended is not None:
                self._report_completed(query, ended, fills)
            else:
                self._report_absent(query, fills, reading.asked_ns, turn)
        self._ask_queries()

    def _completed(self, name: str, query: QueryOrder, completed: Sequence[CompletedOrderTold]) -> CompletedOrderTold | None:
        known = self.follower.registry.get(name)
        perm_ids = {query.venue_order_id, None if known is None else known.venue_order_id} - {None}
        found = [one for one in completed if one.terms.order_ref == name or (one.perm_id and f"{one.perm_id}" in perm_ids)]
        return found[-1] if found else None

    def _report_listed(self, query: QueryOrder, row: Listed, fills: Sequence[Fill]) -> None:
        filled = max(row.filled, _total(fills))
        order = None if row.known is None else row.known.order
        terms = row.told.terms
        priced = order is None or order.price is not None
        self._report(
            query, row.state, filled, terms.quantity, terms.limit_price if priced else None, row.average_price,
            f"{row.told.perm_id}" if row.told.perm_id else None, row.told.text,
        )  # fmt: skip

    def _report_completed(self, query: QueryOrder, ended: CompletedOrderTold, fills: Sequence[Fill]) -> None:
        known = self.follower.registry.get(query.client_order_id)
        filled = max(ended.filled_quantity or ZERO, _total(fills))
        if known is not None:
            self.follower.registry.learn(known, perm_id=ended.perm_id)
            self.follower.registry.close(known)
        venue_id = f"{ended.perm_id}" if ended.perm_id else None
        quantity, price = (None, None) if known is None else last_terms(known, ended.terms)
        why = ended.completed_status or ended.status
        self._report(query, completed_state(ended), filled, quantity, price, None, venue_id, why)

    def _report_absent(self, query: QueryOrder, fills: Sequence[Fill], asked_ns: int, turn: int) -> None:
        """Say that an order is in no list; with the second clean reading, late enough, that is a proof."""
        name, known = query.client_order_id, self.follower.registry.get(query.client_order_id)
        since_ns = self._here_ns if known is None else known.sent_ns or self._here_ns
        before = self._absent.get(name)
        is_late = asked_ns >= since_ns + round(self.settings.request_life_s * SECOND)
        if is_late and (before is None or before[0] != turn):
            before = self._absent[name] = (turn, asked_ns)
        proven = is_late and before is not None and asked_ns >= before[1] + CLEAN_GAP_NS
        filled = _total(fills)
        if not proven or not filled:
            if filled:
                return  # it was there: how it ended will show in the lists
            self._report(query, None, None, None, None, None, None, "in none of TWS's lists", proven=proven)
        else:
            whole = None if known is None else known.quantity
            state = OrderState.FILLED if whole is not None and filled >= whole else OrderState.CANCELED
            self._report(query, state, filled, None, None, None, fills[-1].venue_order_id, "not open at TWS any more")
        if proven:
            self._absent.pop(name, None)
            if known is not None:
                self.follower.registry.close(known)

    def _report(
        self, query: QueryOrder, state: OrderState | None, filled: Decimal | None, quantity: Decimal | None,
        price: Decimal | None, average: Decimal | None, venue_id: str | None, reason: str, *, proven: bool = False,
    ) -> None:  # fmt: skip
        self.tell(
            OrderReported(
                query.client_order_id, self.venue, self.clock.now_ns(), venue_id, state, filled, quantity, price,
                query.asked_ns, proven, reason, average,
            )
        )

    # ------------------------------------------------------------ the books

    def take_snapshot(self, request: TakeSnapshot) -> None:
        """Read the books; for the same purpose one reading at a time."""
        purpose = request.purpose
        if self.stage is not Stage.HERE:
            self.tell(SnapshotTaken(self.venue, purpose, None, self.link_reason or self.stage.value))
        elif purpose in self._snapshots:
            self._snapshots[purpose] = request
        else:
            self._snapshots[purpose] = None
            urgent = purpose.startswith("kill")
            self.read(
                KILL_PARTS if urgent else ALL_PARTS, lambda reading: self._on_read(request, reading),
                lambda reason: self._on_not_read(request, reason), urgent=urgent,
            )  # fmt: skip

    def _on_read(self, request: TakeSnapshot, reading: Reading) -> None:
        snapshot, _ = self.take_books(reading, request.trades_since_ns)
        if "executions" in reading.parts:
            self._books_since_ns = reading.asked_ns
            self._books_due_ns = self.wall.monotonic_ns() + round(self.settings.books_every_s * SECOND)
        self.tell(SnapshotTaken(self.venue, request.purpose, snapshot))
        self._read_again(request.purpose)

    def _on_not_read(self, request: TakeSnapshot, reason: str) -> None:
        if request.purpose != OWN_CHECK:
            self.tell(SnapshotTaken(self.venue, request.purpose, None, reason))
        self._read_again(request.purpose)

    def _read_again(self, purpose: str) -> None:
        again = self._snapshots.pop(purpose, None)
        if again is not None and self.stage is Stage.HERE:
            self.take_snapshot(again)

    def probe(self, request: ProbeVenue) -> None:  # noqa: ARG002
        """Ask for TWS's time: how that goes is counted as any call."""
        self.write(TimeRequest(), within_s=self.settings.deadline_s)

    # ------------------------------------------------------------ what is due

    def look_around(self, now_ns: int) -> None:
        """Ask for what is in doubt, for strangers' orders, and now and then for all; ``now_ns`` is monotonic."""
        self.follower.look_at_the_late(self.clock.now_ns())
        doubts, self.follower.doubts = self.follower.doubts, {}
        for name, why in doubts.items():
            known = self.follower.registry.get(name)
            if known is not None:
                self.log.bind(venue=self.venue, order_id=name).info("asked about: {}", why)
                self.query_order(QueryOrder(name, known.venue_order_id, known.symbol, self.clock.now_ns()))
        if self.follower.strangers:
            self.follower.strangers = False
            self._books_due_ns = min(self._books_due_ns, now_ns + STRANGER_NS)
        if now_ns >= self._books_due_ns:
            self._books_due_ns = now_ns + round(self.settings.books_every_s * SECOND)
            self.take_snapshot(TakeSnapshot(self.venue, max(self._books_since_ns - OVERLAP_NS, 0), OWN_CHECK))


def _total(fills: Sequence[Fill]) -> Decimal:
    return sum((fill.quantity for fill in fills), ZERO)
