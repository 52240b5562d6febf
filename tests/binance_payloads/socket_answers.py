"""Answers of the WebSocket API (DOCS web-socket-api.md "Response format", "Rate limits", user data requests)."""

from __future__ import annotations

from typing import Any

import msgspec

from binance_payloads.answers import placed
from binance_payloads.errors import LATE, SOME, halves

raw = msgspec.json.encode
LIMITS: list[dict[str, Any]] = [
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50, "count": 12},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000, "count": 4043},
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 321},
]


def answer(status: int, **more: Any) -> bytes:
    return raw({"id": "e2a85d9f-07a5-4f94-8d5f-789dc3deb097", "status": status, **more, "rateLimits": LIMITS})


SOCKET_ANSWERS: dict[str, bytes] = {
    "socket subscribed": answer(200, result={"subscriptionId": 0}),
    "socket order": answer(200, result=placed()),
    "socket without limits": raw({"id": 2, "status": 200, "result": {"serverTime": 1656400527891}}),
    "socket nothing": raw({"id": "a", "status": 200, "result": {}}),
    "socket list": answer(200, result=[]),
    "socket 400": answer(400, error={"code": -1102, "msg": "Mandatory parameter 'symbol' was not sent, was empty/null..."}),
    "socket 400 twice": answer(400, error={"code": -2035, "msg": "User Data Stream subscription already active."}),
    "socket 401": raw({"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions..."}}),
    "socket 403": answer(403, error={"code": -1000, "msg": "Blocked."}),
    "socket 409": answer(409, error={
        "code": -2021, "msg": SOME, "data": halves("FAILURE", "SUCCESS", LATE, placed(orderId=12569099453)),
    }),
    "socket 418": answer(418, error={
        "code": -1003, "msg": "Way too much request weight used; IP banned until 1659146400000. Please use WebSocket...",
        "data": {"serverTime": 1659142907531, "retryAfter": 1659146400000},
    }),
    "socket 429": answer(429, error={
        "code": -1015, "msg": "Too many new orders.", "data": {"serverTime": 1659142907531, "retryAfter": 1659142910000},
    }),
    "socket 503": answer(503, error={"code": -1007, "msg": "Timeout waiting for response from backend server. Send..."}),
    "socket bad json": raw({"id": None, "status": 400, "error": {"code": -1135, "msg": "Invalid JSON"}, "rateLimits": []}),
}
