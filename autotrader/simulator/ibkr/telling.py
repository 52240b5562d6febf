"""From what the exchange did to what clients are told (ibkr.md section 4.7). The loop's thread."""

from __future__ import annotations

from collections.abc import Callable

from autotrader.model import ZERO, OrderState
from autotrader.simulator.events import (
    Accepted,
    BookOrder,
    Busted,
    Canceled,
    Event,
    Expired,
    Filled,
    MarketEvent,
    Replaced,
    Triggered,
)
from autotrader.simulator.ibkr.answers import Message, commission_report, error, exec_details, order_status
from autotrader.simulator.ibkr.desk import Desk, owner_of
from autotrader.simulator.ibkr.hub import Outgoing
from autotrader.simulator.ibkr.order_answers import open_order

__all__ = ["Teller"]


class _Sums:
    """What an order had filled at a point among the events, and what that cost."""

    __slots__ = ("cost", "filled")

    def __init__(self, live: BookOrder) -> None:
        self.filled, self.cost = live.filled, live.cost


class Teller:
    """Listens to the venue, keeps the desk's books, tells each order's client. ``on_traded`` hears which symbols traded."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.on_traded: list[Callable[[set[str]], None]] = []
        desk.venue.on_change.append(self._on_change)
        desk.venue.on_events.append(self._on_events)

    def _on_change(self, events: list[Event]) -> None:
        """Keep the books by what is true, also where it is told late or never."""
        for event in events:
            match event:
                case Accepted():
                    self._desk.note(event.live)
                case Filled():
                    self._desk.take(event.fill)
                case Busted():
                    self._desk.undo(event.fill)
                case _:
                    pass

    def _on_events(self, events: list[Event]) -> None:
        own = [event for event in events if isinstance(event, MarketEvent)]
        sums = _sums_before(own)
        for place, event in enumerate(own):
            self._one(event, sums[event.live.venue_order_id], own[place + 1 :])
        if traded := {event.live.order.symbol for event in own if isinstance(event, Filled | Busted)}:
            for listener in self.on_traded:
                listener(traded)

    def _one(self, event: MarketEvent, sums: _Sums, later: list[MarketEvent]) -> None:
        live = event.live
        match event:
            case Accepted():
                self._standing(live, "PreSubmitted", sums)
                goes_on = any(one.live is live and isinstance(one, Filled | Canceled | Expired) for one in later)
                if not event.held and not goes_on:
                    self._standing(live, "Submitted", sums)
            case Triggered():
                self._standing(live, "Submitted", sums)
            case Replaced():
                self._standing(live, "PreSubmitted", sums)
                if not live.held:
                    self._standing(live, "Submitted", sums)
            case Filled():
                self._filled(event, sums)
            case Canceled() | Expired():
                self._ended(event, sums)
            case Busted():
                self._busted(event, sums)
            case _:
                pass

    def _standing(self, live: BookOrder, status: str, sums: _Sums) -> None:
        one = self._desk.wire(live, status, sums.filled, sums.cost)
        self._tell(live, open_order(one))
        self._tell(live, order_status(one))

    def _filled(self, event: Filled, sums: _Sums) -> None:
        live, fill = event.live, event.fill
        sums.filled += fill.quantity
        sums.cost += fill.price * fill.quantity
        status = "Filled" if event.state is OrderState.FILLED else "Submitted"
        self._tell(live, exec_details(-1, self._desk.execution(live, fill, sums.filled, sums.cost)), of_fill=True)
        one = self._desk.wire(live, status, sums.filled, sums.cost)
        self._tell(live, open_order(one), of_fill=True)
        self._tell(live, order_status(one), of_fill=True)
        cost = commission_report(fill.trade_id, fill.fee, fill.fee_asset, self._desk.realized.get(fill.trade_id))
        self._tell(live, cost, of_fill=True)

    def _ended(self, event: Canceled | Expired, sums: _Sums) -> None:
        live = event.live
        if event.reason == "asked":
            self._tell(live, order_status(self._desk.wire(live, "PendingCancel", sums.filled, sums.cost)))
        one = self._desk.wire(live, "Cancelled", sums.filled, sums.cost)
        self._tell(live, order_status(one))
        why = "" if event.reason == "asked" else event.reason
        self._tell(live, error(one.order_id, 202, f"Order Canceled - reason:{why}"))

    def _busted(self, event: Busted, sums: _Sums) -> None:
        """Correct a trade to nothing: the correction takes its place."""
        live, fill = event.live, event.fill
        sums.filled -= fill.quantity
        sums.cost -= fill.price * fill.quantity
        one = self._desk.execution(live, fill, sums.filled, sums.cost, taken=True)
        self._tell(live, exec_details(-1, one))
        self._tell(live, order_status(self._desk.wire(live, "", sums.filled, sums.cost)))
        self._tell(live, commission_report(one.exec_id, ZERO, fill.fee_asset, None))

    def _tell(self, live: BookOrder, message: Message, *, of_fill: bool = False) -> None:
        """Tell the client whose order it is, when it is there; orders by hand are client 0's once they are bound."""
        desk = self._desk
        client_id, order_id = owner_of(live.order)
        session = desk.hub.sessions.get(client_id)
        if session is None or (not order_id and not self._binds(live)):
            return
        desk.hub.post(Outgoing(session, message, live.order.symbol, live.order.client_order_id, True, of_fill))

    def _binds(self, live: BookOrder) -> bool:
        desk = self._desk
        session = desk.hub.sessions.get(0)
        if session is not None and session.topics.binds:
            desk.bind(live)
        return live.venue_order_id in desk.bound


def _sums_before(events: list[MarketEvent]) -> dict[str, _Sums]:
    """Return what each order had filled before these events."""
    sums: dict[str, _Sums] = {}
    for event in events:
        key = event.live.venue_order_id
        one = sums.setdefault(key, _Sums(event.live))
        if isinstance(event, Filled | Busted):
            sign = 1 if isinstance(event, Filled) else -1
            one.filled -= sign * event.fill.quantity
            one.cost -= sign * event.fill.price * event.fill.quantity
    return sums
