"""Ticks become tops of book; what stands is said to stand only while TWS has its data, and a refusal is said in words."""

from __future__ import annotations

from typing import Any

import pytest
from ibkr_actor_kit import AAPL, ES, START_NS, D

from autotrader.execution.adapters.ibkr.codes import kind_of
from autotrader.execution.adapters.ibkr.messages import (
    ContractDetails,
    ContractDetailsRequest,
    ContractTold,
    EndTold,
    ErrorTold,
    MarketDataCancel,
    MarketDataRequest,
    MarketDataTypeRequest,
    MarketDataTypeTold,
    TickTold,
)
from autotrader.execution.adapters.ibkr.ticks import Ticker, Top

CONTRACTS = {"AAPL": AAPL, "ESZ6": ES}
DETAILS = ContractDetails(min_tick=D("0.01"))


class Ticking:
    """A ticker whose symbols are resolved, unless they are ``unknown``."""

    def __init__(self, *symbols: str, delayed: bool = False, unknown: str = "") -> None:
        self.ticker = Ticker(symbols or ("AAPL",), delayed=delayed)
        self.asked: list[Any] = []
        for request in self.ticker.begin():
            assert isinstance(request, ContractDetailsRequest)
            name = request.contract.symbol or request.contract.local_symbol
            if name == unknown:
                self.take(error(200, request.req_id))
                continue
            self.take(ContractTold(START_NS, request.req_id, CONTRACTS[name], DETAILS))
            self.take(EndTold(START_NS, "contract_details", request.req_id))

    def take(self, event: Any) -> list[Any]:
        asked = self.ticker.take(event)
        self.asked += asked
        return asked

    def id_of(self, con_id: int = AAPL.con_id) -> int:
        found = [one.req_id for one in self.asked if isinstance(one, MarketDataRequest) and one.contract.con_id == con_id]
        return found[-1]

    def tick(self, field: int, value: str | None, number: int | None = None) -> list[Top]:
        is_size = field in (0, 3, 69, 70)
        told = None if value is None else D(value)
        req_id = self.id_of() if number is None else number
        self.take(TickTold(START_NS, req_id, field, None if is_size else told, told if is_size else None))
        return self.ticker.take_fresh()

    def top(self) -> Top:
        self.tick(1, "150.00")
        self.tick(2, "150.02")
        self.tick(0, "300")
        [top] = self.tick(3, "400")
        return top


def error(code: int, number: int = -1, text: str = "no") -> ErrorTold:
    return ErrorTold(START_NS, number, code, text, kind_of(code))


def test_all_that_is_resolved_is_subscribed_to_at_once() -> None:
    at = Ticking("AAPL", "ESZ6")
    assert [type(one) for one in at.asked] == [MarketDataTypeRequest, MarketDataRequest, MarketDataRequest]
    assert at.asked[0].kind == 1
    assert Ticking(delayed=True).asked[0].kind == 3


def test_a_symbol_that_is_nothing_is_named_and_the_others_are_quoted() -> None:
    at = Ticking("AAPL", "ESZ6", unknown="AAPL")
    assert [one.contract.con_id for one in at.asked if isinstance(one, MarketDataRequest)] == [ES.con_id]
    [word] = at.ticker.take_words()
    assert "AAPL: TWS knows no such contract" in word


def test_a_top_is_told_once_both_sides_are_there_and_again_when_it_changes() -> None:
    at = Ticking()
    assert at.tick(1, "150.00") == []
    [first] = at.tick(2, "150.02")
    assert (first.bid, first.ask, first.bid_size, first.ask_size) == (D("150.00"), D("150.02"), 0, 0)
    [second] = at.tick(0, "300")
    assert (second.bid_size, second.update > first.update) == (300, True)
    assert at.tick(0, "300") == []


def test_a_side_that_is_gone_is_a_top_no_more() -> None:
    at = Ticking()
    top = at.top()
    assert at.ticker.standing(["AAPL"]) == [top]
    assert at.tick(1, None) == []
    assert at.ticker.standing(["AAPL"]) == []


@pytest.mark.parametrize(("delayed", "fields"), [(False, (66, 67)), (True, (1, 2))])
def test_delayed_ticks_count_where_delayed_data_was_asked_for_and_nowhere_else(delayed: bool, fields: tuple[int, int]) -> None:
    at = Ticking(delayed=delayed)
    assert at.tick(fields[0], "150.00") + at.tick(fields[1], "150.02") == []


def test_delayed_ticks_make_a_top() -> None:
    at = Ticking(delayed=True)
    at.tick(66, "150.00")
    assert len(at.tick(67, "150.02")) == 1


def test_ticks_of_others_and_of_other_kinds_are_passed_over() -> None:
    at = Ticking()
    assert at.tick(1, "150.00", 7) + at.tick(4, "150.01") == []


@pytest.mark.parametrize("cut", [2103, 1100, 2110])
@pytest.mark.parametrize("back", [2104, 1102])
def test_nothing_stands_while_tws_has_no_data(cut: int, back: int) -> None:
    at = Ticking()
    top = at.top()
    at.take(error(cut))
    assert at.ticker.standing(["AAPL"]) == []
    at.take(error(back))
    assert at.ticker.standing(["AAPL"]) == [top]


@pytest.mark.parametrize("code", [1101, 10225])
def test_what_lost_the_subscriptions_has_them_made_anew(code: int) -> None:
    at = Ticking()
    at.top()
    before = at.id_of()
    asked = at.take(error(code))
    assert [type(one) for one in asked] == [MarketDataCancel, MarketDataTypeRequest, MarketDataRequest]
    assert at.id_of() != before
    assert at.ticker.standing(["AAPL"]) == []
    assert at.tick(1, "150.00", before) == []


@pytest.mark.parametrize("code", [354, 10089, 10090, 10168, 10186])
def test_data_that_is_not_subscribed_to_is_said_plainly(code: int) -> None:
    at = Ticking()
    at.top()
    at.take(error(code, at.id_of(), "Requested market data is not subscribed."))
    [word] = at.ticker.take_words()
    assert f"AAPL: {code}" in word
    assert 'market_data = "delayed"' in word
    assert at.ticker.standing(["AAPL"]) == []


def test_another_login_with_the_data_is_named_as_the_cause() -> None:
    at = Ticking()
    at.take(error(10197, at.id_of()))
    assert "another login" in at.ticker.take_words()[0]


def test_the_notice_of_delayed_data_is_none_where_it_was_asked_for() -> None:
    at = Ticking(delayed=True)
    at.take(error(10167, at.id_of()))
    assert at.ticker.take_words() == []


def test_frozen_quotes_are_named() -> None:
    at = Ticking()
    at.take(MarketDataTypeTold(START_NS, at.id_of(), 2))
    assert "frozen" in at.ticker.take_words()[0]
