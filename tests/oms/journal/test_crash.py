"""kill -9 at any instant: what was released is on disk, the chain holds, and the books are the ones of the events there."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from pathlib import Path

from journal_kit import Bookkeeper, life, open_store, order

from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.restore import open_books
from autotrader.oms.journal.verify import verify

KILLS = int(os.environ.get("AUTOTRADER_TEST_KILLS", "20"))


def write_until_killed(path: Path, seed: int, out: int) -> None:
    """Append lives in groups of random size, tending the log and writing checkpoints; say each sequence once durable."""
    rng = random.Random(seed)
    store = open_store(path)
    with Reader(path) as reader:
        keeper = Bookkeeper(open_books(reader).books)
    number = max((int(name, 16) for name in keeper.books.orders), default=0)
    while True:
        commits = []
        for _ in range(rng.randrange(1, 12)):
            number += 1
            commits.append(keeper.commit(life(order(number))))
        if rng.random() < 0.1:
            commits.append(keeper.checkpoint())
        store.append(commits)
        os.write(out, f"{store.sequence}\n".encode())
        if rng.random() < 0.1:
            store.checkpoint_log()


def start_writer(path: Path, seed: int) -> tuple[int, int]:
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read_end)
            write_until_killed(path, seed, write_end)
        finally:
            os._exit(1)
    os.close(write_end)
    return child, read_end


def kill_after(child: int, out: int, seconds: float) -> int:
    """Listen until the first word and for so long after it, kill, and return the last sequence that was told."""
    said = os.read(out, 100)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([out], [], [], left)[0]:
            said += os.read(out, 1 << 16)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(out, 1 << 16):
        said += more
    os.close(out)
    return int(said.decode().split("\n")[-2])


def test_a_process_killed_at_any_instant_loses_nothing_that_it_released(tmp_path: Path) -> None:
    rng = random.Random(os.environ.get("AUTOTRADER_TEST_SEED", "journal"))
    path = tmp_path / "journal.db"
    for number in range(KILLS):
        child, out = start_writer(path, number)
        told = kill_after(child, out, rng.random() * 0.03)
        store = open_store(path)
        assert store.sequence >= told
        store.close()
        assert verify(path).ok
    with Reader(path) as reader:
        restored = open_books(reader)
        orders = reader.orders()
        assert {one["state"] for one in orders} == {"FILLED"}
        assert len(orders) == len(reader.fills()) == len(restored.books.orders)
        assert restored.books.positions() == reader.held_positions()
