from __future__ import annotations

import signal
import threading
from itertools import count

import pykka
import pytest
from actor_fakes import Alarm, Command, Event, Price, Recorder, Work
from hypothesis import given
from hypothesis import strategies as st

from autotrader.actors import Inbox, Runtime
from autotrader.errors import Unavailable
from autotrader.messages import StopActor


def drain_payloads(inbox):
    return [entry[1] for entry in iter(inbox.take, None)]


def test_lanes_are_handed_out_in_their_order():
    inbox = Inbox("a")
    for message in (Price("X", 1), Work(1), Event(1), Command(1), Alarm(1), Alarm(2)):
        inbox.put(message)
    assert drain_payloads(inbox) == [Alarm(1), Alarm(2), Command(1), Event(1), Work(1), Price("X", 1)]


def test_a_list_waits_in_the_lane_of_its_messages():
    inbox = Inbox("a")
    inbox.put([Work(1), Work(2)])
    inbox.put([Event(1)])
    assert drain_payloads(inbox) == [[Event(1)], [Work(1), Work(2)]]


def test_only_the_newest_quote_of_a_key_waits_at_the_place_of_the_oldest():
    inbox = Inbox("a")
    inbox.put(Price("X", 1))
    inbox.put(Price("Y", 1))
    inbox.put([Price("X", 2), Price("X", 3)])
    assert inbox.stats().conflated == 2
    assert drain_payloads(inbox) == [Price("X", 3), Price("Y", 1)]


def test_urgent_overtakes_a_hundred_thousand_messages():
    inbox = Inbox("a")
    for number in range(100_000):
        inbox.put(Event(number))
    inbox.put(StopActor())
    assert inbox.take()[1] == StopActor()
    assert inbox.stats().depth == 100_000


def test_depth_counts_messages_and_age_is_that_of_the_oldest():
    inbox = Inbox("a")
    assert inbox.stats().depth == inbox.stats().oldest_age_ns == 0
    inbox.put([Work(1), Work(2)])
    inbox.put(Event(1))
    inbox.put(Price("X", 1))
    first, later = inbox.stats(), inbox.stats()
    assert first.depth == 4
    assert 0 < first.oldest_age_ns < later.oldest_age_ns


def test_an_empty_list_puts_nothing_and_a_tuple_is_a_list():
    inbox = Inbox("a")
    inbox.put([])
    inbox.put((Work(1), Work(2)))
    assert drain_payloads(inbox) == [[Work(1), Work(2)]]


@pytest.mark.parametrize("thing", ["text", 7, None, {"a": 1}, ["text"], object()])
def test_what_is_no_message_is_an_error_of_the_teller(thing):
    inbox = Inbox("a")
    with pytest.raises(TypeError, match="a takes messages"):
        inbox.put(thing)
    assert inbox.empty()


def test_a_put_after_close_is_refused_and_leaves_nothing():
    inbox = Inbox("a")
    inbox.put(Work(1))
    inbox.close()
    for message in (Work(2), [Work(3)], Alarm(1), Price("X", 1)):
        with pytest.raises(Unavailable, match="a is down"):
            inbox.put(message)
    assert [entry[1] for entry in inbox.drain()] == [Work(1)]
    assert inbox.stats().abandoned == 1


def test_wait_returns_at_once_when_something_waits_and_false_when_nothing_comes():
    inbox = Inbox("a")
    assert inbox.wait(0.001) is False
    inbox.put(Work(1))
    assert inbox.wait(10) is True


def test_a_sleeping_reader_is_woken_by_every_lane():
    inbox = Inbox("a")
    got = []
    reader = threading.Thread(target=lambda: got.extend(inbox.get()[1] for _ in range(4)))
    reader.start()
    for message in (Work(1), Alarm(1), Price("X", 1)):
        inbox.put(message)
    inbox.put_urgent(Work(2))
    reader.join(5)
    assert len(got) == 4


def test_put_urgent_goes_ahead_of_all_lanes_but_urgent():
    inbox = Inbox("a")
    inbox.put(Command(1))
    inbox.put_urgent(Price("X", 1))
    assert drain_payloads(inbox) == [Price("X", 1), Command(1)]


def test_a_signal_handler_may_put_into_a_mailbox_that_its_thread_is_putting_into():
    inbox, numbers = Inbox("a"), count()
    old = signal.signal(signal.SIGALRM, lambda *_: inbox.put(Alarm(next(numbers))))
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for number in range(50_000):
            inbox.put(Event(number))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    alarms = next(numbers)
    payloads = drain_payloads(inbox)
    assert alarms > 0
    assert sorted(alarm.number for alarm in payloads[:alarms]) == list(range(alarms))
    assert payloads[alarms:] == [*map(Event, range(50_000))]


def test_no_message_is_lost_or_doubled_when_many_threads_put_while_the_mailbox_closes():
    for _ in range(20):
        inbox, taken, refused = Inbox("a"), [], []
        ready = threading.Barrier(5)

        def put(base, inbox=inbox, refused=refused, ready=ready):
            ready.wait()
            for number in range(base, base + 500):
                try:
                    inbox.put(Price(str(number), number) if number % 3 == 0 else Work(number))
                except Unavailable:
                    refused.append(number)

        threads = [threading.Thread(target=put, args=(base * 500,)) for base in range(4)]
        for thread in threads:
            thread.start()
        ready.wait()
        while len(taken) < 300:
            entry = inbox.take()
            if entry is not None:
                taken.append(entry[1].number)
        inbox.close()
        left = [entry[1].number for entry in inbox.drain()]
        for thread in threads:
            thread.join()
        left += [entry[1].number for entry in inbox.drain()]
        assert sorted([*taken, *left, *refused]) == list(range(2000))
        assert inbox.stats().abandoned == len(left)


@given(st.lists(st.sampled_from([Work, Event, Command, Alarm, "X", "Y"]), max_size=60), st.integers(0, 60))
def test_each_lane_is_first_in_first_out_whatever_the_mix(kinds, taken_early):
    inbox, put, out = Inbox("a"), [], []
    for number, kind in enumerate(kinds):
        message = Price(kind, number) if isinstance(kind, str) else kind(number)
        inbox.put(message)
        put.append(message)
        if number == taken_early:
            out.append(inbox.take()[1])
    out += drain_payloads(inbox)
    for kind in (Work, Event, Command, Alarm):
        assert [m for m in out if type(m) is kind] == [m for m in put if type(m) is kind]
    assert len(out) + inbox.stats().conflated == len(put)
    for symbol in "XY":
        quotes = [m for m in put if type(m) is Price and m.symbol == symbol]
        assert not quotes or quotes[-1] in out


def test_a_pykka_ref_may_be_used_on_a_worker_all_the_same():
    runtime = Runtime()
    worker = Recorder(runtime.context("a"))
    worker.actor_ref.tell(Work(1))
    answer = worker.actor_ref.ask(Work(2), block=False)
    stopped = worker.actor_ref.stop(block=False)
    assert worker.run_pending() == 2
    assert answer.get(timeout=0) is None
    assert stopped.get(timeout=0) is True
    assert worker.seen == [Work(1), Work(2)]
    assert pykka.ActorRegistry.get_by_urn(worker.actor_urn) is None
