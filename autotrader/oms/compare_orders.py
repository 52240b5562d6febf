"""Orders and trades, ours against the venue's."""

from __future__ import annotations

from collections.abc import Iterable

from autotrader.messages import Message, OrderAdopted, OrderFilled, OrderReported, TradeBusted
from autotrader.model import ZERO, Fill, Order, OrderState, OrderType, OrderUpdate, VenueSnapshot, plain
from autotrader.model.ids import is_this_engine
from autotrader.oms.book import Books
from autotrader.oms.differences import Action, Difference, Policy
from autotrader.oms.lifecycle import DRF, SND, UNK
from autotrader.oms.orders import OrderRecord
from autotrader.oms.venue_ids import Naming, foreign_id

__all__ = ["compare_orders", "unknown_orders"]

_Strangers = dict[tuple[str, str], list[Fill]]  # by symbol and the venue's id of the order


def unknown_orders(books: Books, snapshot: VenueSnapshot) -> list[Naming]:
    """Return all orders that the snapshot names and the books do not hold."""
    rows: list[OrderUpdate | Fill] = [*snapshot.orders, *snapshot.trades]
    named = dict.fromkeys((row.client_order_id, snapshot.venue, row.venue_order_id, row.symbol) for row in rows)
    return [naming for naming in named if books.find(*naming) is None]


def compare_orders(books: Books, snapshot: VenueSnapshot, policy: Policy, now_ns: int) -> list[Difference]:
    """Return the lines on orders and trades."""
    trades, strangers = _sort_trades(books, snapshot)
    listed: set[str] = set()
    lines: list[Difference] = []
    foreign: list[OrderUpdate] = []
    for row in snapshot.orders:
        record = books.find(row.client_order_id, snapshot.venue, row.venue_order_id, row.symbol)
        if record is None:
            foreign.append(row)
            continue
        listed.add(record.client_order_id)
        lines += _missed(record, trades.pop(record.client_order_id, []), now_ns)
        lines += _compare_row(record, row, lines, snapshot, policy, now_ns)
    for name, fills in trades.items():
        lines += _missed(books.orders[name], fills, now_ns)
    lines += _adopt_foreign(books, foreign, strangers, snapshot, policy, now_ns)
    if snapshot.complete:
        lines += _absent(books, listed, snapshot, policy, now_ns)
    return lines


def _sort_trades(books: Books, snapshot: VenueSnapshot) -> tuple[dict[str, list[Fill]], _Strangers]:
    """Return the trades by our order, and those of orders that we do not know by the venue's."""
    ours: dict[str, list[Fill]] = {}
    strangers: _Strangers = {}
    for fill in sorted(snapshot.trades, key=lambda one: (one.ts_ns, one.trade_id)):
        record = books.find(fill.client_order_id, snapshot.venue, fill.venue_order_id, fill.symbol)
        if record is not None:
            ours.setdefault(record.client_order_id, []).append(fill)
        else:
            strangers.setdefault((fill.symbol, fill.venue_order_id or f"trade {fill.trade_id}"), []).append(fill)
    return ours, strangers


def _missed(record: OrderRecord, fills: Iterable[Fill], now_ns: int) -> list[Difference]:
    lines, order = [], record.order
    for fill in fills:
        known = record.fills.get(fill.trade_id)
        told = f"{fill.side} {plain(fill.quantity)} at {plain(fill.price)}"
        if known is None and fill.trade_id not in record.busted:
            event = OrderFilled(record.client_order_id, order.venue, now_ns, fill.venue_order_id, fill=fill)
            reason = f"trade {fill.trade_id} was never told to us"
            lines.append(_line(record, "missed_fill", "none", told, Action.ADOPT, reason, event))
        elif known is not None and (known.price, known.quantity, known.side) != (fill.price, fill.quantity, fill.side):
            ours = f"{known.side} {plain(known.quantity)} at {plain(known.price)}"
            reason = f"trade {fill.trade_id} is booked with other figures"
            lines.append(_line(record, "trade_differs", ours, told, Action.HALT, reason))
        elif known is not None and fill.fee_asset and not known.fee_asset and not known.inferred:
            event = OrderFilled(record.client_order_id, order.venue, now_ns, fill.venue_order_id, fill=fill)
            fee = f"{plain(fill.fee)} {fill.fee_asset}"
            reason = f"what trade {fill.trade_id} cost was not known yet"
            lines.append(_line(record, "late_fee", "none", fee, Action.ADOPT, reason, event))
    return lines


def _compare_row(
    record: OrderRecord, row: OrderUpdate, lines: list[Difference], snapshot: VenueSnapshot, policy: Policy, now_ns: int
) -> list[Difference]:
    missed = (event for line in lines if line.client_order_id == record.client_order_id for event in line.events)
    filled = record.filled + sum((event.fill.quantity for event in missed if isinstance(event, OrderFilled)), ZERO)
    if record.inferred is not None:
        filled = max(filled - record.fills[record.inferred].quantity, record.floor)
    ours, theirs = _describe(record.state, filled, record.quantity, record.price), _describe_row(row)
    terms_differ = row.quantity != record.quantity or (None not in (row.price, record.price) and row.price != record.price)
    ahead = row.filled_quantity > filled or (row.is_done and not record.is_done) or record.code in (DRF, SND, UNK)
    differs = ahead or row.filled_quantity < filled or terms_differ or row.is_done != record.is_done
    younger = max(record.last_ns, record.updated_ns) + policy.lag_ns > snapshot.asked_ns
    completes = row.state is OrderState.FILLED and row.filled_quantity == filled >= record.quantity
    if not differs or (younger and not ahead) or (completes and not record.is_done):
        return []
    alive = record.is_done and not row.is_done
    what = "order_alive" if alive else "order_state"
    reason = "the venue says that it works; it is asked again before that counts" if alive else "the venue's word is newer"
    return [_line(record, what, ours, theirs, Action.ADOPT, reason, _report(record, row, snapshot, now_ns))]


def _report(record: OrderRecord, row: OrderUpdate, snapshot: VenueSnapshot, now_ns: int) -> OrderReported:
    return OrderReported(
        record.client_order_id, snapshot.venue, now_ns, row.venue_order_id, row.state, row.filled_quantity, row.quantity,
        row.price, snapshot.asked_ns, False, row.reason or "", row.average_price,
    )


def _adopt_foreign(
    books: Books, rows: list[OrderUpdate], strangers: _Strangers, snapshot: VenueSnapshot, policy: Policy,
    now_ns: int,
) -> list[Difference]:
    opened_ns = books.opened_ns(snapshot.venue, snapshot.account)
    since = {  # what was traded before is in the opening
        name: [fill for fill in fills if opened_ns is not None and fill.ts_ns > opened_ns] for name, fills in strangers.items()
    }
    lines: list[Difference] = []
    for row in rows:
        fills = since.pop((row.symbol, row.venue_order_id or ""), [])
        if fills or not row.is_done:
            lines += _foreign(_order_of(row, snapshot), row, fills, snapshot, policy, now_ns)
    for fills in filter(None, since.values()):
        lines += _foreign(_order_behind(fills, snapshot), None, fills, snapshot, policy, now_ns)
    return lines


def _foreign(
    order: Order, row: OrderUpdate | None, fills: list[Fill], snapshot: VenueSnapshot, policy: Policy, now_ns: int
) -> list[Difference]:
    traded = sum((fill.quantity for fill in fills), ZERO)
    before = ZERO if row is None else max(row.filled_quantity - traded, ZERO)
    name = (row.venue_order_id if row is not None else fills[0].venue_order_id) or ""
    events: list[Message] = [OrderAdopted(order, name, OrderState.OPEN, before, now_ns)]
    events += [OrderFilled(order.client_order_id, snapshot.venue, now_ns, name or None, fill=fill) for fill in fills]
    if row is not None and row.is_done and row.filled_quantity < row.quantity:
        events.append(OrderReported(order.client_order_id, snapshot.venue, now_ns, name, row.state, row.filled_quantity))
    told = f"{fills[0].side} {plain(traded)} traded" if row is None else _describe_row(row)
    lines = []
    if policy.engine_id and is_this_engine(order.client_order_id, snapshot.venue, snapshot.account, policy.engine_id):
        reason = "it carries this engine's tag and the journal does not know it: look for a lost journal or a second engine"
        lines.append(Difference("own_unknown", order.symbol, "none", told, Action.HALT, reason, order.client_order_id, name))
    reason = "somebody else's order: counted, never touched"
    lines.append(
        Difference(
            "foreign_order", order.symbol, "none", told, policy.foreign, reason, order.client_order_id, name, tuple(events)
        )
    )
    return lines


def _order_of(row: OrderUpdate, snapshot: VenueSnapshot) -> Order:
    return Order(
        row.client_order_id or foreign_id(snapshot.venue, row.symbol, row.venue_order_id), snapshot.venue, snapshot.account,
        row.symbol, row.side, row.type, row.quantity, row.time_in_force, row.price, row.stop_price, created_ns=row.created_ns,
    )


def _order_behind(fills: list[Fill], snapshot: VenueSnapshot) -> Order:
    first = fills[0]
    name = first.client_order_id or foreign_id(snapshot.venue, first.symbol, first.venue_order_id or first.trade_id)
    quantity = sum((fill.quantity for fill in fills), ZERO)
    return Order(
        name, snapshot.venue, snapshot.account, first.symbol, first.side, OrderType.MARKET, quantity, created_ns=first.ts_ns
    )


def _absent(
    books: Books, listed: set[str], snapshot: VenueSnapshot, policy: Policy, now_ns: int
) -> list[Difference]:
    lines = []
    shown = {(fill.symbol, fill.trade_id) for fill in snapshot.trades}
    settled_ns = snapshot.asked_ns - policy.lag_ns
    for name, record in books.orders.items():
        if record.order.venue != snapshot.venue or record.order.account != snapshot.account or record.code == DRF:
            continue
        in_flight = record.code == SND  # its bytes may not be out yet: a time-out makes it UNKNOWN, a list does not
        if name not in listed and not record.is_done and not in_flight and max(record.updated_ns, record.last_ns) <= settled_ns:
            event = OrderReported(name, snapshot.venue, now_ns, record.venue_order_id, asked_ns=snapshot.asked_ns)
            ours = _describe(record.state, record.filled, record.quantity, record.price)
            reason = "not in the venue's list; that proves nothing yet, it is asked for"
            lines.append(_line(record, "order_gone", ours, "none", Action.ADOPT, reason, event))
        for fill in record.fills.values():
            if fill.inferred or not snapshot.trades_since_ns + policy.lag_ns <= fill.ts_ns <= settled_ns:
                continue
            if (fill.symbol, fill.trade_id) not in shown:
                bust = TradeBusted(name, snapshot.venue, now_ns, None, trade_id=fill.trade_id, symbol=fill.symbol)
                ours = f"{fill.side} {plain(fill.quantity)} at {plain(fill.price)}"
                reason = f"trade {fill.trade_id} is not in the venue's list any more"
                lines.append(_line(record, "trade_gone", ours, "none", policy.busts, reason, bust))
    return lines


def _line(
    record: OrderRecord, what: str, ours: str, theirs: str, action: Action, reason: str, *events: Message
) -> Difference:
    return Difference(
        what, record.order.symbol, ours, theirs, action, reason, record.client_order_id, record.venue_order_id, events
    )


def _describe(state: OrderState, filled: object, quantity: object, price: object) -> str:
    at = "" if price is None else f" at {price:f}"
    return f"{state} {filled:f} of {quantity:f}{at}"


def _describe_row(row: OrderUpdate) -> str:
    return _describe(row.state, row.filled_quantity, row.quantity, row.price)
