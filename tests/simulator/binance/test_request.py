from __future__ import annotations

import contextlib
import hashlib
import hmac
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import ConfigError
from autotrader.simulator.binance.credentials import Credentials
from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.keys import ApiKey, ws_payload
from autotrader.simulator.binance.request import read_request

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PAYLOAD = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def test_the_published_vector_verifies_from_query_body_or_both() -> None:
    """binance.md section 2: query and body are joined without a separator."""
    key = ApiKey("k", SECRET)
    for query, body in ((PAYLOAD, ""), ("", PAYLOAD), (PAYLOAD[:40], PAYLOAD[40:])):
        sign = f"&signature={SIGNATURE}"
        asked = read_request(query + sign, body) if query else read_request(query, body + sign)
        assert asked.payload == PAYLOAD
        assert key.verifies(asked.payload, asked.signature or "")
    assert not key.verifies(PAYLOAD + "0", SIGNATURE)
    assert key.verifies(PAYLOAD, SIGNATURE.upper())


def test_the_query_wins_over_the_body_and_a_duplicate_within_one_is_refused() -> None:
    assert read_request("a=1&b=2", "a=3&c=4").params == {"a": "1", "b": "2", "c": "4"}
    with pytest.raises(ApiError) as refused:
        read_request("a=1&a=2")
    assert refused.value.code == -1101


def test_values_are_decoded_and_the_payload_is_not() -> None:
    asked = read_request("symbols=%5B%22A%22%5D&x=a+b&signature=ab%2Fc%3D")
    assert (asked.params, asked.signature) == ({"symbols": '["A"]', "x": "a b"}, "ab/c=")
    assert asked.payload == "symbols=%5B%22A%22%5D&x=a+b"


def test_text_that_was_not_percent_encoded_is_an_invalid_signature() -> None:
    for text in ("a=ü", "a=b c"):
        with pytest.raises(ApiError) as refused:
            read_request(text)
        assert refused.value.code == -1022


@given(st.text(), st.text())
def test_any_text_is_read_or_refused_with_a_code(query: str, body: str) -> None:
    with contextlib.suppress(ApiError):
        assert "signature" not in read_request(query, body).params


def test_the_websocket_payload_is_sorted_and_raw() -> None:
    assert ws_payload({"b": "ü:/", "a": "1", "signature": "s"}) == "a=1&b=ü:/"


def test_every_kind_of_key_verifies_its_own_signatures_only() -> None:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    credentials = Credentials(7)
    for kind, sign in (
        ("ed25519", lambda key: key.sign(b"x=1")), ("rsa", lambda key: key.sign(b"x=1", PKCS1v15(), SHA256())),
    ):  # fmt: skip
        told = credentials.told[kind]
        signature = b64encode(sign(load_pem_private_key(told["private_key"].encode(), None))).decode()
        key = credentials.keys[told["api_key"]]
        assert key.kind == kind.upper()
        assert key.verifies("x=1", signature)
        assert not key.verifies("x=2", signature)
        assert not key.verifies("x=1", "not base64!")
    secret = credentials.told["api_secret"].encode()
    assert credentials.keys[credentials.told["api_key"]].verifies("x=1", hmac.new(secret, b"x=1", hashlib.sha256).hexdigest())


def test_one_seed_gives_one_set_of_keys() -> None:
    first, second, other = (Credentials(seed, with_rsa=False).told for seed in (1, 1, 2))
    assert first == second
    assert first["api_key"] != other["api_key"]


def test_a_key_of_another_kind_is_no_key() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for text in (public.decode(), "nonsense"):
        with pytest.raises(ConfigError):
            ApiKey("k", public_key=text)
