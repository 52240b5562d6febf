"""The connections of the user stream: which counts, and when the next one is made."""

from __future__ import annotations

import pytest

from autotrader.execution.adapters.binance.user_lines import Fate, UserLines

S = 1_000_000_000
HOUR = 3600 * S


@pytest.fixture
def lines() -> UserLines:
    made = UserLines(23 * HOUR)
    made.subscribed(made.begin(0), 0)
    return made


def test_a_connection_counts_once_it_is_subscribed() -> None:
    made = UserLines(HOUR)
    number = made.begin(0)
    assert (made.current, made.coming) == (None, number)
    assert made.subscribed(number, 5) is None
    assert (made.current, made.coming) == (number, None)


def test_a_second_one_is_made_before_the_first_is_closed(lines: UserLines) -> None:
    assert not lines.is_renewal_due(23 * HOUR - 1)
    assert lines.is_renewal_due(23 * HOUR)
    second = lines.begin(23 * HOUR)
    assert not lines.is_renewal_due(23 * HOUR)
    assert lines.is_renewing
    assert lines.current == 1
    assert lines.subscribed(second, 23 * HOUR) == 1
    assert lines.current == second
    assert not lines.is_renewal_due(45 * HOUR)
    assert lines.is_renewal_due(46 * HOUR)


def test_the_venues_word_hurries_it(lines: UserLines) -> None:
    lines.hurry()
    assert lines.is_renewal_due(1)
    second = lines.begin(1)
    lines.subscribed(second, 2)
    assert not lines.is_renewal_due(3)


def test_one_that_failed_is_tried_again_after_a_pause(lines: UserLines) -> None:
    lines.hurry()
    lines.closed(lines.begin(1), 2)
    assert not lines.is_renewal_due(2 + 10 * S - 1)
    assert lines.is_renewal_due(2 + 10 * S)


def test_what_was_closed_is_told_apart(lines: UserLines) -> None:
    second = lines.begin(0)
    assert lines.closed(7, 0) is Fate.OLD
    assert lines.closed(second, 0) is Fate.COMING
    assert lines.closed(1, 0) is Fate.COUNTED
    assert (lines.current, lines.coming) == (None, None)


def test_a_late_subscription_of_one_that_was_given_up_changes_nothing(lines: UserLines) -> None:
    second = lines.begin(0)
    assert lines.give_up() == [1, second]
    assert lines.subscribed(second, 5) is None
    assert lines.current is None


def test_one_that_takes_too_long_is_late() -> None:
    made = UserLines(HOUR)
    assert not made.is_late(100 * S)
    made.begin(0)
    assert not made.is_late(15 * S)
    assert made.is_late(15 * S + 1)
