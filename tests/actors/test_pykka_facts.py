"""What Pykka 4.5 really does, stated on bare Pykka so that an upgrade which changes it is noticed, and how ours closes it.

Facts that would stop other actors of this process run in a process of their own.
"""

from __future__ import annotations

import logging
import queue
import subprocess
import sys
import textwrap
import threading

import pykka
import pytest
from actor_fakes import Block, Crash, Made, Question, Recorder, Refuse, Work

from autotrader.actors import ChildSpec, Inbox, RestartPolicy, Runtime, Worker
from autotrader.errors import InvalidOrder, StartError, Unavailable, WaitTimeout

ONCE = RestartPolicy(intensity=0)


def run_python(code: str, timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=timeout_s, check=False
    )


class Bare(pykka.ThreadingActor):
    """A stock actor that says which hooks were called."""

    use_daemon_thread = True

    def __init__(self, *, called=None, fails_to_start=False):
        super().__init__()
        self.fails_to_start = fails_to_start
        self.called = [] if called is None else called

    def on_start(self):
        if self.fails_to_start:
            raise RuntimeError("cannot start")

    def on_receive(self, message):
        if isinstance(message, Exception):
            raise message
        if isinstance(message, Block):
            message.entered.set()
            message.release.wait(30)
        self.called.append(message)
        return message

    def on_failure(self, *args):
        self.called.append("on_failure")

    def on_stop(self):
        self.called.append("on_stop")


@pytest.fixture
def bare():
    actors = []

    def start(**kwargs):
        ref = Bare.start(**kwargs)
        actor = ref._actor_weakref()
        actors.append((ref, actor))
        return ref, actor

    logging.getLogger("pykka").disabled = True
    yield start
    for ref, _ in actors:
        ref.stop()
    logging.getLogger("pykka").disabled = False


@pytest.fixture
def runtime():
    with Runtime() as runtime:
        yield runtime


def blocked(ref_or_handle):
    block = Block(threading.Event(), threading.Event())
    ref_or_handle.tell(block)
    assert block.entered.wait(5)
    return block


# ------------------------------------------------------------ an error in on_start calls no hook


def test_pykka_calls_no_hook_for_an_error_in_on_start(bare, eventually):
    called = []
    ref, _ = bare(called=called, fails_to_start=True)
    eventually(lambda: not ref.is_alive())
    assert called == []


class FailsToStart(Recorder):
    def on_start(self):
        raise RuntimeError("cannot start")


def test_ours_reports_an_error_in_on_start_and_cleans_up(runtime):
    made = Made(FailsToStart)
    with pytest.raises(StartError, match="a did not start: RuntimeError: cannot start"):
        runtime.start([ChildSpec("a", made)])
    assert [repr(error) for error in made.last.stopped_with] == ["RuntimeError('cannot start')"]


# ------------------------------------------------------------ an error while handling a tell


def test_pykka_drops_the_inbox_when_a_tell_kills_the_actor(bare, eventually):
    ref, actor = bare()
    block = blocked(ref)
    ref.tell(RuntimeError("dies"))
    ref.tell("lost")
    block.release.set()
    eventually(lambda: not ref.is_alive() and actor.actor_inbox.empty())
    assert "lost" not in actor.called


def test_ours_hands_over_what_a_dead_actor_left(runtime, eventually):
    left = []
    runtime.on_abandoned = lambda name, messages: left.append((name, messages))
    runtime.start([ChildSpec("a", Recorder, policy=ONCE)])
    block = blocked(runtime.handle("a"))
    crash = Crash()
    for message in (crash, Work(1), [Work(2), Work(3)]):
        runtime.handle("a").tell(message)
    block.release.set()
    eventually(lambda: left)
    assert left == [("a", [block, crash, Work(1), Work(2), Work(3)])]


def test_pykka_gives_an_error_under_ask_to_the_caller_and_the_actor_lives(bare):
    ref, _ = bare()
    with pytest.raises(ValueError, match="asked"):
        ref.ask(ValueError("asked"))
    assert ref.ask("still here") == "still here"


def test_ours_lives_on_an_expected_error_only(runtime, eventually):
    runtime.start([ChildSpec("a", Recorder, policy=ONCE)])
    with pytest.raises(InvalidOrder):
        runtime.handle("a").ask(Refuse())
    with pytest.raises(ValueError, match="asked"):
        runtime.handle("a").ask(Crash(ValueError("asked")))
    eventually(lambda: runtime.status()[0].state == "EXHAUSTED")


# ------------------------------------------------------------ SystemExit


def test_pykka_stops_every_actor_of_the_process_on_system_exit():
    done = run_python("""
        import pykka
        class A(pykka.ThreadingActor):
            use_daemon_thread = True
            def on_receive(self, message):
                raise SystemExit(message)
        class Innocent(pykka.ThreadingActor):
            use_daemon_thread = True
        other = Innocent.start()
        A.start().tell(1)
        print(other.actor_stopped.wait(20))
    """)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_ours_turns_it_into_a_crash_of_that_actor_alone(runtime, bare, eventually, kind):
    host, _ = bare()
    runtime.start([ChildSpec("a", Recorder, policy=ONCE), ChildSpec("b", Recorder)])
    runtime.handle("a").tell(Crash(kind("enough")))
    eventually(lambda: runtime.status()[0].last_error == f"{kind.__name__}: enough")
    assert runtime.handle("b").ask(Question()) == (1, 0)
    assert host.ask("alive") == "alive"


# ------------------------------------------------------------ stop


def test_pykka_stop_waits_behind_what_is_queued(bare):
    ref, actor = bare()
    block = blocked(ref)
    ref.tell("before the stop")
    stopped = ref.stop(block=False)
    block.release.set()
    assert stopped.get(timeout=5)
    assert "before the stop" in actor.called


def test_our_stop_overtakes_what_is_queued(runtime):
    made = Made()
    runtime.start([ChildSpec("a", made)])
    block = blocked(runtime.handle("a"))
    runtime.handle("a").tell([Work(n) for n in range(10_000)])
    made.last.stop()
    block.release.set()
    runtime.stop_child("a")
    assert made.last.seen == []
    assert runtime.status()[0].undelivered == 10_000


# ------------------------------------------------------------ ask


def test_pykka_ask_has_no_time_out_of_its_own_and_its_timeout_is_no_timeout_error(bare):
    ref, _ = bare()
    block = blocked(ref)
    future = ref.ask("queued", block=False)
    with pytest.raises(pykka.Timeout):
        future.get(timeout=0.001)
    assert not issubclass(pykka.Timeout, TimeoutError)
    assert pykka.ActorRef.ask.__kwdefaults__["timeout"] is None
    block.release.set()


def test_our_ask_ends_in_finite_time_with_an_error_of_ours(runtime):
    runtime.start([ChildSpec("a", Recorder)])
    block = blocked(runtime.handle("a"))
    with pytest.raises(WaitTimeout):
        runtime.handle("a").ask(Question(), 0.001)
    assert type(runtime.handle("a")).ask.__defaults__ == (5.0,)
    block.release.set()


def test_pykka_raises_an_error_of_its_own_for_a_dead_actor(bare):
    ref, _ = bare()
    ref.stop()
    with pytest.raises(pykka.ActorDeadError):
        ref.tell("anything")


def test_ours_raises_unavailable(runtime):
    runtime.start([ChildSpec("a", Recorder)])
    runtime.stop_child("a")
    for call in (runtime.handle("a").tell, runtime.handle("a").ask):
        with pytest.raises(Unavailable):
            call(Question())


# ------------------------------------------------------------ inboxes


def test_pykka_inboxes_are_unbounded_and_first_in_first_out(bare):
    _, actor = bare()
    assert type(actor.actor_inbox) is queue.Queue
    assert actor.actor_inbox.maxsize == 0


def test_our_mailbox_is_laned_and_is_what_a_ref_holds():
    worker = Recorder(Runtime().context("a"))
    assert isinstance(worker.actor_ref.actor_inbox, Inbox)


# ------------------------------------------------------------ timers, supervision


def test_pykka_has_neither_timers_nor_supervision():
    names = {name.lower() for name in (*dir(pykka), *dir(pykka.ThreadingActor), *dir(pykka.ActorRegistry))}
    assert not [name for name in names if any(word in name for word in ("timer", "schedule", "after", "supervis", "restart"))]


# ------------------------------------------------------------ threads


def test_pykka_actor_threads_are_not_daemons_and_hold_a_host_that_forgets_to_stop_them():
    assert pykka.ThreadingActor.use_daemon_thread is False
    assert Worker.use_daemon_thread is True


def test_a_host_that_forgets_to_stop_ours_ends_and_the_actors_clean_up():
    done = run_python("""
        import sys
        sys.path.insert(0, "tests")
        from autotrader.actors import Runtime, ChildSpec, Worker
        class Says(Worker):
            def on_stop(self):
                print("cleaned up", flush=True)
        runtime = Runtime()
        runtime.start([ChildSpec("a", Says)])
        runtime.handle("b")
    """)
    assert (done.returncode, done.stdout) == (0, "cleaned up\n"), done.stderr


# ------------------------------------------------------------ the registry


def test_pykka_registers_every_started_actor_for_the_whole_process(bare):
    ref, _ = bare()
    assert ref in pykka.ActorRegistry.get_all()


def test_a_hosts_stop_all_and_broadcast_do_not_meet_ours(runtime):
    before = pykka.ActorRegistry.get_all()
    made = Made()
    runtime.start([ChildSpec("a", made), ChildSpec("b", Recorder)])
    assert pykka.ActorRegistry.get_all() == before
    pykka.ActorRegistry.broadcast("hello")
    assert runtime.handle("a").ask(Question()) == (1, 0)


def test_a_worker_is_not_started_behind_the_supervisors_back():
    with pytest.raises(RuntimeError, match="started by a Runtime"):
        Recorder.start(Runtime().context("a"))
    assert not pykka.ActorRegistry.get_by_class(Recorder)


# ------------------------------------------------------------ logging


def test_pykka_logs_failures_through_the_root_logger(caplog, eventually):
    ref = Bare.start()
    ref.tell(RuntimeError("dies"))
    eventually(lambda: not ref.is_alive())
    eventually(lambda: any(record.name == "pykka" for record in caplog.records))


def test_ours_leaves_the_hosts_logging_alone(runtime, caplog, eventually):
    caplog.set_level(logging.DEBUG)
    before = (logging.root.level, list(logging.root.handlers), logging.getLogger("pykka").propagate)
    runtime.start([ChildSpec("a", Recorder, policy=ONCE)])
    runtime.handle("a").tell(Crash())
    eventually(lambda: runtime.status()[0].state == "EXHAUSTED")
    runtime.stop()
    assert caplog.records == []
    assert before == (logging.root.level, list(logging.root.handlers), logging.getLogger("pykka").propagate)
