"""Raw requests and sockets to the simulated venue, as a client that checks everything would send them."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import websocket
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from simulator_kit import RunningVenue

__all__ = ["Answered", "Caller", "UserSocket", "dial", "ending"]

WAIT_S = 10.0


class Answered:
    """Status, headers and JSON body of an answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.raw = response.status, response.headers, response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class Caller:
    """A REST client with the venue's HMAC key. ``offset_ms`` is how far its clock is off."""

    def __init__(self, venue: RunningVenue) -> None:
        self.venue, self.offset_ms = venue, 0
        self.key, self._secret = venue.credentials["api_key"], venue.credentials["api_secret"].encode()

    def sign(self, payload: str) -> str:
        return hmac.new(self._secret, payload.encode(), hashlib.sha256).hexdigest()

    def signed(self, params: dict[str, Any]) -> str:
        text = urlencode({**params, "timestamp": int(time.time() * 1000) + self.offset_ms}, quote_via=quote)
        return f"{text}&signature={self.sign(text)}"

    def send(
        self, method: str, path: str, query: str = "", body: str = "", timeout_s: float = WAIT_S, **headers: str
    ) -> Answered:
        connection = http.client.HTTPConnection(self.venue.ready["host"], self.venue.ready["port"], timeout=timeout_s)
        sent = {"X-MBX-APIKEY": self.key, **headers}
        try:
            connection.request(method, f"{path}?{query}" if query else path, body or None, sent)
            return Answered(connection.getresponse())
        finally:
            connection.close()

    def call(self, method: str, path: str, timeout_s: float = WAIT_S, **params: Any) -> Answered:
        """Send a signed request: in the query for GET, else in the body."""
        text = self.signed(params)
        query, body = (text, "") if method == "GET" else ("", text)
        return self.send(method, f"/api/v3/{path}", query, body, timeout_s)

    def place(self, timeout_s: float = WAIT_S, **changes: Any) -> Answered:
        """Place a LIMIT BUY of 0.01 BTCUSDT at 49000."""
        terms = {
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "49000",
        }  # fmt: skip
        return self.call("POST", "order", timeout_s, **{**terms, **changes})


def dial(address: str) -> websocket.WebSocket:
    """Open a socket."""
    return websocket.create_connection(address, timeout=WAIT_S, suppress_origin=True)


def ending(socket: websocket.WebSocket) -> int:
    """Return the code with which the other side closes; what comes before is passed over."""
    for _ in range(1000):
        opcode, data = socket.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2], "big")
    raise AssertionError("it is not closed")


class UserSocket:
    """A connection to the WebSocket API; answers and events are kept apart."""

    def __init__(self, venue: RunningVenue, options: str = "") -> None:
        self.caller = Caller(venue)
        self.socket = dial(venue.ready["ws"] + options)
        self.events: list[dict[str, Any]] = []
        self._number = 0

    def __enter__(self) -> UserSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        self._number += 1
        self.socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            frame = json.loads(self.socket.recv())
            if frame.get("id") == self._number:
                return frame  # type: ignore[no-any-return]
            self.events.append(frame)

    def ask_signed(self, method: str, **params: Any) -> dict[str, Any]:
        """Sign with the HMAC key and ask."""
        return self.ask(method, **self._signed(params, self.caller.key, self.caller.sign))

    def ask_ed25519(self, method: str, **params: Any) -> dict[str, Any]:
        """Sign with the Ed25519 key and ask."""
        keys: Any = self.caller.venue.credentials["ed25519"]
        private: Any = load_pem_private_key(keys["private_key"].encode(), None)

        def sign(text: str) -> str:
            return b64encode(private.sign(text.encode())).decode()

        return self.ask(method, **self._signed(params, keys["api_key"], sign))

    def _signed(self, params: dict[str, Any], key: str, sign: Callable[[str], str]) -> dict[str, Any]:
        whole = {**params, "apiKey": key, "timestamp": int(time.time() * 1000)}
        return {**whole, "signature": sign("&".join(f"{name}={whole[name]}" for name in sorted(whole)))}

    def event(self) -> dict[str, Any]:
        """Return the next frame that is no answer."""
        return self.events.pop(0) if self.events else json.loads(self.socket.recv())
