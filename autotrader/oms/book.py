"""Books: every order, position and balance as the pure fold of journal events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from autotrader.messages import (
    BalanceOpened,
    BalanceTransferred,
    CancelAsked,
    Message,
    OrderAdopted,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderReported,
    PositionAdopted,
    ReplaceAsked,
    TradeBusted,
)
from autotrader.model import ZERO, Fill, Order, OrderState
from autotrader.oms.accounts import Accounts, AccountsState
from autotrader.oms.classify import CLASSIFIERS, OLDER, second_id_event, second_meaning
from autotrader.oms.fold import Applied, PositionKey, drop_twin, learn_id, move, settles_debt
from autotrader.oms.inferred import infer_fill
from autotrader.oms.lifecycle import CELLS, DRF, FIL, IGNORE, OPN, PRT, REFUSE, SND, STATES, live_code
from autotrader.oms.money import Money
from autotrader.oms.orders import OrderRecord, record_of
from autotrader.oms.positions import FillsOf
from autotrader.oms.sentences import refusal
from autotrader.oms.venue_ids import VenueIds, foreign_id, is_nameless, naming_of

__all__ = ["Applied", "Books", "FillsOf", "PositionKey"]

DEFAULT_LAG_NS = 1_000_000_000
_CODE_OF = {state: code for code, state in enumerate(STATES)}


class _State(msgspec.Struct):
    orders: list[OrderRecord]
    accounts: AccountsState


_read_state = msgspec.json.Decoder(_State).decode


class Books(Money):
    """All orders, positions and balances. One thread; pure: time comes from the events.

    ``lag_ns`` is how far behind a venue's answers to queries may be, for all venues or by name. ``live=False`` while
    refolding a journal: the same state, but ``Applied.order`` is not built (set ``books.live = True`` afterwards).
    ``fills_of`` loads older fills for a refold; without it all fills stay in memory.
    """

    def __init__(
        self, *, lag_ns: int | Mapping[str, int] = DEFAULT_LAG_NS, live: bool = True, fills_of: FillsOf | None = None
    ) -> None:
        self.live = live
        self.orders: dict[str, OrderRecord] = {}
        self._lag_ns = lag_ns
        super().__init__(Accounts(fills_of))
        self._venue_ids = VenueIds()
        self._owing: dict[str, None] = {}
        self._gaps: dict[str, None] = {}

    # ------------------------------------------------------------ folding

    def apply(self, event: Message) -> Applied:
        """Fold one journal event (orders, money); other messages do nothing. Never raises for what a venue says."""
        handler = _HANDLERS.get(type(event))
        return Applied(ignored=True) if handler is None else handler(self, event)

    def draft(self, order: Order) -> OrderRecord:
        """Note an order as DRAFT: recorded, nothing sent, not journalled."""
        record = self.orders[order.client_order_id] = record_of(order, DRF, order.created_ns)
        return record

    def find(
        self, client_order_id: str, venue: str = "", venue_order_id: str | None = None, symbol: str = ""
    ) -> OrderRecord | None:
        """Return the record by client id, else by the venue's id in the symbol.

        A venue's id without a symbol names an order only if no other symbol has it; where a client id came with it, only an
        order that had none when it was met: else an event of a stranger could move an order of ours in another symbol.
        """
        record = self.orders.get(client_order_id)
        if record is not None or venue_order_id is None:
            return record
        known_as = self._venue_ids.find(venue, venue_order_id, symbol)
        if known_as is None or not (symbol or not client_order_id or is_nameless(known_as)):
            return None
        return self.orders.get(known_as)

    def evict(self, client_order_id: str) -> None:
        """Forget a closed order and its trade ids; a working one is kept."""
        record = self.orders.get(client_order_id)
        if record is None or record.code < FIL:
            return
        del self.orders[client_order_id]
        if self._owing or self._gaps:
            self._owing.pop(client_order_id, None)
            self._gaps.pop(client_order_id, None)
        for name in record.venue_ids():
            self._venue_ids.forget(record.order.venue, record.order.symbol, name)

    def restore(self, events: Iterable[Message]) -> OrderRecord | None:
        """Refold one order from all its journal events, with no second effect on positions. None if nothing began it."""
        scratch = Books(lag_ns=self._lag_ns, live=False)
        scratch._accounts = None
        for event in events:
            scratch.apply(event)
        for name, record in scratch.orders.items():
            known = self.orders.setdefault(name, record)
            if known is record:
                self._index_all(record)
            return known
        return None

    def owing(self) -> Iterator[OrderRecord]:
        """Iterate over orders that owe a query; one asked at or after ``owed_after_ns`` settles it."""
        return (self.orders[name] for name in tuple(self._owing))

    def inferred_due(self, now_ns: int, after_ns: int = 5_000_000_000) -> list[OrderFilled]:
        """Return inferred fills for gaps older than ``after_ns`` (event 27), to journal and apply; ids are deterministic."""
        due = (self.orders[name] for name in self._gaps)
        return [infer_fill(record) for record in due if record.gap_since_ns + after_ns <= now_ns]

    # ------------------------------------------------------------ checkpoints

    def export(self) -> bytes:
        """Return all live state as JSON, for a checkpoint; drafts, which were never journalled, are left out."""
        orders = [record for record in self.orders.values() if record.code != DRF]
        return msgspec.json.encode(_State(orders, self.accounts.state()))

    @classmethod
    def load(
        cls, body: bytes, *, lag_ns: int | Mapping[str, int] = DEFAULT_LAG_NS, live: bool = True,
        fills_of: FillsOf | None = None,
    ) -> Books:
        """Return the books that ``export`` wrote."""
        books, state = cls(lag_ns=lag_ns, live=live, fills_of=fills_of), _read_state(body)
        books.accounts.restore(state.accounts)
        for record in state.orders:
            books.orders[record.client_order_id] = record
            books._index_all(record)
        return books

    def after(self, events: Iterable[Message]) -> Books:
        """Return the books as they would stand after some events; these stay as they are. The same books without events."""
        if not (folded := list(events)):
            return self
        scratch = Books.load(self.export(), lag_ns=self._lag_ns, live=False, fills_of=self.accounts.fills_of)
        scratch.add_instruments(self.accounts.instruments())
        for event in folded:
            scratch.apply(event)
        return scratch

    # ------------------------------------------------------------ one handler per kind of event

    def _intended(self, event: OrderIntended) -> Applied:
        order = event.order
        record = self.orders.get(order.client_order_id)
        if record is None:
            record = self.orders[order.client_order_id] = record_of(order, SND, event.ts_ns)
            update = record.update() if self.live else None
            return Applied(update, OrderState.DRAFT, 1, decided_ns=order.decided_ns)
        return self._run(record, 1, event)

    def _denied(self, event: OrderDenied) -> Applied:
        record = self.orders.get(event.order.client_order_id)
        return self._run(record or self.draft(event.order), 2, event)

    def _adopted(self, event: OrderAdopted) -> Applied:
        order = event.order
        if self.find(order.client_order_id, order.venue, event.venue_order_id, order.symbol) is not None:
            return Applied(ignored=True)
        if not order.client_order_id:
            name = foreign_id(order.venue, order.symbol, event.venue_order_id)
            order = msgspec.structs.replace(order, client_order_id=name)
        record = record_of(order, _CODE_OF[event.state], event.ts_ns)
        if OPN <= record.code < FIL:
            record.code = live_code(order.quantity, event.filled_quantity, cancel_wished=False, replacing=False)
        record.foreign, record.venue_order_id, record.last_ns = True, event.venue_order_id or None, event.ts_ns
        record.adopted = record.filled = event.filled_quantity
        self.orders[order.client_order_id] = record
        self._index_all(record)
        return Applied(record.update() if self.live else None)

    def _order_event(self, event: Any) -> Applied:
        record = self.orders.get(event.client_order_id) or self.find(*naming_of(event))
        if record is None:
            return Applied(unknown=True)
        return self._run(record, CLASSIFIERS[type(event)](record, event, 0), event)  # a lag means something for reports only

    def _ask(self, event: CancelAsked | ReplaceAsked) -> Applied:
        record = self.find(event.client_order_id, event.venue, event.venue_order_id)
        if record is not None and record.foreign and record.code < FIL and getattr(event, "kill", False) is False:
            number = 18 if type(event) is CancelAsked else 22
            return Applied(event=number, refused=refusal(record, number), decided_ns=record.order.decided_ns)
        return self._order_event(event)

    def _reported(self, event: OrderReported) -> Applied:
        record = self.find(event.client_order_id, event.venue, event.venue_order_id)
        if record is None:
            return Applied(unknown=True)
        lag_ns = self._lag(record)
        number, older = CLASSIFIERS[OrderReported](record, event, lag_ns), event.asked_ns < record.last_ns + lag_ns
        settled = number != OLDER and settles_debt(record, event)
        if settled:
            record.owed_after_ns = None
            self._owing.pop(record.client_order_id, None)
        applied = Applied(None, STATES[record.code], number, decided_ns=record.order.decided_ns)
        if not older and self._follow_count(record, event, lag_ns, applied):
            number = applied.event = CLASSIFIERS[OrderReported](record, event, lag_ns)
        self._step(record, number, event, applied)
        then = second_meaning(record, event, number, older)
        if then:
            applied.then = then
            self._step(record, then, event, applied)
        if record.gap is not None:
            self._gaps[record.client_order_id] = None
        applied.ignored &= not settled
        return self._finish(record, applied)

    def _follow_count(self, record: OrderRecord, event: OrderReported, lag_ns: int, applied: Applied) -> bool:
        """Let an answer that counts fewer trades close a gap, and take back what was only inferred; True if it did that."""
        filled = event.filled_quantity if event.asked_ns else None
        if filled is None:
            return False
        if record.gap is not None and filled < record.gap and event.asked_ns >= record.gap_since_ns + lag_ns:
            self._close_gap(record)
        if filled >= record.filled or record.inferred is None:
            return False
        self._exchange(applied, *record.lower_floor(filled))
        if record.code in (PRT, FIL):
            record.code = live_code(record.quantity, record.filled, record.cancel_wished, record.replacing)
        return True

    def _filled(self, event: OrderFilled) -> Applied:
        record = self.orders.get(event.client_order_id)
        fill = event.fill
        venue_id = event.venue_order_id or fill.venue_order_id
        if record is None and (record := self.find(*naming_of(event))) is None:
            return Applied(unknown=True)
        applied = Applied(None, STATES[record.code], decided_ns=record.order.decided_ns)
        if venue_id != record.venue_order_id and venue_id is not None:
            self._other_id(record, venue_id, event, applied)
        number = CLASSIFIERS[OrderFilled](record, event, 0)
        if applied.event:
            applied.then = number
        else:
            applied.event = number
        if number == 15:
            self._amend(record, fill, applied)
        elif number < 15 and not fill.inferred and record.inferred is not None and record.total_with(fill) == record.filled:
            applied.event = 27
            self._book(record, fill, applied)
            record.updated_ns = event.ts_ns
        else:
            self._step(record, number, event, applied)
        if fill.trade_id in record.held_busts:
            record.held_busts = tuple(name for name in record.held_busts if name != fill.trade_id)
            applied.then = 17
            self._step(record, 17, TradeBusted("", event.venue, event.ts_ns, trade_id=fill.trade_id), applied)
        return self._finish(record, applied)

    def _money(self, event: BalanceOpened | BalanceTransferred | PositionAdopted) -> Applied:
        if self._accounts is None:
            return Applied(ignored=True)
        if type(event) is PositionAdopted:
            return Applied(positions=(self._accounts.adopt(event),))
        if type(event) is BalanceOpened:
            return Applied(ignored=not self._accounts.open(event))
        if type(event) is BalanceTransferred:
            self._accounts.transfer(event)
        return Applied()

    # ------------------------------------------------------------ one cell

    def _run(self, record: OrderRecord, number: int, message: Any) -> Applied:
        applied = Applied(None, STATES[record.code], number, decided_ns=record.order.decided_ns)
        self._step(record, number, message, applied)
        return self._finish(record, applied)

    def _step(self, record: OrderRecord, number: int, message: Any, applied: Applied) -> None:
        cell = CELLS[12 * number + record.code]
        action = cell.action
        if action == IGNORE:
            applied.ignored = not applied.fills
            if number == OLDER:
                drop_twin(record, message.venue_order_id)
            return
        if action == REFUSE:
            applied.refused = refusal(record, number)
            return
        applied.ignored = False
        if cell.books:
            self._book(record, message.fill, applied)
        elif cell.undoes:
            self._undo(record, message.trade_id, applied)
        elif cell.holds:
            record.held_busts += (message.trade_id,)
        known_as = record.venue_order_id
        move(record, cell, number, message, message.ts_ns, self._lag(record) if cell.query else 0, applied)
        if number > 2:
            name = message.venue_order_id
            if name is not None and name != known_as:
                if record.venue_order_id is None:
                    learn_id(record, name)
                self._note_id(record, name)

    def _finish(self, record: OrderRecord, applied: Applied) -> Applied:
        if applied.query:
            self._owing[record.client_order_id] = None
        if self.live and not applied.ignored and applied.refused is None:
            applied.order = record.update()
        return applied

    def _book(self, record: OrderRecord, fill: Fill, applied: Applied) -> None:
        order = record.order
        if fill.client_order_id != order.client_order_id or fill.strategy != order.strategy or not fill.account:
            fill = record.complete(fill)
        if record.inferred is None and not fill.inferred:
            record.book(fill)
            applied.fills += (fill,)
            if self._accounts is not None:
                applied.positions = (self._accounts.book(fill),)
        else:
            self._exchange(applied, *record.settle(fill))
        if record.gap is not None and record.filled >= record.gap:
            self._close_gap(record)

    def _exchange(self, applied: Applied, booked: tuple[Fill, ...], undone: tuple[Fill, ...]) -> None:
        applied.fills += booked
        applied.undone += undone
        if self._accounts is not None:
            applied.positions = self._accounts.exchange(undone, booked)

    def _close_gap(self, record: OrderRecord) -> None:
        record.gap = record.gap_price = None
        self._gaps.pop(record.client_order_id, None)

    def _undo(self, record: OrderRecord, trade_id: str, applied: Applied) -> None:
        fill = record.unbook(trade_id)
        record.busted += (trade_id,)
        record.floor = max(record.floor - fill.quantity, ZERO)
        if self._accounts is not None:
            applied.positions = (self._accounts.unbook(fill),)
        applied.undone += (fill,)

    def _amend(self, record: OrderRecord, fill: Fill, applied: Applied) -> None:
        known = record.fills.get(fill.trade_id)
        if known is None or known.fee_asset or not fill.fee_asset:
            applied.ignored = True
            return
        told = record.complete(fill)
        record.fills[fill.trade_id] = told
        if self._accounts is not None:
            self._accounts.unbook(known)
            applied.positions = (self._accounts.book(told),)
        applied.amended = (told,)

    def _other_id(self, record: OrderRecord, name: str, event: OrderFilled, applied: Applied) -> None:
        second = second_id_event(record, name)
        if second:
            applied.event = second
            self._step(record, second, event, applied)
        learn_id(record, name)
        self._note_id(record, name)

    def _note_id(self, record: OrderRecord, name: str) -> None:
        order = record.order
        self._venue_ids.note(order.venue, order.symbol, name, order.client_order_id)

    def _index_all(self, record: OrderRecord) -> None:
        for name in record.venue_ids():
            self._note_id(record, name)
        if record.owed_after_ns is not None:
            self._owing[record.client_order_id] = None
        if record.gap is not None:
            self._gaps[record.client_order_id] = None

    def _lag(self, record: OrderRecord) -> int:
        if isinstance(self._lag_ns, int):
            return self._lag_ns
        return self._lag_ns.get(record.order.venue, DEFAULT_LAG_NS)


_HANDLERS: dict[type[Message], Callable[[Books, Any], Applied]] = {
    **dict.fromkeys(CLASSIFIERS, Books._order_event),
    OrderIntended: Books._intended,
    OrderDenied: Books._denied,
    OrderAdopted: Books._adopted,
    OrderFilled: Books._filled,
    OrderReported: Books._reported,
    CancelAsked: Books._ask,
    ReplaceAsked: Books._ask,
    BalanceOpened: Books._money,
    BalanceTransferred: Books._money,
    PositionAdopted: Books._money,
}
