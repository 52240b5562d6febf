"""Signals, sizings and rules, one by one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_kit import D, quote, snapshot

from autotrader.strategy.guards import LongOnly, MaxPosition, MaxSpread, SaneQuote
from autotrader.strategy.signals import CrossSignal, ReversionSignal
from autotrader.strategy.sizing import FixedNotional, FixedQuantity, PercentEquity, VolatilityTarget


def scores(signal, mids) -> list[Decimal | None]:
    return [signal.score("BTCUSDT", snapshot(quote(mid - 1, mid + 1))) for mid in mids]


# ---------------------------------------------------------------- signals


def test_the_cross_is_long_while_the_fast_mean_is_above_and_short_while_below() -> None:
    assert scores(CrossSignal(1, 3), [10, 10, 10, 11, 12, 9]) == [None, None, None, 1, 1, -1]


@pytest.mark.parametrize(("fast", "slow"), [(0, 3), (3, 3), (5, 2)])
def test_fast_must_be_below_slow(fast: int, slow: int) -> None:
    with pytest.raises(ValueError, match="below slow"):
        CrossSignal(fast, slow)


@given(st.lists(st.integers(5, 1000), min_size=5, max_size=40))
def test_the_cross_is_the_sign_of_the_difference_of_the_means(mids: list[int]) -> None:
    seen = scores(CrossSignal(2, 5), mids)
    for at, score in enumerate(seen):
        if at < 4:
            assert score is None
            continue
        window = [D(mid) for mid in mids[at - 4 : at + 1]]
        gap = sum(window[-2:], D(0)) * 5 - sum(window, D(0)) * 2
        assert (score or 0) == (gap > 0) - (gap < 0)


def test_reversion_goes_against_a_swing_and_is_flat_when_it_is_back() -> None:
    signal = ReversionSignal(4, D(1))
    assert scores(signal, [100, 100, 100, 110]) == [None, None, None, -1]
    assert scores(signal, [108]) == [None]
    assert scores(signal, [90]) == [1]
    assert scores(signal, [104]) == [0]


def test_reversion_of_a_still_market_is_flat() -> None:
    assert scores(ReversionSignal(3, D(1)), [100] * 5) == [None, None, 0, 0, 0]


@pytest.mark.parametrize(("window", "entry"), [(1, D(1)), (5, D(0))])
def test_reversion_needs_a_window_and_an_entry(window: int, entry: Decimal) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        ReversionSignal(window, entry)


# ---------------------------------------------------------------- sizings


def test_fixed_sizes() -> None:
    one = snapshot(quote(99, 101))
    assert FixedQuantity("2").target(D("-0.5"), "BTCUSDT", one) == -1
    assert FixedNotional(1_000).target(D(1), "BTCUSDT", one) == 10


def test_a_share_of_the_equity_is_nothing_while_that_is_unknown() -> None:
    assert PercentEquity(10).target(D(1), "BTCUSDT", snapshot(quote(99, 101), equity=D(5_000))) == 5
    assert PercentEquity(10).target(D(1), "BTCUSDT", snapshot(equity=None)) == 0
    assert PercentEquity(10).target(D(1), "BTCUSDT", snapshot(equity=D(-1))) == 0


def test_a_wilder_market_makes_a_smaller_position() -> None:
    def after(swing: int) -> Decimal:
        sizing, target = VolatilityTarget(risk=100, most=1_000, window=4), D(0)
        for number in range(6):
            mid = 1_000 + (swing if number % 2 else -swing)
            target = sizing.target(D(1), "BTCUSDT", snapshot(quote(mid - 1, mid + 1)))
        return target

    assert 0 < after(20) < after(2) < 1_000
    assert after(0) == 0


def test_volatility_sizing_waits_for_its_window_and_has_a_cap() -> None:
    sizing = VolatilityTarget(risk=10**9, most=5, window=2)
    targets = [sizing.target(D(1), "BTCUSDT", snapshot(quote(mid, mid + 2))) for mid in (100, 101, 103)]
    assert targets == [0, 0, 5]


@pytest.mark.parametrize("make", [lambda: FixedQuantity(0), lambda: FixedNotional("-1"), lambda: PercentEquity(0),
                                  lambda: VolatilityTarget(1, 1, window=1)])
def test_sizes_that_make_no_sense_are_refused(make) -> None:
    with pytest.raises(ValueError, match="must be"):
        make()


def test_a_float_is_no_size() -> None:
    with pytest.raises(TypeError, match="notional must be a Decimal"):
        FixedNotional(0.1)  # type: ignore[arg-type]


# ---------------------------------------------------------------- rules


def test_rules_adjust_or_veto() -> None:
    one = snapshot(quote(99, 101))
    assert LongOnly().adjust(D(-3), "BTCUSDT", one) == 0
    assert MaxPosition(2).adjust(D(-3), "BTCUSDT", one) == -2
    assert MaxPosition(2).adjust(D(3), "BTCUSDT", one) == 2
    assert MaxSpread(200).adjust(D(3), "BTCUSDT", one) == 3
    assert MaxSpread(199).adjust(D(3), "BTCUSDT", one) is None
    assert SaneQuote().adjust(D(3), "BTCUSDT", one) == 3
    assert SaneQuote().adjust(D(3), "BTCUSDT", snapshot(quote(101, 100))) is None
