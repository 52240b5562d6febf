import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.resiliency.retry import FINAL_CODES, RETRIABLE_KINDS, Failure, GiveUp, Retry, RetryBudget, RetrySettings

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
LIMITS = RetrySettings()
REFUSED = Failure("not_sent", "CONNECT_FAILED", "connection refused")


def test_increment_gives_a_new_value_and_leaves_the_old_one():
    first = Retry(NOW, 2.0)
    second = first.increment(REFUSED, NOW, 0.5, LIMITS)
    assert (first.attempt, first.history) == (1, ())
    assert (second.attempt, second.delay_s) == (2, 0.25)
    assert second.history == (f"{NOW} attempt 1: not_sent CONNECT_FAILED connection refused",)


def test_three_attempts_and_no_more():
    retry = Retry(NOW, 2.0).increment(REFUSED, NOW, 0.0, LIMITS).increment(REFUSED, NOW + 1, 0.0, LIMITS)
    verdict = retry.increment(REFUSED, NOW + 2, 0.0, LIMITS)
    assert isinstance(verdict, GiveUp)
    assert (verdict.why, verdict.reason_code) == ("attempts", "CONNECT_FAILED")
    assert verdict.reason == "connection refused (given up after 3 attempts)"
    assert (verdict.retry.attempt, verdict.retry.first_ns, verdict.retry.last_ns) == (3, NOW, NOW + 2)
    assert len(verdict.retry.history) == 3


@given(
    st.integers(0, 4 * SECOND), st.floats(0, 0.999), st.sampled_from(sorted(RETRIABLE_KINDS)), st.floats(0, 5),
    st.integers(1, 6),
)
def test_a_submit_is_never_tried_after_its_age(age_ns, jitter, kind, retry_after_s, attempts):
    limits = msgspec.structs.replace(LIMITS, max_retries=attempts)
    step, now = Retry(NOW, 2.0), NOW + age_ns
    for number in range(1, 10):
        step = step.increment(Failure(kind, "X", "", retry_after_s), now, jitter, limits)
        if isinstance(step, GiveUp):
            assert number <= attempts
            return
        assert step.delay_s >= retry_after_s
        now += round(step.delay_s * SECOND)
        assert now - NOW < 2 * SECOND
    pytest.fail("it went on for ever")


@given(st.floats(0, 0.999))
def test_jitter_is_full_and_its_range_doubles(jitter):
    retry = Retry(NOW, 1_000.0)
    limits = msgspec.structs.replace(LIMITS, max_retries=10)
    for most in (0.5, 1.0, 2.0, 4.0, 5.0, 5.0):
        retry = retry.increment(REFUSED, NOW, jitter, limits)
        assert retry.delay_s == pytest.approx(jitter * most)


@pytest.mark.parametrize("kind", ["auth", "timeout", "unknown", ""])
def test_other_kinds_are_given_up_at_once(kind):
    assert Retry(NOW, 2.0).increment(Failure(kind, "", "no"), NOW, 0.1, LIMITS).why == "kind"


@pytest.mark.parametrize("code", sorted(FINAL_CODES))
def test_our_own_refusals_are_given_up_at_once(code):
    assert Retry(NOW, 2.0).increment(Failure("not_sent", code, ""), NOW, 0.1, LIMITS).why == "kind"


@pytest.mark.parametrize("step_s", [-3600, 3600])
def test_a_clock_that_was_set_makes_no_request_young(step_s):
    assert Retry(NOW, 2.0).increment(REFUSED, NOW + step_s * SECOND, 0.1, LIMITS).why == "age"


def test_budget_is_a_tenth_of_the_traffic():
    budget = RetryBudget(LIMITS)
    budget.count(0, 100)
    assert [budget.take(0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert budget.used(0) == (10, 100)


def test_budget_has_a_floor_for_little_traffic():
    budget = RetryBudget(LIMITS)
    assert [budget.take(0) for _ in range(5)] == [True] * 3 + [False] * 2
    assert budget.take(62 * SECOND)


def test_budget_without_floor_is_strict():
    budget = RetryBudget(msgspec.structs.replace(LIMITS, budget_floor=0))
    budget.count(0, 9)
    assert not budget.take(0)


@given(st.lists(st.tuples(st.integers(0, 10 * SECOND), st.integers(0, 40), st.booleans()), max_size=80))
def test_retries_stay_within_their_share_in_every_window(steps):
    budget, now, traffic, retries = RetryBudget(msgspec.structs.replace(LIMITS, budget_floor=0)), 0, [], []
    for wait, requests, wants in steps:
        now += wait
        budget.count(now, requests)
        traffic.append((now, requests))
        if wants and budget.take(now):
            retries.append(now)
            seen = sum(n for t, n in traffic if t > now - 61 * SECOND)
            assert sum(t > now - 60 * SECOND for t in retries) <= 0.1 * seen


def test_ten_minutes_of_outage_cost_few_retries():
    budget, rng, retries = RetryBudget(LIMITS), random.Random(3), 0
    for second in range(600):
        retries += budget.take(second * SECOND + rng.randrange(SECOND))
    assert retries <= 33
