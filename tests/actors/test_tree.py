"""The supervisor's decisions, without threads: events and time in, actions out."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autotrader.actors import ChildSpec, RestartPolicy
from autotrader.actors.spec import ChildState as S
from autotrader.actors.tree import (
    Abandon,
    Beat,
    Crashed,
    Launch,
    StartDone,
    Stop,
    StopDone,
    SupervisionTree,
    Tired,
)
from autotrader.errors import StartError

NS = 1_000_000_000
AT_ONCE = RestartPolicy(base_s=0, intensity=3)


def nothing(context):
    raise AssertionError("never made here")


def spec(name, **kwargs):
    kwargs.setdefault("policy", AT_ONCE)
    return ChildSpec(name, nothing, **kwargs)


class World:
    """Plays the actors: each thread does as it is told, unless a test says otherwise."""

    def __init__(self, *, auto=True):
        self.tree = SupervisionTree(random.Random(1))
        self.now_ns = 0
        self.log = []
        self.auto = auto
        self.mute, self.stuck, self.busy = set(), set(), {}

    def do(self, actions):
        for action in actions:
            self.log.append(action)
            if not self.auto:
                continue
            match action:
                case Launch(name=name, epoch=epoch) if name not in self.mute:
                    self.do(self.tree.on_ready(name, epoch, self.now_ns))
                case Stop(name=name) if name not in self.stuck:
                    self.exit(name)
                case Beat(name=name, number=number) if name not in self.mute:
                    self.do(self.tree.on_heartbeat(name, self.epoch(name), number, self.now_ns))

    def epoch(self, name):
        return self.tree.children[name].epoch

    def start(self, *specs):
        self.do(self.tree.start(specs, self.now_ns))

    def exit(self, name, error=""):
        epoch = self.epoch(name)
        self.do(self.tree.on_exited(name, epoch, error, "", self.now_ns))
        self.do(self.tree.on_ended(name, epoch, self.now_ns))

    def tick(self, seconds=0.0):
        self.now_ns += round(seconds * NS)
        self.do(self.tree.tick(self.now_ns, lambda name: self.busy.get(name, 0)))

    def run(self, seconds, step_s=0.05):
        for _ in range(round(seconds / step_s)):
            self.tick(step_s)

    def stop(self, names=None):
        self.do(self.tree.stop(names, self.now_ns))

    def restart(self, name):
        self.do(self.tree.restart(name, self.now_ns))

    def states(self):
        return "".join(f"{name}:{child.state} " for name, child in self.tree.children.items()).strip()

    def of(self, *types):
        return [action for action in self.log if type(action) in types]

    def names(self, *types):
        return "".join(action.name for action in self.of(*types))


@pytest.fixture
def world():
    return World()


# ------------------------------------------------------------ start


def test_children_start_in_order_each_when_the_one_before_is_ready():
    world = World(auto=False)
    world.start(spec("a"), spec("b"))
    assert world.of(Launch) == [Launch("a", 1)]
    world.do(world.tree.on_ready("a", 1, 0))
    assert world.of(Launch) == [Launch("a", 1), Launch("b", 1)]
    assert world.of(StartDone) == []
    world.do(world.tree.on_ready("b", 1, 0))
    assert world.of(StartDone) == [StartDone("")]


def test_a_child_that_fails_to_start_fails_the_start_and_stops_the_others_last_first(world):
    world.mute = {"c"}
    world.start(spec("a"), spec("b"), spec("c"), spec("d"))
    world.exit("c", "no such host")
    assert world.of(StartDone) == [StartDone("c did not start: no such host")]
    assert world.names(Stop) == "ba"
    assert world.states() == "a:STOPPED b:STOPPED c:STOPPED d:STOPPED"
    assert "d" not in world.names(Launch)


def test_a_child_that_is_not_ready_in_time_fails_the_start(world):
    world.mute = {"b"}
    world.start(spec("a"), spec("b", start_s=5))
    world.run(4.9)
    assert world.of(StartDone) == []
    world.run(0.2)
    assert world.of(StartDone) == [StartDone("b did not start: not ready within 5 s")]
    assert world.names(Abandon) == "b"


def test_a_start_that_failed_leaves_earlier_children_running_and_may_be_tried_again(world):
    world.start(spec("a"))
    world.mute = {"b"}
    world.start(spec("b"))
    world.exit("b", "no")
    assert world.states() == "a:RUNNING b:STOPPED"
    world.mute = set()
    world.start(spec("b"))
    assert world.of(Launch)[-1] == Launch("b", 2), "epochs never repeat"


@pytest.mark.parametrize("names", [["a"], ["b", "b"]])
def test_a_name_is_taken_once(world, names):
    world.start(spec("a"))
    with pytest.raises(StartError, match=f"there is an actor {names[0]} already"):
        world.start(*map(spec, names))


def test_starts_do_not_overlap(world):
    world.mute = {"a"}
    world.start(spec("a"))
    with pytest.raises(StartError, match="while another start"):
        world.start(spec("b"))


def test_stopping_during_a_start_ends_the_start(world):
    world.mute = {"b"}
    world.start(spec("a"), spec("b"), spec("c"))
    world.stop()
    assert world.of(StartDone) == [StartDone("it was stopped before all were ready")]
    assert world.of(StopDone) == [StopDone(())]
    assert world.states() == "a:STOPPED b:STOPPED c:STOPPED"


def test_a_spawned_child_is_under_its_policy_from_the_start(world):
    world.mute = {"a"}
    world.do(world.tree.spawn(spec("a"), 0))
    world.exit("a", "no")
    world.tick(0.1)
    assert world.of(Launch) == [Launch("a", 1), Launch("a", 2)]


# ------------------------------------------------------------ restart


def test_a_crash_restarts_that_child_alone(world):
    world.start(spec("a"), spec("b"), spec("c"))
    world.exit("b", "bad")
    world.tick()
    assert world.of(Crashed) == [Crashed("b", 1, "bad", "")]
    assert world.of(Launch)[3:] == [Launch("b", 2)]
    assert world.names(Stop) == ""


def test_rest_for_one_restarts_those_after_it_stopped_in_reverse_and_started_in_order(world):
    world.start(spec("a"), spec("b", strategy="rest_for_one"), spec("c"), spec("d"))
    world.exit("b", "bad")
    world.tick()
    assert world.names(Stop) == "dc"
    assert world.of(Launch)[4:] == [Launch("b", 2), Launch("c", 2), Launch("d", 2)]


def test_nothing_is_launched_while_those_after_it_still_stop(world):
    world.stuck = {"d"}
    world.start(spec("b", strategy="rest_for_one"), spec("c"), spec("d"))
    world.exit("b", "bad")
    world.run(1)
    assert len(world.of(Launch)) == 3
    world.exit("d")
    world.tick()
    assert world.of(Launch)[3:] == [Launch("b", 2), Launch("c", 2), Launch("d", 2)]


def test_one_that_backs_off_does_not_hold_up_its_neighbours_but_a_rest_for_one_does(world):
    slow = RestartPolicy(base_s=1000, cap_s=1000)
    world.start(spec("a", strategy="rest_for_one"), spec("b", policy=slow), spec("c"))
    world.exit("b", "bad")
    world.mute = {"a"}
    world.exit("a", "bad")
    world.tick()
    assert world.states() == "a:STARTING b:WAITING c:WAITING"
    world.do(world.tree.on_ready("a", 2, world.now_ns))
    assert world.states() == "a:RUNNING b:RUNNING c:RUNNING"
    world.exit("b", "bad")
    world.exit("c", "bad")
    world.tick()
    assert world.states() == "a:RUNNING b:BACKING_OFF c:RUNNING"


def test_the_next_incarnation_waits_until_the_thread_before_it_is_over(world):
    world.start(spec("a"))
    world.do(world.tree.on_exited("a", 1, "bad", "", 0))
    world.run(1)
    assert world.of(Launch) == [Launch("a", 1)]
    world.do(world.tree.on_ended("a", 1, world.now_ns))
    assert world.of(Launch)[1:] == [Launch("a", 2)]


def test_a_thread_that_does_not_clean_up_in_time_is_given_up(world):
    world.start(spec("a"))
    world.do(world.tree.on_exited("a", 1, "bad", "", 0))
    world.run(2.1)
    assert world.of(Abandon) == [Abandon("a", 1, "failed, and did not clean up in time")]
    assert world.of(Launch)[1:] == [Launch("a", 2)]
    assert len(world.of(Crashed)) == 1


def test_an_exhausted_child_is_not_started_again_until_somebody_asks(world):
    world.start(spec("a"), spec("b"))
    for _ in range(4):
        world.exit("a", "bad")
        world.tick()
    assert world.of(Tired) == [Tired("a", "4 failures within 60 s, 3 allowed; the last: bad")]
    world.run(100, step_s=1)
    assert world.states() == "a:EXHAUSTED b:RUNNING"
    world.restart("a")
    assert world.states() == "a:RUNNING b:RUNNING"
    world.exit("a", "bad")
    world.tick()
    assert world.states() == "a:RUNNING b:RUNNING", "the record is clean"


def test_a_temporary_child_is_never_restarted(world):
    world.start(spec("a", temporary=True))
    world.exit("a", "bad")
    world.run(1)
    assert world.states() == "a:STOPPED"
    assert len(world.of(Launch)) == 1


def test_an_actor_that_ends_by_itself_stays_down(world):
    world.start(spec("a"))
    world.exit("a")
    world.run(1)
    assert world.states() == "a:STOPPED"


def test_a_thread_that_ends_without_a_report_is_a_failure(world):
    world.start(spec("a"))
    world.do(world.tree.on_ended("a", 1, 0))
    world.tick()
    assert world.of(Crashed) == [Crashed("a", 1, "the thread ended without a report", "")]
    assert world.states() == "a:RUNNING"


def test_a_restart_on_demand_stops_first_and_starts_at_once(world):
    world.start(spec("a"), spec("b"))
    world.restart("a")
    assert (world.names(Stop), world.of(Launch)[2:]) == ("a", [Launch("a", 2)])
    assert world.of(Crashed) == []


def test_a_restart_on_demand_takes_the_rest_along_if_the_strategy_says_so(world):
    world.start(spec("a", strategy="rest_for_one"), spec("b"))
    world.restart("a")
    assert (world.names(Stop), world.names(Launch)) == ("ba", "abab")


def test_reports_of_earlier_incarnations_change_nothing(world):
    world.start(spec("a"))
    world.exit("a", "bad")
    world.tick()
    world.do(world.tree.on_exited("a", 1, "again", "", 0))
    world.do(world.tree.on_ready("a", 1, 0))
    world.do(world.tree.on_heartbeat("a", 1, 1, 0))
    world.do(world.tree.on_ended("a", 1, 0))
    assert world.states() == "a:RUNNING"
    assert len(world.of(Crashed)) == 1


# ------------------------------------------------------------ hanging


def test_an_actor_that_answers_no_heartbeat_for_two_seconds_is_given_up_and_replaced(world):
    world.start(spec("a"))
    world.run(5)
    assert world.of(Abandon) == []
    world.mute = {"a"}
    world.run(2.7)
    assert world.of(Abandon) == [Abandon("a", 1, "hung: no answer to a heartbeat for 2 s")]
    assert world.of(Launch)[1:] == [Launch("a", 2)]


def test_heartbeats_do_not_pile_up_in_a_busy_mailbox(world):
    world.mute = {"a"}
    world.start(spec("a", hang_s=None))
    world.do(world.tree.on_ready("a", 1, 0))
    world.run(10)
    assert len(world.of(Beat)) == 1
    assert world.of(Abandon) == []


def test_a_worker_that_said_how_long_it_is_busy_is_hung_a_second_past_it(world):
    world.start(spec("a"))
    world.mute = {"a"}
    world.busy["a"] = 10 * NS
    world.run(10.9)
    assert world.of(Abandon) == []
    world.run(0.3)
    assert world.names(Abandon) == "a"


def test_nobody_is_hung_because_the_whole_process_stood_still(world):
    world.start(spec("a"))
    world.mute = {"a"}
    world.run(1)
    world.now_ns += 3600 * NS
    world.tree.forgive(world.now_ns)
    world.run(1.9)
    assert world.of(Abandon) == []
    world.run(0.3)
    assert world.names(Abandon) == "a"


def test_the_end_of_a_given_up_thread_is_noted_and_starts_nothing(world):
    world.start(spec("a"))
    world.mute = {"a"}
    world.run(2.7)
    assert world.tree.children["a"].abandoned == {1}
    world.do(world.tree.on_ended("a", 1, world.now_ns))
    assert world.tree.children["a"].abandoned == set()
    assert len(world.of(Launch)) == 2


# ------------------------------------------------------------ stop


def test_children_stop_last_first_each_when_the_one_after_is_down():
    world = World(auto=False)
    world.start(spec("a"), spec("b"))
    world.do(world.tree.on_ready("a", 1, 0))
    world.do(world.tree.on_ready("b", 1, 0))
    world.stop()
    assert world.names(Stop) == "b"
    world.exit("b")
    assert world.names(Stop) == "ba"
    assert world.of(StopDone) == []
    world.exit("a")
    assert world.of(StopDone) == [StopDone(())]


def test_a_child_that_does_not_stop_in_time_is_given_up_and_named(world):
    world.stuck = {"b"}
    world.start(spec("a"), spec("b"))
    world.stop()
    world.run(2.1)
    assert world.names(Stop) == "ba"
    assert world.of(StopDone) == [StopDone(("b",))]


def test_a_crash_while_stopping_is_a_stop(world):
    world.stuck = {"a"}
    world.start(spec("a"))
    world.stop()
    world.exit("a", "bad")
    world.run(1)
    assert world.states() == "a:STOPPED"
    assert world.of(Crashed) == [Crashed("a", 1, "bad", "")]
    assert len(world.of(Launch)) == 1


def test_stopping_cancels_a_back_off(world):
    world.start(spec("a", policy=RestartPolicy(base_s=50, cap_s=50)))
    world.exit("a", "bad")
    world.stop()
    world.run(60, step_s=1)
    assert world.states() == "a:STOPPED"
    assert len(world.of(Launch)) == 1


def test_one_child_may_be_stopped_for_good(world):
    world.start(spec("a"), spec("b"))
    world.stop(["a", "nobody"])
    world.run(1)
    assert world.states() == "a:STOPPED b:RUNNING"


def test_stopping_nothing_is_done_at_once(world):
    world.stop()
    assert world.of(StopDone) == [StopDone(())]


# ------------------------------------------------------------ whatever happens


OPS = st.lists(
    st.tuples(st.sampled_from(["crash", "ready", "end", "tick", "restart", "leave", "beat", "stop_one"]), st.integers(0, 4)),
    max_size=120,
)


@settings(max_examples=150)
@example([("ready", 0), ("crash", 1), ("leave", 0)], [False] * 5)
@given(OPS, st.lists(st.booleans(), min_size=5, max_size=5))
def test_never_two_lives_of_one_name_never_an_epoch_twice_and_a_stop_always_ends(ops, rests):
    """Threads crash, hang, end and answer in any order; the invariants hold after every step, and a stop gets through."""
    world = World(auto=False)
    specs = [spec(str(i), strategy="rest_for_one" if rest else "one_for_one") for i, rest in enumerate(rests)]
    world.start(*specs)
    for op, i in ops:
        name = str(i)
        child = world.tree.children[name]
        match op:
            case "crash":
                if child.live:
                    world.do(world.tree.on_exited(name, child.epoch, "bad", "", world.now_ns))
            case "end":
                if child.live and child.failed:
                    world.do(world.tree.on_ended(name, child.epoch, world.now_ns))
            case "leave":
                if child.live:
                    world.exit(name)
            case "ready":
                world.do(world.tree.on_ready(name, child.epoch, world.now_ns))
            case "beat":
                world.do(world.tree.on_heartbeat(name, child.epoch, child.beat, world.now_ns))
            case "tick":
                world.tick(0.7)
            case "restart":
                world.restart(name)
            case "stop_one":
                world.stop([name])
        check(world)
    world.stop()
    for _ in range(60):
        world.tick(0.5)
    check(world)
    assert set(world.states().replace(":", " ").split()[1::2]) == {"STOPPED"}
    assert type(world.log[-1]) is StopDone or world.of(StopDone)


def check(world):
    launched = {}
    for action in world.of(Launch):
        assert action.epoch == launched.get(action.name, 0) + 1
        launched[action.name] = action.epoch
    children = list(world.tree.children.values())
    for child in children:
        assert child.epoch == launched.get(child.spec.name, 0)
        if child.state in (S.STARTING, S.RUNNING, S.STOPPING):
            assert child.live
        if child.state is S.WAITING and not child.must_stop and not child.live:  # its own thread may still clean up
            blockers = [c for c in children if c.must_stop or not (c.lets_pass or c is child)]
            assert blockers, "nobody waits for nothing"
