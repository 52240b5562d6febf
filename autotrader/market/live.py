"""Live quotes, as far as they can be thought about without a wire: what a feed needs of a venue, and which news is new (pure).

Order comes from the venue's own count of changes, not from the time of arrival; a connection begins its count anew. A symbol
that is silent may be quiet or deaf: it is asked for, and a stream that keeps missing what the answers show is given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from autotrader.model import Bar, MarketTrade, Quote

__all__ = ["LineClosing", "LiveLine", "LiveNews", "LiveSource", "LiveTops", "TopSeen"]

DEAF_AFTER = 3


class TopSeen(msgspec.Struct, frozen=True, gc=False):
    """A top of book as a stream told it; ``update`` counts the venue's changes, upward within one connection."""

    quote: Quote
    update: int


class LineClosing(msgspec.Struct, frozen=True):
    """The venue says that it will close this connection soon."""


class LiveLine(NamedTuple):
    """One connection: where to, and whose quotes it brings."""

    url: str
    symbols: tuple[str, ...]


LiveNews = TopSeen | MarketTrade | Bar | LineClosing


class LiveSource(Protocol):
    """A venue's public streams. ``lines`` and ``read`` are pure; ``ask`` blocks, within a limit of its own."""

    name: str
    symbols: tuple[str, ...]

    def lines(self) -> Sequence[LiveLine]:
        """Return the connections that bring all symbols."""

    def read(self, data: bytes, recv_ns: int) -> LiveNews | None:
        """Return the news in a frame, None for none; raises DecodeError for one that cannot be read."""

    def ask(self, symbols: Sequence[str], now_ns: int) -> list[Quote]:
        """Ask for the tops of some symbols, as of ``now_ns``; raises AutotraderError. Any thread, one at a time."""

    def close(self) -> None:
        """Break off what is asked; any thread."""


class _Top:
    __slots__ = ("heard_ns", "missed", "quote", "update")

    def __init__(self) -> None:
        self.quote: Quote | None = None
        self.update = self.heard_ns = self.missed = 0


class LiveTops:
    """The newest top of each symbol. Times are those of the quotes' own clock, in ns."""

    def __init__(self, symbols: Iterable[str], begun_ns: int) -> None:
        self._tops = {symbol: _Top() for symbol in symbols}
        for top in self._tops.values():
            top.heard_ns = begun_ns

    def renew(self, symbols: Iterable[str]) -> None:
        """Begin a connection: its count of changes is its own."""
        for symbol in symbols:
            self._tops[symbol].update = self._tops[symbol].missed = 0

    def take(self, seen: TopSeen) -> bool:
        """Take a stream's news; False for what is old, or of a symbol that nobody asked for."""
        top = self._tops.get(seen.quote.symbol)
        if top is None or seen.update <= top.update:
            return False
        top.quote, top.update, top.heard_ns, top.missed = seen.quote, seen.update, seen.quote.ts_ns, 0
        return True

    def take_answer(self, quote: Quote, asked_ns: int) -> bool:
        """Take an answer to a question asked at ``asked_ns``; False when the stream has told of the symbol since.

        A top that differs from the last one heard is one that the stream has missed.
        """
        top = self._tops.get(quote.symbol)
        if top is None or top.heard_ns > asked_ns:
            return False
        known = top.quote
        if known is not None and (known.bid, known.ask) != (quote.bid, quote.ask):
            top.missed += 1
        top.quote, top.heard_ns = quote, quote.ts_ns
        return True

    def quiet(self, now_ns: int, limit_ns: int) -> list[str]:
        """Return the symbols of which nothing was heard for so long, the longest first."""
        silent = [(top.heard_ns, symbol) for symbol, top in self._tops.items() if now_ns - top.heard_ns >= limit_ns]
        return [symbol for _, symbol in sorted(silent)]

    def deaf(self) -> set[str]:
        """Return the symbols whose stream has missed several changes in a row."""
        return {symbol for symbol, top in self._tops.items() if top.missed >= DEAF_AFTER}
