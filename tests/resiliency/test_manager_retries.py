import pytest
from resiliency_bench import Bench
from resiliency_fakes import START, cancel, replace, send

from autotrader.messages import (
    CancelRejected,
    DeadLetterAdded,
    KillPulled,
    OrderNotSent,
    ReplaceRejected,
    SendCancel,
    SendOrder,
)
from autotrader.model import KillLevel, WriteClass
from autotrader.resiliency.manager import ResiliencyActor


@pytest.fixture
def bench():
    return Bench()


def test_order_proved_not_sent_is_tried_again_under_its_own_id(bench):
    bench.tell([send(1)])
    bench.fail(send(1))
    assert bench.oms.seen == []
    bench.wait(0.5)
    assert [(one.order.client_order_id, one.attempt) for one in bench.broker.of(SendOrder)] == [("id1", 1), ("id1", 2)]


def test_after_three_attempts_the_order_is_not_sent_and_a_letter_is_kept(bench):
    for attempt, seconds in ((1, 0.5), (2, 1.0), (3, 1.0)):
        bench.fail(send(1, attempt=attempt))
        bench.wait(seconds)
    (letter,) = bench.oms.of(DeadLetterAdded)
    (ended,) = bench.oms.of(OrderNotSent)
    assert (letter.attempts, letter.kind, len(letter.history), letter.first_ns) == (3, "SUBMIT", 3, START)
    assert (ended.client_order_id, ended.reason_code) == ("id1", "CONNECT_FAILED")
    bench.wait(600, step=5)
    assert [one.attempt for one in bench.broker.of(SendOrder)] == [2, 3]


def test_order_too_old_is_not_tried_again(bench):
    bench.fail(send(1, created_ns=START - 2_000_000_000))
    assert len(bench.oms.of(OrderNotSent)) == 1
    bench.wait(5)
    assert bench.broker.seen == []


@pytest.mark.parametrize(("kind", "code"), [("auth", "BAD_KEY"), ("not_sent", "HALTED"), ("not_sent", "RECEIPT_USED")])
def test_what_would_be_refused_again_is_not_tried_again(bench, kind, code):
    bench.fail(send(1), kind=kind, code=code)
    bench.wait(3)
    assert bench.broker.seen == []
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == [code]


def test_cancel_that_fails_is_tried_again_and_then_final(bench):
    for attempt in (1, 2, 3):
        bench.fail(cancel(1, attempt=attempt))
        bench.wait(1.1)
    assert [one.attempt for one in bench.broker.of(SendCancel)] == [2, 3]
    (ended,) = bench.oms.of(CancelRejected)
    assert (ended.kind, ended.client_order_id) == ("final", "id1")
    assert [one.kind for one in bench.oms.of(DeadLetterAdded)] == ["CANCEL"]


def test_failure_told_twice_counts_once(bench):
    bench.fail(send(1))
    bench.fail(send(1))
    bench.wait(1)
    assert [one.attempt for one in bench.broker.of(SendOrder)] == [2]


def test_cancel_without_a_broker_is_tried_again(bench):
    bench.runtime.handle("broker.paper").unbind()
    bench.tell(cancel(1))
    bench.runtime.handle("broker.paper").bind(bench.broker)
    bench.wait(0.5)
    assert [one.attempt for one in bench.broker.of(SendCancel)] == [2]


def test_replace_that_fails_for_good_is_rejected(bench):
    bench.fail(replace(1), kind="auth", code="BAD_KEY")
    (ended,) = bench.oms.of(ReplaceRejected)
    assert (ended.client_order_id, ended.venue_order_id, ended.reason_code) == ("id1", "v1", "BAD_KEY")


def test_retries_stop_when_their_share_of_the_traffic_is_used_up(bench):
    for number in range(10):
        bench.fail(send(number))
    assert bench.status().retrying == 3
    assert len(bench.oms.of(OrderNotSent)) == 7
    assert "share of the traffic" in bench.oms.of(DeadLetterAdded)[0].reason


def test_a_cancel_is_tried_again_though_the_share_is_used_up(bench):
    for number in range(10):
        bench.fail(send(number))
    bench.fail(cancel(20))
    assert bench.status().retrying == 4
    assert bench.oms.of(CancelRejected) == []


def test_retry_while_the_breaker_is_open_ends_at_once_with_its_letter(bench):
    bench.fail(send(1))
    bench.break_it()
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == ["BREAKER_OPEN"]
    assert len(bench.oms.of(DeadLetterAdded)) == 1
    bench.wait(3)
    assert bench.sent_ids() == []


def test_cancel_withdraws_an_order_that_waits_for_its_retry(bench):
    bench.fail(send(1))
    bench.tell(cancel(1))
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == ["WITHDRAWN"]
    bench.wait(3)
    assert bench.broker.seen == []


def test_cancel_drops_a_waiting_change_and_goes_out(bench):
    bench.fail(replace(1))
    bench.tell(cancel(1))
    assert [one.reason_code for one in bench.oms.of(ReplaceRejected)] == ["WITHDRAWN"]
    bench.wait(3)
    assert [type(one) for one in bench.broker.seen] == [SendCancel]


def test_new_cancel_takes_the_place_of_one_that_waits(bench):
    bench.fail(cancel(1))
    bench.tell(cancel(1))
    bench.wait(3)
    assert [one.attempt for one in bench.broker.of(SendCancel)] == [1]


def test_timer_of_an_earlier_incarnation_sends_nothing(bench):
    bench.fail(send(1))
    context = bench.runtime.context("resiliency.paper")
    bench.actor = ResiliencyActor(context, "paper", bench.runtime.handle("broker.paper"), bench.runtime.handle("oms"))
    bench.wait(3)
    assert bench.broker.seen == []


def test_history_is_bounded(bench):
    for number in range(5_000):
        bench.actor._remember(("order", f"id{number}"), None)
    assert len(bench.actor._tried) == 4_096


def test_kill_ends_waiting_retries_of_risk_at_once(bench):
    bench.fail(send(1))
    bench.fail(send(2, write_class=WriteClass.REDUCE))
    bench.tell(KillPulled(level=KillLevel.HALT, scope="all", reason="r", by="b", ts_ns=START))
    assert [(one.client_order_id, one.reason_code) for one in bench.oms.of(OrderNotSent)] == [("id1", "HALTED")]
    bench.wait(1)
    assert bench.sent_ids() == ["id2"]


def test_kill_at_cancel_ends_all_waiting_orders_but_no_cancel(bench):
    bench.fail(send(2, write_class=WriteClass.REDUCE))
    bench.fail(cancel(3))
    bench.tell(KillPulled(level=KillLevel.CANCEL, scope="paper", reason="r", by="b", ts_ns=START))
    bench.wait(1)
    assert [type(one) for one in bench.broker.seen] == [SendCancel]


def test_kill_of_another_venue_changes_nothing(bench):
    bench.fail(send(1))
    bench.tell(KillPulled(level=KillLevel.CANCEL, scope="okx", reason="r", by="b", ts_ns=START))
    bench.wait(1)
    assert bench.sent_ids() == ["id1"]


def test_stop_says_what_was_not_sent(bench):
    bench.fail(send(1))
    bench.actor.on_stop()
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == ["UNAVAILABLE"]
