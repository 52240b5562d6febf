"""Cancels: of what rests, of what is half filled, twice, too late, and against a fill."""

import pytest
from contract.cases import case
from contract.desk import Desk
from support import eventually

from autotrader.errors import InvalidOrder


def cancel(desk: Desk, client_order_id: str) -> str:
    """Cancel and return the state that the order ends in."""
    return str(desk.adapter.cancel_order(client_order_id).state)


def told_done(desk: Desk, client_order_id: str) -> int:
    """Return how often subscribers were told that the order is done."""
    return sum(update.is_done for update in desk.heard() if update.client_order_id == client_order_id)


@case(45, "a resting order is cancelled, and ends CANCELED at the venue too")
def test_cancel(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    assert cancel(desk, order.client_order_id) == "CANCELED"
    row = desk.truth(order)
    assert row is not None
    assert row["status"] == "CANCELED"


@case(46, "an order that is half filled is cancelled and keeps its fills")
def test_cancel_partly_filled(desk: Desk) -> None:
    order = desk.rest("SELL", 4, 2)
    desk.kit.trade(desk.above(3), desk.terms.unit)
    desk.until(order, "PARTIALLY_FILLED")
    assert cancel(desk, order.client_order_id) == "CANCELED"
    assert desk.now(order).filled_quantity == desk.terms.unit


@case(47, "a second cancel is refused here, and makes no second event")
def test_cancel_twice(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    assert cancel(desk, order.client_order_id) == "CANCELED"
    for _ in range(2):
        with pytest.raises(InvalidOrder):
            cancel(desk, order.client_order_id)
    desk.agree()
    assert told_done(desk, order.client_order_id) == 1
    assert desk.asked("cancel") == 1


@case(48, "two cancels at once make one event")
def test_two_cancels_at_once(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    tickets = [desk.engine.cancel_order(order.client_order_id) for _ in range(2)]
    assert tickets[0].wait(10).state == "CANCELED"
    desk.agree()
    assert told_done(desk, order.client_order_id) == 1


@case(49, "a cancel of an order that never was is refused here")
def test_cancel_unknown(desk: Desk) -> None:
    with pytest.raises(InvalidOrder):
        cancel(desk, desk.engine.new_order_id(desk.adapter.venue))
    assert desk.asked("cancel") == 0


@case(50, "a cancel of a filled order is refused here")
def test_cancel_filled(desk: Desk) -> None:
    order = desk.send(desk.order("BUY")).wait_done()  # where a ticket hears of it: else that would be the cancel's answer
    desk.agree()
    with pytest.raises(InvalidOrder):
        cancel(desk, order.client_order_id)
    assert desk.asked("cancel") == 0
    assert desk.now(order).state == "FILLED"


@case(51, "a cancel that meets a fill on its way ends FILLED, the fill booked")
def test_cancel_fill_race(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    desk.fault("cancel", {"fill_on_cancel": True})
    assert cancel(desk, order.client_order_id) == "FILLED"
    assert desk.kit.fired() == 1
    assert desk.now(order).filled_quantity == 2 * desk.terms.unit


@case(52, "a cancel that meets a fill of a part ends CANCELED with what was filled before it")
def test_cancel_after_a_part_was_filled(desk: Desk) -> None:
    order = desk.rest("BUY", 4, 2)
    desk.fault("cancel", {"land_after_s": 0.3})
    ticket = desk.engine.cancel_order(order.client_order_id)
    eventually(lambda: desk.kit.fired() == 1)
    desk.kit.trade(desk.below(3), desk.terms.unit)
    assert ticket.wait(15).state == "CANCELED"
    assert desk.now(order).filled_quantity == desk.terms.unit


@case(53, "a cancel whose reply is lost after it landed ends CANCELED")
def test_cancel_reply_lost(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    desk.fault("cancel", {"land": True}, {"reply": "never"})
    assert desk.engine.cancel_order(order.client_order_id).wait(20).state == "CANCELED"
    assert desk.kit.fired() == 1


@case(54, "a cancel that was lost on its way is asked for again once it is proved that the order still works")
def test_cancel_lost(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    desk.fault("cancel", {"land": False}, {"reply": "reset"})
    assert desk.engine.cancel_order(order.client_order_id).wait(30).state == "CANCELED"
    assert desk.kit.fired() == 1


@case(55, "a cancel ends the order it names and no other")
def test_cancel_one_of_several(desk: Desk) -> None:
    orders = [desk.rest("BUY", 1, 3 + number) for number in range(3)]
    assert cancel(desk, orders[1].client_order_id) == "CANCELED"
    desk.agree()
    assert [desk.now(order).state for order in orders] == ["OPEN", "CANCELED", "OPEN"]


@case(56, "an order that the venue cancels by itself, or somebody else does, ends CANCELED here")
def test_cancelled_by_others(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    desk.kit.cancel_by_hand(order.client_order_id)
    desk.until(order, "CANCELED")
