"""Orders in REST answers: read strictly, then told as our messages or rows. Source: binance.md sections 3 and 4.

One form takes them all: placed (ACK, RESULT, FULL), cancelled, queried and listed orders differ only in the fields they carry.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from autotrader.execution.adapters.binance.codec.ids import allocation_id, is_replacement, own_id, venue_order_id
from autotrader.execution.adapters.binance.codec.numbers import (
    Identity,
    Moment,
    TradeNumber,
    average,
    none_if_zero,
    ns_of,
    number,
    quote_amount,
    signed,
)
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.execution.adapters.binance.codec.words import (
    SideWord,
    StatusWord,
    is_held,
    order_type_of,
    state_of,
    time_in_force_of,
)
from autotrader.messages import Message, OrderCanceled, OrderExpired, OrderFilled, OrderRejected, OrderReported
from autotrader.model import ZERO, Fill, Liquidity, OrderState, OrderUpdate, Side

__all__ = [
    "OrderAnswer", "OrderFacts", "PlacedFill", "carried_for", "ending_messages", "facts_of", "fills_of", "positive",
    "report_of", "row_of", "sum_of", "wanted_of",
]


class PlacedFill(msgspec.Struct, frozen=True, rename="camel"):
    """One of ``fills[]``: a trade that the order made as a taker the moment it was placed.

    An allocation of smart order routing has an ``allocId`` in place of a trade id (DOCS faqs/sor_faq.md); answers of 2017 have
    neither, and their trades are then asked for.
    """

    price: str
    qty: str
    commission: str
    commission_asset: str | None
    trade_id: TradeNumber = -1
    alloc_id: TradeNumber = -1

    @property
    def name(self) -> str | None:
        """Return the trade id as the engine knows it, None where there is none."""
        if self.trade_id >= 0:
            return str(self.trade_id)
        return allocation_id(self.alloc_id) if self.alloc_id >= 0 else None


class OrderAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """An order in an answer. ``symbol`` and ``orderId`` are always there; an ACK has little more.

    The amended order's ``qty``, ``preventedQty`` and ``cumulativeQuoteQty`` stand beside the other answers' spellings.
    """

    symbol: str
    order_id: Identity
    client_order_id: str = ""
    orig_client_order_id: str = ""
    order_list_id: int = -1
    transact_time: Moment | None = None
    time: Moment | None = None
    update_time: Moment | None = None
    working_time: Moment | None = None
    is_working: bool | None = None
    price: str | None = None
    stop_price: str | None = None
    orig_qty: str | None = None
    qty: str | None = None
    executed_qty: str | None = None
    prevented_quantity: str | None = None
    prevented_qty: str | None = None
    cummulative_quote_qty: str | None = None
    cumulative_quote_qty: str | None = None
    status: StatusWord | None = None
    time_in_force: str = "GTC"
    type: str = ""
    side: SideWord | None = None
    trailing_delta: int | None = None
    expiry_reason: str | None = None
    fills: tuple[PlacedFill, ...] = ()


class OrderFacts(msgspec.Struct, frozen=True, gc=False):
    """What an answer or a report says of an order, in our terms.

    ``client_order_id`` is ours, without a mark; ``wire_id`` is the venue's present spelling of it. ``quantity`` is what the
    order can still come to: without what self-trade prevention took off. For an order that replaced another of ours,
    ``quantity`` and ``filled`` include what that one had filled, or are None while nobody knows how much that was.
    """

    symbol: str
    order_id: int
    client_order_id: str
    wire_id: str
    status: StatusWord
    side: Side
    type_word: str
    time_in_force: str
    quantity: Decimal | None
    filled: Decimal | None
    venue_quantity: Decimal
    venue_filled: Decimal
    average_price: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    held: bool
    trailing: bool
    created_ns: int
    updated_ns: int
    reason: str

    @property
    def state(self) -> OrderState:
        """Return the state in our words."""
        return state_of(self.status, self.venue_filled if self.filled is None else self.filled)


def carried_for(symbol: str, order_id: int, wire_id: str, settings: CodecSettings) -> Decimal | None:
    """Return what to add to the venue's figures of an order: zero, unless it replaced another of ours; None: not known."""
    found = settings.carried.get((symbol, order_id))
    if found is not None:
        return found
    return None if is_replacement(wire_id) else ZERO


def facts_of(answer: OrderAnswer, settings: CodecSettings, wire_id: str | None = None) -> OrderFacts:
    """Read an answer that is more than an ACK; raises ValueError for one that lacks figures, or whose figures cannot be.

    ``wire_id`` is the order's client id where the caller knows it better: after a cancel ``clientOrderId`` is the cancel's.
    """
    placed = answer.orig_qty if answer.orig_qty is not None else answer.qty
    if placed is None or answer.executed_qty is None or answer.status is None or answer.side is None:
        raise ValueError("an order without quantity, executed quantity, status or side")
    if wire_id is None:
        wire_id = answer.orig_client_order_id or answer.client_order_id
    prevented = answer.prevented_quantity if answer.prevented_quantity is not None else answer.prevented_qty
    cost = answer.cummulative_quote_qty if answer.cummulative_quote_qty is not None else answer.cumulative_quote_qty
    quantity, filled = wanted_of(number(placed), prevented, answer.status), number(answer.executed_qty)
    carried = carried_for(answer.symbol, answer.order_id, wire_id, settings)
    created = answer.time if answer.time is not None else answer.transact_time or 0
    updated = answer.update_time if answer.update_time is not None else answer.transact_time or created
    return OrderFacts(
        answer.symbol, answer.order_id, own_id(wire_id), wire_id, answer.status, Side(answer.side), answer.type,
        answer.time_in_force, None if carried is None else quantity + carried, None if carried is None else filled + carried,
        quantity, filled, average(filled, quote_amount(cost)), none_if_zero(answer.price), none_if_zero(answer.stop_price),
        is_held(answer.status, answer.type, _is_working(answer)), answer.trailing_delta is not None, ns_of(created),
        ns_of(updated), answer.expiry_reason or "",
    )  # fmt: skip


def wanted_of(placed: Decimal, prevented: str | None, status: str) -> Decimal:
    """Return an order's quantity: what self-trade prevention took off an order that goes on is not wanted any more.

    One that it ended keeps the quantity it was placed with, as any order that expires does. Raises ValueError.
    """
    return placed if status == "EXPIRED_IN_MATCH" else max(placed - number(prevented or "0"), ZERO)


def _is_working(answer: OrderAnswer) -> bool:
    """Say whether it works: a waiting stop has no working time; queries say ``isWorking``."""
    if answer.working_time is not None:
        return answer.working_time > 0
    return bool(answer.is_working)


def fills_of(answer: OrderAnswer, client_order_id: str, side: Side, settings: CodecSettings, ts_ns: int) -> list[OrderFilled]:
    """Return the trades of a FULL answer; raises ValueError for figures that cannot be. All of them took."""
    name = venue_order_id(answer.symbol, answer.order_id, settings.qualified_ids)
    traded_ns = ns_of(answer.transact_time or 0)
    return [
        OrderFilled(
            client_order_id, settings.venue, ts_ns, name,
            fill=Fill(
                fill.name, client_order_id, name, settings.venue, settings.account, answer.symbol, side,
                positive(fill.price), positive(fill.qty), signed(fill.commission), fill.commission_asset or "", Liquidity.TAKER,
                traded_ns,
            ),
        )
        for fill in answer.fills if fill.name is not None
    ]  # fmt: skip


def positive(text: str) -> Decimal:
    """Read a number above zero; raises ValueError."""
    value = number(text)
    if not value:
        raise ValueError("a trade of nothing, or for nothing")
    return value


def report_of(facts: OrderFacts, settings: CodecSettings, ts_ns: int, asked_ns: int = 0) -> OrderReported:
    """Tell what a query, or an answer in passing, says of an order."""
    return OrderReported(
        facts.client_order_id, settings.venue, ts_ns, venue_order_id(facts.symbol, facts.order_id, settings.qualified_ids),
        facts.state, facts.filled, facts.quantity, facts.price, asked_ns, False, facts.reason,
        None if facts.filled != facts.venue_filled else facts.average_price,
    )  # fmt: skip


def ending_messages(facts: OrderFacts, settings: CodecSettings, ts_ns: int, known: Decimal = ZERO) -> list[Message]:
    """Tell how an order ended, if it did; ``known`` is what the fills told beside this add up to.

    The executed quantity counts, never the status word: where it is more than ``known``, a report with the total follows, so
    that a trade that was missed is asked for.
    """
    name = venue_order_id(facts.symbol, facts.order_id, settings.qualified_ids)
    told: list[Message] = []
    if facts.status == "CANCELED":
        told.append(OrderCanceled(facts.client_order_id, settings.venue, ts_ns, name, facts.reason))
    elif facts.status in ("EXPIRED", "EXPIRED_IN_MATCH"):
        told.append(OrderExpired(facts.client_order_id, settings.venue, ts_ns, name, facts.reason or facts.status))
    elif facts.status == "REJECTED":
        told.append(OrderRejected(facts.client_order_id, settings.venue, ts_ns, name, "REJECTED", facts.reason or "rejected"))
    if facts.venue_filled > known:
        told.append(
            OrderReported(
                facts.client_order_id, settings.venue, ts_ns, name, facts.state, facts.filled,
                average_price=None if facts.filled != facts.venue_filled else facts.average_price,
            )
        )
    return told


def row_of(facts: OrderFacts, settings: CodecSettings) -> OrderUpdate:
    """Return a snapshot's row. ``strategy`` and tags are not the venue's to know."""
    quantity = facts.venue_quantity if facts.quantity is None else facts.quantity
    filled = facts.venue_filled if facts.filled is None else facts.filled
    return OrderUpdate(
        facts.client_order_id, venue_order_id(facts.symbol, facts.order_id, settings.qualified_ids), settings.venue,
        settings.account, facts.symbol, facts.side, order_type_of(facts.type_word, facts.price, facts.trailing),
        time_in_force_of(facts.time_in_force), quantity, facts.price, facts.stop_price, facts.state, filled,
        facts.average_price, None, facts.reason or None, "", facts.created_ns, facts.updated_ns, held=facts.held,
    )  # fmt: skip


def sum_of(fills: Iterable[OrderFilled]) -> Decimal:
    """Return what fills add up to."""
    return sum((told.fill.quantity for told in fills), ZERO)
