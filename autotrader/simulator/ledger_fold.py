"""What the rows of a ledger come to: orders as they stand, counters and totals. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from autotrader.model import ZERO, Order, OrderState
from autotrader.simulator.accounts import Account
from autotrader.simulator.events import BookOrder, book_order
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.ledger_rows import (
    Absent,
    Batch,
    Changed,
    Checkpoint,
    Ended,
    Fired,
    Moved,
    OpenOrder,
    Placed,
    Row,
    Standing,
    Traded,
    Undone,
)
from autotrader.simulator.special import SpecialOrder

__all__ = ["LedgerState", "apply_row", "open_row", "restore", "standing_of"]

MOST_ABSENT = 10_000


def _live(placed: Placed, venue: str, account: str) -> BookOrder:
    terms = (
        placed.client_order_id, venue, account, placed.symbol, placed.side, placed.type, placed.quantity, placed.time_in_force,
        placed.price, placed.stop_price, placed.trail, placed.expires_ns, placed.post_only, placed.reduce_only,
    )  # fmt: skip
    order = Order(*terms) if placed.special is None else SpecialOrder(*terms, special=placed.special)
    live = book_order(order, placed.venue_order_id, placed.sequence, placed.ts_ns)
    live.held = placed.held
    return live


def apply_row(orders: dict[str, BookOrder], row: Row, venue: str, account: str) -> BookOrder | None:
    """Fold one row into orders by venue id; return the order it is about, None for a row about none that is known."""
    if type(row) is Absent:
        return None
    if type(row) is Placed:
        live = orders[row.venue_order_id] = _live(row, venue, account)
        return live
    known = orders.get(row.venue_order_id)  # type: ignore[union-attr]
    if known is None:
        return None
    known.updated_ns = row.ts_ns
    match row:
        case Traded():
            known.filled += row.quantity
            known.cost += row.price * row.quantity
            known.state = OrderState.FILLED if known.filled >= known.quantity else OrderState.PARTIALLY_FILLED
        case Ended():
            known.state, known.held = row.state, False
        case Changed():
            known.quantity, known.sequence = row.quantity, row.sequence
            known.price, known.stop_price = row.price, row.stop_price
            if known.filled >= known.quantity:
                known.state = OrderState.FILLED
        case Fired():
            known.held = False
        case Moved():
            known.stop_price = row.stop_price
        case Undone():
            _undo(known, row)
    return known


def _undo(live: BookOrder, row: Undone) -> None:
    live.filled -= row.quantity
    live.cost -= row.price * row.quantity
    if live.state is OrderState.FILLED:
        live.state = OrderState.CANCELED
    elif live.state is OrderState.PARTIALLY_FILLED and not live.filled:
        live.state = OrderState.OPEN


class LedgerState:
    """The live part of a ledger: open orders by venue id, what was declared absent, and how things stand."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.venue, self.account = checkpoint.venue, checkpoint.account
        self.standing = checkpoint.standing
        self.orders = {row.placed.venue_order_id: _reopened(row, self.venue, self.account) for row in checkpoint.orders}
        self.absent: OrderedDict[str, None] = OrderedDict.fromkeys(checkpoint.absent)

    def apply(self, batch: Batch) -> None:
        """Fold one line."""
        self.standing = batch.standing
        for row in batch.rows:
            if type(row) is Absent:
                note_absent(self.absent, row.client_order_id)
                continue
            live = apply_row(self.orders, row, self.venue, self.account)
            if live is not None and live.state not in (OrderState.OPEN, OrderState.PARTIALLY_FILLED):
                del self.orders[live.venue_order_id]


def note_absent(absent: OrderedDict[str, None], client_order_id: str) -> None:
    """Remember an id that was declared absent; the oldest are forgotten."""
    absent[client_order_id] = None
    if len(absent) > MOST_ABSENT:
        absent.popitem(last=False)


def _reopened(row: OpenOrder, venue: str, account: str) -> BookOrder:
    live = _live(row.placed, venue, account)
    live.quantity, live.price, live.stop_price = row.quantity, row.price, row.stop_price
    live.filled, live.cost = row.filled, row.cost
    live.state, live.held, live.sequence, live.updated_ns = row.state, row.held, row.sequence, row.updated_ns
    return live


def open_row(live: BookOrder) -> OpenOrder:
    """Return an open order for a checkpoint."""
    order = live.order
    placed = Placed(
        order.client_order_id, live.venue_order_id, order.symbol, order.side, order.type, order.time_in_force, order.quantity,
        order.price, order.stop_price, order.trail, order.expires_ns, order.post_only, order.reduce_only, live.held,
        live.sequence, live.created_ns,
        order.special if isinstance(order, SpecialOrder) else None,
    )  # fmt: skip
    return OpenOrder(
        placed, live.quantity, live.price, live.stop_price, live.filled, live.cost, live.state, live.held, live.sequence,
        live.updated_ns,
    )  # fmt: skip


def standing_of(exchange: Exchange, account: Account, requests: Iterable[int]) -> Standing:
    """Return how things stand, for one account."""
    submit, cancel, amend, query, other = requests
    return Standing(
        exchange.order_number, exchange.trade_number, exchange.sequence, (submit, cancel, amend, query, other),
        account.cash, account.net, account.average,
    )  # fmt: skip


def restore(exchange: Exchange, state: LedgerState) -> Account:
    """Put a ledger's account and open orders into an exchange that has none yet. Orders in unlisted symbols stay out."""
    standing = state.standing
    account = exchange.open_account(state.account, standing.cash)
    account.net, account.average = dict(standing.net), dict(standing.average)
    exchange.order_number, exchange.trade_number = standing.order_number, standing.trade_number
    exchange.sequence = standing.sequence
    for live in sorted(state.orders.values(), key=lambda live: live.sequence):
        book = exchange.books.get(live.order.symbol)
        if book is None:
            continue
        live.hold = ZERO
        if live.held:
            exchange.wait(book, account, live)
        else:
            exchange.rest(book, account, live)
    return account
