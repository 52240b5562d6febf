"""What is signed, and by which key (binance.md section 2)."""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import parse_qsl, unquote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from autotrader.errors import ConfigError
from autotrader.execution.adapters.binance.codec import (
    Ed25519Signer,
    HmacSigner,
    RsaSigner,
    rest_payload,
    signed_query,
    signer_of,
    ws_payload,
)

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # published, binance.md section 2
PARAMS = (
    ("symbol", "LTCBTC"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"), ("quantity", "1"), ("price", "0.1"),
    ("recvWindow", "5000"), ("timestamp", "1499827319559"),
)
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, password: str | None = None) -> str:
    lock = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


def test_the_published_vector() -> None:
    assert rest_payload(PARAMS) == (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    )
    assert HmacSigner(SECRET).sign(rest_payload(PARAMS).encode()) == SIGNATURE
    assert signed_query(PARAMS, HmacSigner(SECRET)) == f"{rest_payload(PARAMS)}&signature={SIGNATURE}"


def test_rest_is_percent_encoded_before_it_is_signed() -> None:
    payload = rest_payload([("symbols", '["BTCUSDT"]'), ("x", "a b+c/ü:&=")])
    assert payload == "symbols=%5B%22BTCUSDT%22%5D&x=a%20b%2Bc%2F%C3%BC%3A%26%3D"


def test_the_web_socket_api_signs_the_raw_text_sorted_by_name() -> None:
    params = [("timestamp", "1"), ("apiKey", "k/ü"), ("signature", "never"), ("recvWindow", "5000")]
    assert ws_payload(params) == "apiKey=k/ü&recvWindow=5000&timestamp=1"


def test_ids_of_our_alphabet_read_the_same_both_ways() -> None:
    params = [("newClientOrderId", "0aZ-_.9"), ("symbol", "BTCUSDT")]
    assert rest_payload(params) == ws_payload(params)


def test_ed25519_signs_what_its_public_key_accepts() -> None:
    signature = Ed25519Signer(pem_of(ED25519)).sign(b"payload")
    ED25519.public_key().verify(b64decode(signature), b"payload")


def test_rsa_signs_pkcs1_with_sha256() -> None:
    signature = RsaSigner(pem_of(RSA)).sign(b"payload")
    RSA.public_key().verify(b64decode(signature), b"payload", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("signer", [Ed25519Signer(pem_of(ED25519)), RsaSigner(pem_of(RSA))])
def test_a_base64_signature_is_percent_encoded_itself(signer: Ed25519Signer | RsaSigner) -> None:
    query = signed_query(PARAMS, signer)
    payload, _, signature = query.rpartition("&signature=")
    assert payload == rest_payload(PARAMS)
    assert not set("+/=") & set(signature)
    assert unquote(signature) == signer.sign(payload.encode())


def test_the_kind_of_key_shows_from_the_secret() -> None:
    assert isinstance(signer_of(SECRET), HmacSigner)
    assert isinstance(signer_of(pem_of(ED25519)), Ed25519Signer)
    assert isinstance(signer_of(pem_of(RSA)), RsaSigner)


def test_a_key_with_windows_line_ends_or_a_passphrase_is_still_what_it_is() -> None:
    assert isinstance(signer_of(pem_of(ED25519).replace("\n", "\r\n")), Ed25519Signer)
    assert isinstance(signer_of(f"\n{pem_of(ED25519)}\n\n"), Ed25519Signer)
    assert isinstance(signer_of(pem_of(ED25519, "pass"), "pass"), Ed25519Signer)
    assert isinstance(signer_of(pem_of(RSA, "pass"), "pass"), RsaSigner)


@pytest.mark.parametrize("bad", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none_is_refused_without_showing_it(bad: str) -> None:
    with pytest.raises(ConfigError) as refused:
        signer_of(bad)
    assert "AAAA" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_wrong_passphrase_is_refused() -> None:
    with pytest.raises(ConfigError, match="passphrase"):
        signer_of(pem_of(ED25519, "pass"), "other")
    with pytest.raises(ConfigError, match="passphrase"):
        signer_of(pem_of(ED25519, "pass"))


def test_a_key_of_the_other_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="not an RSA key"):
        RsaSigner(pem_of(ED25519))
    with pytest.raises(ConfigError, match="not an Ed25519 key"):
        Ed25519Signer(pem_of(RSA))


def test_no_signer_shows_its_key() -> None:
    signer = HmacSigner(SECRET)
    assert SECRET not in repr(signer)
    assert not hasattr(signer, "__dict__")


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=20)), min_size=1, max_size=8))
def test_whatever_is_sent_reads_back_and_is_ascii(params: list[tuple[str, str]]) -> None:
    try:
        payload = rest_payload(params)
    except UnicodeEncodeError:  # lone surrogates are no text
        return
    assert payload.isascii()
    assert parse_qsl(payload, keep_blank_values=True) == params
