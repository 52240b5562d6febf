"""executionReport as our messages (binance.md section 5): the hot path of the user stream.

The order's own client id is ``C`` where a request acted on the order, else ``c``; orders are known by symbol and ``i``, trades
by symbol and ``t``. Every message is idempotent, since the venue tells things twice and out of order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec.ids import (
    allocation_id,
    is_cancel_mark,
    is_ours_by_form,
    is_replacement,
    own_id,
    venue_order_id,
)
from autotrader.execution.adapters.binance.codec.numbers import (
    Moment,
    TradeNumber,
    average,
    none_if_zero,
    ns_of,
    number,
    quote_amount,
    signed,
)
from autotrader.execution.adapters.binance.codec.orders import OrderFacts, carried_for, ending_messages, positive, wanted_of
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.execution.adapters.binance.codec.words import (
    STOP_TYPES,
    ExecutionType,
    SideWord,
    StatusWord,
    is_held,
    state_of,
)
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
    ReplaceRejected,
)
from autotrader.model import Fill, Liquidity, Side

__all__ = ["ExecutionReport", "facts_in", "messages_of"]

_SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
_NO_ID: Final = frozenset({None, "", "null"})
_DONE: Final = frozenset({"CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"})


class ExecutionReport(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="executionReport"):
    """The event, field by field; only what this system uses is typed, the rest is ignored."""

    event_time: Moment = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    wire_id: str = msgspec.field(name="c")
    side: SideWord = msgspec.field(name="S")
    type_word: str = msgspec.field(name="o")
    time_in_force: str = msgspec.field(name="f")
    quantity: str = msgspec.field(name="q")
    price: str = msgspec.field(name="p")
    stop_price: str = msgspec.field(name="P")
    execution: ExecutionType = msgspec.field(name="x")
    status: StatusWord = msgspec.field(name="X")
    order_id: TradeNumber = msgspec.field(name="i")
    last_quantity: str = msgspec.field(name="l")
    filled: str = msgspec.field(name="z")
    last_price: str = msgspec.field(name="L")
    trade_time: Moment = msgspec.field(name="T")
    trade_id: TradeNumber = msgspec.field(name="t")
    allocation: TradeNumber = msgspec.field(name="a", default=-1)
    original_id: str | None = msgspec.field(name="C", default="")
    reject_reason: str | None = msgspec.field(name="r", default="NONE")
    expiry_reason: str | None = msgspec.field(name="eR", default=None)
    commission: str | None = msgspec.field(name="n", default="0")
    commission_asset: str | None = msgspec.field(name="N", default=None)
    is_on_book: bool = msgspec.field(name="w", default=False)
    is_maker: bool = msgspec.field(name="m", default=False)
    created: Moment = msgspec.field(name="O", default=0)
    quote_filled: str | None = msgspec.field(name="Z", default=None)
    prevented: str | None = msgspec.field(name="A", default=None)
    trailing_delta: int | None = msgspec.field(name="d", default=None)


def _names(report: ExecutionReport) -> tuple[str, str]:
    """Return the wire id of the order itself and our client id.

    For REPLACED ``C`` is undocumented: where ``c`` is one of ours, it is the order's id (our amendments repeat it). Until 2019
    ``C`` was the text "null" for none (binance-official-api-docs, user-data-stream.md of 2018-11-13).
    """
    wire_id = report.wire_id if report.original_id in _NO_ID else report.original_id or ""
    if report.execution == "REPLACED" and is_ours_by_form(report.wire_id):
        wire_id = report.wire_id
    return wire_id, own_id(wire_id)


def messages_of(report: ExecutionReport, settings: CodecSettings, recv_ns: int) -> tuple[Message, ...]:
    """Tell what the report means; raises ValueError for figures that cannot be. ``recv_ns`` is engine time at receipt.

    Every figure is read, even one that this kind of report does not need: ``facts_in`` raises nothing after this.
    """
    if report.order_id < 0 and report.execution != "REJECTED":
        raise ValueError("an order without an id")
    number(report.quantity), number(report.price), number(report.stop_price)
    average(number(report.filled), quote_amount(report.quote_filled)), number(report.prevented or "0")
    ns_of(report.created), ns_of(report.trade_time)
    return _MEANINGS[report.execution](report, settings, recv_ns)


def _new(report: ExecutionReport, settings: CodecSettings, recv_ns: int) -> tuple[Message, ...]:
    """Tell it accepted, perhaps again: a triggered stop tells NEW twice. A replacement takes our order over."""
    wire_id, own = _names(report)
    name = venue_order_id(report.symbol, report.order_id, settings.qualified_ids)
    if is_replacement(wire_id):
        facts = facts_in(report, settings)
        terms = OrderReplaced(own, settings.venue, recv_ns, name, facts.quantity, facts.price, facts.stop_price)
        return (OrderSucceeded(own, settings.venue, recv_ns, name), terms)
    held = report.status == "PENDING_NEW" or (report.type_word in STOP_TYPES and not report.is_on_book)
    return (OrderAccepted(own, settings.venue, recv_ns, name, held),)


def _trade(report: ExecutionReport, settings: CodecSettings, recv_ns: int) -> tuple[Message, ...]:
    """One fill. After the first one the venue's own total goes along, so that a missed trade shows at once."""
    own, quantity, filled = _names(report)[1], number(report.last_quantity), number(report.filled)
    trade_id = _trade_id(report)
    if trade_id is None or not quantity:
        raise ValueError("a trade without an id or a quantity")
    if filled < quantity:
        raise ValueError(f"a trade of {report.last_quantity} is more than all trades together, {report.filled}")
    name = venue_order_id(report.symbol, report.order_id, settings.qualified_ids)
    told = OrderFilled(
        own, settings.venue, recv_ns, name,
        fill=Fill(
            trade_id, own, name, settings.venue, settings.account, report.symbol, _SIDES[report.side],
            positive(report.last_price), quantity, signed(report.commission or "0"), report.commission_asset or "",
            Liquidity.MAKER if report.is_maker else Liquidity.TAKER, ns_of(report.trade_time),
        ),
    )  # fmt: skip
    if report.status in _DONE:
        return (told, *ending_messages(facts_in(report, settings), settings, recv_ns, quantity))
    if filled == quantity and (report.status != "FILLED" or filled == number(report.quantity)):
        return (told,)
    return (told, *_total(report, own, name, filled, settings, recv_ns))


def _trade_id(report: ExecutionReport) -> str | None:
    """Return the trade's id; an allocation of smart order routing has its own (``a``), in place of ``t``."""
    if report.trade_id >= 0:
        return str(report.trade_id)
    return allocation_id(report.allocation) if report.allocation >= 0 else None


def _total(
    report: ExecutionReport, own: str, name: str, filled: Decimal, settings: CodecSettings, recv_ns: int,
) -> tuple[Message, ...]:
    carried = carried_for(report.symbol, report.order_id, _names(report)[0], settings)
    if carried is None:
        return ()
    price = None if carried else average(filled, quote_amount(report.quote_filled))
    state, total = state_of(report.status, filled), filled + carried if carried else filled
    return (OrderReported(own, settings.venue, recv_ns, name, state, total, average_price=price),)


def _ended(report: ExecutionReport, settings: CodecSettings, recv_ns: int) -> tuple[Message, ...]:
    """Tell it cancelled or expired: final, with the executed quantity.

    The cancelled half of a replace ends no order of ours: the other half is told next, or is refused. Until then it is a doubt,
    which owes a query.
    """
    facts = facts_in(report, settings)
    if report.status == "CANCELED" and is_cancel_mark(report.wire_id):
        reason = "the order made room for one that replaces it"
        return (OrderUnknown(facts.client_order_id, settings.venue, recv_ns, None, "replace", reason),)
    if report.status not in _DONE and report.status != "FILLED":
        return (_report(facts, settings, recv_ns),)
    return tuple(ending_messages(facts, settings, recv_ns))


def _rejected(report: ExecutionReport, settings: CodecSettings, recv_ns: int) -> tuple[Message, ...]:
    """Refused by the engine: final for this venue id only (binance.md section 10.5).

    One without an id (-1, seen beside an order that lived and filled: python-binance #285) ends nothing; it owes a query.
    """
    wire_id, own = _names(report)
    name = venue_order_id(report.symbol, report.order_id, settings.qualified_ids)
    reason = report.reject_reason or report.expiry_reason or "REJECTED"
    if is_replacement(wire_id):
        return (ReplaceRejected(own, settings.venue, recv_ns, None, reason, f"the replacing order was refused: {reason}"),)
    if not settings.rejected_reports_are_final or report.order_id < 0:
        return (OrderUnknown(own, settings.venue, recv_ns, None, "submit", f"a REJECTED report for order {name}: {reason}"),)
    return (OrderRejected(own, settings.venue, recv_ns, name, reason, f"refused by the matching engine: {reason}"),)


def _replaced(report: ExecutionReport, settings: CodecSettings, recv_ns: int) -> tuple[Message, ...]:
    """Amended: ``q`` is the new quantity. Ours repeat our id in ``c``; with any other id somebody else amended.

    Source: DOCS faqs/order_amend_keep_priority.md: the order id and the queue place stay, the client id becomes a random one
    unless the request repeats it; user-data-stream.md shows no payload of REPLACED.
    """
    facts = facts_in(report, settings)
    name = venue_order_id(report.symbol, report.order_id, settings.qualified_ids)
    asked = is_ours_by_form(report.wire_id)
    changed = OrderReplaced(
        facts.client_order_id, settings.venue, recv_ns, name, facts.quantity, facts.price, facts.stop_price, asked
    )
    return (changed, *ending_messages(facts, settings, recv_ns)) if report.status in _DONE else (changed,)


def _prevented(report: ExecutionReport, settings: CodecSettings, recv_ns: int) -> tuple[Message, ...]:
    """Self-trade prevention took quantity off: no trade, and the order is smaller or over."""
    facts = facts_in(report, settings)
    if report.status in _DONE:
        return tuple(ending_messages(facts, settings, recv_ns))
    if facts.quantity is None or facts.venue_quantity == number(report.quantity):
        return (_report(facts, settings, recv_ns),)
    name = venue_order_id(report.symbol, report.order_id, settings.qualified_ids)
    return (OrderReplaced(facts.client_order_id, settings.venue, recv_ns, name, facts.quantity, asked=False),)


def _report(facts: OrderFacts, settings: CodecSettings, recv_ns: int) -> OrderReported:
    name = venue_order_id(facts.symbol, facts.order_id, settings.qualified_ids)
    return OrderReported(facts.client_order_id, settings.venue, recv_ns, name, facts.state, facts.filled)


_MEANINGS: Final = {
    "NEW": _new, "TRADE": _trade, "CANCELED": _ended, "EXPIRED": _ended, "REJECTED": _rejected, "REPLACED": _replaced,
    "TRADE_PREVENTION": _prevented,
}


def facts_in(report: ExecutionReport, settings: CodecSettings) -> OrderFacts:
    """Return all that the report says of the order, for its row in a list or for adopting it; raises ValueError."""
    wire_id, own = _names(report)
    quantity, filled = wanted_of(number(report.quantity), report.prevented, report.status), number(report.filled)
    carried = carried_for(report.symbol, report.order_id, wire_id, settings)
    reason = report.expiry_reason or report.reject_reason or ""
    return OrderFacts(
        report.symbol, report.order_id, own, wire_id, report.status, _SIDES[report.side], report.type_word,
        report.time_in_force, None if carried is None else quantity + carried, None if carried is None else filled + carried,
        quantity, filled, average(filled, quote_amount(report.quote_filled)), none_if_zero(report.price),
        none_if_zero(report.stop_price), is_held(report.status, report.type_word, report.is_on_book),
        report.trailing_delta is not None, ns_of(max(report.created, 0)), ns_of(report.trade_time),
        "" if reason == "NONE" else reason,
    )  # fmt: skip
