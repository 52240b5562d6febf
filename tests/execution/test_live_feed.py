"""The live feed as an actor: what it tells, how it comes back, what it asks for, and that it never ends the market."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from support import Probe, eventually

from autotrader.actors import Handle, ManualTicker, Runtime
from autotrader.clock import ManualClock
from autotrader.errors import AutotraderError, DecodeError, NotSent, RateLimited
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened
from autotrader.execution.live_feed import LiveFeedActor, LiveFeedSettings
from autotrader.market import FeedProgress, FeedStatus, StartMarket
from autotrader.market.live import LineClosing, LiveLine, LiveNews, TopSeen
from autotrader.messages import BarClosed, GetStatus, MarketEnded, QuoteUpdate, TradeSeen
from autotrader.model import Bar, MarketTrade, Quote, Side

START = 1_700_000_000_000_000_000
S = 1_000_000_000


def quote(bid: int, ts_ns: int = START, symbol: str = "BTCUSDT") -> Quote:
    return Quote("paper", symbol, Decimal(bid), Decimal(bid + 1), Decimal(1), Decimal(1), ts_ns)


class Source:
    """Frames are "update bid symbol", "trade id", "bar trades final", "closing", "noise" or nonsense; answers: ``book``."""

    name = "paper"

    def __init__(self, *symbols: str, lines: int = 1) -> None:
        self.symbols = symbols or ("BTCUSDT",)
        self.book: dict[str, int] = {}
        self.error: AutotraderError | None = None
        self.asked: list[tuple[str, ...]] = []
        self.closed = 0
        self.hold: threading.Event | None = None
        self._lines = lines

    def lines(self) -> Sequence[LiveLine]:
        parts = [self.symbols[number :: self._lines] for number in range(self._lines)]
        return [LiveLine(f"wss://venue/{number}", part) for number, part in enumerate(parts)]

    def read(self, data: bytes, recv_ns: int) -> LiveNews | None:
        words = data.decode().split()
        if words[0] == "trade":
            return MarketTrade("paper", "BTCUSDT", words[1], Decimal(1), Decimal(1), Side.BUY, recv_ns)
        if words[0] == "bar":
            one = Decimal(1)
            return Bar("paper", "BTCUSDT", "1m", 0, 1, one, one, one, one, one, one, int(words[1]), words[2] == "final")
        if words == ["closing"]:
            return LineClosing()
        if words == ["noise"]:
            return None
        if len(words) < 2:
            raise DecodeError("nonsense")
        return TopSeen(quote(int(words[1]), recv_ns, words[2] if len(words) > 2 else "BTCUSDT"), int(words[0]))

    def ask(self, symbols: Sequence[str], now_ns: int) -> list[Quote]:
        self.asked.append(tuple(symbols))
        if self.hold is not None:
            self.hold.wait(5)
        if self.error is not None:
            raise self.error
        return [quote(self.book[symbol], now_ns, symbol) for symbol in symbols if symbol in self.book]

    def close(self) -> None:
        self.closed += 1
        if self.hold is not None:
            self.hold.set()


class Opened:
    """A reader that the test plays the part of."""

    def __init__(self, stream: str, number: int, url: str) -> None:
        self.stream, self.number, self.url, self.closed = stream, number, url, 0

    def close(self) -> None:
        self.closed += 1

    def join(self, timeout_s: float = 1.0) -> bool:
        return self.closed > 0


class Bench:
    """The actor in the test's own thread, on clocks of the test's."""

    def __init__(self, source: Source | None = None, *, progress: FeedProgress | None = None, **settings: Any) -> None:
        self.source = source or Source()
        self.clock, self.wall = ManualClock(START), ManualClock(START)
        self.runtime = Runtime(self.clock, self.wall, seed=7)
        self.broker, self.oms, self.runner = Probe(), Probe(), Probe()
        for name, probe in (("broker", self.broker), ("oms", self.oms), ("runner", self.runner)):
            self.runtime.handle(name).bind(probe)
        self.readers: list[Opened] = []
        context = self.runtime.context("feed.market")
        self.me = context.me
        self.feed = LiveFeedActor(
            context, source=self.source, targets=[self.runtime.handle("broker"), self.runtime.handle("oms")],
            listeners=[self.runtime.handle("runner")], open_stream=self._open, progress=progress,
            settings=LiveFeedSettings(**settings),
        )
        self.feed.on_start()

    def _open(self, stream: str, number: int, url: str, teller: Handle) -> Opened:
        assert teller is self.me
        self.readers.append(Opened(stream, number, url))
        return self.readers[-1]

    def start(self, *, opened: bool = True) -> Bench:
        self.tell(StartMarket())
        self.answer()
        if opened:
            for reader in list(self.readers):
                self.tell(StreamOpened(reader.stream, reader.number))
        return self

    def tell(self, *messages: Any) -> Bench:
        for message in messages:
            self.me.tell(message)
        self.feed.run_pending()
        return self

    def frames(self, *texts: str, reader: Opened | None = None) -> Bench:
        told = reader or self.readers[-1]
        return self.tell([FrameReceived(told.stream, told.number, text.encode(), self.clock.now_ns()) for text in texts])

    def answer(self) -> Bench:
        """Wait for the question under way, and hand its answer over."""
        eventually(lambda: not any(thread.name == "feed.market.ask" for thread in threading.enumerate()))
        return self.tell()

    def lose(self, reason: str = "cut") -> Bench:
        return self.tell(StreamClosed(self.readers[-1].stream, self.readers[-1].number, reason))

    def pass_s(self, seconds: float) -> Bench:
        for clock in (self.clock, self.wall):
            clock.advance(seconds)
        ticker = self.runtime.wall_ticker
        assert isinstance(ticker, ManualTicker)
        ticker.fire_due()
        return self.tell().answer()

    @property
    def bids(self) -> list[int]:
        return [int(one.quote.bid) for one in self.oms.of(QuoteUpdate)]

    @property
    def status(self) -> FeedStatus:
        return self.feed._on_get_status(GetStatus())


def test_quotes_go_to_the_targets_in_turn_and_only_the_newest_of_a_batch() -> None:
    bench = Bench().start()
    bench.frames("1 100", "2 101", "3 102").frames("4 103")
    assert bench.bids == [102, 103]
    assert [one.quote for one in bench.broker.of(QuoteUpdate)] == [one.quote for one in bench.oms.of(QuoteUpdate)]
    assert bench.status.quotes == 2


def test_old_news_noise_and_frames_that_cannot_be_read_change_nothing() -> None:
    bench = Bench().start().frames("5 100").frames("4 90").frames("5 91").frames("noise").frames("?").frames("??")
    assert bench.bids == [100]
    assert bench.status.skipped == 2
    assert bench.frames("6 101").bids == [100, 101]


def test_every_trade_and_every_final_bar_goes_to_who_listens_and_to_nobody_else() -> None:
    bench = Bench().start().frames("trade 1", "1 100", "trade 2", "bar 7 open", "bar 9 final", "trade 3")
    assert [one.trade.trade_id for one in bench.runner.of(TradeSeen)] == ["1", "2", "3"]
    assert [one.bar.trades for one in bench.runner.of(BarClosed)] == [9]
    assert bench.runner.of(QuoteUpdate) == bench.oms.of(TradeSeen) == bench.broker.of(BarClosed) == []


def test_nothing_begins_before_the_market_is_started_and_only_once() -> None:
    bench = Bench()
    assert (bench.readers, bench.source.asked) == ([], [])
    bench.start().tell(StartMarket())
    assert [reader.url for reader in bench.readers] == ["wss://venue/0"]


def test_the_first_prices_are_asked_for_since_a_quiet_stream_tells_none() -> None:
    source = Source("BTCUSDT", "ETHUSDT")
    source.book = {"BTCUSDT": 100, "ETHUSDT": 50}
    bench = Bench(source).start(opened=False)
    assert sorted(bench.bids) == [50, 100]


def test_a_lost_connection_comes_back_later_and_later_but_never_in_a_storm() -> None:
    bench = Bench(back_off_s=30.0).start()
    opened_at: list[float] = [0.0]
    while len(bench.readers) < 12:
        bench.lose()
        count = len(bench.readers)
        while len(bench.readers) == count:
            bench.pass_s(0.05)
            opened_at.append(opened_at.pop() + 0.05)
        opened_at.append(opened_at[-1])
    pauses = [after - before for before, after in zip(opened_at, opened_at[1:], strict=False)][1:-1]
    assert all(0.2 <= pause <= 31 for pause in pauses)
    assert max(pauses) > 14
    assert len([one for one in opened_at if one <= 300]) <= 25


def test_one_that_held_comes_back_at_once_again() -> None:
    bench = Bench(healthy_s=60.0, quiet_s=1e6).start()
    for _ in range(8):
        bench.lose().pass_s(40)
        bench.tell(StreamOpened(bench.readers[-1].stream, bench.readers[-1].number))
    bench.pass_s(61).lose()
    count = len(bench.readers)
    bench.pass_s(0.6)
    assert len(bench.readers) == count + 1


def test_while_it_is_away_nothing_is_quoted_and_what_the_old_connection_still_says_is_nobodys() -> None:
    bench = Bench(quiet_s=1e6).start().frames("9 100")
    old = bench.readers[-1]
    bench.lose("the network is gone")
    assert "the network is gone" in bench.status.error
    bench.frames("10 90", reader=old).pass_s(1.0)
    bench.tell(StreamOpened(bench.readers[-1].stream, bench.readers[-1].number))
    bench.frames("11 91", reader=old).frames("1 101")
    assert bench.bids == [100, 101]
    assert bench.status.error == ""


def test_a_silent_symbol_is_asked_for_so_that_a_quiet_market_stays_tradable() -> None:
    source = Source("BTCUSDT", "ETHUSDT")
    source.book = {"BTCUSDT": 100, "ETHUSDT": 50}
    bench = Bench(source, quiet_s=3.0).start()
    bench.frames("1 100 BTCUSDT", "1 50 ETHUSDT")
    asked = len(source.asked)
    for number in range(5):
        bench.pass_s(1).frames(f"{number + 2} 101 BTCUSDT")
    assert source.asked[asked:] == [("ETHUSDT",)]
    told = [one.quote for one in bench.oms.of(QuoteUpdate) if one.quote.symbol == "ETHUSDT"]
    assert told[-1].ts_ns >= START + 3 * S
    assert len(bench.readers) == 1


def test_a_stream_that_misses_what_the_venue_shows_is_replaced() -> None:
    source = Source()
    bench = Bench(source, quiet_s=3.0).start().frames("1 100")
    for bid in range(101, 110):
        source.book = {"BTCUSDT": bid}
        bench.pass_s(4)
    assert len(bench.readers) >= 2
    assert bench.readers[0].closed


def test_questions_that_fail_wait_as_long_as_the_venue_wants() -> None:
    source = Source()
    source.error = RateLimited("slow down", venue="binance", retry_after_s=60.0)
    bench = Bench(source, quiet_s=1.0).start()
    assert len(source.asked) == 1
    for _ in range(59):
        bench.pass_s(1)
    assert len(source.asked) == 1
    source.error = NotSent("no route", venue="binance")
    bench.pass_s(2)
    assert len(source.asked) == 2


def test_one_question_at_a_time() -> None:
    source = Source()
    source.hold = threading.Event()
    bench = Bench(source, quiet_s=1.0)
    bench.tell(StartMarket())
    eventually(lambda: source.asked)
    ticker = bench.runtime.wall_ticker
    assert isinstance(ticker, ManualTicker)
    for _ in range(5):
        bench.clock.advance(2)
        bench.wall.advance(2)
        ticker.fire_due()
        bench.tell()
    assert len(source.asked) == 1
    source.hold.set()
    bench.answer()


def test_an_ageing_connection_is_replaced_before_the_old_one_is_closed() -> None:
    bench = Bench(renew_s=3_600.0, quiet_s=1e6).start().frames("1 100")
    bench.pass_s(3_700)
    old, new = bench.readers
    assert (old.closed, new.url) == (0, old.url)
    bench.frames("2 101", reader=old).tell(StreamOpened(new.stream, new.number))
    assert old.closed == 1
    bench.tell(StreamClosed(old.stream, old.number, "closed by us")).frames("2 102", reader=new)
    assert bench.bids == [100, 101, 102]
    bench.pass_s(60)
    assert len(bench.readers) == 2


def test_a_venue_that_is_closing_is_left_in_time() -> None:
    bench = Bench(quiet_s=1e6).start().frames("1 100").frames("closing").frames("closing")
    assert len(bench.readers) == 2


def test_a_successor_that_fails_costs_nothing() -> None:
    bench = Bench(quiet_s=1e6).start().frames("closing")
    bench.lose("no more connections").frames("1 100", reader=bench.readers[0])
    assert bench.bids == [100]


def test_the_successor_takes_over_when_the_old_one_goes_first() -> None:
    bench = Bench(quiet_s=1e6).start().frames("closing")
    old, new = bench.readers
    bench.tell(StreamClosed(old.stream, old.number, "good-bye"), StreamOpened(new.stream, new.number))
    bench.frames("1 100")
    assert (bench.bids, len(bench.readers)) == ([100], 2)


def test_several_connections_fail_apart() -> None:
    bench = Bench(Source("BTCUSDT", "ETHUSDT", lines=2), quiet_s=1e6).start()
    first, second = bench.readers
    bench.tell(StreamClosed(first.stream, first.number, "cut")).frames("1 50 ETHUSDT", reader=second)
    assert bench.bids == [50]
    assert "cut" in bench.status.error


def test_an_incarnation_goes_on_and_hears_nothing_of_its_predecessors_readers() -> None:
    progress = FeedProgress()
    progress.quotes = 5
    bench = Bench(progress=progress, quiet_s=1e6)
    bench.tell().answer()
    (reader,) = bench.readers
    bench.tell(StreamOpened(reader.stream, reader.number), StreamOpened(reader.stream, 1))
    bench.tell(FrameReceived(reader.stream, 1, b"1 90", START)).frames("1 100")
    assert bench.bids == [100]
    assert reader.number > 1 << 32


def test_its_end_closes_everything_and_it_never_ends_the_market() -> None:
    bench = Bench(quiet_s=1e6).start().frames("closing")
    bench.feed.on_stop()
    assert (bench.source.closed, [reader.closed for reader in bench.readers]) == (1, [1, 1])
    assert bench.oms.of(MarketEnded) == bench.broker.of(MarketEnded) == []


@pytest.mark.parametrize("lines", [1, 3])
def test_what_is_told_is_never_older_than_what_was_told(lines: int) -> None:
    symbols = ("A", "B", "C")
    bench = Bench(Source(*symbols, lines=lines), quiet_s=2.0)
    bench.source.book = dict.fromkeys(symbols, 7)
    bench.start()
    rng = bench.feed.rng
    for _ in range(200):
        reader = rng.choice(bench.readers)
        kind = rng.random()
        if kind < 0.8:
            bench.frames(f"{rng.randint(1, 50)} {rng.randint(1, 9)} {rng.choice(symbols)}", reader=reader)
        elif kind < 0.9:
            bench.tell(StreamClosed(reader.stream, reader.number, "cut"))
        else:
            bench.tell(StreamOpened(reader.stream, reader.number))
        if rng.random() < 0.3:
            bench.pass_s(rng.uniform(0.1, 2.0))
    for symbol in symbols:
        times = [one.quote.ts_ns for one in bench.oms.of(QuoteUpdate) if one.quote.symbol == symbol]
        assert times == sorted(times)
