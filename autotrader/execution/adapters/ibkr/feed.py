"""Quotes from TWS as a source of live quotes: a connection of its own, so that orders keep their messages.

TWS tells what changes and nothing else: a symbol of which nothing is heard stands, as long as TWS answers and its data farms
are there. That is asked before an old top is told anew. Source: ibkr.md sections 4.5 and 9.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec
from loguru import logger

from autotrader.actors import Handle
from autotrader.clock import Clock
from autotrader.config import Settings
from autotrader.errors import AutotraderError, ConfigError, DecodeError, NotSent, StartError, Unavailable
from autotrader.execution.adapters.ibkr.config import VENUE, QuoteSettings, quote_settings
from autotrader.execution.adapters.ibkr.hands import Hands
from autotrader.execution.adapters.ibkr.messages import (
    LinkClosed,
    LinkOpened,
    Request,
    TimeRequest,
    TimeTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.side import Address, SideConnection
from autotrader.execution.adapters.ibkr.ticks import Ticker, Top
from autotrader.execution.adapters.outside import LivePlan
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened
from autotrader.market.live import LiveLine, LiveNews, TopSeen
from autotrader.model import Instrument, Mode, Quote

__all__ = ["IbkrLive", "TwsReader", "live_plan"]

ASK_S: Final = 5.0
FOREVER_S: Final = 10 * 365 * 86_400.0
_encode: Final = msgspec.json.Encoder().encode
_TOPS: Final = msgspec.json.Decoder(Top)


class TwsReader:
    """One connection that brings the quotes of some symbols: ``StreamOpened`` first, then frames, last ``StreamClosed``."""

    def __init__(
        self, stream: str, number: int, settings: QuoteSettings, symbols: Sequence[str], teller: Handle, clock: Clock
    ) -> None:
        self._stream, self._number, self._teller, self._clock = stream, number, teller, clock
        self._ticker = Ticker(symbols, delayed=settings.is_delayed)
        self._answered = threading.Event()
        self.is_open = False
        self._connection = SideConnection(_address(settings), self._hear, now_ns=clock.now_ns)

    # ------------------------------------------------------------ any thread

    def close(self) -> None:
        """End the connection."""
        self._connection.shut("closed by the feed")

    def join(self, timeout_s: float = 1.0) -> bool:
        """Wait for the connection's thread to end; say whether it has."""
        return self._connection.join(timeout_s)

    def tops(self, symbols: Sequence[str]) -> list[Top]:
        """Return the tops that stand, once TWS has shown that it is there; raises VenueError when it has not."""
        self._answered.clear()
        self._connection.write(TimeRequest())
        if not self._answered.wait(ASK_S):
            self._connection.shut(f"TWS did not answer within {ASK_S:g} s")
            raise NotSent("TWS does not answer", venue=VENUE, code="SILENT")
        return self._ticker.standing(symbols)

    # ------------------------------------------------------------ the connection's thread

    def _hear(self, events: list[TwsEvent]) -> None:
        fresh: dict[str, Top] = {}
        for event in events:
            if isinstance(event, LinkOpened):
                self.is_open = True
                self._tell(StreamOpened(self._stream, self._number))
                self._write(self._ticker.begin())
            elif isinstance(event, LinkClosed):
                self.is_open = False
                self._tell(StreamClosed(self._stream, self._number, event.reason))
            elif isinstance(event, TimeTold):
                self._answered.set()
            else:
                self._write(self._ticker.take(event))
                fresh.update((top.symbol, top) for top in self._ticker.take_fresh())
        for word in self._ticker.take_words():
            logger.bind(venue=VENUE).warning("quotes of IB: {}", word)
        for top in fresh.values():
            self._tell(FrameReceived(self._stream, self._number, _encode(top), self._clock.now_ns()))

    def _write(self, requests: Sequence[Request]) -> None:
        try:
            for request in requests:
                self._connection.write(request)
        except AutotraderError as error:
            self._connection.shut(str(error))

    def _tell(self, message: StreamOpened | StreamClosed | FrameReceived) -> None:
        with suppress(Unavailable):
            self._teller.tell(message)


class IbkrLive:
    """The source. ``name`` is the venue that the quotes are for: ``ibkr``, or ``paper`` that trades on them."""

    def __init__(self, settings: QuoteSettings, name: str, symbols: Sequence[str]) -> None:
        self.name, self.symbols = name, tuple(symbols)
        self._settings = settings
        self._reader: TwsReader | None = None

    def open(self, stream: str, number: int, url: str, teller: Handle, clock: Clock) -> TwsReader:  # noqa: ARG002
        """Begin the connection, in a thread of its own."""
        reader = self._reader = TwsReader(stream, number, self._settings, self.symbols, teller, clock)
        return reader

    def lines(self) -> list[LiveLine]:
        """Return the one connection: a client id is one."""
        return [LiveLine(f"tws://{self._settings.host}:{self._settings.port}", self.symbols)]

    def read(self, data: bytes, recv_ns: int) -> LiveNews | None:
        """Return a top of book; raises DecodeError for what is none."""
        try:
            top = _TOPS.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no top of book: {error}") from error
        return TopSeen(self._quote(top, recv_ns), top.update)

    def ask(self, symbols: Sequence[str], now_ns: int) -> list[Quote]:
        """Return what stands, as of now, if TWS answers; nothing while there is no connection."""
        reader = self._reader
        if reader is None or not reader.is_open:
            return []
        return [self._quote(top, now_ns) for top in reader.tops(symbols)]

    def _quote(self, top: Top, ts_ns: int) -> Quote:
        return Quote(self.name, top.symbol, top.bid, top.ask, top.bid_size, top.ask_size, ts_ns)

    def close(self) -> None:
        """End the connection."""
        if self._reader is not None:
            self._reader.close()


def _address(settings: QuoteSettings) -> Address:
    return Address(settings.host, settings.port, settings.client_id, settings.connect_s, settings.codes)


def live_plan(settings: Settings) -> LivePlan:
    """Return the source for trading at IB, or for paper with the instruments that TWS lists.

    For paper TWS is asked once, within seconds. Raises ConfigError for a symbol that cannot be resolved, StartError when TWS
    cannot be asked.
    """
    market = settings.market
    if market.trades or market.bars:
        raise ConfigError("market.trades and market.bars: ibkr brings quotes alone; take them out")
    own = quote_settings(settings.venues[VENUE], settings.mode)
    if settings.mode is not Mode.PAPER:
        if not own.symbols:
            raise ConfigError('venues.ibkr.symbols is empty: name what to trade, such as ["AAPL"]')
        source = IbkrLive(own, VENUE, own.symbols)
        return LivePlan(source, (), renew_s=FOREVER_S, open=source.open)
    instruments = _listed(own, market.quoted_symbols)
    source = IbkrLive(own, "paper", [one.symbol for one in instruments])
    return LivePlan(source, instruments, renew_s=FOREVER_S, open=source.open)


def _listed(own: QuoteSettings, symbols: Sequence[str]) -> tuple[Instrument, ...]:
    try:
        with Hands(_address(own), deadline_s=own.connect_s) as hands:
            listing = hands.resolve(symbols)
    except AutotraderError as error:
        raise StartError(f"the instruments of ibkr cannot be read: {error}") from error
    if listing.failure:
        raise ConfigError(f"market.symbols: {listing.failure}")
    return tuple(msgspec.structs.replace(one, venue="paper") for one in listing.instruments)


