"""The real recordings, where they are at hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from market_kit import RECORDINGS

from autotrader.market import Tape, TapeSettings
from autotrader.model import InstrumentKind

D, K = Decimal, InstrumentKind
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")


@pytest.mark.parametrize(
    ("name", "symbol", "kind", "tick", "quotes", "crossed"),
    [
        ("btcusdt-trades-2021-01-08.csv", "BTCUSDT", K.SPOT, "0.01", 2_000, 0),
        ("btcusdt-quotes-2021-01-08.csv", "BTCUSDT", K.SPOT, "0.01", 451, 0),
        ("btc-perp-1m-2022-01.csv", "BTC", K.PERPETUAL, "0.125", 45_031 * 4, 0),
        ("gbpusd-1m-2012-02.csv", "GBPUSD", K.FX, "0.00001", 30_117 * 4, 2_830),
        ("usdjpy-ticks-2013-01.csv", "USDJPY", K.FX, "0.001", 1_000, 1),
        ("eurusd-ticks-2020-01-01.csv", "EURUSD", K.FX, "0.00001", 9_500, 0),
    ],
)
def test_every_recording_is_read_whole(name: str, symbol: str, kind: K, tick: str, quotes: int, crossed: int) -> None:
    tape, count, last_ns = Tape(TapeSettings(path=str(RECORDINGS / name))), 0, 0
    one = tape.instrument
    assert (one.symbol, one.kind, one.tick) == (symbol, kind, D(tick))
    for quote in tape:
        assert quote.ts_ns >= last_ns
        assert quote.bid > 0
        assert quote.bid % one.tick == 0
        assert quote.ask % one.tick == 0
        last_ns, count = quote.ts_ns, count + 1
    assert (count, tape.counts.crossed, tape.skipped) == (quotes, crossed, 0)
    assert tape.start_ns <= last_ns
