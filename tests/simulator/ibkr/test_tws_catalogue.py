"""Questions beside trading: none is left without an answer, and what needs none is taken in silence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator_kit import RunningVenue, running

sys.path.insert(0, str(Path(__file__).parent))

from tws_wire import Tws, read_until, tws  # noqa: E402


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
