"""One keep-alive HTTP/1.1 session to one host: connect, send, read, each a step of its own.

``requests`` cannot say what was on the wire when it failed, nor let the gate stand directly before the write, nor end a trickle
of a byte a second; here connecting, sending and reading fail apart, the head and body of a request leave in one piece, and a
deadline holds for all of it. http.client parses the answers. One thread uses a wire; ``shut`` may be called from any.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Final, NamedTuple

from autotrader.errors import EncodeError
from autotrader.execution.adapters.dial import Endpoint, WireFailed, dial, shut_down

__all__ = ["BODY_CAP", "HttpAnswer", "HttpRequest", "HttpWire", "encode_request"]

BODY_CAP: Final = 8 << 20
_HEAD_CAP: Final = 1 << 20
_TARGET: Final = re.compile(r"/[!-~]*").fullmatch
_HEADER: Final = re.compile(r"[A-Za-z0-9-]+: [ -~]*").fullmatch
_OWN: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect"})


class HttpRequest(NamedTuple):
    """A request as it is to leave. ``headers`` name neither host, lengths nor encodings: those are the wire's own."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class HttpAnswer(NamedTuple):
    """An answer that was read to its end; ``headers`` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def encode_request(request: HttpRequest, authority: str) -> bytes:
    """Return the bytes of a request; raises EncodeError for what would not stay one request."""
    lines = [f"{name}: {value}" for name, value in request.headers if name.lower() not in _OWN]
    if _TARGET(request.target) is None or not request.method.isalpha() or not all(map(_HEADER, lines)):
        raise EncodeError(f"{request.method} {request.target[:80]!r} has characters that no request may have")
    head = [f"{request.method} {request.target} HTTP/1.1", f"Host: {authority}", "Accept-Encoding: identity", *lines]
    if request.body or request.method != "GET":
        head.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + request.body


class _Deadline(io.RawIOBase):
    """A socket read under a deadline and a cap on bytes, both of one answer; or, ``probing``, without waiting."""

    def __init__(self, sock: socket.socket, monotonic_ns: Callable[[], int]) -> None:
        self._sock, self._monotonic_ns = sock, monotonic_ns
        self.deadline_ns = 0
        self.left = 0
        self.probing = self.is_stale = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        if self.probing:
            return self._probe(buffer)
        left_ns = self.deadline_ns - self._monotonic_ns()
        if left_ns <= 0:
            raise TimeoutError
        self._sock.settimeout(left_ns / 1e9)
        size = self._sock.recv_into(buffer)
        self.left -= size
        if self.left < 0:
            raise WireFailed("TOO_LARGE", "an answer without end")
        return size

    def _probe(self, buffer: memoryview) -> int | None:
        self._sock.settimeout(0)
        try:
            size = self._sock.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            size = 0
        self.is_stale = True  # its end, or words that nobody asked for
        return size


class _Kept(io.BufferedReader):
    """A reader that outlives the answers read from it."""

    def close(self) -> None:
        """Leave it open: http.client closes the reader of each answer."""


class HttpWire:
    """A session, not connected yet. ``monotonic_ns`` is the clock of all deadlines; ``tls`` replaces the usual verification.

    Methods raise WireFailed and have closed the connection when they do.
    """

    def __init__(
        self, endpoint: Endpoint, *, monotonic_ns: Callable[[], int] = time.monotonic_ns, tls: ssl.SSLContext | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._monotonic_ns, self._tls = monotonic_ns, tls
        self._sock: socket.socket | None = None
        self._raw: _Deadline
        self._reader: _Kept

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._sock is not None

    def open(self, timeout_s: float) -> None:
        """Connect anew; codes as ``dial``. Nothing of a request has left when this fails."""
        self.close()
        sock = dial(self.endpoint, timeout_s, tls=self._tls)
        self._raw = _Deadline(sock, self._monotonic_ns)
        self._reader = _Kept(self._raw, 16_384)
        self._sock = sock

    def is_fresh(self) -> bool:
        """Say whether a request may go out on this connection; if not, it is closed.

        One that the server has closed is not fresh, nor one where something lies that belongs to no request: the next answer
        would be taken for that of another.
        """
        if self._sock is None:
            return False
        self._raw.probing, self._raw.is_stale = True, False
        left = self._reader.peek(1)
        self._raw.probing = False
        if left or self._raw.is_stale:
            self.close()
        return self._sock is not None

    def send(self, data: bytes, deadline_ns: int) -> None:
        """Hand all bytes to the kernel in one piece. Codes TIMEOUT, RESET: any part of them may have left."""
        if self._sock is None:
            raise WireFailed("CLOSED", "the connection is closed")
        try:
            self._sock.settimeout(max(deadline_ns - self._monotonic_ns(), 1_000_000) / 1e9)
            self._sock.sendall(data)
        except TimeoutError as error:
            raise self._broken("TIMEOUT", "the request could not be written in time") from error
        except OSError as error:
            raise self._broken("RESET", f"while writing: {error.strerror or error}") from error

    def read(self, method: str, deadline_ns: int) -> HttpAnswer:
        """Read the answer to the request that was sent; a redirect is an answer like any other.

        Codes TIMEOUT, CLOSED (no byte came), RESET, CUT (ended before its end), TOO_LARGE, UNREADABLE.
        """
        self._raw.deadline_ns, self._raw.left = deadline_ns, BODY_CAP + _HEAD_CAP
        try:
            return self._read(method)
        except WireFailed as error:
            raise self._broken(error.code, str(error)) from error
        except TimeoutError as error:
            raise self._broken("TIMEOUT", "no whole answer in time") from error
        except ConnectionResetError as error:  # http.client's RemoteDisconnected is one
            came = "before any answer" if self._raw.left == BODY_CAP + _HEAD_CAP else "in the middle of an answer"
            raise self._broken("CLOSED", f"the venue closed the connection {came}") from error
        except IncompleteRead as error:
            raise self._broken("CUT", "the body ended before its end") from error
        except OSError as error:
            raise self._broken("RESET", f"while reading: {error.strerror or error}") from error
        except (HTTPException, ValueError, OverflowError, zlib.error) as error:
            raise self._broken("UNREADABLE", f"not an HTTP answer: {type(error).__name__} {str(error)[:80]!r}") from error

    def _read(self, method: str) -> HttpAnswer:
        response = HTTPResponse(self, method=method)  # type: ignore[arg-type]  # all it asks of a socket is makefile
        response.begin()
        if response.status < 200:
            raise WireFailed("UNREADABLE", f"an interim answer, HTTP {response.status}, that was not asked for")
        if response.length is None and not response.chunked:
            raise WireFailed("CUT", f"HTTP {response.status} without a length: its end cannot be told from a cut")
        if response.length is not None and response.length > BODY_CAP:
            raise WireFailed("TOO_LARGE", f"a body of {response.length} bytes")
        body = response.read(BODY_CAP + 1)
        if len(body) > BODY_CAP:
            raise WireFailed("TOO_LARGE", f"a body of more than {BODY_CAP} bytes")
        if response.length:
            raise WireFailed("CUT", f"{response.length} bytes of the body are missing")
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.will_close:
            self.close()
        encoding = headers.get("content-encoding", "identity").lower()
        return HttpAnswer(response.status, headers, body if encoding == "identity" else _unpacked(body, encoding))

    def makefile(self, _: str) -> _Kept:
        """Return the reader of this connection: for http.client."""
        return self._reader

    def shut(self) -> None:
        """Make the wire unusable at once; any thread. The door's shutter."""
        sock = self._sock
        if sock is not None:
            shut_down(sock)

    def close(self) -> None:
        """Close the connection; the next ``open`` makes a new one."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()

    def _broken(self, code: str, message: str) -> WireFailed:
        self.close()
        return WireFailed(code, message)


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Unpack what should not have been packed, up to the cap."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise WireFailed("UNREADABLE", f"a body packed as {encoding[:20]!r}")
    unpacker = zlib.decompressobj(wbits=47)
    unpacked = unpacker.decompress(body, BODY_CAP + 1)
    if len(unpacked) > BODY_CAP:
        raise WireFailed("TOO_LARGE", f"a body of more than {BODY_CAP} bytes, packed")
    if not unpacker.eof:
        raise WireFailed("CUT", "the packed body has no end")
    return unpacked
