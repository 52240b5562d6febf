"""The base of strategies and what it is given."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_kit import BTC, D, context, fill, snapshot, update

from autotrader.model import Bar, Instrument, MarketTrade, Side
from autotrader.strategy import ExecutionDecision, Snapshot, Strategy


def test_all_but_decide_is_a_no_op() -> None:
    class Minimal(Strategy):
        def decide(self, snapshot: Snapshot) -> ExecutionDecision:
            return ExecutionDecision("HOLD", "BTCUSDT")

    one = Minimal()
    one.on_start(context())
    one.on_order(update())
    one.record_execution(fill())
    one.on_trade(MarketTrade("paper", "BTCUSDT", "7", D(100), D(1), Side.SELL, 1))
    one.on_bar(Bar("paper", "BTCUSDT", "1m", 0, 1, D(1), D(2), D(1), D(2), D(9), D(9), 3, is_final=True))
    one.on_stop()
    assert one.decide(snapshot()).action == "HOLD"


def test_decide_must_be_written() -> None:
    class Empty(Strategy):
        pass

    with pytest.raises(NotImplementedError, match="Empty must implement decide"):
        Empty().decide(snapshot())


@given(st.integers(1, 10**9), st.integers(-6, 2), st.integers(1, 999))
def test_sizes_are_floored_to_the_lot_and_never_up(number: int, exponent: int, lot: int) -> None:
    size, step = D(number).scaleb(exponent), D(lot).scaleb(-3)
    one = Instrument("paper", "X", tick=D("0.5"), lot=step, quote="USD")
    floored = context(one).floor_size("X", size)
    assert floored <= size < floored + step
    assert floored % step == 0


def test_a_size_below_the_least_is_none_at_all() -> None:
    one = Instrument("paper", "X", tick=D("0.5"), lot=D("0.1"), quote="USD", min_quantity=D(1))
    assert context(one).floor_size("X", D("0.99")) == 0
    assert context(one).floor_size("X", D("1.05")) == 1


def test_prices_are_floored_to_the_tick() -> None:
    assert context().floor_price("BTCUSDT", D("100.019")) == D("100.01")


def test_an_unknown_symbol_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        context(BTC).floor_size("DOGE", D(1))


def test_importing_the_strategy_package_brings_neither_actors_nor_logs() -> None:
    code = "import sys, autotrader.strategy.examples; print(sorted({'pykka', 'loguru'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
