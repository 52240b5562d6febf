"""The feed as an actor: lock-step, pace, end, errors, stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from market_kit import QUOTES, tape_of
from support import Probe, eventually

from autotrader.actors import ChildSpec, Context, Handle, Runtime, Worker, handles
from autotrader.clock import SystemClock
from autotrader.errors import StartError
from autotrader.market import (
    FeedProgress,
    FeedSettings,
    FeedStatus,
    MarketFeedActor,
    StartMarket,
    SyntheticMarket,
    SyntheticSettings,
    TapeClock,
    TapeError,
)
from autotrader.messages import GetStatus, MarketEnded, Message, QuoteUpdate
from autotrader.model import Quote

D, START, S = Decimal, 1_700_000_000_000_000_000, 1_000_000_000


class Ring(Message, frozen=True):
    """A timer's message."""

    number: int


class Answer(Message, frozen=True):
    """What the venue tells the order manager of a quote, later."""

    ts_ns: int


class Listed:
    """A source of given quotes; may raise at its end."""

    fraction, skipped = 0.5, 2

    def __init__(self, *after_s: float, error: Exception | None = None) -> None:
        self._after_s, self._error = after_s, error

    def quotes(self, now_ns: int) -> Iterator[Quote]:
        for after in self._after_s:
            yield Quote("paper", "X", D(1), D(2), D(1), D(1), START + round(after * S))
        if self._error is not None:
            raise self._error


class Log(Worker):
    """Writes down what it gets, as (name, what, engine seconds) in a list that all share."""

    def __init__(self, context: Context, lines: list[tuple[str, str, float]], timers: tuple[float, ...] = ()) -> None:
        super().__init__(context)
        self.lines, self.timers = lines, timers

    def on_start(self) -> None:
        for number, after_s in enumerate(self.timers):
            self.ticker.after(after_s, self.me, Ring(number))

    def _note(self, what: str) -> None:
        self.lines.append((self.name, what, (self.clock.now_ns() - START) / S))

    @handles(QuoteUpdate)
    def _on_quote(self, msg: QuoteUpdate) -> None:
        self._note("quote")
        if self.name == "broker.paper":
            self.context.handle("oms").tell(Answer(msg.quote.ts_ns))
            self.ticker.after(0.25, self.context.handle("oms"), Answer(msg.quote.ts_ns))

    @handles(Ring)
    def _on_ring(self, msg: Ring) -> None:
        self._note(f"ring {msg.number}")

    @handles(Answer)
    def _on_answer(self, msg: Answer) -> None:
        self._note("answer")


class Market:
    """A runtime with three workers that log, a feed, and a probe that hears of the end."""

    def __init__(self, source: Any, *, lock_step: bool = True, timers: tuple[float, ...] = (), speed: float = 1.0) -> None:
        self.clock = TapeClock(START)
        self.runtime = Runtime(clock=self.clock, seed=1, lock_step=lock_step)
        self.lines: list[tuple[str, str, float]] = []
        self.ended, self.progress = Probe(), FeedProgress()
        self.runtime.handle("engine").bind(self.ended)
        names = ("broker.paper", "oms", "runner.x")
        targets = [self.runtime.handle(name) for name in names]
        settings = FeedSettings(mode="lock_step" if lock_step else "paced", speed=speed)
        specs = [ChildSpec(name, self._maker(timers if name == "oms" else ())) for name in names]
        specs.append(ChildSpec("feed.tape", lambda context: MarketFeedActor(
            context, source=source, targets=targets, ended=[self.runtime.handle("engine")], settings=settings,
            progress=self.progress), temporary=True))
        self.runtime.start(specs)

    def _maker(self, timers: tuple[float, ...]) -> Callable[[Context], Worker]:
        return lambda context: Log(context, self.lines, timers)

    def play(self) -> list[tuple[str, str, float]]:
        self.feed.tell(StartMarket())
        self.ended.wait_for(MarketEnded)
        return self.lines

    @property
    def feed(self) -> Handle:
        return self.runtime.handle("feed.tape")


@pytest.fixture
def market() -> Iterator[Callable[..., Market]]:
    made: list[Market] = []

    def make(*args: Any, **kw: Any) -> Market:
        made.append(Market(*args, **kw))
        return made[-1]

    yield make
    for one in made:
        assert one.runtime.stop() == ()


# ---------------------------------------------------------------- lock-step


def test_a_quote_goes_to_one_target_after_the_other_and_what_it_causes_is_done_first(market) -> None:
    assert market(Listed(0.0, 1.0)).play() == [
        ("broker.paper", "quote", 0.0), ("oms", "answer", 0.0), ("oms", "quote", 0.0), ("runner.x", "quote", 0.0),
        ("oms", "answer", 0.25),
        ("broker.paper", "quote", 1.0), ("oms", "answer", 1.0), ("oms", "quote", 1.0), ("runner.x", "quote", 1.0),
        ("oms", "answer", 1.25),
    ]


def test_timers_fire_at_their_own_times_and_idle_stretches_are_skipped(market) -> None:
    lines = market(Listed(0.0, 3600.0), timers=(1.0, 2.0, 100.0, 200.0)).play()
    assert [line for line in lines if line[1].startswith("ring")] == [
        ("oms", "ring 0", 1.0), ("oms", "ring 1", 2.0), ("oms", "ring 2", 3600.0), ("oms", "ring 3", 3600.0)]


def test_the_same_replay_twice_is_the_same(market) -> None:
    times = tuple(i * 0.07 for i in range(150))
    first, second = (market(Listed(*times), timers=(0.03, 0.5, 7.0)).play() for _ in range(2))
    assert first == second
    assert len(first) == 150 * 5 + 3


def test_time_goes_on_after_the_end_when_something_is_told_from_outside(market) -> None:
    one = market(Listed(0.0))
    one.play()
    one.runtime.handle("broker.paper").tell(QuoteUpdate(Quote("paper", "X", D(1), D(2), D(1), D(1), START)))
    eventually(lambda: [line[1] for line in one.lines].count("answer") == 4)
    assert one.lines[-1][2] == pytest.approx(5.25)


def test_a_target_that_is_not_there_is_passed_over(market) -> None:
    one = market(Listed(0.0, 1.0))
    one.runtime.retire("runner.x")
    eventually(lambda: not one.runtime.handle("runner.x").is_bound)
    assert not [line for line in one.play() if line[0] == "runner.x"]


def test_the_end_is_told_once_with_counts_and_the_progress_is_whole(market) -> None:
    one = market(Listed(*range(5)))
    one.play()
    assert one.ended.of(MarketEnded) == [MarketEnded(source="feed.tape", quotes=5, error="", skipped=2)]
    assert (one.progress.quotes, one.progress.fraction, one.progress.ended) == (5, 1.0, True)


def test_a_tape_that_breaks_ends_the_market_and_says_why(market) -> None:
    one = market(Listed(0.0, error=TapeError("x.csv", "no sense", line=7)))
    one.play()
    assert one.ended.of(MarketEnded)[0].error == "x.csv, line 7: no sense"
    assert one.feed.ask(GetStatus()) == FeedStatus(source="feed.tape", quotes=1, fraction=0.5, skipped=2, ended=True,
                                                   error="x.csv, line 7: no sense")


def test_a_source_that_crashes_crashes_the_feed_and_nobody_else(market) -> None:
    one = market(Listed(0.0, error=ZeroDivisionError("oh")))
    one.feed.tell(StartMarket())
    eventually(lambda: not one.feed.is_bound)
    assert one.runtime.handle("broker.paper").is_bound
    assert any("ZeroDivisionError" in status.last_error for status in one.runtime.status())


def test_a_feed_stops_promptly_in_the_middle_of_a_tape(market) -> None:
    one = market(Listed(*(i * 0.01 for i in range(1_000_000))))
    one.feed.tell(StartMarket())
    eventually(lambda: one.progress.quotes > 100)
    assert one.runtime.stop(timeout_s=5.0) == ()
    assert not one.ended.of(MarketEnded)


def test_starting_twice_plays_once(market) -> None:
    one = market(Listed(*range(10)))
    one.feed.tell(StartMarket())
    one.play()
    assert one.progress.quotes == 10


def test_lock_step_needs_the_runtimes_lock_step() -> None:
    runtime = Runtime(clock=SystemClock())
    spec = ChildSpec("feed.x", lambda context: MarketFeedActor(context, source=Listed(), targets=[],
                                                               settings=FeedSettings(mode="lock_step")), temporary=True)
    with pytest.raises(StartError, match="lock-step"):
        runtime.start([spec])
    runtime.stop()


# ---------------------------------------------------------------- pace


def test_a_tape_is_played_a_thousand_times_faster_with_its_own_clock(market) -> None:
    one = market(Listed(0.0, 10.0, 20.0), lock_step=False, speed=1000.0, timers=(15.0,))
    one.play()
    eventually(lambda: ("oms", "ring 0") in [line[:2] for line in one.lines])
    assert one.clock.now_ns() >= START + 20 * S
    assert [line for line in one.lines if line[0] == "runner.x"]


def test_a_synthetic_market_runs_on_the_systems_clock() -> None:
    runtime, probe = Runtime(), Probe()
    runtime.handle("oms").bind(probe)
    source = SyntheticMarket(SyntheticSettings(rate=200.0))
    targets = [runtime.handle("oms")]
    runtime.start([ChildSpec("feed.s", lambda context: MarketFeedActor(context, source=source, targets=targets))])
    runtime.handle("feed.s").tell(StartMarket())
    probe.wait_for(QuoteUpdate, 20)
    assert runtime.stop() == ()
    assert {one.quote.symbol for one in probe.of(QuoteUpdate)} == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}


def test_a_tape_from_a_file_ends_with_a_paced_feed_too(market, tmp_path: Path) -> None:
    tape = tape_of(tmp_path, QUOTES + "bad row,1,2,3,4\n", bad_rows="skip")
    one = market(tape, lock_step=False, speed=50.0)
    one.play()
    assert one.ended.of(MarketEnded)[0].skipped == 1


def test_a_speed_of_zero_is_refused() -> None:
    runtime = Runtime()
    spec = ChildSpec("feed.x", lambda context: MarketFeedActor(context, source=Listed(), targets=[],
                                                               settings=FeedSettings(speed=0.0)), temporary=True)
    with pytest.raises(StartError, match="above zero"):
        runtime.start([spec])
    runtime.stop()
