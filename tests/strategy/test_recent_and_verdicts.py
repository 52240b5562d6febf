"""Bounded memories, and what decide may return."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_kit import fill

from autotrader.model import ExecutionDecision
from autotrader.strategy.recent import FillMemory, RecentTimes
from autotrader.strategy.verdicts import FloodError, decisions_of

BUY = ExecutionDecision("BUY", "X", 1)


@given(st.lists(st.integers(0, 40), max_size=200), st.integers(1, 10))
def test_the_last_capacity_keys_are_remembered_and_never_more_than_twice_as_many(keys: list[int], capacity: int) -> None:
    memory = RecentTimes(capacity)
    for number, key in enumerate(keys):
        memory.put(key, number)
    last = {key: number for number, key in enumerate(keys)}
    recent = list(dict.fromkeys(reversed(keys)))[:capacity]
    assert all(memory.get(key) == last[key] for key in recent)
    assert sum(memory.get(key) is not None for key in range(41)) <= 2 * capacity


def test_a_fill_is_new_once() -> None:
    memory = FillMemory()
    assert memory.is_new(fill("t1"))
    assert not memory.is_new(fill("t1"))
    assert memory.is_new(fill("t2"))


@pytest.mark.parametrize("other", [{"venue": "okx"}, {"account": "B"}, {"symbol": "ETHUSDT"}])
def test_trade_ids_are_told_apart_by_venue_account_and_symbol(other: dict[str, str]) -> None:
    memory = FillMemory()
    assert memory.is_new(fill("t1"))
    assert memory.is_new(fill("t1", **other))


def test_fills_are_remembered_in_bounded_memory() -> None:
    memory = FillMemory(capacity=10)
    for number in range(100):
        memory.is_new(fill(f"t{number}"))
    assert not memory.is_new(fill("t95"))
    assert memory.is_new(fill("t1"))


@pytest.mark.parametrize(
    ("returned", "count_of"),
    [(None, 0), ([], 0), (BUY, 1), ([BUY, BUY], 2), ((BUY,), 1), (iter([BUY]), 1), ({BUY: 1}.keys(), 1)],
)
def test_decisions_may_come_in_many_forms(returned: object, count_of: int) -> None:
    assert decisions_of(returned, 10) == [BUY] * count_of


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("BUY", "not str"), (5, "not int"), (True, "not bool"), ({"action": "BUY"}, "not dict"), (b"x", "not bytes"),
        ([BUY, None], "NoneType at index 1"), ([[BUY]], "list at index 0"), (object(), "not object"),
    ],
)
def test_what_is_no_decision_is_an_error_that_names_its_type(returned: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        decisions_of(returned, 10)


def test_more_decisions_than_allowed_are_a_flood_even_without_end() -> None:
    assert len(decisions_of([BUY] * 10, 10)) == 10
    with pytest.raises(FloodError, match="more than 10 decisions"):
        decisions_of([BUY] * 11, 10)
    with pytest.raises(FloodError):
        decisions_of((BUY for _ in count()), 10)
