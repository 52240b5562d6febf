from __future__ import annotations

import pytest
from actor_fakes import Alarm, Command, Crash, Event, Price, Question, Recorder, Work

from autotrader.actors import Runtime, Worker, handles, handles_batch
from autotrader.messages import Heartbeat, HeartbeatSeen, StopActor


@pytest.fixture
def runtime():
    return Runtime(seed=7)


def make(runtime, kind=Recorder, name="a"):
    return kind(runtime.context(name))


def test_a_list_is_handled_message_by_message(runtime):
    worker = make(runtime)
    worker.me.tell([Work(1), Work(2), Work(3)])
    assert worker.run_pending() == 3
    assert worker.seen == [Work(1), Work(2), Work(3)]


def test_an_unknown_message_type_is_a_crash_naming_both(runtime):
    class Deaf(Worker):
        pass

    worker = make(runtime, Deaf, "deaf")
    for payload in (Work(1), [Work(1)]):
        worker.me.tell(payload)
        with pytest.raises(TypeError, match=r"deaf \(Deaf\) has no handler for Work"):
            worker.run_pending()


def test_a_subclass_of_a_handled_type_is_not_that_type(runtime):
    class Special(Work, frozen=True):
        pass

    worker = make(runtime)
    worker.me.tell(Special(1))
    with pytest.raises(TypeError, match="has no handler for Special"):
        worker.run_pending()


def test_handlers_are_inherited_and_overridden_by_name_or_by_type(runtime):
    class Child(Recorder):
        def _on_any(self, msg):
            self.seen.append(("overridden", msg))

        @handles(Event)
        def _on_event(self, msg):
            self.seen.append(("retyped", msg))

    worker = make(runtime, Child)
    worker.me.tell(Work(1))
    worker.me.tell(Event(1))
    worker.run_pending()
    assert worker.seen == [("retyped", Event(1)), ("overridden", Work(1))]


def test_two_handlers_for_one_type_are_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match="Twice has two handlers for Work"):

        class Twice(Worker):
            @handles(Work)
            def _one(self, msg): ...

            @handles_batch(Work)
            def _two(self, msgs): ...


class Batcher(Worker):
    def __init__(self, context):
        super().__init__(context)
        self.seen = []

    @handles_batch(Work)
    def _on_work(self, msgs):
        self.seen.append([msg.number for msg in msgs])
        if any(msg.number < 0 for msg in msgs):
            raise ValueError("negative")

    @handles(Crash)
    def _on_crash(self, msg):
        self.seen.append(msg)
        raise RuntimeError("it crashes")

    @handles(Event)
    def _on_event(self, msg):
        self.seen.append(msg)


def test_a_batch_handler_gets_runs_of_equal_types(runtime):
    worker = make(runtime, Batcher)
    worker.me.tell([Work(1), Work(2), Event(3), Work(4)])
    worker.me.tell(Work(5))
    assert worker.run_pending() == 5
    assert worker.seen == [[1, 2], Event(3), [4], [5]]


def test_a_crash_in_a_batch_tells_what_was_handled_poison_and_undelivered(runtime):
    worker = make(runtime, Batcher)
    worker.me.tell([Work(1), Event(2), Work(-3), Work(4), Event(5)])
    with pytest.raises(ValueError, match="negative"):
        worker.run_pending()
    assert worker.since_flush == [Work(1), Event(2)]
    assert worker.poison == [Work(-3), Work(4)]
    assert worker.undelivered == [Event(5)]
    stats = worker.inbox.stats()
    assert (stats.handled, stats.abandoned) == (2, 3)


@pytest.mark.parametrize("kind", [Recorder, Batcher])
def test_a_crash_in_a_list_tells_what_was_handled_poison_and_undelivered(runtime, kind):
    worker, crash = make(runtime, kind), Crash()
    worker.me.tell([Event(1), crash, Event(2), Event(3)])
    with pytest.raises(RuntimeError, match="it crashes"):
        worker.run_pending()
    assert (worker.since_flush, worker.poison, worker.undelivered) == ([Event(1)], [crash], [Event(2), Event(3)])
    stats = worker.inbox.stats()
    assert (stats.handled, stats.abandoned) == (1, 3)


class Flusher(Recorder):
    def __init__(self, context):
        super().__init__(context)
        self.flushed_at = []

    def on_flush(self):
        self.flushed_at.append(len(self.seen))


def test_a_flush_comes_when_the_mailbox_is_empty(runtime):
    worker = make(runtime, Flusher)
    for number in range(10):
        worker.me.tell(Work(number))
    worker.run_pending()
    assert worker.flushed_at == [10]


def test_a_flush_comes_after_64_messages_at_most_for_singles(runtime):
    worker = make(runtime, Flusher)
    for number in range(150):
        worker.me.tell(Work(number))
    worker.run_pending()
    assert max(b - a for a, b in zip([0, *worker.flushed_at], worker.flushed_at, strict=False)) <= 64
    assert worker.flushed_at[-1] == 150


def test_a_long_list_is_cut_so_that_flushes_and_urgent_messages_get_between(runtime):
    class Overtaken(Flusher):
        @handles(Work)
        def _on_work(self, msg):
            self.seen.append(msg)
            if msg.number == 10:
                self.me.tell(Alarm(1))

    worker = make(runtime, Overtaken)
    worker.me.tell([Work(number) for number in range(200)])
    assert worker.run_pending() == 201
    assert worker.seen.index(Alarm(1)) == 64
    assert [msg.number for msg in worker.seen if type(msg) is Work] == list(range(200))
    assert worker.flushed_at[0] == 64


def test_the_same_seed_name_and_epoch_give_the_same_chance(runtime):
    again, other = Runtime(seed=7), Runtime(seed=8)
    draws = [make(each).rng.random() for each in (runtime, again, other)]
    assert draws[0] == draws[1] != draws[2]
    assert make(runtime, name="b").rng.random() != draws[0]


def test_a_heartbeat_is_answered_through_the_mailbox_ahead_of_orders(runtime):
    reports = []
    runtime.report = reports.append
    worker = make(runtime)
    worker.me.tell(Work(1))
    worker.me.tell(Heartbeat(number=3))
    worker.run_pending()
    assert reports == [HeartbeatSeen(name="a", epoch=1, number=3)]


def test_lanes_decide_the_order_of_handling(runtime):
    worker = make(runtime)
    for message in (Price("X", 1), Work(1), Event(1), Command(1), Alarm(1)):
        worker.me.tell(message)
    worker.run_pending()
    assert worker.seen == [Alarm(1), Command(1), Event(1), Work(1), Price("X", 1)]


def test_the_measures_add_up(runtime):
    worker = make(runtime)
    worker.me.tell([Work(1), Work(2)])
    worker.me.tell(Work(3))
    worker.run_pending()
    worker.me.tell(Work(4))
    stats = worker.inbox.stats()
    assert (stats.handled, stats.depth, stats.abandoned) == (3, 1, 0)
    assert 0 < stats.slowest_ns <= stats.busy_ns
    assert stats.service_ns == stats.busy_ns / 3


def test_stop_actor_ends_the_loop_and_the_last_work_is_flushed(runtime):
    worker = make(runtime, Flusher)
    worker.me.tell(Work(1))
    worker.run_pending()
    worker.flushed_at.clear()
    worker.me.tell(Work(2))
    worker.me.tell(StopActor())
    worker._actor_loop()
    assert worker.seen == [Work(1)]
    assert worker.flushed_at == [1]
    assert worker.inbox.stats().depth == 1


def test_the_incarnation_knows_whether_it_is_current(runtime):
    worker = make(runtime)
    assert worker.context.is_current()
    worker.me.tell(Question())
    assert worker.run_pending() == 1
