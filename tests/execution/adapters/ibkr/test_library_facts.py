"""What ibapi, as it comes, does to a connection; each is why something of ours stands in its way (ibkr.md section 3).

These tests hold for 9.81.1.post1, 10.30.1 and 10.51.1 alike. One that fails on a newer version says that a cure may go.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ibapi.client import EClient
from ibapi.connection import Connection
from ibapi.order import Order
from ibapi.wrapper import EWrapper
from support import eventually
from tws_kit import Caller, TwsServer, frame, tws_server


class Plain(EWrapper, EClient):
    """The library, used as its manual says."""

    def __init__(self) -> None:
        EWrapper.__init__(self)
        EClient.__init__(self, wrapper=self)
        self.ids: list[int] = []
        self.errors: list[tuple[int, Any]] = []
        self.closed_in: list[int] = []
        self.thread: threading.Thread | None = None

    def nextValidId(self, orderId: int) -> None:  # noqa: N802, N803
        if orderId == 666:
            raise RuntimeError("a callback's own mistake")
        self.ids.append(orderId)

    def error(self, *args: Any) -> None:
        self.errors.append((threading.get_ident(), args))

    def connectionClosed(self) -> None:  # noqa: N802
        self.closed_in.append(threading.get_ident())

    def go(self, port: int) -> None:
        """Connect, and run the loop in a thread."""
        self.connect("127.0.0.1", port, 3)
        self.thread = threading.Thread(target=self._run, name="plain ibapi")
        self.thread.start()

    def _run(self) -> None:
        try:
            self.run()
        except Exception as error:
            self.errors.append((threading.get_ident(), error))

    def end(self) -> None:
        conn = self.conn
        if conn is not None:
            conn.disconnect()
        if self.thread is not None:
            self.thread.join(5)
        if self.reader is not None:
            self.reader.join(5)


@pytest.fixture
def server() -> Iterator[TwsServer]:
    with tws_server() as server:
        yield server


@pytest.fixture
def plain() -> Iterator[Plain]:
    plain = Plain()
    yield plain
    plain.end()


def open_plain(plain: Plain, server: TwsServer) -> Caller:
    plain.go(server.port)
    eventually(lambda: plain.ids == [1])
    return server.caller()


def burst(size: int, first: int) -> tuple[bytes, list[int]]:
    """Return nextValidId messages of ``size`` bytes in all, the last padded by zeros, and their ids."""
    data, ids = b"", []
    while len(data) < size:
        number = first + len(ids)
        one = frame(9, 1, number)
        left = size - len(data)
        if left < 2 * len(one) + 8:
            one = frame(9, 1, str(number).zfill(left - len(frame(9, 1, ""))))
        data, ids = data + one, [*ids, number]
    assert len(data) == size
    return data, ids


def test_row_1_a_burst_of_exactly_4096_bytes_is_thrown_away_when_nothing_follows(plain: Plain, server: TwsServer) -> None:
    caller = open_plain(plain, server)
    data, ids = burst(4096, 1000)
    quiet: list[bytes] = []
    receive = plain.conn.recvMsg

    def spy() -> bytes:
        got: bytes = receive()
        if not got:
            quiet.append(got)
        return got

    plain.conn.recvMsg = spy
    caller.raw(data)
    eventually(lambda: len(quiet) >= 2)  # the second time-out is one that began after the burst
    caller.send(9, 1, 77)
    eventually(lambda: 77 in plain.ids)
    assert not set(ids) & set(plain.ids)


def test_row_2_a_short_write_is_not_noticed() -> None:
    class Short:
        def send(self, data: bytes) -> int:
            return 3

    conn = Connection("127.0.0.1", 1)
    conn.socket = Short()
    assert conn.sendMsg(b"12345678") == 3


def test_row_3_connect_waits_for_ever_for_a_silent_server(plain: Plain, server: TwsServer) -> None:
    server.on_hello = lambda caller: None
    thread = threading.Thread(target=plain.connect, args=("127.0.0.1", server.port, 3))
    thread.start()
    server.caller()
    thread.join(1.5)
    assert thread.is_alive()
    plain.conn.disconnect()  # another thread's disconnect of the Connection frees it, and calls nobody
    thread.join(5)
    assert not thread.is_alive()
    assert plain.errors == []
    assert plain.closed_in == []


def test_row_4_a_closed_port_is_a_callback_of_closing_though_nothing_was_open(plain: Plain) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    plain.connect("127.0.0.1", port, 3)
    assert [args[-2:] for _, args in plain.errors if 502 in args]
    assert plain.closed_in == [threading.get_ident()]


def test_row_5_what_comes_with_the_handshake_reply_is_dropped(plain: Plain, server: TwsServer) -> None:
    server.on_hello = lambda caller: caller.raw(frame(caller.version, "20250415 19:38:30 UTC") + frame(9, 1, 55))
    open_plain(plain, server)
    assert 55 not in plain.ids


def test_row_6_an_exception_in_a_callback_ends_the_loop_and_leaves_the_rest(plain: Plain, server: TwsServer) -> None:
    caller = open_plain(plain, server)
    caller.raw(frame(9, 1, 666) + frame(9, 1, 2))
    assert plain.thread is not None
    plain.thread.join(5)
    assert not plain.thread.is_alive()
    assert 2 not in plain.ids


@pytest.mark.parametrize("bad", [frame(3, 1, "Submitted"), frame(9, 1, "seven"), frame("x")])
def test_row_7_a_message_with_too_few_fields_or_a_bad_number_ends_the_loop(
    plain: Plain, server: TwsServer, bad: bytes
) -> None:
    caller = open_plain(plain, server)
    caller.raw(bad + frame(9, 1, 2))
    assert plain.thread is not None
    plain.thread.join(5)
    assert not plain.thread.is_alive()
    assert 2 not in plain.ids


def test_row_9_disconnect_calls_back_in_the_callers_thread(plain: Plain, server: TwsServer) -> None:
    open_plain(plain, server)
    plain.conn.lock.acquire()  # so that the loop's own disconnect cannot be first
    plain.conn.lock.release()
    plain.disconnect()
    assert threading.get_ident() in plain.closed_in
    assert plain.serverVersion() is None


def test_row_12_a_request_without_a_connection_is_a_callback_in_the_callers_thread(plain: Plain) -> None:
    plain.reqCurrentTime()
    [(thread, args)] = plain.errors
    assert thread == threading.get_ident()
    assert 504 in args


def test_row_13_none_in_a_field_and_text_that_is_not_ascii_are_not_sent(plain: Plain, server: TwsServer) -> None:
    caller = open_plain(plain, server)
    try:
        plain.reqAccountSummary(1, "All", None)
    except ValueError as error:
        plain.errors.append((threading.get_ident(), error))
    assert threading.get_ident() in [thread for thread, _ in plain.errors]  # 10.51 tells an error instead
    plain.reqAccountSummary(1, "All", "Ä")
    assert [one for _, one in plain.errors if isinstance(one, tuple) and 579 in one]
    plain.reqCurrentTime()
    caller.wait_for(49)
    assert not [one for one in caller.said if one[0] == "62"]


def test_row_14_a_message_with_a_field_too_many_is_dropped_with_a_log_line(plain: Plain, server: TwsServer) -> None:
    caller = open_plain(plain, server)
    caller.raw(frame(9, 1, 5, "more") + frame(9, 1, 6))
    eventually(lambda: 6 in plain.ids)
    assert 5 not in plain.ids


def test_9_81_asks_for_attributes_that_tws_refuses() -> None:
    order = Order()
    found = [getattr(order, name) for name in ("eTradeOnly", "firmQuoteOnly") if hasattr(order, name)]
    assert found in ([], [True, True])  # gone in 10.x
