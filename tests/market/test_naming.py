"""Instruments told from names and rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_kit import BINANCE_TRADES, QUOTES, tape_of

from autotrader.market import TapeError, TapeSettings, instruments_of
from autotrader.market.naming import default_lot, default_size, guess_instrument, name_words, symbol_of_name
from autotrader.market.survey import Steps
from autotrader.model import InstrumentKind

D, K = Decimal, InstrumentKind


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("btcusdt-trades-2021.csv", "BTCUSDT"), ("BTCUSDT-1m-2022-01.zip", "BTCUSDT"), ("eurusd.csv.gz", "EURUSD"),
     ("aapl_bars.txt", "AAPL"), ("ES 2022.csv", "ES")],
)
def test_the_symbol_is_the_first_word_of_the_name_in_capitals(name: str, symbol: str) -> None:
    assert symbol_of_name(Path("/data/of 2020") / name) == symbol


@pytest.mark.parametrize("name", ["2021-01-08.csv", "---.csv"])
def test_a_name_without_a_symbol_asks_for_one(name: str) -> None:
    with pytest.raises(TapeError, match="set market.symbol"):
        symbol_of_name(Path(name))


@pytest.mark.parametrize(
    ("name", "kind", "base", "quote", "short"),
    [
        ("eurusd-ticks.csv", K.FX, "", "USD", True),
        ("usdjpy-ticks.csv", K.FX, "", "JPY", True),
        ("btcusdt-trades.csv", K.SPOT, "BTC", "USDT", False),
        ("ethbtc.csv", K.SPOT, "ETH", "BTC", False),
        ("btc-perp-1m.csv", K.PERPETUAL, "", "USD", True),
        ("btc-1m.csv", K.SPOT, "BTC", "USD", False),
        ("btcusdtperp.csv", K.PERPETUAL, "", "USDT", True),
        ("aapl-1m.csv", K.STOCK, "", "USD", False),
    ],
)
def test_kind_and_currencies_are_guessed_from_the_name(name: str, kind: K, base: str, quote: str, short: bool) -> None:
    path = Path(name)
    one = guess_instrument("paper", symbol_of_name(path), name_words(path), tick=D("0.01"), currency=None)
    assert (one.kind, one.base, one.quote, one.allows_short) == (kind, base, quote, short)


@pytest.mark.parametrize("symbol", ["EUR_USD", "EUR.USD", "EUR/USD", "EUR-USD"])
def test_separators_do_not_matter(symbol: str) -> None:
    assert guess_instrument("paper", symbol, (), tick=D(1), currency=None).kind is K.FX


def test_settings_overrule_every_guess(tmp_path: Path) -> None:
    tape = tape_of(tmp_path, QUOTES, symbol="XYZ", tick=D("0.5"), currency="CHF", kind=K.FUTURE, lot=D(2))
    one = tape.instrument
    assert (one.symbol, one.tick, one.quote, one.kind, one.lot) == ("XYZ", D("0.5"), "CHF", K.FUTURE, D(2))
    assert {q.symbol for q in tape} == {"XYZ"}


def test_tick_and_lot_are_the_smallest_steps_seen(tmp_path: Path) -> None:
    one = tape_of(tmp_path, BINANCE_TRADES).instrument
    assert (one.tick, one.lot) == (D("0.02"), D("0.000001"))  # of 39432.48, 39439.44 and 39430.00
    path = tmp_path / "btcusdt-x.csv"
    assert instruments_of(TapeSettings(path=str(path))) == (one,)


@pytest.mark.parametrize(
    ("numbers", "step"),
    [(["1.121200", "1.121720", "1.121170"], "0.00001"), (["46319.0", "46385.5"], "0.5"), (["100", "200"], "1"),
     (["x", "nan"], None), (["0.1", "0.30000000000000004"], "0.1"), (["110.03125", "110.0625"], "0.03125")],
)
def test_steps_find_what_all_numbers_are_multiples_of(numbers: list[str], step: str | None) -> None:
    steps = Steps()
    for number in numbers:
        steps.see(number)
    assert steps.step == (None if step is None else D(step))


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.integers(0, 8))
def test_every_number_seen_is_a_multiple_of_the_step(wholes: list[int], decimals: int) -> None:
    steps, numbers = Steps(), [D(whole).scaleb(-decimals) for whole in wholes]
    for number in numbers:
        steps.see(format(number, "f"))
    assert steps.step is not None
    assert all(number % steps.step == 0 for number in numbers)


def test_lots_and_sizes_suit_the_kind_and_the_price() -> None:
    assert (default_lot(K.FX, D("1.1")), default_lot(K.STOCK, D(150))) == (1, 1)
    assert default_lot(K.SPOT, D(46319)) == D("0.00001")
    assert default_lot(K.SPOT, D("0.00001")) == 1
    assert default_size(K.FX, D("1.1"), D(1)) == 1_000_000
    assert default_size(K.PERPETUAL, D(46319), D("0.00001")) == 10
    assert default_size(K.STOCK, D(10**9), D(1)) == 1
