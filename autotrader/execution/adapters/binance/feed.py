"""Binance's public market data as a source of live quotes: book tickers by stream, and by REST where a stream is silent.

No key is needed (binance.md sections 1 and 6). Paper trading takes the hosts for public data, or those of ``venues.binance``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Final
from urllib.parse import quote as quoted

from autotrader.config import Settings
from autotrader.errors import ConfigError, DecodeError, StartError, VenueError
from autotrader.execution.adapters.binance.codec import (
    CodecSettings,
    TopTold,
    VenueClosing,
    decode_market_frame,
    decode_quote,
    instrument_of,
    quote_call,
    stream_names,
)
from autotrader.execution.adapters.binance.config import binance_settings
from autotrader.execution.adapters.binance.hands import Hands
from autotrader.execution.adapters.binance.hosts import ENVIRONMENTS, PUBLIC, Hosts
from autotrader.execution.adapters.binance.listing import symbol_rules
from autotrader.execution.adapters.dial import endpoint_of
from autotrader.execution.adapters.outside import LivePlan
from autotrader.market.live import LineClosing, LiveLine, LiveNews, TopSeen
from autotrader.model import Bar, Instrument, MarketTrade, Mode, Quote

__all__ = ["BinanceLive", "live_plan"]

PER_LINE: Final = 200
"""Streams on one connection: a URL of all of them stays short enough."""
INTERVALS: Final = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
ASK_S: Final = 5.0
START_S: Final = 10.0


class BinanceLive:
    """The source. ``name`` is the venue that the quotes are for: ``binance``, or ``paper`` that trades on them.

    ``bars`` is an interval such as "1m", empty for none.
    """

    def __init__(self, hosts: Hosts, name: str, symbols: Sequence[str], *, trades: bool = False, bars: str = "") -> None:
        self.name, self.symbols = name, tuple(symbols)
        self._trades, self._bars = trades, bars
        self._hosts = hosts
        self._hands: Hands | None = None

    def lines(self) -> list[LiveLine]:
        """Return combined streams, at most 200 on a connection."""
        each = PER_LINE // (1 + self._trades + bool(self._bars))
        parts = [self.symbols[start : start + each] for start in range(0, len(self.symbols), each)]
        return [LiveLine(self._url(part), part) for part in parts]

    def _url(self, symbols: Sequence[str]) -> str:
        names = "/".join(stream_names(symbols, trades=self._trades, interval=self._bars or None))
        return f"{self._hosts.stream}/stream?streams={quoted(names, safe='/@')}"

    def read(self, data: bytes, recv_ns: int) -> LiveNews | None:
        """Return a book ticker, a trade, a bar, or the word that the venue is closing; all else is no news."""
        told = decode_market_frame(data, self.name, recv_ns)
        if isinstance(told, TopTold):
            return TopSeen(told.quote, told.update)
        if isinstance(told, MarketTrade | Bar):
            return told
        return LineClosing() if isinstance(told, VenueClosing) else None

    def ask(self, symbols: Sequence[str], now_ns: int) -> list[Quote]:
        """Ask for book tickers one by one (weight 2 each)."""
        if self._hands is None:
            self._hands = _hands(self._hosts, ASK_S)
        return [decode_quote(self._hands.read(quote_call(symbol)), self.name, now_ns) for symbol in symbols]

    def close(self) -> None:
        """Break off what is asked."""
        hands = self._hands
        if hands is not None:
            hands.shut()


def _hands(hosts: Hosts, deadline_s: float) -> Hands:
    return Hands(hosts.rest, CodecSettings("public"), deadline_s=deadline_s)


def live_plan(settings: Settings) -> LivePlan:
    """Return the source for trading at Binance, or for paper with the instruments that Binance lists.

    For paper the venue is asked once, within ten seconds. Raises ConfigError for a symbol that is not listed, StartError when
    the venue cannot be asked.
    """
    section, market = settings.venues["binance"], settings.market
    if market.bars and market.bars not in INTERVALS:
        raise ConfigError(f"market.bars: binance has no bars of {market.bars}; it has {', '.join(INTERVALS)}")
    if settings.mode is not Mode.PAPER:
        own = binance_settings(section, settings.mode)
        if not own.symbols:
            raise ConfigError('venues.binance.symbols is empty: name what to trade, such as ["BTCUSDT"]')
        source = BinanceLive(own.hosts, "binance", own.symbols, trades=market.trades, bars=market.bars)
        return LivePlan(source, (), own.silence_s, own.renew_h * 3600)
    hosts = _public_hosts(section.options)
    instruments = _listed(hosts, settings)
    symbols = [one.symbol for one in instruments]
    return LivePlan(BinanceLive(hosts, "paper", symbols, trades=market.trades, bars=market.bars), instruments)


def _public_hosts(options: dict[str, object]) -> Hosts:
    """Return where public data is read for paper: as configured, else by environment, else the hosts for public data."""
    environment = str(options.get("environment", "") or "")
    known = ENVIRONMENTS.get(environment, PUBLIC)
    rest, stream = str(options.get("rest") or known.rest).rstrip("/"), str(options.get("stream") or known.stream).rstrip("/")
    for url in (rest, stream):
        endpoint_of(url)
    return Hosts(rest, known.ws, stream)


def _listed(hosts: Hosts, settings: Settings) -> tuple[Instrument, ...]:
    """Return the instruments of ``market.symbols``; of the default ones those that are listed."""
    market = settings.market
    wanted, is_given = market.quoted_symbols, market.symbol is not None or "symbols" in market.model_fields_set
    with closing(_hands(hosts, START_S)) as hands:
        try:
            rules = symbol_rules(hands, wanted)
        except (VenueError, DecodeError) as error:
            raise StartError(f"the instruments of binance cannot be read at {hosts.rest}: {error}") from error
    missing = [symbol for symbol in wanted if symbol not in rules]
    if missing and (is_given or not rules):
        raise ConfigError(f"market.symbols: binance lists no {', '.join(missing)} at {hosts.rest}; name others")
    return tuple(instrument_of(rules[symbol], "paper") for symbol in wanted if symbol in rules)
