from __future__ import annotations

import threading

import pytest
from actor_fakes import Block, Crash, Event, Made, Price, Question, Recorder, Work
from support import Probe

from autotrader.actors import ChildSpec, InFlight, RestartPolicy, Runtime, Worker, handles
from autotrader.clock import ManualClock
from autotrader.errors import Unavailable
from autotrader.messages import Heartbeat, MarketEnded, StopActor

IDLE = MarketEnded(source="idle", quotes=0)


@pytest.fixture
def runtime():
    with Runtime(lock_step=True) as runtime:
        yield runtime


def worker_and_count(runtime, kind=Recorder, name="a"):
    return kind(runtime.context(name)), runtime.in_flight


def test_a_runtime_counts_only_in_lock_step():
    assert Runtime().in_flight is None
    assert isinstance(Runtime(lock_step=True).in_flight, InFlight)


def test_a_message_counts_until_the_flush_after_its_handler(runtime):
    class Watcher(Recorder):
        def on_flush(self):
            self.seen.append(self.context.in_flight.count)

    worker, in_flight = worker_and_count(runtime, Watcher)
    worker.me.tell([Work(1), Work(2)])
    worker.me.tell(Event(1))
    assert in_flight.count == 3
    worker.run_pending()
    assert worker.seen == [Event(1), Work(1), Work(2), 3]
    assert in_flight.count == 0


def test_the_life_of_actors_does_not_count(runtime):
    worker, in_flight = worker_and_count(runtime)
    worker.me.tell(Heartbeat(number=1))
    worker.me.tell(StopActor())
    assert in_flight.count == 0
    worker.run_pending()
    assert in_flight.count == 0


def test_a_conflated_quote_counts_once(runtime):
    worker, in_flight = worker_and_count(runtime)
    worker.me.tell([Price("X", 1), Price("X", 2), Price("Y", 1)])
    worker.me.tell(Price("X", 3))
    assert in_flight.count == 2
    worker.run_pending()
    assert in_flight.count == 0


def test_a_refused_message_does_not_stay_in_flight(runtime):
    worker, in_flight = worker_and_count(runtime)
    worker.inbox.close()
    for message in ([Work(1), Work(2)], Price("X", 1)):
        with pytest.raises(Unavailable):
            worker.me.tell(message)
    assert in_flight.count == 0


def test_each_fall_to_zero_is_told_by_a_message_that_does_not_count(runtime):
    worker, in_flight = worker_and_count(runtime)
    feed = Recorder(runtime.context("feed"))
    in_flight.on_idle(feed.me, IDLE)
    for number in range(3):
        worker.me.tell(Work(number))
        worker.run_pending()
    assert in_flight.count == 0
    assert feed.inbox.stats().depth == 3
    assert worker.seen == [Work(0), Work(1), Work(2)]


def test_handling_the_idle_message_is_no_fall_of_its_own(runtime):
    probe, in_flight = Probe(), runtime.in_flight
    runtime.handle("feed").bind(probe)
    in_flight.on_idle(runtime.handle("feed"), IDLE)
    worker, _ = worker_and_count(runtime)
    worker.me.tell_uncounted(Work(1))
    worker.run_pending()
    assert worker.seen == [Work(1)]
    assert probe.seen == []


def test_a_hold_makes_one_stage_of_several_tells(runtime):
    worker, in_flight = worker_and_count(runtime)
    probe = Probe()
    runtime.handle("feed").bind(probe)
    in_flight.on_idle(runtime.handle("feed"), IDLE)
    with in_flight.hold():
        for number in range(3):
            worker.me.tell(Work(number))
            worker.run_pending()
    assert probe.seen == [IDLE]


def test_an_idle_feed_that_is_gone_is_no_error(runtime):
    worker, in_flight = worker_and_count(runtime)
    in_flight.on_idle(runtime.handle("nobody"), IDLE)
    worker.me.tell(Work(1))
    worker.run_pending()
    assert in_flight.count == 0


class Relay(Worker):
    """Tells each message on to the next, one less, at the flush: as an order travels through the actors."""

    def __init__(self, context, *, target):
        super().__init__(context)
        self.target, self.batch = context.handle(target), []

    @handles(Work)
    def _on_work(self, msg):
        if msg.number > 0:
            self.batch.append(Work(msg.number - 1))

    def on_flush(self):
        if self.batch:
            batch, self.batch = self.batch, []
            self.target.tell(batch)


class Feed(Worker):
    """Starts the next stage only when nothing is in flight, and notes the count it finds."""

    def __init__(self, context, *, stages):
        super().__init__(context)
        self.stages, self.found, self.done = stages, [], threading.Event()

    @handles(Work)
    def _on_begin(self, msg):
        pass

    @handles(MarketEnded)
    def _on_idle_message(self, msg):
        self.found.append(self.context.in_flight.count)
        if len(self.found) > self.stages:
            self.done.set()
        else:
            self.context.handle("r0").tell([Work(7)] * 50)


def test_stages_never_overlap_while_real_threads_relay(runtime):
    made = Made(Feed, stages=40)
    specs = [ChildSpec(f"r{i}", lambda c, i=i: Relay(c, target=f"r{(i + 1) % 4}")) for i in range(4)]
    runtime.start([*specs, ChildSpec("feed", made)])
    runtime.in_flight.on_idle(runtime.handle("feed"), IDLE)
    runtime.handle("feed").tell(Work(0))
    assert made.last.done.wait(20)
    assert made.last.found == [0] * 41
    assert runtime.in_flight.wait_idle(5)


def test_the_count_is_exact_when_many_threads_tell(runtime):
    runtime.start([ChildSpec("a", Recorder)])
    handle = runtime.handle("a")

    def tell():
        for number in range(300):
            handle.tell([Work(number)] * (number % 5 + 1))

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runtime.in_flight.wait_idle(10)
    assert runtime.in_flight.count == 0


def test_a_crash_takes_what_it_left_off_the_count(runtime):
    runtime.start([ChildSpec("a", Recorder, policy=RestartPolicy(intensity=0))])
    handle, block = runtime.handle("a"), Block(threading.Event(), threading.Event())
    handle.tell([Event(1), Event(2)])
    handle.tell(block)
    assert block.entered.wait(5)
    handle.tell([Work(1), Crash(), Work(2)])
    handle.tell([Work(3)])
    block.release.set()
    assert runtime.in_flight.wait_idle(10)


def test_what_a_hung_actor_has_at_hand_is_taken_off_when_it_is_given_up_and_not_again_when_it_wakes(runtime, eventually):
    runtime.start([ChildSpec("a", Recorder, stop_s=0.05)])
    handle, block = runtime.handle("a"), Block(threading.Event(), threading.Event())
    handle.tell([Event(1), block, Event(2)])
    assert block.entered.wait(5)
    handle.tell(Work(1))
    assert runtime.in_flight.count == 4
    runtime.restart("a")
    assert runtime.in_flight.wait_idle(10)
    block.release.set()
    eventually(lambda: runtime.status()[0].abandoned_threads == 0)
    assert runtime.in_flight.count == 0
    assert handle.ask(Question()) == (2, 0)


def test_timers_of_the_machines_clock_do_not_count_and_those_of_the_tape_do():
    with Runtime(ManualClock(), ManualClock(), lock_step=True) as runtime:
        worker, in_flight = worker_and_count(runtime)
        for ticker, counted in ((runtime.wall_ticker, 0), (runtime.ticker, 1)):
            for token in (ticker.after(0.0, worker.me, Work(1)), ticker.every(1.0, worker.me, Work(2))):
                token.due_ns = 0
            ticker.fire_due(2 * 10**9 + ticker.now_ns())
            assert in_flight.count == 2 * counted
            worker.run_pending()
            assert in_flight.count == 0
