from decimal import Decimal

import pytest

from autotrader.model import Action, ExecutionDecision, OrderType, TimeInForce, decimal_of, plain


def test_names_and_members_mean_the_same():
    by_name = ExecutionDecision("BUY", "X", "0.1", order_type="LIMIT", limit_price="5", time_in_force="IOC")
    by_member = ExecutionDecision(
        Action.BUY, "X", Decimal("0.1"), order_type=OrderType.LIMIT, limit_price=Decimal(5), time_in_force=TimeInForce.IOC
    )
    assert by_name == by_member


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"action": "HODL"}, "action"),
        ({"symbol": ""}, "symbol"),
        ({"size": 0.1}, "size"),
        ({"size": "NaN"}, "size"),
        ({"size": "ten"}, "size"),
        ({"size": True}, "size"),
        ({"limit_price": 1.5}, "limit_price"),
        ({"confidence": 2}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
        ({"order_type": "ICEBERG"}, "order_type"),
        ({"time_in_force": "FOREVER"}, "time_in_force"),
    ],
)
def test_a_wrong_field_is_named(wrong, field):
    given = {"action": "BUY", "symbol": "X", "size": Decimal(1)} | wrong
    with pytest.raises((TypeError, ValueError), match=field):
        ExecutionDecision(**given)


def test_a_decision_cannot_be_changed():
    decision = ExecutionDecision("HOLD", "X")
    with pytest.raises(AttributeError):
        decision.size = Decimal(1)


def test_decimals_are_written_without_an_exponent():
    assert plain(Decimal("1E-8")) == "0.00000001"
    assert plain(Decimal("1E+3")) == "1000"
    assert decimal_of("1E-8", "x") == Decimal("0.00000001")
