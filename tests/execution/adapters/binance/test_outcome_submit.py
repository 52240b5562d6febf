"""What became of a new order: the five outcomes and no others (binance.md sections 3 and 8)."""

from __future__ import annotations

from typing import Any

import pytest
from binance_kit import NOW, OWN, SETTINGS, D, a_send, ack_answer, error, full_answer, raw, resting_answer

from autotrader.execution.adapters.binance.codec import (
    CodecSettings,
    ErrorClass,
    Outcome,
    outcome_of,
    outcome_of_failure,
    submit_call,
)
from autotrader.messages import (
    AttemptFailed,
    FrameUnreadable,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    SendOrder,
    UsageReported,
)
from autotrader.model import Fill, Liquidity, OrderState, OrderType, Side

V = "binance"
HEADERS = {"X-MBX-USED-WEIGHT-1M": "7", "X-MBX-ORDER-COUNT-10S": "1"}
FILL = Fill(
    "56", OWN, "28", V, "acc", "BTCUSDT", Side.BUY, D(49900), D("0.001"), D("0.000001"), "BTC", Liquidity.TAKER,
    1_507_725_176_595_000_000,
)


def judge(status: int, body: bytes | str, command: SendOrder | None = None, **headers: str) -> Outcome:
    call = submit_call(command or a_send(), SETTINGS, reference=D(50000))
    return outcome_of(call, status, headers, body, SETTINGS, NOW)


def test_a_full_answer_is_accepted_and_filled() -> None:
    outcome = outcome_of(submit_call(a_send(), SETTINGS), 200, HEADERS, raw(full_answer()), SETTINGS, NOW)
    assert outcome == Outcome(
        True, (OrderAccepted(OWN, V, NOW, "28"), OrderFilled(OWN, V, NOW, "28", fill=FILL)),
        usage=(UsageReported(V, "REQUEST_WEIGHT_1M", 7), UsageReported(V, "ORDERS_10S", 1)),
    )


def test_a_resting_order_is_accepted() -> None:
    assert judge(200, raw(resting_answer())).told == (OrderAccepted(OWN, V, NOW, "28"),)


def test_an_acknowledgement_is_accepted() -> None:
    assert judge(200, raw(ack_answer())).told == (OrderAccepted(OWN, V, NOW, "28"),)


def test_text_is_read_like_bytes() -> None:
    assert judge(200, raw(resting_answer()).decode()) == judge(200, raw(resting_answer()))


def test_a_result_without_its_trades_says_what_is_filled_so_that_they_are_asked_for() -> None:
    answer = full_answer()
    del answer["fills"]
    assert judge(200, raw(answer)).told == (
        OrderAccepted(OWN, V, NOW, "28"),
        OrderReported(OWN, V, NOW, "28", OrderState.FILLED, D("0.001"), average_price=D(49900)),
    )


def test_an_ioc_rest_is_expired_beside_its_fills() -> None:
    answer = full_answer(origQty="0.00300000", status="EXPIRED", expiryReason="UNFILLED_IOC_QUANTITY_EXPIRED")
    assert judge(200, raw(answer)).told == (
        OrderAccepted(OWN, V, NOW, "28"), OrderFilled(OWN, V, NOW, "28", fill=FILL),
        OrderExpired(OWN, V, NOW, "28", "UNFILLED_IOC_QUANTITY_EXPIRED"),
    )


def test_fills_with_mixed_fee_assets_stay_apart() -> None:
    fills = [
        {"price": "49900", "qty": "0.0004", "commission": "0.01", "commissionAsset": "BNB", "tradeId": 56},
        {"price": "49901", "qty": "0.0006", "commission": "0.0000006", "commissionAsset": "BTC", "tradeId": 57},
    ]
    told = [one for one in judge(200, raw(full_answer(fills=fills))).told if isinstance(one, OrderFilled)]
    assert [(one.fill.trade_id, one.fill.fee, one.fill.fee_asset) for one in told] == [
        ("56", D("0.01"), "BNB"), ("57", D("0.0000006"), "BTC"),
    ]


@pytest.mark.parametrize("status", ["EXPIRED", "EXPIRED_IN_MATCH"])
def test_an_order_that_ends_at_once_is_told_ended(status: str) -> None:
    told = judge(200, raw(resting_answer(status=status))).told
    assert told == (OrderAccepted(OWN, V, NOW, "28"), OrderExpired(OWN, V, NOW, "28", status))


def test_an_order_that_is_cancelled_at_once_is_told_cancelled() -> None:
    assert judge(200, raw(resting_answer(status="CANCELED"))).told[1] == OrderCanceled(OWN, V, NOW, "28")


def test_a_rejected_order_is_rejected_and_not_accepted() -> None:
    (told,) = judge(200, raw(resting_answer(status="REJECTED"))).told
    assert isinstance(told, OrderRejected)


@pytest.mark.parametrize(
    ("changes", "held"), [({"workingTime": -1}, True), ({"workingTime": 1507725176595}, False),
        ({"status": "PENDING_NEW"}, True)],
)
def test_a_stop_is_held_until_it_works(changes: dict[str, Any], held: bool) -> None:
    stop = a_send(type=OrderType.STOP, price=None, stop_price=D(51000))
    told = judge(200, raw(resting_answer(type="STOP_LOSS", **changes)), stop).told
    assert told == (OrderAccepted(OWN, V, NOW, "28", held),)


def test_a_stop_that_is_only_acknowledged_is_held() -> None:
    stop = a_send(type=OrderType.STOP, price=None, stop_price=D(51000))
    assert judge(200, raw(ack_answer()), stop).told == (OrderAccepted(OWN, V, NOW, "28", True),)


# ---------------------------------------------------------------- answers that prove nothing


@pytest.mark.parametrize(
    "changes",
    [
        {"clientOrderId": "another"}, {"symbol": "ETHUSDT"}, {"side": "SELL"}, {"executedQty": "NaN"}, {"origQty": 1.0},
        {"status": "ODD"}, {"orderId": "28"}, {"executedQty": None}, {"fills": [{"price": "1"}]}, {"transactTime": "x"},
        {"fills": [{"price": "1e400", "qty": "1", "commission": "0", "commissionAsset": "X", "tradeId": 1}]},
        {"fills": [{"price": "1", "qty": "0", "commission": "0", "commissionAsset": "X", "tradeId": 1}]},
    ],
)
def test_an_answer_that_cannot_be_about_this_order_is_unknown_and_kept(changes: dict[str, Any]) -> None:
    outcome = judge(200, raw(full_answer(**changes)))
    assert (outcome.ok, outcome.error_class, outcome.code) == (False, ErrorClass.UNKNOWN, "UNREADABLE")
    doubt, frame = outcome.told
    assert isinstance(doubt, OrderUnknown)
    assert (doubt.client_order_id, doubt.request) == (OWN, "submit")
    assert isinstance(frame, FrameUnreadable)
    assert outcome.failures == ()


@pytest.mark.parametrize("body", [b"", b"OK", b"{}", b"[]", b"<html>", b"\xff", raw(full_answer())[:-1], b"[" * 100_000])
@pytest.mark.parametrize("status", [200, 201, 302, 400, 404, 408, 409, 500, 503])
def test_a_body_that_cannot_be_read_is_unknown_whatever_the_status(status: int, body: bytes) -> None:
    outcome = judge(status, body)
    assert isinstance(outcome.told[0], OrderUnknown)
    assert outcome.failures == ()
    assert not outcome.ok


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_is_unknown_even_with_a_code(status: int) -> None:
    outcome = judge(status, error(-1121, "Invalid symbol."))
    assert outcome.told == (OrderUnknown(OWN, V, NOW, None, "submit", "-1121: Invalid symbol."),)
    assert outcome.error_class is ErrorClass.UNKNOWN


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007])
def test_codes_of_unknown_outcome_are_unknown(code: int) -> None:
    assert isinstance(judge(400, error(code, "x")).told[0], OrderUnknown)


@pytest.mark.parametrize("code", [-2011, -2013, -2021, -2022, -2026, -2039])
def test_a_code_that_makes_no_sense_here_is_unknown(code: int) -> None:
    assert isinstance(judge(400, error(code, "x")).told[0], OrderUnknown)


def test_no_answer_after_sending_is_unknown() -> None:
    outcome = outcome_of_failure(submit_call(a_send(), SETTINGS), True, "read timed out", SETTINGS, NOW)
    assert outcome.told == (OrderUnknown(OWN, V, NOW, None, "submit", "NO_ANSWER: read timed out"),)
    assert outcome.failures == ()


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-1013, "Filter failure: LOT_SIZE"), (-1111, "Parameter 'quantity' has too much precision."),
        (-1121, "Invalid symbol."),
        (-2010, "Account has insufficient balance for requested action."), (-2010, "Order would immediately match and take."),
        (-2010, "Order would trigger immediately."), (-2010, "Market is closed."), (-1020, "This operation is not supported."),
    ],
)
def test_a_refusal_is_rejected_with_the_venues_words(code: int, text: str) -> None:
    outcome = judge(400, error(code, text))
    assert outcome.told == (OrderRejected(OWN, V, NOW, None, str(code), text),)
    assert (outcome.ok, outcome.code, outcome.reason, outcome.error_class) == (True, str(code), text, ErrorClass.REFUSED)


def test_a_duplicate_says_that_the_id_is_taken() -> None:
    outcome = judge(400, error(-2010, "Duplicate order sent."))
    assert outcome.told == (OrderRejected(OWN, V, NOW, None, "-2010", "Duplicate order sent.", True),)


# ---------------------------------------------------------------- not taken


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, error(-1015, "Too many new orders"), "rate_limited"), (429, error(-1003, "Too many requests"), "rate_limited"),
        (429, b"<html>", "rate_limited"), (418, b"", "rate_limited"), (400, error(-1008, "overloaded"), "busy"),
        (400, error(-1016, "closing"), "busy"), (400, error(-1021, "recvWindow"), "clock"), (401, error(-2015, "key"), "auth"),
        (401, error(-2014, "key"), "auth"), (400, error(-1022, "signature"), "auth"), (403, b"<html>Forbidden</html>", "auth"),
        (400, error(-1034, "Too many connections"), "rate_limited"),
    ],
)
def test_what_is_proved_not_taken_goes_to_the_resiliency_manager_alone(status: int, body: bytes, kind: str) -> None:
    command = a_send()
    outcome = judge(status, body, command)
    assert outcome.told == ()
    (failed,) = outcome.failures
    assert isinstance(failed, AttemptFailed)
    assert (failed.command, failed.kind) == (command, kind)
    assert not outcome.ok


def test_retry_after_is_passed_on() -> None:
    outcome = judge(429, error(-1003, "x"), **{"Retry-After": "3"})
    assert outcome.retry_after_s == outcome.failures[0].retry_after_s == 3.0
    banned = judge(418, error(-1003, "IP banned until 1700000120000."), **{"Retry-After": "7"})
    assert banned.retry_after_s == 120.0
    assert banned.error_class is ErrorClass.BANNED


def test_nothing_sent_is_not_sent() -> None:
    command = a_send()
    outcome = outcome_of_failure(submit_call(command, SETTINGS), False, "connection refused", SETTINGS, NOW)
    assert outcome.failures == (AttemptFailed(command, "not_sent", "NOT_SENT", "connection refused"),)
    assert outcome.told == ()


def test_venue_ids_can_name_their_symbol() -> None:
    qualified = CodecSettings("acc", qualified_ids=True)
    outcome = outcome_of(submit_call(a_send(), qualified), 200, {}, raw(full_answer()), qualified, NOW)
    assert [getattr(one, "venue_order_id", None) for one in outcome.told] == ["BTCUSDT:28", "BTCUSDT:28"]


def test_a_dry_run_tells_nothing_of_an_order() -> None:
    call = submit_call(a_send(), SETTINGS, dry_run=True)
    assert outcome_of(call, 200, {}, b"{}", SETTINGS, NOW) == Outcome(True)
