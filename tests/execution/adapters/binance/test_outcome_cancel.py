"""What became of a cancel, of a cancel of all, and of a query (binance.md sections 3, 8 and 10)."""

from __future__ import annotations

from typing import Any

import pytest
from binance_kit import NOW, OTHER, OWN, SETTINGS, D, a_cancel, a_query, cancel_answer, error, query_answer, raw

from autotrader.execution.adapters.binance.codec import (
    CodecSettings,
    ErrorClass,
    Outcome,
    cancel_all_call,
    cancel_call,
    open_orders_call,
    outcome_of,
    outcome_of_failure,
    query_call,
)
from autotrader.messages import (
    AttemptFailed,
    CancelRejected,
    FrameUnreadable,
    OrderCanceled,
    OrderReported,
    OrderUnknown,
    QueryOrder,
    SendCancel,
)
from autotrader.model import OrderState

V = "binance"


def canceled(status: int, body: bytes, command: SendCancel | None = None, **headers: str) -> Outcome:
    return outcome_of(cancel_call(command or a_cancel()), status, headers, body, SETTINGS, NOW)


def queried(status: int, body: bytes, query: QueryOrder | None = None) -> Outcome:
    return outcome_of(query_call(query or a_query()), status, {}, body, SETTINGS, NOW)


# ---------------------------------------------------------------- cancel


def test_a_cancelled_order_is_known_by_its_original_id() -> None:
    assert canceled(200, raw(cancel_answer())) == Outcome(True, (OrderCanceled(OWN, V, NOW, "28"),))


def test_a_cancel_by_our_id_needs_no_venue_id() -> None:
    assert canceled(200, raw(cancel_answer()), a_cancel(None)).told == (OrderCanceled(OWN, V, NOW, "28"),)


def test_a_cancelled_replacement_is_our_order() -> None:
    marked = cancel_answer(origClientOrderId=f"{OWN}-00s")
    assert canceled(200, raw(marked), a_cancel(None)).told == (OrderCanceled(OWN, V, NOW, "28"),)


def test_what_was_executed_before_the_cancel_is_told() -> None:
    told = canceled(200, raw(cancel_answer(executedQty="0.00040000", cummulativeQuoteQty="20.00000000"))).told
    assert told == (
        OrderCanceled(OWN, V, NOW, "28"),
        OrderReported(OWN, V, NOW, "28", OrderState.CANCELED, D("0.0004"), average_price=D(50000)),
    )


def test_an_order_that_was_filled_instead_is_told_filled() -> None:
    (told,) = canceled(200, raw(cancel_answer(status="FILLED", executedQty="0.001", cummulativeQuoteQty="50"))).told
    assert isinstance(told, OrderReported)
    assert (told.state, told.filled_quantity) == (OrderState.FILLED, D("0.001"))


def test_an_answer_that_it_still_works_is_only_a_report() -> None:
    (told,) = canceled(200, raw(cancel_answer(status="NEW"))).told
    assert told == OrderReported(OWN, V, NOW, "28", OrderState.OPEN, D(0), D("0.001"), D("50000.10"))


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (-2011, "Unknown order sent.", "too_late"), (-2013, "Order does not exist.", "too_late"),
        (-2026, "archived", "too_late"),
        (-2011, "Order was not canceled due to cancel restrictions.", "final"), (-2039, "ids", "final"),
        (-2011, "This account may not place or cancel orders.", "final"), (-1102, "Mandatory parameter", "final"),
    ],
)
def test_a_refused_cancel_says_of_which_kind(code: int, text: str, kind: str) -> None:
    outcome = canceled(400, error(code, text))
    assert outcome.told == (CancelRejected(OWN, V, NOW, "28", kind, str(code), text),)
    assert outcome.ok


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(429, b"", "rate_limited"), (400, error(-1008, "busy"), "busy"), (400, error(-1021, "late"), "clock"), (401, b"", "auth")],
)
def test_a_cancel_that_was_not_taken_may_be_tried_again(status: int, body: bytes, kind: str) -> None:
    outcome = canceled(status, body)
    assert outcome.told == ()
    assert [failed.kind for failed in outcome.failures] == [kind]


@pytest.mark.parametrize(("status", "body"), [(500, b""), (400, error(-1007, "x")), (200, b"{}"), (200, b"<html>")])
def test_a_cancel_without_a_clear_answer_is_unknown(status: int, body: bytes) -> None:
    doubt = canceled(status, body).told[0]
    assert isinstance(doubt, OrderUnknown)
    assert (doubt.request, doubt.client_order_id, doubt.venue_order_id) == ("cancel", OWN, "28")


@pytest.mark.parametrize("changes", [{"orderId": 29}, {"symbol": "ETHUSDT"}])
def test_an_answer_about_another_order_is_unknown(changes: dict[str, Any]) -> None:
    told = canceled(200, raw(cancel_answer(**changes))).told
    assert [type(one) for one in told] == [OrderUnknown, FrameUnreadable]


def test_an_answer_under_another_client_id_is_unknown() -> None:
    told = canceled(200, raw(cancel_answer(origClientOrderId=OTHER)), a_cancel(None)).told
    assert [type(one) for one in told] == [OrderUnknown, FrameUnreadable]


def test_a_cancel_without_an_answer() -> None:
    command = a_cancel()
    sent = outcome_of_failure(cancel_call(command), True, "reset", SETTINGS, NOW)
    assert [type(one) for one in sent.told] == [OrderUnknown]
    kept = outcome_of_failure(cancel_call(command), False, "refused", SETTINGS, NOW)
    assert kept.failures == (AttemptFailed(command, "not_sent", "NOT_SENT", "refused"),)


# ---------------------------------------------------------------- cancel all

LIST_ROW = {
    "orderListId": 1929, "contingencyType": "OCO", "listStatusType": "ALL_DONE", "listOrderStatus": "ALL_DONE",
    "listClientOrderId": "2inzWQdDvZLHbbAmAozX2N", "transactionTime": 1585230948299, "symbol": "BTCUSDT",
    "orders": [{"symbol": "BTCUSDT", "orderId": 20, "clientOrderId": "CwOOIPHSmYywx6jZX77TdL"}],
    "orderReports": [cancel_answer(orderId=20, origClientOrderId="CwOOIPHSmYywx6jZX77TdL", orderListId=1929)],
}


def test_cancel_all_tells_each_order_lists_included() -> None:
    body = raw([cancel_answer(), cancel_answer(orderId=29, origClientOrderId=OTHER, executedQty="0.0001"), LIST_ROW])
    told = outcome_of(cancel_all_call("BTCUSDT"), 200, {}, body, SETTINGS, NOW).told
    assert [(type(one), getattr(one, "client_order_id", "")) for one in told] == [
        (OrderCanceled, OWN), (OrderCanceled, OTHER), (OrderReported, OTHER), (OrderCanceled, "CwOOIPHSmYywx6jZX77TdL"),
    ]


def test_cancel_all_with_nothing_open_is_done() -> None:
    assert outcome_of(cancel_all_call("BTCUSDT"), 400, {}, error(-2011, "Unknown order sent."), SETTINGS, NOW) == Outcome(True)


def test_cancel_all_of_unknown_outcome_says_so_without_an_order() -> None:
    outcome = outcome_of(cancel_all_call("BTCUSDT"), 503, {}, b"", SETTINGS, NOW)
    assert (outcome.told, outcome.error_class, outcome.ok) == ((), ErrorClass.UNKNOWN, False)
    outcome = outcome_of_failure(cancel_all_call("BTCUSDT"), True, "reset", SETTINGS, NOW)
    assert (outcome.told, outcome.error_class) == ((), ErrorClass.UNKNOWN)


def test_one_row_that_cannot_be_read_makes_the_whole_answer_unreadable() -> None:
    outcome = outcome_of(cancel_all_call("BTCUSDT"), 200, {}, raw([cancel_answer(), cancel_answer(status="ODD")]), SETTINGS,
        NOW)
    assert [type(one) for one in outcome.told] == [FrameUnreadable]
    assert outcome.error_class is ErrorClass.UNKNOWN


# ---------------------------------------------------------------- query


def test_a_query_reports_state_figures_and_when_it_was_asked() -> None:
    body = raw(query_answer(executedQty="0.00040000", cummulativeQuoteQty="20.0", status="PARTIALLY_FILLED"))
    assert queried(200, body).told == (
        OrderReported(
            OWN, V, NOW, "28", OrderState.PARTIALLY_FILLED, D("0.0004"), D("0.001"), D("50000.10"), NOW - 5,
            average_price=D(50000),
        ),
    )


def test_a_query_by_our_id_learns_the_venues() -> None:
    (told,) = queried(200, raw(query_answer()), a_query(None)).told
    assert isinstance(told, OrderReported)
    assert (told.client_order_id, told.venue_order_id) == (OWN, "28")


def test_a_cancelled_order_may_show_the_cancels_id_and_is_still_ours() -> None:
    (told,) = queried(200, raw(query_answer(clientOrderId="x1", status="CANCELED"))).told
    assert isinstance(told, OrderReported)
    assert (told.client_order_id, told.state) == (OWN, OrderState.CANCELED)


@pytest.mark.parametrize("status", ["EXPIRED", "EXPIRED_IN_MATCH"])
def test_an_expired_order_brings_its_reason(status: str) -> None:
    (told,) = queried(200, raw(query_answer(status=status, expiryReason="OCO_TRIGGER"))).told
    assert isinstance(told, OrderReported)
    assert (told.state, told.reason) == (OrderState.EXPIRED, "OCO_TRIGGER")


def test_a_query_of_a_replacement_counts_what_is_carried_or_nothing() -> None:
    body = raw(query_answer(clientOrderId=f"{OWN}-00s", executedQty="0.0001"))
    (told,) = queried(200, body).told
    assert isinstance(told, OrderReported)
    assert (told.filled_quantity, told.quantity) == (None, None)
    knowing = CodecSettings("acc", carried={("BTCUSDT", 28): D("0.0005")})
    (told,) = outcome_of(query_call(a_query()), 200, {}, body, knowing, NOW).told
    assert isinstance(told, OrderReported)
    assert (told.filled_quantity, told.quantity, told.average_price) == (D("0.0006"), D("0.0015"), None)


def test_not_found_is_reported_and_never_as_proof() -> None:
    outcome = queried(400, error(-2013, "Order does not exist."))
    assert outcome.told == (OrderReported(OWN, V, NOW, "28", None, asked_ns=NOW - 5, reason="Order does not exist."),)
    assert outcome.ok


def test_an_archived_order_was_over_and_unfilled() -> None:
    (told,) = queried(400, error(-2026, "archived")).told
    assert told == OrderReported(OWN, V, NOW, "28", OrderState.CANCELED, D(0), asked_ns=NOW - 5, reason="archived")


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (429, b""), (401, b""), (400, error(-1007, "x")), (400, error(-2039, "x")), (400, error(-1102, "x"))],
)
def test_a_query_that_fails_is_not_answered(status: int, body: bytes) -> None:
    outcome = queried(status, body)
    assert (outcome.told, outcome.failures) == ((), ())
    assert outcome.error_class is not None


def test_a_query_that_cannot_be_read_is_kept() -> None:
    assert [type(one) for one in queried(200, b"{}").told] == [FrameUnreadable]
    assert [type(one) for one in queried(200, raw(query_answer(orderId=29))).told] == [FrameUnreadable]


def test_a_query_without_an_answer_is_a_failed_call() -> None:
    for sent in (True, False):
        outcome = outcome_of_failure(query_call(a_query()), sent, "reset", SETTINGS, NOW)
        assert (outcome.told, outcome.failures, outcome.ok) == ((), (), False)


# ---------------------------------------------------------------- reads


def test_a_read_that_went_well_leaves_the_body_to_its_decoder() -> None:
    outcome = outcome_of(open_orders_call(), 200, {}, b"whatever", SETTINGS, NOW)
    assert (outcome.ok, outcome.error_class, outcome.told) == (True, None, ())


@pytest.mark.parametrize(
    ("status", "body", "kind", "ok"),
    [(429, b"", ErrorClass.LIMITED, False), (400, error(-1121, "x"), ErrorClass.REFUSED, True),
        (404, b"<html>", ErrorClass.UNKNOWN, False)],
)
def test_a_read_that_failed_concerns_no_order(status: int, body: bytes, kind: ErrorClass, ok: bool) -> None:
    outcome = outcome_of(open_orders_call(), status, {}, body, SETTINGS, NOW)
    assert (outcome.told, outcome.failures, outcome.error_class, outcome.ok) == ((), (), kind, ok)
