"""The file: what a commit leaves in it, what is refused, what a new release does with an old one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from journal_kit import ENGINE, START_NS, Bookkeeper, fill, life, open_store, order, write_lives

from autotrader.clock import ManualClock
from autotrader.errors import JournalError
from autotrader.messages import (
    Alerted,
    Checkpointed,
    DeadLetterAdded,
    DeadLetterClosed,
    KillPulled,
    KillRearmed,
    OrderFilled,
    RunStarted,
    SymbolBlocked,
    SymbolReleased,
)
from autotrader.model import KillLevel, Mode, Position
from autotrader.oms.journal.chain import genesis, row_hash
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.null import NullStore
from autotrader.oms.journal.schema import MIGRATIONS, VERSION, migrate, open_file, version_of
from autotrader.oms.journal.store import Store


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_a_life_becomes_three_events_one_order_one_fill_and_one_position(path: Path) -> None:
    store = open_store(path)
    write_lives(store, [1])
    store.close()
    assert rows(path, "SELECT seq, kind, order_id, venue FROM events") == [
        (1, "InstrumentsListed", "", "paper"),
        (2, "OrderIntended", f"{1:032x}", "paper"),
        (3, "OrderAccepted", f"{1:032x}", "paper"),
        (4, "OrderFilled", f"{1:032x}", "paper"),
    ]
    assert rows(path, "SELECT client_order_id, state, filled_quantity, average_price FROM orders") == [
        (f"{1:032x}", "FILLED", "1", "65000.10")
    ]
    assert rows(path, "SELECT trade_id, quantity, fee FROM fills") == [("T-000001", "1", "0.001")]
    assert rows(path, "SELECT symbol, quantity, currency FROM positions") == [("BTCUSDT", "0.999", "USDT")]


def test_each_hash_covers_the_row_and_the_hash_before_it(path: Path) -> None:
    store = open_store(path)
    write_lives(store, [1, 2])
    store.close()
    previous = genesis(ENGINE)
    for *row, found in rows(path, "SELECT seq, ts_ns, kind, order_id, venue, payload, hash FROM events ORDER BY seq"):
        previous = row_hash(previous, tuple(row))
        assert found == previous
    assert store.head_hash == previous


def test_the_same_events_give_the_same_chain(tmp_path: Path) -> None:
    heads = []
    for name in ("one", "two"):
        store = open_store(tmp_path / name)
        write_lives(store, range(1, 20))
        heads.append((store.sequence, store.head_hash))
        store.close()
    assert heads[0] == heads[1]


def test_how_commits_are_grouped_does_not_change_the_chain(tmp_path: Path) -> None:
    apart, together = open_store(tmp_path / "apart"), open_store(tmp_path / "together")
    commits = [Bookkeeper().commit(life(order(number))) for number in range(1, 9)]
    for commit in commits:
        apart.append([commit])
    together.append(commits)
    assert (apart.sequence, apart.head_hash) == (together.sequence, together.head_hash)
    apart.close()
    together.close()


def test_a_second_opening_goes_on_where_the_first_ended(path: Path) -> None:
    store = open_store(path)
    write_lives(store, [1])
    head = store.sequence, store.head_hash
    store.close()
    again = Store(path, clock=ManualClock())
    assert (again.sequence, again.head_hash, again.engine_id) == (*head, ENGINE)
    write_lives(again, [2])
    assert again.sequence == 7
    again.close()


def test_an_engine_id_is_drawn_once_and_kept(path: Path) -> None:
    first = Store(path, clock=ManualClock())
    drawn = first.engine_id
    first.close()
    second = Store(path, clock=ManualClock())
    assert second.engine_id == drawn
    assert len(bytes.fromhex(drawn)) == 16
    second.close()


def test_decimals_are_written_without_an_exponent(path: Path) -> None:
    store = open_store(path)
    tiny = msgspec.structs.replace(fill(order(1), "T"), quantity=Decimal("1E-8"), fee=Decimal("-2E+3"))
    held = Position("paper", "acct", "BTCUSDT", Decimal("1E+2"), Decimal("1E-7"), Decimal(0), Decimal(5), "USDT")
    store.append([Commit(fills=[tiny], positions=[held])])
    store.close()
    assert rows(path, "SELECT quantity, fee FROM fills") == [("0.00000001", "-2000")]
    assert rows(path, "SELECT quantity, average_price, unrealized_pnl FROM positions") == [("100", "0.0000001", None)]


def test_only_the_newest_of_an_order_and_a_position_is_kept(path: Path) -> None:
    store, keeper = open_store(path), Bookkeeper()
    commits = [keeper.commit([event]) for event in life(order(1))]
    store.append(commits)
    store.close()
    assert rows(path, "SELECT state FROM orders") == [("FILLED",)]
    assert len(rows(path, "SELECT * FROM positions")) == 1


def test_an_undone_fill_leaves_the_table_and_a_booked_one_replaces_its_like(path: Path) -> None:
    store, one = open_store(path), fill(order(1), "T")
    store.append([Commit(fills=[one])])
    store.append([Commit(fills=[msgspec.structs.replace(one, fee=Decimal(7))])])
    store.append([Commit(undone=[fill(order(1), "never seen")])])
    assert store.connection().execute("SELECT fee FROM fills").fetchall() == [("7",)]
    store.append([Commit(undone=[one])])
    assert store.connection().execute("SELECT count(*) FROM fills").fetchone() == (0,)
    store.append([Commit(fills=[one]), Commit(undone=[one])])
    assert store.connection().execute("SELECT count(*) FROM fills").fetchone() == (0,)
    store.append([Commit(undone=[one]), Commit(fills=[one])])
    assert store.connection().execute("SELECT count(*) FROM fills").fetchone() == (1,)
    store.close()


def test_an_event_without_its_own_id_is_filed_under_that_of_its_fill(path: Path) -> None:
    store = open_store(path)
    store.append([Commit(events=[OrderFilled("", "paper", 5, "V-1", fill=fill(order(1), "T"))])])
    store.close()
    assert rows(path, "SELECT order_id FROM events") == [(f"{1:032x}",)]


def test_kills_letters_blocks_runs_and_alerts_have_tables(path: Path) -> None:
    store = open_store(path)
    letter = DeadLetterAdded("L-1", "SUBMIT", "c1", "paper", "retries used up", 3, 10, 20, "{}", ("one", "two"))
    store.append([
        Commit(events=[
            RunStarted(ENGINE, 1, "PAPER", "0.1.0", 1), KillPulled(KillLevel.CANCEL, "all", "drill", "me", 2),
            KillRearmed("all", "over", "me", 3), letter, DeadLetterClosed("L-1", "DISCARDED", "old", "me", 30),
            SymbolBlocked("paper", "A", "drift", False, 4), SymbolBlocked("paper", "B", "overfill", True, 5),
            SymbolReleased("paper", "A", "clean", "oms", 6), Alerted("CODE", "look", "paper", "", 7),
        ])
    ])  # fmt: skip
    store.close()
    assert rows(path, "SELECT run, mode FROM runs") == [(1, "PAPER")]
    assert rows(path, "SELECT action, level, scope FROM kills") == [("PULLED", "CANCEL", "all"), ("REARMED", None, "all")]
    assert rows(path, "SELECT status, attempts, last_ns, history, closed_by FROM dead_letters") == [
        ("DISCARDED", 3, 20, '["one","two"]', "me")
    ]
    assert rows(path, "SELECT symbol, until_operator FROM blocks") == [("B", 1)]
    assert rows(path, "SELECT code, text FROM alerts") == [("CODE", "look")]
    assert rows(path, "SELECT ts_ns FROM events WHERE kind = 'DeadLetterAdded'") == [(20,)]
    Store(path, clock=ManualClock()).close()


def test_only_the_last_two_checkpoints_keep_their_body(path: Path) -> None:
    store = open_store(path)
    for number in range(5):
        store.append([Commit(events=[Checkpointed("x" * 10_000 + str(number), START_NS)])])
    store.close()
    assert rows(path, "SELECT seq FROM checkpoints") == [(4,), (5,)]
    assert all("sha256:" in str(payload) for (payload,) in rows(path, "SELECT payload FROM events"))
    assert max(len(str(row)) for row in rows(path, "SELECT payload FROM events")) < 200


def test_a_checkpoint_is_due_after_so_many_events_and_no_longer_once_written(path: Path) -> None:
    store = open_store(path, checkpoint_every=6)
    keeper = write_lives(store, [1])
    assert not store.checkpoint_due
    write_lives(store, [2], keeper)
    assert store.checkpoint_due
    store.append([keeper.checkpoint()])
    assert not store.checkpoint_due
    store.close()


def test_another_mode_engine_or_account_is_refused(path: Path) -> None:
    open_store(path, accounts={"paper": "A"}).close()
    with pytest.raises(JournalError, match="PAPER journal and this run is LIVE"):
        open_store(path, mode=Mode.LIVE)
    with pytest.raises(JournalError, match="belongs to engine"):
        open_store(path, engine_id="f" * 32)
    with pytest.raises(JournalError, match="holds account A of paper, not B"):
        open_store(path, accounts={"paper": "B"})
    store = open_store(path, accounts={"okx": "C"})
    assert store.accounts == {"paper": "A", "okx": "C"}
    store.close()


def test_a_file_of_something_else_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database at all, whatever its name says" * 100)
    with pytest.raises(JournalError, match=r"journal\.db"):
        open_store(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE other (x)")
    with pytest.raises(JournalError, match="no journal of autotrader"):
        open_store(path)
    assert rows(path, "SELECT name FROM sqlite_schema") == [("other",)]


def test_a_journal_that_cannot_be_created_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot lock journal"):
        open_store(tmp_path / "file" / "journal.db")


def test_an_older_file_is_brought_forward_step_by_step(path: Path) -> None:
    open_store(path).close()
    with closing(open_file(path)) as db:
        steps = {
            **MIGRATIONS,
            VERSION + 1: lambda db: db.execute("ALTER TABLE runs ADD COLUMN host TEXT NOT NULL DEFAULT ''"),
            VERSION + 2: lambda db: db.execute("CREATE INDEX runs_host ON runs (host)"),
        }
        migrate(db, steps)
        assert version_of(db) == VERSION + 2
        migrate(db, steps)
        assert [row[1] for row in db.execute("PRAGMA table_info(runs)")][-1] == "host"


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    open_store(path).close()

    def stumble(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE half_done (x)")
        db.execute("no SQL at all")

    with closing(open_file(path)) as db:
        with pytest.raises(sqlite3.OperationalError):
            migrate(db, {**MIGRATIONS, VERSION + 1: stumble})
        assert version_of(db) == VERSION
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half_done'").fetchone() == (0,)


def test_a_file_from_a_newer_release_is_refused(path: Path) -> None:
    open_store(path).close()
    with closing(open_file(path)) as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(JournalError, match="use a newer autotrader"):
        open_store(path)


def test_every_commit_is_synced_and_written_ahead(path: Path) -> None:
    store = open_store(path)
    assert store.connection().execute("PRAGMA synchronous").fetchone() == (2,)
    assert store.connection().execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_an_idle_journal_moves_its_log_into_the_file(path: Path) -> None:
    store, keeper = open_store(path), Bookkeeper()
    store.append([keeper.commit(life(order(number))) for number in range(1, 800)])
    before = path.stat().st_size
    store.idle()
    assert path.stat().st_size > before + 100_000
    store.close()


def test_closing_twice_is_harmless(path: Path) -> None:
    store = open_store(path)
    store.close()
    store.close()


def test_a_journal_that_is_off_counts_and_keeps_nothing() -> None:
    store = NullStore()
    assert store.append([Bookkeeper().commit(life(order(1)))]) == 3
    store.idle()
    store.reopen()
    store.close()
    assert not store.checkpoint_due
    assert len(store.engine_id) == 32


def test_a_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Store(path, clock=ManualClock()).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_row_can_be_read_with_the_engine_that_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = Store(path, clock=ManualClock(), engine_id="e" * 32)
    store.append([Commit(events=[RunStarted("e" * 32, 1, "PAPER", "0", 1)])])
    store.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT engine, seq, kind FROM engine_events").fetchall() == [("e" * 32, 1, "RunStarted")]
