import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.resiliency.rate_limit import KINDS, Budget, RateLimiter

SECOND = 1_000_000_000
MINUTE = Budget("weight", 100, 60.0, order=1, query=4, snapshot=20)


def test_without_budgets_all_may_go():
    limiter = RateLimiter()
    assert not limiter.is_limited
    assert limiter.grant("order", 1_000_000, 0) == 1_000_000
    assert limiter.wait_ns("order", 0) == 0


def test_orders_leave_a_fifth_for_cancels_and_queries():
    limiter = RateLimiter([MINUTE])
    assert limiter.grant("order", 500, 0) == 72
    assert limiter.grant("replace", 1, 0) == 0
    assert limiter.grant("cancel", 10, 0) == 10
    assert limiter.grant("query", 5, 0) == 2
    assert limiter.usage(0)[0].used == 90


def test_the_strictest_budget_counts():
    limiter = RateLimiter([MINUTE, Budget("orders", 10, 1.0, cancel=0, query=0, snapshot=0)])
    assert limiter.grant("order", 50, 0) == 7
    assert limiter.grant("cancel", 50, 0) == 50
    assert [(usage.name, usage.used) for usage in limiter.usage(0)] == [("weight", 57), ("orders", 7)]


def test_room_comes_back_when_wait_says():
    limiter = RateLimiter([MINUTE])
    limiter.grant("order", 72, 5 * SECOND)
    wait = limiter.wait_ns("order", 6 * SECOND)
    assert limiter.grant("order", 1, 6 * SECOND + wait - 1) == 0
    assert limiter.grant("order", 1, 6 * SECOND + wait) == 1


def test_a_ban_silences_everything_to_the_nanosecond():
    limiter = RateLimiter([MINUTE])
    limiter.ban(10, 1.5)
    for kind in KINDS:
        assert limiter.grant(kind, 1, 10 + 1_500_000_000 - 1) == 0
        assert limiter.wait_ns(kind, 10) == 1_500_000_000
    assert limiter.grant("cancel", 1, 10 + 1_500_000_000) == 1


def test_a_shorter_ban_does_not_shorten_a_longer_one():
    limiter = RateLimiter()
    limiter.ban(0, 120)
    limiter.ban(SECOND, 1)
    assert limiter.banned_until_ns == 120 * SECOND


def test_reported_usage_corrects_upwards_only():
    limiter = RateLimiter([MINUTE])
    limiter.grant("order", 10, 0)
    limiter.correct("weight", 60, 0)
    limiter.correct("weight", 5, 0)
    limiter.correct("no such budget", 99, 0)
    assert limiter.usage(0)[0].used == 60
    assert limiter.grant("order", 50, 0) == 12


def test_a_request_heavier_than_its_share_goes_alone():
    limiter = RateLimiter([Budget("small", 10, 1.0, snapshot=50)])
    assert limiter.grant("snapshot", 1, 0) == 1
    assert limiter.grant("snapshot", 1, 0) == 0
    assert limiter.grant("snapshot", 1, 2 * SECOND) == 1


@given(
    st.lists(st.tuples(st.integers(0, 3 * SECOND), st.sampled_from(KINDS), st.integers(1, 30)), max_size=80),
    st.integers(2, 60),
)
def test_no_window_ever_holds_more_than_the_ceiling(steps, limit):
    limiter, now, went = RateLimiter([Budget("b", limit, 10.0)]), 0, []
    usable = max(int(limit * 0.9), 1)
    for wait, kind, wanted in steps:
        now += wait
        granted = limiter.grant(kind, wanted, now)
        went.append((now, granted))
        used = sum(n for t, n in went if t > now - 10 * SECOND)
        assert used <= usable
        if kind in ("order", "replace") and granted:
            assert used <= max(int(usable * 0.8), 1)
        if granted < wanted:
            later = now + limiter.wait_ns(kind, now)
            assert later > now
            assert RateLimiter.grant(limiter, kind, 1, later) == 1
            went.append((later, 1))
            now = later


@pytest.mark.parametrize("seconds", [0.001, 0.0000000011, 59.999])
def test_a_ban_is_rounded_up(seconds):
    limiter = RateLimiter()
    limiter.ban(0, seconds)
    assert limiter.banned_until_ns >= seconds * SECOND
