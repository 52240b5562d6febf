"""What is signed, and by which key. REST and the WebSocket API sign different texts of the same parameters.

Source: binance.md section 2 (DOCS "Request Security"). No text of a key ever shows in a repr or an error.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import quote

from autotrader.errors import ConfigError

__all__ = [
    "Ed25519Signer", "HmacSigner", "Params", "RsaSigner", "Signer", "rest_payload", "signed_query", "signer_of", "ws_payload",
]

Params = tuple[tuple[str, str], ...]
"""Parameters in the order in which they are sent."""


_SAFE = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
"""Text that percent-encoding leaves as it is: nearly all that is ever sent."""


class Signer(Protocol):
    """Signs bytes with one key; pure, safe from any thread."""

    def sign(self, payload: bytes) -> str:
        """Return the signature as text, before any percent-encoding."""


class HmacSigner:
    """HMAC-SHA256, hex."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        if not secret:
            raise ConfigError("the API secret is empty")
        self._secret = secret.encode()

    def sign(self, payload: bytes) -> str:
        """Return 64 hex digits."""
        return hmac.new(self._secret, payload, hashlib.sha256).hexdigest()


class RsaSigner:
    """RSA PKCS#1 v1.5 with SHA-256, base64."""

    __slots__ = ("_key",)

    def __init__(self, pem: str, password: str | None = None) -> None:
        self._key = _load_pem(pem, password, "RSA")

    def sign(self, payload: bytes) -> str:
        """Return base64."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return b64encode(self._key.sign(payload, padding.PKCS1v15(), hashes.SHA256())).decode("ascii")


class Ed25519Signer:
    """Ed25519, base64: the kind of key that the venue recommends."""

    __slots__ = ("_key",)

    def __init__(self, pem: str, password: str | None = None) -> None:
        self._key = _load_pem(pem, password, "Ed25519")

    def sign(self, payload: bytes) -> str:
        """Return base64."""
        return b64encode(self._key.sign(payload)).decode("ascii")


def _load_pem(pem: str, password: str | None, kind: str) -> Any:
    """Load a private key from PEM, with any line ends or a passphrase; raises ConfigError that shows nothing of it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.strip().encode(), None if password is None else password.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"the private key is not an {kind} key in PEM form, or its passphrase is wrong") from None
    wanted: type[Any] = {"RSA": RSAPrivateKey, "Ed25519": Ed25519PrivateKey}[kind]
    if not isinstance(key, wanted):
        raise ConfigError(f"the private key is a {type(key).__name__}, not an {kind} key")
    return key


def signer_of(secret: str, password: str | None = None) -> Signer:
    """Return the signer for a secret: PEM text is an RSA or Ed25519 key, whatever its length; all else is an HMAC secret."""
    if "-----BEGIN" not in secret:
        return HmacSigner(secret)
    try:
        return Ed25519Signer(secret, password)
    except ConfigError:
        return RsaSigner(secret, password)


def rest_payload(params: Iterable[tuple[str, str]]) -> str:
    """Return the text to sign for REST and to send as it is: percent-encoded, in the order given."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in params)


def _quoted(text: str) -> str:
    return text if _SAFE(text) is not None else quote(text, safe="")


def signed_query(params: Iterable[tuple[str, str]], signer: Signer) -> str:
    """Return the query string or form body of a signed REST call, its signature percent-encoded at the end."""
    payload = rest_payload(params)
    return f"{payload}&signature={quote(signer.sign(payload.encode('ascii')), safe='')}"


def ws_payload(params: Iterable[tuple[str, str]]) -> str:
    """Return the text to sign for the WebSocket API: sorted by name, raw, without ``signature``."""
    return "&".join(f"{name}={value}" for name, value in sorted(params) if name != "signature")
