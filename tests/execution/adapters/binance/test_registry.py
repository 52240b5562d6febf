"""The orders that the adapter knows."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from binance_actor_kit import order
from binance_kit import OWN, SETTINGS, query_answer, raw

from autotrader.execution.adapters.binance.codec import OrderFacts, decode_order_facts
from autotrader.execution.adapters.binance.registry import Registry
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderSucceeded,
)
from autotrader.model import OrderState

D = Decimal
ONE = order()
NAME = ONE.client_order_id


def facts(number: int = 28, **changes: object) -> OrderFacts:
    return decode_order_facts(raw(query_answer(orderId=number, **changes)), SETTINGS)


@pytest.fixture
def registry() -> Registry:
    made = Registry(kept=3)
    made.sent(ONE)
    made.hear(OrderAccepted(NAME, "binance", 1, "28"))
    return made


def test_an_order_is_open_for_the_venue_once_it_has_a_number() -> None:
    made = Registry()
    made.sent(ONE)
    assert ([one.client_order_id for one in made.open_orders()], made.count_open()) == ([NAME], 0)
    made.hear(OrderAccepted(NAME, "binance", 1, "28"))
    made.hear(OrderAccepted(NAME, "binance", 1, "28"))
    assert (made.count_open(), made.count_open("BTCUSDT"), made.count_open("ETHUSDT")) == (1, 1, 0)
    assert made.count_open(algo=True) == 0
    assert made.name_of("BTCUSDT", 28) == NAME
    assert made.name_of("ETHUSDT", 28) is None


@pytest.mark.parametrize(
    "end",
    [
        OrderCanceled(NAME, "binance", 2, "28"), OrderExpired(NAME, "binance", 2, "28"), OrderNotSent(NAME, "binance", 2),
        OrderRejected(NAME, "binance", 2, "28"), OrderReported(NAME, "binance", 2, "28", OrderState.CANCELED),
    ],
)  # fmt: skip
def test_every_end_closes_it_once(registry: Registry, end: Message) -> None:
    registry.hear(end)
    registry.hear(end)
    assert (registry.open_orders(), registry.count_open()) == ([], 0)
    assert registry.get(NAME) is not None
    assert registry.name_of("BTCUSDT", 28) == NAME


def test_the_end_of_an_order_that_was_replaced_is_not_the_end_of_its_successor(registry: Registry) -> None:
    registry.hear(OrderSucceeded(NAME, "binance", 2, "29", "28"))
    registry.hear(OrderCanceled(NAME, "binance", 3, "28"))
    assert registry.count_open() == 1
    registry.hear(OrderCanceled(NAME, "binance", 4, "29"))
    assert registry.count_open() == 0


def test_a_report_that_says_nothing_is_found_closes_nothing(registry: Registry) -> None:
    registry.hear(OrderReported(NAME, "binance", 2))
    assert registry.count_open() == 1


def test_an_order_from_a_list_is_known_with_its_terms() -> None:
    made = Registry()
    known = made.meet(facts(executedQty="0.0004", status="PARTIALLY_FILLED"))
    standing = known.standing()
    assert (known.client_order_id, standing.quantity, standing.filled) == (OWN, D("0.001"), D("0.0004"))
    assert standing.price == D("50000.10")
    assert made.count_open() == 1


def test_an_older_number_changes_nothing_but_names() -> None:
    made = Registry()
    made.meet(facts(30, origQty="0.002"))
    made.meet(facts(29, origQty="0.005", status="CANCELED"))
    known = made.get(OWN)
    assert known is not None
    assert (known.number, known.quantity, known.is_done) == (30, D("0.002"), False)
    assert made.name_of("BTCUSDT", 29) == OWN


def test_what_a_list_lacks_is_let_go_of_unless_it_is_young_or_has_an_end_to_keep(registry: Registry) -> None:
    young = registry.sent(msgspec.structs.replace(order(), created_ns=100))
    kept = registry.sent(order())
    kept.ends_ns = 5
    other = registry.sent(order(symbol="ETHUSDT"))
    registry.keep_listed([], ["BTCUSDT"], 50)
    assert {one.client_order_id for one in registry.open_orders()} == {
        young.client_order_id, kept.client_order_id, other.client_order_id
    }  # fmt: skip
    registry.keep_listed([("BTCUSDT", 28)], ["BTCUSDT"], 500)
    assert registry.count_open() == 0


def test_one_that_turns_up_again_is_open_again() -> None:
    made = Registry()
    made.meet(facts())
    made.keep_listed([], ["BTCUSDT"], 2**62)
    assert made.count_open() == 0
    made.meet(facts())
    assert (made.count_open(), len(made.open_orders())) == (1, 1)


def test_a_stop_counts_as_one() -> None:
    made = Registry()
    made.meet(facts(type="STOP_LOSS_LIMIT"))
    assert (made.count_open(algo=True), made.count_open("BTCUSDT", algo=True)) == (1, 1)


def test_the_oldest_that_are_done_are_forgotten_with_their_numbers() -> None:
    made = Registry(kept=2)
    orders = [order() for _ in range(4)]
    for number, one in enumerate(orders, 1):
        made.sent(one)
        made.hear(OrderAccepted(one.client_order_id, "binance", 1, str(number)))
        made.hear(OrderCanceled(one.client_order_id, "binance", 2, str(number)))
    assert [made.get(one.client_order_id) is not None for one in orders] == [False, False, True, True]
    assert [made.name_of("BTCUSDT", number) is not None for number in range(1, 5)] == [False, False, True, True]


def test_an_order_that_is_tried_again_is_open_again() -> None:
    made = Registry()
    made.sent(ONE)
    made.not_sent(NAME)
    assert made.open_orders() == []
    made.sent(ONE)
    assert len(made.open_orders()) == 1
    made.hear(OrderAccepted(NAME, "binance", 1, "28"))
    made.not_sent(NAME)  # late: it lives
    assert made.count_open() == 1


def test_words_about_orders_that_nobody_knows_are_passed_over(registry: Registry) -> None:
    registry.hear(OrderCanceled("nobody", "binance", 2, "7"))
    registry.not_sent("nobody")
    registry.carry("nobody", 7, D(0), "x")
    assert registry.count_open() == 1
