import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_breaker import ReferenceBreaker

from autotrader.model import BreakerState
from autotrader.resiliency.breaker import NEVER, BreakerSettings, CircuitBreaker

SECOND = 1_000_000_000
OPEN, HALF_OPEN, CLOSED = BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED
LIMITS = st.builds(
    BreakerSettings,
    window_calls=st.integers(1, 20), window_s=st.sampled_from([1.0, 5.0, 30.0]), minimum_calls=st.integers(1, 8),
    minimum_failures=st.integers(1, 6), failure_share=st.sampled_from([0.25, 0.5, 1.0]),
    slow_share=st.sampled_from([0.5, 0.8, 1.0]),
    open_s=st.sampled_from([1.0, 5.0]), open_max_s=st.sampled_from([3.0, 60.0]), probes=st.integers(1, 3),
)
CALLS = st.tuples(st.integers(0, 25), st.integers(0, 6)).flatmap(
    lambda n: st.tuples(st.just("record"), st.just(n[0]), st.just(n[1]), st.integers(0, min(sum(n), 3)))
)
WAITS = st.sampled_from([0, 1, SECOND // 2, SECOND, 5 * SECOND, 31 * SECOND])
STEPS = st.lists(st.tuples(WAITS, st.one_of(CALLS, st.just(("poll",)), st.just(("probe",)))), max_size=60)


@given(LIMITS, STEPS)
@settings(max_examples=300)
def test_breaker_is_the_reference_model(limits, steps):
    run_both(limits, steps)


def test_breaker_is_the_reference_model_on_long_random_histories():
    rng = random.Random(7)
    for _ in range(40):
        steps = []
        for _ in range(250):
            ok, failed = rng.choice([(1, 0), (0, 1), (64, 0), (3, 2), (0, 5)])
            action = rng.choice([("record", ok, failed, rng.choice([0, 0, 1])), ("poll",), ("probe",)])
            steps.append((rng.choice([0, 1, SECOND // 7, SECOND, 8 * SECOND]), action))
        run_both(BreakerSettings(), steps)


def run_both(limits, steps):
    breaker, model, now = CircuitBreaker(limits), ReferenceBreaker(limits), 1_000 * SECOND
    for wait, (action, *counts) in steps:
        now += wait
        before = breaker.state
        if action == "record":
            moved = breaker.record(now, *counts)
            model.record(now, *counts)
        elif action == "poll":
            moved = breaker.poll(now)
            model.poll(now)
        else:
            moved = False
            assert breaker.take_probe(now) == model.take_probe(now)
        assert (breaker.state, breaker.closed) == (model.state, model.state is CLOSED)
        assert moved == (breaker.state is not before)


def opened(now=0, **limits):
    breaker = CircuitBreaker(BreakerSettings(**limits))
    assert breaker.record(now, ok=0, failed=5)
    return breaker


def test_four_failures_are_too_few_to_open():
    assert not CircuitBreaker().record(0, ok=0, failed=4)


def test_half_of_the_last_calls_failing_opens():
    breaker = CircuitBreaker()
    assert not breaker.record(0, ok=6, failed=5)
    assert breaker.record(1, ok=0, failed=1)
    assert (breaker.state, breaker.reason) == (OPEN, "6 of the last 12 calls failed")


def test_four_of_five_slow_calls_open():
    breaker = CircuitBreaker()
    for _ in range(4):
        assert not breaker.record(0, ok=1, slow=1)
    assert breaker.record(0, ok=1)
    assert breaker.reason == "4 of the last 5 calls took over 2 s"


def test_old_failures_are_forgotten():
    breaker = CircuitBreaker()
    breaker.record(0, ok=0, failed=4)
    assert not breaker.record(31 * SECOND, ok=4, failed=1)


def test_open_time_doubles_with_each_failed_probe_up_to_a_minute():
    breaker, now, waits = opened(), 0, []
    for _ in range(6):
        waits.append((breaker.due_ns() - now) // SECOND)
        now = breaker.due_ns()
        breaker.poll(now)
        assert breaker.take_probe(now)
        breaker.record(now, ok=0, failed=1)
    assert waits == [5, 10, 20, 40, 60, 60]


def test_half_open_gives_one_probe_and_a_good_one_closes():
    breaker = opened()
    assert not breaker.poll(5 * SECOND - 1)
    assert breaker.poll(5 * SECOND)
    assert [breaker.take_probe(5 * SECOND) for _ in range(3)] == [True, False, False]
    assert breaker.record(6 * SECOND, ok=1)
    assert breaker.closed
    assert breaker.due_ns() == NEVER


def test_closing_starts_the_open_time_anew():
    breaker = opened()
    breaker.poll(5 * SECOND)
    breaker.record(5 * SECOND, ok=0, failed=1)
    breaker.poll(15 * SECOND)
    breaker.record(15 * SECOND, ok=1)
    breaker.record(16 * SECOND, ok=0, failed=5)
    assert breaker.due_ns() == 21 * SECOND


def test_probe_without_an_answer_fails():
    breaker = opened()
    breaker.poll(5 * SECOND)
    breaker.take_probe(5 * SECOND)
    assert not breaker.poll(25 * SECOND - 1)
    assert breaker.poll(25 * SECOND)
    assert (breaker.state, breaker.reason) == (OPEN, "the probe was not answered")


def test_what_was_called_before_it_opened_says_nothing():
    breaker = opened()
    assert not breaker.record(1, ok=30)
    assert not breaker.record(1, ok=0, failed=30)
    assert breaker.due_ns() == 5 * SECOND


@pytest.mark.parametrize(("threshold", "timeout", "first", "longest"), [(5, 60, 5.0, 60), (3, 2, 2, 2), (30, 600, 5.0, 600)])
def test_seed_arguments_map_on_the_settings(threshold, timeout, first, longest):
    made = BreakerSettings.named(circuit_breaker_threshold=threshold, circuit_breaker_timeout=timeout)
    assert (made.minimum_failures, made.open_s, made.open_max_s) == (threshold, first, longest)
    breaker = CircuitBreaker(made)
    assert not breaker.record(0, ok=0, failed=threshold - 1) or threshold < 2
    assert breaker.record(0, ok=0, failed=1) or made.minimum_calls > threshold
