"""Tables are the fold of events, and whatever is changed afterwards is found."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_kit import BTC, Bookkeeper, life, open_store, order, random_events, write_lives

from autotrader.errors import JournalError
from autotrader.oms.journal.chain import row_hash
from autotrader.oms.journal.head import head_path
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.restore import open_books
from autotrader.oms.journal.verify import VerifyReport, verify


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of ten filled orders, closed."""
    store = open_store(tmp_path / "journal.db")
    write_lives(store, range(1, 11))
    store.close()
    return tmp_path / "journal.db"


def test_a_journal_that_was_left_alone_is_well(path: Path) -> None:
    assert verify(path) == VerifyReport(True, 31, None, "chain, head, pages and tables are as they were written")


def test_verify_works_beside_an_engine_that_writes(tmp_path: Path) -> None:
    store = open_store(tmp_path / "journal.db")
    keeper = write_lives(store, [1])
    assert verify(store.path).events == 4
    write_lives(store, [2], keeper)
    assert verify(store.path).events == 7
    store.close()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_tables_are_the_fold_of_the_events_whatever_happened(seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        store, keeper = open_store(Path(directory) / "journal.db"), Bookkeeper()
        waiting = []
        for event in random_events(rng, 12):
            waiting.append(keeper.commit([event]))
            if rng.random() < 0.05:
                waiting.append(keeper.checkpoint())
            if rng.random() < 0.3:
                store.append(waiting)
                waiting = []
        store.append(waiting)
        store.close()
        assert verify(store.path) == VerifyReport(
            True, store.sequence, None, "chain, head, pages and tables are as they were written"
        )
        with Reader(store.path) as reader:
            restored = open_books(reader)
            assert restored.books.positions() == keeper.books.positions()
            assert {n: r.update() for n, r in restored.books.orders.items()} == {
                n: r.update() for n, r in keeper.books.orders.items()
            }


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("UPDATE events SET payload = replace(payload, '65000.10', '65000.11') WHERE seq = 7", 7),
        ("UPDATE events SET ts_ns = ts_ns + 1 WHERE seq = 5", 5),
        ("UPDATE events SET kind = 'OrderExpired' WHERE seq = 6", 6),
        ("UPDATE events SET order_id = '' WHERE seq = 2", 2),
        ("UPDATE events SET venue = 'okx' WHERE seq = 2", 2),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 30", 30),
        ("UPDATE events SET payload = CAST(payload AS BLOB) WHERE seq = 8", 8),
        ("DELETE FROM events WHERE seq = 12", 12),
        ("DELETE FROM events WHERE seq = 31", 31),
        ("DELETE FROM events WHERE seq > 20", 21),
        ("DELETE FROM events", 1),
        ("UPDATE events SET seq = 100 WHERE seq = 31", 31),
    ],
)
def test_a_changed_event_is_found_at_start_and_by_verify(path: Path, statement: str, sequence: int) -> None:
    change(path, statement)
    report = verify(path)
    assert (report.ok, report.first_bad_sequence) == (False, sequence)
    with pytest.raises(JournalError, match=f"{sequence}"):
        open_store(path)
    with Reader(path) as reader:
        assert len(reader.orders()) == 10


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = '\"LIVE\"' WHERE key = 'mode'",
        "DELETE FROM meta WHERE key = 'accounts'",
        "INSERT INTO kills VALUES (3, 0, 'REARMED', NULL, 'all', '', '')",
        "INSERT INTO blocks VALUES ('paper', 'X', 'because', 1, 0)",
        "INSERT INTO checkpoints VALUES (5, x'00')",
        "DROP INDEX events_order",
        "CREATE TRIGGER sly AFTER INSERT ON events BEGIN SELECT 1; END",
    ],
)
def test_a_changed_small_table_or_layout_is_found_at_start_and_by_verify(path: Path, statement: str) -> None:
    change(path, statement)
    assert not verify(path).ok
    with pytest.raises(JournalError):
        open_store(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE order_rows SET state = 'CANCELED' WHERE client_order_id LIKE '%5'",
        "DELETE FROM order_rows WHERE client_order_id LIKE '%5'",
        "INSERT INTO order_rows SELECT 'x', venue_order_id, state, body, crc FROM order_rows LIMIT 1",
        "UPDATE fill_rows SET body = replace(body, '65000.10', '65000.11') WHERE trade_id = 'T-000003'",
        "DELETE FROM fill_rows WHERE trade_id = 'T-000003'",
        "UPDATE positions SET quantity = '0'",
        "DELETE FROM positions",
    ],
)
def test_a_table_that_is_not_the_fold_of_its_events_is_found_by_verify(path: Path, statement: str) -> None:
    change(path, statement)
    report = verify(path)
    assert not report.ok
    assert "table" in report.detail or "position" in report.detail


def test_a_head_that_is_behind_is_fine_and_one_ahead_means_lost_rows(path: Path) -> None:
    old = head_path(path).read_bytes()
    store = open_store(path)
    keeper = Bookkeeper()
    store.append([keeper.commit(life(order(50)))])
    store.close()
    ahead = head_path(path).read_bytes()
    head_path(path).write_bytes(old)
    store = open_store(path)
    assert store.sequence == 34
    store.close()
    head_path(path).write_bytes(ahead.replace(b"34", b"99"))
    assert "damaged" in verify(path).detail
    head_path(path).write_bytes(ahead)
    change(path, "DELETE FROM events WHERE seq = 34")
    with pytest.raises(JournalError, match="events 34 to 34 are lost"):
        open_store(path)


def test_another_branch_of_the_chain_is_found_by_the_head(tmp_path: Path) -> None:
    one, two = open_store(tmp_path / "one.db"), open_store(tmp_path / "two.db")
    write_lives(one, [1, 2])
    write_lives(two, [1, 3, 4])
    one.close()
    two.close()
    head_path(one.path).replace(head_path(two.path))
    with pytest.raises(JournalError, match="event 7 is not the one that the head file knows of"):
        open_store(two.path)


def test_a_journal_that_vanished_beside_its_head_is_not_begun_anew(path: Path) -> None:
    path.unlink()
    with pytest.raises(JournalError, match="its head file knows of 31 events"):
        open_store(path)


def test_a_journal_without_its_head_file_says_what_that_means(path: Path) -> None:
    head_path(path).unlink()
    report = verify(path)
    assert report.ok
    assert "there is no head file" in report.detail
    open_store(path).close()
    assert head_path(path).exists()


def test_verifying_nothing_is_an_error_that_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        verify(tmp_path / "none.db")


def test_an_event_that_no_release_knows_is_named(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        previous = db.execute("SELECT hash FROM events WHERE seq = 31").fetchone()[0]
        row = (32, 1, "OrderDreamt", "", "", "{}")
        values = (32, 1, "OrderDreamt", "", "", "{}", row_hash(previous, row))
        db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        db.commit()
    report = verify(path)
    assert not report.ok
    assert "'OrderDreamt' that this release does not know" in report.detail


def test_positions_whose_instrument_is_not_on_record_are_named_not_condemned(tmp_path: Path) -> None:
    store, keeper = open_store(tmp_path / "journal.db"), Bookkeeper()
    keeper.books.add_instruments([BTC])
    store.append([keeper.commit(life(order(1)))])
    assert "not compared: paper/acct/BTCUSDT" in verify(store.path).detail
    store.append([keeper.checkpoint()])
    assert verify(store.path).detail == "chain, head, pages and tables are as they were written"
    store.close()
