"""What a fault script's fill effects do to an order at the exchange. Pure."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import ZERO, Order
from autotrader.simulator.events import BookOrder, Event, Expired, Filled, RefusedRequest, Rejected
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.matching import floor_to

__all__ = ["bust_nth", "order_in", "overfill", "submit_in_part"]


def submit_in_part(exchange: Exchange, order: Order, now_ns: int, effects: Effects | None) -> list[Event]:
    """Take a new order; with ``partial`` it takes at once only that share of itself, in whole lots."""
    book = exchange.books.get(order.symbol)
    if effects is None or effects.partial is None or book is None:
        return exchange.submit(order, now_ns)
    return exchange.submit(order, now_ns, at_most=floor_to(order.quantity * effects.partial, book.lot))


def overfill(exchange: Exchange, live: BookOrder, share: Decimal, now_ns: int) -> list[Event]:
    """Fill all that is left of an order and ``share`` of its quantity on top, at least one lot."""
    lot = exchange.books[live.order.symbol].lot
    extra = max(floor_to(live.quantity * share, lot), lot)
    return exchange.force_fill(live, max(live.remaining, ZERO) + extra, now_ns)


def order_in(events: list[Event]) -> BookOrder | None:
    """Return the order that a request's events are about; None when none came into being or was met.

    What expired meanwhile is told of before it, and is not it.
    """
    return next((event.live for event in events if not isinstance(event, RefusedRequest | Rejected | Expired)), None)


def bust_nth(exchange: Exchange, live: BookOrder, events: list[Event], nth: int, now_ns: int) -> list[Event]:
    """Take back the nth trade among the events; nothing when there are fewer."""
    fills = [event.fill for event in events if isinstance(event, Filled)]
    return exchange.bust(live, fills[nth - 1], now_ns) if len(fills) >= nth else []
