# ruff: noqa: ARG001 - one signature for all notes, since a table picks the function
"""One cell, executed on one order: ids and terms, the next state, and the effects that somebody must carry out.

Booking and undoing fills is the books' part, since positions move with them; it is done before ``move``.
"""

from __future__ import annotations

from typing import Any

import msgspec

from autotrader.errors import Refused
from autotrader.messages import (
    OrderAccepted,
    OrderFilled,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    ReplaceAsked,
)
from autotrader.model import Fill, OrderState, OrderUpdate
from autotrader.oms.lifecycle import (
    CAN,
    DEN,
    DRF,
    EXP,
    FIL,
    GO,
    GO_DONE,
    GO_LIVE,
    KEEP,
    PCX,
    REJ,
    STATES,
    Cell,
    live_code,
)
from autotrader.oms.orders import OrderRecord
from autotrader.oms.sentences import alert_text

__all__ = ["Applied", "PositionKey", "drop_twin", "learn_id", "move", "settles_debt"]

PositionKey = tuple[str, str, str]
"""(venue, account, symbol)."""

_VENUE_NEWS = frozenset({3, 4, 5, 12, 13, 14, 17, 19, 23, 25, 32, 33})
_ANSWERS = frozenset({9, 30})  # news only where they move the order
_PAST = 7
_CODE_OF = {state: code for code, state in enumerate(STATES)}


class Applied(msgspec.Struct, gc=False):
    """What one event did. Everything that must be told, sent, asked or blocked because of it is named here.

    ``event`` is the row of order-states.md (0 for money), ``then`` a second row that the same message meant, 0 without.
    ``order`` is the order as it stands now; None when nothing changed (ignored, refused, unknown) or while not live.
    """

    order: OrderUpdate | None = None
    previous: OrderState | None = None
    event: int = 0
    then: int = 0
    ignored: bool = False  # "." cell: nothing changed, no need to journal
    unknown: bool = False  # no such order here: restore it from the journal and apply again, or adopt it as FOREIGN
    refused: Refused | None = None  # "X" cell: nothing changed, tell who asked, do not journal
    fills: tuple[Fill, ...] = ()  # F: booked now
    undone: tuple[Fill, ...] = ()  # U: taken out of the books (a bust, or an inferred fill whose real one came)
    amended: tuple[Fill, ...] = ()  # booked before, and now with a fee that was not known then; not a new fill
    query: bool = False  # Q: a query is owed; the debt is on the record (``owed_after_ns``) until answered
    send_cancel: bool = False  # C: the cancel must go out now, by ``order.venue_order_id`` or else the client id
    alert: str | None = None  # !: a sentence for a person
    block: str | None = None  # K: "reconcile" or "operator": who lifts the block on the symbol
    halt: bool = False  # KK: halt the venue
    positions: tuple[PositionKey, ...] = ()  # changed; their balances and fees may have too
    decided_ns: int = 0  # the order's, for latencies

    @property
    def kept(self) -> tuple[Fill, ...]:
        """Return what was booked now and stays; a trade whose bust came before it is booked and undone at once."""
        busted = {fill.trade_id for fill in self.undone if not fill.inferred}
        return tuple(fill for fill in self.fills if fill.trade_id not in busted) if busted else self.fills


def move(record: OrderRecord, cell: Cell, event: int, message: Any, ts_ns: int, lag_ns: int, applied: Applied) -> None:
    """Carry out a cell that neither ignores nor refuses, and add its effects to ``applied``."""
    before = record.code
    if cell.takes:
        _take_over(record, event, message)
    note = _NOTES.get(event)
    if note is not None:
        note(record, message)
    action = cell.action
    code = before if action == KEEP else cell.target if action == GO else _next_code(record, action, message)
    cancel = cell.cancel
    if code >= FIL:
        if code in (CAN, EXP) and record.filled >= record.quantity > 0:
            code = FIL
        record.replacing = False
    elif code == PCX and before != PCX and record.cancel_wished:
        cancel = True
    record.code = code
    record.updated_ns = ts_ns
    if ts_ns > record.last_ns and (event in _VENUE_NEWS or (event in _ANSWERS and code != before)):
        record.last_ns = ts_ns
    if cancel:
        record.cancel_wished = applied.send_cancel = True
    if cell.loud:
        _sound(record, cell, event, before, ts_ns, lag_ns, applied)


def _next_code(record: OrderRecord, action: int, message: Any) -> int:
    if action == GO_LIVE:
        return live_code(record.quantity, record.filled, record.cancel_wished, record.replacing)
    if action == GO_DONE:
        code = _CODE_OF[message.state]
        return CAN if code == REJ and record.filled else code
    return record.code


def _sound(record: OrderRecord, cell: Cell, event: int, before: int, ts_ns: int, lag_ns: int, applied: Applied) -> None:
    if cell.query:
        applied.query = True
        record.owed_after_ns = max(record.owed_after_ns or 0, ts_ns + lag_ns)
    if cell.block and applied.block != "operator":
        revived = FIL <= before < DEN and cell.action in (GO, GO_LIVE) and (before != FIL or cell.action == GO_LIVE)
        applied.block = "operator" if event == 14 or revived else "reconcile"
    applied.halt = applied.halt or cell.halt
    if cell.alert:
        text = alert_text(record, event, before, applied.block, applied.halt, cell.query)
        applied.alert = text if applied.alert is None else f"{applied.alert}. {text}"


def settles_debt(record: OrderRecord, message: OrderReported) -> bool:
    """Say whether an answer settles the query that the order owes: it was asked after the lag bound."""
    return record.owed_after_ns is not None and message.asked_ns >= record.owed_after_ns


def learn_id(record: OrderRecord, venue_order_id: str | None) -> None:
    """Take the first venue id that comes with our client id, whatever brings it."""
    if record.venue_order_id is None and DRF < record.code < DEN:
        record.venue_order_id = venue_order_id


def drop_twin(record: OrderRecord, venue_order_id: str | None) -> None:
    """Note that one of several unlinked venue orders under our client id has ended; the order goes on under another."""
    if record.twins and venue_order_id is not None:
        if venue_order_id == record.venue_order_id:
            record.venue_order_id = record.twins[-1]
        record.twins = tuple(twin for twin in record.twins if twin not in (venue_order_id, record.venue_order_id))
        record.superseded += (venue_order_id,)


def _take_over(record: OrderRecord, event: int, message: Any) -> None:
    kind = type(message)
    if kind is OrderSucceeded:
        previous = message.previous_venue_order_id
        if previous is not None and not record.knows_id(previous):
            record.superseded += (previous,)
    new = message.venue_order_id
    if new is None and kind is OrderFilled:
        new = message.fill.venue_order_id
    if new is not None and new != record.venue_order_id:
        _take_id(record, event, new)
    if kind is OrderAccepted:
        record.held = message.held
    elif kind is OrderReported:
        _take_terms(record, (message.quantity, message.price, None))
    elif kind is OrderReplaced:
        wanted = record.target if message.asked and record.target is not None else (None, None, None)
        told = (message.quantity, message.price, message.stop_price)
        _take_terms(record, tuple(b if a is None else a for a, b in zip(told, wanted, strict=True)))  # type: ignore[arg-type]
    elif kind is ReplaceAsked:
        _take_terms(record, (message.quantity, message.price, message.stop_price))


def _take_id(record: OrderRecord, event: int, new: str) -> None:
    current = record.venue_order_id
    if current is None:
        record.venue_order_id = new
    elif not record.knows_id(new):
        if event == 4:
            record.twins += (current,)
        else:
            record.superseded += (current,)
            record.expects_id = False
        record.venue_order_id = new


def _take_terms(record: OrderRecord, terms: tuple[Any, Any, Any]) -> None:
    quantity, price, stop_price = terms
    if quantity is not None:
        record.quantity = quantity
    if price is not None:
        record.price = price
    if stop_price is not None:
        record.stop_price = stop_price


def _note_target(record: OrderRecord, message: ReplaceAsked) -> None:
    if record.code != DRF:
        if record.target is not None:
            record.past = (*record.past[-_PAST:], record.target)
        record.target = (message.quantity, message.price, message.stop_price)
        record.replacing = record.expects_id = True


def _note_replace_over(record: OrderRecord, message: Any) -> None:
    record.replacing = record.expects_id = False


def _note_cancel_over(record: OrderRecord, message: Any) -> None:
    if record.code == PCX:
        record.cancel_wished = False


def _note_reason(record: OrderRecord, message: Any) -> None:
    if record.code < FIL:
        record.reason = message.reason or record.reason
        record.reason_code = getattr(message, "reason_code", "") or record.reason_code


def _note_gap(record: OrderRecord, message: OrderReported) -> None:
    filled = message.filled_quantity
    if filled is not None and filled > record.filled:
        if record.gap is None:
            record.gap_since_ns = message.ts_ns
        if record.gap is None or filled > record.gap:
            record.gap, record.gap_price = filled, message.average_price


def _note_done(record: OrderRecord, message: OrderReported) -> None:
    _note_reason(record, message)
    _note_gap(record, message)


_NOTES = {
    2: _note_reason, 5: _note_reason, 9: _note_done, 11: _note_reason, 19: _note_reason, 22: _note_target,
    23: _note_replace_over, 24: _note_replace_over, 25: _note_reason, 27: _note_gap, 30: _note_replace_over,
    35: _note_reason, 36: _note_cancel_over,
}
