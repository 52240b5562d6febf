from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.actors.policy import Exhausted, Restart, RestartHistory, RestartPolicy

NS = 1_000_000_000
gaps = st.lists(st.tuples(st.floats(0, 200), st.floats(0, 200)), min_size=1, max_size=40)
policies = st.builds(
    RestartPolicy, intensity=st.integers(0, 10), period_s=st.floats(1, 300), base_s=st.floats(0, 2),
    cap_s=st.floats(0, 60), healthy_s=st.floats(0, 100), total=st.none() | st.integers(0, 20),
)


class Top(random.Random):
    """Chance that always draws the upper end."""

    def uniform(self, a, b):
        return b


def play(policy, steps, rng):
    """Fail after each ``(gap_s, healthy_s)``; give the verdicts up to the first Exhausted, with the times."""
    history, now_ns, out = RestartHistory(), 0, []
    for gap_s, healthy_s in steps:
        now_ns += round(gap_s * NS)
        verdict = policy.on_failure(history, now_ns=now_ns, healthy_ns=round(min(gap_s, healthy_s) * NS), rng=rng)
        out.append((now_ns, verdict))
        history = verdict.history
        if isinstance(verdict, Exhausted):
            break
    return out


def test_the_first_failures_are_restarted_and_the_one_too_many_is_not():
    verdicts = [v for _, v in play(RestartPolicy(intensity=5, period_s=60), [(1, 0)] * 10, random.Random(1))]
    assert [type(v) for v in verdicts] == [Restart] * 5 + [Exhausted]
    assert "6 failures within 60 s, 5 allowed" in verdicts[-1].reason


def test_intensity_zero_never_restarts():
    assert isinstance(play(RestartPolicy(intensity=0), [(1, 0)], random.Random(1))[0][1], Exhausted)


def test_failures_older_than_the_period_are_forgiven():
    steps = [(61, 0)] * 30
    assert all(isinstance(v, Restart) for _, v in play(RestartPolicy(intensity=1, period_s=60, total=None), steps, Top()))


def test_a_person_is_needed_after_so_many_in_all():
    verdicts = [v for _, v in play(RestartPolicy(total=15), [(100, 90)] * 30, random.Random(1))]
    assert len(verdicts) == 16
    assert "16 failures in all, 15 allowed" in verdicts[-1].reason


def test_the_ceiling_doubles_up_to_the_cap():
    policy = RestartPolicy(intensity=100, base_s=0.25, cap_s=3)
    assert [v.delay_s for _, v in play(policy, [(1, 0)] * 6, Top())] == [0.25, 0.5, 1, 2, 3, 3]


def test_the_back_off_starts_over_after_a_healthy_time():
    policy = RestartPolicy(intensity=100, base_s=1, cap_s=30, healthy_s=60)
    steps = [(1, 0), (1, 0), (1, 0), (70, 61), (1, 0)]
    assert [v.delay_s for _, v in play(policy, steps, Top())] == [1, 2, 4, 1, 2]


def test_a_very_long_streak_does_not_overflow():
    assert RestartPolicy(cap_s=30).ceiling_s(100_000) == 30


@pytest.mark.parametrize("wrong", [{"intensity": -1}, {"period_s": 0}, {"base_s": -1}, {"cap_s": -0.1}])
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="cannot be"):
        RestartPolicy(**wrong)


@given(policies, gaps, st.integers())
def test_never_more_restarts_in_any_period_than_allowed(policy, steps, seed):
    restarts = [at for at, v in play(policy, steps, random.Random(seed)) if isinstance(v, Restart)]
    for at in restarts:
        within = [other for other in restarts if at - policy.period_s * NS < other <= at]
        assert len(within) <= policy.intensity


@given(policies, gaps, st.integers())
def test_never_more_restarts_in_all_than_allowed(policy, steps, seed):
    restarts = [v for _, v in play(policy, steps, random.Random(seed)) if isinstance(v, Restart)]
    assert policy.total is None or len(restarts) <= policy.total


@given(policies, gaps, st.integers())
def test_each_pause_is_between_nothing_and_its_ceiling(policy, steps, seed):
    for _, verdict in play(policy, steps, random.Random(seed)):
        if isinstance(verdict, Restart):
            assert 0 <= verdict.delay_s <= policy.ceiling_s(verdict.history.streak) <= policy.cap_s


@given(policies, gaps, st.integers())
def test_the_same_chance_gives_the_same_verdicts(policy, steps, seed):
    assert play(policy, steps, random.Random(seed)) == play(policy, steps, random.Random(seed))


@given(policies, gaps)
def test_the_history_does_not_grow_beyond_the_intensity(policy, steps):
    for _, verdict in play(policy, steps, random.Random(1)):
        assert len(verdict.history.failures_ns) <= policy.intensity + 1
