"""Whether an order can be right: every field, with the message that names it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from risk_kit import NOW, D, TimeInForce, order

from autotrader.model import Order, OrderType, Side
from autotrader.risk import find_fault

STOP, STOP_LIMIT, TRAILING = OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP


@pytest.mark.parametrize("of", [
    order(), order(price="100"), order(type=STOP, stop_price=D(101)), order(price="102", type=STOP_LIMIT, stop_price=D(101)),
    order(type=TRAILING, trail=D(1)), order(type=TRAILING, trail=D(1), stop_price=D(101)),
    order(price="100", post_only=True), order(price="100", time_in_force=TimeInForce.FOK), order(time_in_force=TimeInForce.IOC),
    order(price="100", time_in_force=TimeInForce.GTD, expires_ns=NOW + 1), order(time_in_force=TimeInForce.DAY),
    order(quantity="0.000000000000000001"), order(quantity="9999999999999999"),
])
def test_what_can_be_right_has_no_fault(of):
    assert find_fault(of, NOW) is None


@pytest.mark.parametrize(("of", "words"), [
    (order(quantity="0"), "quantity must be above zero"),
    (order(quantity="-1"), "quantity must be above zero"),
    (order(quantity="NaN"), "quantity must be a number"),
    (order(quantity="sNaN"), "quantity must be a number"),
    (order(quantity="Infinity"), "quantity must be from"),
    (order(quantity="-Infinity"), "quantity must be above zero"),
    (order(quantity="1E+999999"), "quantity must be from"),
    (order(quantity="1E-999999"), "quantity must be from"),
    (order(price="NaN"), "price must be a number"),
    (order(price="0"), "price must be above zero"),
    (order(price="-5"), "price must be above zero"),
    (order(type=OrderType.LIMIT), "price is needed for a LIMIT order"),
    (order(price="1", type=OrderType.MARKET), "price has no meaning for a MARKET order"),
    (order(stop_price=D(1)), "stop_price has no meaning for a MARKET order"),
    (order(trail=D(1)), "trail has no meaning for a MARKET order"),
    (order(price="1", stop_price=D(1)), "stop_price has no meaning for a LIMIT order"),
    (order(type=STOP), "stop_price is needed for a STOP order"),
    (order(price="1", type=STOP, stop_price=D(1)), "price has no meaning for a STOP order"),
    (order(type=STOP_LIMIT, stop_price=D(1)), "price is needed for a STOP_LIMIT order"),
    (order(price="1", type=STOP_LIMIT), "stop_price is needed for a STOP_LIMIT order"),
    (order(type=TRAILING), "trail is needed for a TRAILING_STOP order"),
    (order(type=TRAILING, trail=D(0)), "trail must be above zero"),
    (order(type=TRAILING, trail=D(1), stop_price=D("NaN")), "stop_price must be a number"),
    (order(post_only=True), "post_only is for LIMIT orders"),
    (order(price="1", post_only=True, time_in_force=TimeInForce.IOC), "post_only is for LIMIT orders that rest"),
    (order(price="1", time_in_force=TimeInForce.GTD), "expires_ns is needed for GTD"),
    (order(price="1", time_in_force=TimeInForce.GTD, expires_ns=NOW), "expires_ns must lie in the future"),
    (order(price="1", time_in_force=TimeInForce.GTD, expires_ns=1e18), "expires_ns is needed for GTD, in whole nanoseconds"),
    (order(price="1", expires_ns=NOW + 1), "expires_ns is for GTD orders"),
    (order(time_in_force=TimeInForce.GTD, expires_ns=NOW + 1), "GTD does not go with a MARKET order"),
    (order(type=STOP, stop_price=D(1), time_in_force=TimeInForce.IOC), "IOC does not go with a STOP order"),
    (order(client_order_id=""), "must not be empty"),
    (order(symbol=""), "must not be empty"),
    (order(venue=""), "must not be empty"),
])
def test_a_fault_names_the_field_and_what_was_expected(of, words):
    fault = find_fault(of, NOW)
    assert fault.code == "INVALID_ORDER"
    assert words in fault.sentence
    assert len(fault.sentence) < 300


@pytest.mark.parametrize("value", [1.5, 1, "1", None, True, float("nan")])
def test_a_quantity_that_is_no_decimal_is_a_fault(value):
    fault = find_fault(Order("c", "v", "a", "s", Side.BUY, OrderType.MARKET, value), NOW)
    assert "quantity must be a Decimal" in fault.sentence


@pytest.mark.parametrize("terms", [
    {"side": "BUY"}, {"type": "MARKET"}, {"type": None}, {"side": 1}, {"time_in_force": "GTC"}, {"time_in_force": None},
])
def test_words_in_place_of_enums_are_faults(terms):
    whole = {"client_order_id": "c", "venue": "v", "account": "a", "symbol": "s", "side": Side.BUY, "type": OrderType.MARKET,
             "quantity": D(1), **terms}
    assert next(iter(terms)) in find_fault(Order(**whole), NOW).sentence


numbers = st.one_of(st.none(), st.decimals(), st.floats(), st.integers(), st.text(max_size=3))


@given(quantity=numbers, price=numbers, stop_price=numbers, trail=numbers, kind=st.sampled_from(list(OrderType)),
       force=st.sampled_from(list(TimeInForce)), expires=st.one_of(st.none(), st.integers(0, 2 * NOW)), post_only=st.booleans())
def test_no_order_makes_the_check_raise_and_what_it_lets_through_is_finite(
    quantity, price, stop_price, trail, kind, force, expires, post_only
):
    of = Order("c", "v", "a", "s", Side.SELL, kind, quantity, force, price, stop_price, trail, expires, post_only)
    if find_fault(of, NOW) is None:
        for value in (quantity, price, stop_price, trail):
            assert value is None or (type(value) is D and value.is_finite() and value > 0)
        assert (price is not None) is (kind in (OrderType.LIMIT, STOP_LIMIT))
        assert (expires is not None) is (force is TimeInForce.GTD)
