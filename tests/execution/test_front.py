"""The front: tickets of the API's own orders; the dispatcher: subscribers, one after the other, none in another's way."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

import pytest
from risk_kit import fill, order, update

from autotrader.actors.runtime import Runtime
from autotrader.clock import ManualClock
from autotrader.errors import InvalidOrder
from autotrader.execution.front import (
    AddSubscription,
    DispatcherActor,
    FrontActor,
    OpenTicket,
    Subscription,
)
from autotrader.execution.tickets import Ticket, is_answered, is_done, until_replaced
from autotrader.messages import (
    Alerted,
    FillBooked,
    MarketEnded,
    OrderUpdated,
    RequestRefused,
    StrategyStopped,
    SwitchStrategy,
    VenueReady,
)
from autotrader.model import Fill, OrderState, OrderUpdate

S = OrderState


class Stage:
    """One actor, driven in this thread."""

    def __init__(self, kind: Callable[[Any], Any]) -> None:
        self.runtime = Runtime(ManualClock(), ManualClock())
        self.actor = kind(self.runtime.context("actor"))

    def tell(self, *messages: Any) -> None:
        for message in messages:
            self.runtime.handle("actor").tell(message)
            self.actor.run_pending()


@pytest.fixture
def front() -> Stage:
    return Stage(FrontActor)


@pytest.fixture
def dispatcher() -> Stage:
    return Stage(DispatcherActor)


def news(state: OrderState, **more: Any) -> OrderUpdated:
    return OrderUpdated(update(order(**more), state))


def booked(number: int = 1) -> FillBooked:
    return FillBooked(fill(number=number), update(order(), S.FILLED), 0)


def refusal(request: str) -> RequestRefused:
    return RequestRefused("c1", request, "NO", "not now", "api")


# ---------------------------------------------------------------- tickets


def test_a_ticket_follows_its_order_and_is_let_go_at_the_end(front: Stage) -> None:
    ticket, other = Ticket("c1"), Ticket("c2")
    front.tell(OpenTicket(ticket), OpenTicket(other), news(S.SENT), news(S.OPEN), booked(), news(S.FILLED))
    assert ticket.wait(0).state is S.FILLED
    assert [one.trade_id for one in ticket.fills] == ["t1"]
    assert other.update is None
    assert set(front.actor._tickets) == {"c2"}


def test_a_fill_brings_its_order_along(front: Stage) -> None:
    ticket = Ticket("c1")
    front.tell(OpenTicket(ticket), booked())
    assert ticket.wait(0).state is S.FILLED
    assert front.actor._tickets == {}


def test_a_refusal_concerns_the_newest_ticket_of_its_request_alone(front: Stage) -> None:
    submit, first, second = Ticket("c1", is_answered), Ticket("c1", until_replaced()), Ticket("c1", until_replaced())
    for ticket in (submit, first, second):
        front.tell(OpenTicket(ticket))
    front.tell(news(S.OPEN), news(S.PENDING_REPLACE), refusal("modify"), news(S.OPEN))
    with pytest.raises(InvalidOrder, match="not now"):
        second.wait(0)
    assert first.wait(0).state is S.OPEN
    front.tell(news(S.FILLED))
    assert submit.wait_done(0).state is S.FILLED


def test_refused_tickets_leave_nothing_behind(front: Stage) -> None:
    ticket = Ticket("c1", is_done)
    front.tell(OpenTicket(ticket), refusal("modify"), refusal("cancel"), refusal("cancel"))
    with pytest.raises(InvalidOrder):
        ticket.wait(0)
    assert front.actor._tickets == {}


def test_what_runners_need_is_passed_over(front: Stage) -> None:
    front.tell(VenueReady("paper", True, ""), SwitchStrategy("api", on=False, by="LIMIT"))
    assert front.actor._tickets == {}


# ---------------------------------------------------------------- subscribers


def test_subscribers_get_the_kinds_they_asked_for(dispatcher: Stage) -> None:
    fills: list[Any] = []
    everything: queue.SimpleQueue[Any] = queue.SimpleQueue()
    dispatcher.tell(
        AddSubscription(Subscription((Fill,), fills.append)), AddSubscription(Subscription((object,), everything)),
        booked(), news(S.OPEN), Alerted("LINK", "lost", "paper", "", 1), StrategyStopped("s", "X", "r", 1),
        MarketEnded("tape", 9),
    )  # fmt: skip
    assert [type(one) for one in fills] == [Fill]
    told = [everything.get_nowait() for _ in range(5)]
    assert [type(one) for one in told] == [Fill, OrderUpdate, Alerted, StrategyStopped, MarketEnded]


def test_a_callback_that_raises_harms_no_other(dispatcher: Stage) -> None:
    seen: list[Any] = []

    def fail(_: Any) -> None:
        raise ZeroDivisionError("a subscriber's own bug")

    dispatcher.tell(
        AddSubscription(Subscription((Fill,), fail)), AddSubscription(Subscription((Fill,), seen.append)), booked(1), booked(2)
    )
    assert [one.trade_id for one in seen] == ["t1", "t2"]


def test_a_full_queue_loses_its_own_events_only(dispatcher: Stage) -> None:
    small: queue.Queue[Any] = queue.Queue(maxsize=1)
    seen: list[Any] = []
    dispatcher.tell(
        AddSubscription(Subscription((Fill,), small)), AddSubscription(Subscription((Fill,), seen.append)), booked(1), booked(2)
    )
    assert small.get_nowait().trade_id == "t1"
    assert small.empty()
    assert len(seen) == 2


def test_a_subscriber_hears_nothing_from_before(dispatcher: Stage) -> None:
    seen: list[Any] = []
    dispatcher.tell(booked(1), AddSubscription(Subscription((Fill,), seen.append)))
    assert seen == []
