"""Where Binance is reached: the environments of binance.md section 1, and which mode may speak to which host (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from autotrader.errors import ConfigError
from autotrader.execution.adapters.loopback import is_loopback
from autotrader.model import Mode

__all__ = ["ENVIRONMENTS", "PUBLIC", "USUAL", "Hosts", "check_hosts"]


class Hosts(msgspec.Struct, frozen=True):
    """Three doors of one environment.

    ``rest`` is scheme://host:port without a path, ``ws`` the whole URL of the WebSocket API (requests and user data),
    ``stream`` the base of the market streams.
    """

    rest: str
    ws: str
    stream: str

    @property
    def place(self) -> str:
        """Return host and port of ``rest``, which the account's lock is keyed by."""
        return urlsplit(self.rest).netloc


ENVIRONMENTS: Final[Mapping[str, Hosts]] = {
    "live": Hosts(
        "https://api.binance.com", "wss://ws-api.binance.com:443/ws-api/v3", "wss://stream.binance.com:9443"
    ),
    "testnet": Hosts(
        "https://testnet.binance.vision", "wss://ws-api.testnet.binance.vision/ws-api/v3", "wss://stream.testnet.binance.vision"
    ),
    "demo": Hosts(
        "https://demo-api.binance.com", "wss://demo-ws-api.binance.com/ws-api/v3", "wss://demo-stream.binance.com"
    ),
}
PUBLIC: Final = Hosts("https://data-api.binance.vision", "", "wss://data-stream.binance.vision")
"""Public market data without a key; it has no WebSocket API."""

USUAL: Final = {Mode.LIVE: "live", Mode.TESTNET: "testnet", Mode.SIMULATED: "custom"}
"""The environment of each mode, where the configuration names none."""

_LIVE: Final = frozenset({
    "api.binance.com", "api-gcp.binance.com", "api1.binance.com", "api2.binance.com", "api3.binance.com", "api4.binance.com",
    "ws-api.binance.com", "stream.binance.com",
})
_TESTNET: Final = frozenset({
    "testnet.binance.vision", "ws-api.testnet.binance.vision", "stream.testnet.binance.vision", "demo-api.binance.com",
    "demo-ws-api.binance.com", "demo-stream.binance.com",
})
_SCHEMES: Final = {"rest": ("https", "http"), "ws": ("wss", "ws"), "stream": ("wss", "ws")}


def check_hosts(hosts: Hosts, mode: Mode) -> None:
    """Refuse a host that the mode may not speak to: real money only at live hosts, a rehearsal never there.

    Raises ConfigError that names the key.
    """
    for key, (encrypted, plain) in _SCHEMES.items():
        url = _url(key, getattr(hosts, key), (encrypted, plain))
        host = url.hostname or ""
        if mode is Mode.SIMULATED and not is_loopback(host):
            raise _no(key, host, "mode SIMULATED speaks to this machine alone (127.0.0.1, ::1 or localhost)")
        if mode is Mode.LIVE and host not in _LIVE:
            raise _no(key, host, f"mode LIVE speaks to Binance's live hosts alone: {', '.join(sorted(_LIVE))}")
        if mode is Mode.TESTNET and host not in _TESTNET:
            raise _no(key, host, f"mode TESTNET speaks to the testnet or demo alone: {', '.join(sorted(_TESTNET))}")
        if url.scheme == plain and not is_loopback(host):
            raise _no(key, host, f"it must be reached by {encrypted}://, not {plain}://")
        if mode is not Mode.SIMULATED and _is_demo(host) != _is_demo(urlsplit(hosts.rest).hostname or ""):
            raise _no(key, host, "rest, ws and stream must be of one environment")


def _url(key: str, text: str, schemes: tuple[str, str]) -> SplitResult:
    try:
        url = urlsplit(text)
        plain = not (url.username or url.query or url.fragment) and (key == "ws" or url.path in ("", "/"))
        if url.scheme in schemes and url.hostname and plain and url.port != 0:
            return url
    except ValueError as error:
        raise ConfigError(f"venues.binance.{key}: {text!r} is no URL: {error}") from error
    path = "with its path" if key == "ws" else "without a path"
    raise ConfigError(f"venues.binance.{key} must read {schemes[0]}://host:port {path}, not {text!r}")


def _is_demo(host: str) -> bool:
    return host.startswith("demo-")


def _no(key: str, host: str, why: str) -> ConfigError:
    return ConfigError(f"venues.binance.{key}: {host} cannot be used: {why}")
