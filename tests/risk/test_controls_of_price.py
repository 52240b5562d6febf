"""Controls 6, 7 and 8: each below, at and above its limit, and with its input missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from risk_kit import AAPL, BTC, EURUSD, NOW, PERP, SECOND, D, code, order, quote, settings, view

from autotrader.model import OrderType, Side
from autotrader.risk import controls

RETAIL, REHEARSAL, OPEN = settings("retail"), settings("rehearsal"), settings("open")
MID_100 = quote(bid="99", ask="101")


def collar(of, own=RETAIL.price_collar, **more):
    return code(controls.price_collar(of, view(quote=MID_100, **more), own))


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(("price", "verdict"), [
    ("102", "pass"), ("103", "soft"), ("103.01", "PRICE_COLLAR"), ("97.6", "pass"), ("97", "soft"), ("96.99", "PRICE_COLLAR"),
    ("1000", "PRICE_COLLAR"), ("10", "PRICE_COLLAR"),
])
def test_limit_price_below_at_and_above_the_collar(side, price, verdict):
    assert collar(order(side, price=price)) == verdict


@pytest.mark.parametrize(("listed", "at", "above"), [(BTC, "103", "103.01"), (PERP, "103", "103.01"), (AAPL, "103", "103.01"),
                                                     (EURUSD, "100.5", "100.51")])
def test_the_collar_depends_on_the_kind_of_instrument(listed, at, above):
    assert collar(order(price=at), instrument=listed) == "soft"
    assert collar(order(price=above), instrument=listed) == "PRICE_COLLAR"


def test_a_collar_without_quote_or_instrument_denies():
    limit = order(price="100")
    assert code(controls.price_collar(limit, view(quote=None), RETAIL.price_collar)) == "PRICE_COLLAR_UNKNOWN"
    assert collar(limit, instrument=None) == "PRICE_COLLAR_UNKNOWN"
    crossed = view(quote=quote(bid="101", ask="99"))
    assert code(controls.price_collar(limit, crossed, RETAIL.price_collar)) == "PRICE_COLLAR_UNKNOWN"


def test_a_market_order_has_no_price_to_judge():
    assert code(controls.price_collar(order(), view(quote=None), RETAIL.price_collar)) == "pass"


@pytest.mark.parametrize(("side", "stop", "verdict"), [
    (Side.SELL, "50", "pass"), (Side.SELL, "103", "pass"), (Side.SELL, "103.01", "PRICE_COLLAR"),
    (Side.SELL, "900", "PRICE_COLLAR"),
    (Side.BUY, "150", "pass"), (Side.BUY, "97", "pass"), (Side.BUY, "96.99", "PRICE_COLLAR"),
])
def test_a_stop_may_wait_far_away_but_not_be_long_passed(side, stop, verdict):
    assert collar(order(side, type=OrderType.STOP, stop_price=D(stop))) == verdict


@pytest.mark.parametrize(("price", "verdict"), [
    ("89", "pass"), ("87.3", "soft"), ("87.29", "PRICE_COLLAR"), ("8.9", "PRICE_COLLAR"),
])
def test_the_limit_of_a_stop_limit_is_measured_from_its_stop(price, verdict):
    assert collar(order(Side.SELL, price=price, type=OrderType.STOP_LIMIT, stop_price=D(90))) == verdict


@pytest.mark.parametrize(("trail", "verdict"), [
    ("1", "pass"), ("99.99", "pass"), ("100", "PRICE_COLLAR"), ("500", "PRICE_COLLAR"),
])
def test_a_trail_is_narrower_than_the_price(trail, verdict):
    assert collar(order(Side.SELL, type=OrderType.TRAILING_STOP, trail=D(trail))) == verdict


def test_open_has_no_collar_in_reach():
    assert collar(order(price="100000000"), OPEN.price_collar) == "pass"


def market_cap(quantity="1", **more):
    return code(controls.market_cap(order(quantity=quantity), view(**more), RETAIL.market_cap))


@pytest.mark.parametrize(("quantity", "verdict"), [("16", "pass"), ("20", "soft"), ("20.1", "MARKET_CAP")])
def test_share_of_the_visible_depth_below_at_and_above(quantity, verdict):
    assert market_cap(quantity, depth=D(100)) == verdict


def test_a_depth_that_is_not_published_does_not_bind_but_a_missing_quote_denies():
    assert market_cap("999", depth=None) == "pass"
    assert market_cap(quote=None) == "MARKET_CAP_UNKNOWN"
    assert market_cap(instrument=None) == "MARKET_CAP_UNKNOWN"
    assert code(controls.market_cap(order(price="100"), view(quote=None), RETAIL.market_cap)) == "pass"


@pytest.mark.parametrize(("side", "listed", "cap"), [
    (Side.BUY, BTC, "101.50"), (Side.SELL, BTC, "98.51"), (Side.BUY, EURUSD, "101.101"), (Side.SELL, EURUSD, "98.901"),
])
def test_the_cap_lies_on_the_tick_within_the_setting(side, listed, cap):
    assert controls.cap_price(side, MID_100, listed, RETAIL.market_cap) == D(cap)


@given(
    bid=st.decimals("0.01", "100000", places=2), tick=st.sampled_from(["0.01", "0.05", "0.25", "1", "3"]),
    side=st.sampled_from(list(Side)), slip=st.decimals("0", "0.99", places=4),
)
def test_a_cap_is_positive_on_the_tick_and_never_further_than_the_setting(bid, tick, side, slip):
    own = settings("retail", market_cap={"max_slippage": slip}).market_cap
    at = replace(MID_100, bid=bid, ask=bid + D("0.01"))
    cap = controls.cap_price(side, at, replace(BTC, tick=D(tick)), own)
    assert cap % D(tick) == 0
    if side is Side.BUY:
        assert at.ask * (1 + slip) - D(tick) < cap <= at.ask * (1 + slip)
    else:
        assert cap > 0
        assert at.bid * (1 - slip) <= cap < at.bid * (1 - slip) + D(tick) or cap == D(tick)


def age(seconds, listed=BTC, own=RETAIL.quote, **more):
    return code(controls.quote(order(), view(now_ns=NOW + round(seconds * SECOND), instrument=listed, **more), own))


@pytest.mark.parametrize(("listed", "limit"), [(BTC, 5), (PERP, 5), (AAPL, 15), (EURUSD, 15)])
def test_age_of_the_quote_below_at_and_above(listed, limit):
    assert age(limit - 0.001, listed) == "pass"
    assert age(limit, listed) == "pass"
    assert age(limit + 0.000001, listed) == "QUOTE_STALE"


def test_quotes_of_a_tape_may_be_a_minute_old():
    assert age(60, tape=True) == "pass"
    assert age(60.001, tape=True) == "QUOTE_STALE"


def test_a_figure_in_place_of_auto_holds_for_all_kinds():
    own = settings("retail", quote={"max_age_s": "0.5"}).quote
    for listed in (BTC, AAPL):
        assert age(0.5, listed, own, tape=True) == "pass"
        assert age(0.501, listed, own, tape=True) == "QUOTE_STALE"


def test_a_quote_from_the_future_is_as_bad_as_an_old_one():
    assert age(-4) == "pass"
    assert age(-6) == "QUOTE_STALE"


def test_without_quote_or_instrument_nothing_passes():
    assert age(0, quote=None) == "QUOTE_MISSING"
    assert age(0, None) == "QUOTE_MISSING"


def test_a_crossed_quote_denies():
    assert age(0, spread=None) == "QUOTE_CROSSED"


@pytest.mark.parametrize(("spread", "verdict"), [("0.019", "pass"), ("0.02", "pass"), ("0.0201", "QUOTE_WIDE")])
def test_spread_below_at_and_above(spread, verdict):
    assert age(0, spread=D(spread)) == verdict
