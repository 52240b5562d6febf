"""Money in and out."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import settled


def test_a_profit_is_paid_out_in_twelve_decimals() -> None:
    assert settled(Decimal(10) / 3) == Decimal("3.333333333333")
    assert settled(-Decimal(20) / 3) == Decimal("-6.666666666667")


def test_a_profit_of_fewer_decimals_is_left_as_it_is_written() -> None:
    assert str(settled(Decimal("9.90"))) == "9.90"
    assert str(settled(Decimal("0.000000000001"))) == "1E-12"


def test_a_profit_beyond_all_measure_is_no_error() -> None:
    assert settled(Decimal("1E30")) == Decimal("1E30")
