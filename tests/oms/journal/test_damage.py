"""Bytes changed on disk and logs cut short: no committed row is lost or changed without being noticed."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from journal_kit import ENGINE, Bookkeeper, life, open_store, order, write_lives

from autotrader.errors import JournalError
from autotrader.messages import Alerted, DeadLetterAdded, KillPulled, RunStarted, SymbolBlocked
from autotrader.model import KillLevel
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.reader import Reader

FLIPS = int(os.environ.get("AUTOTRADER_TEST_FLIPS", "250"))
CUTS = int(os.environ.get("AUTOTRADER_TEST_CUTS", "60"))
TABLES = (
    "meta", "events", "checkpoints", "order_rows", "fill_rows", "orders", "fills", "positions",
    "dead_letters", "kills", "blocks", "runs", "instruments", "alerts",
)  # fmt: skip


def contents(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as db:
        return [db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES]


def write_everything(path: Path) -> None:
    store = open_store(path)
    keeper = write_lives(store, range(1, 25))
    store.append([
        Commit(events=[
            RunStarted(ENGINE, 1, "PAPER", "0.1.0", 1), KillPulled(KillLevel.HALT, "all", "drill", "me", 2),
            DeadLetterAdded("L-1", "SUBMIT", "c1", "paper", "retries used up", 3, 10, 20, "{}", ("one",)),
            SymbolBlocked("paper", "A", "drift", True, 4), Alerted("CODE", "look", "paper", "", 7),
        ]),
        keeper.checkpoint(),
    ])  # fmt: skip
    store.close()


def test_every_changed_byte_that_changes_a_row_is_found_at_start(tmp_path: Path) -> None:
    sound = tmp_path / "journal.db"
    write_everything(sound)
    wanted, whole, rng = contents(sound), sound.read_bytes(), random.Random(1)
    places = rng.sample(range(len(whole)), min(FLIPS, len(whole)))
    found = 0
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        target = tmp_path / "flipped" / "journal.db"
        target.parent.mkdir()
        target.write_bytes(flipped)
        shutil.copyfile(f"{sound}.head", f"{target}.head")
        try:
            open_store(target).close()
        except JournalError:
            found += 1
        else:
            assert contents(target) == wanted, f"a change of byte {place} went unnoticed"
        shutil.rmtree(target.parent)
    assert found > FLIPS / 3


def copy_live(source: Path, target: Path) -> None:
    """Copy the files of a journal as a crash would leave them."""
    target.parent.mkdir()
    for suffix in ("", "-wal", ".head"):
        shutil.copyfile(f"{source}{suffix}", f"{target}{suffix}")


def test_a_log_cut_at_any_byte_loses_no_row_whose_commit_lies_before_the_cut(tmp_path: Path) -> None:
    store, keeper, rng = open_store(tmp_path / "journal.db"), Bookkeeper(), random.Random(2)
    log = Path(f"{store.path}-wal")
    ends: list[tuple[int, int]] = []
    heads: dict[int, bytes] = {}
    for number in range(1, 9):
        store.append([keeper.commit(life(order(number)))])
        ends.append((log.stat().st_size, store.sequence))
        heads[store.sequence] = Path(f"{store.path}.head").read_bytes()
    size = log.stat().st_size
    first = ends[0][0]
    for cut in sorted(rng.sample(range(first, size), CUTS)):
        target = tmp_path / "cut" / "journal.db"
        copy_live(store.path, target)
        os.truncate(f"{target}-wal", cut)
        durable = max(sequence for end, sequence in ends if end <= cut)
        Path(f"{target}.head").write_bytes(heads[durable])
        cut_store = open_store(target)
        assert cut_store.sequence == durable
        cut_store.close()
        shutil.rmtree(target.parent)
    store.close()


def test_a_log_that_lost_committed_rows_is_noticed_by_the_head(tmp_path: Path) -> None:
    store, keeper = open_store(tmp_path / "journal.db"), Bookkeeper()
    for number in range(1, 9):
        store.append([keeper.commit(life(order(number)))])
    target = tmp_path / "cut" / "journal.db"
    copy_live(store.path, target)
    os.truncate(f"{target}-wal", Path(f"{target}-wal").stat().st_size - 100)
    with pytest.raises(JournalError, match="events 22 to 24 are lost"):
        open_store(target)
    with Reader(target) as reader:
        assert reader.sequence() == 21
    store.close()


def test_a_log_flipped_at_any_byte_is_cut_there_and_noticed(tmp_path: Path) -> None:
    store, keeper, rng = open_store(tmp_path / "journal.db"), Bookkeeper(), random.Random(3)
    for number in range(1, 6):
        store.append([keeper.commit(life(order(number)))])
    whole = Path(f"{store.path}-wal").read_bytes()
    for place in rng.sample(range(len(whole)), CUTS):
        target = tmp_path / "flipped" / "journal.db"
        copy_live(store.path, target)
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        Path(f"{target}-wal").write_bytes(flipped)
        try:
            opened = open_store(target)
        except JournalError:
            pass
        else:
            assert opened.sequence == store.sequence, f"a change of byte {place} of the log went unnoticed"
            opened.close()
        shutil.rmtree(target.parent)
    store.close()
