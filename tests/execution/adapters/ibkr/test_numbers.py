"""Unset is None in all its spellings, and no float's digits are invented."""

from __future__ import annotations

import math
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import DecodeError
from autotrader.execution.adapters.ibkr.numbers import clean, count_of, needed, whole, wire


@pytest.mark.parametrize(
    "unset",
    [
        None, "", 2**31 - 1, 2**63 - 1, 2**127 - 1, sys.float_info.max, -sys.float_info.max, Decimal(2**127 - 1), "Infinity",
        Decimal(2**31 - 1), 2147483647.0, "1.7976931348623157E308", Decimal("1.7976931348623157E+308"), math.inf, math.nan,
        Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), "9223372036854775807", 9.223372036854775807e18 * 1e20,
    ],
)  # fmt: skip
def test_what_is_unset_is_none(unset: object) -> None:
    assert clean(unset) is None


@pytest.mark.parametrize(
    ("given", "number"),
    [(150.25, "150.25"), (0.1, "0.1"), (1e-8, "1E-8"), (0.0, "0.0"), (100, "100"), (Decimal("12.50"), "12.50"), ("-1", "-1")],
)
def test_a_number_keeps_the_digits_that_were_written(given: object, number: str) -> None:
    assert clean(given) == Decimal(number)


@pytest.mark.parametrize("nonsense", [True, b"1", "one", [1], "1" * 100, object()])
def test_what_is_no_number_is_an_error(nonsense: object) -> None:
    with pytest.raises(DecodeError):
        clean(nonsense)


@given(st.one_of(st.floats(), st.integers(), st.decimals(), st.text(max_size=80), st.binary(max_size=5), st.none()))
def test_nothing_that_is_not_finite_passes(value: object) -> None:
    try:
        number = clean(value)
    except DecodeError:
        return
    assert number is None or (number.is_finite() and -(10**30) < number < 10**30)


def test_a_number_that_has_to_be_there_is_named() -> None:
    with pytest.raises(DecodeError, match="price"):
        needed("", "price")
    assert needed("0", "price") == 0


def test_ids_are_whole() -> None:
    assert whole(2**40, "permId") == 2**40
    assert whole(2**63 - 1, "parentPermId") == 0
    with pytest.raises(DecodeError, match="permId"):
        whole(1.5, "permId")


def test_descriptive_counts_have_a_default() -> None:
    assert (count_of("x", 1), count_of(1.5, 1), count_of(None, 1), count_of(100, 1)) == (1, 1, 1, 100)


@pytest.mark.parametrize(
    ("value", "text"), [("1E-8", "0.00000001"), ("1E+3", "1000"), ("150.250", "150.250"), ("-0.5", "-0.5")]
)
def test_decimals_are_written_without_an_exponent(value: str, text: str) -> None:
    assert str(wire(Decimal(value))) == text


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_what_is_not_finite_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match="sent"):
        wire(Decimal(value))
