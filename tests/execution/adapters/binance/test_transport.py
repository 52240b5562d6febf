"""Calls as python-binance builds and signs them, held against the codec's own; and the library's facts that we build on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests
from binance_kit import OWN, SETTINGS, a_cancel, a_query, a_send
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from autotrader.errors import ConfigError, EncodeError
from autotrader.execution.adapters.binance.codec import (
    Call,
    CallKind,
    HmacSigner,
    Signer,
    account_call,
    api_restrictions_call,
    cancel_call,
    clock_call,
    exchange_info_call,
    query_call,
    rest_payload,
    signed_query,
    signer_of,
    submit_call,
)
from autotrader.execution.adapters.binance.transport import BinanceTransport, plain_pem
from autotrader.execution.adapters.http_wire import HttpRequest, encode_request

BASE = "http://127.0.0.1:1"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # published, binance.md section 2
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLACE = submit_call(a_send(), SETTINGS)


def pem_of(key: Any, password: str | None = None) -> str:
    lock = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


KEYS = {
    "hmac": SECRET, "ed25519": pem_of(ED25519), "ed25519 of another system": pem_of(ED25519).replace("\n", "\r\n"),
    "rsa": pem_of(RSA),
}  # fmt: skip


def sent_text(request: HttpRequest) -> str:
    """Return the parameters as they leave, query or body."""
    return request.target.partition("?")[2] if request.method == "GET" else request.body.decode()


def signed_by_codec(text: str, signer: Signer) -> str:
    params = tuple((name, value) for name, value in parse_qsl(text, keep_blank_values=True) if name != "signature")
    return signed_query(params, signer)


# ---------------------------------------------------------------- what leaves


@pytest.mark.parametrize(
    "call",
    [
        PLACE, cancel_call(a_cancel()), cancel_call(a_cancel(None)), query_call(a_query()), account_call(),
        api_restrictions_call(),
    ],
    ids=lambda call: f"{call.method} {call.path}",
)  # fmt: skip
@pytest.mark.parametrize("secret", KEYS.values(), ids=KEYS)
def test_the_library_signs_the_text_that_leaves_and_as_the_codec_does(call: Call, secret: str) -> None:
    text = sent_text(BinanceTransport(BASE, "key", secret).request(call))
    assert text == signed_by_codec(text, signer_of(secret))
    named = dict(parse_qsl(text))
    assert {name: named[name] for name, _ in call.params} == dict(call.params)
    assert named["recvWindow"] == "5000"
    assert abs(int(named["timestamp"]) - time.time() * 1000) < 60_000


def test_an_order_is_a_form_with_our_id_and_our_key() -> None:
    request = BinanceTransport(BASE, "key", SECRET).request(PLACE)
    headers = dict(request.headers)
    assert (request.method, request.target) == ("POST", "/api/v3/order")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["X-MBX-APIKEY"] == "key"
    assert dict(parse_qsl(request.body.decode()))["newClientOrderId"] == OWN
    assert encode_request(request, "h").startswith(b"POST /api/v3/order HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n")


def test_a_read_is_a_query_without_a_body() -> None:
    request = BinanceTransport(BASE, "key", SECRET).request(query_call(a_query()))
    assert request.target.startswith("/api/v3/order?orderId=28&recvWindow=5000&symbol=BTCUSDT&timestamp=")
    assert request.body == b""


def test_what_needs_no_signature_needs_no_key() -> None:
    transport = BinanceTransport(BASE)
    assert transport.request(clock_call()).target == "/api/v3/time"
    assert "X-MBX-APIKEY" not in dict(transport.request(clock_call()).headers)
    assert transport.request(exchange_info_call(("BTCUSDT", "ETHBTC"))).target == (
        "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%2C%22ETHBTC%22%5D"
    )
    with pytest.raises(EncodeError, match="no key"):
        transport.request(account_call())


@pytest.mark.parametrize("secret", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_symbol_in_another_script_is_signed_as_it_is_sent(method: str, secret: str) -> None:
    call = Call(CallKind.READ, method, "/api/v3/order", (("symbol", "币安人生USDT"),))
    text = sent_text(BinanceTransport(BASE, "key", secret).request(call))
    assert text == signed_by_codec(text, signer_of(secret))
    assert "symbol=%E5%B8%81" in text


def test_the_venues_clock_is_signed_by() -> None:
    transport = BinanceTransport(BASE, "key", SECRET)
    transport.set_clock_offset(3_600_000_000_000)
    stamp = int(dict(parse_qsl(sent_text(transport.request(account_call()))))["timestamp"])
    assert abs(stamp - 3_600_000 - time.time() * 1000) < 60_000


def test_the_window_is_ours() -> None:
    transport = BinanceTransport(BASE, "key", SECRET, recv_window_ms=2500)
    assert "recvWindow=2500&" in sent_text(transport.request(account_call()))
    with pytest.raises(ConfigError):
        BinanceTransport(BASE, "key", SECRET, recv_window_ms=60_001)


@pytest.mark.parametrize(
    "params",
    [
        (("newClientOrderId", "a:b"),), (("newClientOrderId", "a/b"),), (("note", "a b"),), (("note", "a&price=1"),),
        (("note", "ü"),), (("symbol", "A/B"),), (("symbol", "A B"),), (("symbol", "A"), ("symbol", "B")), (("timestamp", "1"),),
        (("recvWindow", "1"),), (("signature", "x"),), (("headers", "x"),), (("requests_params", "x"),),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_would_be_signed_in_one_form_and_sent_in_another_is_refused(params: Any, method: str) -> None:
    with pytest.raises(EncodeError):
        BinanceTransport(BASE, "key", SECRET).request(Call(CallKind.READ, method, "/api/v3/order", params))


def test_parameters_that_the_library_would_move_into_a_body_are_refused() -> None:
    with pytest.raises(EncodeError, match="as a body"):
        BinanceTransport(BASE, "key", SECRET).request(Call(CallKind.READ, "GET", "/x", (("batchOrders", "1"),)))


def test_an_order_without_our_id_is_refused() -> None:
    params = tuple(one for one in PLACE.params if one[0] != "newClientOrderId")
    with pytest.raises(EncodeError, match="newClientOrderId"):
        BinanceTransport(BASE, "key", SECRET).request(Call(CallKind.SUBMIT, "POST", PLACE.path, params))


def test_a_method_that_no_call_has_is_refused() -> None:
    with pytest.raises(EncodeError):
        BinanceTransport(BASE, "key", SECRET).request(Call(CallKind.READ, "PATCH", "/x"))


def test_a_call_keeps_its_parameters_for_the_next_attempt() -> None:
    transport = BinanceTransport(BASE, "key", SECRET)
    before = PLACE.params
    transport.request(PLACE)
    assert PLACE.params == before
    assert len(dict(parse_qsl(transport.request(PLACE).body.decode()))) == len(before) + 3


# ---------------------------------------------------------------- keys


def test_keys_with_a_passphrase_are_opened() -> None:
    for key in (ED25519, RSA):
        locked = pem_of(key, "pass")
        assert plain_pem(locked, "pass") == pem_of(key).strip()
        BinanceTransport(BASE, "key", locked, passphrase="pass").request(account_call())


@pytest.mark.parametrize("secret", [pem_of(ED25519)[:60], pem_of(RSA, "pass"), pem_of(ec.generate_private_key(ec.SECP256R1()))])
def test_a_key_that_is_none_is_refused_and_never_shown(secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        BinanceTransport(BASE, "key", secret)
    assert secret[30:50] not in str(caught.value)


# ---------------------------------------------------------------- threads and weight


def test_the_clients_event_loop_ends_with_the_transport() -> None:
    closed: list[bool] = []

    def live() -> None:
        transport = BinanceTransport(BASE, "key", SECRET)
        transport.request(account_call())
        transport.close()
        closed.append(transport._client.loop.is_closed())

    thread = threading.Thread(target=live)
    thread.start()
    thread.join(30)
    assert closed == [True]


def test_importing_the_transport_does_not_import_the_library() -> None:
    code = "import sys, autotrader, autotrader.execution.adapters.binance.transport; print('binance' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout == "False\n"


# ---------------------------------------------------------------- the library's facts


def library_client(**options: Any) -> Any:
    from binance.client import Client

    return Client("key", SECRET, **{"ping": False, **options})


class Kept:
    """A session that keeps what it is asked."""

    status_code, text = 200, ""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def close(self) -> None:
        pass

    def __getattr__(self, _: str) -> Any:
        return lambda uri, **kwargs: self.asked.append({"uri": uri, **kwargs}) or self


def test_fact_the_constructor_pings_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get(_: Any, uri: str, **__: Any) -> Any:
        asked.append(uri)
        return Kept()

    monkeypatch.setattr(requests.Session, "get", get)
    library_client()
    assert asked == []
    library_client(ping=True)
    assert asked == ["https://api.binance.com/api/v3/ping"]


def test_fact_the_window_of_a_call_is_overwritten() -> None:
    client = library_client()
    client.session = Kept()
    client.get_account(recvWindow=1234)
    assert "recvWindow=10000" in client.session.asked[0]["params"]


def test_fact_the_library_makes_up_an_id_of_its_own_and_writes_it_into_what_it_is_given() -> None:
    client = library_client()
    client.session = Kept()
    given: dict[str, Any] = {"symbol": "BTCUSDT"}
    client._post("order", True, data=given)
    assert "signature" in given
    client.create_order(symbol="BTCUSDT")
    assert dict(client.session.asked[1]["data"])["newClientOrderId"].startswith("x-HNA2TXFJ")


def test_fact_only_the_symbol_is_encoded_before_signing() -> None:
    client = library_client()
    client.session = Kept()
    client._post("order", True, data={"symbol": "BTC:USDT", "newClientOrderId": "a:b"})
    form = client.session.asked[0]["data"]
    signature = form[-1][1]
    unsigned = [(name, value) for name, value in form if name != "signature"]
    raw = "&".join(f"{name}={value}" for name, value in unsigned).replace("BTC:USDT", "BTC%3AUSDT")
    assert signature == HmacSigner(SECRET).sign(raw.encode())
    assert urlencode(unsigned) == rest_payload(unsigned)
    assert signature != HmacSigner(SECRET).sign(rest_payload(unsigned).encode())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the half-made client, when it is collected
def test_fact_a_key_longer_than_120_characters_is_taken_for_rsa() -> None:
    assert 118 <= len(plain_pem(pem_of(ED25519))) <= 119
    assert not library_client(private_key=plain_pem(pem_of(ED25519)))._is_rsa
    with pytest.raises(ValueError, match="RSA key format is not supported"):
        library_client(private_key=KEYS["ed25519 of another system"])


def test_fact_batch_orders_of_a_get_become_a_body() -> None:
    assert "data" in library_client()._get_request_kwargs("get", False, data={"batchOrders": "1"})


def test_fact_the_timestamp_is_the_machines_and_the_offset_in_ms() -> None:
    client = library_client()
    client.timestamp_offset = 5_000_000
    stamp = int(dict(client._get_request_kwargs("post", True, data={"a": "b"})["data"])["timestamp"])
    assert stamp > time.time() * 1000 + 4_000_000
