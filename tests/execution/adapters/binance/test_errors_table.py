"""The error table, row by row, and which of status, code and text wins (binance.md section 8)."""

from __future__ import annotations

import pytest
from binance_kit import SETTINGS, error
from hypothesis import given
from hypothesis import strategies as st

from autotrader.execution.adapters.binance.codec import ERRORS, CodecSettings, ErrorBody, ErrorClass, classify, decode_error
from autotrader.execution.adapters.binance.codec.errors_table import NOT_TAKEN, banned_until_ms, rule_for

C = ErrorClass

ROWS: list[tuple[int, int, str, ErrorClass]] = [
    (400, -1000, "An unknown error occurred while processing the request.", C.UNKNOWN),
    (400, -1001, "Internal error; unable to process your request. Please try again.", C.UNKNOWN),
    (401, -1002, "You are not authorized to execute this request.", C.AUTH),
    (400, -1003, "Too many requests queued.", C.LIMITED),
    (400, -1003, "Way too much request weight used; IP banned until 1629384957000.", C.BANNED),
    (400, -1006, "An unexpected response was received from the message bus. Execution status unknown.", C.UNKNOWN),
    (400, -1007, "Timeout waiting for response from backend server. Send status unknown.", C.UNKNOWN),
    (400, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", C.BUSY),
    (400, -1010, "Duplicate order sent.", C.DUPLICATE),
    (400, -1010, "Unknown order sent.", C.CANCEL_LATE),
    (400, -1010, "Market is closed.", C.REFUSED),
    (400, -1013, "Filter failure: LOT_SIZE", C.REFUSED),
    (400, -1014, "Unsupported order combination.", C.REFUSED),
    (400, -1015, "Too many new orders; current limit is 50 orders per TEN_SECONDS.", C.LIMITED),
    (400, -1016, "This service is no longer available.", C.BUSY),
    (400, -1020, "This operation is not supported.", C.REFUSED),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", C.CLOCK),
    (400, -1022, "Signature for this request is not valid.", C.AUTH),
    (400, -1034, "Too many connections.", C.LIMITED),
    (400, -1100, "Illegal characters found in parameter 'price'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
        C.REFUSED),
    (400, -1101, "Too many parameters; expected '9' and received '10'.", C.REFUSED),
    (400, -1102, "Mandatory parameter 'side' was not sent, was empty/null, or malformed.", C.REFUSED),
    (400, -1106, "Parameter 'timeInForce' sent when not required.", C.REFUSED),
    (400, -1111, "Parameter 'quantity' has too much precision.", C.REFUSED),
    (400, -1115, "Invalid timeInForce.", C.REFUSED),
    (400, -1121, "Invalid symbol.", C.REFUSED),
    (400, -1145, "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.", C.REFUSED),
    (400, -1199, "A take profit order in a sell OCO must be above.", C.REFUSED),
    (400, -2010, "Duplicate order sent.", C.DUPLICATE),
    (400, -2010, "DUPLICATE ORDER SENT", C.DUPLICATE),
    (400, -2010, "Account has insufficient balance for requested action.", C.REFUSED),
    (400, -2010, "Order would immediately match and take.", C.REFUSED),
    (400, -2010, "Order would trigger immediately.", C.REFUSED),
    (400, -2010, "Market is closed.", C.REFUSED),
    (400, -2010, "", C.REFUSED),
    (400, -2011, "Unknown order sent.", C.CANCEL_LATE),
    (400, -2011, "some words of 2027", C.CANCEL_LATE),
    (400, -2011, "Order was not canceled due to cancel restrictions.", C.CANCEL_REFUSED),
    (400, -2011, "This action is disabled on this account.", C.CANCEL_REFUSED),
    (400, -2011, "This account may not place or cancel orders.", C.CANCEL_REFUSED),
    (400, -2011, "Cancel order is invalid. Check origClOrdId and orderId.", C.CANCEL_REFUSED),
    (400, -2011, "Rest API trading is not enabled.", C.CANCEL_REFUSED),
    (400, -2013, "Order does not exist.", C.NO_SUCH_ORDER),
    (401, -2014, "API-key format invalid.", C.AUTH),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", C.AUTH),
    (400, -2016, "No trading window could be found for the symbol.", C.REFUSED),
    (409, -2021, "Order cancel-replace partially failed.", C.PARTIAL),
    (400, -2022, "Order cancel-replace failed.", C.NEITHER),
    (400, -2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived.", C.ARCHIVED),
    (400, -2035, "User Data Stream subscription already active.", C.REFUSED),
    (400, -2038, "Order amend is not supported for this symbol.", C.REFUSED),
    (400, -2039, "Client order ID is not correct for this order ID.", C.IDS_DISAGREE),
]


@pytest.mark.parametrize(("status", "code", "text", "expected"), ROWS)
def test_every_row_has_its_class(status: int, code: int, text: str, expected: ErrorClass) -> None:
    assert classify(status, ErrorBody(code, text), SETTINGS) is expected


def test_no_row_of_the_table_is_left_untried() -> None:
    tried = {rule_for(code, text) for _, code, text, _ in ROWS}
    assert {rule for rule in ERRORS if rule not in tried and rule.low != -2036} == set()


@pytest.mark.parametrize(("status", "code", "text", "expected"), ROWS)
def test_whatever_a_5xx_says_its_outcome_is_unknown(status: int, code: int, text: str, expected: ErrorClass) -> None:
    for server in (500, 502, 503, 504, 599):
        assert classify(server, ErrorBody(code, text), SETTINGS) is C.UNKNOWN


@pytest.mark.parametrize(("status", "code", "text", "expected"), ROWS)
def test_whatever_a_429_or_418_says_nothing_was_done(status: int, code: int, text: str, expected: ErrorClass) -> None:
    assert classify(429, ErrorBody(code, text), SETTINGS) is C.LIMITED
    assert classify(418, ErrorBody(code, text), SETTINGS) is C.BANNED


def test_a_code_can_be_believed_in_a_5xx() -> None:
    believing = CodecSettings("acc", believed_in_5xx=frozenset({-1008}))
    assert classify(503, ErrorBody(-1008, ""), believing) is C.BUSY
    assert classify(503, ErrorBody(-1016, ""), believing) is C.UNKNOWN
    assert classify(503, None, believing) is C.UNKNOWN


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (500, C.UNKNOWN), (502, C.UNKNOWN), (503, C.UNKNOWN), (504, C.UNKNOWN), (418, C.BANNED), (429, C.LIMITED),
        (401, C.AUTH),
        (403, C.FIREWALL), (400, C.UNKNOWN), (404, C.UNKNOWN), (408, C.UNKNOWN), (409, C.UNKNOWN), (410, C.UNKNOWN),
        (301, C.UNKNOWN),
        (307, C.UNKNOWN), (200, C.UNKNOWN), (100, C.UNKNOWN), (0, C.UNKNOWN),
    ],
)
def test_without_a_body_the_status_decides(status: int, expected: ErrorClass) -> None:
    assert classify(status, None, SETTINGS) is expected


def test_a_code_that_is_not_listed_refuses_unless_the_settings_doubt_it() -> None:
    doubting = CodecSettings("acc", unlisted_is_refusal=False)
    assert classify(400, ErrorBody(-9999, "new"), SETTINGS) is C.REFUSED
    assert classify(400, ErrorBody(-9999, "new"), doubting) is C.UNKNOWN
    assert classify(408, ErrorBody(-9999, "new"), SETTINGS) is C.UNKNOWN
    assert classify(400, ErrorBody(0, "new"), SETTINGS) is C.UNKNOWN
    assert classify(400, ErrorBody(7, "new"), SETTINGS) is C.UNKNOWN


def test_a_known_code_goes_before_401_and_403() -> None:
    assert classify(403, ErrorBody(-1121, "Invalid symbol."), SETTINGS) is C.REFUSED
    assert classify(401, ErrorBody(-1021, "Timestamp"), SETTINGS) is C.CLOCK
    assert classify(403, ErrorBody(-9999, "x"), SETTINGS) is C.FIREWALL


@pytest.mark.parametrize(
    "text",
    ["Unknown error, please check your request or try again later.", "Service Unavailable.",
        "Internal error; unable to process"],
)
def test_a_503_is_unknown_whatever_its_words(text: str) -> None:
    assert classify(503, ErrorBody(-1000, text), SETTINGS) is C.UNKNOWN
    assert classify(503, ErrorBody(0, text), SETTINGS) is C.UNKNOWN


@given(st.integers(100, 599), st.integers(-10_000, 100), st.text(max_size=40))
def test_every_answer_has_exactly_one_class(status: int, code: int, text: str) -> None:
    found = classify(status, ErrorBody(code, text), SETTINGS)
    assert isinstance(found, ErrorClass)
    if found in NOT_TAKEN:
        assert 400 <= status < 500


def test_an_error_body_is_read() -> None:
    body = decode_error(error(-1121, "Invalid symbol."))
    assert body is not None
    assert (body.code, body.msg) == (-1121, "Invalid symbol.")


@pytest.mark.parametrize(
    "bad", [b"", b"<html>503</html>", b"null", b"[]", b'{"msg":"x"}', b'{"code":"-1"}', b'{"code":-1', b"\xff", b"[" * 100_000],
)
def test_what_is_no_error_body_is_none(bad: bytes) -> None:
    assert decode_error(bad) is None


def test_the_end_of_a_ban_is_read_from_the_words() -> None:
    assert banned_until_ms("Way too much request weight used; IP banned until 1629384957000. Please use") == 1629384957000
    assert banned_until_ms("banned until tomorrow") is None
