"""Time stamps of tapes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.market.times import is_time, time_reader

NEW_YEAR_NS = 1_577_836_800_000_000_000


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1577836800", NEW_YEAR_NS),
        ("1577836800123", NEW_YEAR_NS + 123_000_000),
        ("1577836800123456", NEW_YEAR_NS + 123_456_000),
        ("1577836800123456789", NEW_YEAR_NS + 123_456_789),
        ("1577836800.5", NEW_YEAR_NS + 500_000_000),
        ("1577836800123.25", NEW_YEAR_NS + 123_250_000),
        ("2020-01-01 00:00:00", NEW_YEAR_NS),
        ("2020-01-01T00:00:00Z", NEW_YEAR_NS),
        ("2020-01-01 02:00:00.000001+02:00", NEW_YEAR_NS + 1_000),
        ("2020-01-01", NEW_YEAR_NS),
        ("2020/01/01 00:00:00.5", NEW_YEAR_NS + 500_000_000),
        ("2020.01.01 00:00", NEW_YEAR_NS),
        ("20200101 000000", NEW_YEAR_NS),
        ("20200101 170000065", NEW_YEAR_NS + (17 * 3600) * 10**9 + 65_000_000),
        ("20200101 17:00:00.065", NEW_YEAR_NS + (17 * 3600) * 10**9 + 65_000_000),
    ],
)
def test_every_known_form_is_read_to_the_nanosecond(text: str, ns: int) -> None:
    assert is_time(text)
    assert time_reader(text)(text) == ns


def test_milliseconds_and_microseconds_mix_row_by_row_as_in_dumps_of_2025() -> None:
    read = time_reader("1735689599999")
    assert read("1735689599999") + 1_000_000 == read("1735689600000000")


@pytest.mark.parametrize("text", ["", "abc", "39432.48", "553287559x", "1", "01/02/2012 10:00", "2012-02"])
def test_what_is_no_time_is_refused_with_the_known_forms(text: str) -> None:
    assert not is_time(text)
    with pytest.raises(ValueError, match="expected a time"):
        time_reader(text)


@pytest.mark.parametrize(
    ("sample", "bad"),
    [
        ("1577836800123", "nan"), ("1577836800123", "12"), ("1577836800123", "99999999999999999999"),
        ("2020-01-01 00:00:00", "2020-13-01 00:00:00"), ("2020-01-01 00:00:00", "soon"),
        ("20200101 000000", "20200101 250000"), ("20200101 000000", "20200101 0000"), ("20200101 000000", "20201301 000000"),
    ],
)
def test_a_later_row_that_is_no_time_raises(sample: str, bad: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        time_reader(sample)(bad)


@given(st.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_written_times_agree_with_the_calendar(moment: datetime) -> None:
    text = moment.isoformat(sep=" ")
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    assert time_reader(text)(text) == (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000


@given(st.integers(min_value=157_766_400_000, max_value=4_102_444_800_000))
def test_the_unit_of_a_number_is_told_by_its_size(ms: int) -> None:
    read = time_reader("1577836800123")
    assert read(str(ms)) == read(str(ms * 1_000)) == read(str(ms * 1_000_000))
