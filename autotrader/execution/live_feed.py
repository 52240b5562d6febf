"""The actor that brings a venue's live quotes into the engine, and keeps its connections up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from autotrader.actors import Context, Handle, Worker, handles
from autotrader.errors import AutotraderError, DecodeError, RateLimited, Unavailable
from autotrader.execution.adapters.outside import OpenedStream
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened
from autotrader.market import FeedProgress, FeedStatus, StartMarket
from autotrader.market.live import LiveLine, LiveSource, LiveTops, TopSeen
from autotrader.messages import BarClosed, GetStatus, Lane, Message, QuoteUpdate, TradeSeen
from autotrader.model import Bar, MarketTrade, Quote

__all__ = ["LiveFeedActor", "LiveFeedSettings", "OpenStream"]

LOOK_S = 1.0
ASKED_AT_ONCE = 10
NS = 1_000_000_000


OpenStream = Callable[[str, int, str, Handle], OpenedStream]
"""Opens a connection in a thread of its own: (stream, number, URL, whom to tell)."""


class LiveFeedSettings(msgspec.Struct, frozen=True):
    """Seconds. A symbol that is silent for ``quiet_s`` is asked for.

    A lost connection comes back after a random share of 0.5, 1, 2 … up to ``back_off_s``; after one that held for ``healthy_s``
    that begins anew. ``renew_s`` is the age at which a connection is replaced, before the venue ends it.
    """

    quiet_s: float = 3.0
    back_off_s: float = 30.0
    healthy_s: float = 60.0
    renew_s: float = 23 * 3600.0


class LookDue(Message, frozen=True):
    """Time to look at the connections, and at what is silent."""


class OpenDue(Message, frozen=True):
    """A back-off is over."""

    stream: str
    number: int


class TopsAnswered(Message, frozen=True):
    """An answer to a question for tops; ``error`` says why there is none, ``wait_s`` how long the venue wants quiet."""

    quotes: tuple[Quote, ...]
    asked_ns: int
    error: str = ""
    wait_s: float = 0.0
    lane = Lane.EVENTS


class _Wire:
    """One connection, with the one that is about to replace it."""

    __slots__ = ("failures", "is_open", "line", "name", "number", "opened_ns", "reader", "successor", "successor_number")

    def __init__(self, name: str, line: LiveLine) -> None:
        self.name, self.line = name, line
        self.number = self.successor_number = self.failures = 0
        self.opened_ns = 0
        self.reader: OpenedStream | None = None
        self.successor: OpenedStream | None = None
        self.is_open = False


class LiveFeedActor(Worker):
    """Tells each new quote to the targets in turn, the newest of each symbol only. Begins with ``StartMarket``; never ends.

    Trades and final bars, where the source brings them, go to the ``listeners``, each of them.
    While a connection is away nothing is quoted, and the limits deny orders on what grows old.
    """

    def __init__(
        self, context: Context, *, source: LiveSource, targets: Sequence[Handle], open_stream: OpenStream,
        listeners: Sequence[Handle] = (), progress: FeedProgress | None = None, settings: LiveFeedSettings | None = None,
    ) -> None:  # fmt: skip
        super().__init__(context)
        self._source, self._targets, self._open_stream = source, tuple(targets), open_stream
        self._progress, self._settings = progress or FeedProgress(), settings or LiveFeedSettings()
        wires = [_Wire(f"{self.name}.{number}", line) for number, line in enumerate(source.lines(), 1)]
        self._wires = {wire.name: wire for wire in wires}
        self._tops = LiveTops(source.symbols, 0)
        self._listeners, self._happened = tuple(listeners), list[TradeSeen | BarClosed]()
        self._fresh: dict[str, Quote] = {}
        self._count, self._unread = self.epoch << 32, 0  # what readers of an earlier incarnation tell is nobody's
        self._started = self._asking = False
        self._quiet_until_ns = 0
        self._error = ""

    # ------------------------------------------------------------ life

    def on_start(self) -> None:
        """Go on with what an earlier incarnation had begun."""
        if self._progress.quotes:
            self.me.tell(StartMarket())

    def on_stop(self) -> None:
        """Close what is open, and leave no thread behind."""
        self._source.close()
        open_now = [one for wire in self._wires.values() for one in (wire.reader, wire.successor) if one is not None]
        for reader in open_now:
            reader.close()
        for reader in open_now:
            reader.join()

    @handles(StartMarket)
    def _on_start_market(self, _: StartMarket) -> None:
        if self._started:
            return
        self._started, self._tops = True, LiveTops(self._source.symbols, self.clock.now_ns())
        for wire in self._wires.values():
            self._open(wire)
        self._ask(self._source.symbols)
        self.wall_ticker.every(LOOK_S, self.me, LookDue())

    def on_flush(self) -> None:
        """Tell the newest quote of each symbol that has one, and what the market did."""
        happened, self._happened = self._happened, []
        for listener in self._listeners if happened else ():
            with suppress(Unavailable):
                listener.tell(list(happened))
        fresh, self._fresh = self._fresh, {}
        for quote in fresh.values():
            message = QuoteUpdate(quote)
            for target in self._targets:
                with suppress(Unavailable):
                    target.tell(message)
        self._progress.quotes += len(fresh)
        if fresh:
            self._progress.ts_ns = next(reversed(fresh.values())).ts_ns

    # ------------------------------------------------------------ connections

    def _open(self, wire: _Wire) -> None:
        self._count += 1
        wire.number, wire.is_open = self._count, False
        wire.reader = self._open_stream(wire.name, wire.number, wire.line.url, self.me)

    @handles(OpenDue)
    def _on_open_due(self, due: OpenDue) -> None:
        wire = self._wires[due.stream]
        if wire.number == due.number and wire.reader is None:
            self._open(wire)

    @handles(StreamOpened)
    def _on_opened(self, msg: StreamOpened) -> None:
        wire = self._wires[msg.stream]
        if wire.successor is not None and msg.number == wire.successor_number:
            old, wire.reader, wire.number = wire.reader, wire.successor, wire.successor_number
            wire.successor = None
            if old is not None:
                old.close()
        elif msg.number != wire.number:
            return
        wire.is_open, wire.opened_ns, self._error = True, self.wall.monotonic_ns(), ""
        self._tops.renew(wire.line.symbols)
        self.log.bind(symbols=len(wire.line.symbols)).info("live quotes of {}: connected", self._source.name)

    @handles(StreamClosed)
    def _on_closed(self, msg: StreamClosed) -> None:
        wire = self._wires[msg.stream]
        if wire.successor is not None and msg.number == wire.successor_number:
            wire.successor = None  # the one in use goes on; another is tried when it is looked at
        elif msg.number == wire.number and wire.reader is not None:
            self._lose(wire, msg.reason)

    def _lose(self, wire: _Wire, reason: str) -> None:
        """Let a connection go, and come back after a while."""
        held_ns = self.wall.monotonic_ns() - wire.opened_ns
        if wire.is_open and held_ns >= self._settings.healthy_s * NS:
            wire.failures = 0
        wire.failures += 1
        reader, wire.reader, wire.is_open = wire.reader, None, False
        if reader is not None:
            reader.close()
        if wire.successor is not None:
            wire.reader, wire.number, wire.successor = wire.successor, wire.successor_number, None
            return
        delay_s = min(self._settings.back_off_s, 0.5 * 2 ** min(wire.failures - 1, 16)) * self.rng.uniform(0.5, 1.0)
        self._error = f"{wire.name}: {reason}"
        text = "live quotes of {}: the connection is lost ({}); again in {:.1f} s"
        self.log.warning(text, self._source.name, reason, delay_s)
        self.wall_ticker.after(delay_s, self.me, OpenDue(wire.name, wire.number))

    def _replace(self, wire: _Wire) -> None:
        """Open the next connection before the old one is closed."""
        if wire.successor is None and wire.is_open:
            self._count += 1
            wire.successor_number = self._count
            wire.opened_ns = self.wall.monotonic_ns()  # not again before it is as old anew
            wire.successor = self._open_stream(wire.name, wire.successor_number, wire.line.url, self.me)

    # ------------------------------------------------------------ news

    @handles(FrameReceived)
    def _on_frame(self, frame: FrameReceived) -> None:
        wire = self._wires[frame.stream]
        if frame.number != wire.number or not wire.is_open:
            return
        try:
            seen = self._source.read(frame.data, frame.recv_ns)
        except DecodeError as error:
            self._unread += 1
            if self._unread == 1:
                self.log.warning("live quotes of {}: a frame cannot be read: {}", self._source.name, error)
            return
        if isinstance(seen, TopSeen):
            if self._tops.take(seen):
                self._fresh[seen.quote.symbol] = seen.quote
        elif isinstance(seen, MarketTrade):
            self._happened.append(TradeSeen(seen))
        elif isinstance(seen, Bar):
            if seen.is_final:
                self._happened.append(BarClosed(seen))
        elif seen is not None:
            self._replace(wire)

    @handles(TopsAnswered)
    def _on_answered(self, msg: TopsAnswered) -> None:
        self._asking = False
        for quote in msg.quotes:
            if self._tops.take_answer(quote, msg.asked_ns):
                self._fresh[quote.symbol] = quote
        if msg.error:
            self._quiet_until_ns = self.wall.monotonic_ns() + round(max(msg.wait_s, self._settings.quiet_s) * NS)
            self.log.warning("live quotes of {}: asking for prices failed: {}", self._source.name, msg.error)

    # ------------------------------------------------------------ time

    @handles(LookDue)
    def _on_look(self, _: LookDue) -> None:
        now_ns, settings = self.wall.monotonic_ns(), self._settings
        deaf = self._tops.deaf()
        for wire in self._wires.values():
            if wire.is_open and deaf.intersection(wire.line.symbols):
                self._tops.renew(wire.line.symbols)
                self._lose(wire, "it misses what the venue shows")
            elif wire.is_open and now_ns - wire.opened_ns > settings.renew_s * NS:
                self._replace(wire)
        self._ask(self._tops.quiet(self.clock.now_ns(), round(settings.quiet_s * NS))[:ASKED_AT_ONCE])

    def _ask(self, symbols: Sequence[str]) -> None:
        """Ask for tops beside the mailbox, one question at a time."""
        if not symbols or self._asking or self.wall.monotonic_ns() < self._quiet_until_ns:
            return
        self._asking = True
        asked_ns = self.clock.now_ns()
        work, name = (tuple(symbols), asked_ns), f"{self.name}.ask"
        threading.Thread(target=self._ask_beside, args=work, name=name, daemon=True).start()

    def _ask_beside(self, symbols: Sequence[str], asked_ns: int) -> None:
        answer = TopsAnswered((), asked_ns, "the question was broken off")
        try:
            answer = TopsAnswered(tuple(self._source.ask(symbols, asked_ns)), asked_ns)
        except RateLimited as error:
            answer = TopsAnswered((), asked_ns, str(error), error.retry_after_s)
        except AutotraderError as error:
            answer = TopsAnswered((), asked_ns, str(error))
        finally:
            with suppress(Unavailable):
                self.me.tell(answer)

    @handles(GetStatus)
    def _on_get_status(self, _: GetStatus) -> FeedStatus:
        is_open = all(wire.is_open for wire in self._wires.values())
        error = "" if is_open else self._error or "connecting"
        return FeedStatus(
            source=self._source.name, quotes=self._progress.quotes, fraction=0.0, skipped=self._unread, ended=False,
            error=error if self._started else "",
        )
