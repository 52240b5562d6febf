"""Closing: whoever is inside is waited for or cut off, and after the return not a byte more."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gate_kit import Hammer, Tap, busy_threads, receipt_of

from autotrader.actors import gate as gate_module
from autotrader.actors.gate import ALL, Gate
from autotrader.errors import Halted
from autotrader.model import KillLevel, WriteClass
from autotrader.risk.receipts import ReceiptBook

RISK, REDUCE, CANCEL = WriteClass.RISK, WriteClass.REDUCE, WriteClass.CANCEL


class Writer:
    """A thread that goes in, says so, and comes out when told."""

    def __init__(
        self, gate: Gate, book: ReceiptBook, write_class: WriteClass = RISK, shutter: Callable[[], None] | None = None,
    ) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()
        self._args = gate, book, write_class, shutter
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.inside.wait(5)

    def _run(self) -> None:
        gate, book, write_class, shutter = self._args
        door = gate.door("paper", 0, shutter)
        with door.write(write_class, receipt_of(book, write_class) if write_class is not CANCEL else None):
            self.inside.set()
            self.go_on.wait(10)

    def end(self) -> None:
        self.go_on.set()
        self._thread.join()


@pytest.fixture
def book() -> ReceiptBook:
    return ReceiptBook()


@pytest.fixture
def gate(book: ReceiptBook) -> Gate:
    return Gate(book)


@pytest.fixture
def quick_interpreter() -> Iterator[None]:
    """Let threads take turns often, so that the tests with busy ones end soon."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    yield
    sys.setswitchinterval(before)


def test_close_returns_only_after_the_writer_inside_is_out(gate: Gate, book: ReceiptBook, monkeypatch: Any) -> None:
    monkeypatch.setattr(gate_module, "_DRAIN_S", 5.0)
    writer, closed = Writer(gate, book), threading.Event()
    closer = threading.Thread(target=lambda: (gate.close(KillLevel.HALT), closed.set()))
    closer.start()
    while gate.level("paper") is KillLevel.ARMED:
        pass
    assert not closed.is_set()
    writer.end()
    closer.join()
    assert closed.is_set()


def test_a_writer_of_what_the_level_allows_is_not_waited_for(gate: Gate, book: ReceiptBook) -> None:
    writers = [Writer(gate, book, CANCEL), Writer(gate, book, REDUCE)]
    assert gate.close(KillLevel.HALT)[1:] == ((), ())
    for writer in writers:
        writer.end()


def test_reduce_writers_are_waited_for_from_cancel_on(gate: Gate, book: ReceiptBook) -> None:
    shut: list[int] = []
    writer = Writer(gate, book, REDUCE, lambda: shut.append(1))
    assert gate.close(KillLevel.CANCEL).cut == ("paper",)
    writer.end()


def test_a_writer_at_another_venue_is_not_waited_for(gate: Gate, book: ReceiptBook) -> None:
    writer = Writer(gate, book)
    assert gate.close(KillLevel.HALT, "okx")[1:] == ((), ())
    writer.end()


def test_a_stuck_writer_has_its_socket_shut_and_not_a_byte_follows(gate: Gate, book: ReceiptBook) -> None:
    """The peer reads nothing, so that the body of the request hangs half way in sendall."""
    wire, peer = socket.socketpair()
    inside, failed = threading.Event(), []

    def send() -> None:
        door = gate.door("paper", 0, lambda: wire.shutdown(socket.SHUT_RDWR))
        try:
            with door.write(RISK, receipt_of(book)):
                inside.set()
                wire.sendall(b"x" * 50_000_000)
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    inside.wait(5)
    closed = gate.close(KillLevel.HALT)
    assert closed.cut == ("paper",)
    assert closed.left == ()
    thread.join()
    assert failed
    received = 0
    while part := peer.recv(1 << 20):
        received += len(part)
    assert 0 < received < 50_000_000
    wire.close()
    peer.close()


@pytest.mark.parametrize("shutter", [None, lambda: 1 / 0], ids=["no shutter", "a shutter that fails"])
def test_a_writer_that_cannot_be_stopped_is_named(gate: Gate, book: ReceiptBook, shutter: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(gate_module, "_GIVE_UP_S", 0.05)
    writer = Writer(gate, book, RISK, shutter)
    assert gate.close(KillLevel.HALT).left == ("paper",)
    writer.end()


def test_a_closed_socket_counts_as_cut(gate: Gate, book: ReceiptBook) -> None:
    gone = socket.socket()
    gone.close()
    writer = Writer(gate, book, RISK, lambda: gone.shutdown(socket.SHUT_RDWR))
    assert gate.close(KillLevel.HALT)[1:] == (("paper",), ())
    writer.end()


def test_a_writer_that_is_out_and_in_again_is_not_cut(gate: Gate, book: ReceiptBook) -> None:
    """The second time it is only on its way to a refusal."""
    shut: list[int] = []
    door = gate.door("paper", 0, lambda: shut.append(1))
    door.enter(RISK, receipt_of(book))
    writers = gate._writers(KillLevel.HALT, ALL)
    door.leave()
    door.enter(RISK, receipt_of(book))
    door._owner = 0
    assert gate._drain(writers, 0.0) == ((), ())
    assert not shut
    door.leave()


def test_a_signal_handler_may_close_while_its_own_thread_writes(gate: Gate, book: ReceiptBook) -> None:
    wire, peer = socket.socketpair()
    closed: list[Any] = []
    before = signal.signal(signal.SIGUSR2, lambda *_: closed.append(gate.close(KillLevel.CANCEL)))
    try:
        door = gate.door("paper", 0, lambda: wire.shutdown(socket.SHUT_RDWR))
        with door.write(RISK, receipt_of(book)):
            signal.raise_signal(signal.SIGUSR2)
            with pytest.raises(OSError):
                wire.sendall(b"x")
        assert closed[0].cut == ("paper",)
        assert peer.recv(1) == b""
        with pytest.raises(Halted):
            door.enter(RISK, receipt_of(book))
    finally:
        signal.signal(signal.SIGUSR2, before)
        wire.close()
        peer.close()


def test_the_switch_interval_is_the_hosts_again_after_the_close(gate: Gate) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.003)
    try:
        gate.close(KillLevel.HALT)
        assert sys.getswitchinterval() == pytest.approx(0.003)
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize(("busy", "pulls"), [(0, 200), (8, 25)], ids=["quiet", "beside 8 CPU-bound threads"])
def test_not_a_byte_of_an_order_is_written_after_close_returned(
    gate: Gate, book: ReceiptBook, busy: int, pulls: int, eventually: Any, quick_interpreter: None,
) -> None:
    """Four writers hammer real sockets; what is in flight arrives before the return, and then nothing does."""
    taps = [Tap() for _ in range(4)]
    hammers = [Hammer(gate, book, tap).start() for tap in taps]
    late: list[bytes] = []
    with busy_threads(busy):
        for _ in range(pulls):
            written = [hammer.written for hammer in hammers]
            eventually(lambda: all(h.written > w for h, w in zip(hammers, written, strict=True)), timeout_s=30)  # noqa: B023
            closed = gate.close(KillLevel.HALT)
            for tap in taps:
                tap.seen()
            refused = [hammer.refused for hammer in hammers]
            if not closed.cut:
                eventually(lambda: all(h.refused > r + 1 for h, r in zip(hammers, refused, strict=True)), timeout_s=30)  # noqa: B023
            late += [tap.seen() for tap in taps]
            assert closed.left == ()
            if closed.cut:  # a machine too busy to run a writer for 20 ms: its socket is shut, and it hammers no more
                break
            gate.reopen(ALL, gate.pulled())
    for hammer in hammers:
        hammer.stop()
    for tap in taps:
        tap.close()
    assert set(late) == {b""}


def test_cancels_keep_flowing_while_orders_are_refused(gate: Gate, book: ReceiptBook, eventually: Any) -> None:
    tap = Tap()
    orders, cancels = Hammer(gate, book, tap).start(), Hammer(gate, book, tap, CANCEL).start()
    eventually(lambda: orders.written and cancels.written)
    gate.close(KillLevel.CANCEL)
    tap.seen()
    written = cancels.written
    eventually(lambda: tap.seen() and cancels.written > written + 10)
    orders.stop()
    cancels.stop()
    assert set(tap.seen()) <= {ord("C")}
    tap.close()
