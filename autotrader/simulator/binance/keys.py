"""API keys and their signatures: HMAC-SHA256 in hex, RSA PKCS#1 v1.5 and Ed25519 in base64 (binance.md section 2)."""

from __future__ import annotations

import hmac
from base64 import b64decode
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from autotrader.errors import ConfigError

__all__ = ["ApiKey", "KeyKind", "ws_payload"]

KeyKind = Literal["HMAC", "RSA", "ED25519"]


class ApiKey:
    """One key of the account: with a ``secret`` HMAC, with a ``public_key`` (PEM) RSA or Ed25519. Raises ConfigError."""

    def __init__(self, name: str, secret: str | None = None, *, public_key: str | None = None, can_trade: bool = True) -> None:
        self.name, self.can_trade = name, can_trade
        self._secret = b"" if secret is None else secret.encode()
        self._public: Ed25519PublicKey | RSAPublicKey | None = None
        self.kind: KeyKind = "HMAC"
        if public_key is not None:
            self._public = _load(public_key)
            self.kind = "ED25519" if isinstance(self._public, Ed25519PublicKey) else "RSA"

    def verifies(self, payload: str, signature: str) -> bool:
        """Say whether the signature is this key's over the payload."""
        data = payload.encode()
        if self._public is None:
            return hmac.compare_digest(hmac.digest(self._secret, data, "sha256").hex(), signature.lower())
        try:
            raw = b64decode(signature, validate=True)
            if isinstance(self._public, Ed25519PublicKey):
                self._public.verify(raw, data)
            else:
                self._public.verify(raw, data, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def _load(pem: str) -> Ed25519PublicKey | RSAPublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ConfigError(f"the public key cannot be read: {error}") from error
    if not isinstance(key, Ed25519PublicKey | RSAPublicKey):
        raise ConfigError("a public key must be RSA or Ed25519")
    return key


def ws_payload(params: dict[str, str]) -> str:
    """Return what a WebSocket request signs: its parameters sorted by name, joined raw, less the signature."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
