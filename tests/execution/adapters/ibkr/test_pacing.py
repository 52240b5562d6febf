"""No more than the rate leaves in a second; what waits is bounded, in order, and no longer than its intent holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tws_kit import TwsServer, tws_server
from tws_link_kit import CANCEL, QUERY, RISK, LinkBench, place

from autotrader.clock import ManualClock
from autotrader.execution.adapters.ibkr.messages import (
    CancelRequest,
    GlobalCancelRequest,
    LinkClosed,
    TimeRequest,
    TwsJob,
    TwsWritten,
)
from autotrader.execution.adapters.ibkr.pacing import CANCEL_ROOM, WINDOW_NS, HeldJobs, Pace, keeps
from autotrader.model import KillLevel, WriteClass


def job(number: int, request: object, until_ns: int = 0, *, urgent: bool = False) -> TwsJob:
    return TwsJob(number, 1, request, WriteClass.QUERY, until_ns=until_ns, urgent=urgent)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the pace


def test_the_last_of_the_rate_is_for_cancels_and_the_very_last_for_a_global_one() -> None:
    pace = Pace(5, 2)
    for _ in range(3):
        assert pace.wait_ns(0) == 0
        pace.note(0)
    assert pace.wait_ns(0) == WINDOW_NS
    assert pace.wait_ns(0, keeps=1) == 0
    pace.note(0)
    assert pace.wait_ns(0, keeps=1) == WINDOW_NS
    assert pace.wait_ns(0, keeps=0) == 0
    pace.note(0)
    assert pace.wait_ns(0, keeps=0) == WINDOW_NS


def test_room_comes_back_as_the_second_moves_on() -> None:
    pace = Pace(3, 1)
    pace.note(0)
    pace.note(10)
    assert pace.wait_ns(10) == WINDOW_NS - 10
    assert pace.wait_ns(WINDOW_NS) == 0
    assert pace.count(WINDOW_NS) == 1
    assert pace.count(WINDOW_NS + 10) == 0


def test_never_more_than_the_rate_in_any_second() -> None:
    pace, sent, now = Pace(50, 10), [], 0
    while len(sent) < 500:
        wait = pace.wait_ns(now, keeps=(None, 0, 1)[len(sent) % 3])
        now += wait or 1_000
        if not wait:
            pace.note(now)
            sent.append(now)
    for first, later in zip(sent, sent[50:], strict=False):
        assert later - first >= 1_000_000_000


@pytest.mark.parametrize(("rate", "reserve", "usable"), [(1, 5, 1), (2, 2, 1), (50, 0, 50), (50, -3, 50)])
def test_a_reserve_never_takes_all(rate: int, reserve: int, usable: int) -> None:
    pace = Pace(rate, reserve)
    for _ in range(usable):
        assert pace.wait_ns(0) == 0
        pace.note(0)
    assert pace.wait_ns(0) > 0


# ---------------------------------------------------------------- what waits


def test_cancels_go_first_then_orders_then_questions() -> None:
    held = HeldJobs(10)
    for number, request in enumerate([TimeRequest(), place(1), CancelRequest(9), place(2), TimeRequest(), CancelRequest(8)]):
        assert held.add(job(number, request))
    assert [held.take().number for _ in range(6)] == [2, 5, 1, 3, 0, 4]
    with pytest.raises(IndexError):
        held.take()


def test_what_waits_is_bounded_and_cancels_have_room_of_their_own() -> None:
    held = HeldJobs(2)
    assert held.add(job(1, place(1)))
    assert held.add(job(2, TimeRequest()))
    assert not held.add(job(3, place(2)))
    for number in range(2 * CANCEL_ROOM):
        assert held.add(job(10 + number, CancelRequest(number)))
    assert not held.add(job(6, CancelRequest(99)))
    assert not held.add(job(7, TimeRequest()))
    assert held.add(job(8, GlobalCancelRequest()))
    assert len(held) == 2 + 2 * CANCEL_ROOM + 1


def test_among_many_cancels_a_question_has_its_turn() -> None:
    held = HeldJobs(10)
    for number in range(12):
        held.add(job(number, CancelRequest(number)))
    for number in (100, 101, 102):
        held.add(job(number, TimeRequest()))
    assert [held.take().number for _ in range(15)] == [0, 1, 2, 3, 100, 4, 5, 6, 7, 101, 8, 9, 10, 11, 102]


def test_a_global_cancel_goes_before_all() -> None:
    held = HeldJobs(10)
    for number in range(5):
        held.add(job(number, CancelRequest(number)))
    held.add(job(50, TimeRequest()))
    for _ in range(4):
        held.take()
    held.add(job(99, GlobalCancelRequest()))
    assert [held.take().number for _ in range(3)] == [99, 50, 4]


def test_a_question_that_a_kill_waits_for_goes_before_all_too_and_leaves_only_the_last_of_the_rate() -> None:
    held, urgent = HeldJobs(1), job(9, TimeRequest(), urgent=True)
    for number in range(3):
        held.add(job(number, CancelRequest(number)))
    assert held.goes_behind(job(4, TimeRequest()))
    assert not held.goes_behind(urgent)
    assert held.add(urgent)
    assert (held.first(), held.keeps(urgent), keeps(urgent)) == (urgent, 1, 1)
    assert [held.take().number for _ in range(4)] == [9, 0, 1, 2]


def test_a_question_between_cancels_may_use_the_reserve() -> None:
    held, question = HeldJobs(10), job(1, TimeRequest())
    held.add(question)
    assert held.keeps(question) is None
    held.add(job(2, CancelRequest(2)))
    assert held.keeps(question) == 1


def test_what_each_kind_leaves_to_others() -> None:
    kinds = (GlobalCancelRequest(), CancelRequest(1), place(1), TimeRequest())
    assert [keeps(job(1, one)) for one in kinds] == [0, 1, None, None]


def test_the_cancels_of_single_orders_are_taken_out_together() -> None:
    held = HeldJobs(10)
    for number, request in enumerate([CancelRequest(1), place(1), CancelRequest(2), TimeRequest(), GlobalCancelRequest()]):
        held.add(job(number, request))
    assert [one.number for one in held.take_cancels()] == [0, 2]
    assert [held.take().number for _ in range(3)] == [4, 1, 3]


def test_a_cancel_takes_out_what_it_makes_pointless() -> None:
    held = HeldJobs(10)
    for number, request in enumerate([place(1), place(2), place(1, is_new=False), TimeRequest()]):
        held.add(job(number, request))
    assert [one.number for one in held.overtaken_by(job(9, CancelRequest(1)))] == [0, 2]
    assert [one.number for one in held.overtaken_by(job(9, GlobalCancelRequest()))] == [1]
    assert held.take().number == 3


def test_what_is_too_old_is_taken_out() -> None:
    held = HeldJobs(10)
    for number, until in enumerate([5, 0, 10, 4]):
        held.add(job(number, place(number), until))
    assert [one.number for one in held.take_old(5)] == [0, 3]
    assert [one.number for one in held.take_all()] == [1, 2]
    assert len(held) == 0


# ---------------------------------------------------------------- the link


@pytest.fixture
def server() -> Iterator[TwsServer]:
    with tws_server() as server:
        yield server


@pytest.fixture
def bench(server: TwsServer) -> Iterator[LinkBench]:
    bench = LinkBench(server.port, rate=5, reserve=2, held_limit=4)
    bench.opened()
    bench.actor.wall = Still()
    bench.actor._writer._monotonic_ns = bench.actor.wall.monotonic_ns
    yield bench
    bench.close()


class Still(ManualClock):
    """The machine's time, standing: the second is over when the test says so."""

    def __init__(self) -> None:
        super().__init__(10_000_000_000)

    def monotonic_ns(self) -> int:
        return self.now_ns()


def fates(bench: LinkBench) -> dict[int, tuple[str, str]]:
    return {one.number: (one.fate, one.code) for one in bench.broker.of(TwsWritten)}


def test_jobs_over_the_pace_wait_are_shown_and_go_in_order(bench: LinkBench, server: TwsServer) -> None:
    jobs = [bench.job(place(number), RISK) for number in range(1, 7)]
    bench.give(*jobs)
    assert list(fates(bench)) == [1, 2, 3]
    status = bench.status()
    assert (status.held, status.held_limit, status.sent_in_window, status.rate_limit, status.reserve) == (3, 4, 3, 5, 2)
    bench.actor.wall.advance(1.1)
    bench.until(lambda: len(fates(bench)) == 6)
    assert list(fates(bench)) == [1, 2, 3, 4, 5, 6]
    assert [one[1] for one in server.caller().wait_for(3, 6)] == ["1", "2", "3", "4", "5", "6"]
    assert bench.status().held == 0


def test_cancels_pass_those_that_wait(bench: LinkBench, server: TwsServer) -> None:
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 6)])
    assert bench.ask(CancelRequest(77), CANCEL).fate == "written"
    assert bench.ask(GlobalCancelRequest(), CANCEL).fate == "written"
    held = bench.job(CancelRequest(78), CANCEL)
    bench.give(held)
    assert held.number not in fates(bench)
    bench.actor.wall.advance(1.1)
    assert bench.answer(held).fate == "written"
    first, second = server.caller().wait_for(4, 2)
    assert "77" in first
    assert "78" in second


def test_a_global_cancel_goes_at_once_and_answers_the_cancels_that_wait(bench: LinkBench, server: TwsServer) -> None:
    bench.give(*[bench.job(CancelRequest(number), CANCEL) for number in range(1, 9)])
    assert len(fates(bench)) == 4
    everything = bench.ask(GlobalCancelRequest(), CANCEL)
    assert everything.fate == "written"
    assert [one[0] for one in fates(bench).values()] == ["written"] * 9
    assert {one.written_ns for one in bench.broker.of(TwsWritten)[-5:]} == {everything.written_ns}
    bench.actor.wall.advance(1.1)
    assert bench.ask(TimeRequest()).fate == "written"
    server.caller().wait_for(49)
    assert len(server.caller().wait_for(4, 4)) == 4


def test_a_full_queue_refuses(bench: LinkBench) -> None:
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 9)])
    assert fates(bench)[8] == ("refused", "PACED_OUT")
    assert bench.status().held == 4


def test_one_that_waited_too_long_is_refused_and_never_sent(bench: LinkBench, server: TwsServer) -> None:
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 4)])
    late = bench.job(place(4), RISK, until_ns=10_500_000_000)
    bench.give(late)
    bench.actor.wall.advance(0.6)
    assert (bench.answer(late).fate, bench.answer(late).code) == ("refused", "PACED_OUT")
    bench.actor.wall.advance(1.0)
    assert bench.ask(TimeRequest()).fate == "written"
    server.caller().wait_for(49)
    assert [one[1] for one in server.caller().wait_for(3, 3)] == ["1", "2", "3"]


def test_a_cancel_of_an_order_that_waits_gives_both_up(bench: LinkBench, server: TwsServer) -> None:
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 5)])
    cancel = bench.job(CancelRequest(4), CANCEL)
    bench.give(cancel)
    assert fates(bench)[4] == ("refused", "OVERTAKEN")
    assert fates(bench)[cancel.number] == ("not_sent", "NOT_PLACED")
    bench.actor.wall.advance(1.1)
    assert bench.ask(TimeRequest()).fate == "written"
    server.caller().wait_for(49)
    assert not [one for one in server.caller().said if one[0] == "4"]
    assert [one[1] for one in server.caller().wait_for(3, 3)] == ["1", "2", "3"]


def test_a_cancel_of_an_order_whose_change_waits_is_sent(bench: LinkBench, server: TwsServer) -> None:
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 4)])
    change = bench.job(place(1, is_new=False, price="151"), RISK)
    bench.give(change)
    cancel = bench.job(CancelRequest(1), CANCEL)
    bench.give(cancel)
    assert fates(bench)[change.number] == ("refused", "OVERTAKEN")
    assert fates(bench)[cancel.number] == ("written", "")


def test_the_kill_switch_reaches_what_waits(bench: LinkBench, server: TwsServer) -> None:
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 6)])
    bench.gate.close(KillLevel.HALT)
    bench.actor.wall.advance(1.1)
    bench.until(lambda: len(fates(bench)) == 5)
    assert fates(bench)[4] == fates(bench)[5] == ("refused", "HALTED")


def test_a_loss_gives_up_what_waits(bench: LinkBench, server: TwsServer) -> None:
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 6)])
    server.caller().cut()
    bench.told(LinkClosed)
    bench.until(lambda: len(fates(bench)) == 5)
    assert fates(bench)[4] == fates(bench)[5] == ("not_sent", "NO_LINK")
    assert bench.status().held == 0


def test_a_refused_job_costs_nothing_of_the_pace(bench: LinkBench) -> None:
    bench.gate.close(KillLevel.HALT)
    bench.give(*[bench.job(place(number), RISK) for number in range(1, 8)])
    assert set(fates(bench).values()) == {("refused", "HALTED")}
    assert bench.status().sent_in_window == 0
    assert bench.ask(TimeRequest(), QUERY).fate == "written"
