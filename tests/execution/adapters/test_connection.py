"""A connection answers each call exactly once, and says what may have left."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support import Probe, eventually
from wire_kit import RawServer, answering, no_listener, raw_server

from autotrader.actors import ChildSpec, RestartPolicy, Runtime
from autotrader.actors.gate import Gate
from autotrader.clock import SystemClock
from autotrader.errors import EncodeError
from autotrader.execution.adapters.connection import ConnectionActor, ConnectionStatus
from autotrader.execution.adapters.dial import endpoint_of
from autotrader.execution.adapters.http_wire import HttpRequest, HttpWire
from autotrader.execution.adapters.wire import CallDone, CallJob, CallRoll, ClockOffset, ConnectionReady
from autotrader.messages import GetStatus, Receipt
from autotrader.model import KillLevel, WriteClass
from autotrader.risk.receipts import ReceiptBook

NAME = "connection.v.order-1"
QUERY, RISK, CANCEL = WriteClass.QUERY, WriteClass.RISK, WriteClass.CANCEL


class Transport:
    """Makes a request of whatever a call says; a call may be an error to raise, or something to run first."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.thread = threading.get_ident()
        self.closed = False

    def request(self, call: Any) -> HttpRequest:
        assert threading.get_ident() == self.thread
        if isinstance(call, Exception):
            raise call
        if callable(call):
            call = call()
        return call if isinstance(call, HttpRequest) else HttpRequest("POST", "/order", (), str(call).encode())

    def set_clock_offset(self, offset_ns: int) -> None:
        self.offsets.append(offset_ns)

    def close(self) -> None:
        self.closed = True


class Bench:
    """One connection that the test drives in its own thread."""

    def __init__(self, url: str) -> None:
        self.runtime = Runtime(SystemClock(), SystemClock(), seed=1)
        self.book = ReceiptBook()
        self.gate = Gate(self.book)
        self.broker = Probe()
        self.transports: list[Transport] = []
        self.actors: list[ConnectionActor] = []
        self.runtime.handle("broker.v").bind(self.broker)
        self.url = url
        self.numbers = 0
        self.actor = self.make(self.runtime.context(NAME))
        self.actor.on_start()

    def make(self, context: Any) -> ConnectionActor:
        def transport() -> Transport:
            self.transports.append(Transport())
            return self.transports[-1]

        self.actors.append(ConnectionActor(
            context, venue="v", role="order", broker=self.runtime.handle("broker.v"), gate=self.gate,
            wire=HttpWire(endpoint_of(self.url)), make_transport=transport,
        ))  # fmt: skip
        return self.actors[-1]

    def job(self, call: Any = "hello", write_class: WriteClass = QUERY, **options: Any) -> CallJob:
        self.numbers += 1
        return CallJob(self.numbers, options.pop("epoch", 1), call, write_class, **{"deadline_s": 5.0, **options})

    def call(self, call: Any = "hello", write_class: WriteClass = QUERY, **options: Any) -> CallDone:
        """Make a call and return how it went, which was told once."""
        before = len(self.broker.of(CallDone))
        self.runtime.handle(NAME).tell(job := self.job(call, write_class, **options))
        self.actor.run_pending()
        [done] = self.broker.of(CallDone)[before:]
        assert (done.number, done.epoch, done.connection) == (job.number, job.epoch, NAME)
        return done

    def receipt(self) -> Receipt:
        return self.book.issue("v", "0123abcd", RISK, 0)

    def status(self) -> ConnectionStatus:
        return self.actor._on_get_status(GetStatus())


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(answering(b'{"orderId":28}', headers="X-MBX-USED-WEIGHT-1M: 7\r\n")) as server:
        yield server


@pytest.fixture
def bench(server: RawServer) -> Iterator[Bench]:
    bench = Bench(server.url)
    yield bench
    bench.actor.on_stop()



# ---------------------------------------------------------------- answered


def test_an_answer_comes_with_its_headers_and_times(bench: Bench) -> None:
    done = bench.call()
    assert (done.fate, done.status, done.body) == ("answered", 200, b'{"orderId":28}')
    assert done.headers["x-mbx-used-weight-1m"] == "7"
    assert 0 < done.written_ns <= done.answered_ns


def test_an_order_is_written_with_its_receipt_once_per_attempt(bench: Bench, server: RawServer) -> None:
    receipt = bench.receipt()
    assert bench.call("order", RISK, receipt=receipt).fate == "answered"
    again = bench.call("order", RISK, receipt=receipt)
    assert (again.fate, again.written_ns) == ("refused", 0)
    assert len(server.requests) == 1
    assert bench.gate.written("v") == 1


def test_the_next_call_uses_the_same_session(bench: Bench, server: RawServer) -> None:
    for _ in range(4):
        bench.call()
    assert server.accepted == 1
    assert bench.status().reconnects == 0


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("level", [KillLevel.HALT, KillLevel.CANCEL])
def test_the_gate_stands_before_the_write(bench: Bench, server: RawServer, level: KillLevel) -> None:
    bench.gate.close(level)
    done = bench.call("order", RISK, receipt=bench.receipt())
    assert (done.fate, done.code) == ("refused", "HALTED")
    assert server.requests == []
    assert bench.call("cancel", CANCEL).fate == "answered"


def test_an_order_without_a_receipt_never_leaves(bench: Bench, server: RawServer) -> None:
    assert bench.call("order", RISK).code == "RECEIPT_FORGED"
    assert server.requests == []


def test_a_call_that_cannot_be_built_is_refused(bench: Bench, server: RawServer) -> None:
    done = bench.call(EncodeError("two ids"))
    assert (done.fate, done.code, done.reason) == ("refused", "ENCODE", "two ids")
    assert bench.call(HttpRequest("POST", "/a\r\nb")).code == "ENCODE"
    assert server.requests == []


def test_a_job_of_a_broker_that_was_replaced_is_refused(bench: Bench, server: RawServer) -> None:
    assert bench.call(epoch=2).fate == "answered"
    assert bench.call(epoch=1).code == "STALE_EPOCH"
    bench.runtime.handle(NAME).tell(CallRoll(3))
    bench.actor.run_pending()
    assert bench.call(epoch=2).code == "STALE_EPOCH"
    assert len(server.requests) == 1


def test_a_broker_whose_successor_has_begun_writes_no_more(bench: Bench, server: RawServer) -> None:
    assert bench.call(epoch=1).fate == "answered"
    bench.gate.begin_epoch("v", 2)
    assert bench.call(epoch=1).code == "STALE_EPOCH"
    assert bench.call(epoch=2).fate == "answered"
    assert len(server.requests) == 2


# ---------------------------------------------------------------- not sent


def test_a_connect_that_fails_says_that_nothing_was_sent() -> None:
    with no_listener() as port:
        bench = Bench(f"http://127.0.0.1:{port}")
        done = bench.call("order", RISK, receipt=bench.receipt())
        assert (done.fate, done.code, done.written_ns) == ("not_sent", "CONNECT", 0)
        assert bench.gate.written("v") == 0
        assert bench.status().last_error.startswith("CONNECT: ")
        bench.actor.on_stop()


def test_a_session_that_the_server_closed_meanwhile_is_made_anew_before_the_write() -> None:
    with raw_server(lambda sock, _: sock.sendall(answering()) or False) as server:
        bench = Bench(server.url)
        for number in range(1, 4):
            assert bench.call(f"{number}").fate == "answered"
            eventually(lambda: not bench.actor._wire.is_fresh())
        bench.actor.on_stop()
    assert len(server.requests) == server.accepted == 3


def test_time_that_is_over_before_the_write_is_not_sent(bench: Bench, server: RawServer) -> None:
    bench.call()
    done = bench.call(lambda: threading.Event().wait(0.02), deadline_s=0.01)
    assert (done.fate, done.code) == ("not_sent", "TIMEOUT")
    assert len(server.requests) == 1


# ---------------------------------------------------------------- unknown


def reset(sock: socket.socket, _: bytes) -> bool:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    return False


@pytest.mark.parametrize(
    ("serve", "code"),
    [
        (lambda *_: False, "CLOSED"), (reset, "CLOSED"), (lambda *_: None, "TIMEOUT"),
        (lambda sock, _: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab") or False, "CUT"),
        (lambda sock, _: sock.sendall(b"\xff\x00<html>\r\n\r\n") or False, "UNREADABLE"),
        (lambda sock, _: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"), "TOO_LARGE"),
    ],
)  # fmt: skip
def test_whatever_fails_after_the_write_may_have_arrived(serve: Any, code: str) -> None:
    with raw_server(serve) as server:
        bench = Bench(server.url)
        done = bench.call("order", RISK, receipt=bench.receipt(), deadline_s=0.3)
        assert (done.fate, done.code) == ("unknown", code)
        assert done.written_ns > 0
        assert len(server.requests) == 1
        assert not bench.status().is_open
        bench.actor.on_stop()


def test_a_wire_shut_by_the_gate_while_it_writes_leaves_the_outcome_unknown(bench: Bench) -> None:
    bench.call()
    send = bench.actor._wire.send

    def slow(data: bytes, deadline_ns: int) -> None:
        assert bench.gate.close(KillLevel.HALT).cut == ("v",)
        send(data, deadline_ns)

    bench.actor._wire.send = slow  # type: ignore[method-assign]
    done = bench.call("order", RISK, receipt=bench.receipt())
    assert done.fate == "unknown"
    assert not bench.actor._door._count & 1  # type: ignore[union-attr]


def test_a_write_that_does_not_drain_is_cut_when_the_gate_closes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections and reads nothing
        bench = Bench(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with bench.runtime as runtime:
            runtime.start([supervised(bench)])
            large = HttpRequest("POST", "/order", (), b"x" * (64 << 20))
            runtime.handle(NAME).tell(bench.job(large, RISK, receipt=bench.receipt(), deadline_s=60.0))
            eventually(lambda: bench.gate._writers(KillLevel.HALT, "v"))
            closed = bench.gate.close(KillLevel.HALT)
            assert (closed.cut, closed.left) == (("v",), ())
            [done] = bench.broker.wait_for(CallDone)
    assert (done.fate, done.code) == ("unknown", "RESET")


def test_a_crash_over_a_call_is_told_too(bench: Bench, server: RawServer) -> None:
    bench.runtime.handle(NAME).tell(bench.job(ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        bench.actor.run_pending()
    assert bench.broker.of(CallDone) == []  # not while a next job could still get into the mailbox
    bench.actor.on_stop()
    [done] = bench.broker.of(CallDone)
    assert (done.fate, done.code) == ("not_sent", "CRASHED")
    assert server.requests == []


def test_a_crash_after_the_write_is_unknown_and_leaves_the_gate(bench: Bench) -> None:
    def bad(*_: Any) -> None:
        raise ValueError("a bug")

    bench.actor._wire.send = bad  # type: ignore[method-assign]
    bench.runtime.handle(NAME).tell(bench.job())
    with pytest.raises(ValueError, match="a bug"):
        bench.actor.run_pending()
    bench.actor.on_stop()
    assert [one.fate for one in bench.broker.of(CallDone)] == ["unknown"]
    assert not bench.actor._door._count & 1  # type: ignore[union-attr]


def test_a_broker_that_is_down_does_not_end_the_connection(bench: Bench, server: RawServer) -> None:
    bench.runtime.handle("broker.v").unbind()
    bench.runtime.handle(NAME).tell(bench.job())
    bench.actor.run_pending()
    bench.runtime.handle("broker.v").bind(bench.broker)
    assert bench.call().fate == "answered"
    assert len(server.requests) == 2


# ---------------------------------------------------------------- between calls


def test_a_connection_says_that_it_is_there_and_connects_before_it_is_needed(bench: Bench, server: RawServer) -> None:
    assert bench.broker.seen == [ConnectionReady(NAME, "order", 1)]
    assert server.accepted == 0
    bench.actor.run_pending()
    assert bench.status().is_open
    eventually(lambda: server.accepted == 1)
    assert server.requests == []


def test_a_new_broker_hears_who_is_there(bench: Bench) -> None:
    bench.broker.seen.clear()
    bench.runtime.handle(NAME).tell(CallRoll(2))
    bench.actor.run_pending()
    assert bench.broker.seen == [ConnectionReady(NAME, "order", 1)]


def test_an_idle_session_that_was_closed_is_made_anew_before_an_order_needs_it(bench: Bench, server: RawServer) -> None:
    bench.call()
    server.cut()
    eventually(lambda: bench.actor.on_idle() or server.accepted == 2)
    assert bench.status().is_open
    assert bench.status().reconnects == 1
    assert len(server.requests) == 1


def test_reconnects_of_an_idle_session_come_ever_more_rarely() -> None:
    with no_listener() as port:
        bench = Bench(f"http://127.0.0.1:{port}")
        waits = []
        for _ in range(10):
            bench.actor._retry_ns = 0
            bench.actor.on_idle()
            waits.append((bench.actor._retry_ns - bench.runtime.wall.monotonic_ns()) / 1e9)
            attempts = bench.actor._failures
            bench.actor.on_idle()  # too early
            assert bench.actor._failures == attempts
        assert waits[0] < 1.0
        assert all(14.0 < wait <= 30.0 for wait in waits[-3:])
        bench.actor.on_stop()


def test_the_clock_offset_reaches_the_transport(bench: Bench) -> None:
    bench.runtime.handle(NAME).tell(ClockOffset(-5))
    bench.actor.run_pending()
    assert bench.transports[0].offsets == [-5]


def test_a_connection_that_ends_lets_go_of_all_it_holds(bench: Bench) -> None:
    bench.call()
    bench.actor.on_stop()
    assert bench.transports[0].closed
    assert not bench.status().is_open
    assert bench.gate._doors == {}


def test_it_says_how_long_it_may_be_silent(bench: Bench) -> None:
    seen: list[int] = []
    before_ns = bench.runtime.wall.monotonic_ns()
    bench.call(lambda: seen.append(bench.actor.busy_until_ns) or "x", deadline_s=5.0)
    assert 6.0e9 <= seen[0] - before_ns < 60e9
    assert bench.actor.busy_until_ns == 0


# ---------------------------------------------------------------- supervised


def supervised(bench: Bench, **options: Any) -> ChildSpec:
    policy = RestartPolicy(intensity=5, period_s=60, base_s=0, cap_s=0)
    return ChildSpec(NAME, bench.make, policy, **options)


def test_a_crashed_connection_comes_back_and_says_so(server: RawServer) -> None:
    bench = Bench(server.url)
    with bench.runtime as runtime:
        runtime.start([supervised(bench)])
        first = bench.broker.wait_for(ConnectionReady, 2)[-1].epoch
        runtime.handle(NAME).tell(bench.job(ValueError("a bug")))
        assert bench.broker.wait_for(ConnectionReady, 3)[-1].epoch == first + 1
        assert [one.code for one in bench.broker.of(CallDone)] == ["CRASHED"]
        runtime.handle(NAME).tell(bench.job())
        assert bench.broker.wait_for(CallDone, 2)[-1].fate == "answered"
    assert all(transport.closed for transport in bench.transports[1:])


@pytest.mark.parametrize("knows", [True, False])
def test_a_hung_connection_is_replaced_and_writes_no_more(server: RawServer, knows: bool) -> None:
    bench = Bench(server.url)
    entered, release = threading.Event(), threading.Event()

    def hang() -> str:
        hung = bench.actors[-1]
        hung.busy_until_ns = 0  # as if the call had taken longer than it may
        if not knows:
            hung.context.is_current = lambda: True  # type: ignore[method-assign]
        entered.set()
        release.wait(30)
        return "late order"

    with bench.runtime as runtime:
        runtime.start([supervised(bench, hang_s=0.1)])
        runtime.handle(NAME).tell(bench.job(hang, RISK, receipt=bench.receipt(), deadline_s=60.0))
        assert entered.wait(5)
        assert bench.broker.wait_for(ConnectionReady, 3, timeout_s=15.0)
        old = f"{NAME}#{runtime.handle(NAME).epoch - 1}"
        release.set()
        eventually(lambda: not any(old in thread.name for thread in threading.enumerate()))
        runtime.handle(NAME).tell(bench.job("next"))
        assert bench.broker.wait_for(CallDone)[0].fate == "answered"
    assert [request[-4:] for request in server.requests] == [b"next"]
    assert len(bench.broker.of(CallDone)) == 1
