# ruff: noqa: ARG001, ARG005 - one signature for all, since a table picks the function
"""Which row of order-states.md a message means for an order: its class, the order's state, figures and ids decide.

Every function is pure: (record, message, lag) -> event number. ``lag_ns`` is how far behind a venue's answers may be: an answer
asked less than that after the newest thing the venue told may be older than it, and then contradicts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotrader.messages import (
    CancelAsked,
    CancelRejected,
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderDoubted,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
    ReplaceAsked,
    ReplaceRejected,
    TradeBusted,
)
from autotrader.model import DONE_STATES, Fill
from autotrader.oms.lifecycle import DEN, DRF, PCX, SND, UNK
from autotrader.oms.orders import OrderRecord, Terms

__all__ = ["CLASSIFIERS", "OLDER", "classify", "second_id_event", "second_meaning"]

OLDER = 26
_REJECTED_CANCEL = {"too_late": 20, "busy": 21, "final": 36}


def classify(record: OrderRecord, message: Message, lag_ns: int) -> int:
    """Return the event number of an order message other than ``OrderIntended``, ``OrderDenied`` and ``OrderAdopted``."""
    return CLASSIFIERS[type(message)](record, message, lag_ns)


def second_id_event(record: OrderRecord, venue_order_id: str | None) -> int:
    """Return 4 for a second venue id with no link to the order's, 33 where a replace of ours explains it, else 0."""
    known = record.venue_order_id
    if venue_order_id is None or known is None or venue_order_id == known or record.knows_id(venue_order_id):
        return 0
    return 33 if record.expects_id else 4


def _is_past(record: OrderRecord, venue_order_id: str | None) -> bool:
    """Say whether the id is one that another took over from, so that its end means nothing."""
    return venue_order_id is not None and (venue_order_id in record.superseded or bool(record.twins))


def _accepted(record: OrderRecord, message: OrderAccepted, lag_ns: int) -> int:
    second = second_id_event(record, message.venue_order_id)
    if second:
        return second
    return 31 if record.code == PCX and record.venue_order_id is not None else 3


def _rejected(record: OrderRecord, message: OrderRejected, lag_ns: int) -> int:
    return 6 if message.duplicate_id else 5


def _canceled(record: OrderRecord, message: OrderCanceled, lag_ns: int) -> int:
    return second_id_event(record, message.venue_order_id) or (OLDER if _is_past(record, message.venue_order_id) else 19)


def _expired(record: OrderRecord, message: OrderExpired, lag_ns: int) -> int:
    return second_id_event(record, message.venue_order_id) or (OLDER if _is_past(record, message.venue_order_id) else 25)


def _cancel_rejected(record: OrderRecord, message: CancelRejected, lag_ns: int) -> int:
    return _REJECTED_CANCEL.get(message.kind, 20)


def _replaced(record: OrderRecord, message: OrderReplaced, lag_ns: int) -> int:
    if not message.asked:
        return 32
    told = (message.quantity, message.price, message.stop_price)
    target = record.target
    if target is not None and not _match(told, target) and any(_match(told, terms) for terms in record.past):
        return OLDER  # told again, and overtaken by a later replace
    return 23


def _match(told: Terms, asked: Terms) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(told, asked, strict=True))


def _busted(record: OrderRecord, message: TradeBusted, lag_ns: int) -> int:
    if message.trade_id in record.fills:
        return 17
    return 15 if message.trade_id in record.busted or message.trade_id in record.held_busts else 34


def _cancel_asked(record: OrderRecord, message: CancelAsked, lag_ns: int) -> int:
    return 29 if message.kill else 18


def _filled(record: OrderRecord, message: OrderFilled, lag_ns: int) -> int:
    fill = message.fill
    known = record.fills.get(fill.trade_id)
    if known is not None:
        return 15 if _same(known, fill) else 16
    if fill.trade_id in record.busted:
        return 15
    total = record.total_with(fill)
    if fill.inferred and total == record.filled:
        return 15
    return 12 if total < record.quantity else 13 if total == record.quantity else 14


def _same(known: Fill, fill: Fill) -> bool:
    """Compare two tellings of one trade; a fee that one of them does not know yet is no difference."""
    if known.price != fill.price or known.quantity != fill.quantity or known.side is not fill.side:
        return False
    fee_known = known.fee_asset and fill.fee_asset
    return not fee_known or (known.fee == fill.fee and known.fee_asset == fill.fee_asset)


def _reported(record: OrderRecord, message: OrderReported, lag_ns: int) -> int:
    if message.state is None:
        return _not_found(record, message, lag_ns)
    second = second_id_event(record, message.venue_order_id)
    if second:
        return second
    if message.state in DONE_STATES:
        return OLDER if _is_past(record, message.venue_order_id) else 9
    filled = message.filled_quantity
    if filled is not None and filled > record.filled:
        return 27
    if not message.asked_ns:
        return _told_live(record, message, lag_ns)
    return _found_live(record, message, lag_ns)


def _not_found(record: OrderRecord, message: OrderReported, lag_ns: int) -> int:
    if message.proven:
        return 11
    settled = record.code not in (SND, UNK)
    return OLDER if settled and message.asked_ns and message.asked_ns < record.last_ns else 10


def _told_live(record: OrderRecord, message: OrderReported, lag_ns: int) -> int:
    """Nobody asked: a stream's word, which may have been overtaken, so its terms count only once the venue was quiet."""
    changed = changed_terms(record, message)
    if changed == 32 and message.ts_ns < record.last_ns + lag_ns:
        return 31
    return changed or 31


def _found_live(record: OrderRecord, message: OrderReported, lag_ns: int) -> int:
    if message.proven:
        return 30
    code, filled = record.code, message.filled_quantity
    older = message.asked_ns < record.last_ns + lag_ns
    if code in (SND, UNK):
        return 37 if filled is not None and filled < record.filled else 8
    if older and (code >= PCX or (filled is not None and filled < record.filled)) and code != DEN:
        return OLDER if changed_terms(record, message) != 23 else 23
    if filled is not None and filled < record.filled:
        return 37
    return 8


def changed_terms(record: OrderRecord, message: OrderReported) -> int:
    """Return 23 when the report shows the terms that a replace of ours asked for, 32 when it shows others, else 0."""
    ours, told = (record.quantity, record.price), (message.quantity, message.price)
    differs = any(b is not None and a is not None and a != b for a, b in zip(ours, told, strict=True))
    if not differs or record.code == DRF or record.code == DEN:
        return 0
    if record.replacing and record.target is not None:
        wanted = tuple(term if term is not None else mine for term, mine in zip(record.target[:2], ours, strict=True))
        if all(b is None or a is None or a == b for a, b in zip(wanted, told, strict=True)):
            return 23
    return 32


def second_meaning(record: OrderRecord, message: OrderReported, event: int, older: bool) -> int:
    """Return what else a report means once ``event`` is folded in, 0 for nothing.

    27 or 37 where a report that ended the order counts other fills than ours, 23 or 32 where one of a working order shows other
    terms: the query that a pending request owes stays owed. ``older``: it may be older than the newest thing told.
    """
    filled = message.filled_quantity
    if event == 9 and filled is not None and record.code != DRF and record.code != DEN:
        return 27 if filled > record.filled else 37 if filled < record.filled else 0
    if event not in (8, 30):
        return 0
    changed = changed_terms(record, message)
    return 0 if changed == 32 and older else changed


def _constant(event: int) -> Callable[[OrderRecord, Any, int], int]:
    return lambda record, message, lag_ns: event


CLASSIFIERS: dict[type[Message], Callable[[OrderRecord, Any, int], int]] = {
    OrderAccepted: _accepted,
    OrderRejected: _rejected,
    OrderUnknown: _constant(7),
    OrderNotSent: _constant(35),
    OrderFilled: _filled,
    OrderCanceled: _canceled,
    OrderExpired: _expired,
    CancelRejected: _cancel_rejected,
    OrderReplaced: _replaced,
    ReplaceRejected: _constant(24),
    OrderSucceeded: _constant(33),
    OrderReported: _reported,
    TradeBusted: _busted,
    OrderDoubted: _constant(28),
    CancelAsked: _cancel_asked,
    ReplaceAsked: _constant(22),
}
