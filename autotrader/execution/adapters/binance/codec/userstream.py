"""Requests on the WebSocket API: the subscription to user data (binance.md sections 2 and 5)."""

from __future__ import annotations

import msgspec

from autotrader.errors import EncodeError
from autotrader.execution.adapters.binance.codec.signing import Signer, ws_payload

__all__ = ["subscribe_user_data", "unsubscribe_user_data"]


def subscribe_user_data(
    request_id: str, api_key: str, signer: Signer, timestamp_ms: int, recv_window_ms: int | None = None,
) -> str:
    """Return the frame of ``userDataStream.subscribe.signature``: any kind of key, once per account and connection."""
    params: dict[str, str | int] = {"apiKey": api_key, "timestamp": timestamp_ms}
    if recv_window_ms is not None:
        if not 0 < recv_window_ms <= 60_000:
            raise EncodeError(f"recvWindow must be above 0 and at most 60000 ms, not {recv_window_ms}")
        params["recvWindow"] = recv_window_ms
    payload = ws_payload((name, str(value)) for name, value in params.items())
    params["signature"] = signer.sign(payload.encode())
    return _frame(request_id, "userDataStream.subscribe.signature", params)


def unsubscribe_user_data(request_id: str, subscription: int | None = None) -> str:
    """Return the frame that ends one subscription, or all of the connection."""
    params = {} if subscription is None else {"subscriptionId": subscription}
    return _frame(request_id, "userDataStream.unsubscribe", params)


def _frame(request_id: str, method: str, params: object) -> str:
    return msgspec.json.encode({"id": request_id, "method": method, "params": params}).decode()
