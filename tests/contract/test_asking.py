"""Questions: of orders in every state, of positions, of balances."""

import pytest
from contract.cases import case
from contract.desk import Desk

from autotrader.errors import InvalidOrder


@case(69, "an open order is shown as it stands")
def test_query_open(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    found = desk.now(order)
    assert (found.state, found.quantity, found.filled_quantity) == ("OPEN", 2 * desk.terms.unit, 0)
    assert [one.client_order_id for one in desk.engine.open_orders()] == [order.client_order_id]


@case(70, "a filled order is shown with its quantity and average price")
def test_query_filled(desk: Desk) -> None:
    found = desk.now(desk.until(desk.submit("SELL", 2), "FILLED"))
    assert (found.filled_quantity, found.average_price) == (2 * desk.terms.unit, desk.terms.bid)


@case(71, "a cancelled order is shown as CANCELED")
def test_query_cancelled(desk: Desk) -> None:
    order = desk.rest("BUY", 2)
    desk.adapter.cancel_order(order.client_order_id)
    assert desk.now(order).state == "CANCELED"
    assert desk.engine.open_orders() == ()


@case(72, "a question about an order that never was raises InvalidOrder")
def test_query_unknown(desk: Desk) -> None:
    with pytest.raises(InvalidOrder):
        desk.adapter.get_order_status(desk.engine.new_order_id(desk.adapter.venue))


@case(73, "at a connect, balances are the venue's, and nothing is held that the engine did not buy")
def test_opening_books(desk: Desk) -> None:
    desk.agree()
    assert desk.adapter.get_account_balance()[desk.terms.quote] > 0
    assert desk.position() == 0
    status = desk.engine.get_status()["venues"]
    assert [(one["name"], one["link"], one["ready"]) for one in status] == [(desk.adapter.venue, "UP", True)]
