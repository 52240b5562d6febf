"""The market streams by name, who hears them, and when they speak (binance.md section 6). The loop's thread."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Protocol

import msgspec

from autotrader.model import Quote
from autotrader.simulator.binance import ticks
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.market import book_ticker, rows_of, zone_ms
from autotrader.simulator.binance.symbols import SYMBOLS
from autotrader.simulator.binance.tape import INTERVALS, SeenTrade
from autotrader.simulator.binance.telling import UserEvent
from autotrader.simulator.binance.timing import MILLI
from autotrader.simulator.binance.windows import day_row, window_ms

__all__ = ["Channels", "Listener", "stream_name"]

_encode: Final = msgspec.json.Encoder().encode
_NAME: Final = re.compile(
    r"(?:[a-z0-9._-]{1,30}@(?:trade|aggTrade|blockTrade|bookTicker|miniTicker|ticker(?:_(?:1h|4h|1d))?|avgPrice|referencePrice"
    r"|kline_(?:1s|1m|3m|5m|15m|30m|1h|2h|4h|6h|8h|12h|1d|3d|1w|1M)(?:@\+08:00)?|depth(?:5|10|20)?(?:@(?:100|1000)ms)?)"
    r"|!miniTicker@arr(?:@\d+ms)?|!ticker_(?:1h|4h|1d)@arr)"
)
_PARTIAL: Final = re.compile(r"depth(5|10|20)(@100ms)?")
DEPTH_MS: Final = 1_000
FAST_MS: Final = 100
KLINE_MS: Final = 2_000
Look = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]
_DEEP: Final = 1_000


class Listener(Protocol):
    """Somebody who hears streams. ``unit``: the nanoseconds of one unit of time."""

    unit: int

    def hear(self, name: str, event: bytes, symbol: str) -> None:
        """Take an event of a stream."""


def stream_name(text: str) -> str | None:
    """Return a stream's name if there is such a stream, also for a symbol that is not listed; else None."""
    return text if _NAME.fullmatch(text) else None


class Channels:
    """All streams. Trades and tops speak when something happens, the others at their times, by ``tick``.

    ``@blockTrade`` and ``@referencePrice`` are silent: there is nothing to tell.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._heard: dict[str, list[Listener]] = {}
        self._due: dict[str, int] = {}
        self._tops: dict[str, tuple[str, str, str, str]] = {}
        self._looks: dict[str, tuple[int, Look]] = {}
        self._bars: dict[str, int] = {}
        desk.on_print.append(self._on_print)
        desk.venue.on_quote.append(self._on_quote)

    # ------------------------------------------------------------ who hears

    def add(self, name: str, listener: Listener) -> None:
        """Let somebody hear a stream."""
        heard = self._heard.setdefault(name, [])
        if not heard:
            self._begin(name)
        if listener not in heard:
            heard.append(listener)

    def _begin(self, name: str) -> None:
        """Look at the book from which the first differences are told."""
        symbol, _, what = name.partition("@")
        symbol = symbol.upper()
        if what.startswith("depth") and _PARTIAL.match(what) is None and symbol in SYMBOLS:
            self._looks[name] = (self._desk.updates[symbol], self._look(symbol))

    def _look(self, symbol: str) -> Look:
        bids, asks = self._desk.levels(symbol, _DEEP)
        return dict(bids), dict(asks)

    def remove(self, name: str, listener: Listener) -> None:
        """Let somebody hear a stream no more."""
        heard = self._heard.get(name, [])
        if listener in heard:
            heard.remove(listener)
        if not heard and self._heard.pop(name, None) is not None:
            self._due.pop(name, None)
            self._looks.pop(name, None)
            self._bars.pop(name, None)

    def _say(self, name: str, symbol: str, write: Callable[[int], Any]) -> None:
        """Send one event to all who hear the stream, written once per unit of time."""
        written: dict[int, bytes] = {}
        for listener in list(self._heard.get(name, ())):
            text = written.get(listener.unit)
            if text is None:
                text = written[listener.unit] = _encode(write(listener.unit))
            listener.hear(name, text, symbol)

    # ------------------------------------------------------------ what happens

    def _on_print(self, symbol: str, trade: SeenTrade) -> None:
        low, now_ns = symbol.lower(), self._desk.venue.now_ns()
        if (name := f"{low}@trade") in self._heard:
            self._say(name, symbol, lambda unit: ticks.trade_event(symbol, trade, now_ns, unit))
        if (name := f"{low}@aggTrade") in self._heard:
            self._say(name, symbol, lambda unit: ticks.agg_event(symbol, trade, now_ns, unit))

    def _on_quote(self, quote: Quote) -> None:
        self.show_top(quote.symbol)

    def on_orders(self, events: list[UserEvent]) -> None:
        """Look at the tops that own orders may have changed."""
        for symbol in {event.symbol for event in events if event.symbol}:
            self.show_top(symbol)

    def show_top(self, symbol: str) -> None:
        """Tell the best bid and ask, when they are not as they were."""
        name = f"{symbol.lower()}@bookTicker"
        if name not in self._heard:
            return
        top = book_ticker(self._desk, symbol)
        if self._tops.get(symbol) != top:
            self._tops[symbol] = top
            update = self._desk.updates[symbol]
            self._say(name, symbol, lambda _: ticks.book_event(symbol, update, top))

    # ------------------------------------------------------------ what is told at its time

    def tick(self) -> None:
        """Let the streams speak that speak at times of their own."""
        now_ns = self._desk.venue.now_ns()
        now_ms = now_ns // MILLI
        for name in list(self._heard):
            if now_ms >= self._due.get(name, 0):
                self._timed(name, now_ns, now_ms)

    def _timed(self, name: str, now_ns: int, now_ms: int) -> None:
        symbol, _, what = name.partition("@")
        symbol = symbol.upper()
        if symbol == "!MINITICKER":
            self._again(name, now_ms, DEPTH_MS)
            rows = [ticks.mini_event(day_row(self._desk, one, MILLI, mini=True), now_ns, MILLI) for one in SYMBOLS]
            self._say(name, "", lambda _: rows)
        elif symbol.startswith("!TICKER_"):
            self._again(name, now_ms, DEPTH_MS)
            window = symbol[8:].lower()
            told = [self._window_event(one, window, now_ns, MILLI) for one in SYMBOLS]
            self._say(name, "", lambda _: told)
        elif symbol not in SYMBOLS:
            self._again(name, now_ms, DEPTH_MS)
        elif what.startswith("kline_"):
            self._kline(name, symbol, what[6:], now_ns, now_ms)
        elif what.startswith("depth"):
            self._again(name, now_ms, FAST_MS if what.endswith("@100ms") else DEPTH_MS)
            self._depth(name, symbol, what, now_ns)
        elif what in ("ticker", "miniTicker", "avgPrice") or what.startswith("ticker_"):
            self._again(name, now_ms, DEPTH_MS)
            self._statistics(name, symbol, what, now_ns)

    def _again(self, name: str, now_ms: int, period_ms: int) -> None:
        self._due[name] = (now_ms // period_ms + 1) * period_ms

    def _window_event(self, symbol: str, window: str, now_ns: int, unit: int) -> dict[str, Any]:
        row = day_row(self._desk, symbol, unit, length_ms=window_ms(window))
        return ticks.window_event(row, window, now_ns, unit)

    def _kline(self, name: str, symbol: str, what: str, now_ns: int, now_ms: int) -> None:
        interval, _, zone = what.partition("@")
        bars = self._desk.tapes[symbol].bars(interval, now_ms, zone_ms(zone or "0"))
        bar, known = bars[-1], self._bars.get(name)
        if known is not None and known != bar.start_ms:
            for done in bars[-3:-1]:
                if done.start_ms >= known:
                    self._say_bar(name, symbol, interval, done, now_ns, final=True)
        self._bars[name] = bar.start_ms
        self._say_bar(name, symbol, interval, bar, now_ns, final=False)
        end_ms = bar.start_ms + INTERVALS[interval]
        self._due[name] = min(now_ms + (1_000 if interval == "1s" else KLINE_MS), end_ms)

    def _say_bar(self, name: str, symbol: str, interval: str, bar: Any, now_ns: int, *, final: bool) -> None:
        self._say(name, symbol, lambda unit: ticks.kline_event(symbol, interval, bar, now_ns, unit, final=final))

    def _depth(self, name: str, symbol: str, what: str, now_ns: int) -> None:
        update = self._desk.updates[symbol]
        partial = _PARTIAL.match(what)
        if partial is not None:
            bids, asks = self._desk.levels(symbol, int(partial[1]))
            book = {"lastUpdateId": update, "bids": rows_of(bids), "asks": rows_of(asks)}
            self._say(name, symbol, lambda _: book)
            return
        look = self._look(symbol)
        seen, before = self._looks[name]
        self._looks[name] = (update, look)
        if seen != update:
            self._say(
                name, symbol, lambda unit: ticks.depth_event(symbol, seen + 1, update, before, look, now_ns, unit)
            )

    def _statistics(self, name: str, symbol: str, what: str, now_ns: int) -> None:
        desk = self._desk
        if what == "ticker":
            self._say(name, symbol, lambda unit: ticks.ticker_event(day_row(desk, symbol, unit), now_ns, unit))
        elif what == "miniTicker":
            self._say(name, symbol, lambda unit: ticks.mini_event(day_row(desk, symbol, unit, mini=True), now_ns, unit))
        elif what.startswith("ticker_"):
            self._say(name, symbol, lambda unit: self._window_event(symbol, what[7:], now_ns, unit))
        else:
            tape = desk.tapes[symbol]
            traded_ns = tape.trades[-1].ts_ns if tape.trades else now_ns
            price = tape.average(now_ns // MILLI)
            self._say(name, symbol, lambda unit: ticks.average_event(symbol, price, traded_ns, now_ns, unit))
