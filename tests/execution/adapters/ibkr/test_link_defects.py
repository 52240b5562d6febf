"""The link over a TWS that misbehaves, and over an ibapi whose facts are in test_library_facts.py: nothing is lost unseen."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from support import eventually
from tws_kit import Caller, TwsServer, frame, tws_server
from tws_link_kit import RISK, LinkBench, place

from autotrader.execution.adapters.ibkr.messages import (
    ErrorTold,
    ExecutionTold,
    FrameLost,
    LinkClosed,
    LinkOpened,
    NextIdTold,
    PositionsRequest,
    TimeRequest,
    TwsEvent,
    TwsWritten,
)
from autotrader.execution.adapters.ibkr.socket_line import NotConnected, SocketLine
from autotrader.model import KillLevel


@pytest.fixture
def server() -> Iterator[TwsServer]:
    with tws_server() as server:
        yield server


@pytest.fixture
def bench(server: TwsServer) -> Iterator[LinkBench]:
    bench = LinkBench(server.port)
    yield bench
    bench.close()


def ids(bench: LinkBench) -> list[int]:
    return [one.order_id for one in bench.broker.of(NextIdTold)]


def padded(size: int, first: int) -> tuple[bytes, list[int]]:
    """Return ids in messages of exactly ``size`` bytes in all."""
    data, numbers = b"", []
    while len(data) < size:
        number, left = first + len(numbers), size - len(data)
        one = frame(9, 1, number)
        if left < 2 * len(one) + 8:
            one = frame(9, 1, str(number).zfill(left - len(frame(9, 1, ""))))
        data, numbers = data + one, [*numbers, number]
    assert len(data) == size
    return data, numbers


# ---------------------------------------------------------------- rows 1 and 2: bytes


@pytest.mark.parametrize("blocks", [1, 2, 16])
def test_row_1_a_burst_of_exactly_n_times_4096_bytes_arrives(bench: LinkBench, server: TwsServer, blocks: int) -> None:
    bench.opened()
    data, numbers = padded(4096 * blocks, 1000)
    server.caller().raw(data)
    bench.until(lambda: ids(bench)[1:] == numbers)


def test_row_1_a_burst_that_ends_in_the_middle_of_a_message_stays_in_step(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    data, numbers = padded(8192, 1000)
    server.caller().raw(data[:4096])
    bench.until(lambda: len(ids(bench)) > 10)
    server.caller().raw(data[4096:])
    bench.until(lambda: ids(bench)[1:] == numbers)


def test_messages_that_come_byte_by_byte_are_read(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    for byte in frame(9, 1, 5) + frame(9, 1, 6):
        server.caller().raw(bytes([byte]))
    bench.until(lambda: ids(bench)[1:] == [5, 6])


def test_row_2_all_of_a_message_is_written_where_the_socket_takes_little_at_a_time() -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.settimeout(5)
    line = SocketLine("127.0.0.1", 1)
    line.socket = ours
    data = bytes(range(256)) * 2000
    thread = threading.Thread(target=line.write, args=(data,))
    thread.start()
    got = b""
    while len(got) < len(data):
        got += theirs.recv(3000)
    thread.join(5)
    assert got == data
    line.disconnect()
    theirs.close()


# ---------------------------------------------------------------- rows 3 to 5: connecting


def test_row_3_a_server_that_stays_silent_is_given_up_in_time(server: TwsServer) -> None:
    server.on_hello = lambda caller: None
    bench = LinkBench(server.port, connect_s=0.3, retry_s=60)
    bench.run()
    client = bench.actor._client
    closed = bench.closed()
    assert "no handshake within 0.3 s" in closed.reason
    bench.until(lambda: client.is_ended)
    assert len(bench.broker.of(LinkClosed)) == 1
    bench.close()


def test_row_4_a_closed_port_is_told_once_for_each_attempt_and_makes_no_more_of_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    bench = LinkBench(port, retry_s=0.01, longest_retry_s=0.02)
    closed = bench.closed(5)
    assert closed.code == 502
    assert "cannot connect to 127.0.0.1" in closed.reason
    numbers = [one.number for one in bench.broker.of(LinkClosed)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not bench.broker.of(LinkOpened)
    bench.close()


def test_row_5_a_handshake_reply_in_pieces_is_understood(server: TwsServer) -> None:
    def greet(caller: Caller) -> None:
        for byte in frame(caller.version, "20250415 19:38:30 UTC"):
            caller.raw(bytes([byte]))

    server.on_hello = greet
    bench = LinkBench(server.port)
    assert bench.opened().connection_time == "20250415 19:38:30 UTC"
    bench.close()


def test_row_5_what_comes_with_the_handshake_reply_is_not_lost(server: TwsServer) -> None:
    server.on_hello = lambda caller: caller.raw(
        frame(caller.version, "20250415 19:38:30 UTC") + frame(9, 1, 55) + frame(15, 1, "DU1")
    )
    server.on_message = lambda caller, fields: None
    bench = LinkBench(server.port)
    assert (bench.opened().next_id, bench.opened().accounts) == (55, ("DU1",))
    bench.close()


def test_a_handshake_in_another_encoding_is_understood(server: TwsServer) -> None:
    def greet(caller: Caller) -> None:
        payload = f"{caller.version}\0".encode() + "20250415 19:38:30 Mitteleuropäische Zeit\0".encode("latin-1")
        caller.raw(struct.pack("!I", len(payload)) + payload)

    server.on_hello = greet
    bench = LinkBench(server.port)
    assert bench.opened().connection_time.startswith("20250415 19:38:30 Mitteleurop")
    bench.close()


@pytest.mark.parametrize("version", ["9", "99999", "-1", "many", ""])
def test_a_server_version_that_was_not_offered_is_no_connection(server: TwsServer, version: str) -> None:
    server.on_hello = lambda caller: caller.send(version, "20250415 19:38:30 UTC")
    bench = LinkBench(server.port, retry_s=60)
    bench.closed()
    assert not bench.broker.of(LinkOpened)
    bench.close()


def test_a_server_that_is_no_tws_is_no_connection(server: TwsServer) -> None:
    server.on_hello = lambda caller: caller.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    bench = LinkBench(server.port, retry_s=60)
    assert "out of step" in bench.closed().reason
    bench.close()


# ---------------------------------------------------------------- rows 6, 7 and 14: messages that cannot be read


def execution(caller: Caller, side: str = "BOT", price: str = "150.25", shares: str = "100") -> bytes:
    fields: list[Any] = [
        11, -1, 5, 265598, "AAPL", "STK", "", "0.0", "", "", "IEX", "USD", "AAPL", "NMS", "a.b.01.01", "20250415  19:38:31",
        "DU1234567", "IEX", side, shares, price, 987654, 7, 0, shares, price, "a" * 32, "", "", "", 2,
    ]  # fmt: skip
    return frame(*fields, *([0] if caller.version >= 178 else []))


def test_an_execution_is_read_alike_by_every_version(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    server.caller().raw(execution(server.caller()))
    [told] = bench.told(ExecutionTold)
    done = told.execution
    assert (done.exec_id, done.side, done.quantity, done.price) == ("a.b.01.01", "BUY", 100, Decimal("150.25"))
    assert (done.perm_id, done.client_id, done.order_id, done.liquidity, done.order_ref) == (987654, 7, 5, 2, "a" * 32)
    assert done.time_ns == 1_744_760_311_000_000_000  # 19:38:31 in New York, the zone of the log-on
    assert (told.req_id, told.contract.con_id, told.contract.strike) == (-1, 265598, None)


@pytest.mark.parametrize(
    ("side", "price", "shares"),
    [
        ("XXX", "150", "1"), ("BOT", "nan", "1"), ("BOT", "inf", "1"), ("BOT", "1.7976931348623157E308", "1"),
        ("BOT", "1", "NaN"), ("BOT", "1", "1E400"), ("BOT", "1", "-5"), ("", "1", "1"),
    ],
)
def test_row_6_a_fill_that_cannot_be_read_is_never_guessed_and_never_lost_unseen(
    bench: LinkBench, server: TwsServer, side: str, price: str, shares: str
) -> None:
    bench.opened()
    server.caller().raw(execution(server.caller(), side, price, shares) + frame(9, 1, 77))
    [lost] = bench.told(FrameLost)
    assert b"a.b.01.01" in lost.raw
    closed = bench.closed()
    assert "could not be read" in closed.reason
    assert not bench.broker.of(ExecutionTold)
    bench.opened(2)
    status = bench.status()
    assert status.frames_lost == 1


@pytest.mark.parametrize("bad", [frame(3, 5, "Submitted"), frame(9, 1, "seven"), frame("x"), frame(4, 2, -1), frame(11)])
def test_row_7_a_message_that_is_malformed_is_told_and_the_link_comes_back(
    bench: LinkBench, server: TwsServer, bad: bytes
) -> None:
    bench.opened()
    server.caller().raw(bad)
    [lost] = bench.told(FrameLost)
    assert lost.raw == bad[4:]
    bench.closed()
    assert bench.opened(2).number == 2
    kinds = [type(one) for one in bench.broker.seen if isinstance(one, LinkOpened | LinkClosed | FrameLost)]
    assert kinds == [LinkOpened, FrameLost, LinkClosed, LinkOpened]


@pytest.mark.parametrize("bad", [frame(9, 1, 5, "more"), frame(53, 1, "more"), frame(62), frame(15, 1, "DU1", "DU2")])
def test_row_14_a_message_that_ibapi_drops_is_told(bench: LinkBench, server: TwsServer, bad: bytes) -> None:
    bench.opened()
    server.caller().raw(bad)
    [lost] = bench.told(FrameLost)
    assert lost.raw == bad[4:]
    bench.opened(2)


def test_a_message_that_is_none_of_ours_is_passed_over(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    server.caller().raw(frame(12345, 1, "new") + frame(8, 1, "12:30") + frame(9, 1, 8))
    bench.until(lambda: ids(bench)[1:] == [8])
    assert not bench.broker.of(FrameLost)


@pytest.mark.parametrize("head", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\1"])
def test_a_length_that_no_message_has_ends_the_connection(bench: LinkBench, server: TwsServer, head: bytes) -> None:
    bench.opened()
    server.caller().raw(frame(9, 1, 5) + head + b"junk")
    assert "out of step" in bench.closed().reason
    assert ids(bench)[1:] == [5]
    bench.opened(2)


def test_text_in_another_encoding_is_read_as_far_as_it_goes(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    caller = server.caller()
    whole = server.error(caller, 5, 201, "Order@rejected")
    caller.raw(whole.replace(b"@", b"\xe4"))
    errors = bench.until(lambda: [one for one in bench.broker.of(ErrorTold) if one.code == 201])
    assert errors[0].text.startswith("Order")
    assert not bench.broker.of(FrameLost)


# ---------------------------------------------------------------- rows 8 to 12: ending


def test_row_8_a_reset_is_a_loss_like_any(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    sock = server.caller().sock
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    bench.ask(TimeRequest())
    sock.shutdown(socket.SHUT_RD)
    server.caller().cut()
    bench.closed()
    assert bench.opened(2).number == 2


def test_row_8_what_was_told_before_the_end_is_told_on(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    server.caller().raw(b"".join(frame(9, 1, 100 + one) for one in range(500)) + frame(9, 1, 1)[:-2])
    server.caller().cut()
    closed = bench.closed()
    assert "in the middle of a message" in closed.reason
    seen = [one for one in bench.broker.seen if isinstance(one, NextIdTold | LinkClosed)]
    assert [one.order_id for one in seen[1:501]] == [100 + one for one in range(500)]
    assert type(seen[501]) is LinkClosed


def test_rows_9_and_10_a_connection_is_ended_from_another_thread_while_messages_wait(
    bench: LinkBench, server: TwsServer
) -> None:
    bench.opened()
    client = bench.actor._client
    server.caller().raw(b"".join(frame(9, 1, 100 + one) for one in range(20_000)))
    bench.actor._end(client, "on purpose")
    bench.until(lambda: client.is_ended)
    assert [one.reason for one in bench.broker.of(LinkClosed)] == ["on purpose"]
    assert not bench.broker.of(FrameLost)
    assert bench.opened(2).number == 2
    closed = bench.broker.seen.index(bench.broker.of(LinkClosed)[0])
    later = [one for one in bench.broker.seen[closed + 1 :] if isinstance(one, TwsEvent)]
    assert type(later[0]) is LinkOpened


def test_row_11_nothing_of_an_old_connection_reaches_the_next(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    server.caller().raw(b"".join(frame(9, 1, 100 + one) for one in range(5_000)))
    server.caller().cut()
    bench.opened(2)
    second = bench.broker.seen.index(bench.broker.of(LinkOpened)[1])
    after = [one for one in bench.broker.seen[second:] if isinstance(one, NextIdTold)]
    assert all(one.order_id == 1 for one in after)


def test_row_12_requests_at_the_moment_of_a_loss_all_have_an_answer(server: TwsServer) -> None:
    for _ in range(10):
        bench = LinkBench(server.port, retry_s=60, rate=10_000, reserve=0)
        bench.opened()
        jobs = [bench.job(PositionsRequest() if number % 2 else TimeRequest()) for number in range(200)]
        for place_of, job in enumerate(jobs):
            if place_of == 20:
                server.callers[-1].cut()
            bench.give(job)
        answers = {one.number: one.fate for one in bench.broker.of(TwsWritten)}
        assert set(answers) == {job.number for job in jobs}
        assert set(answers.values()) <= {"written", "not_sent", "unknown"}
        bench.closed()
        assert not bench.broker.of(FrameLost)
        bench.close()


def test_a_write_that_is_cut_leaves_its_outcome_unknown(bench: LinkBench) -> None:
    bench.opened()
    client = bench.actor._client

    def cut(data: bytes) -> None:
        raise TimeoutError("timed out")

    client.line.write = cut
    done = bench.ask(place(5), RISK)
    assert (done.fate, done.code) == ("unknown", "CUT")
    assert done.written_ns > 0
    assert "a write was cut" in bench.closed().reason


def test_a_line_that_is_gone_has_not_written(bench: LinkBench) -> None:
    bench.opened()

    def gone(data: bytes) -> None:
        raise NotConnected("gone")

    bench.actor._client.line.write = gone
    done = bench.ask(place(5), RISK)
    assert (done.fate, done.code, done.written_ns) == ("not_sent", "NO_LINK", 0)


def test_the_kill_switch_cuts_a_write_that_hangs(bench: LinkBench, server: TwsServer) -> None:
    bench.opened()
    bench.actor._client.frame_of = lambda request: b"\0" * 100_000_000  # more than any socket buffer, and nobody reads on
    hold = threading.Event()
    server.on_message = lambda caller, fields: hold.wait(10)
    bench.actor._client.write(frame(49, 1))
    server.caller().wait_for(49)
    closes: list[Any] = []

    def pull() -> None:
        eventually(lambda: bench.actor._writer._written_ns > 0)
        closes.append(bench.gate.close(KillLevel.HALT))

    thread = threading.Thread(target=pull)
    thread.start()
    job = bench.job(place(5), RISK)
    bench.give(job)
    thread.join(5)
    hold.set()
    assert bench.answer(job).fate == "unknown"
    assert closes[0].cut == ("ibkr",)
    assert closes[0].left == ()
