"""What a call that went through tells of its order (binance.md section 3). An answer about another order is unreadable."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec.calls import Call, CallKind
from autotrader.execution.adapters.binance.codec.frames import BROKEN, UnreadableFrame, bytes_of, read
from autotrader.execution.adapters.binance.codec.ids import order_number, own_id, venue_order_id
from autotrader.execution.adapters.binance.codec.orders import (
    OrderAnswer,
    ending_messages,
    facts_of,
    fills_of,
    report_of,
    sum_of,
)
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderReplaced,
    OrderSucceeded,
    OrderUnknown,
    QueryOrder,
    SendCancel,
    SendOrder,
    SendReplace,
)
from autotrader.model import Order, OrderType

__all__ = ["READERS", "Landed", "canceled_messages", "placed_messages", "succeeded"]

_STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


class Landed(msgspec.Struct, frozen=True):
    """What to tell, and what to remember as carried."""

    told: list[Message]
    carried: tuple[tuple[tuple[str, int], Decimal], ...] = ()


class _Amendment(msgspec.Struct, rename="camel"):
    amended_order: OrderAnswer


class _Both(msgspec.Struct, rename="camel"):
    cancel_response: OrderAnswer
    new_order_response: OrderAnswer


class _Canceled(msgspec.Struct, rename="camel"):
    """One row of a cancel-all: an order, or a list with its legs' reports."""

    symbol: str = ""
    order_id: int | None = None
    order_reports: list[OrderAnswer] = []


_ANSWER = msgspec.json.Decoder(OrderAnswer)
_AMENDED = msgspec.json.Decoder(_Amendment)
_BOTH = msgspec.json.Decoder(_Both)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_CANCELED = msgspec.json.Decoder(_Canceled)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"the answer is about another order: {what}")


def placed_messages(answer: OrderAnswer, own: str, order: Order, settings: CodecSettings, recv_ns: int) -> list[Message]:
    """Tell an order that was placed: its fills, and its end if it has one; the acknowledgement itself is the caller's.

    A FILLED answer whose trades are not all there (RESULT) is followed by a report, so that they are asked for.
    """
    fills = fills_of(answer, own, order.side, settings, recv_ns)
    if answer.status is None:
        return [*fills]
    facts = facts_of(answer, settings, answer.client_order_id)
    _require(facts.side is order.side, f"side {facts.side}")
    return [*fills, *ending_messages(facts, settings, recv_ns, sum_of(fills))]


def _submit(call: Call, answer: OrderAnswer, settings: CodecSettings, recv_ns: int) -> Landed:
    command = call.command
    assert isinstance(command, SendOrder)  # noqa: S101
    order = command.order
    _require(answer.symbol == order.symbol, f"symbol {answer.symbol}")
    _require(answer.client_order_id == call.wire_id, f"client order id {answer.client_order_id}")
    name = venue_order_id(answer.symbol, answer.order_id, settings.qualified_ids)
    told = placed_messages(answer, order.client_order_id, order, settings, recv_ns)
    if answer.status == "REJECTED":
        return Landed(told)
    return Landed([OrderAccepted(order.client_order_id, settings.venue, recv_ns, name, _held(answer, order)), *told])


def _held(answer: OrderAnswer, order: Order) -> bool:
    if answer.status == "PENDING_NEW":
        return True
    waits = order.type in _STOPS and (answer.working_time is None or answer.working_time <= 0)
    return waits and answer.status in (None, "NEW")


def canceled_messages(answer: OrderAnswer, settings: CodecSettings, recv_ns: int) -> list[Message]:
    """Tell a cancelled order by the id it had: ``clientOrderId`` is the cancel's own. One that lives on is told as it is."""
    facts = facts_of(answer, settings)
    return ending_messages(facts, settings, recv_ns) or [report_of(facts, settings, recv_ns)]


def _cancel(call: Call, answer: OrderAnswer, settings: CodecSettings, recv_ns: int) -> Landed:
    command = call.command
    assert isinstance(command, SendCancel)  # noqa: S101
    _require(answer.symbol == command.symbol, f"symbol {answer.symbol}")
    _require(_is_asked(answer, command), f"order {answer.order_id}, client id {answer.orig_client_order_id}")
    if answer.status is None:
        return Landed([_taken_only(command, settings, recv_ns)])
    return Landed(canceled_messages(answer, settings, recv_ns))


def _taken_only(command: SendCancel, settings: CodecSettings, recv_ns: int) -> OrderUnknown:
    """Tell a cancel that was taken by an answer that says nothing of the order (four keys, as in 2017): it owes a query."""
    reason = "the cancel was taken; the answer says nothing of what was filled"
    return OrderUnknown(command.client_order_id, settings.venue, recv_ns, command.venue_order_id, "cancel", reason)


def _is_asked(answer: OrderAnswer, command: SendCancel | QueryOrder) -> bool:
    if command.venue_order_id is not None:
        return answer.order_id == order_number(command.venue_order_id)
    return own_id(answer.orig_client_order_id or answer.client_order_id) == command.client_order_id


def _query(call: Call, answer: OrderAnswer, settings: CodecSettings, recv_ns: int) -> Landed:
    """Tell the order asked for, by whichever id; its ``clientOrderId`` may be that of a cancel by now."""
    command = call.command
    assert isinstance(command, QueryOrder)  # noqa: S101
    _require(answer.symbol == command.symbol, f"symbol {answer.symbol}")
    _require(command.venue_order_id is None or _is_asked(answer, command), f"order {answer.order_id}")
    report = report_of(facts_of(answer, settings, answer.client_order_id), settings, recv_ns, command.asked_ns)
    return Landed([msgspec.structs.replace(report, client_order_id=command.client_order_id)])


def _amend(call: Call, answer: OrderAnswer, settings: CodecSettings, recv_ns: int) -> Landed:
    """Tell the new quantity, under the same venue id. ``qty`` is the whole order's, what is filled included.

    Source: DOCS rest-api.md "Order Amend Keep Priority": an order of a list comes with PENDING_NEW and without workingTime, and
    with a listStatus beside it, which listStatus on the stream tells too.
    """
    command = call.command
    assert isinstance(command, SendReplace)  # noqa: S101
    _require(answer.symbol == call.symbol, f"symbol {answer.symbol}")
    named = command.venue_order_id is None or answer.order_id == order_number(command.venue_order_id)
    _require(named, f"order {answer.order_id}")
    facts = facts_of(answer, settings, call.wire_id)
    name = venue_order_id(answer.symbol, answer.order_id, settings.qualified_ids)
    own, quantity = command.order.client_order_id, facts.venue_quantity + call.before
    changed = OrderReplaced(own, settings.venue, recv_ns, name, quantity, facts.price, facts.stop_price)
    return Landed([changed, *ending_messages(facts, settings, recv_ns, facts.venue_filled)])


def succeeded(
    call: Call, old: OrderAnswer, new: OrderAnswer, settings: CodecSettings, recv_ns: int,
) -> Landed:
    """Tell a cancelReplace of which both halves were done: the new venue order took ours over, with terms of the whole order.

    What the old one had filled is carried: the venue counts the new one from zero.
    """
    command = call.command
    assert isinstance(command, SendReplace)  # noqa: S101
    _require(old.symbol == new.symbol == call.symbol, f"symbols {old.symbol} and {new.symbol}")
    _require(command.venue_order_id is None or old.order_id == order_number(command.venue_order_id), f"order {old.order_id}")
    _require(new.client_order_id == call.wire_id, f"client order id {new.client_order_id}")
    carried = call.before + facts_of(old, settings).venue_filled
    key = (new.symbol, new.order_id)
    knowing = msgspec.structs.replace(settings, carried={**settings.carried, key: carried}) if carried else settings
    own = command.order.client_order_id
    names = [venue_order_id(one.symbol, one.order_id, settings.qualified_ids) for one in (old, new)]
    quantity = None if new.status is None else facts_of(new, settings, new.client_order_id).venue_quantity + carried
    told: list[Message] = [
        OrderSucceeded(own, settings.venue, recv_ns, names[1], names[0]),
        OrderReplaced(own, settings.venue, recv_ns, names[1], quantity, command.price, command.stop_price),
        *placed_messages(new, own, command.order, knowing, recv_ns),
    ]
    return Landed(told, ((key, carried),))


def _read_submit(call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int) -> Landed:
    return _submit(call, read(body, _ANSWER, "order"), settings, recv_ns)


def _read_cancel(call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int) -> Landed:
    return _cancel(call, read(body, _ANSWER, "cancel"), settings, recv_ns)


def _read_query(call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int) -> Landed:
    return _query(call, read(body, _ANSWER, "order"), settings, recv_ns)


def _read_amend(call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int) -> Landed:
    return _amend(call, read(body, _AMENDED, "amendment").amended_order, settings, recv_ns)


def _read_both(call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int) -> Landed:
    both = read(body, _BOTH, "cancelReplace")
    return succeeded(call, both.cancel_response, both.new_order_response, settings, recv_ns)


def _read_all(call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int) -> Landed:
    told: list[Message] = []
    for part in read(body, _ROWS, "cancelled orders"):
        row = _CANCELED.decode(part)
        answers = [_ANSWER.decode(part)] if row.order_id is not None else row.order_reports
        for answer in answers:
            _require(answer.symbol == call.symbol, f"symbol {answer.symbol}")
            told += canceled_messages(answer, settings, recv_ns)
    return Landed(told)


_Reader = Callable[[Call, bytes | str, CodecSettings, int], Landed]


def _strict(reader: _Reader) -> _Reader:
    """Make every figure and id that cannot be an unreadable body."""

    def read_strictly(call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int) -> Landed:
        try:
            return reader(call, body, settings, recv_ns)
        except BROKEN as error:
            raise UnreadableFrame(f"the answer to {call.method} {call.path}", str(error)[:300], bytes_of(body)) from error

    return read_strictly


READERS: Final[dict[CallKind, _Reader]] = {
    CallKind.SUBMIT: _strict(_read_submit), CallKind.CANCEL: _strict(_read_cancel), CallKind.QUERY: _strict(_read_query),
    CallKind.AMEND: _strict(_read_amend), CallKind.CANCEL_REPLACE: _strict(_read_both),
    CallKind.CANCEL_ALL: _strict(_read_all),
}
