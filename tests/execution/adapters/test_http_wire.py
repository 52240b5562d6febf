"""One session on the wire, against servers that answer well and servers that do not."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import eventually
from wire_kit import RawServer, answering, no_listener, raw_server, self_signed

from autotrader.errors import ConfigError, EncodeError
from autotrader.execution.adapters import dial as dialing
from autotrader.execution.adapters import http_wire
from autotrader.execution.adapters.dial import WireFailed, dial, endpoint_of
from autotrader.execution.adapters.http_wire import BODY_CAP, HttpAnswer, HttpRequest, HttpWire, encode_request

POST = HttpRequest("POST", "/api/v3/order", (("X-MBX-APIKEY", "key"),), b"symbol=BTCUSDT")


def wire_to(server: RawServer, **options: Any) -> HttpWire:
    wire = HttpWire(endpoint_of(server.url), **options)
    wire.open(5.0)
    return wire


def exchange(wire: HttpWire, request: HttpRequest = POST, timeout_s: float = 5.0) -> HttpAnswer:
    deadline_ns = time.monotonic_ns() + round(timeout_s * 1e9)
    wire.send(encode_request(request, wire.endpoint.authority), deadline_ns)
    return wire.read(request.method, deadline_ns)


def failure_of(server: RawServer, timeout_s: float = 5.0) -> str:
    """Return the code of an exchange that fails, once the wire is seen closed."""
    wire = wire_to(server)
    with pytest.raises(WireFailed) as caught:
        exchange(wire, timeout_s=timeout_s)
    assert not wire.is_open
    return caught.value.code


# ---------------------------------------------------------------- requests


def test_a_request_leaves_as_it_was_given_and_its_answer_is_read() -> None:
    with raw_server(answering(b'{"orderId":28}', headers="X-MBX-USED-WEIGHT-1M: 7\r\n")) as server:
        wire = wire_to(server)
        answer = exchange(wire)
        wire.close()
    assert answer == HttpAnswer(200, {"x-mbx-used-weight-1m": "7", "content-length": "14"}, b'{"orderId":28}')
    [request] = server.requests
    assert request == (
        b"POST /api/v3/order HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: identity\r\nX-MBX-APIKEY: key\r\n"
        b"Content-Length: 14\r\n\r\nsymbol=BTCUSDT" % server.port
    )


def test_many_requests_use_one_connection() -> None:
    with raw_server(answering()) as server:
        wire = wire_to(server)
        for _ in range(5):
            assert wire.is_fresh()
            exchange(wire, HttpRequest("GET", "/api/v3/time"))
        wire.close()
    assert server.accepted == 1
    assert b"Content-Length" not in server.requests[0]


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("POST", "/api HTTP/1.1\r\nX: y"), HttpRequest("POST", "/a b"), HttpRequest("POST", "api"),
        HttpRequest("PO ST", "/"), HttpRequest("POST", "/", (("X-KEY", "a\r\nY: z"),)),
        HttpRequest("POST", "/ü"),
    ],
)  # fmt: skip
def test_what_would_not_stay_one_request_is_refused(request_: HttpRequest) -> None:
    with pytest.raises(EncodeError):
        encode_request(request_, "h")


def test_headers_that_are_the_wires_own_are_left_out() -> None:
    request = HttpRequest("GET", "/", (("Accept-Encoding", "gzip"), ("Host", "other"), ("Content-Length", "9"), ("A", "b")))
    assert encode_request(request, "h:1") == b"GET / HTTP/1.1\r\nHost: h:1\r\nAccept-Encoding: identity\r\nA: b\r\n\r\n"


# ---------------------------------------------------------------- places


@pytest.mark.parametrize("url", ["http://example.com", "ws://10.0.0.1:80", "ftp://localhost", "https://", "http://localhost:x",
                                 "https://a:b@host", "localhost:80", "https://host:0"])  # fmt: skip
def test_places_that_cannot_be_or_are_not_encrypted_are_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        endpoint_of(url)


def test_places_are_read_with_their_usual_ports() -> None:
    assert endpoint_of("https://api.binance.com").authority == "api.binance.com"
    assert endpoint_of("http://localhost:8080").authority == "localhost:8080"
    assert endpoint_of("http://[::1]:8080").authority == "[::1]:8080"
    assert endpoint_of("wss://stream.binance.com:9443/ws?a=b")[1:] == (9443, True, "/ws?a=b")


def test_a_refused_connect_says_that_nothing_was_sent() -> None:
    with no_listener() as port, pytest.raises(WireFailed) as caught:
        HttpWire(endpoint_of(f"http://127.0.0.1:{port}")).open(5.0)
    assert caught.value.code == "CONNECT"


def test_a_name_that_does_not_exist_is_a_dns_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(WireFailed, match="cannot be looked up") as caught:
        HttpWire(endpoint_of("https://nowhere.invalid")).open(5.0)
    assert caught.value.code == "DNS"


def test_a_resolver_that_never_answers_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(WireFailed) as caught:
            dial(endpoint_of("https://slow.invalid"), 0.05)
    finally:
        release.set()
    assert caught.value.code == "DNS"


def test_a_connect_without_an_answer_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for _ in range(4)]  # the queue of a listener that accepts nobody is soon full
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        with pytest.raises(WireFailed) as caught:
            dial(endpoint_of(f"http://127.0.0.1:{listener.getsockname()[1]}"), 0.1)
        for filler in fillers:
            filler.close()
    assert caught.value.code == "CONNECT_TIMEOUT"


def test_small_requests_are_not_held_back_by_the_kernel() -> None:
    with raw_server(answering()) as server, dial(endpoint_of(server.url), 5.0) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


# ---------------------------------------------------------------- TLS


def test_a_verified_server_is_spoken_to(tmp_path: Path) -> None:
    theirs, ours = self_signed(str(tmp_path), "127.0.0.1")
    with raw_server(answering(b"1"), theirs) as server:
        wire = wire_to(server, tls=ours)
        for _ in range(3):
            assert wire.is_fresh()  # the tickets that TLS 1.3 sends after the handshake are no answer
            assert exchange(wire).body == b"1"
        wire.close()
    assert server.accepted == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    theirs, _ = self_signed(str(tmp_path), "127.0.0.1")
    with raw_server(answering(), theirs) as server, pytest.raises(WireFailed) as caught:
        wire_to(server)
    assert caught.value.code == "TLS"
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    theirs, ours = self_signed(str(tmp_path), "example.com")
    with raw_server(answering(), theirs) as server, pytest.raises(WireFailed) as caught:
        wire_to(server, tls=ours)
    assert caught.value.code == "TLS"


def test_a_server_that_says_nothing_in_the_handshake_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(WireFailed) as caught:
        dial(endpoint_of(f"https://127.0.0.1:{listener.getsockname()[1]}"), 0.1)
    assert caught.value.code == "TLS"


def test_shutting_a_tls_socket_does_not_turn_it_into_a_plain_one(tmp_path: Path) -> None:
    theirs, ours = self_signed(str(tmp_path), "127.0.0.1")
    with raw_server(answering(), theirs) as server:
        sock: Any = dial(endpoint_of(server.url), 5.0, tls=ours)
        dialing.shut_down(sock)
        assert sock._sslobj is not None
        with pytest.raises(OSError):
            sock.sendall(b"secret")
        sock.close()


def test_ssl_sockets_shutdown_drops_the_encryption_first(tmp_path: Path) -> None:
    """The library's fact that ``shut_down`` is there for."""
    theirs, ours = self_signed(str(tmp_path), "127.0.0.1")
    with raw_server(answering(), theirs) as server:
        sock: Any = dial(endpoint_of(server.url), 5.0, tls=ours)
        sock.shutdown(socket.SHUT_RDWR)
        assert sock._sslobj is None
        sock.close()


# ---------------------------------------------------------------- stale sessions


def test_a_session_that_the_server_closed_is_not_fresh() -> None:
    with raw_server(lambda sock, _: sock.sendall(answering()) or False) as server:
        wire = wire_to(server)
        exchange(wire)
        eventually(lambda: not wire.is_fresh())
        assert not wire.is_open
        wire.open(5.0)
        assert exchange(wire).status == 200
        wire.close()


@pytest.mark.parametrize("joined", [True, False])
def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one(joined: bool) -> None:
    def twice(sock: socket.socket, _: bytes) -> None:
        if joined:
            return sock.sendall(answering(b"1") + answering(b"2"))
        sock.sendall(answering(b"1"))
        return sock.sendall(answering(b"2"))

    with raw_server(twice) as server:
        wire = wire_to(server)
        assert exchange(wire).body == b"1"
        eventually(lambda: not wire.is_fresh())


def test_a_closing_answer_closes_the_session() -> None:
    with raw_server(answering(headers="Connection: close\r\n")) as server:
        wire = wire_to(server)
        assert exchange(wire).status == 200
        assert not wire.is_open
        assert not wire.is_fresh()


def test_a_wire_that_is_closed_sends_nothing() -> None:
    with raw_server(answering()) as server:
        wire = wire_to(server)
        wire.close()
        with pytest.raises(WireFailed) as caught:
            exchange(wire)
    assert caught.value.code == "CLOSED"
    assert server.requests == []


# ---------------------------------------------------------------- answers that are none


def test_redirects_are_answers_and_nothing_is_posted_twice() -> None:
    with raw_server(answering(status="307 Temporary Redirect", headers="Location: /api/v3/order\r\n")) as server:
        wire = wire_to(server)
        assert exchange(wire).status == 307
        wire.close()
    assert len(server.requests) == 1


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = "Content-Encoding: gzip\r\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "CLOSED"),
        (b"garbage\r\n\r\n", "UNREADABLE"),
        (b"\x00\xff" * 100, "UNREADABLE"),
        (b"HTTP/2 200\r\n\r\n", "UNREADABLE"),
        (b"HTTP/1.1 abc\r\n\r\n", "UNREADABLE"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "UNREADABLE"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "UNREADABLE"),
        (OK + b"Content-Le", "CUT"),  # http.client takes the end for the end of the headers
        (OK + b"\r\n{}", "CUT"),  # without a length, an end is as good as a cut
        (OK + b"Content-Length: 10\r\n\r\nhalf", "CUT"),
        (OK + b"Content-Length: 99999999999\r\n\r\n", "TOO_LARGE"),
        (CHUNKED + b"5\r\nab", "CUT"),
        (CHUNKED + b"xyz\r\n", "CUT"),
        (CHUNKED + b"-5\r\nab", "UNREADABLE"),
        (answering(b"not gzip", headers=GZIP), "UNREADABLE"),
        (answering(b"x", headers="Content-Encoding: br\r\n"), "UNREADABLE"),
        (answering(gzip.compress(b"a" * 100, mtime=0)[:-9], headers=GZIP), "CUT"),
        (answering(gzip.compress(b"a" * (BODY_CAP + 1), mtime=0), headers=GZIP), "TOO_LARGE"),
        (OK + b"X: " + b"a" * 70_000, "UNREADABLE"),
        (OK + b"X: y\r\n" * 200, "UNREADABLE"),
    ],
)
def test_what_is_no_whole_answer_is_a_failure_with_a_name(answer: bytes, code: str) -> None:
    with raw_server(lambda sock, _: sock.sendall(answer) or False) as server:
        assert failure_of(server) == code


def test_a_reset_after_the_request_was_read_is_a_failure() -> None:
    def reset(sock: socket.socket, _: bytes) -> bool:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        return False

    with raw_server(reset) as server:
        assert failure_of(server) == "CLOSED"


def endless(first: bytes, piece: bytes) -> Callable[[socket.socket, bytes], None]:
    def serve(sock: socket.socket, _: bytes) -> None:
        sock.sendall(first)
        for _ in range(40_000_000 // len(piece)):
            sock.sendall(piece)

    return serve


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65_536 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", b"a" * 65_536),  # http.client reads on to the end
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000),  # trailers without end
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),  # interim answers without end
    ],
)  # fmt: skip
def test_an_answer_without_end_is_cut_off(first: bytes, piece: bytes) -> None:
    with raw_server(endless(first, piece)) as server:
        assert failure_of(server) == "TOO_LARGE"


def test_a_header_without_end_is_cut_off() -> None:
    with raw_server(endless(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65_536)) as server:
        assert failure_of(server) == "UNREADABLE"


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"])
def test_a_trickle_ends_at_the_deadline(first: bytes) -> None:
    over = threading.Event()

    def trickle(sock: socket.socket, _: bytes) -> bool:
        sock.sendall(first)
        while not over.wait(0.01):
            sock.sendall(b"H")
        return False

    with raw_server(trickle) as server:
        try:
            assert failure_of(server, timeout_s=0.15) == "TIMEOUT"
        finally:
            over.set()


def test_silence_ends_at_the_deadline() -> None:
    with raw_server(lambda *_: None) as server:
        assert failure_of(server, timeout_s=0.05) == "TIMEOUT"


def test_a_server_that_reads_nothing_does_not_hold_the_writer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = HttpWire(endpoint_of(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        wire.open(5.0)
        with pytest.raises(WireFailed) as caught:
            wire.send(b"a" * (64 << 20), time.monotonic_ns() + 100_000_000)
    assert caught.value.code == "TIMEOUT"
    assert not wire.is_open


def test_a_packed_body_is_unpacked() -> None:
    with raw_server(answering(gzip.compress(b'{"a":1}', mtime=0), headers="Content-Encoding: gzip\r\n")) as server:
        wire = wire_to(server)
        assert exchange(wire).body == b'{"a":1}'
        wire.close()


def test_a_chunked_body_is_read_to_its_end_and_the_session_kept() -> None:
    with raw_server(CHUNKED + b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nT: r\r\n\r\n") as server:
        wire = wire_to(server)
        for _ in range(2):
            assert exchange(wire).body == b"abcde"
            assert wire.is_fresh()
        wire.close()
    assert server.accepted == 1


def test_http_client_says_nothing_of_a_short_body_that_was_read_by_size() -> None:
    """The library's fact that the look at ``length`` is there for."""

    class Source:
        def makefile(self, _: str) -> io.BytesIO:
            return io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    response = HTTPResponse(Source())  # type: ignore[arg-type]
    response.begin()
    assert response.read(100) == b"half"
    assert response.length == 6


@given(st.binary(max_size=300), st.sampled_from([b"", OK, CHUNKED]))
def test_whatever_comes_is_an_answer_or_a_failure_with_a_name(noise: bytes, first: bytes) -> None:
    ours, theirs = socket.socketpair()
    wire = HttpWire(endpoint_of("http://localhost"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_wire, "dial", lambda *_, **__: ours)
        wire.open(1.0)
    theirs.sendall(first + noise)
    theirs.close()
    try:
        answer = wire.read("POST", time.monotonic_ns() + 5_000_000_000)
        assert 200 <= answer.status <= 999
    except WireFailed as failed:
        assert failed.code in ("CLOSED", "CUT", "RESET", "UNREADABLE", "TOO_LARGE")  # noqa: PT017
    wire.close()
