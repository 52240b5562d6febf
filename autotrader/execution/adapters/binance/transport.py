"""Calls of the codec made into requests by python-binance: it builds and signs, our own wire carries the bytes.

Its client is given a session that keeps what it is handed and answers with nothing, so that all the library does before the
wire is its own, and nothing after it. Source: binance.md sections 2 and 11; each trap named there has a test.
"""

from __future__ import annotations

import re
import threading
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode

from autotrader.errors import ConfigError, EncodeError
from autotrader.execution.adapters.binance.codec.calls import LONGEST_WINDOW_MS, Call, CallKind
from autotrader.execution.adapters.http_wire import HttpRequest

__all__ = ["BinanceTransport", "plain_pem"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE"})
_TAKEN: Final = frozenset({"headers", "requests_params", "signature", "timestamp", "recvWindow"})
_PLACES: Final = frozenset({CallKind.SUBMIT, CallKind.CANCEL_REPLACE})


class _Nothing:
    """What the recording session answers, in the form that the library looks at."""

    status_code, text = 200, ""


class _Recorder:
    """Stands where python-binance has its ``requests.Session``; keeps the request instead of sending it."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.taken: tuple[str, str, dict[str, str], Any] | None = None

    def get(self, uri: str, *, headers: dict[str, str], data: Any = None, params: str = "", **_: Any) -> _Nothing:
        return self._take("GET", f"{uri}?{params}" if params else uri, headers, data)

    def post(self, uri: str, *, headers: dict[str, str], data: Any = None, **_: Any) -> _Nothing:
        return self._take("POST", uri, headers, data)

    def put(self, uri: str, *, headers: dict[str, str], data: Any = None, **_: Any) -> _Nothing:
        return self._take("PUT", uri, headers, data)

    def delete(self, uri: str, *, headers: dict[str, str], data: Any = None, **_: Any) -> _Nothing:
        return self._take("DELETE", uri, headers, data)

    def close(self) -> None:
        """Do nothing: the client closes its session when it is collected."""

    def _take(self, method: str, uri: str, headers: dict[str, str], data: Any) -> _Nothing:
        self.taken = (method, uri, headers, data)
        return _Nothing()


class BinanceTransport:
    """One per connection, made and used in its thread: the library's client is not for several.

    ``base`` is ``https://host[:port]``. ``secret`` is an HMAC secret, or the PEM text of an RSA or Ed25519 key, which
    ``passphrase`` opens. Without a key only calls without a signature can be made. Raises ConfigError for a key that is none.
    """

    def __init__(
        self, base: str, api_key: str = "", secret: str = "", *, passphrase: str | None = None, recv_window_ms: int = 5000,
    ) -> None:
        if not 0 < recv_window_ms <= LONGEST_WINDOW_MS:
            raise ConfigError(f"recv_window_ms must be above 0 and at most {LONGEST_WINDOW_MS}, not {recv_window_ms}")
        self._base = base.rstrip("/")
        self._can_sign = bool(api_key and secret)
        self._client = _make_client(api_key, secret, passphrase)
        self._client.REQUEST_RECVWINDOW = recv_window_ms
        self._recorder = _Recorder(dict(self._client.session.headers))
        self._client.session.close()
        self._client.session = self._recorder

    def request(self, call: Call) -> HttpRequest:
        """Build and sign. Raises EncodeError for a call that would be signed as one text and sent as another, for a new order
        without our client id, and for one that needs a key where there is none.
        """  # noqa: D205
        self._check(call)
        data = dict(call.params) if call.is_signed else {name: _as_sent(name, value) for name, value in call.params}
        self._client._request(call.method.lower(), self._base + call.path, call.is_signed, data=data)
        taken, self._recorder.taken = self._recorder.taken, None
        assert taken is not None  # noqa: S101
        method, uri, headers, form = taken
        if form and method == "GET":
            raise EncodeError(f"{call.path}: the library would send these parameters of a GET as a body")
        body = form if isinstance(form, str) else urlencode(form) if form else ""
        every = {**self._recorder.headers, **headers}
        return HttpRequest(method, uri[len(self._base):], tuple(every.items()), body.encode("ascii"))

    def set_clock_offset(self, offset_ns: int) -> None:
        """Sign from now on by the venue's clock, which is ahead of ours by so much; the library counts in ms."""
        self._client.timestamp_offset = offset_ns // 1_000_000

    def close(self) -> None:
        """Close the event loop that the client made for this thread and never runs; a program's main one is left alone."""
        if threading.current_thread() is not threading.main_thread():
            self._client.loop.close()

    def _check(self, call: Call) -> None:
        if call.method not in _METHODS:
            raise EncodeError(f"no call is made by {call.method}")
        if call.is_signed and not self._can_sign:
            raise EncodeError(f"{call.method} {call.path} has to be signed, and there is no key")
        named = dict(call.params)
        if len(named) != len(call.params):
            raise EncodeError(f"{call.method} {call.path} names a parameter twice: the library would drop one")
        if call.kind in _PLACES and not named.get("newClientOrderId"):
            raise EncodeError(f"{call.path} without newClientOrderId: the library or the venue would make one up")
        for name, value in call.params:
            if name in _TAKEN:
                raise EncodeError(f"{name} means something else to the library")
            if call.is_signed and not _is_sent_as_signed(name, value):
                raise EncodeError(f"{name}={value[:80]!r} would be signed in one form and sent in another")


def _is_sent_as_signed(name: str, value: str) -> bool:
    """Say whether percent-encoding changes nothing; the library encodes ``symbol``, and only that, before it signs."""
    return _PLAIN(value) is not None or (name == "symbol" and quote(value) == quote_plus(value))


def _as_sent(name: str, value: str) -> str:
    """Encode what the library would put into a query as it is."""
    return value if name == "symbol" else quote(value, safe="")


def _make_client(api_key: str, secret: str, passphrase: str | None) -> Any:
    from binance.client import Client  # over half a second and 40 MB: only where there is a connection

    if "-----BEGIN" in secret:
        return Client(api_key, private_key=plain_pem(secret, passphrase), ping=False)
    return Client(api_key or None, secret or None, ping=False)


def plain_pem(pem: str, passphrase: str | None = None) -> str:
    """Return a private key as PEM without passphrase and with line ends of one byte; raises ConfigError, showing nothing of it.

    The library takes a key of more than 120 characters for RSA, and an Ed25519 key has 118 in this form alone.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(pem.strip().encode(), None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError("the private key is no key in PEM form, or its passphrase is wrong") from None
    if not isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
        raise ConfigError(f"the private key is a {type(key).__name__}: Binance takes RSA and Ed25519")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii").strip()
