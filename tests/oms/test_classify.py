"""What a message means, where its class alone does not say."""

from __future__ import annotations

from decimal import Decimal

import pytest
from order_kit import ACK, LAG, PATHS, SECOND, T0, books, event, fill, filled, intended, reported

from autotrader.messages import CancelRejected, OrderDoubted, OrderReplaced, OrderReported, ReplaceAsked
from autotrader.model import OrderState
from autotrader.oms.classify import classify, second_meaning

S = OrderState
D = Decimal


def meaning(path: str, message: object, *before: object) -> int:
    made = books(*PATHS[path], *before)  # type: ignore[arg-type]
    return classify(made.orders["c1"], message, LAG)  # type: ignore[arg-type]


def test_a_cancel_refused_for_a_reason_not_listed_is_asked_about() -> None:
    assert meaning("PCX", event(CancelRejected, 5, kind="what")) == 20


@pytest.mark.parametrize(("path", "expected"), [("SND", 10), ("UNK", 10), ("OPN", 26), ("PRT", 26)])
def test_not_found_asked_before_the_newest_word_is_older_but_for_orders_in_doubt(path: str, expected: int) -> None:
    assert meaning(path, asked_at(T0 + 1)) == expected
    assert meaning(path, asked_at(T0 + 50 * SECOND)) == 10


def asked_at(asked_ns: int) -> OrderReported:
    return OrderReported("c1", "binance", T0 + 9 * SECOND, "V1", None, asked_ns=asked_ns)


def test_a_done_report_that_counts_what_we_count_means_nothing_else() -> None:
    made = books(*PATHS["PRT"])
    applied = made.apply(reported(S.CANCELED, 9, 9, "4"))
    assert (applied.event, applied.then, applied.refused) == (9, 0, None)


@pytest.mark.parametrize(("count", "then"), [("5", 27), ("3", 37)])
def test_a_done_report_that_counts_otherwise_owes_a_query(count: str, then: int) -> None:
    made = books(*PATHS["PRT"])
    applied = made.apply(reported(S.CANCELED, 9, 9, count))
    assert (applied.event, applied.then, applied.query) == (9, then, True)
    assert made.orders["c1"].state is S.CANCELED


def test_a_proof_of_life_brings_its_terms() -> None:
    made = books(*PATHS["OPN"])
    applied = made.apply(reported(S.OPEN, 30, 30, "0", proven=True, quantity=D(8)))
    assert (applied.event, applied.then, made.orders["c1"].quantity) == (30, 32, D(8))


def test_terms_of_an_answer_that_may_be_older_are_not_taken() -> None:
    made = books(*PATHS["PRP"], event(OrderReplaced, 10, price=D(101)))
    applied = made.apply(reported(S.OPEN, 11, 10, "0", price=D(100)))
    assert (applied.event, applied.then, made.orders["c1"].price) == (8, 0, D(101))


def test_only_live_answers_and_ends_have_a_second_meaning() -> None:
    record = books(*PATHS["OPN"]).orders["c1"]
    told = reported(S.OPEN, 30, 30, "5", quantity=D(8))
    assert second_meaning(record, told, 8, older=False) == 32
    assert second_meaning(record, told, 8, older=True) == 0
    for number in (10, 11, 26, 27, 31, 37):
        assert second_meaning(record, told, number, older=False) == 0


def test_a_replace_shows_in_an_answer_only_with_all_terms_it_asked_for() -> None:
    asked = event(ReplaceAsked, 3, None, price=D(101), quantity=D(12))
    for terms, then in (({"price": D(101), "quantity": D(12)}, 23), ({"price": D(101), "quantity": D(11)}, 32), ({}, 0)):
        made = books(*PATHS["OPN"], asked)
        assert made.apply(reported(S.OPEN, 30, 30, "0", **terms)).then == then


def test_a_replace_shows_even_in_an_answer_that_may_be_older() -> None:
    assert meaning("PRP", reported(S.OPEN, 2, 1, "0", price=D(101))) == 23
    assert meaning("PRP", reported(S.OPEN, 2, 1, "0", price=D(99))) == 26


def test_an_answer_that_counts_less_is_older_within_the_lag_and_a_doubt_after() -> None:
    assert meaning("PRT", reported(S.OPEN, 3, 2, "1")) == 26
    assert meaning("PRT", reported(S.OPEN, 4, 3, "1")) == 37


def test_a_live_answer_for_a_done_order_counts_only_after_the_lag() -> None:
    assert meaning("CAN", reported(S.OPEN, 3, 2, "0")) == 26
    assert meaning("CAN", reported(S.OPEN, 4, 3, "0")) == 8


def test_an_answer_for_an_order_in_doubt_is_taken_however_early() -> None:
    assert meaning("UNK", OrderReported("c1", "binance", T0, "V1", S.OPEN, asked_ns=T0 + 1)) == 8


def test_a_gap_comes_before_all_else_that_a_live_answer_says() -> None:
    for path in ("UNK", "OPN", "PCX", "CAN"):
        assert meaning(path, reported(S.OPEN, 30, 30, "5", proven=True, quantity=D(3))) == 27


def test_one_trade_told_with_another_quantity_price_or_side_is_other_data() -> None:
    assert meaning("PRT", filled(fill("t1", "5"))) == 16
    assert meaning("PRT", filled(fill("t1", price="101"))) == 16
    assert meaning("PRT", filled(fill("t1", side=fill("x").side.opposite))) == 16
    assert meaning("PRT", filled(fill("t1"))) == 15


def test_a_doubt_is_a_doubt_in_every_state() -> None:
    for path in PATHS:
        assert meaning(path, event(OrderDoubted, 9, None)) == 28
    assert books(intended(), ACK).orders["c1"].last_ns == ACK.ts_ns
