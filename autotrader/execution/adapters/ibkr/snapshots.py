"""What was read of the books as a snapshot for the order manager, and as the answer to a question for one order (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from autotrader.execution.adapters.ibkr.endings import MOMENTARY
from autotrader.execution.adapters.ibkr.following import HELD, Follower
from autotrader.execution.adapters.ibkr.messages import (
    AccountValueTold,
    CompletedOrderTold,
    ExecutionTold,
    OpenOrderTold,
    OrderStatusTold,
)
from autotrader.execution.adapters.ibkr.orders import meaning_of
from autotrader.execution.adapters.ibkr.reading import Reading
from autotrader.execution.adapters.ibkr.registry import Known
from autotrader.execution.adapters.ibkr.statuses import Standing, standing_of
from autotrader.execution.adapters.ibkr.times import parse_time
from autotrader.model import (
    ZERO,
    Balance,
    Fill,
    Order,
    OrderState,
    OrderUpdate,
    Side,
    VenueSnapshot,
)

__all__ = [
    "Listed", "balances_of", "completed_state", "count_of_other_accounts", "fills_of", "listed_orders", "snapshot_of",
    "state_of",
]

CASH: Final = "CashBalance"
BASE: Final = "BASE"
TOTAL_CASH: Final = "TotalCashValue"
_ENDS: Final = {Standing.FILLED: OrderState.FILLED, Standing.CANCELED: OrderState.CANCELED}


class Listed(NamedTuple):
    """An order of the open list, ours (``known``) or another's, with how it stands."""

    told: OpenOrderTold
    status: str
    filled: Decimal
    average_price: Decimal | None
    known: Known | None

    @property
    def state(self) -> OrderState:
        """Return our state."""
        return state_of(self.status, self.filled)


def state_of(status: str, filled: Decimal) -> OrderState:
    """Return our state for a status: a done one, else OPEN or PARTIALLY_FILLED by what is filled."""
    end = _ENDS.get(standing_of(status))
    if end is not None:
        return end
    return OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN


def completed_state(told: CompletedOrderTold) -> OrderState:
    """Return how a completed order ended; Inactive there is a rejection."""
    standing = standing_of(told.status)
    if standing is Standing.INACTIVE:
        return OrderState.REJECTED
    if standing is Standing.FILLED or told.completed_status.startswith("Filled"):
        return OrderState.FILLED
    return OrderState.EXPIRED if _ran_out(told) else OrderState.CANCELED


def _ran_out(told: CompletedOrderTold) -> bool:
    """Say whether the time in force ended an order: it was for the moment alone, or completed no earlier than it was good."""
    if told.terms.time_in_force != "GTD":
        return told.terms.time_in_force in MOMENTARY
    until_ns, ended_ns = parse_time(told.terms.good_till), parse_time(told.completed_time)
    return until_ns is not None and ended_ns is not None and ended_ns >= until_ns


def listed_orders(reading: Reading, follower: Follower) -> list[Listed]:
    """Return the account's orders of the open list, the newest status of each, and take ours in."""
    found = []
    for key, told in reading.orders.items():
        if told.terms.account not in ("", reading.account):
            continue
        status = _newest(told, reading.statuses.get(key))
        known = follower.meet(told)
        filled, average = ZERO, None
        if status is not None:
            filled, average = status.filled, status.average_price
        one = Listed(told, told.status if status is None else status.status, filled, average or None, known)
        if known is not None:
            follower.listed(known, told, one.status, filled)
        found.append(one)
    return found


def _newest(told: OpenOrderTold, status: OrderStatusTold | None) -> OrderStatusTold | None:
    return None if status is None or status.recv_ns < told.recv_ns else status


def count_of_other_accounts(reading: Reading) -> int:
    """Return how many open orders of the login belong to its other accounts: a global cancel would hit them."""
    ends = (Standing.FILLED, Standing.CANCELED)
    others = (one for one in reading.orders.values() if one.terms.account not in ("", reading.account))
    return sum(1 for one in others if standing_of(one.status) not in ends)


def fills_of(executions: Iterable[ExecutionTold], follower: Follower) -> list[Fill]:
    """Return the account's fills behind executions that were listed, as they stand now; what they correct is told."""
    found: dict[str, Fill] = {}
    for told in executions:
        fill = follower.list_execution(told)
        if fill is not None:
            found[fill.trade_id] = fill
    return [fill for fill in found.values() if follower.fills.get(fill.trade_id) is not None]


def snapshot_of(
    reading: Reading, orders: Iterable[Listed], fills: Iterable[Fill], follower: Follower, since_ns: int
) -> VenueSnapshot:
    """Return the snapshot. Currency pairs are held as balances; positions are those of everything else.

    A summary that ended without a word on cash is no account without cash: the snapshot is not complete.
    """
    is_told = any(one.key in (CASH, TOTAL_CASH) for one in reading.values)
    rows = tuple(_row(one, follower) for one in orders if one.known is not None or one.state not in _ENDS.values())
    return VenueSnapshot(
        follower.venue, follower.account, reading.asked_ns, rows, tuple(fills), balances_of(reading.values),
        tuple(_positions(reading, follower)), since_ns, complete=is_told or "account_summary" not in reading.parts,
    )  # fmt: skip


def _positions(reading: Reading, follower: Follower) -> Iterator[tuple[str, Decimal]]:
    for told in reading.positions.values():
        if told.contract.sec_type not in ("CASH", "CRYPTO") and told.quantity:
            yield follower.symbol_of(told.contract), told.quantity


def balances_of(values: Iterable[AccountValueTold]) -> tuple[Balance, ...]:
    """Return the cash by currency, as the ledger has it; where none is told, the total in the account's own currency."""
    cash = {one.currency: one.value for one in values if one.key == CASH and one.currency not in ("", BASE)}
    if not cash:
        cash = {one.currency: one.value for one in values if one.key == TOTAL_CASH and one.currency not in ("", BASE)}
    amounts = {currency: _number(text) for currency, text in cash.items()}
    return tuple(Balance(currency, amount, amount) for currency, amount in sorted(amounts.items()) if amount is not None)


def _number(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _row(one: Listed, follower: Follower) -> OrderUpdate:
    told, known, meaning = one.told, one.known, meaning_of(one.told.terms)
    order: Order | None = None if known is None else known.order
    return OrderUpdate(
        "" if known is None else known.client_order_id, f"{told.perm_id}" if told.perm_id else None, follower.venue,
        follower.account, follower.symbol_of(told.contract) if known is None else known.symbol, Side(told.terms.action),
        meaning.type if order is None else order.type, meaning.time_in_force if order is None else order.time_in_force,
        told.terms.quantity, meaning.price if order is None or order.price is not None else None, meaning.stop_price, one.state,
        one.filled, one.average_price, None, told.text or None, "", 0, told.recv_ns, known is None, one.status == HELD,
    )  # fmt: skip

