from resiliency_fakes import START, cancel, query, replace, send, snapshot

from autotrader.model import WriteClass
from autotrader.resiliency.breaker import NEVER, CircuitBreaker
from autotrader.resiliency.pacing import due_ns, release
from autotrader.resiliency.rate_limit import Budget, RateLimiter
from autotrader.resiliency.retry import Retry
from autotrader.resiliency.waiting import MOST_PARKED, Waiting, WaitingRetry, born_ns, key_of, kind_of

SECOND = 1_000_000_000


def full(kind="order"):
    limiter = RateLimiter([Budget("b", 10, 1.0)], ceiling=1.0)
    limiter.grant(kind, 100, 0)
    return limiter


def test_requests_are_told_apart_by_kind_and_order():
    requests = [send(1), replace(1), cancel(1), query(1), snapshot("a"), snapshot("b"), send(2)]
    assert len({key_of(request) for request in requests}) == 7
    assert [kind_of(request) for request in requests[:5]] == ["order", "replace", "cancel", "query", "snapshot"]


def test_newer_question_about_the_same_takes_the_place_of_the_older():
    waiting = Waiting()
    for control in (query(1), cancel(1), query(2), query(1)):
        waiting.hold(control)
    assert list(waiting.controls) == [("query", "id1"), ("cancel", "id1"), ("query", "id2")]


def test_room_for_orders_is_bounded():
    waiting = Waiting()
    assert all(waiting.park(send(number), SECOND) for number in range(MOST_PARKED))
    assert not waiting.park(send(MOST_PARKED), SECOND)


def test_only_writes_are_ended_by_the_kill_switch_and_at_halt_only_risk():
    waiting = Waiting()
    waiting.park(send(1), SECOND)
    waiting.park(send(2, write_class=WriteClass.REDUCE), SECOND)
    waiting.retries[key_of(replace(3))] = WaitingRetry(replace(3), Retry(START, 2.0), None)
    waiting.retries[key_of(cancel(4))] = WaitingRetry(cancel(4), Retry(START, 2.0), None)
    assert set(waiting.writes(risk_only=True)) == {("order", "id1"), ("replace", "id3")}
    assert set(waiting.writes()) == {("order", "id1"), ("order", "id2"), ("replace", "id3")}


def test_nothing_waits_and_nothing_is_due():
    assert not Waiting()
    assert due_ns(Waiting(), RateLimiter(), CircuitBreaker(), 5) == NEVER


def test_controls_are_released_before_orders_and_late_orders_not_at_all():
    waiting, limiter = Waiting(), full("cancel")
    waiting.park(send(1), SECOND // 2)
    waiting.park(send(2), 3 * SECOND)
    waiting.hold(cancel(3))
    assert release(waiting, limiter, 0).controls == []
    at_ns = due_ns(waiting, limiter, CircuitBreaker(), 0)
    assert at_ns == SECOND // 2 + 1
    gone = release(waiting, limiter, at_ns)
    assert ([key_of(one) for one in gone.late], gone.writes, gone.controls) == ([("order", "id1")], [], [])
    gone = release(waiting, limiter, due_ns(waiting, limiter, CircuitBreaker(), at_ns))
    assert [key_of(one) for one in gone.controls] == [("cancel", "id3")]
    assert [key_of(one) for one in gone.writes] == [("order", "id2")]
    assert not waiting


def test_end_of_a_ban_is_due():
    limiter = RateLimiter()
    limiter.ban(0, 2.5)
    assert due_ns(Waiting(), limiter, CircuitBreaker(), 1) == 2_500_000_000


def test_probe_is_due_when_the_budget_has_room_for_it():
    breaker, limiter = CircuitBreaker(), full("query")
    breaker.record(0, ok=0, failed=5)
    assert due_ns(Waiting(), limiter, breaker, 0) == 5 * SECOND
    breaker.poll(5 * SECOND)
    limiter.grant("query", 100, 5 * SECOND)
    assert 6 * SECOND < due_ns(Waiting(), limiter, breaker, 5 * SECOND) < 7 * SECOND


def test_an_order_is_as_old_as_its_intent_and_new_terms_as_their_receipt():
    assert born_ns(send(1, created_ns=7), 99) == 7
    assert born_ns(replace(1, issued_ns=8), 99) == 8
    assert born_ns(send(1, created_ns=0), 99) == START
    assert born_ns(replace(1, issued_ns=0), 99) == 99
