"""Requests and answers of the WebSocket API as text (DOCS web-socket-api.md). Pure."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from autotrader.simulator.binance.errors import ApiError, malformed

__all__ = ["WsRequest", "answer_text", "error_text", "event_text", "read_ws_request"]

_encode: Final = msgspec.json.Encoder().encode


class _Envelope(msgspec.Struct):
    method: str = ""
    id: str | int | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")


class WsRequest(msgspec.Struct, frozen=True, gc=False):
    """One request; numbers in ``params`` are the text that was sent."""

    id: str | int | None
    method: str
    params: dict[str, str]


_envelope: Final = msgspec.json.Decoder(_Envelope)


def read_ws_request(text: str | bytes) -> WsRequest:
    """Read a request. Raises ApiError -1135 or -1102, with the id as ``data`` where it could be read."""
    try:
        envelope = _envelope.decode(text)
        params = json.loads(bytes(envelope.params), parse_int=str, parse_float=str)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ApiError(-1135) from None
    if not envelope.method:
        raise malformed("method")
    if not isinstance(params, dict):
        raise ApiError(-1135, "JSON sent for parameter 'params' is not valid")
    return WsRequest(envelope.id, envelope.method, {name: _text(value) for name, value in params.items()})


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else json.dumps(value, separators=(",", ":"))


def answer_text(request_id: Any, result: Any, limits: list[dict[str, Any]] | None) -> bytes:
    """Return the answer to a request that was done."""
    told = {"id": request_id, "status": 200, "result": result}
    if limits is not None:
        told["rateLimits"] = limits
    return _encode(told)


def error_text(request_id: Any, error: ApiError, limits: list[dict[str, Any]] | None) -> bytes:
    """Return the answer to a request that was not."""
    told = {"id": request_id, "status": error.status, "error": error.body()}
    if limits is not None:
        told["rateLimits"] = limits
    return _encode(told)


def event_text(event: dict[str, Any], subscription: int | None) -> bytes:
    """Return a user data event as it is wrapped; those about the server have no subscription."""
    return _encode({"event": event} if subscription is None else {"subscriptionId": subscription, "event": event})
