"""Connecting: look the host up, connect, shake hands, all under one limit, and so that another thread can break it off.

What fails here was certainly not sent (binance.md section 8). Nothing here reads proxies from the environment.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from autotrader.errors import AutotraderError, ConfigError
from autotrader.execution.adapters.loopback import is_loopback

__all__ = ["Endpoint", "WireFailed", "dial", "endpoint_of", "shut_down", "tls_context"]

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_LOOK_S = 0.1  # how often a look-up, which nothing can interrupt, asks whether it is still wanted
_KEEPALIVE_S = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}


class WireFailed(AutotraderError):
    """A wire did not do what it was asked; ``code`` says in one word what happened to it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Endpoint(NamedTuple):
    """Where to connect."""

    host: str
    port: int
    is_tls: bool
    path: str = ""

    @property
    def authority(self) -> str:
        """Host and port as a ``Host`` header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def endpoint_of(url: str) -> Endpoint:
    """Read ``https://host[:port][/path]`` or ``wss://...``; plain ``http`` and ``ws`` only for loopback, else ConfigError."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in _PORTS or not parts.hostname or port == 0 or parts.username or parts.fragment:
        raise ConfigError(f"{url} is not a place to connect to: https://host[:port] or wss://host[:port]")
    is_tls = parts.scheme in ("https", "wss")
    if not is_tls and not is_loopback(parts.hostname):
        raise ConfigError(f"{url} is not encrypted: only a host of this machine may be spoken to without TLS")
    query = f"?{parts.query}" if parts.query else ""
    return Endpoint(parts.hostname, port or _PORTS[parts.scheme], is_tls, f"{parts.path}{query}")


@cache
def tls_context() -> ssl.SSLContext:
    """Return the context of all our connections: certificates and names are verified. Any thread."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def dial(
    endpoint: Endpoint, timeout_s: float, *, tls: ssl.SSLContext | None = None,
    hold: Callable[[socket.socket], object] = lambda _: None, is_wanted: Callable[[], bool] = lambda: True,
) -> socket.socket:  # fmt: skip
    """Return a connected socket within ``timeout_s`` seconds in all; raises WireFailed DNS, CONNECT, CONNECT_TIMEOUT or TLS.

    ``hold`` is given each socket before it is waited for: shutting it from another thread ends the attempt at once.
    """
    deadline = time.monotonic() + timeout_s
    failed = WireFailed("DNS", f"{endpoint.host} has no address")
    for family, _, _, _, address in _look_up(endpoint, deadline, is_wanted):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            hold(sock)
            _connect(sock, address, endpoint, deadline)
            return sock if not endpoint.is_tls else _shake_hands(sock, endpoint, deadline, tls or tls_context(), hold)
        except WireFailed as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
    raise failed


def _look_up(endpoint: Endpoint, deadline: float, is_wanted: Callable[[], bool]) -> list[Any]:
    """Look up in a thread of its own: the resolver knows no time-out, and who waits for it would be taken for hung."""
    found: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found.put(socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else OSError(str(error)))

    try:
        ip_address(endpoint.host)
        ask()
    except ValueError:
        threading.Thread(target=ask, name=f"look-up {endpoint.host}", daemon=True).start()
    while (left := deadline - time.monotonic()) > 0 and is_wanted():
        try:
            answer = found.get(timeout=min(left, _LOOK_S))
        except queue.Empty:
            continue
        if isinstance(answer, OSError):
            raise WireFailed("DNS", f"{endpoint.host} cannot be looked up: {answer}") from answer
        return answer
    raise WireFailed("DNS", f"{endpoint.host} was not looked up in time")


def _connect(sock: socket.socket, address: Any, endpoint: Endpoint, deadline: float) -> None:
    where = f"{endpoint.host} port {endpoint.port}"
    try:
        _tune(sock)
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        sock.connect(address)
    except TimeoutError as error:
        raise WireFailed("CONNECT_TIMEOUT", f"{where} did not answer in time") from error
    except OSError as error:
        raise WireFailed("CONNECT", f"{where}: {error.strerror or error}") from error


def _shake_hands(
    sock: socket.socket, endpoint: Endpoint, deadline: float, tls: ssl.SSLContext, hold: Callable[[socket.socket], object]
) -> ssl.SSLSocket:
    """Begin TLS; the socket that was given is spent, whatever comes of it."""
    wrapped = sock
    try:
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        wrapped = tls.wrap_socket(sock, server_hostname=endpoint.host, do_handshake_on_connect=False)
        hold(wrapped)
        wrapped.do_handshake()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        wrapped.close()
        raise WireFailed("TLS", f"{endpoint.host} port {endpoint.port}: {error}") from error
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _tune(sock: socket.socket) -> None:
    """Send small requests at once, and have the kernel notice within seconds that an idle peer is gone."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE_S.items():
        option = getattr(socket, name, None)  # macOS names them otherwise, and does without
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def shut_down(sock: socket.socket) -> None:
    """Shut a socket, from any thread; raises OSError when it is not connected.

    ``SSLSocket.shutdown`` would first drop the encryption, and a thread inside ``send`` go on in plain text.
    """
    socket.socket.shutdown(sock, socket.SHUT_RDWR)
