"""The API keys of the simulated account: one of each kind, the same for every start with one seed, but for the RSA key."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from autotrader.simulator.binance.keys import ApiKey

__all__ = ["Credentials"]


class Credentials:
    """The keys by name, and what the ready file tells of them: ``api_key`` and ``api_secret`` are the HMAC key's."""

    def __init__(self, seed: int, *, with_rsa: bool = True) -> None:
        name, secret = _word(seed, "key"), _word(seed, "secret")
        self.keys = {name: ApiKey(name, secret)}
        self.told: dict[str, Any] = {"api_key": name, "api_secret": secret}
        material = sha256(f"autotrader/binance/{seed}/ed25519".encode()).digest()
        self._add("ed25519", _word(seed, "ed25519 key"), ed25519.Ed25519PrivateKey.from_private_bytes(material))
        if with_rsa:
            self._add("rsa", _word(seed, "rsa key"), rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def _add(self, kind: str, name: str, private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> None:
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.keys[name] = ApiKey(name, public_key=public)
        self.told[kind] = {"api_key": name, "private_key": _pem(private)}


def _word(seed: int, what: str) -> str:
    return sha256(f"autotrader/binance/{seed}/{what}".encode()).hexdigest()


def _pem(private: PrivateKeyTypes) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
