"""Measure the kill switch: pull to gate closed, with CPU-bound threads in the process and a full order queue.

    python scripts/kill_pulls.py [--pulls 1000] [--busy 8] [--queued 100000] [--json]

A child process pulls the trigger through a pipe, so that waking up beside the busy threads is in the figure. Writers work off
the queue through the gate into a pipe all the while; what they write after ``activate`` has returned is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autotrader.actors.gate import Closed, Gate
from autotrader.clock import SystemClock
from autotrader.errors import Halted
from autotrader.execution.kill_switch import KillSwitch
from autotrader.execution.latch import Latch
from autotrader.model import KillLevel, WriteClass
from autotrader.risk.receipts import ReceiptBook

TRIGGER = "import sys,time,os\nfor _ in sys.stdin:\n time.sleep(.002)\n os.write(1,b'%d\\n'%time.monotonic_ns())\n"


def nothing(*_: object) -> None:
    """Stand in for broadcast and alert."""


def no_objection(_: str) -> tuple[str, ...]:
    """Let every re-arm pass."""
    return ()


class TimedGate(Gate):
    """A gate that keeps the moment of its last close."""

    closed_ns = 0

    def close(self, level: KillLevel, scope: str = "all") -> Closed:
        """Close, and note when it was done."""
        closed = super().close(level, scope)
        self.closed_ns = time.monotonic_ns()
        return closed


class Writer(threading.Thread):
    """Works its queue off through the gate, one byte per message, and puts each message back."""

    def __init__(self, gate: Gate, book: ReceiptBook, messages: int, wire: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.gate, self.book, self.wire, self.stop = gate, book, wire, stop
        self.queue = deque(range(messages))
        self.written = self.refused = 0

    def run(self) -> None:
        """Write until told to stop."""
        door = self.gate.door("paper")
        while not self.stop.is_set():
            message = self.queue.popleft()
            receipt = self.book.issue("paper", str(message), WriteClass.RISK, 0)
            try:
                with door.write(WriteClass.RISK, receipt):
                    os.write(self.wire, b"R")
                    self.written += 1
            except Halted:
                self.refused += 1
            self.queue.append(message)


def burn(stop: threading.Event) -> None:
    """Do what a CPU-bound strategy does to the others."""
    while not stop.is_set():
        sum(range(2_000))


@contextmanager
def running(threads: list[threading.Thread], stop: threading.Event) -> Iterator[None]:
    """Start threads, and end them at the end."""
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def measure_pulls(
    pulls: int = 1000, busy: int = 8, queued: int = 100_000, writers: int = 4, folder: str | None = None,
    switch_interval_s: float = 0.001,
) -> dict[str, float]:
    """Pull so often and return milliseconds: from the call, and from the trigger in another process, to the closed gate.

    ``late_bytes`` counts what was written after the call had returned. ``switch_interval_s`` is what ``run_live.py`` sets.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(switch_interval_s)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as journal_folder:
            return _measure(Path(journal_folder) / "kill.db", pulls, busy, queued, writers)
    finally:
        sys.setswitchinterval(before)


def _measure(journal: Path, pulls: int, busy: int, queued: int, writers: int) -> dict[str, float]:
    book, stop = ReceiptBook(), threading.Event()
    gate, latch, clock = TimedGate(book), Latch(journal), SystemClock()
    switch = KillSwitch(gate, latch, nothing, clock, clock, nothing, no_objection)
    wire = os.open(os.devnull, os.O_WRONLY)
    workers = [Writer(gate, book, queued // writers, wire, stop) for _ in range(writers)]
    burners = [threading.Thread(target=burn, args=(stop,), daemon=True) for _ in range(busy)]
    samples: list[tuple[int, int, int, int]] = []
    with running([*workers, *burners], stop), _trigger() as child:
        for _ in range(pulls):
            samples.append(_pull(child, gate, switch, workers))
    os.close(wire)
    switch.close()
    return _figures(samples, busy, queued)


def _pull(
    child: subprocess.Popen[bytes], gate: TimedGate, switch: KillSwitch, workers: list[Writer],
) -> tuple[int, int, int, int]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"go\n")
    child.stdin.flush()
    triggered_ns = int(child.stdout.readline())
    called_ns = time.monotonic_ns()
    switch.activate("drill", KillLevel.HALT)
    returned_ns = time.monotonic_ns()
    written, refused = sum(worker.written for worker in workers), sum(worker.refused for worker in workers)
    until = time.monotonic() + 0.2
    while sum(worker.refused for worker in workers) <= refused + len(workers) and time.monotonic() < until:
        time.sleep(0.0005)
    late = sum(worker.written for worker in workers) - written
    assert switch.wait_told(10.0)
    missing = switch.rearm("drill", "benchmark")
    assert not missing, missing
    return gate.closed_ns - called_ns, gate.closed_ns - triggered_ns, returned_ns - called_ns, late


@contextmanager
def _trigger() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-S", "-c", TRIGGER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield child
    finally:
        child.communicate()


def _figures(samples: list[tuple[int, int, int, int]], busy: int, queued: int) -> dict[str, float]:
    figures: dict[str, float] = {"pulls": len(samples), "busy_threads": busy, "queued": queued}
    for name, column in (("call_to_closed", 0), ("trigger_to_closed", 1), ("call_to_returned", 2)):
        times = sorted(sample[column] / 1e6 for sample in samples)
        figures[f"{name}_p50_ms"] = round(times[len(times) // 2], 3)
        figures[f"{name}_p99_ms"] = round(times[int(len(times) * 0.99)], 3)
        figures[f"{name}_worst_ms"] = round(times[-1], 3)
    figures["late_bytes"] = sum(sample[3] for sample in samples)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pulls", type=int, default=1000)
    parser.add_argument("--busy", type=int, default=8)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure_pulls(options.pulls, options.busy, options.queued)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, figure in figures.items():
            print(f"{name:28} {figure:g}")


if __name__ == "__main__":
    main()
