"""What became of an amendment and of a cancelReplace, both halves judged (binance.md section 3)."""

from __future__ import annotations

from typing import Any

import pytest
from binance_kit import (
    NOW,
    OWN,
    SETTINGS,
    D,
    a_replace,
    ack_answer,
    amend_answer,
    cancel_answer,
    error,
    full_answer,
    raw,
    resting_answer,
    rules,
)

from autotrader.execution.adapters.binance.codec import (
    Call,
    CallKind,
    CodecSettings,
    ErrorClass,
    Outcome,
    Standing,
    outcome_of,
    outcome_of_failure,
    replace_call,
)
from autotrader.messages import (
    AttemptFailed,
    FrameUnreadable,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
    ReplaceRejected,
)
from autotrader.model import OrderState

V = "binance"
MARKED = f"{OWN}-00s"
STANDING = Standing(D("0.001"), D("50000.10"), None)
PARTS = CodecSettings("acc", replace_partly_filled=True)


def amend() -> Call:
    return replace_call(a_replace("0.0005"), STANDING, SETTINGS, rules())


def exchange(quantity: str = "0.002", standing: Standing = STANDING) -> Call:
    call = replace_call(a_replace(quantity, "49000"), standing, PARTS, rules())
    assert call.kind is CallKind.CANCEL_REPLACE
    return call


def judge(call: Call, status: int, body: bytes, **headers: str) -> Outcome:
    return outcome_of(call, status, headers, body, SETTINGS, NOW)


def new_leg(**changes: Any) -> dict[str, Any]:
    return resting_answer(**{"orderId": 29, "clientOrderId": MARKED, "origQty": "0.002", "price": "49000", **changes})


def old_leg(**changes: Any) -> dict[str, Any]:
    return cancel_answer(**{"clientOrderId": f"{OWN}_00s", **changes})


def both(**changes: Any) -> dict[str, Any]:
    return {
        "cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": old_leg(), "newOrderResponse": new_leg(),
        **changes,
    }


def half(code: int, **data: Any) -> bytes:
    return error(code, "Order cancel-replace failed.", data=data)


LATE = {"code": -2011, "msg": "Unknown order sent."}
MATCHES = {"code": -2010, "msg": "Order would immediately match and take."}

# ---------------------------------------------------------------- amendment


def test_an_amendment_tells_the_new_quantity_of_the_same_order() -> None:
    assert judge(amend(), 200, raw(amend_answer())) == Outcome(
        True, (OrderReplaced(OWN, V, NOW, "28", D("0.0005"), D("50000.10"), None),)
    )


def test_an_amendment_of_a_replacement_tells_the_whole_quantity() -> None:
    standing = Standing(D("0.001"), D("50000.10"), None, filled=D("0.0002"), carried=D("0.0002"), wire_id=MARKED)
    call = replace_call(a_replace("0.0005"), standing, SETTINGS, rules())
    (told,) = judge(call, 200, raw(amend_answer(qty="0.0003", clientOrderId=MARKED, origClientOrderId=MARKED))).told
    assert isinstance(told, OrderReplaced)
    assert (told.quantity, told.client_order_id) == (D("0.0005"), OWN)


@pytest.mark.parametrize("code", [-2038, -1102, -2013, -2011, -2010])
def test_a_refused_amendment_leaves_the_order_as_it_was(code: int) -> None:
    outcome = judge(amend(), 400, error(code, "no"))
    assert outcome.told == (ReplaceRejected(OWN, V, NOW, "28", str(code), "no"),)
    assert outcome.ok


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (400, error(-1007, "x")), (200, b"{}"), (200, raw(amend_answer(orderId=29))),
        (200, raw(amend_answer(qty="x")))],
)
def test_an_amendment_without_a_clear_answer_is_unknown(status: int, body: bytes) -> None:
    doubt = judge(amend(), status, body).told[0]
    assert isinstance(doubt, OrderUnknown)
    assert (doubt.request, doubt.venue_order_id) == ("replace", "28")


def test_an_amendment_that_was_not_taken_may_be_tried_again() -> None:
    call = amend()
    outcome = judge(call, 429, b"", **{"Retry-After": "1"})
    assert outcome.told == ()
    assert outcome.failures[0].command is call.command
    kept = outcome_of_failure(call, False, "refused", SETTINGS, NOW)
    assert [failed.kind for failed in kept.failures] == ["not_sent"]


# ---------------------------------------------------------------- both halves done


def test_both_done_means_that_the_new_order_took_ours_over() -> None:
    outcome = judge(exchange(), 200, raw(both()))
    assert outcome.told == (
        OrderSucceeded(OWN, V, NOW, "29", "28"), OrderReplaced(OWN, V, NOW, "29", D("0.002"), D(49000), None),
    )
    assert outcome.carried == ((("BTCUSDT", 29), D(0)),)
    assert outcome.ok


def test_the_new_order_may_fill_at_once() -> None:
    filled = full_answer(orderId=29, clientOrderId=MARKED)
    told = judge(exchange("0.001"), 200, raw(both(newOrderResponse=filled))).told
    assert [type(one) for one in told] == [OrderSucceeded, OrderReplaced, OrderFilled]
    assert isinstance(told[2], OrderFilled)
    assert (told[2].client_order_id, told[2].venue_order_id) == (OWN, "29")


def test_what_the_old_order_filled_is_carried_into_the_whole() -> None:
    call = exchange("0.001", Standing(D("0.001"), D("50000.10"), None, filled=D("0.0004")))
    body = both(cancelResponse=old_leg(executedQty="0.0004", cummulativeQuoteQty="20"),
        newOrderResponse=new_leg(origQty="0.0006"))
    outcome = judge(call, 200, raw(body))
    assert isinstance(outcome.told[1], OrderReplaced)
    assert outcome.told[1].quantity == D("0.001")
    assert outcome.carried == ((("BTCUSDT", 29), D("0.0004")),)


def test_a_fill_that_came_in_between_shows_in_the_whole_quantity() -> None:
    call = exchange("0.001", Standing(D("0.001"), D("50000.10"), None, filled=D("0.0004")))
    body = both(cancelResponse=old_leg(executedQty="0.0005", cummulativeQuoteQty="25"),
        newOrderResponse=new_leg(origQty="0.0006"))
    outcome = judge(call, 200, raw(body))
    assert isinstance(outcome.told[1], OrderReplaced)
    assert outcome.told[1].quantity == D("0.0011")


def test_a_new_order_that_fills_without_its_trades_reports_the_whole() -> None:
    call = exchange("0.001", Standing(D("0.001"), D("50000.10"), None, filled=D("0.0004")))
    filled = new_leg(origQty="0.0006", executedQty="0.0006", status="FILLED", cummulativeQuoteQty="29.4")
    body = both(cancelResponse=old_leg(executedQty="0.0004"), newOrderResponse=filled)
    assert judge(call, 200, raw(body)).told[2] == OrderReported(OWN, V, NOW, "29", OrderState.FILLED, D("0.001"))


def test_a_new_order_that_is_only_acknowledged_takes_the_terms_we_asked_for() -> None:
    told = judge(exchange(), 200, raw(both(newOrderResponse=ack_answer(orderId=29, clientOrderId=MARKED)))).told
    assert told == (OrderSucceeded(OWN, V, NOW, "29", "28"), OrderReplaced(OWN, V, NOW, "29", None, D(49000), None))


# ---------------------------------------------------------------- one half done


@pytest.mark.parametrize(("status", "code"), [(409, -2021), (400, -2022), (429, -2021)])
@pytest.mark.parametrize("result", ["FAILURE", "NOT_ATTEMPTED"])
def test_cancelled_without_a_new_order_is_cancelled_and_the_replace_refused(status: int, code: int, result: str) -> None:
    no = MATCHES if result == "FAILURE" else None
    body = half(code, cancelResult="SUCCESS", newOrderResult=result, cancelResponse=old_leg(), newOrderResponse=no)
    outcome = judge(exchange(), status, body)
    refused, ended = outcome.told
    assert isinstance(refused, ReplaceRejected)
    assert ended == OrderCanceled(OWN, V, NOW, "28")
    assert outcome.failures == ()


def test_the_reason_of_the_new_half_is_told() -> None:
    body = half(-2021, cancelResult="SUCCESS", newOrderResult="FAILURE", cancelResponse=old_leg(), newOrderResponse=MATCHES)
    outcome = judge(exchange(), 409, body)
    assert outcome.told[0] == ReplaceRejected(
        OWN, V, NOW, "28", "-2010", "the old order is cancelled: Order would immediately match and take."
    )
    assert (outcome.code, outcome.error_class, outcome.ok) == ("-2010", ErrorClass.PARTIAL, True)


def test_a_rate_limited_new_half_does_not_bring_the_cancelled_order_back() -> None:
    limited = {"code": -1015, "msg": "Too many new orders."}
    body = half(-2021, cancelResult="SUCCESS", newOrderResult="FAILURE", cancelResponse=old_leg(), newOrderResponse=limited)
    outcome = judge(exchange(), 429, body, **{"Retry-After": "4"})
    assert [type(one) for one in outcome.told] == [ReplaceRejected, OrderCanceled]
    assert outcome.failures == ()
    assert outcome.retry_after_s == 4.0


def test_a_new_half_of_unknown_outcome_is_a_doubt_and_nothing_is_ended() -> None:
    unknown = {"code": -1007, "msg": "Timeout waiting for response from backend server."}
    body = half(-2021, cancelResult="SUCCESS", newOrderResult="FAILURE", cancelResponse=old_leg(), newOrderResponse=unknown)
    (doubt,) = judge(exchange(), 409, body).told
    assert isinstance(doubt, OrderUnknown)
    assert doubt.request == "replace"


def test_a_new_order_beside_an_old_one_that_was_not_cancelled_hides_nothing() -> None:
    body = half(-2021, cancelResult="FAILURE", newOrderResult="SUCCESS", cancelResponse=LATE, newOrderResponse=new_leg())
    accepted, doubt = judge(exchange(), 409, body).told
    assert accepted == OrderAccepted(OWN, V, NOW, "29")
    assert isinstance(doubt, OrderUnknown)


# ---------------------------------------------------------------- neither half done


@pytest.mark.parametrize("result", ["NOT_ATTEMPTED", "FAILURE"])
def test_neither_done_leaves_the_order_as_it_was(result: str) -> None:
    no = MATCHES if result == "FAILURE" else None
    body = half(-2022, cancelResult="FAILURE", newOrderResult=result, cancelResponse=LATE, newOrderResponse=no)
    outcome = judge(exchange(), 400, body)
    assert outcome.told == (ReplaceRejected(OWN, V, NOW, "28", "-2011", "Unknown order sent."),)
    assert outcome.ok


def test_an_order_that_began_to_fill_is_not_replaced() -> None:
    restricted = {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."}
    body = half(-2022, cancelResult="FAILURE", newOrderResult="NOT_ATTEMPTED", cancelResponse=restricted, newOrderResponse=None)
    (told,) = judge(exchange(), 400, body).told
    assert isinstance(told, ReplaceRejected)
    assert "cancel restrictions" in told.reason


def test_a_cancel_half_that_was_not_taken_lets_the_whole_be_tried_again() -> None:
    call = exchange()
    limited = {"code": -1015, "msg": "Too many new orders."}
    body = half(-2022, cancelResult="FAILURE", newOrderResult="NOT_ATTEMPTED", cancelResponse=limited, newOrderResponse=None)
    outcome = judge(call, 429, body, **{"Retry-After": "2"})
    assert outcome.told == ()
    (failed,) = outcome.failures
    assert isinstance(failed, AttemptFailed)
    assert (failed.kind, failed.reason_code, failed.retry_after_s) == ("rate_limited", "-1015", 2.0)


def test_a_cancel_half_of_unknown_outcome_is_a_doubt() -> None:
    unknown = {"code": -1006, "msg": "Execution status unknown."}
    body = half(-2022, cancelResult="FAILURE", newOrderResult="NOT_ATTEMPTED", cancelResponse=unknown, newOrderResponse=None)
    (doubt,) = judge(exchange(), 400, body).told
    assert isinstance(doubt, OrderUnknown)


# ---------------------------------------------------------------- without halves


def test_without_halves_2022_refuses_and_2021_says_nothing_usable() -> None:
    assert [type(one) for one in judge(exchange(), 400, error(-2022, "x")).told] == [ReplaceRejected]
    assert [type(one) for one in judge(exchange(), 409, error(-2021, "x")).told] == [OrderUnknown]
    assert [type(one) for one in judge(exchange(), 409, error(-2021, "x", data=None)).told] == [OrderUnknown]


def test_a_filter_breach_is_told_before_the_cancel_and_refuses() -> None:
    (told,) = judge(exchange(), 400, error(-1013, "Filter failure: NOTIONAL")).told
    assert told == ReplaceRejected(OWN, V, NOW, "28", "-1013", "Filter failure: NOTIONAL")


@pytest.mark.parametrize(
    "data",
    [
        {"cancelResult": "ODD", "newOrderResult": "FAILURE"}, {"cancelResult": "SUCCESS"}, 7, "x", [],
        {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": None, "newOrderResponse": None},
        {"cancelResult": "SUCCESS", "newOrderResult": "FAILURE", "cancelResponse": {"orderId": 1}, "newOrderResponse": MATCHES},
        {"cancelResult": "FAILURE", "newOrderResult": "FAILURE", "cancelResponse": "no", "newOrderResponse": MATCHES},
        {"cancelResult": "FAILURE", "newOrderResult": "SUCCESS", "cancelResponse": LATE, "newOrderResponse": {"x": 1}},
        {"cancelResult": "SUCCESS", "newOrderResult": "FAILURE", "cancelResponse": old_leg(executedQty="NaN"),
            "newOrderResponse": MATCHES},
    ],
)
def test_halves_that_cannot_be_read_are_unknown_and_kept(data: Any) -> None:
    outcome = judge(exchange(), 409, error(-2021, "x", data=data))
    assert [type(one) for one in outcome.told] == [OrderUnknown, FrameUnreadable]
    assert not outcome.ok


@pytest.mark.parametrize(
    "body",
    [
        both(newOrderResponse=new_leg(clientOrderId="another")), both(cancelResponse=old_leg(orderId=77)),
        both(newOrderResponse=new_leg(symbol="ETHUSDT")), both(newOrderResponse=None), both(cancelResponse=MATCHES),
    ],
)
def test_an_answer_about_other_orders_is_unknown(body: dict[str, Any]) -> None:
    outcome = judge(exchange(), 200, raw(body))
    assert [type(one) for one in outcome.told] == [OrderUnknown, FrameUnreadable]


def test_a_5xx_is_unknown_even_with_halves() -> None:
    body = half(-2022, cancelResult="FAILURE", newOrderResult="NOT_ATTEMPTED", cancelResponse=LATE, newOrderResponse=None)
    assert [type(one) for one in judge(exchange(), 503, body).told] == [OrderUnknown]
