"""A market that moves by itself: seeded, so that one seed is one market.

Per symbol the logarithm of the mid is an anchor (a random walk with rare jumps) plus a deviation that reverts to it within
seconds; the spread is log-normal, wider after a jump; sizes are log-normal in money. The shape is drawn with floats, prices
and sizes are whole numbers of ticks and lots.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from decimal import Decimal
from random import Random

import msgspec

from autotrader.errors import ConfigError
from autotrader.market.naming import default_lot, guess_instrument
from autotrader.model import Instrument, Quote

__all__ = ["DEFAULT_SYMBOLS", "SyntheticMarket", "SyntheticSettings"]

DEFAULT_SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
_NS, _YEAR_S = 1_000_000_000, 31_557_600


class SyntheticSettings(msgspec.Struct, frozen=True):
    """The ``market.*`` settings of the synthetic market.

    ``rate`` is quotes a second and symbol, on average; ``volatility`` that of a year (0.8 is 80 %), None as suits the symbol;
    ``tick`` and ``currency`` replace those of every symbol.
    """

    venue: str = "paper"
    seed: int = 1
    symbols: tuple[str, ...] = DEFAULT_SYMBOLS
    rate: float = 20.0
    volatility: float | None = None
    tick: Decimal | None = None
    currency: str | None = None


class _Shape(msgspec.Struct, frozen=True):
    """Where a symbol starts and how it moves, in basis points: ``walk`` a root second, ``swing`` about the anchor."""

    price: str
    tick: str
    walk: float = 1.0
    swing: float = 2.0
    spread: float = 0.5
    size: float = 100_000.0


_SHAPES = {
    "BTCUSDT": _Shape("64250", "0.01"),
    "ETHUSDT": _Shape("3420", "0.01", walk=1.2, swing=2.5),
    "SOLUSDT": _Shape("152", "0.01", walk=1.6, swing=3.0, spread=1.0),
    "BNBUSDT": _Shape("610", "0.01", walk=1.1, swing=2.0),
    "ETHBTC": _Shape("0.05323", "0.00001", walk=0.6, swing=1.5),
    "BNBBTC": _Shape("0.009494", "0.000001", walk=0.6, swing=1.5),
    "EURUSD": _Shape("1.0850", "0.00001", walk=0.15, swing=0.3, spread=0.2, size=2_000_000.0),
    "GBPUSD": _Shape("1.2650", "0.00001", walk=0.17, swing=0.3, spread=0.3, size=1_000_000.0),
    "USDJPY": _Shape("151.200", "0.001", walk=0.16, swing=0.3, spread=0.3, size=150_000_000.0),
    "AAPL": _Shape("250.00", "0.01", walk=0.5, swing=1.0, spread=0.5, size=250_000.0),
    "MSFT": _Shape("505.00", "0.01", walk=0.5, swing=1.0, spread=0.5, size=250_000.0),
    "ESZ6": _Shape("6800.00", "0.25", walk=0.3, swing=0.6, spread=0.4, size=300_000.0),
    "ESH7": _Shape("6855.00", "0.25", walk=0.3, swing=0.6, spread=0.4, size=100_000.0),
    "AAPL261218C00250000": _Shape("6.40", "0.01", walk=2.0, swing=4.0, spread=30.0, size=300.0),
    "AAPL261218P00250000": _Shape("5.90", "0.01", walk=2.0, swing=4.0, spread=30.0, size=300.0),
}
_OTHER = _Shape("100", "0.01", walk=0.5, swing=1.5, spread=1.5)

_REVERSION_S, _JUMP_EVERY_S, _JUMP_BP, _CALM_S = 2.0, 60.0, 8.0, 5.0


class SyntheticMarket:
    """Quotes without end, in order of time; the same settings and start give the same quotes."""

    fraction, skipped = 0.0, 0

    def __init__(self, settings: SyntheticSettings | None = None) -> None:
        self._settings = settings or SyntheticSettings()
        if not self._settings.symbols or not self._settings.rate > 0:
            raise ConfigError("a synthetic market needs a symbol and a rate above zero (market.symbols, market.rate)")
        self.instruments = tuple(_instrument(self._settings, symbol) for symbol in self._settings.symbols)

    def quotes(self, now_ns: int) -> Iterator[Quote]:
        """Yield the quotes from this time on, the first of each symbol at once, in the order of the settings."""
        settings = self._settings
        walks = [_Walk(one, _shape(one.symbol, settings), settings) for one in self.instruments]
        due = [(now_ns, number) for number in range(len(walks))]
        while True:
            ts_ns, number = due[0]
            yield walks[number].quote(ts_ns)
            heapq.heapreplace(due, (ts_ns + walks[number].pause_ns(), number))


def _shape(symbol: str, settings: SyntheticSettings) -> _Shape:
    shape = _SHAPES.get(symbol, _OTHER)
    if settings.volatility is None:
        return shape
    walk = settings.volatility * 1e4 / math.sqrt(_YEAR_S)
    return msgspec.structs.replace(shape, walk=walk, swing=2 * walk)


def _instrument(settings: SyntheticSettings, symbol: str) -> Instrument:
    shape = _SHAPES.get(symbol, _OTHER)
    tick = settings.tick or Decimal(shape.tick)
    guess = guess_instrument(settings.venue, symbol, (), tick=tick, currency=settings.currency)
    return msgspec.structs.replace(guess, lot=default_lot(guess.kind, Decimal(shape.price)))


class _Walk:
    """One symbol on its way."""

    def __init__(self, instrument: Instrument, shape: _Shape, settings: SyntheticSettings) -> None:
        self._instrument, self._shape, self._rate = instrument, shape, settings.rate
        self._rng = Random(f"{settings.seed}/{instrument.symbol}")
        self._tick, self._lot = float(instrument.tick), float(instrument.lot)
        self._anchor, self._deviation, self._calm = math.log(float(shape.price)), 0.0, 1.0
        self._last_ns: int | None = None

    def pause_ns(self) -> int:
        """Draw how long the next quote takes."""
        return max(round(self._rng.expovariate(self._rate) * _NS), 1)

    def quote(self, now_ns: int) -> Quote:
        """Move on to this time and show the book's top."""
        if self._last_ns is not None:
            self._move((now_ns - self._last_ns) / _NS)
        self._last_ns = now_ns
        shape, rng, instrument = self._shape, self._rng, self._instrument
        mid = math.exp(self._anchor + self._deviation) / self._tick
        spread = max(round(mid * shape.spread * 1e-4 * (4.0 - 3.0 * self._calm) * math.exp(rng.gauss(0.0, 0.4))), 1)
        bid = max(round(mid - spread / 2), 1)
        return Quote(
            venue=instrument.venue, symbol=instrument.symbol, bid=bid * instrument.tick, ask=(bid + spread) * instrument.tick,
            bid_size=self._size(mid), ask_size=self._size(mid), ts_ns=now_ns,
        )

    def _move(self, seconds: float) -> None:
        shape, rng = self._shape, self._rng
        keep = math.exp(-seconds / _REVERSION_S)
        self._deviation = self._deviation * keep + shape.swing * 1e-4 * math.sqrt(1.0 - keep * keep) * rng.gauss(0.0, 1.0)
        self._anchor += shape.walk * 1e-4 * math.sqrt(seconds) * rng.gauss(0.0, 1.0)
        self._calm = 1.0 - (1.0 - self._calm) * math.exp(-seconds / _CALM_S)
        if rng.random() < 1.0 - math.exp(-seconds / _JUMP_EVERY_S):
            self._anchor += _JUMP_BP * 1e-4 * rng.gauss(0.0, 1.0)
            self._calm = 0.0

    def _size(self, mid: float) -> Decimal:
        money = self._shape.size * math.exp(self._rng.gauss(0.0, 0.6))
        return max(int(money / (mid * self._tick) / self._lot), 1) * self._instrument.lot
