"""An execution counts once; a correction takes the place of what it corrects; a commission finds its execution."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.execution.adapters.ibkr.executions import Executions, News, revision_of
from autotrader.execution.adapters.ibkr.messages import CommissionTold, Execution


def execution(exec_id: str, quantity: str = "100", price: str = "10") -> Execution:
    return Execution(exec_id, 5, 7, 9, "DU1", "BUY", Decimal(quantity), Decimal(price), "")


def commission(exec_id: str, amount: str | None = "1") -> CommissionTold:
    return CommissionTold(1, exec_id, None if amount is None else Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("exec_id", "split"),
    [("0000e0d5.67fe667b.01.01", ("0000e0d5.67fe667b.01", 1)), ("a.b.01.12", ("a.b.01", 12)), ("plain", ("plain", 0)),
     ("a.b.xx", ("a.b.xx", 0)), ("a.", ("a.", 0)), ("", ("", 0)), ("a.\u0663", ("a.\u0663", 0))],
)  # fmt: skip
def test_an_id_is_a_trade_and_a_revision(exec_id: str, split: tuple[str, int]) -> None:
    assert revision_of(exec_id) == split


def test_a_copy_counts_for_nothing() -> None:
    book = Executions()
    assert book.take(execution("a.b.01.01")).news is News.NEW
    assert book.take(execution("a.b.01.01")).news is News.COPY
    assert len(book) == 1


def test_a_correction_names_what_it_replaces() -> None:
    book = Executions()
    first = execution("a.b.01.01")
    book.take(first)
    taken = book.take(execution("a.b.01.02", price="11"))
    assert (taken.news, taken.replaces) == (News.CORRECTION, first)
    third = book.take(execution("a.b.01.03", price="12"))
    assert third.replaces is not None
    assert third.replaces.exec_id == "a.b.01.02"


def test_what_is_corrected_already_comes_too_late() -> None:
    book = Executions()
    assert book.take(execution("a.b.01.02")).news is News.NEW
    assert book.take(execution("a.b.01.01")).news is News.OUTDATED
    assert book.take(execution("a.b.01.01")).news is News.COPY


def test_two_trades_of_one_order_are_two() -> None:
    book = Executions()
    assert book.take(execution("a.b.01.01")).news is News.NEW
    assert book.take(execution("a.c.01.01")).news is News.NEW


def test_a_commission_after_its_execution_says_something_once() -> None:
    book = Executions()
    told = execution("a.b.01.01")
    book.take(told)
    assert book.take_commission(commission("a.b.01.01")) == told
    assert book.take_commission(commission("a.b.01.01")) is None
    assert book.take_commission(commission("a.b.01.01", "2")) == told


def test_a_commission_before_its_execution_waits_for_it() -> None:
    book = Executions()
    early = commission("a.b.01.01")
    assert book.take_commission(early) is None
    assert book.take(execution("a.b.01.01")).commission == early
    assert book.take_commission(commission("a.b.01.01")) is None


def test_a_commission_that_is_not_known_yet_is_nothing() -> None:
    book = Executions()
    book.take(execution("a.b.01.01"))
    assert book.take_commission(commission("a.b.01.01", None)) is None
    assert book.take_commission(commission("a.b.01.01", "1")) is not None


def test_a_commission_of_what_was_corrected_adds_nothing() -> None:
    book = Executions()
    book.take(execution("a.b.01.01"))
    book.take(execution("a.b.01.02"))
    assert book.take_commission(commission("a.b.01.01")) is None


def test_commissions_of_others_do_not_pile_up() -> None:
    book = Executions()
    for number in range(10_050):
        book.take_commission(commission(f"other.{number}"))
    assert book.take(execution("other.0")).commission is None
    assert book.take(execution("other.10049")).commission is not None


@given(st.permutations([("a.b.01.01", 10), ("a.b.01.02", 20), ("a.b.01.03", 30), ("c.d.01.01", 5)] * 2))
def test_in_any_order_the_highest_revision_stands(told: list[tuple[str, int]]) -> None:
    book, standing = Executions(), {}
    for exec_id, quantity in told:
        taken = book.take(execution(exec_id, str(quantity)))
        if taken.news in (News.NEW, News.CORRECTION):
            if taken.replaces is not None:
                del standing[taken.replaces.exec_id]
            standing[exec_id] = quantity
    assert standing == {"a.b.01.03": 30, "c.d.01.01": 5}
