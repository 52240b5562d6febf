from hypothesis import given
from hypothesis import strategies as st

from autotrader.oms.queries import SECOND_NS, QueryPlan


def test_nothing_is_asked_before_an_answer_could_settle_the_doubt():
    plan = QueryPlan()
    assert plan.due([("a", SECOND_NS)], SECOND_NS - 1, 10) == []
    assert plan.due([("a", SECOND_NS)], SECOND_NS, 10) == ["a"]


def test_asking_again_backs_off_to_five_seconds():
    plan = QueryPlan()
    asked = [now for now in range(0, 30 * SECOND_NS, SECOND_NS // 2) if plan.due([("a", 0)], now, 10)]
    gaps = [(b - a) // SECOND_NS for a, b in zip(asked, asked[1:], strict=False)]
    assert gaps == [1, 2, 4, 5, 5, 5, 5]


def test_a_doubt_that_was_settled_starts_afresh_when_it_comes_back():
    plan = QueryPlan()
    assert plan.due([("a", 0)], 0, 10) == ["a"]
    assert plan.due([], 1, 10) == []
    assert plan.due([("a", 2)], 2, 10) == ["a"]


@given(st.lists(st.integers(0, 50), unique=True, min_size=1), st.integers(1, 5))
def test_every_owed_order_is_asked_in_turn_however_small_the_limit(orders, limit):
    plan = QueryPlan()
    owed = [(str(number), 0) for number in orders]
    asked = set()
    for _ in range(len(orders) // limit + 1):
        asked.update(plan.due(owed, 0, limit))
    assert asked == {order_id for order_id, _ in owed}


def test_when_an_answer_is_wanted_for_a_proof_an_order_is_asked_about_once_whatever_its_rhythm():
    plan, owed = QueryPlan(), [("a", 0)]
    asked = [now for now in range(21) if plan.due(owed, now * SECOND_NS, 10, {"a": 9 * SECOND_NS})]
    assert asked == [0, 1, 3, 7, 9, 14, 19]


def test_nothing_is_asked_in_the_second_before_an_answer_is_wanted():
    plan, half = QueryPlan(), SECOND_NS // 2
    asked = [now for now in range(20) if plan.due([("a", 0)], now * half, 10, {"a": 7 * half})]
    assert asked == [0, 2, 7, 15]
