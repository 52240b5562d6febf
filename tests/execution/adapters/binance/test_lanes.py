"""Which connection takes which call, what waits, and what is taken back."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.execution.adapters.binance.codec import ping_call
from autotrader.execution.adapters.binance.lanes import Duty, Job, Lanes
from autotrader.model import WriteClass

S = 1_000_000_000
NAMES = {"o1": Duty.ORDER, "o2": Duty.ORDER, "c1": Duty.CANCEL, "q1": Duty.QUERY}
_numbers = count(1)


def lanes(*, ready: bool = True, names: dict[str, Duty] = NAMES) -> Lanes:
    made = Lanes(names, 15 * S)
    for name in names if ready else ():
        made.ready(name, 1)
    return made


def job(duty: Duty = Duty.ORDER, order_id: str = "", expires_ns: int = 0, *, urgent: bool = False) -> Job:
    return Job(next(_numbers), duty, ping_call(), WriteClass.RISK, order_id, expires_ns, urgent=urgent)


def add(made: Lanes, *jobs: Job, now_ns: int = 0) -> list[str]:
    """Let jobs wait and return which lanes were given work."""
    for one in jobs:
        made.add(one, now_ns)
    return [name for name, _ in made.assign(now_ns)]


def test_each_kind_has_its_lanes_and_no_lane_more_than_one_job() -> None:
    made = lanes()
    assert add(made, job(), job(), job()) == ["o1", "o2"]
    assert add(made, job(Duty.QUERY), job(Duty.QUERY)) == ["q1"]
    assert add(made, job(Duty.CANCEL)) == ["c1"]
    assert (made.out, made.waiting) == (4, 2)


def test_a_lane_that_is_done_takes_the_next_in_the_order_they_came() -> None:
    made, jobs = lanes(names={"o1": Duty.ORDER}), [job() for _ in range(3)]
    add(made, *jobs)
    assert made.done("o1", jobs[0].number) is jobs[0]
    assert [one for _, one in made.assign(0)] == [jobs[1]]


def test_the_lane_used_last_is_taken_among_the_free_ones() -> None:
    made, first, second = lanes(), job(), job()
    add(made, first, second)
    made.done("o1", first.number)
    made.done("o2", second.number)
    assert add(made, job()) == ["o2"]


def test_cancels_take_order_lanes_ahead_of_new_orders_when_theirs_is_busy() -> None:
    made = lanes(names={"o1": Duty.ORDER, "c1": Duty.CANCEL})
    cancel = job(Duty.CANCEL, "b")
    add(made, job(Duty.CANCEL, "a"))
    made.add(job(), 0)
    made.add(cancel, 0)
    assert list(made.assign(0)) == [("o1", cancel)]


def test_an_urgent_cancel_goes_first() -> None:
    made = lanes(names={"c1": Duty.CANCEL})
    add(made, job(Duty.CANCEL))
    waits, urgent = job(Duty.CANCEL), job(Duty.CANCEL, urgent=True)
    made.add(waits, 0)
    made.add(urgent, 0)
    made.done("c1", urgent.number - 2)
    assert [one for _, one in made.assign(0)] == [urgent]


def test_an_urgent_question_takes_any_lane_rather_than_wait_behind_one_that_hangs() -> None:
    made = lanes()
    assert add(made, job(Duty.QUERY), job(Duty.QUERY)) == ["q1"]
    assert add(made, job(Duty.QUERY, urgent=True)) == ["c1"]
    assert add(made, job(Duty.QUERY, urgent=True)) == ["o1"]
    assert made.waiting == 1


def test_a_cancel_of_an_order_that_is_being_placed_waits_for_its_lane() -> None:
    made, submit, cancel = lanes(), job(order_id="a"), job(Duty.CANCEL, "a")
    assert add(made, submit) == ["o1"]
    assert add(made, cancel, now_ns=S // 2) == []
    assert made.is_placing("a")
    made.done("o1", submit.number)
    assert list(made.assign(S // 2)) == [("o1", cancel)]


def test_it_waits_no_longer_than_a_second() -> None:
    made, cancel = lanes(), job(Duty.CANCEL, "a")
    add(made, job(order_id="a"))
    made.add(cancel, S // 2)
    assert list(made.assign(S - 1)) == []
    assert list(made.assign(S)) == [("c1", cancel)]


def test_it_waits_not_at_all_behind_a_submit_that_hangs() -> None:
    made = lanes()
    add(made, job(order_id="a"))
    assert add(made, job(Duty.CANCEL, "a"), now_ns=2 * S) == ["c1"]


def test_a_cancel_that_waits_for_a_lane_which_dies_goes_by_another() -> None:
    made, cancel = lanes(), job(Duty.CANCEL, "a")
    add(made, job(order_id="a"))
    made.add(cancel, 0)
    made.take_overdue(17 * S)
    assert list(made.assign(17 * S)) == [("c1", cancel)]


def test_no_lane_is_used_before_its_connection_says_that_it_is_there() -> None:
    made = lanes(ready=False)
    assert add(made, job()) == []
    assert made.ready("o2", 1) is None
    assert [name for name, _ in made.assign(0)] == ["o2"]
    assert made.is_ready(Duty.ORDER)
    assert not made.is_ready(Duty.CANCEL)


def test_a_connection_that_comes_back_has_lost_what_it_had() -> None:
    made, lost = lanes(), job()
    add(made, lost)
    assert made.ready("o1", 1) is None  # the same one, asked who it is
    assert made.ready("o1", 2) is lost
    assert made.done("o1", lost.number) is None
    assert add(made, job()) == ["o1"]


def test_an_older_incarnations_word_changes_nothing() -> None:
    made = lanes()
    made.ready("o1", 3)
    one = job()
    add(made, one)
    assert made.ready("o1", 2) is None
    assert made.done("o1", one.number) is one


def test_what_a_connection_says_of_a_job_that_was_given_up_is_passed_over() -> None:
    made, one = lanes(), job()
    add(made, one)
    assert made.take_overdue(16 * S) == []
    assert made.take_overdue(16 * S + 1) == [one]
    assert made.done("o1", one.number) is None
    assert made.done("nobody", one.number) is None
    assert add(made, job()) == ["o2"]  # the first lane is off until its connection speaks


def test_a_job_that_nobody_took_is_first_in_its_queue_again() -> None:
    made, first, second = lanes(names={"o1": Duty.ORDER}), job(), job()
    made.add(first, 0)
    made.add(second, 0)
    list(made.assign(0))
    made.put_back("o1")
    assert list(made.assign(0)) == []
    made.ready("o1", 1)
    assert list(made.assign(0)) == [("o1", first)]


def test_what_waits_too_long_is_taken_out_and_what_may_wait_is_not() -> None:
    made = lanes(ready=False)
    old, young, patient = job(expires_ns=5), job(expires_ns=50), job(Duty.QUERY)
    for one in (old, young, patient):
        made.add(one, 0)
    assert made.take_stale(5) == []
    assert made.take_stale(6) == [old]
    assert made.waiting == 2


def test_an_order_that_has_not_gone_can_be_taken_back_once() -> None:
    made = lanes(ready=False)
    one = job(order_id="a")
    made.add(one, 0)
    assert made.is_placing("a")
    assert made.withdraw("b") is None
    assert made.withdraw("a") is one
    assert made.withdraw("a") is None


def test_what_waits_for_one_duty_can_be_taken_out() -> None:
    made = lanes(ready=False)
    order, cancel = job(), job(Duty.CANCEL)
    made.add(order, 0)
    made.add(cancel, 0)
    assert made.take_waiting(Duty.ORDER) == [order]
    assert made.waiting == 1


Steps = st.lists(
    st.tuples(
        st.sampled_from(["order", "cancel", "query", "done", "lost", "back", "stale", "tick", "withdraw"]), st.integers(0, 9)
    ),
    max_size=120,
)


@given(Steps)
def test_every_job_ends_exactly_once_whatever_happens(steps: list[tuple[str, int]]) -> None:
    made, now_ns = lanes(), 0
    added: list[Job] = []
    ended: list[Job] = []
    out: dict[str, Job] = {}
    epochs = dict.fromkeys(NAMES, 1)
    for what, number in steps:
        name = list(NAMES)[number % len(NAMES)]
        now_ns += number * S // 10
        if what in ("order", "cancel", "query"):
            added.append(job(Duty(what), f"id{number}", now_ns + S))
            made.add(added[-1], now_ns)
        elif what == "done" and name in out:
            ended += [one for one in [made.done(name, out.pop(name).number)] if one is not None]
        elif what == "lost":
            epochs[name] += 1
            out.pop(name, None)
            ended += [one for one in [made.ready(name, epochs[name])] if one is not None]
        elif what == "back" and name in out:
            made.put_back(name)
            del out[name]
            made.ready(name, epochs[name])
        elif what == "stale":
            ended += made.take_stale(now_ns)
        elif what == "withdraw":
            ended += [one for one in [made.withdraw(f"id{number}")] if one is not None]
        late = made.take_overdue(now_ns)
        ended += late
        out = {lane: one for lane, one in out.items() if one not in late}
        for lane, one in made.assign(now_ns):
            assert lane not in out
            out[lane] = one
    numbers = [one.number for one in ended]
    assert len(numbers) == len(set(numbers))
    assert len(added) == len(ended) + made.waiting + made.out
    assert made.out == len(out)


@pytest.mark.parametrize("duty", list(Duty))
def test_urgent_or_not_a_single_job_goes(duty: Duty) -> None:
    assert len(add(lanes(), job(duty, urgent=True))) == 1
