"""What the market has done in one symbol: trades, bars and averages, kept while the venue runs. Pure; the time is passed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.model import ZERO, Side
from autotrader.simulator.world import MarketTrade

__all__ = ["INTERVALS", "Bar", "SeenTrade", "Tape", "bar_start"]

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
INTERVALS: Final = {
    "1s": SECOND_MS, "1m": MINUTE_MS, "3m": 3 * MINUTE_MS, "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS, "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS, "2h": 120 * MINUTE_MS, "4h": 240 * MINUTE_MS, "6h": 360 * MINUTE_MS, "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS, "1d": DAY_MS, "3d": 3 * DAY_MS, "1w": 7 * DAY_MS, "1M": 30 * DAY_MS,
}  # fmt: skip
_WEEK_BEGINS_MS: Final = 4 * DAY_MS
_MOST_TRADES: Final = 5_000
_MOST_BARS: Final = 4_000


class SeenTrade(msgspec.Struct, frozen=True, gc=False):
    """A public trade: ``number`` is the aggregate's, ``buyer_made`` says that the buyer was the maker."""

    number: int
    trade_id: int
    price: Decimal
    quantity: Decimal
    ts_ns: int
    buyer_made: bool


class Bar(msgspec.Struct, gc=False):
    """One bar; ``start_ms`` is when it opens. Without a trade all its prices are the last one's."""

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    worth: Decimal = ZERO
    taken: Decimal = ZERO
    taken_worth: Decimal = ZERO
    count: int = 0
    first_id: int = -1
    last_id: int = -1

    def add(self, trade: SeenTrade) -> None:
        """Take in one trade."""
        price, worth = trade.price, trade.price * trade.quantity
        if not self.count:
            self.open = self.high = self.low = price
            self.first_id = trade.trade_id
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.close, self.last_id = price, trade.trade_id
        self.volume += trade.quantity
        self.worth += worth
        self.count += 1
        if not trade.buyer_made:
            self.taken += trade.quantity
            self.taken_worth += worth

    def join(self, later: Bar) -> None:
        """Take in the bar that follows."""
        if later.count:
            if not self.count:
                self.open, self.high, self.low, self.first_id = later.open, later.high, later.low, later.first_id
            self.high, self.low, self.last_id = max(self.high, later.high), min(self.low, later.low), later.last_id
        self.close = later.close
        self.volume += later.volume
        self.worth += later.worth
        self.taken += later.taken
        self.taken_worth += later.taken_worth
        self.count += later.count


def bar_start(interval: str, at_ms: int, ahead_ms: int = 0) -> int:
    """Return when the bar that holds ``at_ms`` opens; weeks begin on Mondays, a month counts 30 days here.

    ``ahead_ms`` is how far the time zone whose midnight counts is ahead of UTC.
    """
    length = INTERVALS[interval]
    shift = (_WEEK_BEGINS_MS if interval == "1w" else 0) - ahead_ms
    return (at_ms - shift) // length * length + shift


class Tape:
    """One symbol's. ``begin`` is the price that counts until there is a trade or a quote."""

    def __init__(self, begin: Decimal) -> None:
        self.last = begin
        self.trades: deque[SeenTrade] = deque(maxlen=_MOST_TRADES)
        self._seconds: deque[Bar] = deque(maxlen=_MOST_BARS)
        self._minutes: deque[Bar] = deque(maxlen=_MOST_BARS)
        self._numbers = 0
        self._average: tuple[int, Decimal] = (-1, begin)

    def add(self, trade: MarketTrade) -> SeenTrade:
        """Take in a trade."""
        self._numbers += 1
        seen = SeenTrade(
            self._numbers, int(trade.trade_id), trade.price, trade.quantity, trade.ts_ns, trade.aggressor is Side.SELL
        )
        self.trades.append(seen)
        at_ms = trade.ts_ns // 1_000_000
        for bars, length in ((self._seconds, SECOND_MS), (self._minutes, MINUTE_MS)):
            self._reach(bars, length, at_ms)
            bars[-1].add(seen)
        self.last = trade.price
        return seen

    def mark(self, price: Decimal) -> None:
        """Note where the market stands, as long as nothing has traded."""
        if not self.trades:
            self.last = price

    def average(self, at_ms: int) -> Decimal:
        """Return the average price of the last five minutes, else the last price; at most a second old."""
        second = at_ms // SECOND_MS
        if self._average[0] != second:
            recent = [bar for bar in self._minutes if bar.start_ms > at_ms - 5 * MINUTE_MS]
            volume = sum((bar.volume for bar in recent), ZERO)
            worth = sum((bar.worth for bar in recent), ZERO)
            self._average = (second, worth / volume if volume else self.last)
        return self._average[1]

    def bars(self, interval: str, at_ms: int, ahead_ms: int = 0) -> list[Bar]:
        """Return the bars up to now, oldest first; the last one is still open."""
        fine, length = (self._seconds, SECOND_MS) if interval == "1s" else (self._minutes, MINUTE_MS)
        self._reach(fine, length, at_ms)
        if interval in ("1s", "1m"):
            return list(fine)
        joined: list[Bar] = []
        for bar in fine:
            start = bar_start(interval, bar.start_ms, ahead_ms)
            if not joined or joined[-1].start_ms != start:
                joined.append(Bar(start, bar.open, bar.high, bar.low, bar.close))
            joined[-1].join(bar)
        return joined

    def bar(self, interval: str, at_ms: int) -> Bar:
        """Return the bar that is open now."""
        return self.bars(interval, at_ms)[-1]

    def window(self, at_ms: int, length_ms: int = DAY_MS) -> Bar:
        """Return the last 24 hours, or another length of time, in whole minutes as one bar."""
        start = (at_ms - length_ms) // MINUTE_MS * MINUTE_MS + MINUTE_MS
        recent = [bar for bar in self.bars("1m", at_ms) if bar.start_ms >= start]
        first = recent[0]
        whole = Bar(at_ms - length_ms, first.open, first.high, first.low, first.close)
        for bar in recent:
            whole.join(bar)
        return whole

    def since(self, trade_id: int) -> Iterator[SeenTrade]:
        """Yield the trades from an id on."""
        return (trade for trade in self.trades if trade.trade_id >= trade_id)

    def _reach(self, bars: deque[Bar], length: int, at_ms: int) -> None:
        """Open bars up to now; a long silence is not filled from its beginning."""
        start = at_ms // length * length
        if not bars:
            bars.append(Bar(start, self.last, self.last, self.last, self.last))
            return
        following = max(bars[-1].start_ms + length, start - (_MOST_BARS - 1) * length)
        while following <= start:
            bars.append(Bar(following, self.last, self.last, self.last, self.last))
            following += length
