"""Commands on orders: denied or released with the commit, cancels, amends, and what the asker hears."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oms_kit import D, House, S

from autotrader.messages import OrderDenied, OrderIntended, OrderUpdated, SendOrder


@pytest.fixture
def house() -> Iterator[House]:
    made = House().ready()
    yield made
    made.close()


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
