"""Amends: of quantity and price, refused, too late, and with the answer lost."""

from contextlib import suppress

import pytest
from contract.cases import case
from contract.desk import Desk
from support import eventually

from autotrader.errors import InvalidOrder

NEEDS = ("amend",)


@case(58, "less quantity: the order works on with it", needs=NEEDS)
def test_quantity_down(desk: Desk) -> None:
    order = desk.rest("BUY", 4)
    told = desk.adapter.modify_order(order.client_order_id, quantity=3 * desk.terms.unit)
    assert (told.state, told.quantity, told.price) == ("OPEN", 3 * desk.terms.unit, order.price)


@case(59, "another price: the order works on at it, and fills there", needs=NEEDS)
def test_price(desk: Desk) -> None:
    order = desk.rest("BUY", 2, 5)
    told = desk.adapter.modify_order(order.client_order_id, price=desk.below(2))
    assert (told.state, told.quantity, told.price) == ("OPEN", order.quantity, desk.below(2))
    desk.show(-3)
    assert desk.until(order, "FILLED").average_price == desk.below(2)


@case(60, "quantity and price at once", needs=NEEDS)
def test_quantity_and_price(desk: Desk) -> None:
    order = desk.rest("SELL", 2, 5)
    told = desk.adapter.modify_order(order.client_order_id, quantity=3 * desk.terms.unit, price=desk.above(3))
    assert (told.state, told.quantity, told.price) == ("OPEN", 3 * desk.terms.unit, desk.above(3))


@case(61, "less than is filled already: done at what is filled, or refused and unchanged; never less", needs=NEEDS)
def test_below_what_is_filled(desk: Desk) -> None:
    order = desk.rest("BUY", 5, 2)
    desk.kit.trade(desk.below(3), 3 * desk.terms.unit)
    desk.until(order, "PARTIALLY_FILLED")
    with suppress(InvalidOrder):
        desk.adapter.modify_order(order.client_order_id, quantity=2 * desk.terms.unit)
    desk.agree()
    assert desk.now(order).filled_quantity == 3 * desk.terms.unit
    assert desk.now(order).state in ("FILLED", "CANCELED", "PARTIALLY_FILLED")


@case(62, "an amend of a finished order, and of one that never was, is refused here", needs=NEEDS)
def test_amend_of_nothing(desk: Desk) -> None:
    done = desk.until(desk.submit("BUY"), "FILLED")
    desk.agree()
    for name in (done.client_order_id, desk.engine.new_order_id(desk.adapter.venue)):
        with pytest.raises(InvalidOrder):
            desk.adapter.modify_order(name, quantity=2 * desk.terms.unit)
    assert desk.asked("amend") == 0


@case(63, "terms off tick or lot are refused here, and the order works on as it was", needs=NEEDS)
def test_terms_that_cannot_be(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    for terms in ({"price": desk.below(2) + desk.terms.tick / 2}, {"quantity": desk.terms.unit + desk.terms.lot / 2}):
        with pytest.raises(InvalidOrder):
            desk.adapter.modify_order(order.client_order_id, **terms)
    found = desk.now(order)
    assert (found.state, found.quantity, found.price) == ("OPEN", order.quantity, order.price)


@case(64, "an amend that meets a fill on its way: the order ends FILLED and the amend changes nothing", needs=NEEDS)
def test_amend_fill_race(desk: Desk) -> None:
    order = desk.rest("BUY", 2, 2)
    desk.fault("amend", {"land_after_s": 0.3})
    desk.engine.modify_order(order.client_order_id, quantity=desk.terms.unit)
    eventually(lambda: desk.kit.fired() == 1)
    desk.kit.trade(desk.below(3), 2 * desk.terms.unit)
    told = desk.until(order, "FILLED", timeout_s=20)
    assert told.filled_quantity == 2 * desk.terms.unit


@case(65, "an amend whose reply is lost after it landed: the new terms are found", needs=NEEDS)
def test_amend_reply_lost(desk: Desk) -> None:
    order = desk.rest("BUY", 3)
    desk.fault("amend", {"land": True}, {"reply": "never"})
    told = desk.engine.modify_order(order.client_order_id, quantity=2 * desk.terms.unit)
    eventually(lambda: desk.now(order).quantity == 2 * desk.terms.unit, 20)
    desk.until(order, "OPEN", timeout_s=30)
    assert told.update is not None
    assert desk.kit.fired() == 1


@case(66, "an amend that was lost on its way: the order works on as it was, and the amend is not sent again", needs=NEEDS)
def test_amend_lost(desk: Desk) -> None:
    order = desk.rest("BUY", 3)
    desk.fault("amend", {"land": False}, {"reply": "reset"})
    desk.engine.modify_order(order.client_order_id, quantity=2 * desk.terms.unit)
    eventually(lambda: desk.kit.fired() == 1)
    desk.until(order, "OPEN", timeout_s=30)
    assert desk.now(order).quantity == 3 * desk.terms.unit


@case(67, "a post-only order is not amended into the market", needs=(*NEEDS, "post only"))
def test_post_only_is_not_amended_into_the_market(desk: Desk) -> None:
    order = desk.rest("BUY", 2, 5, post_only=True)
    with suppress(InvalidOrder):
        desk.adapter.modify_order(order.client_order_id, price=desk.above(1))
    desk.agree()
    assert desk.now(order).filled_quantity == 0
