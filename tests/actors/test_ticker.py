from __future__ import annotations

import threading

import pytest
from actor_fakes import Command, Crash, Recorder, Work
from hypothesis import given
from hypothesis import strategies as st
from support import Probe

from autotrader.actors import Handle, Inbox, ManualTicker, Runtime, Ticker
from autotrader.clock import ManualClock

NS = 1_000_000_000


class Bench:
    """A manual ticker with a handle and a probe behind it."""

    def __init__(self):
        self.clock = ManualClock(0)
        self.ticker = ManualTicker(self.clock)
        self.handle, self.probe = Handle("a"), Probe()
        self.handle.bind(self.probe)

    def advance(self, seconds):
        self.clock.advance(seconds)
        return self.ticker.fire_due()


@pytest.fixture
def bench():
    return Bench()


def test_after_tells_once_when_due_and_not_before(bench):
    bench.ticker.after(2, bench.handle, Command(1))
    assert bench.advance(1.999) == 0
    assert bench.advance(0.001) == 1
    assert bench.advance(100) == 0
    assert bench.probe.seen == [Command(1)]


def test_every_tells_each_period(bench):
    bench.ticker.every(0.5, bench.handle, Command(1))
    for _ in range(4):
        bench.advance(0.5)
    assert len(bench.probe.seen) == 4
    assert bench.ticker.next_due_ns() == int(2.5 * NS)


def test_periods_that_passed_meanwhile_are_not_made_up_for_and_the_rhythm_stays(bench):
    bench.ticker.every(1, bench.handle, Command(1))
    bench.advance(5.4)
    assert (len(bench.probe.seen), bench.ticker.skipped) == (1, 4)
    assert bench.ticker.next_due_ns() == 6 * NS


def test_a_delay_that_is_not_positive_is_due_at_once(bench):
    bench.ticker.after(-3, bench.handle, Command(1))
    assert bench.ticker.fire_due() == 1


@pytest.mark.parametrize("period_s", [0, -1, 1e-12])
def test_a_period_must_be_positive(bench, period_s):
    with pytest.raises(ValueError, match="must be positive"):
        bench.ticker.every(period_s, bench.handle, Command(1))


def test_cancel_stops_a_timer_and_may_come_twice_or_too_late(bench):
    once = bench.ticker.after(1, bench.handle, Command(1))
    periodic = bench.ticker.every(1, bench.handle, Command(2))
    bench.ticker.cancel(once)
    bench.ticker.cancel(once)
    bench.ticker.cancel(None)
    bench.advance(1)
    bench.ticker.cancel(periodic)
    bench.advance(5)
    assert bench.probe.seen == [Command(2)]
    assert bench.ticker.next_due_ns() is None


def test_a_timer_cancelled_by_another_of_the_same_instant_does_not_fire(bench):
    tokens = []
    first = Handle("0")
    first.bind(lambda _: bench.ticker.cancel(tokens[0]))
    bench.ticker.after(1, first, Command(1))
    tokens.append(bench.ticker.after(1, bench.handle, Command(2)))
    bench.advance(1)
    assert bench.probe.seen == []


def test_many_cancelled_timers_are_forgotten(bench):
    for _ in range(5_000):
        bench.ticker.cancel(bench.ticker.after(60, bench.handle, Command(1)))
    assert len(bench.ticker._heap) < 2_000


def test_a_tick_for_nobody_is_dropped_and_counted_and_the_next_one_comes(bench):
    bench.ticker.every(1, bench.handle, Command(1))
    bench.handle.unbind()
    bench.advance(1)
    bench.handle.bind(bench.probe, 2)
    bench.advance(1)
    assert (bench.ticker.dropped, bench.ticker.fired, len(bench.probe.seen)) == (1, 1, 1)


def test_a_periodic_tick_that_still_waits_is_not_queued_twice(bench):
    inbox = Inbox("a")
    bench.handle.bind(inbox, 1)
    bench.ticker.every(1, bench.handle, Command(1))
    for _ in range(5):
        bench.advance(1)
    assert (inbox.stats().depth, bench.ticker.skipped) == (1, 4)


def test_after_a_restart_ticks_come_again_though_the_last_one_died_with_the_mailbox(bench):
    bench.handle.bind(Inbox("a"), 1)
    bench.ticker.every(1, bench.handle, Command(1))
    bench.advance(1)
    later = Inbox("a")
    bench.handle.bind(later, 2)
    bench.advance(1)
    assert later.stats().depth == 1


def test_a_handled_tick_makes_way_for_the_next():
    clock = ManualClock(0)
    runtime = Runtime(clock)
    worker = Recorder(runtime.context("a"))
    runtime.ticker.every(1, worker.me, Command(1))
    for _ in range(3):
        clock.advance(1)
        runtime.ticker.fire_due()
        worker.run_pending()
    assert worker.seen == [Command(1)] * 3


def test_an_error_of_a_tick_is_a_crash_like_any_other():
    clock = ManualClock(0)
    runtime = Runtime(clock)
    worker = Recorder(runtime.context("a"))
    crash = Crash()
    runtime.ticker.every(1, worker.me, crash)
    clock.advance(1)
    runtime.ticker.fire_due()
    with pytest.raises(RuntimeError, match="it crashes"):
        worker.run_pending()
    assert worker.poison == [crash]


def test_timers_set_while_firing_wait_for_the_next_call(bench):
    again = Handle("again")
    again.bind(lambda msg: bench.ticker.after(0, again, msg))
    bench.ticker.after(0, again, Command(1))
    assert [bench.ticker.fire_due() for _ in range(3)] == [1, 1, 1]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), max_size=30), st.randoms())
def test_the_order_is_the_same_however_the_names_interleave(timers, shuffle):
    """Timers of one name are set by its own thread, in its order; how several threads interleave must not matter."""

    def run(order):
        clock, seen = ManualClock(0), []
        ticker = ManualTicker(clock)
        handles = {}
        for name in "abc":
            handles[name] = Handle(name)
            handles[name].bind(seen.append)
        own = {name: [(delay, n) for n, (delay, who) in enumerate(timers) if who == name] for name in "abc"}
        for name in order:
            delay, number = own[name].pop(0)
            ticker.after(delay, handles[name], Work(number))
        clock.advance(10)
        ticker.fire_due()
        return seen

    names = [name for _, name in timers]
    shuffled = names[:]
    shuffle.shuffle(shuffled)
    assert run(names) == run(shuffled)


@given(st.lists(st.floats(0, 100), max_size=50))
def test_timers_fire_in_due_order(delays):
    bench = Bench()
    for number, delay in enumerate(delays):
        bench.ticker.after(delay, bench.handle, Work(number))
    fired = []
    while (due := bench.ticker.next_due_ns()) is not None:
        bench.ticker.fire_due(due)
        fired.append(due)
    assert fired == sorted(set(fired))
    assert sorted(message.number for message in bench.probe.seen) == list(range(len(delays)))


# ------------------------------------------------------------ the thread


@pytest.fixture
def ticker():
    ticker = Ticker()
    yield ticker
    assert ticker.close()


def test_the_threaded_ticker_fires_in_order_of_due_time():
    clock, handle, probe = ManualClock(0), Handle("a"), Probe()  # the clock stands still while the timers are set
    handle.bind(probe)
    ticker = Ticker(clock)
    for number in (3, 1, 2):
        ticker.after(number / 100, handle, Work(number))
    clock.advance(1)
    assert [message.number for message in probe.wait_for(Work, 3)] == [1, 2, 3]
    assert ticker.close()


def test_a_timer_that_is_due_earlier_hurries_the_thread(ticker):
    handle, probe = Handle("a"), Probe()
    handle.bind(probe)
    ticker.after(3600, handle, Work(1))
    ticker.after(0.001, handle, Work(2))
    assert probe.wait_for(Work) == [Work(2)]


def test_the_thread_survives_a_target_that_raises(ticker, eventually):
    bad, good, probe = Handle("bad"), Handle("good"), Probe()

    def fail(message):
        raise RuntimeError("bad target")

    bad.bind(fail)
    good.bind(probe)
    ticker.after(0, bad, Work(1))
    ticker.every(0.005, good, Work(2))
    probe.wait_for(Work, 2)


def test_a_periodic_timer_goes_on_though_its_target_raised_once(ticker, eventually):
    calls = []

    def fail_once(message):
        calls.append(message)
        if len(calls) == 1:
            raise RuntimeError("once")

    handle = Handle("a")
    handle.bind(fail_once)
    ticker.every(0.002, handle, Work(1))
    eventually(lambda: len(calls) >= 3)


def test_no_thread_before_the_first_timer_and_none_after_close():
    before = threading.active_count()
    ticker = Ticker()
    assert threading.active_count() == before
    ticker.after(60, Handle("a"), Work(1))
    assert threading.active_count() == before + 1
    assert ticker.close()
    ticker.after(60, Handle("a"), Work(1))
    assert threading.active_count() == before


def test_a_runtime_has_one_ticker_on_the_machines_time_and_a_manual_one_on_any_other():
    live, replay = Runtime(), Runtime(ManualClock())
    assert live.ticker is live.wall_ticker
    assert isinstance(replay.ticker, ManualTicker)
    assert isinstance(replay.wall_ticker, Ticker)
