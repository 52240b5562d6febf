"""Questions beside trading: none is left without an answer, and what needs none is taken in silence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator_kit import RunningVenue, running

sys.path.insert(0, str(Path(__file__).parent))

from tws_wire import Tws, contract, read_until, tws  # noqa: E402


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running("ibkr") as venue:
        yield venue


@pytest.fixture
def one(venue: RunningVenue) -> Iterator[Tws]:
    with tws(venue, 31) as one:
        yield one


def test_symbols_are_found_by_their_beginning_and_by_name(one: Tws) -> None:
    one.send(81, 5, "aap")
    found = one.until(79)
    assert found[:3] == ["79", "5", "2"]
    assert found[3:12] == ["265598", "AAPL", "STK", "NASDAQ", "USD", "1", "OPT", "APPLE INC", ""]
    one.send(81, 6, "microsoft")
    assert one.until(79)[2:5] == ["2", "272093", "MSFT"]
    one.send(81, 7, "nothing of that name")
    assert one.until(79) == ["79", "7", "0"]


def test_symbols_have_no_description_for_an_older_client(venue: RunningVenue) -> None:
    with tws(venue, 32, versions="v100..157") as one:
        one.send(81, 5, "EUR")
        assert one.until(79) == ["79", "5", "1", "12087792", "EUR", "CASH", "IDEALPRO", "USD", "0"]


def test_an_option_chain_is_listed_by_exchange_and_ends(one: Tws) -> None:
    one.send(78, 8, "AAPL", "", "STK", 265598)
    chains = read_until(one, 75, 76)
    assert {message[2] for message in chains} == {"SMART", "AMEX", "CBOE", "ISE", "PHLX"}
    assert chains[0][3:] == ["265598", "AAPL", "100", "1", "20261218", "1", "250"]
    one.send(78, 9, "MSFT", "", "STK", 272093)
    assert read_until(one, 75, 76) == []
    one.send(78, 10, "XYZ", "", "STK", 1)
    one.error(10, 200)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ((24, 1), ["19", "1", "<ScanParameterResponse/>"]), ((79, 4), ["77", "4", "0"]), ((80,), ["78", "1", "DU1234567", ""]),
        ((82,), ["80", "0"]), ((83, 4, "a6"), ["82", "4", "0"]), ((85,), ["85", "0"]), ((104, 4), ["107", "4", ""]),
    ],
)  # fmt: skip
def test_a_list_is_answered_though_it_is_empty(one: Tws, asked: tuple[object, ...], answer: list[str]) -> None:
    one.send(*asked)
    assert one.until(int(answer[0])) == answer


@pytest.mark.parametrize("asked", [(12, 1, 1), (13, 1), (25, 1, 4), (51, 1, 4), (90, 4), (98, 4), (95, 4)])
def test_the_end_of_what_is_not_had_is_taken_in_silence(one: Tws, asked: tuple[object, ...]) -> None:
    one.send(*asked)
    assert one.quiet() == []


IB_ASYNC_WAITS_ON = {105, 110, 165, 321, 329, 399, 404, 434, 492, 10167}
"""Codes after which ib_async goes on waiting for the answer, since it takes them for warnings."""


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ((20, 4, *contract(symbol="AAPL", sec_type="STK"), 0, "", "5 mins", "1 D", 1, "TRADES", 1, 0, ""), 162),
        ((87, 4, *contract(symbol="AAPL", sec_type="STK"), 0, 1, "TRADES", 1), 162), ((96, 4), 162), ((88, 4), 162),
        ((10, 5, 4), 10092), ((50, 3, 4), 420), ((52, 2, 4), 430), ((54, 3, 4), 10090), ((97, 4), 10189), ((86, 4), 10276),
        ((84, 4), 10172), ((22, 4), 162), ((21, 2, 4), 322), ((67, 1, 4), 322), ((100, 4), 10276),
    ],
)  # fmt: skip
def test_what_is_not_had_is_refused_with_a_code_that_ends_the_wait(one: Tws, asked: tuple[object, ...], code: int) -> None:
    one.send(*asked)
    assert code not in IB_ASYNC_WAITS_ON
    one.error(4, code)


def test_no_request_that_is_not_known_ends_the_connection(one: Tws) -> None:
    for message in (66, 72, 73, 18, 19, 105, 106, 110, 250):
        one.send(message, 1, 4)
        one.until(4, lambda said: said[2] == "-1")
    one.send(49, 1)
    assert one.until(49)


def test_the_profit_of_one_position_is_told_and_kept_up(venue: RunningVenue) -> None:
    with tws(venue, 33) as one:
        one.send(94, 8, "DU1234567", "", 265598)
        assert one.until(95) == ["95", "8", "0", "0", "0", "0", "0"]
        one.place(one.next_id, type="MKT", quantity="10")
        held = one.until(95, lambda said: said[2] != "0")
        assert (held[1], held[2], held[5]) == ("8", "10", "0.00")
        assert (held[3], float(held[6]) > 0) == (held[4], True)
        one.send(95, 8)
        one.send(94, 9, "DU1234567", "", 1)
        one.error(9, 200)
        assert one.place(one.next_id + 1, action="SELL", type="MKT", quantity="10")
        one.until(59)
        assert not [said for said in one.quiet() if said[0] == "95"]
