"""Controls 3, 4, 5, 9 and 10: each below, at and above its limit, and with its input missing."""

import pytest
from msgspec.structs import replace
from risk_kit import BTC, FUTURE, D, code, order, settings, view

from autotrader.model import OrderType, Side
from autotrader.risk import controls

RETAIL, REHEARSAL, OPEN = settings("retail"), settings("rehearsal"), settings("open")


def increments(of=None, **more):
    return code(controls.increments(of or order(), view(**more), RETAIL.increments))


@pytest.mark.parametrize(("quantity", "verdict"), [
    ("0.00001", "pass"), ("1.00001", "pass"), ("1.000015", "LOT"), ("0.000001", "LOT"),
    ("1.000000000000000000000000000001", "LOT"),
])
def test_quantity_is_a_whole_multiple_of_the_lot(quantity, verdict):
    assert increments(order(quantity=quantity)) == verdict


@pytest.mark.parametrize(("price", "verdict"), [
    ("99.99", "pass"), ("100", "pass"), ("99.995", "TICK"), ("99.990000001", "TICK"),
])
def test_price_is_a_whole_multiple_of_the_tick(price, verdict):
    assert increments(order(price=price)) == verdict


def test_stop_price_and_trail_keep_to_the_tick_too():
    assert increments(order(type=OrderType.STOP, stop_price=D("99.995"))) == "TICK"
    assert increments(order(type=OrderType.TRAILING_STOP, trail=D("0.005"))) == "TICK"


@pytest.mark.parametrize(("cost", "verdict"), [
    ("5.01", "pass"), ("5", "pass"), ("4.99", "MIN_NOTIONAL"), (None, "INCREMENTS_UNKNOWN"),
])
def test_least_notional_above_at_below_and_unknown(cost, verdict):
    assert increments(cost=None if cost is None else D(cost)) == verdict


@pytest.mark.parametrize(("quantity", "verdict"), [
    ("1.9", "MIN_QUANTITY"), ("2", "pass"), ("3", "pass"), ("4", "pass"), ("4.1", "MAX_QUANTITY_OF_VENUE"),
])
def test_the_venues_own_bounds_of_quantity(quantity, verdict):
    assert increments(order(quantity=quantity), instrument=replace(BTC, min_quantity=D(2), max_quantity=D(4))) == verdict


def test_steps_that_are_unknown_or_zero_deny():
    assert increments(instrument=None) == "INCREMENTS_UNKNOWN"
    assert increments(instrument=replace(BTC, lot=D(0))) == "LOT"
    assert increments(order(price="100"), instrument=replace(BTC, tick=D(0))) == "TICK"


def test_a_quotient_beyond_decimal_arithmetic_denies_instead_of_raising():
    assert increments(order(quantity="1E+40")) == "LOT"


@pytest.mark.parametrize(("quantity", "verdict"), [
    ("15", "pass"), ("16", "pass"), ("17", "soft"), ("20", "soft"), ("20.1", "MAX_QUANTITY"),
])
def test_share_of_the_days_volume_below_at_and_above(quantity, verdict):
    assert code(controls.max_quantity(order(quantity=quantity), view(), RETAIL.max_quantity)) == verdict


def test_a_volume_that_is_not_published_does_not_bind_but_an_unknown_instrument_denies():
    unpublished = view(instrument=replace(BTC, day_volume=None))
    assert code(controls.max_quantity(order(quantity="999"), unpublished, RETAIL.max_quantity)) == "pass"
    assert code(controls.max_quantity(order(), view(instrument=None), RETAIL.max_quantity)) == "MAX_QUANTITY_UNKNOWN"


@pytest.mark.parametrize(("notional", "verdict"), [
    ("799", "pass"), ("800", "pass"), ("801", "soft"), ("1000", "soft"), ("1000.01", "MAX_NOTIONAL"),
])
def test_notional_against_a_share_of_equity(notional, verdict):
    assert code(controls.max_notional(order(), view(notional=D(notional)), RETAIL.max_notional)) == verdict


@pytest.mark.parametrize(("notional", "verdict"), [("8000", "pass"), ("10000", "soft"), ("10000.01", "MAX_NOTIONAL")])
def test_notional_against_the_amount_when_that_is_smaller(notional, verdict):
    finding = controls.max_notional(order(), view(notional=D(notional), equity=D(10**6)), RETAIL.max_notional)
    assert code(finding) == verdict
    if verdict == "MAX_NOTIONAL":
        assert "risk.max_notional.amount" in finding.sentence


def test_notional_without_price_or_equity_denies():
    assert code(controls.max_notional(order(), view(notional=None), RETAIL.max_notional)) == "MAX_NOTIONAL_UNKNOWN"
    assert code(controls.max_notional(order(), view(equity=None), OPEN.max_notional)) == "MAX_NOTIONAL_UNKNOWN"


def test_a_denial_names_order_figure_limit_key_and_remedy():
    finding = controls.max_notional(order(), view(notional=D("2500.5")), RETAIL.max_notional)
    for word in ("BUY 1 BTCUSDT", "c1", "2500.5", "1000", "risk.max_notional.equity_share", "split it"):
        assert word in finding.sentence


def max_position(after, own=RETAIL.max_position, **more):
    return code(controls.max_position(order(), view(after=D(after), value=D(100), **more), own))


@pytest.mark.parametrize(("after", "verdict"), [
    ("20", "pass"), ("24", "soft"), ("25", "soft"), ("25.1", "MAX_POSITION"), ("-25.1", "MAX_POSITION"),
])
def test_position_below_at_and_above_its_limit(after, verdict):
    assert max_position(after) == verdict


def test_a_position_over_its_limit_may_shrink():
    assert max_position("99", position=D(100)) == "pass"
    assert max_position("101", position=D(100)) == "MAX_POSITION"


def test_position_without_price_or_equity_denies():
    assert code(controls.max_position(order(), view(value=None), RETAIL.max_position)) == "MAX_POSITION_UNKNOWN"
    assert code(controls.max_position(order(), view(equity=None), RETAIL.max_position)) == "MAX_POSITION_UNKNOWN"


def exposure(own=RETAIL.exposure, **more):
    return code(controls.exposure(order(), view(value=D(100), **more), own))


@pytest.mark.parametrize(("gross", "verdict"), [
    ("8000", "pass"), ("9000", "soft"), ("10000", "soft"), ("10000.01", "EXPOSURE"),
])
def test_gross_exposure_below_at_and_above(gross, verdict):
    assert exposure(gross_after=D(gross)) == verdict


@pytest.mark.parametrize(("after", "verdict"), [("29", "soft"), ("30", "soft"), ("30.01", "EXPOSURE"), ("-30.01", "EXPOSURE")])
def test_net_exposure_below_at_and_above(after, verdict):
    own = settings("retail", exposure={"gross": 9, "net": "0.3"}).exposure
    assert exposure(own, gross_after=D(5000), after=D(after)) == verdict


def test_net_exposure_counts_the_other_symbols():
    own = settings("retail", exposure={"gross": 9, "net": "0.3"}).exposure
    assert exposure(own, gross_after=D(5000), after=D(10), net=D(2500), net_part=D(400)) == "EXPOSURE"
    assert exposure(own, gross_after=D(5000), after=D(10), net=D(-2500), net_part=D(400)) == "pass"


def test_exposure_over_its_limit_may_fall():
    assert exposure(gross_before=D(20000), gross_after=D(19900), net=D(20000), net_part=D(1000), after=D(9)) == "pass"
    assert exposure(gross_before=D(20000), gross_after=D(20000), net=D(20000), net_part=D(900), after=D(9)) == "pass"


@pytest.mark.parametrize("gap", ["total_equity", "gross_after", "gross_before"])
def test_exposure_without_its_inputs_denies(gap):
    assert exposure(**{gap: None}) == "EXPOSURE_UNKNOWN"
    assert code(controls.exposure(order(), view(value=None), RETAIL.exposure)) == "EXPOSURE_UNKNOWN"


def test_no_threshold_of_open_is_reached():
    huge = {"notional": D(10) ** 12, "gross_after": D(10) ** 12, "value": D(10) ** 12}
    for control in ("max_notional", "max_position", "exposure", "max_quantity"):
        assert code(getattr(controls, control)(order(Side.SELL, "900000", ), view(**huge), getattr(OPEN, control))) == "pass"


def test_a_futures_notional_counts_its_multiplier():
    from risk_kit import limits, market, quote

    market_ = market()
    market_.on_instruments("binance", [replace(FUTURE, venue="binance")])
    market_.on_quote(quote("ESZ5", "99.75", "100.25"))
    verdict = limits("rehearsal", market_).check(order(symbol="ESZ5"), 1_700_000_000_000_000_000)
    assert verdict.code == "MAX_NOTIONAL"
    assert "5012.5" in verdict.sentence
