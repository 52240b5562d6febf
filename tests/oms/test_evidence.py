"""Rule N and Rule L: what it takes to prove that an order is not there, or that it works."""

from __future__ import annotations

import pytest

from autotrader.oms.evidence import REQUEST_LIFE_NS, Evidence

S = 1_000_000_000
LIFE = 5 * S


def gathered(*asked: int, up: int | None = 0, snapshot: int | None = 6) -> Evidence:
    evidence = Evidence(0, LIFE, S)
    if up is not None:
        evidence.stream_up(up * S)
    for at in asked:
        evidence.not_found(at * S)
    if snapshot is not None:
        evidence.snapshot_taken(snapshot * S)
    return evidence


def test_three_misses_over_ten_seconds_after_the_requests_life_prove_absence() -> None:
    assert gathered(5, 10, 15).proves_absence()


@pytest.mark.parametrize(
    ("asked", "up", "snapshot", "why"),
    [
        ((5, 15), 0, 6, "two queries"),
        ((5, 10, 14), 0, 6, "nine seconds"),
        ((4, 10, 15), 0, 6, "one asked within the life"),
        ((5, 10, 15), None, 6, "no stream"),
        ((5, 10, 15), 7, 6, "a snapshot before the stream"),
        ((5, 10, 15), 0, 4, "a snapshot within the life"),
        ((5, 10, 15), 0, None, "no snapshot"),
    ],
)
def test_less_proves_nothing(asked: tuple[int, ...], up: int | None, snapshot: int | None, why: str) -> None:
    assert not gathered(*asked, up=up, snapshot=snapshot).proves_absence(), why


def test_a_stream_that_is_lost_takes_the_proof_away() -> None:
    evidence = gathered(5, 10, 15)
    evidence.stream_lost()
    assert not evidence.proves_absence()
    evidence.stream_up(16 * S)
    assert not evidence.proves_absence()
    evidence.snapshot_taken(17 * S)
    assert evidence.proves_absence()


def test_another_request_starts_the_wait_anew() -> None:
    evidence = gathered(5, 10, 15)
    evidence.request_left(12 * S, LIFE)
    assert not evidence.proves_absence()
    for at in (17, 22, 27):
        evidence.not_found(at * S)
    evidence.snapshot_taken(18 * S)
    assert evidence.proves_absence()


def test_one_sight_of_it_starts_over() -> None:
    evidence = gathered(5, 10, 15)
    evidence.works(16 * S)
    assert not evidence.proves_absence()


def test_three_sights_over_ten_seconds_after_the_lag_prove_life() -> None:
    evidence = Evidence(0, LIFE, S)
    for at in (1, 6, 11):
        assert not evidence.proves_life(0)
        evidence.works(at * S)
    assert evidence.proves_life(10 * S)
    assert not evidence.proves_life(10 * S + 1)


def test_what_contradicts_a_sight_starts_over() -> None:
    for contradict in (lambda one: one.not_found(12 * S), lambda one: one.doubt()):
        evidence = Evidence(0, LIFE, S)
        for at in (1, 6, 11):
            evidence.works(at * S)
        contradict(evidence)
        assert not evidence.proves_life(0)


def test_answers_may_come_in_any_order() -> None:
    assert gathered(15, 5, 10).proves_absence()


def test_requests_live_as_long_as_the_venue_says() -> None:
    assert REQUEST_LIFE_NS["binance"] == REQUEST_LIFE_NS["okx"] == LIFE
    assert "oanda" not in REQUEST_LIFE_NS


@pytest.mark.parametrize(
    ("asked", "up", "snapshot", "lacks"),
    [
        ((5,), 0, None, True),
        ((5,), 0, 4, True),
        ((5,), 7, 6, True),
        ((5,), 0, 6, False),
        ((4,), 0, None, False),
        ((5,), None, None, False),
    ],
)
def test_a_snapshot_is_lacking_once_a_miss_counts(
    asked: tuple[int, ...], up: int | None, snapshot: int | None, lacks: bool
) -> None:
    assert gathered(*asked, up=up, snapshot=snapshot).lacks_snapshot is lacks


def test_an_answer_is_wanted_at_the_end_of_the_life_and_then_as_soon_as_the_span_allows() -> None:
    assert gathered().wanted_ns == LIFE
    assert gathered(3).wanted_ns == LIFE
    assert gathered(6).wanted_ns == 11 * S
    assert gathered(6, 11).wanted_ns == 16 * S
