"""Writers, taps and busy threads for the tests of gate and kill switch."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from autotrader.actors.gate import Gate
from autotrader.errors import Halted
from autotrader.messages import Receipt
from autotrader.model import WriteClass
from autotrader.risk.receipts import ReceiptBook


def receipt_of(book: ReceiptBook, write_class: WriteClass = WriteClass.RISK, venue: str = "paper") -> Receipt:
    return book.issue(venue, "0123abcd", write_class, 0)


class Tap:
    """One end of a socket pair as a wire, the other as the witness of every byte."""

    def __init__(self) -> None:
        self.wire, self._witness = socket.socketpair()
        self._witness.setblocking(False)

    def seen(self) -> bytes:
        """Return what was written since the last look."""
        parts = []
        with suppress(BlockingIOError):
            while part := self._witness.recv(1 << 16):
                parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        self.wire.close()
        self._witness.close()


class Hammer:
    """A thread that writes one byte per order, as fast as the gate lets it, and counts how often it was refused.

    It empties the wire now and then, inside the gate, so that a full buffer holds nobody up.
    """

    def __init__(
        self, gate: Gate, book: ReceiptBook, tap: Tap, write_class: WriteClass = WriteClass.RISK, venue: str = "paper",
    ) -> None:
        self._gate, self._book, self._tap, self._class, self._venue = gate, book, tap, write_class, venue
        self.written = self.refused = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        door = self._gate.door(self._venue)
        byte = self._class[0].encode()
        needs_receipt = self._class in (WriteClass.RISK, WriteClass.REDUCE)
        while not self._stop.is_set():
            receipt = receipt_of(self._book, self._class, self._venue) if needs_receipt else None
            try:
                with door.write(self._class, receipt):
                    self._tap.wire.sendall(byte)
                    self.written += 1
                    if self.written % 50 == 0:
                        self._tap.seen()
            except Halted:
                self.refused += 1

    def start(self) -> Hammer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        with suppress(OSError):
            self._tap.wire.settimeout(0.01)
        self._thread.join()


@contextmanager
def busy_threads(number: int) -> Iterator[None]:
    """Let threads burn the interpreter meanwhile."""
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(range(200))

    threads = [threading.Thread(target=burn, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def on_thread(work: Callable[[], object]) -> object:
    """Do it on a thread of its own, and return or raise what it did."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]
