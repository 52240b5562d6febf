from __future__ import annotations

import threading

import pykka
import pytest
from actor_fakes import Block, Crash, Made, Question, Recorder, Refuse, Work
from support import Probe

from autotrader.actors import ChildSpec, Handle, Inbox, Runtime, Worker, handles
from autotrader.errors import InvalidOrder, Refused, Unavailable, WaitTimeout


def test_telling_an_unbound_handle_is_refused_by_name():
    handle = Handle("oms")
    with pytest.raises(Unavailable, match="oms is not running") as caught:
        handle.tell(Work(1))
    assert isinstance(caught.value, Refused)
    assert not handle.is_bound


def test_a_handle_follows_from_one_incarnation_to_the_next():
    handle, first, second = Handle("oms"), Inbox("oms"), Inbox("oms")
    handle.bind(first, 1)
    handle.tell(Work(1))
    handle.bind(second, 2)
    handle.tell(Work(2))
    assert (first.take()[1], second.take()[1], handle.epoch) == (Work(1), Work(2), 2)


def test_nothing_told_while_unbound_arrives_later():
    handle, inbox = Handle("oms"), Inbox("oms")
    with pytest.raises(Unavailable):
        handle.tell(Work(1))
    handle.bind(inbox, 1)
    assert inbox.empty()


def test_a_reply_to_a_dead_incarnation_is_dropped_and_counted():
    handle, inbox = Handle("oms"), Inbox("oms")
    handle.bind(inbox, 1)
    pinned = handle.at_epoch(1)
    assert pinned.tell(Work(1)) is True
    handle.bind(Inbox("oms"), 2)
    assert pinned.tell(Work(2)) is False
    handle.unbind()
    assert handle.at_epoch(2).tell(Work(3)) is False
    assert (handle.stale, pinned.name, pinned.epoch) == (2, "oms", 1)
    assert [entry[1] for entry in iter(inbox.take, None)] == [Work(1)]


def test_a_function_may_stand_behind_a_handle_and_answers_by_its_return():
    seen = []
    handle = Handle("oms")
    handle.bind(lambda message: seen.append(message) or len(seen))
    handle.tell([Work(1), Work(2)])
    assert handle.ask(Question(), 1) == 3
    assert seen == [Work(1), Work(2), Question()]


def test_a_probe_may_stand_behind_a_handle():
    handle, probe = Handle("oms"), Probe(answer=lambda message: "yes")
    handle.bind(probe)
    handle.tell([Work(1), Work(2)])
    assert handle.ask(Question()) == "yes"
    assert probe.of(Work) == [Work(1), Work(2)]


@pytest.fixture
def made():
    return Made(Recorder)


@pytest.fixture
def runtime(made):
    with Runtime() as runtime:
        runtime.start([ChildSpec("a", made)])
        yield runtime


def test_ask_returns_what_the_handler_returns(runtime):
    assert runtime.handle("a").ask(Question(7), 5) == (1, 7)


def test_ask_of_an_unbound_handle_is_unavailable():
    with pytest.raises(Unavailable):
        Handle("a").ask(Question(), 1)


def test_an_expected_error_is_an_answer_and_the_actor_lives(runtime):
    with pytest.raises(InvalidOrder, match="it is refused"):
        runtime.handle("a").ask(Refuse(), 5)
    assert runtime.handle("a").ask(Question(), 5) == (1, 0)


def test_a_surprise_under_ask_reaches_the_asker_and_crashes_the_actor(runtime, eventually):
    with pytest.raises(ZeroDivisionError):
        runtime.handle("a").ask(Crash(ZeroDivisionError("no")), 5)
    eventually(lambda: runtime.status()[0].last_error == "ZeroDivisionError: no")


def test_ask_stops_waiting_and_says_for_what(runtime):
    entered, release = threading.Event(), threading.Event()
    runtime.handle("a").tell(Block(entered, release))
    assert entered.wait(5)
    with pytest.raises(WaitTimeout, match="Question by a within 0.01 s") as caught:
        runtime.handle("a").ask(Question(), 0.01)
    assert isinstance(caught.value, TimeoutError)
    assert not isinstance(caught.value, pykka.Timeout)
    release.set()


def test_ask_fails_at_once_when_the_actor_dies_before_it_answers(runtime, made, eventually):
    entered, release = threading.Event(), threading.Event()
    handle, errors = runtime.handle("a"), []
    handle.tell(Block(entered, release))
    assert entered.wait(5)

    def ask():
        try:
            handle.ask(Question(), 30)
        except Unavailable as error:
            errors.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    eventually(lambda: made.last.inbox.stats().depth == 1)
    made.last.stop()
    release.set()
    asker.join(10)
    assert "ended before it handled" in str(errors[0])


class Asker(Worker):
    """Breaks the rule that no handler waits on a mailbox."""

    @handles(Question)
    def _on_question(self, msg):
        return self.context.handle("a").ask(msg, 1)


def test_asking_inside_an_actor_is_an_error_that_names_both(runtime):
    runtime.start([ChildSpec("b", Asker)])
    with pytest.raises(RuntimeError, match="b#1 asks a: a handler never waits"):
        runtime.handle("b").ask(Question(), 5)
