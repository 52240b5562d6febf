from __future__ import annotations

import pytest

from autotrader.errors import ConfigError
from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.limits import Limits, LimitTerms
from autotrader.simulator.binance.option_limits import read_limits

S = 1_000_000_000
MINUTE = 1_700_000_040 * S  # the beginning of a minute


def refused(limits: Limits, now_ns: int, weight: int = 1) -> ApiError:
    with pytest.raises(ApiError) as error:
        limits.admit("ip", weight, now_ns)
    return error.value


def test_weight_is_counted_per_minute_of_the_clock_and_per_address() -> None:
    limits = Limits(LimitTerms(weight=10))
    assert limits.charge("ip", 10, MINUTE + 50 * S) == 10
    no = refused(limits, MINUTE + 50 * S)
    assert (no.status, no.code, no.headers) == (429, -1003, {"Retry-After": "10"})
    assert no.data["retryAfter"] == (MINUTE + 60 * S) // 1_000_000
    limits.admit("another", 1, MINUTE + 50 * S)
    limits.admit("ip", 1, MINUTE + 60 * S)
    assert limits.used("ip", MINUTE + 60 * S) == 0


def test_who_ignores_a_429_is_banned_and_longer_each_time() -> None:
    limits = Limits(LimitTerms(weight=1, ban_after=3, ban_s=120))
    now_ns = MINUTE
    for ban_s in (120, 240):
        limits.charge("ip", 1, now_ns)
        assert [refused(limits, now_ns).status for _ in range(4)] == [429, 429, 429, 418]
        ban = refused(limits, now_ns + S)
        assert (ban.status, ban.headers) == (418, {"Retry-After": str(ban_s - 1)})
        assert not limits.connect("ip", now_ns + S)
        now_ns += ban_s * S
        limits.admit("ip", 1, now_ns)


def test_orders_are_counted_in_both_windows() -> None:
    limits = Limits(LimitTerms(orders_10s=2, orders_day=3))
    limits.admit_orders(2, MINUTE)
    with pytest.raises(ApiError) as short:
        limits.admit_orders(1, MINUTE + S)
    assert (short.value.status, short.value.code, short.value.headers) == (429, -1015, {"Retry-After": "9"})
    limits.admit_orders(1, MINUTE + 10 * S)
    assert limits.order_headers(MINUTE + 10 * S) == {"X-MBX-ORDER-COUNT-10S": "1", "X-MBX-ORDER-COUNT-1D": "3"}
    with pytest.raises(ApiError) as long:
        limits.admit_orders(1, MINUTE + 20 * S)
    assert "3 orders per 1 DAY" in long.value.msg


def test_a_first_fill_gives_orders_back_a_makers_more() -> None:
    """binance.md section 7: about one for a taker, five for a maker; never below zero."""
    limits = Limits(LimitTerms())
    limits.admit_orders(7, MINUTE)
    limits.filled(False, MINUTE)
    assert limits.order_counts(MINUTE)[0]["count"] == 6
    limits.filled(True, MINUTE)
    limits.filled(True, MINUTE)
    assert [row["count"] for row in limits.order_counts(MINUTE)] == [0, 0]


def test_raw_requests_and_connections_are_counted_too() -> None:
    limits = Limits(LimitTerms(raw=2, connects=1))
    limits.admit("ip", 0, MINUTE)
    limits.admit("ip", 0, MINUTE)
    assert "2 raw requests per 5 MINUTE" in refused(limits, MINUTE, 0).msg
    assert [limits.connect("ip", MINUTE) for _ in range(2)] == [True, False]
    assert limits.connect("ip", MINUTE + 300 * S)


def test_limits_can_be_set_by_name() -> None:
    limits, sockets = read_limits(["orders_10s=5000", "life_s=1.5", "messages_per_s=9"])
    assert (limits.orders_10s, limits.weight, sockets.life_s, sockets.messages_per_s) == (5000, 6000, 1.5, 9)
    for text in ("speed=1", "weight", "weight=many", "weight=0"):
        with pytest.raises(ConfigError, match="--limit"):
            read_limits([text])
