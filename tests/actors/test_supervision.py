"""Supervision with real threads: what the pure tree decides is really done, and reported."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from actor_fakes import Alarm, Block, Command, Crash, Event, Made, Price, Question, Recorder, Work

from autotrader.actors import ChildSpec, RestartPolicy, Runtime, Worker, handles
from autotrader.errors import StartError, Unavailable

AT_ONCE = RestartPolicy(base_s=0, intensity=1000, total=None)
ONCE = RestartPolicy(intensity=0)


@pytest.fixture
def runtime():
    with Runtime() as runtime:
        yield runtime


def block_actor(runtime, name="a"):
    block = Block(threading.Event(), threading.Event())
    runtime.handle(name).tell(block)
    assert block.entered.wait(5)
    return block


def status_of(runtime, name):
    return next(status for status in runtime.status() if status.name == name)


# ------------------------------------------------------------ start


def test_start_blocks_until_all_are_ready_and_starts_in_order(runtime):
    order = []

    class Slow(Recorder):
        def on_start(self):
            order.append(("begins", self.name))
            threading.Event().wait(0.01)
            order.append(("ready", self.name))

    runtime.start([ChildSpec("a", Slow), ChildSpec("b", Slow)])
    assert order == [("begins", "a"), ("ready", "a"), ("begins", "b"), ("ready", "b")]
    assert [status.state for status in runtime.status()] == ["RUNNING", "RUNNING"]


def test_a_worker_may_say_itself_when_it_is_ready(runtime, eventually):
    class ByHand(Recorder):
        READY_BY_HAND = True

        def on_start(self):
            self.ticker.after(0.01, self.me, Command(1))

        @handles(Command)
        def _on_command(self, msg):
            self.report_ready()

    runtime.start([ChildSpec("a", ByHand)])
    assert runtime.handle("a").ask(Question()) == (1, 0)


def test_a_factory_that_raises_fails_the_start_by_name(runtime):
    def factory(context):
        raise LookupError("no key")

    with pytest.raises(StartError, match="b did not start: LookupError: no key"):
        runtime.start([ChildSpec("a", Recorder), ChildSpec("b", factory)])
    assert [status.state for status in runtime.status()] == ["STOPPED", "STOPPED"]
    assert not runtime.handle("a").is_bound


def test_a_start_that_hangs_fails_by_name_and_its_thread_is_refused_later(runtime, eventually):
    release, outcome = threading.Event(), []

    class Hangs(Recorder):
        def on_start(self):
            release.wait(30)
            try:
                self.context.handle("a").tell(Work(1))
            except Unavailable as error:
                outcome.append(str(error))

    runtime.start([ChildSpec("a", Recorder)])
    with pytest.raises(StartError, match="b did not start: not ready within 0.05 s"):
        runtime.start([ChildSpec("b", Hangs, start_s=0.05)])
    release.set()
    assert "given up as hung" in eventually(lambda: outcome and outcome[0])


def test_the_callers_own_time_out_stops_what_was_started(runtime):
    release = threading.Event()

    class Hangs(Recorder):
        def on_start(self):
            release.wait(30)

    made = Made()
    threading.Timer(0.2, release.set).start()
    with pytest.raises(StartError, match="not ready within 0.05 s: b"):
        runtime.start([ChildSpec("a", made), ChildSpec("b", Hangs)], timeout_s=0.05)
    assert made.last.stopped_with == [None]


def test_a_name_that_is_taken_is_a_start_error(runtime):
    runtime.start([ChildSpec("a", Recorder)])
    with pytest.raises(StartError, match="there is an actor a already"):
        runtime.start([ChildSpec("a", Recorder)])


# ------------------------------------------------------------ crash and restart


def test_a_crashed_actor_comes_back_under_the_same_handle_with_the_next_epoch(runtime, eventually):
    runtime.start([ChildSpec("a", Recorder, policy=AT_ONCE)])
    runtime.handle("a").tell(Crash())
    eventually(lambda: status_of(runtime, "a").epoch == 2 and runtime.handle("a").is_bound)
    assert runtime.handle("a").ask(Question(3)) == (2, 3)
    assert (status_of(runtime, "a").restarts, status_of(runtime, "a").last_error) == (1, "RuntimeError: it crashes")


def test_while_it_is_down_tells_are_refused(runtime, eventually):
    runtime.start([ChildSpec("a", Recorder, policy=RestartPolicy(base_s=1000, cap_s=1000))])
    runtime.handle("a").tell(Crash())
    eventually(lambda: status_of(runtime, "a").state == "BACKING_OFF")
    with pytest.raises(Unavailable):
        runtime.handle("a").tell(Work(1))


def test_a_crash_is_reported_with_its_poison_redacted_and_cut(runtime, eventually):
    crashes = []
    runtime.redact = lambda text: text.replace("hunter2", "***")
    runtime.start([ChildSpec("a", Recorder, policy=ONCE, on_crash=crashes.append)])
    runtime.handle("a").tell(Crash(ValueError("hunter2 " + "x" * 1000)))
    (exited,) = eventually(lambda: crashes)
    assert (exited.name, exited.epoch) == ("a", 1)
    assert exited.poison.startswith("Crash(error=ValueError('*** xxx")
    assert len(exited.poison) == 500


def test_a_death_is_known_before_its_clean_up_is_over_and_the_next_life_comes_after_it(runtime, eventually):
    crashed, cleaned = threading.Event(), threading.Event()

    class Slow(Recorder):
        def on_stop(self):
            if self.crash is not None:
                crashed.wait(5)
                cleaned.set()

    made = Made(Slow)
    runtime.start([ChildSpec("a", made, policy=AT_ONCE, on_crash=lambda _: crashed.set())])
    runtime.handle("a").tell(Crash())
    eventually(lambda: len(made.all) == 2)
    assert cleaned.is_set()


def test_an_error_in_the_clean_up_does_not_hide_the_first_one(runtime, eventually):
    class Messy(Recorder):
        def on_stop(self):
            raise OSError("messy")

    runtime.start([ChildSpec("a", Messy, policy=ONCE)])
    runtime.handle("a").tell(Crash())
    eventually(lambda: status_of(runtime, "a").state == "EXHAUSTED")
    assert status_of(runtime, "a").last_error == "RuntimeError: it crashes"


def test_an_error_in_an_orderly_on_stop_is_a_failure_that_does_not_stop_the_others(runtime):
    class Messy(Recorder):
        def on_stop(self):
            raise OSError("messy")

    made = Made()
    runtime.start([ChildSpec("a", made), ChildSpec("b", Messy)])
    assert runtime.stop() == ()
    assert made.last.stopped_with == [None]
    assert status_of(runtime, "b").last_error == "OSError: messy"


def test_rest_for_one_gives_those_after_it_fresh_lives_too(runtime, eventually):
    runtime.start([
        ChildSpec("a", Recorder), ChildSpec("b", Recorder, policy=AT_ONCE, strategy="rest_for_one"), ChildSpec("c", Recorder),
    ])
    runtime.handle("b").tell(Crash())
    eventually(lambda: [(s.epoch, str(s.state)) for s in runtime.status()] == [(1, "RUNNING"), (2, "RUNNING"), (2, "RUNNING")])


def test_exhaustion_calls_back_once_and_leaves_the_others_alone(runtime, eventually):
    calls = []
    runtime.start([
        ChildSpec("a", Recorder, policy=ONCE, on_exhausted=lambda name, reason: calls.append((name, reason))),
        ChildSpec("b", Recorder),
    ])
    runtime.handle("a").tell(Crash())
    (call,) = eventually(lambda: calls)
    assert call[0] == "a"
    assert "it crashes" in call[1]
    assert runtime.handle("b").ask(Question()) == (1, 0)


def test_a_callback_that_raises_does_not_end_supervision(runtime, eventually):
    def fail(*args):
        raise RuntimeError("bad callback")

    runtime.on_state = runtime.on_abandoned = fail
    runtime.start([ChildSpec("a", Recorder, policy=AT_ONCE, on_crash=fail, on_exhausted=fail)])
    for epoch in (2, 3):
        runtime.handle("a").tell([Crash(), Work(1)])
        eventually(lambda epoch=epoch: status_of(runtime, "a").epoch == epoch and runtime.handle("a").is_bound)


def test_a_restart_on_demand_gives_a_fresh_life(runtime, eventually):
    runtime.start([ChildSpec("a", Recorder)])
    assert runtime.restart("a", by="an operator") is True
    assert runtime.restart("nobody") is False
    eventually(lambda: status_of(runtime, "a").epoch == 2 and runtime.handle("a").is_bound)
    assert runtime.handle("a").ask(Question()) == (2, 0)


def test_a_handler_may_spawn_and_retire_children_without_waiting(runtime, eventually):
    class Parent(Worker):
        @handles(Command)
        def _on_command(self, msg):
            if msg.number:
                self.context.spawn(ChildSpec("child", Recorder, temporary=True))
            else:
                self.context.retire("child")

    runtime.start([ChildSpec("a", Parent)])
    runtime.handle("a").tell(Command(1))
    eventually(lambda: runtime.handle("child").is_bound)
    assert runtime.handle("child").ask(Question()) == (1, 0)
    runtime.handle("a").tell(Command(0))
    eventually(lambda: status_of(runtime, "child").state == "STOPPED")


def test_state_changes_are_reported_in_order(runtime, eventually):
    seen = []
    runtime.on_state = lambda status: seen.append((status.epoch, str(status.state)))
    runtime.start([ChildSpec("a", Recorder, policy=AT_ONCE)])
    runtime.handle("a").tell(Crash())
    eventually(lambda: seen[-1:] == [(2, "RUNNING")])
    runtime.stop()
    assert seen == [
        (0, "WAITING"), (1, "STARTING"), (1, "RUNNING"), (1, "BACKING_OFF"), (2, "STARTING"), (2, "RUNNING"),
        (2, "STOPPING"), (2, "STOPPED"),
    ]


# ------------------------------------------------------------ hanging


def test_a_hung_actor_is_replaced_and_its_late_tells_are_refused(runtime, eventually):
    outcome = []

    class Hangs(Recorder):
        @handles(Block)
        def _on_block(self, msg):
            msg.entered.set()
            msg.release.wait(30)
            outcome.append(self.context.is_current())
            try:
                self.context.handle("b").tell(Work(1))
            except Unavailable as error:
                outcome.append(str(error))

    left = []
    runtime.on_abandoned = lambda name, messages: left.extend(messages)
    made = Made()
    runtime.start([ChildSpec("a", Hangs, policy=AT_ONCE, hang_s=0.1), ChildSpec("b", made)])
    block = block_actor(runtime)
    runtime.handle("a").tell(Event(7))
    eventually(lambda: status_of(runtime, "a").epoch == 2 and runtime.handle("a").is_bound)
    assert status_of(runtime, "a").abandoned_threads == 1
    assert "hung" in status_of(runtime, "a").last_error
    assert left == [block, Event(7)]
    assert runtime.handle("a").ask(Question()) == (2, 0)
    block.release.set()
    eventually(lambda: status_of(runtime, "a").abandoned_threads == 0)
    assert outcome[0] is False
    assert "given up as hung" in outcome[1]
    assert made.last.seen == []
    assert left == [block, Event(7)], "handed over once"
    assert status_of(runtime, "a").epoch == 2


def test_a_busy_worker_that_says_so_is_left_alone(runtime, eventually):
    class Busy(Recorder):
        @handles(Block)
        def _on_block(self, msg):
            self.busy_until_ns = self.wall.monotonic_ns() + 3600 * 1_000_000_000
            msg.entered.set()
            msg.release.wait(30)

    made = Made()
    runtime.start([ChildSpec("a", Busy, hang_s=0.01), ChildSpec("b", made, policy=AT_ONCE, hang_s=0.01)])
    block_a, block_b = block_actor(runtime), block_actor(runtime, "b")
    eventually(lambda: status_of(runtime, "b").epoch == 2)
    assert status_of(runtime, "a").epoch == 1
    block_a.release.set()
    block_b.release.set()


# ------------------------------------------------------------ hooks, broadcast, status


def test_hooks_are_polled_by_the_supervisors_thread_and_may_fail(runtime, eventually):
    calls = Counter()

    def fail():
        calls["bad"] += 1
        raise OSError("cannot read the latch")

    runtime.polls += [fail, lambda: calls.update([threading.current_thread().name])]
    runtime.start([ChildSpec("a", Recorder)])
    eventually(lambda: calls["bad"] >= 3 and calls["autotrader:supervisor#1"] >= 3)


def test_a_broadcast_reaches_every_running_child_ahead_of_all_lanes(runtime):
    class Deaf(Worker):
        @handles(Question)
        def _on_question(self, msg):
            return "alive"

    made = Made()
    runtime.start([ChildSpec("a", made), ChildSpec("b", Deaf)])
    block = block_actor(runtime)
    runtime.handle("a").tell([Event(n) for n in range(1000)])
    assert runtime.broadcast(Alarm(1)) == 2
    block.release.set()
    assert runtime.handle("b").ask(Question()) == "alive"
    runtime.handle("a").ask(Question())
    assert made.last.seen[0] == Alarm(1)


def test_a_broadcast_needs_no_supervisor(runtime):
    made = Made()
    runtime.start([ChildSpec("a", made)])
    entered, release = threading.Event(), threading.Event()
    runtime.polls.append(lambda: (entered.set(), release.wait(30)))
    assert entered.wait(5)
    assert runtime.broadcast(Alarm(1)) == 1
    runtime.handle("a").ask(Question())
    assert made.last.seen == [Alarm(1)]
    release.set()


def test_status_measures_every_mailbox_over_all_lives(runtime, eventually):
    runtime.start([ChildSpec("a", Recorder, policy=AT_ONCE)])
    handle = runtime.handle("a")
    handle.tell([Work(n) for n in range(10)])
    handle.tell([Crash(), Work(1)])
    eventually(lambda: status_of(runtime, "a").epoch == 2 and handle.is_bound)
    block = block_actor(runtime)
    handle.tell([Price("X", 1), Price("X", 2)])
    status = status_of(runtime, "a")
    assert (status.handled, status.undelivered, status.conflated, status.depth) == (10, 2, 1, 1)
    assert status.oldest_age_s > 0
    assert status.slowest_us >= status.service_us > 0
    block.release.set()


def test_the_supervisors_own_end_is_told():
    lost = threading.Event()
    runtime = Runtime()
    runtime.on_supervisor_lost = lambda error: lost.set()
    runtime.start([ChildSpec("a", Recorder)])
    runtime._supervisor.worker.on_flush = None  # a mistake of ours, outside every guard
    runtime.supervisor.tell(Question())
    assert lost.wait(5)
    assert runtime.broadcast(Alarm(1)) == 1
    assert runtime.stop() == ()


def test_the_supervisor_survives_messages_it_does_not_know(runtime):
    runtime.start([ChildSpec("a", Recorder)])
    runtime.supervisor.tell(Work(1))
    assert runtime.restart("nobody") is False


# ------------------------------------------------------------ conservation


def test_in_is_handled_and_handed_over_and_queued_over_a_storm_of_crashes(runtime, eventually):
    """Every message told is refused to its sender, handled, conflated, or counted as undelivered: none is lost."""
    runtime.start([ChildSpec("a", Recorder, policy=AT_ONCE)])
    handle, sent, rng = runtime.handle("a"), [0] * 4, random.Random(5)
    seeds = [rng.random() for _ in sent]

    def tell(index):
        own = random.Random(seeds[index])
        for number in range(400):
            kind = own.random()
            message = Crash() if kind < 0.03 else Price("X", number) if kind < 0.3 else [Work(number)] * own.randint(1, 90)
            try:
                handle.tell(message)
            except Unavailable:
                continue
            sent[index] += len(message) if isinstance(message, list) else 1

    threads = [threading.Thread(target=tell, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def adds_up():
        status = status_of(runtime, "a")
        total = status.handled + status.undelivered + status.conflated + status.depth
        assert (total, status.state) == (sum(sent), "RUNNING")
        return status.restarts > 0  # the totals balance before the supervisor has read of the last crash

    eventually(adds_up, 10)
