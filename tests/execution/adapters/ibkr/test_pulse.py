"""Silence after two questions is an end; pauses double, and begin anew after a connection that held."""

from __future__ import annotations

from autotrader.execution.adapters.ibkr.pulse import STABLE_NS, Backoff, Pulse


def test_two_questions_without_a_byte_are_the_end() -> None:
    pulse = Pulse()
    assert not pulse.is_gone(100)
    pulse.asked = True
    assert not pulse.is_gone(100)
    assert pulse.is_gone(100)


def test_any_byte_is_a_sign_of_life() -> None:
    pulse = Pulse()
    pulse.asked = True
    for received in (100, 100, 101, 101, 102):
        assert not pulse.is_gone(received)


def test_silence_without_a_question_proves_nothing() -> None:
    pulse = Pulse()
    assert not any(pulse.is_gone(0) for _ in range(10))


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(1.0, 60.0)
    assert [backoff.pause_s(0, 1.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_chance_takes_up_to_a_half_off() -> None:
    assert Backoff(1.0, 60.0).pause_s(0, 0.0) == 0.5


def test_a_connection_that_held_makes_them_begin_anew() -> None:
    backoff = Backoff(1.0, 60.0)
    for _ in range(5):
        backoff.pause_s(0, 1.0)
    assert backoff.pause_s(STABLE_NS + 1, 1.0) == 1
