"""Controls 11, 17 and 18: each below, at and above its limit, and with its input missing."""

import pytest
from risk_kit import AAPL, D, code, order, settings, view

from autotrader.model import Side, WriteClass
from autotrader.risk import BreachAction, controls

RETAIL, OPEN = settings("retail"), settings("open")
LOSSES = {"day_loss": RETAIL.day_loss, "drawdown": RETAIL.drawdown}


def funds(side=Side.BUY, own=RETAIL.funds, **more):
    return code(controls.funds(order(side), view(**more), own))


@pytest.mark.parametrize(("free", "verdict"), [("105.01", "pass"), ("105", "pass"), ("104.99", "FUNDS")])
def test_a_purchase_needs_its_cost_and_the_buffer(free, verdict):
    assert funds(needed=D(100), free=D(free)) == verdict


@pytest.mark.parametrize(("free", "verdict"), [("1.01", "pass"), ("1", "pass"), ("0.99", "FUNDS"), ("-1", "FUNDS")])
def test_a_sale_needs_what_it_sells_and_no_buffer(free, verdict):
    assert funds(Side.SELL, needed=D(1), free=D(free), funds_asset="BTC") == verdict


@pytest.mark.parametrize("gap", ["free", "needed"])
def test_funds_without_a_balance_deny(gap):
    assert funds(**{gap: None}) == "FUNDS_UNKNOWN"


def margin(after, own=RETAIL.funds, **more):
    terms = {"is_cash": False, "instrument": AAPL, "margin_before": D(5000), "margin_after": D(after)}
    terms.update(more)
    return funds(own=own, **terms)


@pytest.mark.parametrize(("equity", "verdict"), [("6051", "pass"), ("6050", "pass"), ("6049.99", "FUNDS")])
def test_what_is_added_on_margin_needs_the_buffer_too(equity, verdict):
    assert margin("6000", equity=D(equity)) == verdict


def test_leverage_gives_margin():
    assert margin("15000", equity=D(5000), leverage=D(1)) == "FUNDS"
    assert margin("15000", equity=D(5200), leverage=D(3)) == "pass"


def test_what_frees_margin_always_passes():
    assert margin("4000", equity=D(-100)) == "pass"
    assert margin("5000", equity=D(-100)) == "pass"


@pytest.mark.parametrize("gap", ["margin_before", "margin_after", "equity", "leverage"])
def test_margin_without_its_inputs_denies(gap):
    assert margin("6000", **{gap: None}) == "FUNDS_UNKNOWN"


def test_open_has_credit_for_all():
    assert funds(own=OPEN.funds, needed=D(10) ** 12, free=D(0)) == "pass"


def test_the_denial_names_the_asset():
    finding = controls.funds(order(Side.SELL), view(needed=D(1), free=D(0), funds_asset="BTC"), RETAIL.funds)
    assert "needs 1 BTC" in finding.sentence


@pytest.mark.parametrize(("loss", "verdict", "action"), [
    ("0.015", "pass", None), ("0.016", "pass", None), ("0.0161", "soft", None), ("0.01999", "soft", None),
    ("0.02", "DAY_LOSS", BreachAction.HALT), ("0.0399", "DAY_LOSS", BreachAction.HALT),
    ("0.04", "DAY_LOSS_CANCEL", BreachAction.CANCEL), ("0.5", "DAY_LOSS_CANCEL", BreachAction.CANCEL),
])
def test_the_days_loss_below_at_and_above_both_levels(loss, verdict, action):
    finding = controls.day_loss(order(), view(day_loss=D(loss)), RETAIL.day_loss)
    assert code(finding) == verdict
    assert action is None or finding.action is action


@pytest.mark.parametrize(("fall", "verdict"), [("0.08", "pass"), ("0.09", "soft"), ("0.1", "DRAWDOWN"), ("0.11", "DRAWDOWN")])
def test_the_fall_from_the_peak_below_at_and_above(fall, verdict):
    finding = controls.drawdown(order(), view(drawdown=D(fall)), RETAIL.drawdown)
    assert code(finding) == verdict
    assert verdict != "DRAWDOWN" or finding.action is BreachAction.CANCEL


@pytest.mark.parametrize("name", ["day_loss", "drawdown"])
def test_an_unknown_loss_denies_new_risk_and_no_reduction(name):
    control = getattr(controls, name)
    assert code(control(order(), view(**{name: None}), LOSSES[name])) == f"{name.upper()}_UNKNOWN"
    assert code(control(order(), view(**{name: D("0.9")}, write_class=WriteClass.REDUCE), LOSSES[name])) == "pass"


def test_a_cancel_share_below_the_halt_share_still_cancels():
    own = settings("retail", day_loss={"halt_share": "0.5", "cancel_share": "0.01"}).day_loss
    assert code(controls.day_loss(order(), view(day_loss=D("0.01")), own)) == "DAY_LOSS_CANCEL"
