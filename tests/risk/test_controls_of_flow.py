"""Controls 12 to 16, 19, 20 and 22: each below, at and above its limit, and with its input missing."""

import pytest
from risk_kit import NOW, PERP, SECOND, D, code, order, settings, view

from autotrader.model import OrderType, Side
from autotrader.risk import BreachAction, controls

RETAIL, REHEARSAL, OPEN = settings("retail"), settings("rehearsal"), settings("open")


@pytest.mark.parametrize(("field", "soft", "last", "over"), [
    ("open_in_symbol", 8, 9, 10), ("open_at_venue", 40, 49, 50), ("open_in_all", 80, 99, 100),
])
def test_open_orders_below_at_and_above(field, soft, last, over):
    def verdict(count):
        return code(controls.open_orders(order(), view(**{field: count}), RETAIL.open_orders))

    assert [verdict(soft - 1), verdict(soft), verdict(last), verdict(over)] == ["pass", "soft", "soft", "OPEN_ORDERS"]


@pytest.mark.parametrize("gap", ["open_in_symbol", "open_at_venue", "open_in_all"])
def test_an_unknown_number_of_open_orders_denies(gap):
    assert code(controls.open_orders(order(), view(**{gap: None}), RETAIL.open_orders)) == "OPEN_ORDERS_UNKNOWN"


@pytest.mark.parametrize(("wait_ns", "verdict"), [
    (0, "pass"), (1, "MESSAGE_RATE"), (SECOND, "MESSAGE_RATE"), (None, "MESSAGE_RATE_UNKNOWN"),
])
def test_message_rate_within_past_and_unknown(wait_ns, verdict):
    assert code(controls.message_rate(order(), view(rate_wait_ns=wait_ns), RETAIL.message_rate)) == verdict


@pytest.mark.parametrize(("minute", "hour", "verdict"), [
    (8, 0, "pass"), (9, 0, "soft"), (10, 0, "soft"), (11, 0, "REPEATED_EXECUTION"),
    (0, 48, "pass"), (0, 49, "soft"), (0, 60, "soft"), (0, 61, "REPEATED_EXECUTION"),
    (None, 0, "REPEATED_EXECUTION_UNKNOWN"), (0, None, "REPEATED_EXECUTION_UNKNOWN"),
])
def test_repeated_execution_below_at_above_and_unknown(minute, hour, verdict):
    finding = controls.repeated_execution(order(), view(fills_in_minute=minute, fills_in_hour=hour), RETAIL.repeated_execution)
    assert code(finding) == verdict
    assert verdict != "REPEATED_EXECUTION" or finding.action is BreachAction.STOP_STRATEGY


@pytest.mark.parametrize(("ago_ns", "verdict"), [
    (0, "DUPLICATE_INTENT"), (2 * SECOND - 1, "DUPLICATE_INTENT"), (2 * SECOND, "pass"), (3 * SECOND, "pass"),
    (-SECOND, "DUPLICATE_INTENT"),
])
def test_duplicate_intent_within_at_and_after_the_window(ago_ns, verdict):
    assert code(controls.duplicate_intent(order(), view(same_intent_ns=NOW - ago_ns), RETAIL.duplicate_intent)) == verdict


def test_duplicate_intent_never_seen_passes_and_unknown_denies():
    own = RETAIL.duplicate_intent
    assert code(controls.duplicate_intent(order(), view(same_intent_ns=-1), own)) == "pass"
    assert code(controls.duplicate_intent(order(), view(same_intent_ns=None), own)) == "DUPLICATE_INTENT_UNKNOWN"


@pytest.mark.parametrize(("age_ns", "verdict"), [
    (SECOND, "pass"), (2 * SECOND, "pass"), (2 * SECOND + 1, "INTENT_AGE"), (-2 * SECOND, "pass"),
    (-2 * SECOND - 1, "INTENT_AGE"),
])
def test_intent_age_below_at_and_above(age_ns, verdict):
    assert code(controls.intent_age(order(created_ns=NOW - age_ns), view(), RETAIL.intent_age)) == verdict


def test_an_intent_without_its_time_denies_in_every_profile():
    for own in (RETAIL, REHEARSAL, OPEN):
        assert code(controls.intent_age(order(created_ns=0), view(), own.intent_age)) == "INTENT_AGE_UNKNOWN"


@pytest.mark.parametrize(("side", "price", "verdict"), [
    (Side.BUY, "99.99", "pass"), (Side.BUY, "100", "SELF_MATCH"), (Side.BUY, "100.01", "SELF_MATCH"),
    (Side.SELL, "100.01", "pass"), (Side.SELL, "100", "SELF_MATCH"), (Side.SELL, "99.99", "SELF_MATCH"),
])
def test_self_match_short_of_at_and_beyond_the_own_price(side, price, verdict):
    assert code(controls.self_match(order(side, price=price), view(crossing=D(100)), RETAIL.self_match)) == verdict


def test_a_market_order_is_judged_by_its_reach_and_denied_without_one():
    own = RETAIL.self_match
    assert code(controls.self_match(order(), view(crossing=D(100), reach=D("99.99")), own)) == "pass"
    assert code(controls.self_match(order(), view(crossing=D(100), reach=D(100)), own)) == "SELF_MATCH"
    assert code(controls.self_match(order(Side.SELL), view(crossing=D(100), reach=D(100)), own)) == "SELF_MATCH"
    assert code(controls.self_match(order(), view(crossing=D(100), reach=None), own)) == "SELF_MATCH_UNKNOWN"


def test_nothing_resting_and_waiting_stops_do_not_match():
    assert code(controls.self_match(order(), view(crossing=None), RETAIL.self_match)) == "pass"
    stop = order(type=OrderType.STOP, stop_price=D(101))
    assert code(controls.self_match(stop, view(crossing=D(100)), RETAIL.self_match)) == "pass"


@pytest.mark.parametrize(("side", "position", "after", "verdict"), [
    (Side.SELL, 10, 1, "pass"), (Side.SELL, 10, 0, "pass"), (Side.SELL, 10, -1, "REDUCE_ONLY"),
    (Side.BUY, -10, -1, "pass"), (Side.BUY, -10, 0, "pass"), (Side.BUY, -10, 1, "REDUCE_ONLY"),
    (Side.BUY, 10, 11, "REDUCE_ONLY"), (Side.SELL, -10, -11, "REDUCE_ONLY"), (Side.BUY, 0, 1, "REDUCE_ONLY"),
])
def test_reduce_only_never_grows_nor_flips(side, position, after, verdict):
    of = order(side, reduce_only=True)
    assert code(controls.reduce_only(of, view(position=D(position), after=D(after)), OPEN.reduce_only)) == verdict


@pytest.mark.parametrize(("side", "position", "after", "verdict"), [
    (Side.SELL, 10, 1, "pass"), (Side.SELL, 10, 0, "pass"), (Side.SELL, 10, -1, "FLIP"), (Side.BUY, -10, 1, "FLIP"),
    (Side.SELL, 0, -1, "pass"), (Side.BUY, 0, 1, "pass"), (Side.BUY, 10, 11, "pass"),
])
def test_a_flip_needs_leave(side, position, after, verdict):
    seen = view(position=D(position), after=D(after), instrument=PERP, is_cash=False)
    assert code(controls.reduce_only(order(side), seen, RETAIL.reduce_only)) == verdict
    assert code(controls.reduce_only(order(side), seen, OPEN.reduce_only)) == "pass"


def test_what_is_paid_in_cash_cannot_flip():
    assert code(controls.reduce_only(order(Side.SELL), view(position=D(1), after=D(-1)), RETAIL.reduce_only)) == "pass"


@pytest.mark.parametrize(("count", "verdict"), [
    (16, "pass"), (17, "soft"), (20, "soft"), (21, "CHURN"), (None, "CHURN_UNKNOWN"),
])
def test_churn_below_at_above_and_unknown(count, verdict):
    finding = controls.churn(order(), view(changes_in_minute=count), RETAIL.churn)
    assert code(finding) == verdict
    assert verdict != "CHURN" or finding.action is BreachAction.STOP_STRATEGY


def test_no_rate_of_open_is_reached():
    seen = view(open_in_symbol=10**6, open_at_venue=10**6, open_in_all=10**6, fills_in_minute=10**6, fills_in_hour=10**7,
                changes_in_minute=10**6, same_intent_ns=NOW)
    for name in ("open_orders", "repeated_execution", "duplicate_intent"):
        assert code(getattr(controls, name)(order(), seen, getattr(OPEN, name))) == "pass"
    assert code(controls.churn(order(), seen, OPEN.churn)) == "pass"
