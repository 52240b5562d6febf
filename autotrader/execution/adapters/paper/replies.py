"""What the paper venue answers to a request, beside what the exchange did with it. Pure."""

from __future__ import annotations

from typing import Final

from autotrader.execution.adapters.paper.later import Request
from autotrader.messages import (
    CancelRejected,
    Message,
    OrderFilled,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    QueryOrder,
    ReplaceRejected,
    SendCancel,
    SendOrder,
    SendReplace,
    TakeSnapshot,
)
from autotrader.model import Fill, OrderUpdate
from autotrader.simulator.events import RefusedRequest
from autotrader.simulator.fault_script import Effects

__all__ = ["KINDS", "doubt_of", "id_of", "rearranged", "refusal_of", "rejection_of", "report_of", "symbol_of"]

VENUE: Final = "paper"
KINDS: Final[dict[type, str]] = {SendOrder: "submit", SendReplace: "amend", SendCancel: "cancel", QueryOrder: "query"}
"""How fault scripts and the ledger's counts call a request."""

Write = SendOrder | SendReplace | SendCancel


def id_of(request: Request) -> str:
    """Return the client order id that a request is about; empty for a snapshot."""
    if isinstance(request, SendOrder | SendReplace):
        return request.order.client_order_id
    return "" if isinstance(request, TakeSnapshot) else request.client_order_id


def symbol_of(request: Request) -> str:
    """Return the symbol that a request is about; empty for a snapshot."""
    if isinstance(request, SendOrder | SendReplace):
        return request.order.symbol
    return "" if isinstance(request, TakeSnapshot) else request.symbol


def refusal_of(request: Write, event: RefusedRequest) -> Message:
    """Say that a cancel or replace met no open order, or terms that cannot be."""
    name = id_of(request)
    if isinstance(request, SendReplace):
        return ReplaceRejected(name, VENUE, event.ts_ns, request.venue_order_id, event.code, event.reason)
    venue_id = None if isinstance(request, SendOrder) else request.venue_order_id
    return CancelRejected(name, VENUE, event.ts_ns, venue_id, "too_late", event.code, event.reason)


def rejection_of(request: Request, code: str, now_ns: int) -> list[Message] | None:
    """Refuse a request for good with a code that somebody chose; None for what cannot be refused so."""
    name, why = id_of(request), "the paper venue was told to reject it"
    if isinstance(request, SendOrder):
        return [OrderRejected(name, VENUE, now_ns, None, code, why)]
    if isinstance(request, SendReplace):
        return [ReplaceRejected(name, VENUE, now_ns, request.venue_order_id, code, why)]
    if isinstance(request, SendCancel):
        return [CancelRejected(name, VENUE, now_ns, request.venue_order_id, "final", code, why)]
    return None


def doubt_of(request: Write, reason: str, now_ns: int) -> Message:
    """Say that what became of a request is not known."""
    name = "replace" if isinstance(request, SendReplace) else KINDS[type(request)]
    venue_id = None if isinstance(request, SendOrder) else request.venue_order_id
    return OrderUnknown(id_of(request), VENUE, now_ns, venue_id, name, reason)


def report_of(
    query: QueryOrder, found: tuple[OrderUpdate, list[Fill]] | None, now_ns: int, *, proven: bool
) -> list[Message]:
    """Answer a query: the order's trades, then its state."""
    name = query.client_order_id
    if found is None:
        return [OrderReported(name, VENUE, now_ns, None, asked_ns=query.asked_ns, proven=proven, reason="no such order")]
    update, fills = found
    report = OrderReported(
        name, VENUE, now_ns, update.venue_order_id, update.state, update.filled_quantity, update.quantity, update.price,
        query.asked_ns, proven, average_price=update.average_price,
    )  # fmt: skip
    return [*(OrderFilled(name, VENUE, now_ns, fill.venue_order_id, fill=fill) for fill in fills), report]


def rearranged(answers: list[Message], effects: Effects) -> list[Message]:
    """Keep back the trades that the stream never tells, or bring them before the acknowledgement."""
    if effects.silent:
        return [one for one in answers if not isinstance(one, OrderFilled)]
    if effects.fill_before_ack:
        return sorted(answers, key=lambda one: not isinstance(one, OrderFilled))
    return answers
