"""What a bare Pykka sketch reaches here: the same actors by ``tell``, the same number and size of rows, no other work.

Strategy → order manager → journal (commits the intents, then lets them go) → resiliency manager → broker → order manager →
strategy. Lists travel, flushed when the inbox is empty or at 64. Three events an order with payloads of the real length, one
order row, one fill row, one position row a commit. No limits, no life cycle, no hashes, no encoding, no supervision.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pykka

BATCH = 64
PAYLOADS = {"OrderIntended": "i" * 270, "OrderAccepted": "a" * 145, "OrderFilled": "f" * 450}
TABLES = """
create table events (
  seq integer primary key, ts_ns int, kind text, order_id text, venue text, payload text, hash blob);
create index events_of_order on events (order_id);
create table orders (client_order_id text primary key, body text) without rowid;
create table fills (trade_id text primary key, body text) without rowid;
create table positions (symbol text primary key, body text) without rowid;
"""
ROW = "x" * 150


class Intent(NamedTuple):
    """An order on its way."""

    number: int
    order_id: str


class Fill(NamedTuple):
    """Its answer: acknowledged and filled."""

    number: int
    order_id: str


class Batching(pykka.ThreadingActor):
    """Takes lists, collects what goes on, and lets it go when nothing waits."""

    use_daemon_thread = True

    def __init__(self) -> None:
        super().__init__()
        self.pending = 0

    def on_receive(self, batch: list[Any]) -> None:
        """Handle a list."""
        for message in batch:
            self.handle(message)
        self.pending += len(batch)
        if self.pending >= BATCH or self.actor_inbox.empty():  # type: ignore[attr-defined]
            self.pending = 0
            self.flush()


class Strategy(Batching):
    """Keeps a window of orders in flight."""

    def __init__(self, n: int, window: int) -> None:
        super().__init__()
        self.n, self.window = n, window
        self.t0, self.t1 = [0] * n, [0] * n
        self.out = self.done = 0
        self.ended = threading.Event()
        self.oms: Any = None

    def handle(self, message: Any) -> None:
        """Count a fill."""
        if isinstance(message, Fill):
            self.t1[message.number] = time.perf_counter_ns()
            self.done += 1
            if self.done == self.n:
                self.ended.set()

    def flush(self) -> None:
        """Fill the window up."""
        room = min(self.window + self.done, self.n) - self.out
        orders = []
        for number in range(self.out, self.out + room):
            self.t0[number] = time.perf_counter_ns()
            orders.append(Intent(number, f"{number:032x}"))
        self.out += room
        if orders:
            self.oms.tell(orders)


class Oms(Batching):
    """Hands intents to the journal and fills to the strategy."""

    def __init__(self) -> None:
        super().__init__()
        self.strategy: Any = None
        self.journal: Any = None
        self.intents: list[Intent] = []
        self.fills: list[Fill] = []

    def handle(self, message: Any) -> None:
        """Sort."""
        (self.intents if type(message) is Intent else self.fills).append(message)

    def flush(self) -> None:
        """Let both go."""
        intents, fills = self.intents, self.fills
        self.intents, self.fills = [], []
        if intents or fills:
            self.journal.tell([(intents, fills)])
        if fills:
            self.strategy.tell(fills)


class Journal(Batching):
    """Commits everything that waits, then lets the intents go."""

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self.next: Any = None
        self.waiting: list[tuple[list[Intent], list[Fill]]] = []
        self.db: sqlite3.Connection | None = None
        self.seq = 0
        if path is not None:
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.db.execute("pragma journal_mode=wal")
            self.db.execute("pragma synchronous=full")
            self.db.executescript(TABLES)

    def handle(self, message: Any) -> None:
        """Keep."""
        self.waiting.append(message)

    def flush(self) -> None:
        """Commit and release."""
        waiting, self.waiting = self.waiting, []
        intents = [one for batch, _ in waiting for one in batch]
        fills = [one for _, batch in waiting for one in batch]
        if self.db is not None:
            self._commit(self.db, intents, fills)
        if intents:
            self.next.tell(intents)

    def _commit(self, db: sqlite3.Connection, intents: list[Intent], fills: list[Fill]) -> None:
        now_ns = time.time_ns()
        kinds = [("OrderIntended", one.order_id) for one in intents]
        kinds += [(kind, one.order_id) for one in fills for kind in ("OrderAccepted", "OrderFilled")]
        rows = [(now_ns, kind, order_id, "paper", PAYLOADS[kind], b"h" * 32) for kind, order_id in kinds]
        db.execute("begin")
        self._insert(db, "insert into events (ts_ns, kind, order_id, venue, payload, hash)", rows)
        changed = {one.order_id: ROW for one in (*intents, *fills)}
        self._insert(db, "insert or replace into orders", list(changed.items()))
        self._insert(db, "insert or replace into fills", [(one.order_id, ROW) for one in fills])
        self._insert(db, "insert or replace into positions", [("BTCUSDT", ROW)])
        db.execute("commit")

    def _insert(self, db: sqlite3.Connection, head: str, rows: list[tuple[Any, ...]]) -> None:
        """Write in statements of a power of two of rows, so that each is prepared once."""
        at = 0
        while at < len(rows):
            size = min(256, 1 << (len(rows) - at).bit_length() - 1)
            part = rows[at : at + size]
            marks = "(" + ",".join("?" * len(part[0])) + ")"
            db.execute(f"{head} values {','.join([marks] * size)}", [value for row in part for value in row])
            at += size


class Pass(Batching):
    """The resiliency manager: hands on."""

    def __init__(self) -> None:
        super().__init__()
        self.next: Any = None
        self.kept: list[Any] = []

    def handle(self, message: Any) -> None:
        """Keep."""
        self.kept.append(message)

    def flush(self) -> None:
        """Hand on."""
        kept, self.kept = self.kept, []
        if kept:
            self.next.tell(kept)


class Broker(Pass):
    """Fills at once."""

    def handle(self, message: Any) -> None:
        """Fill."""
        self.kept.append(Fill(message.number, message.order_id))


def build(n: int, window: int, path: Path | None) -> tuple[Strategy, Callable[[], None]]:
    """Start the actors; return the strategy's object and what begins the run."""
    made: dict[str, Any] = {}

    def keep(cls: type[Batching], *args: Any) -> Any:
        class Kept(cls):  # type: ignore[misc, valid-type]
            def on_start(self) -> None:
                made[cls.__name__] = self

        return Kept.start(*args)

    refs = {
        "Strategy": keep(Strategy, n, window), "Oms": keep(Oms), "Journal": keep(Journal, path), "Pass": keep(Pass),
        "Broker": keep(Broker),
    }
    while len(made) < len(refs):
        time.sleep(0.001)
    made["Strategy"].oms, made["Oms"].strategy, made["Oms"].journal = refs["Oms"], refs["Strategy"], refs["Journal"]
    made["Journal"].next, made["Pass"].next, made["Broker"].next = refs["Pass"], refs["Broker"], refs["Oms"]
    return made["Strategy"], lambda: refs["Strategy"].tell(["go"])


def run(n: int, window: int, *, journal: bool = True) -> dict[str, Any]:
    """Run and return rate and latencies in microseconds."""
    with tempfile.TemporaryDirectory(prefix="autotrader-sketch-") as directory:
        strategy, go = build(n, window or n, Path(directory) / "j.db" if journal else None)
        cpu = time.process_time()
        go()
        if not strategy.ended.wait(120):
            raise RuntimeError(f"stuck at {strategy.done} of {n}")
        cpu = time.process_time() - cpu
    waits = sorted(b - a for a, b in zip(strategy.t0, strategy.t1, strict=True))
    return {
        "window": window or "flood", "n": n, "orders_per_s": round(n / ((max(strategy.t1) - strategy.t0[0]) / 1e9)),
        "p50_us": round(waits[n // 2] / 1e3, 1), "p99_us": round(waits[int(n * 0.99)] / 1e3, 1),
        "cpu_us_per_order": round(cpu / n * 1e6, 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--no-journal", action="store_true")
    given = parser.parse_args()
    print(json.dumps(run(given.n, given.window, journal=not given.no_journal)))
    sys.stdout.flush()
    os._exit(0)
