import pytest
from resiliency_bench import TEN_A_SECOND, Bench
from resiliency_fakes import START, cancel, query, send, snapshot

from autotrader.messages import (
    BudgetsListed,
    CallsFinished,
    OrderNotSent,
    ProbeVenue,
    QueryOrder,
    RateBudget,
    SendCancel,
    TakeSnapshot,
    UsageReported,
)


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def limited():
    return Bench(TEN_A_SECOND)


def test_orders_beyond_the_budget_wait_and_go_in_their_order(limited):
    limited.tell([send(number) for number in range(12)])
    assert len(limited.broker.seen) == 8
    limited.tell([send(12)])
    limited.wait(1.2)
    assert limited.sent_ids() == [f"id{number}" for number in range(13)]
    assert limited.oms.seen == []


def test_orders_that_would_wait_too_long_are_not_sent_and_never_fire_later(limited):
    limited.tell([send(number) for number in range(50)])
    limited.wait(30)
    ended = limited.oms.of(OrderNotSent)
    assert {one.reason_code for one in ended} == {"RATE_LIMITED"}
    assert len(ended) + len(limited.sent_ids()) == 50
    assert len(limited.sent_ids()) <= 8 * 3
    assert limited.status().parked == 0


def test_cancels_go_at_once_while_the_order_lane_is_full(limited):
    limited.tell([send(number) for number in range(50)])
    limited.tell(cancel(100), cancel(101))
    assert len(limited.broker.of(SendCancel)) == 2


def test_cancels_beyond_the_reserve_wait_for_room_ahead_of_orders(limited):
    limited.tell([send(number) for number in range(12)])
    limited.tell(*[cancel(number) for number in range(100, 105)])
    assert len(limited.broker.of(SendCancel)) == 2
    limited.wait(1.06)
    assert len(limited.broker.of(SendCancel)) == 5
    kinds = [type(one).__name__ for one in limited.broker.seen[10:]]
    assert kinds[:3] == ["SendCancel"] * 3


def test_nothing_goes_inside_a_retry_after_and_cancels_go_at_its_end(bench):
    bench.fail(send(1), kind="rate_limited", code="429", retry_after_s=10.0)
    bench.tell(cancel(2), query(3), query(3), snapshot(), [send(4, created_ns=START)])
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == ["429", "RATE_LIMITED"]
    bench.wait(9.999, step=0.003)
    assert bench.broker.seen == []
    bench.wait(0.002, step=0.001)
    assert [type(one) for one in bench.broker.seen] == [SendCancel, QueryOrder, TakeSnapshot]
    bench.tell([send(5, created_ns=bench.clock.now_ns())])
    assert bench.sent_ids() == ["id5"]


def test_short_retry_after_is_waited_out_by_the_order_itself(bench):
    bench.fail(send(1), kind="rate_limited", code="429", retry_after_s=1.0)
    bench.wait(0.999, step=0.003)
    assert bench.sent_ids() == []
    bench.wait(0.6)
    assert bench.sent_ids() == ["id1"]


def test_probe_waits_for_the_end_of_a_ban(bench):
    bench.fail(cancel(1), kind="rate_limited", code="418", retry_after_s=20.0)
    bench.break_it()
    bench.wait(19.99)
    assert bench.broker.seen == []
    bench.wait(0.05)
    assert ProbeVenue(venue="paper") in bench.broker.seen


def test_reported_usage_takes_room_away(limited):
    limited.tell(UsageReported(venue="paper", budget="orders", used=8))
    limited.tell([send(1)])
    assert limited.sent_ids() == []


def test_withdrawn_while_parked_is_not_sent(limited):
    limited.tell([send(number) for number in range(9)])
    limited.tell(cancel(8))
    assert [(one.client_order_id, one.reason_code) for one in limited.oms.of(OrderNotSent)] == [("id8", "WITHDRAWN")]
    assert limited.broker.of(SendCancel) == []


def test_ban_told_by_a_query_silences_the_venue_for_its_full_term(bench):
    bench.tell(CallsFinished(venue="paper", ok=1, failed=0, slowest_ns=1, code="418", retry_after_s=120.0))
    bench.tell([send(1)], cancel(2))
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == ["RATE_LIMITED"]
    bench.wait(119.999, step=0.5)
    assert bench.broker.seen == []
    assert bench.status().banned_s == 0.001
    bench.wait(0.001, step=0.001)
    assert [type(one) for one in bench.broker.seen] == [SendCancel]


def test_the_venues_own_limits_hold_where_the_configuration_names_none(bench):
    bench.tell(BudgetsListed("paper", (RateBudget("ORDERS_10S", 10, 10.0),)))
    bench.tell([send(number) for number in range(12)])
    assert len(bench.broker.seen) == 7  # 90 % of it, and a fifth of that is kept for cancels
    assert [one.name for one in bench.status().budgets] == ["ORDERS_10S"]


def test_configured_limits_are_not_replaced_by_the_venues(limited):
    limited.tell(BudgetsListed("paper", (RateBudget("ORDERS_10S", 1_000, 10.0),)))
    assert [one.limit for one in limited.status().budgets] == [10]


def test_what_is_used_of_a_limit_that_is_listed_again_goes_on_counting(bench):
    listed = BudgetsListed("paper", (RateBudget("ORDERS_10S", 10, 10.0),))
    bench.tell(listed)
    bench.tell([send(number) for number in range(5)])
    bench.tell(listed)
    assert [one.used for one in bench.status().budgets] == [5]
