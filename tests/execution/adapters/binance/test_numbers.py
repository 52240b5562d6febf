"""Decimal text, times, ids (binance.md head, sections 3 and 9)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from binance_kit import D
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import EncodeError
from autotrader.execution.adapters.binance.codec.numbers import (
    average,
    none_if_zero,
    ns_of,
    number,
    quote_amount,
    signed,
    text_of,
)

BAD = [
    "", "NaN", "sNaN", "Infinity", "-Infinity", "inf", "1e400", "1E-8", "1_000", " 1", "1 ", "1.", ".5", "+1", "0x1", "1,5",
    "１",
    "٣", "--1", "1.2.3", "9" * 41, "1." + "0" * 41, "\n1", "1\n",
]


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_plain_number_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not a plain number"):
        number(bad)
    with pytest.raises(ValueError, match="not a plain number"):
        signed(bad)


def test_a_sign_is_only_taken_where_it_can_be() -> None:
    with pytest.raises(ValueError):
        number("-1")
    assert signed("-0.00100000") == D("-0.001")


def test_numbers_keep_every_digit_that_says_something() -> None:
    assert str(number("0.12345678901234567891")) == "0.12345678901234567891"
    padded = {"64286.63000000": "64286.63", "100.00000000": "100", "100": "100", "0.00000000": "0"}
    assert {text: str(number(text)) for text in padded} == padded
    assert number("12345678901234567890.5") == D("12345678901234567890.5")


@given(st.text())
def test_a_number_is_finite_or_refused(text: str) -> None:
    try:
        value = signed(text)
    except ValueError:
        return
    assert value.is_finite()


def test_a_price_of_zero_stands_for_none() -> None:
    assert none_if_zero("0.00000000") is None
    assert none_if_zero(None) is None
    assert none_if_zero("0.10000000") == D("0.1")


def test_a_negative_quote_amount_is_not_available() -> None:
    assert quote_amount("-1") is None
    assert quote_amount("-0.00000001") is None
    assert quote_amount(None) is None
    assert quote_amount("0.00000000") == 0


def test_an_average_needs_both_figures() -> None:
    assert average(D("0.4"), D(20)) == 50
    assert average(D(0), D(20)) is None
    assert average(D(1), None) is None


def test_milliseconds_and_microseconds_are_told_apart_by_size() -> None:
    assert ns_of(1499405658657) == 1_499_405_658_657_000_000
    assert ns_of(1499405658657123) == 1_499_405_658_657_123_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("1E-8"), "0.00000001"), (D("1E+3"), "1000"), (D("50000.10"), "50000.10"), (D("0.00100000"), "0.00100000"),
        (D("1.0000000000"), "1.00000000"), (D("1.1234567890"), "1.123456789"), (D("0E-20"), "0.00000000"),
        (D("12345678901234567890"), "12345678901234567890"),
    ],
)
def test_text_has_no_exponent_and_no_idle_zeros_beyond_eight_decimals(value: Decimal, text: str) -> None:
    assert text_of(value, "x") == text


@pytest.mark.parametrize("bad", [None, D("NaN"), D("Infinity"), D(-1), D("1E+20"), D("1E-21"), D("1E+999999"), D("1E-999999")])
def test_what_the_venue_would_refuse_is_our_bug(bad: Decimal | None) -> None:
    with pytest.raises(EncodeError, match="price"):
        text_of(bad, "price")


@given(st.decimals(min_value=0, max_value=10**19, places=12))
def test_text_reads_back_as_the_same_number(value: Decimal) -> None:
    assert D(text_of(value, "x")) == value
