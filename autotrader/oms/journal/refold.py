"""Fold journal events into books, as the order manager did: closed orders leave memory and come back with late news."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from autotrader.messages import InstrumentsListed, Message, OrderEvent
from autotrader.model import DONE_STATES
from autotrader.oms.book import Applied, Books
from autotrader.oms.venue_ids import Naming, naming_of

__all__ = ["CLOSED_KEPT", "Recall", "refold"]

CLOSED_KEPT = 5_000
"""Closed orders that stay in the books."""

Recall = Callable[[Naming, int], list[Message]]
"""(how an event names its order, sequence) → the order's events before that sequence."""


def refold(books: Books, events: Iterable[tuple[int, Message]], recall: Recall) -> Iterator[tuple[Message, Applied]]:
    """Apply (sequence, event) in order; yield each event with what it did. ``books.live`` must be set."""
    closed: deque[str] = deque()
    for sequence, event in events:
        if isinstance(event, InstrumentsListed):
            books.add_instruments(event.instruments)
        applied = books.apply(event)
        if applied.unknown and isinstance(event, OrderEvent):
            past = recall(naming_of(event), sequence)
            if past and books.restore(past) is not None:
                applied = books.apply(event)
        if applied.order is not None and applied.order.state in DONE_STATES:
            closed.append(applied.order.client_order_id)
            if len(closed) > CLOSED_KEPT:
                books.evict(closed.popleft())
        yield event, applied
