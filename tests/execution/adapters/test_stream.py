"""A reader tells every frame in order, notices every end, and always has the last word."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import websocket
from aiohttp import WSMsgType, web
from hypothesis import given
from hypothesis import strategies as st
from support import Probe, eventually
from wire_kit import answering, no_listener, raw_server, self_signed
from ws_kit import frame, raw_web_server, web_server

from autotrader.actors import Handle
from autotrader.clock import ManualClock
from autotrader.errors import ConfigError
from autotrader.execution.adapters.line import frame_size
from autotrader.execution.adapters.stream import StreamReader
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened

NOW = 1_700_000_000_000_000_000


@contextmanager
def reading(url: str, **options: Any) -> Iterator[tuple[StreamReader, Probe, Handle]]:
    """Give a reader that has been started; it is closed and gone when the block is left."""
    probe, handle = Probe(), Handle("broker.v")
    handle.bind(probe)
    reader = StreamReader("user", 3, url, options.pop("teller", handle), ManualClock(NOW), **options)
    reader.start()
    try:
        yield reader, probe, handle
    finally:
        reader.close()
        assert reader.join(10)


def url_of(server: Any) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


def data_in(probe: Probe) -> list[bytes]:
    return [one.data for one in probe.of(FrameReceived)]


def reason_of(probe: Probe) -> str:
    """Return the last word, which is the only one of its kind."""
    [closed] = probe.wait_for(StreamClosed, timeout_s=10.0)
    assert probe.seen[-1] is closed
    assert (closed.stream, closed.number) == ("user", 3)
    return closed.reason


async def until_closed(web_socket: web.WebSocketResponse) -> None:
    async for _ in web_socket:
        pass


# ---------------------------------------------------------------- a good server


def test_frames_are_told_in_order_as_they_came() -> None:
    async def talk(web_socket: web.WebSocketResponse, request: web.Request) -> None:
        assert request.query == {"a": "b"}
        assert "Origin" not in request.headers
        await web_socket.send_str('{"a":1}')
        await web_socket.send_bytes(b"\x00\x01")
        await web_socket.send_str("x" * 70_000)
        await web_socket.send_str("")
        await web_socket.send_str("ü")
        await until_closed(web_socket)

    with web_server(talk) as server, reading(server.url) as (reader, probe, _):
        probe.wait_for(FrameReceived, 5)
        assert probe.seen[0] == StreamOpened("user", 3)
        assert data_in(probe) == [b'{"a":1}', b"\x00\x01", b"x" * 70_000, b"", "ü".encode()]
        assert {one.recv_ns for one in probe.of(FrameReceived)} == {NOW}
        assert reader.last_heard_ns == NOW
    assert reason_of(probe) == "closed by us"


def test_texts_are_sent_by_any_thread() -> None:
    async def echo(web_socket: web.WebSocketResponse, _: web.Request) -> None:
        async for message in web_socket:
            await web_socket.send_str(message.data)

    with web_server(echo) as server, reading(server.url) as (reader, probe, _):
        probe.wait_for(StreamOpened)
        threads = [threading.Thread(target=reader.send, args=(f"{number}" * 500,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        probe.wait_for(FrameReceived, 8)
        assert sorted(data_in(probe)) == [f"{number}".encode() * 500 for number in range(8)]
    assert not reader.send("late")


def test_nothing_is_sent_before_it_is_open() -> None:
    reader = StreamReader("user", 1, "ws://127.0.0.1:1", Handle("nobody"), ManualClock(NOW))
    assert not reader.is_open
    assert not reader.send("early")


def test_pings_are_answered_and_count_as_life() -> None:
    pongs: list[bytes] = []

    async def talk(web_socket: web.WebSocketResponse, _: web.Request) -> None:
        await web_socket.ping(b"1700000000000")
        with suppress(asyncio.TimeoutError):
            while True:
                message = await asyncio.wait_for(web_socket.receive(), 5)
                if message.type is not WSMsgType.PONG:
                    break
                pongs.append(message.data)

    async def serve(web_socket: web.WebSocketResponse, request: web.Request) -> None:
        web_socket._autoping = False
        await talk(web_socket, request)

    with web_server(serve) as server, reading(server.url) as (reader, probe, _):
        eventually(lambda: pongs == [b"1700000000000"])
        eventually(lambda: reader.last_heard_ns == NOW)
        assert probe.seen == [StreamOpened("user", 3)]


def test_a_server_that_only_pings_is_not_silent() -> None:
    def talk(sock: socket.socket) -> None:
        for _ in range(30):
            sock.sendall(frame(b"p", 9))
            threading.Event().wait(0.02)
        sock.sendall(frame(b"end"))
        sock.recv(1)

    with raw_web_server(talk) as server, reading(url_of(server), silence_s=0.4) as (_, probe, _):
        probe.wait_for(FrameReceived)
        assert data_in(probe) == [b"end"]


def test_a_tls_server_is_read_and_written(tmp_path: Path) -> None:
    theirs, ours = self_signed(str(tmp_path), "127.0.0.1")
    received: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        sock.sendall(frame(b"a") + frame(b"b" * 100_000))
        received.append(sock.recv(100))
        sock.sendall(frame(b"c"))
        sock.recv(1)

    with raw_web_server(talk) as plain:
        plain._tls = theirs
        with reading(f"wss://127.0.0.1:{plain.port}/ws", tls=ours) as (reader, probe, _):
            probe.wait_for(FrameReceived, 2)
            assert reader.send("hello")
            probe.wait_for(FrameReceived, 3)
            assert data_in(probe) == [b"a", b"b" * 100_000, b"c"]
    assert len(received[0]) == 2 + 4 + 5


def test_what_came_in_a_burst_is_told_as_one_list_of_64_at_most() -> None:
    number = 200

    def talk(sock: socket.socket) -> None:
        sock.sendall(b"".join(frame(b"%d" % one) for one in range(number)))
        sock.recv(1)

    with raw_web_server(talk) as server, reading(url_of(server)) as (_, probe, _):
        probe.wait_for(FrameReceived, number)
        assert data_in(probe) == [b"%d" % one for one in range(number)]
        lists = [len(told) for told in probe.tells if isinstance(told, list)]
        assert max(lists) == 64
        assert len(lists) < number / 4


def test_a_frame_that_is_half_there_does_not_hold_back_those_before_it() -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(frame(b"whole") + frame(b"half")[:4])
        sock.recv(1)

    with raw_web_server(talk) as server, reading(url_of(server)) as (_, probe, _):
        probe.wait_for(FrameReceived)
        assert data_in(probe) == [b"whole"]


def test_frames_that_come_with_the_handshake_are_not_lost() -> None:
    class Glue:
        """Holds the handshake back, so that it leaves in one piece with the first frames."""

        def __init__(self, sock: socket.socket) -> None:
            self._sock = sock

        def sendall(self, data: bytes) -> None:
            self._sock.sendall(data + frame(b"1") + frame(b"2"))

    with raw_web_server(lambda sock: None) as server:
        serve = server._serve
        server._serve = lambda sock, request: serve(Glue(sock), request) or sock.recv(1) == b""  # type: ignore[arg-type]
        with reading(url_of(server)) as (_, probe, _):
            probe.wait_for(FrameReceived, 2)
            assert data_in(probe) == [b"1", b"2"]


def test_a_message_in_fragments_is_told_as_one_with_pings_between() -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(frame(b"ab", fin=False) + frame(b"", 0, fin=False) + frame(b"p", 9) + frame(b"cd", 0) + frame(b"next"))
        sock.recv(1)

    with raw_web_server(talk) as server, reading(url_of(server)) as (_, probe, _):
        probe.wait_for(FrameReceived, 2)
        assert data_in(probe) == [b"abcd", b"next"]


# ---------------------------------------------------------------- how it ends


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "the venue cut the connection"),
        (frame(b"\x03\xe9going away", 8), "the venue said good-bye: 1001 going away"),
        (frame(b"", 8), "the venue said good-bye"),
        (frame(b"x", 3), "not what a WebSocket may say"),
        (frame(b"x", 0), "not what a WebSocket may say"),
        (frame(b"a", fin=False) + frame(b"b"), "not what a WebSocket may say"),
        (b"\xf1\x01x", "not what a WebSocket may say"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"<html>" * 20, "not what a WebSocket may say"),
        (frame(b"p" * 126, 9), "not what a WebSocket may say"),
        (frame(b"", size=1 << 40), "a frame of 1099511627786 bytes, and 100000 are the most"),
        (frame(b"a" * 60_000, fin=False) + frame(b"b" * 60_000, 0), "a message of more than 100000 bytes"),
        (frame(b"", fin=False) + frame(b"", 0, fin=False) * 5_000, "a message of more than 100000 bytes"),
    ],
)
def test_every_end_has_its_reason_after_the_frames_before_it(sent: bytes, reason: str) -> None:
    with (
        raw_web_server(lambda sock: sock.sendall(frame(b"first") + sent)) as server,
        reading(url_of(server), frame_cap=100_000) as (_, probe, _),
    ):
        assert reason_of(probe).startswith(reason)
        assert data_in(probe) == [b"first"]
        assert type(probe.seen[0]) is StreamOpened


@given(st.binary(max_size=200))
def test_whatever_comes_ends_with_a_last_word_and_never_a_crash(noise: bytes) -> None:
    reader, probe = _reader_on(noise)
    reader._run()
    assert type(probe.seen[-1]) is StreamClosed
    assert "crashed" not in probe.seen[-1].reason


def _reader_on(noise: bytes) -> tuple[StreamReader, Probe]:
    """Return a reader whose connection has been made, with a peer that said ``noise`` and went."""
    from autotrader.execution.adapters.line import Line

    ours, theirs = socket.socketpair()
    theirs.sendall(noise)
    theirs.shutdown(socket.SHUT_WR)
    probe, handle = Probe(), Handle("broker.v")
    handle.bind(probe)
    reader = StreamReader("user", 3, "ws://127.0.0.1:1", handle, ManualClock(NOW), frame_cap=1_000)

    def connect() -> None:
        reader._line = Line(ours, 1_000)
        reader._web = websocket.WebSocket(skip_utf8_validation=True, fire_cont_frame=True)
        reader._web.sock = reader._line
        reader._heard = time.monotonic()
        reader._held = theirs

    reader._connect = connect  # type: ignore[method-assign]
    return reader, probe


@pytest.mark.parametrize("sent", [b"", frame(b"stalled in the middle")[:5]])
def test_a_silent_server_is_left(sent: bytes) -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(frame(b"first") + sent)
        sock.recv(1)

    with raw_web_server(talk) as server, reading(url_of(server), silence_s=0.1) as (_, probe, _):
        assert reason_of(probe) == "silent for 0.1 s"
        assert data_in(probe) == [b"first"]


def test_a_trickle_that_never_makes_a_frame_is_silence() -> None:
    over = threading.Event()

    def talk(sock: socket.socket) -> None:
        sock.sendall(frame(b"", size=10_000))
        while not over.wait(0.01):
            sock.sendall(b"x")

    with raw_web_server(talk) as server, reading(url_of(server), silence_s=0.15) as (_, probe, _):
        try:
            assert reason_of(probe) == "silent for 0.15 s"
        finally:
            over.set()


def test_a_server_that_takes_no_bytes_does_not_hold_a_sender_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotrader.execution.adapters.line._SEND_S", 0.1)
    over = threading.Event()
    with raw_web_server(lambda _: over.wait(20)) as server, reading(url_of(server)) as (reader, probe, _):
        probe.wait_for(StreamOpened)
        assert not reader.send("x" * (64 << 20))
        assert reason_of(probe)
        over.set()


# ---------------------------------------------------------------- how it does not begin


def test_a_connect_that_fails_is_told_without_an_opening() -> None:
    with no_listener() as port, reading(f"ws://127.0.0.1:{port}") as (_, probe, _):
        assert "Connection refused" in reason_of(probe)
    assert [type(one) for one in probe.seen] == [StreamClosed]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answering(status="429 Too Many Requests"), "the handshake was answered by HTTP 429"),
        (answering(status="200 OK"), "the handshake was answered by HTTP 200"),
        (answering(status="301 Moved", headers="Location: ws://127.0.0.1:1/\r\n"), "not what a WebSocket may say"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Accept: wrong\r\n\r\n", "not what a WebSocket may say"),
        (b"garbage\r\n\r\n", ""), (b"\xff\xfe\r\n\r\n", ""),
    ],
)  # fmt: skip
def test_a_handshake_that_fails_is_told_without_an_opening(answer: bytes, reason: str) -> None:
    with raw_server(lambda sock, _: sock.sendall(answer) or False) as server, reading(url_of(server)) as (_, probe, _):
        assert reason_of(probe).startswith(reason)
    assert [type(one) for one in probe.seen] == [StreamClosed]
    assert server.accepted == 1


@pytest.mark.parametrize("trickle", [True, False])
def test_a_handshake_without_an_end_is_left_in_time(trickle: bool) -> None:
    over = threading.Event()

    def serve(sock: socket.socket, _: bytes) -> bool:
        while not over.wait(0.01):
            if trickle:
                sock.sendall(b"H")
        return False

    with raw_server(serve) as server, reading(url_of(server), connect_s=0.15) as (_, probe, _):
        try:
            assert reason_of(probe) == "no answer in time"
        finally:
            over.set()


def test_a_place_that_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(ConfigError):
        StreamReader("user", 1, "ws://example.com/ws", Handle("broker.v"), ManualClock(NOW))


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with no_listener() as port:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        with raw_web_server(lambda sock: sock.recv(1)) as server, reading(url_of(server)) as (_, probe, _):
            probe.wait_for(StreamOpened)


# ---------------------------------------------------------------- closing and listeners


def test_close_ends_a_reader_that_waits_for_frames() -> None:
    with raw_web_server(lambda sock: sock.recv(1)) as server, reading(url_of(server)) as (reader, probe, _):
        probe.wait_for(StreamOpened)
        reader.close()
        assert reason_of(probe) == "closed by us"


def test_close_ends_a_reader_that_waits_for_the_connect() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        with reading(f"ws://127.0.0.1:{listener.getsockname()[1]}", connect_s=60.0) as (reader, probe, _):
            eventually(lambda: reader._held is not None)
            reader.close()
            assert reason_of(probe) == "closed by us"
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_close_ends_a_reader_that_waits_for_the_handshake(scheme: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        reading(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", connect_s=60.0) as (reader, probe, _),
    ):
        sock, _ = listener.accept()
        assert sock.recv(1)
        reader.close()
        assert reason_of(probe) == "closed by us"
        sock.close()


def test_a_reader_closed_before_it_began_connects_to_nothing() -> None:
    with raw_web_server(lambda sock: None) as server:
        probe, handle = Probe(), Handle("broker.v")
        handle.bind(probe)
        reader = StreamReader("user", 3, url_of(server), handle, ManualClock(NOW))
        reader.close()
        reader.start()
        assert reader.join(5)
        assert reason_of(probe) == "closed by us"
    assert server.requests == []


@pytest.mark.parametrize("gone", ["unbound", "replaced"])
def test_a_reader_that_nobody_listens_to_ends_itself(gone: str) -> None:
    def talk(sock: socket.socket) -> None:
        for _ in range(2_000):
            sock.sendall(frame(b"x"))
            threading.Event().wait(0.002)

    with raw_web_server(talk) as server:
        probe, successor, handle = Probe(), Probe(), Handle("broker.v")
        handle.bind(probe, 1)
        with reading(url_of(server), teller=handle.at_epoch(1)) as (reader, _, _):
            probe.wait_for(FrameReceived, 2)
            if gone == "unbound":
                handle.unbind()
            else:
                handle.bind(successor, 2)
            assert reader.join(10)
        assert successor.seen == []


# ---------------------------------------------------------------- frames


@given(st.binary(max_size=300), st.sampled_from([0, 1, 2, 8, 9, 10]), st.booleans(), st.binary(max_size=20))
def test_the_size_of_a_frame_is_known_from_its_head(data: bytes, opcode: int, masked: bool, behind: bytes) -> None:
    whole = frame(data, opcode)
    if masked:
        head = len(whole) - len(data)
        whole = whole[:1] + bytes([whole[1] | 0x80]) + whole[2:head] + b"mask" + data
    assert frame_size(whole + behind) == len(whole)
    for end in range(min(len(whole), 4 if len(data) > 125 else 2)):
        assert frame_size(whole[:end]) is None


def test_fact_the_library_stamps_an_origin_unless_told_not_to() -> None:
    from websocket._handshake import _get_handshake_headers

    headers = "\r\n".join(_get_handshake_headers("/", "ws://h/", "h", 80, {})[0])
    assert "Origin" in headers
    assert "Origin" not in "\r\n".join(_get_handshake_headers("/", "ws://h/", "h", 80, {"suppress_origin": True})[0])
