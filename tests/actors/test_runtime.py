from __future__ import annotations

import os
import pickle
import signal
import threading

import pytest
from actor_fakes import Alarm, Block, Command, Made, Question, Recorder, Work

from autotrader.actors import ChildSpec, Runtime, Worker, handles
from autotrader.errors import StartError, Unavailable


def test_one_name_is_one_handle():
    runtime = Runtime()
    assert runtime.handle("oms") is runtime.handle("oms")
    assert runtime.handle("oms") is not runtime.handle("journal")


def test_a_runtime_that_starts_nothing_has_no_threads():
    before = threading.active_count()
    with Runtime() as runtime:
        runtime.handle("a")
        Recorder(runtime.context("b"))
        assert runtime.status() == ()
        assert runtime.broadcast(Alarm(1)) == 0
        assert threading.active_count() == before


def test_stop_ends_every_thread_and_unbinds_every_name():
    before = set(threading.enumerate())
    runtime = Runtime()
    made = Made()
    runtime.start([ChildSpec("a", made), ChildSpec("b", Recorder)])
    runtime.ticker.every(0.01, runtime.handle("a"), Command(1))
    assert runtime.stop() == ()
    assert set(threading.enumerate()) == before
    assert not any(runtime.handle(name).is_bound for name in ("a", "b", "supervisor"))
    assert made.last.stopped_with == [None]


def test_stop_may_come_twice_and_from_several_threads_and_nothing_starts_after_it():
    runtime = Runtime()
    runtime.start([ChildSpec("a", Recorder)])
    threads = [threading.Thread(target=runtime.stop) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runtime.stop() == ()
    with pytest.raises(StartError, match="was stopped"):
        runtime.start([ChildSpec("a", Recorder)])
    with pytest.raises(Unavailable):
        runtime.spawn(ChildSpec("a", Recorder))


def test_children_stop_last_first():
    order = []

    class Says(Recorder):
        def on_stop(self):
            order.append(self.name)

    with Runtime() as runtime:
        runtime.start([ChildSpec("a", Says), ChildSpec("b", Says)])
        runtime.start([ChildSpec("c", Says)])
    assert order == ["c", "b", "a"]


@pytest.mark.parametrize("stop_s", [0.01, 60.0])
def test_what_a_child_waits_for_is_broken_off_when_it_is_given_up(stop_s):
    class Waits(Recorder):
        def on_abandoned(self):
            block.release.set()

    before = set(threading.enumerate())
    runtime = Runtime()
    block = Block(threading.Event(), threading.Event())
    runtime.start([ChildSpec("a", Waits, stop_s=stop_s)])
    runtime.handle("a").tell(block)
    assert block.entered.wait(5)
    assert runtime.stop(timeout_s=0.3) == ()
    assert set(threading.enumerate()) == before


def test_stop_names_threads_that_do_not_end():
    runtime = Runtime()
    made = Made()
    runtime.start([ChildSpec("a", made), ChildSpec("b", Recorder, stop_s=0.01)])
    block = Block(threading.Event(), threading.Event())
    runtime.handle("b").tell(block)
    assert block.entered.wait(5)
    assert runtime.stop(timeout_s=0.5) == ("autotrader:b#1",)
    assert made.last.stopped_with == [None]
    block.release.set()


def test_several_runtimes_in_one_process_do_not_meet(eventually):
    with Runtime(name="one") as one, Runtime(name="two") as two:
        mine, theirs = Made(), Made()
        one.start([ChildSpec("a", mine)])
        two.start([ChildSpec("a", theirs)])
        one.broadcast(Alarm(1))
        one.handle("a").ask(Question())
        one.stop()
        assert two.handle("a").ask(Question()) == (1, 0)
        assert (mine.last.seen, theirs.last.seen) == ([Alarm(1)], [])


class Waiter(Worker):
    """Breaks the rule that a handler never waits for the runtime."""

    @handles(Question)
    def _on_question(self, msg):
        return (self.context.runtime.stop, lambda: self.context.runtime.start([]))[msg.number]()


@pytest.mark.parametrize("number", [0, 1])
def test_a_handler_that_waits_for_the_runtime_is_told_what_to_do_instead(number):
    with Runtime() as runtime:
        runtime.start([ChildSpec("a", Waiter)])
        with pytest.raises(RuntimeError, match="which waits: use spawn or retire"):
            runtime.handle("a").ask(Question(number))


def test_a_signal_handler_may_broadcast():
    with Runtime() as runtime:
        made = Made()
        runtime.start([ChildSpec("a", made)])
        old = signal.signal(signal.SIGUSR1, lambda *_: runtime.broadcast(Alarm(1)))
        try:
            for _ in range(50):
                os.kill(os.getpid(), signal.SIGUSR1)
                runtime.handle("a").tell(Work(1))
        finally:
            signal.signal(signal.SIGUSR1, old)
        runtime.handle("a").ask(Question())
        assert made.last.seen.count(Alarm(1)) == 50


def in_child(call):
    """Run ``call`` in a forked child and return what it returned, or the error it raised."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            result = call()
        except BaseException as error:
            result = error
        os.write(write, pickle.dumps(result if isinstance(result, tuple | str) else repr(result)))
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        return pickle.loads(stream.read())


def test_use_after_a_fork_is_refused_with_a_reason():
    with Runtime() as runtime:
        runtime.start([ChildSpec("a", Recorder)])
        handle = runtime.handle("a")
        calls = [
            lambda: handle.tell(Work(1)),
            lambda: handle.ask(Question(), 1),
            lambda: runtime.broadcast(Alarm(1)),
            lambda: runtime.start([ChildSpec("b", Recorder)]),
            lambda: runtime.spawn(ChildSpec("b", Recorder)),
            lambda: runtime.ticker.after(1, handle, Work(1)),
            runtime.status,
        ]
        for call in calls:
            assert "Unavailable('this process was forked" in in_child(call)
        assert in_child(runtime.stop) == ()
        assert handle.ask(Question()) == (1, 0)


def test_a_forked_child_may_have_a_runtime_of_its_own():
    def fresh():
        with Runtime() as runtime:
            runtime.start([ChildSpec("a", Recorder)])
            return runtime.handle("a").ask(Question(5))

    with Runtime() as runtime:
        runtime.start([ChildSpec("a", Recorder)])
        assert in_child(fresh) == (1, 5)


def test_no_pykka_type_is_needed_to_use_the_package():
    import autotrader.actors as actors

    assert not [name for name in actors.__all__ if getattr(actors, name).__module__.startswith("pykka")]
