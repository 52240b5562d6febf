"""The account's books in one reading: lists that end, or that prove nothing (pure). Source: ibkr.md sections 4.7 and 11.

Executions come last: a trade that happens meanwhile shows in them, and the order manager knows then that what was read before
cannot be compared. Some of the lists have no number: an end that an earlier reading waited for in vain could be taken for ours.
So after such a failure a small numbered list is asked for first, and what was told before its end is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from autotrader.execution.adapters.ibkr.messages import (
    AccountSummaryCancel,
    AccountSummaryRequest,
    AccountValueTold,
    CommissionTold,
    CompletedOrdersRequest,
    CompletedOrderTold,
    EndTold,
    ErrorKind,
    ErrorTold,
    ExecutionsRequest,
    ExecutionTold,
    OpenOrdersRequest,
    OpenOrderTold,
    OrderStatusTold,
    PositionsCancel,
    PositionsRequest,
    PositionTold,
    Request,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.order_ids import ReadIds
from autotrader.execution.adapters.ibkr.times import format_utc

__all__ = ["ALL_PARTS", "KILL_PARTS", "LEDGER", "ORDER_PARTS", "Reading"]

LEDGER: Final = "$LEDGER:ALL"
TAGS: Final = ("AccountType", "NetLiquidation", "TotalCashValue", LEDGER)
ORDER_PARTS: Final = ("open_orders", "completed_orders", "executions")
ALL_PARTS: Final = ("open_orders", "positions", "account_summary", "executions")
KILL_PARTS: Final = ("open_orders", "positions", "account_summary")
"""What a sweep looks at; its fills come by themselves, and each question keeps the global cancel back."""
FEE_GRACE_NS: Final = 1_000_000_000
FENCE: Final = "fence"
OrderKey = int | tuple[int, int]


class Reading:
    """One reading of some ``parts`` for one account; ``asked_ns`` is the engine's time of its begin, others are monotonic.

    ``begin`` and ``take`` return what is to be asked next. It is over when ``is_over`` says so; ``failure`` is empty when all
    of it was told.
    """

    def __init__(
        self, parts: Iterable[str], account: str, ids: ReadIds, *, asked_ns: int, patience_ns: int, fenced: bool = False
    ) -> None:
        self.parts, self.account, self.asked_ns = tuple(parts), account, asked_ns
        self.orders: dict[OrderKey, OpenOrderTold] = {}
        self.statuses: dict[OrderKey, OrderStatusTold] = {}
        self.completed: list[CompletedOrderTold] = []
        self.executions: list[ExecutionTold] = []
        self.positions: dict[int, PositionTold] = {}
        self.values: list[AccountValueTold] = []
        self.failure = ""
        self._ids, self._patience_ns, self._fenced = ids, patience_ns, fenced
        self._phases = self._plan()
        self._waiting: set[tuple[str, int]] = set()
        self._missing_fees: set[str] = set()
        self._numbered: dict[str, int] = {}
        self._due_ns = self._ended_ns = 0

    def _plan(self) -> list[tuple[str, ...]]:
        before = tuple(part for part in self.parts if part != "executions")
        last = ("executions",) if "executions" in self.parts else ()
        return [phase for phase in ((FENCE,) if self._fenced else (), before, last) if phase]

    # ------------------------------------------------------------ going on

    def begin(self, now_ns: int) -> list[Request]:
        """Return what to ask first."""
        return self._next(now_ns)

    def _next(self, now_ns: int) -> list[Request]:
        if not self._phases:
            self._ended_ns = now_ns
            return []
        phase = self._phases.pop(0)
        self._due_ns = now_ns + self._patience_ns
        return [self._ask(part) for part in phase]

    def _ask(self, part: str) -> Request:
        if part in ("open_orders", "completed_orders", "positions"):
            self._waiting.add((part, -1))
            if part == "positions":
                return PositionsRequest()
            return OpenOrdersRequest() if part == "open_orders" else CompletedOrdersRequest()
        number = self._numbered[part] = self._ids.take()
        if part == "account_summary":
            self._waiting.add((part, number))
            return AccountSummaryRequest(number, TAGS)
        self._waiting.add(("executions", number))
        since = format_utc(self.asked_ns) if part == FENCE else ""
        return ExecutionsRequest(number, account=self.account, since=since)

    def is_over(self, now_ns: int) -> bool:
        """Say whether nothing more is waited for; a list that did not end in time is a failure, never an empty one."""
        if not self.failure and self._waiting and now_ns > self._due_ns:
            names = ", ".join(sorted(name.replace("_", " ") for name, _ in self._waiting))
            self.failure = f"TWS did not end its list of {names} within {self._patience_ns / 1e9:g} s"
        if self.failure:
            return True
        return self._ended_ns > 0 and (not self._missing_fees or now_ns > self._ended_ns + FEE_GRACE_NS)

    def leave(self) -> list[Request]:
        """Return what ends the subscriptions of a reading that is given up: TWS has two summaries at most."""
        waiting = dict(self._waiting)
        left: list[Request] = [PositionsCancel()] if "positions" in waiting else []
        return [*left, AccountSummaryCancel(waiting["account_summary"])] if "account_summary" in waiting else left

    @property
    def lacks_ends(self) -> bool:
        """Say whether an end without a number is still owed: it may come when another reading waits for its own."""
        return any(number < 0 for _, number in self._waiting)

    # ------------------------------------------------------------ what is told

    def take(self, event: TwsEvent, now_ns: int) -> list[Request]:
        """Take an event, if it belongs to this; return what to ask next."""
        if isinstance(event, EndTold):
            return self._on_end(event, now_ns)
        if isinstance(event, OpenOrderTold):
            self.orders[_key(event)] = event
        elif isinstance(event, OrderStatusTold):
            self.statuses[_key(event)] = event
        elif isinstance(event, CompletedOrderTold):
            self.completed.append(event)
        elif isinstance(event, ExecutionTold):
            if event.req_id < 0 or event.req_id == self._numbered.get("executions"):
                self.executions.append(event)
                self._missing_fees.add(event.execution.exec_id)
        elif isinstance(event, CommissionTold):
            if event.commission is not None:
                self._missing_fees.discard(event.exec_id)
        elif isinstance(event, PositionTold):
            if event.account == self.account:
                self.positions[event.contract.con_id] = event
        elif isinstance(event, AccountValueTold):
            if event.account == self.account and event.req_id == self._numbered.get("account_summary"):
                self.values.append(event)
        elif isinstance(event, ErrorTold):
            self._on_error(event)
        return []

    def has_fee(self, exec_id: str) -> None:
        """Note that a commission is known from before."""
        self._missing_fees.discard(exec_id)

    def _on_end(self, event: EndTold, now_ns: int) -> list[Request]:
        key = (event.kind, event.req_id)
        if key not in self._waiting:
            return []
        self._waiting.discard(key)
        asked: list[Request] = []
        if event.req_id == self._numbered.get(FENCE):
            for told in (self.orders, self.statuses, self.positions):
                told.clear()
            self.completed.clear()
        if event.kind == "positions":
            asked.append(PositionsCancel())
        elif event.kind == "account_summary":
            asked.append(AccountSummaryCancel(event.req_id))
        return asked if self._waiting else [*asked, *self._next(now_ns)]

    def _on_error(self, event: ErrorTold) -> None:
        is_ours = event.id in self._numbered.values() and event.kind not in (ErrorKind.INFO, ErrorKind.WARNING)
        if is_ours and not self.failure:
            self.failure = f"TWS refused a list: {event.code} {event.text}"


def _key(told: OpenOrderTold | OrderStatusTold) -> OrderKey:
    return told.perm_id or (told.client_id, told.order_id)
