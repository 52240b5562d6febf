"""Starting again: books from the last checkpoint and what follows, and all else that outlives a restart."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from journal_kit import BTC, ENGINE, START_NS, Bookkeeper, fill, life, open_store, order, random_events, write_lives

from autotrader.clock import ManualClock
from autotrader.errors import JournalError
from autotrader.messages import (
    Alerted,
    DeadLetterAdded,
    DeadLetterClosed,
    InstrumentsListed,
    KillPulled,
    OrderFilled,
    OrderIntended,
    RunStarted,
    StrategyStopped,
    SymbolBlocked,
    TradeBusted,
)
from autotrader.model import KillLevel
from autotrader.oms.journal import refold as refolding
from autotrader.oms.journal.archive import archive
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.head import head_path
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.restore import open_books
from autotrader.oms.journal.verify import verify

LETTER = DeadLetterAdded("L-1", "SUBMIT", "c1", "paper", "no luck", 3, 10, 20, '{"x":1}', ("one", "two"))
BLOCK = SymbolBlocked("paper", "A", "drift", True, 4)
PULL = KillPulled(KillLevel.CANCEL, "all", "drill", "me", 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_an_empty_journal_gives_empty_books_and_the_first_run(path: Path) -> None:
    open_store(path).close()
    with Reader(path) as reader:
        restored = open_books(reader)
        assert restored.books.orders == {}
        assert (restored.sequence, restored.next_run, restored.kills, restored.parts) == (0, 1, {}, {})


def test_runs_kills_blocks_and_open_letters_outlive_a_restart(path: Path) -> None:
    store = open_store(path)
    runs = [RunStarted(ENGINE, 1, "PAPER", "0.1.0", 1), RunStarted(ENGINE, 7, "PAPER", "0.1.1", 2)]
    other = DeadLetterAdded("L-2", "SUBMIT", "c2", "paper", "no luck", 3, 10, 20, "")
    closed = DeadLetterClosed("L-2", "DISCARDED", "", "me", 9)
    store.append([Commit(events=[*runs, PULL, LETTER, other, closed, BLOCK])])
    store.close()
    with Reader(path) as reader:
        restored = open_books(reader)
        assert restored.runs == runs
        assert restored.next_run == 8
        assert restored.kills == {"all": PULL}
        assert restored.dead_letters == [LETTER]
        assert restored.blocks == [BLOCK]


def test_only_what_follows_the_checkpoint_is_folded_onto_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(path)
    keeper = write_lives(store, [1, 2])
    stopped = StrategyStopped("alpha", "LIMIT", "too fast", 5)
    store.append([keeper.checkpoint(limits='{"peak":"1.50"}'), keeper.commit(life(order(3))), Commit(events=[stopped])])
    store.close()
    folded: list[object] = []
    real = refolding.Books.apply
    monkeypatch.setattr(refolding.Books, "apply", lambda self, event: folded.append(event) or real(self, event))
    with Reader(path) as reader:
        restored = open_books(reader)
    assert folded == [*life(order(3)), stopped]
    assert restored.parts == {"limits": '{"peak":"1.50"}'}
    assert restored.others == [stopped]
    assert restored.books.positions() == keeper.books.positions()
    assert set(restored.books.orders) == set(keeper.books.orders)


def test_a_late_fill_of_an_order_that_left_memory_is_folded_with_its_past(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refolding, "CLOSED_KEPT", 3)
    store, keeper = open_store(path), Bookkeeper()
    store.append([keeper.commit([InstrumentsListed("paper", (BTC,))])])
    for number in range(1, 12):
        store.append([keeper.commit(life(order(number)))])
    late = OrderFilled(f"{2:032x}", "paper", START_NS + 99, "V-000002", fill=fill(order(2), "T-late"))
    bust = TradeBusted("", "paper", START_NS + 99, "V-000003", trade_id="T-000003")
    store.append([keeper.commit([late, bust])])
    store.close()
    assert verify(path).ok
    with Reader(path) as reader:
        restored = open_books(reader)
        assert len(restored.books.orders) < 8
        assert restored.books.orders[f"{2:032x}"].filled == 2
        assert restored.books.positions() == keeper.books.positions()


def test_a_journal_is_archived_and_the_new_file_goes_on(path: Path) -> None:
    store = open_store(path, accounts={"paper": "acct"})
    keeper = write_lives(store, range(1, 6))
    store.append([
        Commit(events=[RunStarted(ENGINE, 4, "PAPER", "0.1.0", 1), PULL, LETTER, BLOCK, Alerted("A", "b", "", "", 3)]),
        keeper.commit([OrderIntended(order(9), START_NS)]), keeper.checkpoint(limits="[1]"),
    ])  # fmt: skip
    sequence, head, accounts = store.sequence, store.head_hash, store.accounts
    store.close()

    aside = archive(path, clock=ManualClock())

    assert aside.name == "journal-20231114T221320Z.db"
    assert verify(aside).ok
    assert verify(path).ok
    with Reader(path) as reader:
        meta = reader.meta()
        assert (meta.base_sequence, meta.base_hash, meta.previous) == (sequence, head.hex(), aside.name)
        assert meta.accounts == accounts
        restored = open_books(reader)
        assert restored.books.positions() == keeper.books.positions()
        assert restored.parts == {"limits": "[1]"}
        assert (restored.next_run, restored.kills, restored.blocks) == (5, {"all": PULL}, [BLOCK])
        assert restored.dead_letters == [LETTER]
        assert reader.events_of_order(f"{1:032x}") == life(order(1))
        assert len(reader.fills_of("paper", "acct", "BTCUSDT")) == 5

    again = open_store(path)
    assert again.sequence > sequence
    again.append([keeper.commit(life(order(20)))])
    again.append([keeper.checkpoint()] * 3)
    again.close()
    assert verify(path).ok
    assert not [left for left in path.parent.iterdir() if ".new" in left.name]


def test_an_archived_order_that_is_not_in_the_new_file_is_found_in_the_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refolding, "CLOSED_KEPT", 1)
    store = open_store(path)
    keeper = write_lives(store, range(1, 6))
    store.close()
    archive(path, clock=ManualClock())
    with Reader(path) as reader:
        assert len(reader.orders()) == 1
        assert reader.order(f"{1:032x}") == keeper.books.orders[f"{1:032x}"].update()
        assert reader.order_by_venue_id("paper", "V-000002") is not None
        assert reader.order("nobody") is None
    late = OrderFilled(f"{2:032x}", "paper", START_NS + 99, "V-000002", fill=fill(order(2), "T-late"))
    again = open_store(path)
    again.append([keeper.commit([late])])
    again.close()
    assert verify(path).ok
    with Reader(path) as reader:
        assert open_books(reader).books.positions() == keeper.books.positions()


def test_a_journal_in_use_damaged_or_not_stopped_in_order_stays_where_it_is(path: Path) -> None:
    store = open_store(path)
    write_lives(store, [1])
    with pytest.raises(JournalError, match="in use by process"):
        archive(path, clock=ManualClock())
    store.append([Commit(events=[StrategyStopped("alpha", "LIMIT", "too fast", 5)])])
    store.close()
    with pytest.raises(JournalError, match="holds StrategyStopped after its last checkpoint"):
        archive(path, clock=ManualClock())
    store = open_store(path)
    store.connection().execute("UPDATE events SET venue = 'x' WHERE seq = 2")
    store.close()
    with pytest.raises(JournalError, match="is damaged and stays where it is"):
        archive(path, clock=ManualClock())
    assert sorted(left.name for left in path.parent.iterdir() if left.suffix == ".db") == ["journal.db"]


def test_a_crash_while_archiving_leaves_a_journal_that_opens(path: Path) -> None:
    store = open_store(path)
    write_lives(store, [1, 2])
    store.close()
    old_head = head_path(path).read_bytes()
    aside = archive(path, clock=ManualClock())
    head_path(path).write_bytes(old_head)
    open_store(path).close()
    assert verify(path).ok
    with pytest.raises(JournalError, match="is there already"):
        archive(path, clock=ManualClock())
    assert aside.exists()


@pytest.mark.parametrize("seed", range(5))
def test_books_are_the_same_however_often_they_were_saved_and_loaded(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    keeper = Bookkeeper()
    store = open_store(path)
    for event in random_events(rng, 15):
        store.append([keeper.commit([event])])
        if rng.random() < 0.1:
            store.append([keeper.checkpoint()])
            with Reader(path) as reader:
                keeper = Bookkeeper(open_books(reader).books)
                keeper.books.accounts.fills_of = None
    store.close()
    assert verify(path).ok
