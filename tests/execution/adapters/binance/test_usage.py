"""Limit headers and Retry-After (binance.md section 7)."""

from __future__ import annotations

import pytest
from binance_kit import SETTINGS
from hypothesis import given
from hypothesis import strategies as st

from autotrader.execution.adapters.binance.codec import CodecSettings, ErrorBody, ErrorClass, retry_after_s, usage_of
from autotrader.messages import UsageReported

NOW = 1_629_384_900_000_000_000


def wait(headers: dict[str, str], error: ErrorBody | None = None, kind: ErrorClass = ErrorClass.LIMITED) -> float:
    return retry_after_s(headers, error, kind, SETTINGS, NOW)


def test_used_weight_and_order_counts_are_told_by_budget() -> None:
    headers = {
        "Content-Type": "application/json", "X-MBX-USED-WEIGHT": "7", "X-MBX-USED-WEIGHT-1M": "7",
        "x-mbx-order-count-10s": " 3 ",
        "X-MBX-ORDER-COUNT-1D": "12", "X-SAPI-USED-IP-WEIGHT-1M": "1",
    }
    assert usage_of(headers, "binance") == (
        UsageReported("binance", "REQUEST_WEIGHT_1M", 7), UsageReported("binance", "ORDERS_10S", 3),
        UsageReported("binance", "ORDERS_1D", 12), UsageReported("binance", "SAPI_IP_WEIGHT_1M", 1),
    )


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "1e3", "9" * 13, "٣"])
def test_a_count_that_is_none_is_left_out(value: str) -> None:
    assert usage_of({"X-MBX-USED-WEIGHT-1M": value}, "binance") == ()


@pytest.mark.parametrize("interval", ["", "M", "1X", "10", "99999M"])
def test_an_interval_that_is_none_is_left_out(interval: str) -> None:
    assert usage_of({f"X-MBX-USED-WEIGHT-{interval}": "1"}, "binance") == ()


def test_retry_after_is_seconds_to_the_millisecond() -> None:
    assert wait({"Retry-After": "3"}) == 3.0
    assert wait({"retry-after": "0.250"}) == 0.25


def test_retry_after_may_be_a_date() -> None:
    assert wait({"Retry-After": "Thu, 19 Aug 2021 14:56:00 GMT"}) == 60.0
    assert wait({"Retry-After": "Thu, 19 Aug 2021 14:00:00 GMT"}) == SETTINGS.limit_wait_s


def test_a_ban_whose_end_is_named_in_the_words_is_obeyed() -> None:
    banned = ErrorBody(-1003, "Way too much request weight used; IP banned until 1629384957000. Please use WebSocket Streams")
    assert wait({}, banned, ErrorClass.BANNED) == 57.0
    assert wait({"Retry-After": "90"}, banned, ErrorClass.BANNED) == 90.0


def test_without_a_word_the_settings_say_how_long() -> None:
    assert wait({}) == SETTINGS.limit_wait_s
    assert wait({}, None, ErrorClass.BANNED) == SETTINGS.ban_wait_s
    chosen = CodecSettings("acc", limit_wait_s=1.5, ban_wait_s=300.0)
    assert retry_after_s({}, None, ErrorClass.LIMITED, chosen, NOW) == 1.5
    assert retry_after_s({}, None, ErrorClass.BANNED, chosen, NOW) == 300.0


@pytest.mark.parametrize("kind", [one for one in ErrorClass if one not in (ErrorClass.LIMITED, ErrorClass.BANNED)])
def test_nothing_else_waits_unless_the_venue_asks_for_it(kind: ErrorClass) -> None:
    assert wait({}, None, kind) == 0.0
    assert wait({"Retry-After": "2"}, None, kind) == 2.0


@pytest.mark.parametrize("value", ["NaN", "inf", "-5", "soon", "", "1e9", "9" * 10])
def test_a_nonsense_header_counts_as_none(value: str) -> None:
    assert wait({"Retry-After": value}) == SETTINGS.limit_wait_s


def test_a_wait_without_end_is_cut_to_a_week() -> None:
    assert wait({"Retry-After": "999999999"}) == 7 * 86_400


@given(st.dictionaries(st.sampled_from(["Retry-After", "X-MBX-USED-WEIGHT-1M", "X-MBX-ORDER-COUNT-10S"]), st.text()))
def test_any_header_gives_a_finite_wait(headers: dict[str, str]) -> None:
    usage_of(headers, "binance")
    assert 0 <= wait(headers) <= 7 * 86_400
