import random
import threading

import pytest
from resiliency_bench import TEN_A_SECOND, Bench
from resiliency_fakes import START, cancel, query, replace, send, snapshot
from support import Probe

from autotrader.actors import ChildSpec, Runtime
from autotrader.clock import ManualClock
from autotrader.messages import (
    BreakerChanged,
    CallsFinished,
    DeadLetterAdded,
    OrderNotSent,
    ProbeVenue,
    QueryOrder,
    ReplaceRejected,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SnapshotTaken,
    TakeSnapshot,
    VenueReady,
)
from autotrader.model import BreakerState, WriteClass
from autotrader.resiliency.manager import ResiliencyActor
from autotrader.resiliency.settings import ResiliencySettings


@pytest.fixture
def bench():
    return Bench()


def test_orders_pass_as_one_list_and_in_order(bench):
    orders = [send(number) for number in range(5)]
    change, last = replace(9), send(10)
    bench.tell(list(orders), [change], [last])
    assert bench.broker.tells == [[*orders, change, last]]
    assert bench.oms.seen == []


def test_order_without_a_broker_is_not_sent(bench):
    bench.runtime.handle("broker.paper").unbind()
    bench.tell([send(1), send(2)])
    ended = [(one.client_order_id, one.reason_code) for one in bench.oms.of(OrderNotSent)]
    assert ended == [("id1", "UNAVAILABLE"), ("id2", "UNAVAILABLE")]
    assert bench.oms.of(DeadLetterAdded) == []


def test_snapshot_without_a_broker_is_answered(bench):
    bench.runtime.handle("broker.paper").unbind()
    bench.tell(snapshot(), query())
    (answer,) = bench.oms.of(SnapshotTaken)
    assert (answer.snapshot, answer.purpose) == (None, "positions")
    assert bench.status().lost == 1


def test_venue_that_is_not_ready_takes_no_orders_but_cancels(bench):
    bench.tell(VenueReady(venue="paper", ready=False, reason="books differ"), VenueReady(venue="other", ready=True, reason=""))
    bench.tell([send(1)], cancel(2), query(3))
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == ["VENUE_NOT_READY"]
    assert len(bench.broker.of(SendCancel, QueryOrder)) == 2
    bench.tell([send(5, write_class=WriteClass.REDUCE)])
    assert bench.sent_ids() == ["id5"]
    bench.tell(VenueReady(venue="paper", ready=True, reason=""))
    bench.tell([send(4)])
    assert bench.sent_ids() == ["id5", "id4"]


def test_lost_order_manager_crashes_nothing(bench):
    bench.runtime.handle("oms").unbind()
    bench.break_it()
    bench.tell([send(1), send(2)])
    assert bench.status().lost == 3


def test_open_breaker_stops_orders_and_nothing_else(bench):
    bench.break_it()
    bench.tell([send(1), send(2)], [replace(3)], cancel(4), query(5), snapshot())
    assert {one.reason_code for one in bench.oms.of(OrderNotSent, ReplaceRejected)} == {"BREAKER_OPEN"}
    assert [type(one) for one in bench.broker.seen] == [SendCancel, QueryOrder, TakeSnapshot]
    assert bench.oms.of(DeadLetterAdded) == []
    (change,) = bench.oms.of(BreakerChanged)
    assert (change.state, change.reason) == (BreakerState.OPEN, "5 of the last 5 calls failed")


def test_a_cancel_of_a_whole_symbol_passes_an_open_breaker_and_waits_for_room_like_a_cancel(bench):
    bench.break_it()
    bench.tell(SendCancelAll("paper", "BTCUSDT"), SendCancelAll("paper", "ETHUSDT"))
    assert [one.symbol for one in bench.broker.of(SendCancelAll)] == ["BTCUSDT", "ETHUSDT"]


def test_half_open_probes_with_one_read_and_still_takes_no_order(bench):
    bench.break_it()
    bench.wait(4.99)
    assert bench.broker.seen == []
    bench.wait(0.02)
    bench.tell([send(1)])
    assert bench.broker.seen == [ProbeVenue(venue="paper")]
    assert [one.reason_code for one in bench.oms.of(OrderNotSent)] == ["BREAKER_OPEN"]
    bench.tell(CallsFinished(venue="paper", ok=1, failed=0, slowest_ns=1))
    bench.tell([send(2)])
    assert bench.sent_ids() == ["id2"]
    states = [one.state for one in bench.oms.of(BreakerChanged)]
    assert states == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]


def test_failed_and_silent_probes_are_repeated_ever_later(bench):
    bench.break_it()
    bench.wait(600, step=0.5)
    assert len(bench.broker.of(ProbeVenue)) <= 10
    assert len(bench.broker.seen) == len(bench.broker.of(ProbeVenue))


def test_probe_without_a_broker_opens_again(bench):
    bench.break_it()
    bench.runtime.handle("broker.paper").unbind()
    bench.wait(5.1)
    assert bench.oms.of(BreakerChanged)[-1].state is BreakerState.OPEN
    assert bench.status().failed_calls == (("HTTP_502", 5), ("UNAVAILABLE", 1))


def test_slow_calls_open_too(bench):
    for _ in range(5):
        bench.tell(CallsFinished(venue="paper", ok=1, failed=0, slowest_ns=2_100_000_000))
    assert bench.status().breaker is BreakerState.OPEN


def test_sixty_four_threads_get_one_probe_and_no_order_through(eventually):
    clock, broker, oms = ManualClock(START), Probe(), Probe()
    runtime = Runtime(clock, seed=1)
    runtime.handle("broker.paper").bind(broker)
    runtime.handle("oms").bind(oms)
    handles = (runtime.handle("broker.paper"), runtime.handle("oms"))
    runtime.start([ChildSpec("resiliency.paper", lambda context: ResiliencyActor(context, "paper", *handles))])
    actor = runtime.handle("resiliency.paper")
    try:
        actor.tell(CallsFinished(venue="paper", ok=0, failed=5, slowest_ns=1))
        eventually(lambda: oms.of(BreakerChanged))
        clock.advance(5)

        def storm(number):
            actor.tell([send(number)])
            runtime.ticker.fire_due()
            actor.tell(cancel(number))

        threads = [threading.Thread(target=storm, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: len(oms.of(OrderNotSent)) == 64 and len(broker.of(SendCancel)) == 64 and broker.of(ProbeVenue))
        assert len(broker.of(ProbeVenue)) == 1
        assert broker.of(SendOrder) == []
    finally:
        runtime.stop()


def test_switched_off_it_passes_all_through_and_tries_nothing_again():
    bench = Bench(ResiliencySettings(enabled=False, rate=TEN_A_SECOND.rate))
    bench.break_it()
    bench.tell([send(number) for number in range(50)])
    assert len(bench.sent_ids()) == 50
    bench.fail(send(1))
    assert len(bench.oms.of(OrderNotSent)) == 1
    bench.wait(3)
    assert len(bench.sent_ids()) == 50


def test_status_is_a_frozen_snapshot(bench):
    bench.tell([send(1), send(2)])
    bench.fail(send(2))
    bench.break_it()
    status = bench.status()
    assert (status.venue, status.breaker, status.probe_in_s) == ("paper", BreakerState.OPEN, 5.0)
    assert (status.passed, status.refused) == (2, 1)
    assert (status.traffic, status.retries, status.dead_letters) == (2, 1, 1)
    assert status.failed_attempts == (("CONNECT_FAILED", 1),)
    with pytest.raises(AttributeError):
        status.passed = 3


def test_every_order_is_taken_or_ended_and_never_both_whatever_fails():
    for seed in range(30):
        rng, bench, failed = random.Random(seed), Bench(TEN_A_SECOND), {}
        for number in range(60):
            bench.tell([send(number, created_ns=bench.clock.now_ns())])
            bench.wait(rng.choice([0, 0.01, 0.2]))
            sent = bench.broker.of(SendOrder)
            if sent and rng.random() < 0.4 and (sent[-1].order.client_order_id, sent[-1].attempt) not in failed.items():
                failed[sent[-1].order.client_order_id] = sent[-1].attempt
                bench.fail(sent[-1], kind=rng.choice(["not_sent", "busy", "auth"]))
            if rng.random() < 0.03:
                bench.break_it()
            if rng.random() < 0.05:
                bench.tell(CallsFinished(venue="paper", ok=3, failed=0, slowest_ns=1))
        bench.wait(30, step=0.1)
        ended = [one.client_order_id for one in bench.oms.of(OrderNotSent)]
        sent = [(one.order.client_order_id, one.attempt) for one in bench.broker.of(SendOrder)]
        taken = {name for name, attempt in sent if attempt > failed.get(name, 0)}
        assert len(ended) == len(set(ended))
        assert len(sent) == len(set(sent))
        assert not taken & set(ended)
        assert taken | set(ended) == {f"id{number}" for number in range(60)}
