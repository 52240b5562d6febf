from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from autotrader.simulator.binance.errors import ApiError, refused_by_code
from autotrader.simulator.binance.timing import MICRO, MILLI, check_time, time_unit
from autotrader.simulator.binance.values import bounded, client_id, read_decimal, read_int, text8

NOW = 1_700_000_000_000 * MILLI


def code_of(act: Any, *given: Any) -> int:
    with pytest.raises(ApiError) as refused:
        act(*given)
    return refused.value.code


@pytest.mark.parametrize(("off_ms", "window"), [(999, None), (0, None), (-5000, None), (-60_000, "60000"), (-1, "1.001")])
def test_a_timestamp_within_its_window_is_good_until_the_window_ends(off_ms: int, window: str | None) -> None:
    """binance.md section 2: timestamp < server + 1000 ms, server - timestamp <= recvWindow."""
    params = {"timestamp": str(NOW // MILLI + off_ms)} | ({} if window is None else {"recvWindow": window})
    until_ns = check_time(params, NOW)
    assert until_ns == NOW + off_ms * MILLI + int(Decimal(window or "5000") * MILLI)


@pytest.mark.parametrize(("off_ms", "window"), [(1000, None), (-5001, None), (-11, "10"), (5000, "60000")])
def test_a_timestamp_outside_is_refused(off_ms: int, window: str | None) -> None:
    params = {"timestamp": str(NOW // MILLI + off_ms)} | ({} if window is None else {"recvWindow": window})
    assert code_of(check_time, params, NOW) == -1021


def test_microseconds_are_timestamps_too() -> None:
    assert check_time({"timestamp": str(NOW // MICRO)}, NOW) == NOW + 5000 * MILLI


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, -1102), ({"timestamp": "soon"}, -1102), ({"timestamp": "1" * 18}, -1102),
        ({"timestamp": "1700000000000", "recvWindow": "0"}, -1102), ({"timestamp": "1700000000000", "recvWindow": "x"}, -1102),
        ({"timestamp": "1700000000000", "recvWindow": "1.0001"}, -1102),
        ({"timestamp": "1700000000000", "recvWindow": "60001"}, -1131),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(params: dict[str, str], code: int) -> None:
    assert code_of(check_time, params, NOW) == code


def test_time_units_are_words() -> None:
    assert [time_unit(word) for word in (None, "MILLISECOND", "microsecond")] == [MILLI, MILLI, MICRO]
    assert code_of(time_unit, "SECOND") == -1194


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1e-05", -1100), ("-1", -1100), (".5", -1100), ("1.", -1100), ("", -1105), ("0.123456789", -1111), ("1" * 21, -1100),
    ],
)  # fmt: skip
def test_numbers_that_are_none_are_refused(text: str, code: int) -> None:
    assert code_of(read_decimal, {"x": text}, "x") == code


def test_numbers_are_read_exactly() -> None:
    assert read_decimal({"x": "0.1000000000"}, "x") == Decimal("0.1")
    assert read_decimal({}, "x") is None
    assert read_int({"x": "12"}, "x") == 12
    assert code_of(read_int, {"x": "1.0"}, "x") == -1100
    assert bounded({"limit": "5000"}, "limit", 500, 1000) == 1000
    assert code_of(bounded, {"limit": "0"}, "limit", 500, 1000) == -1102


def test_numbers_are_written_with_eight_digits_cut_off() -> None:
    assert [text8(Decimal(text)) for text in ("0", "1E-8", "0.123456789", "12345678901234.5")] == [
        "0.00000000", "0.00000001", "0.12345678", "12345678901234.50000000",
    ]  # fmt: skip


def test_client_ids_are_of_the_venues_letters() -> None:
    assert client_id({"x": "a-B_9"}, "x") == "a-B_9"
    for text in ("", "a.b", "a:b", "x" * 37):
        assert code_of(client_id, {"x": text}, "x") == -1100


def test_a_fault_scripts_code_becomes_the_venues_error() -> None:
    assert (refused_by_code("-2010").code, refused_by_code("-2010").status) == (-2010, 400)
    assert (refused_by_code("NO").code, refused_by_code("NO").msg) == (-1000, "NO")
