"""The promises of the safety page about requests, each with a venue that would tell if it were broken."""

import random
from collections import Counter

import pytest
from resiliency_bench import Bench
from resiliency_fakes import cancel, query, send, snapshot

from autotrader.messages import (
    AttemptFailed,
    CallsFinished,
    OrderNotSent,
    ProbeVenue,
    QueryOrder,
    SendCancel,
    SendOrder,
    TakeSnapshot,
)
from autotrader.model import BreakerState
from autotrader.resiliency.rate_limit import Budget
from autotrader.resiliency.settings import RateSettings, ResiliencySettings

SECOND = 1_000_000_000
WEIGHTS = {SendOrder: 1, SendCancel: 1, QueryOrder: 4, TakeSnapshot: 20, ProbeVenue: 4}
WEIGHED = ResiliencySettings(rate=RateSettings(budgets=(Budget("weight", 600, 60.0, query=4, snapshot=20),)))


class Wire:
    """What reached the venue, and when."""

    def __init__(self, bench):
        self.bench, self.sent = bench, []
        bench.runtime.handle("broker.paper").bind(self)

    def put(self, messages, slip=None):
        now_ns = self.bench.clock.now_ns()
        self.sent += [(now_ns, message) for message in (messages if isinstance(messages, list) else [messages])]

    def weight(self, since_ns):
        return sum(WEIGHTS[type(message)] for at_ns, message in self.sent if at_ns > since_ns)


def ask_at_random(bench, rng, number):
    made = rng.choices([send, cancel, query, snapshot], [50, 20, 8, 1])[0]
    if made is send:
        numbers = range(number * 100, number * 100 + rng.choice([1, 30]))
        bench.tell([send(one, created_ns=bench.clock.now_ns()) for one in numbers])
    else:
        bench.tell(made(f"p{number}") if made is snapshot else made(number))


@pytest.mark.parametrize("seed", range(4))
def test_used_weight_stays_within_nine_tenths_of_the_cap_in_every_window(seed):
    rng, bench = random.Random(seed), Bench(WEIGHED)
    wire = Wire(bench)
    for number in range(400):
        ask_at_random(bench, rng, number)
        bench.wait(rng.choice([0, 0.1, 1.0]), step=0.1)
        assert wire.weight(bench.clock.now_ns() - 60 * SECOND) <= 540


@pytest.mark.parametrize("seed", range(4))
def test_no_request_leaves_inside_a_retry_after(seed):
    rng, bench = random.Random(seed), Bench(WEIGHED)
    wire, bans = Wire(bench), []
    for number in range(300):
        if rng.random() < 0.05:
            seconds = rng.choice([0.25, 2.0, 30.0])
            bans.append((bench.clock.now_ns(), bench.clock.now_ns() + round(seconds * SECOND)))
            bench.tell(CallsFinished(venue="paper", ok=1, failed=0, slowest_ns=1, code="429", retry_after_s=seconds))
        ask_at_random(bench, rng, number)
        bench.wait(rng.choice([0, 0.05, 0.7]), step=0.05)
    bench.wait(120, step=0.5)
    assert bans
    inside = [at_ns for at_ns, _ in wire.sent if any(began < at_ns < over for began, over in bans)]
    assert inside == []
    assert bench.status().held == 0


def test_first_cancel_leaves_in_the_same_breath_while_orders_crowd_the_lane():
    bench = Bench(WEIGHED)
    wire = Wire(bench)
    bench.tell([send(number) for number in range(5_000)])
    before = len(wire.sent)
    bench.tell(cancel(1))
    assert [type(message) for _, message in wire.sent[before:]] == [SendCancel]
    assert wire.sent[-1][0] == wire.sent[0][0]


class DeadVenue(Wire):
    """Refuses every connection, as the broker tells it."""

    def put(self, messages, slip=None):
        super().put(messages)
        me = self.bench.runtime.handle("resiliency.paper")
        for message in messages if isinstance(messages, list) else [messages]:
            me.tell(CallsFinished(venue="paper", ok=0, failed=1, slowest_ns=1, code="CONNECT_FAILED"))
            if isinstance(message, SendOrder | SendCancel):
                me.tell(AttemptFailed(command=message, kind="not_sent", reason_code="CONNECT_FAILED", reason="refused"))


@pytest.mark.parametrize("seed", range(5))
def test_ten_minutes_of_outage_cost_at_most_sixty_requests(seed):
    rng, bench, orders = random.Random(seed), Bench(), 0
    wire = DeadVenue(bench)
    for _ in range(600):
        if rng.random() < 0.7:
            orders += 1
            bench.tell([send(orders, created_ns=bench.clock.now_ns())])
        bench.wait(1.0, step=0.1)
    assert 15 <= len(wire.sent) <= 60
    attempts = Counter(message.order.client_order_id for _, message in wire.sent if isinstance(message, SendOrder))
    assert max(attempts.values()) <= 3
    assert len(bench.oms.of(OrderNotSent)) == orders
    assert bench.status().breaker in (BreakerState.OPEN, BreakerState.HALF_OPEN)


def test_trading_goes_on_by_itself_after_the_outage():
    bench = Bench()
    DeadVenue(bench)
    for number in range(8):
        bench.tell([send(number, created_ns=bench.clock.now_ns())])
        bench.wait(1.0, step=0.1)
    bench.runtime.handle("broker.paper").bind(bench.broker)
    bench.wait(60, step=0.5)
    assert bench.broker.of(ProbeVenue)
    bench.tell(CallsFinished(venue="paper", ok=1, failed=0, slowest_ns=1))
    bench.tell([send(99, created_ns=bench.clock.now_ns())])
    assert bench.sent_ids() == ["id99"]
