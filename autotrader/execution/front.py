"""Where the engine's own callers are served: tickets of orders placed through the API, and subscriptions."""

from __future__ import annotations

import queue
from collections.abc import Callable

from autotrader.actors import Context, Worker, handles
from autotrader.execution.tickets import Ticket
from autotrader.messages import (
    Alerted,
    FillBooked,
    Lane,
    MarketEnded,
    Message,
    OrderUpdated,
    RequestRefused,
    StrategyStopped,
    SwitchStrategy,
    VenueReady,
)
from autotrader.model import Fill, OrderUpdate

__all__ = ["AddSubscription", "DispatcherActor", "FrontActor", "OpenTicket", "Subscription"]

Event = Fill | OrderUpdate | Alerted | StrategyStopped | MarketEnded
Callback = Callable[[Event], None]


class OpenTicket(Message, frozen=True):
    """Tell the ticket what becomes of its order; told before the order itself leaves."""

    ticket: Ticket
    lane = Lane.CONTROL


class FrontActor(Worker):
    """Delivers updates of the API's own orders to the tickets that wait for them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._tickets: dict[str, list[Ticket]] = {}

    @handles(OpenTicket)
    def _on_ticket(self, msg: OpenTicket) -> None:
        self._tickets.setdefault(msg.ticket.client_order_id, []).append(msg.ticket)

    @handles(OrderUpdated)
    def _on_update(self, msg: OrderUpdated) -> None:
        self._deliver(msg.update)

    @handles(FillBooked)
    def _on_fill(self, msg: FillBooked) -> None:
        for ticket in self._tickets.get(msg.fill.client_order_id, ()):
            ticket.deliver_fill(msg.fill)
        self._deliver(msg.update)

    def _deliver(self, update: OrderUpdate) -> None:
        for ticket in self._tickets.get(update.client_order_id, ()):
            ticket.deliver(update)
        if update.is_done:
            self._tickets.pop(update.client_order_id, None)

    @handles(RequestRefused)
    def _on_refused(self, msg: RequestRefused) -> None:
        """Refuse the newest ticket of that request; the order's other tickets go on."""
        tickets = self._tickets.get(msg.client_order_id, [])
        ticket = next((one for one in reversed(tickets) if one.request == msg.request), None)
        if ticket is not None:
            ticket.refuse(msg)
            tickets.remove(ticket)
            if not tickets:
                del self._tickets[msg.client_order_id]

    @handles(SwitchStrategy, VenueReady)
    def _on_other(self, msg: Message) -> None:
        """Pass over what runners need and the API asks for when it wants it."""


class Subscription(Message, frozen=True):
    """Who wants which events: a callback run on the dispatcher's thread, or a queue of the caller's own."""

    kinds: tuple[type, ...]
    target: Callback | queue.Queue[Event] | queue.SimpleQueue[Event]


class AddSubscription(Message, frozen=True):
    subscription: Subscription


class DispatcherActor(Worker):
    """Runs the callbacks of subscribers one after the other, on its own thread; a slow one delays only other subscribers."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._subscriptions: list[Subscription] = []

    @handles(AddSubscription)
    def _on_add(self, msg: AddSubscription) -> None:
        self._subscriptions.append(msg.subscription)

    @handles(FillBooked)
    def _on_fill(self, msg: FillBooked) -> None:
        self._dispatch(msg.fill)

    @handles(OrderUpdated)
    def _on_update(self, msg: OrderUpdated) -> None:
        self._dispatch(msg.update)

    @handles(Alerted, StrategyStopped, MarketEnded)
    def _on_notice(self, msg: Alerted | StrategyStopped | MarketEnded) -> None:
        self._dispatch(msg)

    def _dispatch(self, event: Event) -> None:
        for subscription in self._subscriptions:
            if isinstance(event, subscription.kinds):
                self._deliver(subscription.target, event)

    def _deliver(self, target: Callback | queue.Queue[Event] | queue.SimpleQueue[Event], event: Event) -> None:
        try:
            if isinstance(target, (queue.Queue, queue.SimpleQueue)):
                target.put(event, block=False)
            else:
                target(event)
        except queue.Full:
            self.log.error("a subscriber's queue is full; it misses {}", type(event).__name__)
        except Exception as error:  # noqa: BLE001 - a subscriber's own error must not end the deliveries to the others
            self.log.opt(exception=error).error("a subscriber's callback raised {}", type(error).__name__)
