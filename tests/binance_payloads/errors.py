"""Error bodies with their HTTP status. Texts are the venue's own words, since two codes are told apart by them."""

from __future__ import annotations

from typing import Any

import msgspec

from binance_payloads.answers import canceled, placed

raw = msgspec.json.encode


def said(status: int, code: int, text: str, **more: Any) -> tuple[int, bytes]:
    return status, raw({"code": code, "msg": text, **more})


HTML = b"<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr>\r\n</body></html>"

ERRORS: dict[str, tuple[int, bytes]] = {
    # DOCS errors.md, texts of 2025 and 2026
    "error -1000": said(400, -1000, "An unknown error occurred while processing the request."),
    "error -1001": said(500, -1001, "Internal error; unable to process your request. Please try again."),
    "error -1002": said(401, -1002, "You are not authorized to execute this request."),
    "error -1003": said(429, -1003, "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."),
    "error -1003 banned": said(418, -1003, "Way too much request weight used; IP banned until 1629384957000. Please use..."),
    "error -1003 banned under 400": said(400, -1003, "Way too many requests; IP banned until 1629384957000."),
    "error -1006": said(400, -1006, "An unexpected response was received from the message bus. Execution status unknown."),
    "error -1007": said(503, -1007, "Timeout waiting for response from backend server. Send status unknown; execution..."),
    "error -1008": said(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes."),
    "error -1010": said(400, -1010, "Unknown order sent."),
    "error -1013": said(400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    "error -1013 older": said(400, -1013, "Invalid quantity."),
    "error -1014": said(400, -1014, "Unsupported order combination."),
    "error -1015": said(429, -1015, "Too many new orders; current limit is 50 orders per 10 SECOND."),
    "error -1016": said(400, -1016, "This service is no longer available."),
    "error -1020": said(400, -1020, "This operation is not supported."),
    "error -1021": said(400, -1021, "Timestamp for this request is outside of the recvWindow."),
    "error -1021 ahead": said(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    "error -1022": said(400, -1022, "Signature for this request is not valid."),
    "error -1034": said(429, -1034, "Too many concurrent connections; current limit is '300'."),
    "error -1100": said(400, -1100, "Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})...'."),
    "error -1102": said(400, -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"),
    "error -1104": said(400, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
    "error -1106": said(400, -1106, "Parameter 'timeInForce' sent when not required."),
    "error -1111": said(400, -1111, "Parameter 'quantity' has too much precision."),
    "error -1121": said(400, -1121, "Invalid symbol."),
    "error -1145": said(400, -1145, "Invalid cancelRestrictions"),
    "error -2010": said(400, -2010, "Account has insufficient balance for requested action."),
    "error -2010 match": said(400, -2010, "Order would immediately match and take."),
    "error -2010 duplicate": said(400, -2010, "Duplicate order sent."),
    "error -2010 closed": said(400, -2010, "Market is closed."),
    "error -2011": said(400, -2011, "Unknown order sent."),
    "error -2011 restrictions": said(400, -2011, "Order was not canceled due to cancel restrictions."),
    "error -2013": said(400, -2013, "Order does not exist."),
    "error -2014": said(401, -2014, "API-key format invalid."),
    "error -2015": said(401, -2015, "Invalid API-key, IP, or permissions for action."),
    "error -2015 under 400": said(400, -2015, "Invalid API-key, IP, or permissions for action, request ip: 192.0.2.1"),
    "error -2026": said(400, -2026, "Order was canceled or expired with no executed qty over 90 days ago and..."),
    "error -2035": said(400, -2035, "User Data Stream subscription already active."),
    "error -2038": said(400, -2038, "Order amend (quantity increase) is not supported."),
    "error -2039": said(400, -2039, "Order ID and client order ID do not correspond to the same order."),
    # HB test_binance_exchange: the two texts of a 503
    "error 503 unknown": said(503, -1000, "Unknown error, please check your request or try again later."),
    "error 503 plain": (503, b"Service Unavailable."),
    # nginx and CloudFront in front of the venue, as pasted in PB and ccxt issues
    "error 502 html": (502, HTML % (b"502 Bad Gateway", b"502 Bad Gateway")),
    "error 403 html": (403, HTML % (b"403 Forbidden", b"403 Forbidden")),
    "error 504 empty": (504, b""),
    # the region block: code 0 and no order is looked at (PB issues, 2022)
    "error 451": said(451, 0, "Service unavailable from a restricted location according to 'b. Eligibility' in https://..."),
    # a code that no table has
    "error unlisted": said(400, -4999, "A rule of next year."),
}


def halves(cancel: str, new: str, old: object, order: object) -> dict[str, Any]:
    return {"cancelResult": cancel, "newOrderResult": new, "cancelResponse": old, "newOrderResponse": order}


LATE = {"code": -2011, "msg": "Unknown order sent."}
POOR = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
MANY = {"code": -1015, "msg": "Too many new orders; current limit is 50 orders per 10 SECOND."}
SOME, NONE = "Order cancel-replace partially failed.", "Order cancel-replace failed."

CANCEL_REPLACE_ERRORS: dict[str, tuple[int, bytes]] = {
    # DOCS "Cancel an Existing Order and Send a New Order": the tables of responses
    "halves neither": said(400, -2022, NONE, data=halves("FAILURE", "NOT_ATTEMPTED", LATE, None)),
    "halves both failed": said(400, -2022, NONE, data=halves("FAILURE", "FAILURE", LATE, POOR)),
    "halves new refused": said(409, -2021, SOME, data=halves("SUCCESS", "FAILURE", canceled(), POOR)),
    "halves cancel failed": said(409, -2021, SOME, data=halves("FAILURE", "SUCCESS", LATE, placed(orderId=12510053280))),
    "halves limited": said(429, -2022, NONE, data=halves("FAILURE", "FAILURE", LATE, MANY)),
    "halves canceled only": said(429, -2021, SOME, data=halves("SUCCESS", "FAILURE", canceled(), MANY)),
    "halves filters first": said(400, -1013, "Filter failure: NOTIONAL"),
}
