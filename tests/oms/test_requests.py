"""Commands on orders: denied or released with the commit, cancels, amends, and what the asker hears."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs
from oms_kit import D, House, S

from autotrader.messages import (
    CancelAsked,
    CancelOrder,
    CancelRejected,
    ModifyOrder,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderUnknown,
    OrderUpdated,
    ReplaceAsked,
    ReplaceRejected,
    RequestRefused,
    SendCancel,
    SendOrder,
    SendReplace,
    StopTrading,
    SubmitOrder,
)
from autotrader.model import KillLevel, Order, OrderState
from autotrader.oms.requests import MOST_WITHDRAWN


@pytest.fixture
def house() -> Iterator[House]:
    made = House().ready()
    yield made
    made.close()


def refusals(house: House) -> list[tuple[str, str]]:
    return [(one.request, one.reason_code) for one in house.seen("runner.s", RequestRefused)]


# ---------------------------------------------------------------- submit


def test_an_order_that_passes_is_on_record_before_it_leaves(house: House) -> None:
    house.journal.holding = True
    order = house.submit()
    assert house.state(order) is S.SENT
    assert house.sent(SendOrder) == []
    commit = house.journal.held[-1]
    assert commit.waits
    assert any(isinstance(event, OrderIntended) and event.order == order for event in commit.events)
    house.journal.let_go()
    (send,) = house.sent(SendOrder)
    assert send.order == order
    assert send.receipt.client_order_id == order.client_order_id


def test_an_order_is_denied_on_record_and_never_released(house: House) -> None:
    order = house.submit("100000000")
    assert house.state(order) is S.DENIED
    assert house.sent(SendOrder) == []
    (denied,) = house.journal.of(OrderDenied)
    assert denied.order == order
    (update,) = [one.update for one in house.seen("runner.s", OrderUpdated)]
    assert (update.state, update.reason_code) == (S.DENIED, denied.reason_code)
    assert house.floor.metrics.denied == 1
    assert house.position() == D(0)


def test_a_fresh_account_has_equity_from_its_opening_balances(house: House) -> None:
    assert house.exposure.total_equity == D(1_000_000) + D(100) * D(100)


def test_a_venue_that_is_not_configured_is_no_place_to_trade(house: House) -> None:
    order = structs.replace(house.order(), venue="moon")
    house.tell(SubmitOrder(order))
    assert [one.reason_code for one in house.journal.of(OrderDenied)] == ["UNKNOWN_VENUE"]
    assert "sim" in house.journal.of(OrderDenied)[0].reason


def test_a_client_order_id_is_never_used_twice_and_the_asker_hears_why(house: House) -> None:
    order = house.submit()
    house.tell(SubmitOrder(order))
    assert house.released() == [order.client_order_id]
    assert refusals(house) == [("submit", "DUPLICATE_ID")]
    assert len(house.journal.of(OrderIntended)) == 1
    assert house.alerts == []


def test_an_id_that_was_denied_is_used_up_too(house: House) -> None:
    order = house.submit("100000000")
    house.tell(SubmitOrder(order))
    assert len(house.journal.of(OrderDenied)) == 1
    assert refusals(house) == [("submit", "DUPLICATE_ID")]
    assert house.alerts == []


def test_a_decision_that_is_no_order_is_denied_on_record(house: House) -> None:
    order = house.order()
    house.tell(OrderDenied(order, house.clock.now_ns(), "NO_SIZE", "a BUY needs a size"))
    assert house.state(order) is S.DENIED
    assert house.floor.metrics.reasons["DENIED", "NO_SIZE"] == 1


def test_nothing_new_is_taken_while_trading_stops_and_all_is_after(house: House) -> None:
    open_one = house.working()
    assert house.ask(StopTrading(cancel=False, reason="the run has ended")) == 0
    denied = house.submit()
    house.tell(ModifyOrder(open_one.client_order_id, "s", price=D(99)))
    assert house.state(denied) is S.DENIED
    assert house.books.orders[denied.client_order_id].reason_code == "STOPPING"
    assert refusals(house) == [("modify", "STOPPING")]
    house.ask(StopTrading(cancel=False, reason=""))
    assert house.state(house.submit()) is S.SENT


def test_stop_with_cancel_wishes_every_open_order_of_ours_gone(house: House) -> None:
    first, second = house.working(), house.submit()
    assert house.ask(StopTrading(cancel=True, reason="stop")) == 2
    assert {one.client_order_id for one in house.sent(SendCancel)} == {first.client_order_id, second.client_order_id}
    assert house.state(first) is S.PENDING_CANCEL


def test_an_order_that_could_not_leave_is_denied_with_the_reason(house: House) -> None:
    order = house.submit()
    house.tell(house.event(OrderNotSent, order, reason_code="BREAKER_OPEN", reason="the breaker is open"))
    assert house.state(order) is S.DENIED
    assert house.exposure.count == 0
    house.tell(house.event(OrderNotSent, order, reason_code="BREAKER_OPEN", reason="told again"))
    assert house.floor.metrics.reasons["OrderNotSent", "BREAKER_OPEN"] == 1


def test_a_journal_that_cannot_be_written_lets_no_order_out(house: House) -> None:
    house.journal.failing = True
    order = house.submit()
    assert house.sent(SendOrder) == []
    assert house.state(order) is S.DENIED
    assert house.books.orders[order.client_order_id].reason_code == "JOURNAL"


def test_too_many_denials_for_the_rate_pull_the_switch() -> None:
    house = House(controls={"message_rate": {"per_s": 1, "burst": 1, "halt_denials": 3}}).ready()
    house.tell_together(*[SubmitOrder(house.order()) for _ in range(4)])
    assert (KillLevel.HALT, "all") in [(level, scope) for level, scope, _ in house.kills]


# ---------------------------------------------------------------- cancel


def test_a_cancel_goes_by_the_best_id_known(house: House) -> None:
    early, late = house.submit(), house.working()
    house.tell(CancelOrder(early.client_order_id, "s"), CancelOrder(late.client_order_id, "s"))
    first, second = house.sent(SendCancel)
    assert (first.client_order_id, first.venue_order_id) == (early.client_order_id, None)
    assert (second.client_order_id, second.venue_order_id) == (late.client_order_id, f"V{late.client_order_id[-4:]}")
    assert [house.state(one) for one in (early, late)] == [S.SENT, S.PENDING_CANCEL]


def test_a_wish_to_cancel_is_kept_until_the_order_is_known_to_live(house: House) -> None:
    order = house.submit()
    house.tell(CancelOrder(order.client_order_id, "s"))
    house.ack(order, "V9")
    assert house.state(order) is S.PENDING_CANCEL
    assert house.sent(SendCancel)[-1].venue_order_id == "V9"
    house.tell(house.event(OrderCanceled, order, "V9"))
    assert house.state(order) is S.CANCELED
    assert house.seen("runner.s", OrderUpdated)[-1].update.state is S.CANCELED
    assert house.exposure.count == 0


def test_a_cancel_that_is_on_its_way_is_not_sent_again(house: House) -> None:
    order = house.working()
    house.tell(CancelOrder(order.client_order_id, "s"), CancelOrder(order.client_order_id, "s"))
    assert len(house.sent(SendCancel)) == 1
    assert len(house.journal.of(CancelAsked)) == 1


def test_a_cancel_of_what_is_done_unknown_or_foreign_is_refused_to_the_asker(house: House) -> None:
    done = house.working()
    house.tell(house.event(OrderCanceled, done))
    foreign = house.row(house.order(), client_order_id="web-1", venue_order_id="F1")
    house.take("sweep", foreign)
    for name in (done.client_order_id, "00" * 16, "web-1"):
        house.tell(CancelOrder(name, "s"))
    assert refusals(house) == [("cancel", "ORDER_DONE"), ("cancel", "UNKNOWN_ORDER"), ("cancel", "FOREIGN_ORDER")]
    assert house.sent(SendCancel) == []
    assert house.floor.watchers == {}


def test_an_order_whose_cancel_has_overtaken_it_is_denied(house: House) -> None:
    order = house.order()
    house.tell(CancelOrder(order.client_order_id, "s"))
    assert refusals(house) == [("cancel", "UNKNOWN_ORDER")]
    house.tell(SubmitOrder(order))
    assert house.state(order) is S.DENIED
    assert house.books.orders[order.client_order_id].reason_code == "WITHDRAWN"
    assert house.sent(SendOrder) == []
    assert house.state(house.submit()) is S.SENT


def test_cancels_of_orders_that_never_come_are_forgotten(house: House) -> None:
    first = house.order()
    house.tell(*(CancelOrder(name, "s") for name in (first.client_order_id, *(f"{n:032x}" for n in range(MOST_WITHDRAWN)))))
    house.tell(SubmitOrder(first))
    assert house.state(first) is S.SENT


def test_a_request_that_is_refused_elsewhere_reaches_the_asker(house: House) -> None:
    house.tell(RequestRefused("c1", "cancel", "NO", "not so", "s"), RequestRefused("c1", "cancel", "NO", "not so", "nobody"))
    assert refusals(house) == [("cancel", "NO")]


def test_whoever_cancels_anothers_order_hears_how_it_ends(house: House) -> None:
    desk = house.probe("desk")
    house.floor.routes["api"] = house.runtime.handle("desk")
    order = house.working()
    house.tell(CancelOrder(order.client_order_id, "api"), house.event(OrderCanceled, order))
    assert [one.update.state for one in desk.of(OrderUpdated)] == [S.PENDING_CANCEL, S.CANCELED]
    assert house.floor.watchers == {}


@pytest.mark.parametrize(("kind", "state", "again"), [("busy", S.PENDING_CANCEL, 2), ("final", S.OPEN, 1),
                                                      ("too_late", S.PENDING_CANCEL, 1)])  # fmt: skip
def test_a_refused_cancel_goes_again_ends_or_asks(house: House, kind: str, state: OrderState, again: int) -> None:
    order = house.working()
    house.tell(CancelOrder(order.client_order_id, "s"), house.event(CancelRejected, order, kind=kind, reason_code="R"))
    assert house.state(order) is state
    assert len(house.sent(SendCancel)) == again
    assert (house.books.orders[order.client_order_id].owed_after_ns is not None) is (kind == "too_late")


def test_cancelling_one_order_over_and_over_stops_the_strategy() -> None:
    house = House(controls={"churn": {"per_minute": 2}}).ready()
    order = house.working()
    for _ in range(3):
        house.tell(CancelOrder(order.client_order_id, "s"))
    assert "STRATEGY" in house.codes()
    assert house.state(house.submit()) is S.DENIED


# ---------------------------------------------------------------- amend


def test_other_terms_are_checked_put_on_record_and_then_sent(house: House) -> None:
    order = house.working()
    house.journal.holding = True
    house.tell(ModifyOrder(order.client_order_id, "s", quantity=D(2), price=D(99)))
    assert house.state(order) is S.PENDING_REPLACE
    assert house.sent(SendReplace) == []
    house.journal.let_go()
    (send,) = house.sent(SendReplace)
    assert (send.quantity, send.price, send.venue_order_id) == (D(2), D(99), f"V{order.client_order_id[-4:]}")
    assert house.journal.of(ReplaceAsked)[0].quantity == D(2)
    house.journal.holding = False
    house.tell(house.event(OrderReplaced, order, "V2"))
    record = house.books.orders[order.client_order_id]
    assert (house.state(order), record.quantity, record.price) == (S.OPEN, D(2), D(99))
    assert house.exposure.open_order(order.client_order_id).quantity == D(2)


def test_an_amend_that_the_venue_refuses_leaves_the_order_as_it_was(house: House) -> None:
    order = house.working()
    house.tell(ModifyOrder(order.client_order_id, "s", price=D(99)), house.event(ReplaceRejected, order, reason="no"))
    record = house.books.orders[order.client_order_id]
    assert (house.state(order), record.price) == (S.OPEN, D(100))
    assert record.owed_after_ns is not None


def test_terms_beyond_the_limits_are_refused_and_change_nothing(house: House) -> None:
    order = house.working()
    house.tell(ModifyOrder(order.client_order_id, "s", quantity=D(100_000_000)))
    assert [request for request, _ in refusals(house)] == ["modify"]
    assert (house.state(order), house.sent(SendReplace)) == (S.OPEN, [])
    assert house.floor.metrics.denied == 1
    assert house.floor.watchers == {}


def _nothing(_: House, __: Order) -> None:
    """Leave the order SENT."""


def _unknown(house: House, order: Order) -> None:
    house.tell(house.event(OrderUnknown, order, request="submit"))


def _cancelling(house: House, order: Order) -> None:
    house.ack(order)
    house.tell(CancelOrder(order.client_order_id, "s"))


def _replacing(house: House, order: Order) -> None:
    house.ack(order)
    house.tell(ModifyOrder(order.client_order_id, "s", price=D(99)))


def _filled(house: House, order: Order) -> None:
    house.tell(house.fill(order, "t1"))


def _ended(kind: type, **more: Any) -> Any:
    return lambda house, order: house.tell(house.event(kind, order, **more))


@pytest.mark.parametrize(("bring", "state", "code"), [
    (_nothing, S.SENT, "NOT_CONFIRMED"), (_unknown, S.UNKNOWN, "NOT_CONFIRMED"),
    (_cancelling, S.PENDING_CANCEL, "CANCEL_PENDING"), (_replacing, S.PENDING_REPLACE, "REPLACE_PENDING"),
    (_filled, S.FILLED, "ORDER_DONE"), (_ended(OrderCanceled), S.CANCELED, "ORDER_DONE"),
    (_ended(OrderExpired), S.EXPIRED, "ORDER_DONE"), (_ended(OrderNotSent), S.DENIED, "ORDER_DONE"),
    (_ended(OrderRejected, reason_code="X"), S.REJECTED, "ORDER_DONE"),
])  # fmt: skip
def test_an_order_that_cannot_take_other_terms_now_says_so(house: House, bring: Any, state: OrderState, code: str) -> None:
    order = house.submit()
    bring(house, order)
    assert house.state(order) is state
    sent, rows = len(house.sent(SendReplace)), len(house.journal.of(ReplaceAsked))
    house.tell(ModifyOrder(order.client_order_id, "s", price=D(98)))
    assert refusals(house) == [("modify", code)]
    assert (len(house.sent(SendReplace)), len(house.journal.of(ReplaceAsked))) == (sent, rows)
    assert house.state(order) is state


def test_a_partly_filled_order_takes_other_terms_but_not_fewer_than_are_filled(house: House) -> None:
    order = house.working("2")
    house.tell(house.fill(order, "t1", "1"))
    house.tell(ModifyOrder(order.client_order_id, "s", quantity=D("0.5")))
    assert refusals(house) == [("modify", "BELOW_FILLED")]
    house.tell(ModifyOrder(order.client_order_id, "s", quantity=D(3)))
    assert house.state(order) is S.PENDING_REPLACE


def test_an_order_of_a_venue_that_is_configured_no_more_is_left_alone(house: House) -> None:
    order = house.working()
    del house.floor.desks["sim"]
    house.tell(CancelOrder(order.client_order_id, "s"), ModifyOrder(order.client_order_id, "s", price=D(9)))
    assert refusals(house) == [("cancel", "UNKNOWN_VENUE"), ("modify", "UNKNOWN_VENUE")]
    assert house.state(order) is S.OPEN


def test_an_acknowledgement_without_an_order_of_ours_asks_for_the_venues_books_once(house: House) -> None:
    house.tell(*[house.event(OrderAccepted, "web-7", "F7") for _ in range(3)])
    assert house.codes() == ["UNKNOWN_ORDER"]
    assert house.desk().look_due_ns is not None
