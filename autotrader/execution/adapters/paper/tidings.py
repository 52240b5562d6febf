"""What the exchange did, as a broker tells it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    TradeBusted,
)
from autotrader.simulator.events import (
    Accepted,
    Busted,
    Canceled,
    Event,
    Expired,
    Filled,
    Rejected,
    Replaced,
    Triggered,
)

__all__ = ["tidings_of"]

VENUE = "paper"


def _accepted(event: Accepted) -> Message:
    live = event.live
    return OrderAccepted(live.order.client_order_id, VENUE, event.ts_ns, live.venue_order_id, event.held)


def _triggered(event: Triggered) -> Message:
    live = event.live
    return OrderAccepted(live.order.client_order_id, VENUE, event.ts_ns, live.venue_order_id, False)


def _filled(event: Filled) -> Message:
    fill = event.fill
    return OrderFilled(fill.client_order_id, VENUE, event.ts_ns, fill.venue_order_id, fill=fill)


def _canceled(event: Canceled) -> Message:
    live = event.live
    return OrderCanceled(live.order.client_order_id, VENUE, event.ts_ns, live.venue_order_id, event.reason)


def _expired(event: Expired) -> Message:
    live = event.live
    return OrderExpired(live.order.client_order_id, VENUE, event.ts_ns, live.venue_order_id, event.reason)


def _replaced(event: Replaced) -> Message:
    live = event.live
    return OrderReplaced(
        live.order.client_order_id, VENUE, event.ts_ns, live.venue_order_id, event.quantity, event.price, event.stop_price
    )


def _busted(event: Busted) -> Message:
    fill = event.fill
    return TradeBusted(
        fill.client_order_id, VENUE, event.ts_ns, fill.venue_order_id, trade_id=fill.trade_id, symbol=fill.symbol
    )


def _rejected(event: Rejected) -> Message:
    return OrderRejected(
        event.order.client_order_id, VENUE, event.ts_ns, None, event.code, event.reason, event.code == "DUPLICATE_ORDER_ID"
    )


_TOLD: dict[type, Callable[[Any], Message]] = {
    Accepted: _accepted, Filled: _filled, Canceled: _canceled, Expired: _expired, Triggered: _triggered, Replaced: _replaced,
    Busted: _busted, Rejected: _rejected,
}  # fmt: skip


def tidings_of(events: Iterable[Event]) -> list[Message]:
    """Return what is told of events, in their order; a trailing stop that moves and a refused request are not among it."""
    told, words = [], _TOLD
    for event in events:
        word = words.get(type(event))
        if word is not None:
            told.append(word(event))
    return told
