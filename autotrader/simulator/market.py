"""The market of a simulated venue: it moves by itself, seeded, or along a tape; a symbol that is set by hand stands still.

Everything is in the machine's time: a tape is replayed at its own pace from the start on, over and over, its idle stretches
cut short. Strangers trade now and then at the quote, so that the public trades and the queues at a price move as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from random import Random
from typing import Final

import msgspec

from autotrader.errors import ConfigError
from autotrader.market import SyntheticMarket, SyntheticSettings, Tape, TapeSettings
from autotrader.model import Instrument, Quote, Side
from autotrader.simulator.world import SimVenue

__all__ = ["MovingMarket"]

NS: Final = 1_000_000_000
ONE: Final = Decimal(1)
RATE: Final = 10.0
"""Quotes a second and symbol, on average."""
TRADES_PER_QUOTE: Final = 0.5
MOST_SHARE: Final = 30
"""A stranger's trade is at most so many hundredths of the size shown."""
LONGEST_PAUSE_NS: Final = 10 * NS


class _Lane:
    """One symbol's way: quotes at times of its own, and where its clock stands. ``shift`` is what was set by hand apart."""

    def __init__(self, instrument: Instrument, quotes: Iterator[Quote], clock_ns: int) -> None:
        self.instrument, self._quotes, self.clock_ns = instrument, quotes, clock_ns
        self._next = next(quotes, None)
        self._raw_mid: Decimal | None = None
        self.shift = Decimal(0)
        self.is_manual = False

    def due(self, until_ns: int) -> Iterator[Quote]:
        """Move the clock, and yield the quotes on the way, in the instrument's steps; crossed ones are passed over."""
        self.clock_ns = max(self.clock_ns, until_ns)
        while self._next is not None and self._next.ts_ns <= self.clock_ns:
            quote, self._next = self._next, next(self._quotes, None)
            self._raw_mid = quote.mid
            if not (fitted := _fitted(quote, self.instrument, self.shift)).is_crossed:
                yield fitted

    def set_mid(self, mid: Decimal) -> None:
        """Stand still here; a step goes on from here."""
        self.is_manual = True
        self.shift = mid - (mid if self._raw_mid is None else self._raw_mid)


class MovingMarket:
    """Moves the market of a venue at its ticks. One seed gives one market; ``manual`` makes every symbol stand at first."""

    def __init__(self, venue: SimVenue, *, seed: int = 0, tape: str | None = None, manual: bool = False) -> None:
        self._venue, self._rng = venue, Random(f"{seed}/trades")
        now_ns = venue.machine_ns()
        self._lanes = {one.symbol: _Lane(one, _synthetic(one, seed, now_ns), now_ns) for one in venue.instruments.values()}
        if tape is not None:
            instrument, quotes = _taped(venue, tape, now_ns)
            self._lanes[instrument.symbol] = _Lane(instrument, quotes, now_ns)
        self.move(now_ns)
        for lane in self._lanes.values():
            lane.is_manual = manual
        venue.on_tick.append(self.move)

    def move(self, now_ns: int) -> None:
        """Show what is due of the symbols that move by themselves."""
        for lane in self._lanes.values():
            if not lane.is_manual:
                self._show(lane, now_ns)

    def set_quote(self, quote: Quote) -> None:
        """Set a symbol's book and let it stand."""
        self._lanes[quote.symbol].set_mid(quote.mid)
        self._venue.show_quote(quote)

    def step(self, seconds: float) -> list[str]:
        """Let the symbols that stand move on by so many seconds; return which they are."""
        standing = [lane for lane in self._lanes.values() if lane.is_manual]
        for lane in standing:
            self._show(lane, lane.clock_ns + round(seconds * NS))
        return [lane.instrument.symbol for lane in standing]

    def _show(self, lane: _Lane, until_ns: int) -> None:
        venue = self._venue
        for quote in lane.due(until_ns):
            if (shown := venue.quotes.get(quote.symbol)) is not None and self._rng.random() < TRADES_PER_QUOTE:
                self._trade(shown, lane.instrument.lot)
            venue.show_quote(msgspec.structs.replace(quote, ts_ns=venue.now_ns()))

    def _trade(self, quote: Quote, lot: Decimal) -> None:
        """Let a stranger take some of what is shown."""
        buys = self._rng.random() < 0.5
        price, size = (quote.ask, quote.ask_size) if buys else (quote.bid, quote.bid_size)
        quantity = _whole(size * self._rng.randint(1, MOST_SHARE) / 100, lot)
        self._venue.print_trade(quote.symbol, price, quantity, Side.BUY if buys else Side.SELL)


def _fitted(quote: Quote, instrument: Instrument, shift: Decimal) -> Quote:
    """Return the quote in whole ticks and lots, bid rounded down and ask up."""
    tick, lot = instrument.tick, instrument.lot
    bid = max(((quote.bid + shift) / tick).to_integral_value(ROUND_FLOOR), ONE) * tick
    ask = max(((quote.ask + shift) / tick).to_integral_value(ROUND_CEILING), ONE) * tick
    sizes = _whole(quote.bid_size, lot), _whole(quote.ask_size, lot)
    return Quote(instrument.venue, instrument.symbol, bid, ask, sizes[0], sizes[1], quote.ts_ns)


def _whole(quantity: Decimal, lot: Decimal) -> Decimal:
    """Round down to whole lots, at least one."""
    return max(quantity // lot, ONE) * lot


def _synthetic(instrument: Instrument, seed: int, now_ns: int) -> Iterator[Quote]:
    settings = SyntheticSettings(
        venue=instrument.venue, seed=seed, symbols=(_letters(instrument.symbol),), rate=RATE, tick=instrument.tick
    )
    return SyntheticMarket(settings).quotes(now_ns)


def _letters(symbol: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", symbol.upper())


def _taped(venue: SimVenue, path: str, now_ns: int) -> tuple[Instrument, Iterator[Quote]]:
    tape = Tape(TapeSettings(path=path, venue=venue.name))
    named = _letters(tape.instrument.symbol)
    for instrument in venue.instruments.values():
        if _letters(instrument.symbol) == named:
            return instrument, _over_and_over(tape, now_ns)
    raise ConfigError(f"--tape {path}: {named} is not listed here; there are {', '.join(venue.instruments)}")


def _over_and_over(tape: Tape, now_ns: int) -> Iterator[Quote]:
    at_ns = now_ns
    while True:
        last_ns: int | None = None
        for quote in tape:
            at_ns += min(quote.ts_ns - last_ns, LONGEST_PAUSE_NS) if last_ns is not None else 0
            last_ns = quote.ts_ns
            yield msgspec.structs.replace(quote, ts_ns=at_ns)
        at_ns += NS
