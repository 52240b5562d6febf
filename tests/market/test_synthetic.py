"""The market that moves by itself."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrader.errors import ConfigError
from autotrader.market import DEFAULT_SYMBOLS, SyntheticMarket, SyntheticSettings

NOW = 1_700_000_000_000_000_000


def first(count: int, now_ns: int = NOW, **kw):
    return list(islice(SyntheticMarket(SyntheticSettings(**kw)).quotes(now_ns), count))


def test_one_seed_is_one_market_and_another_seed_another() -> None:
    assert first(500, seed=7) == first(500, seed=7)
    assert first(500, seed=7) != first(500, seed=8)


def test_a_symbol_moves_the_same_whatever_moves_beside_it() -> None:
    alone = [(q.bid, q.ask) for q in first(300, symbols=("ETHUSDT",))]
    among = [(q.bid, q.ask) for q in first(900, symbols=("BTCUSDT", "ETHUSDT")) if q.symbol == "ETHUSDT"]
    size = min(len(among), len(alone))
    assert size > 200
    assert among[:size] == alone[:size]


def test_each_symbol_is_quoted_at_once_in_the_order_of_the_settings() -> None:
    quotes = first(3)
    assert tuple(q.symbol for q in quotes) == DEFAULT_SYMBOLS
    assert {q.ts_ns for q in quotes} == {NOW}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["BTCUSDT", "EURUSD", "USDJPY", "AAPL", "SOLUSDT"]))
def test_quotes_are_plausible_on_the_grid_and_in_order(seed: int, symbol: str) -> None:
    market = SyntheticMarket(SyntheticSettings(seed=seed, symbols=(symbol,)))
    one, quotes = market.instruments[0], list(islice(market.quotes(NOW), 400))
    assert [q.ts_ns for q in quotes] == sorted(q.ts_ns for q in quotes)
    for quote in quotes:
        assert not quote.is_crossed
        assert quote.bid % one.tick == quote.ask % one.tick == 0
        assert quote.bid_size >= one.lot
        assert quote.bid_size % one.lot == quote.ask_size % one.lot == 0
        assert quote.ask - quote.bid < quote.mid / 200
    assert max(q.mid for q in quotes) < min(q.mid for q in quotes) * Decimal("1.05")


def test_rate_and_volatility_are_as_set() -> None:
    quotes = first(2_000, rate=50.0, symbols=("BTCUSDT",))
    assert 30 < (quotes[-1].ts_ns - NOW) / 1e9 < 50
    still = first(500, volatility=0.0, symbols=("ABCUSD",), tick=Decimal("0.5"))
    assert max(q.mid for q in still) - min(q.mid for q in still) < 2


def test_tick_and_currency_may_be_replaced() -> None:
    market = SyntheticMarket(SyntheticSettings(symbols=("FOO",), tick=Decimal("0.25"), currency="EUR"))
    assert (market.instruments[0].tick, market.instruments[0].quote) == (Decimal("0.25"), "EUR")


@pytest.mark.parametrize("wrong", [{"symbols": ()}, {"rate": 0.0}, {"rate": -1.0}, {"rate": float("nan")}])
def test_a_market_without_symbols_or_rate_is_refused(wrong) -> None:
    with pytest.raises(ConfigError, match=r"market\.symbols"):
        SyntheticMarket(SyntheticSettings(**wrong))
