"""Times in TWS's forms, read only where they are certain."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.execution.adapters.ibkr.times import format_utc, parse_time, zone_in, zone_of

NEW_YORK = zone_of("US/Eastern")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("20250415  19:38:31", "2025-04-15T23:38:31"), ("20250415 19:38:31", "2025-04-15T23:38:31"),
        ("20250415 19:38:31 US/Eastern", "2025-04-15T23:38:31"), ("20250415 19:38:31 Europe/Berlin", "2025-04-15T17:38:31"),
        ("20250415-19:38:31", "2025-04-15T19:38:31"), ("20250415-19:38:31Z", "2025-04-15T19:38:31"),
        ("20250415-19:38:31 UTC", "2025-04-15T19:38:31"), ("20250415 19:38:31 British Summer Time", "2025-04-15T18:38:31"),
        ("20250115 19:38:31 US/Eastern", "2025-01-16T00:38:31"), ("20250415 19:38:31.123 US/Eastern", "2025-04-15T23:38:31"),
    ],
)  # fmt: skip
def test_the_forms(text: str, utc: str) -> None:
    assert parse_time(text, NEW_YORK) == at(utc)


def test_without_a_zone_it_is_not_known() -> None:
    assert parse_time("20250415  19:38:31") is None


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "20250415", "20251315 10:00:00", "20250415 25:00:00", "20250415 10:00:00 Nowhere/Land",
     "20250415T10:00:00", "20250415 10:00:00 ../../etc/passwd", "00000000 00:00:00 UTC", "20250415   10:00:00"],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text, NEW_YORK) is None


def test_an_hour_that_comes_twice_is_not_known() -> None:
    assert parse_time("20251102 01:30:00 US/Eastern") is None
    assert parse_time("20251102 03:30:00 US/Eastern") == at("2025-11-02T08:30:00")


@given(st.text(max_size=40))
def test_no_text_is_an_error(text: str) -> None:
    found = parse_time(text, NEW_YORK)
    assert found is None or isinstance(found, int)


def test_the_zone_of_a_log_on() -> None:
    assert zone_in("20250415 19:38:30 British Summer Time") == zone_of("Europe/London")
    assert zone_in("20250415 19:38:30 Mitteleurop\ufffdische Zeit") is None
    assert zone_in("") is None


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_a_time_is_written_in_utc_and_never_later(ns: int) -> None:
    text = format_utc(ns)
    back = parse_time(text)
    assert back is not None
    assert 0 <= ns - back < 1_000_000_000


def test_what_has_no_date_is_an_error() -> None:
    with pytest.raises(ValueError, match="written"):
        format_utc(10**30)
