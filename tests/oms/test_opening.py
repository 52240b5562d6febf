"""What an order manager begins with: books, limits, blocks, ids, and when each venue was last heard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from oms_kit import ACCOUNT, ENGINE, SECOND, SYMBOL, T0, VENUE, D, House, S

from autotrader.clock import ManualClock
from autotrader.errors import StartError
from autotrader.messages import Checkpointed, InstrumentsListed, LinkChanged, Message, OrderCanceled, RunStarted, SwitchStrategy
from autotrader.model import KillLevel, LinkState, Mode
from autotrader.model.ids import ClientOrderIds
from autotrader.oms.journal import CheckpointDue, Commit
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.verify import verify
from autotrader.oms.opening import (
    flush_journal,
    ids_of_run,
    is_own_order,
    last_heard_ns,
    opening_events,
    restore_books,
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "j.db").ready()
    yield made
    made.close()


def test_a_run_begins_with_its_own_row_before_anything_else(house: House) -> None:
    first = house.journal.events[0]
    assert isinstance(first, RunStarted)
    assert (first.engine_id, first.run, first.mode) == (ENGINE, 1, "PAPER")
    house.again()
    assert len(house.journal.of(RunStarted)) == 1


def test_the_next_run_has_the_next_number(house: House) -> None:
    with Reader(house.path) as reader:
        restored = restore_books(reader, [])
        assert opening_events(restored, ENGINE, Mode.LIVE, "1", ManualClock())[0].run == 2  # type: ignore[attr-defined]


def test_without_a_journal_all_begins_empty() -> None:
    restored = restore_books(None, [])
    assert (restored.books.orders, restored.next_run, restored.kills, restored.blocks) == ({}, 1, {}, [])
    assert last_heard_ns(None, [VENUE]) == {}


def test_instruments_are_on_record_once(house: House) -> None:
    listed = house.journal.of(InstrumentsListed)
    assert [one.symbol for event in listed for one in event.instruments] == [SYMBOL, "ETHUSDT"]
    house.tell(house.link(LinkState.DOWN))
    house.connect()
    assert len(house.journal.of(InstrumentsListed)) == 1
    report = verify(house.path)
    assert report.ok, report.detail
    assert "not compared" not in report.detail


def test_positions_know_their_instrument_in_the_next_incarnation(house: House) -> None:
    order = house.working("2")
    house.tell(house.fill(order, "t1", fee="0.5", fee_asset="BTC"))
    assert house.position() == D("1.5")
    house.again()
    assert house.position() == D("1.5")
    assert house.books.position(VENUE, SYMBOL).currency == "USDT"


def test_a_checkpoint_holds_limits_and_when_the_venues_agreed(house: House) -> None:
    house.tell(SwitchStrategy("t", on=False, by="me"))
    house.clock.advance(5)
    house.take("sweep")
    agreed_ns = house.desk().agreed_ns
    house.tell(CheckpointDue(1))
    assert len(house.journal.of(Checkpointed)) == 1
    house.clock.advance(3600)
    house.again()
    assert "t" in house.floor.limits.stopped_strategies
    assert house.desk().agreed_ns == agreed_ns == house.clock.now_ns() - 3600 * SECOND
    report = verify(house.path)
    assert report.ok, report.detail


def test_what_follows_a_checkpoint_counts_over_it(house: House) -> None:
    house.tell(SwitchStrategy("t", on=False, by="me"), CheckpointDue(1), SwitchStrategy("t", on=True, by="me"))
    house.tell(SwitchStrategy("u", on=False, by="me"))
    order = house.working()
    house.again()
    assert set(house.floor.limits.stopped_strategies) == {"u"}
    assert house.state(order) is S.OPEN
    assert house.desk().agreed_ns == house.clock.now_ns()


def test_a_stop_in_good_order_leaves_a_checkpoint(house: House) -> None:
    order = house.working()
    house.oms.on_stop()
    assert len(house.journal.of(Checkpointed)) == 1
    house.again()
    assert house.state(order) is S.OPEN


def test_a_stop_without_a_journal_to_take_it_raises_nothing(house: House) -> None:
    house.submit()
    house.journal.away = True
    house.oms.on_stop()


def test_closed_orders_of_earlier_runs_leave_memory_too(tmp_path: Path) -> None:
    house = House(tmp_path / "j.db", closed_kept=3).ready()
    for _ in range(3):
        house.tell(house.event(OrderCanceled, house.working()))
    house.tell(CheckpointDue(1))
    for _ in range(4):
        house.again()
        house.tell(*[LinkChanged(VENUE, LinkState.SYNCING, "", T0)])
        house.connect()
        house.tell(house.event(OrderCanceled, house.working()))
        house.tell(CheckpointDue(1))
        assert len(house.books.orders) <= 4
    house.close()


def test_own_orders_are_told_by_account_and_engine() -> None:
    is_own = is_own_order(ENGINE, {VENUE: ACCOUNT})
    ours = ClientOrderIds(VENUE, ACCOUNT, ENGINE, 3).next()
    others = ClientOrderIds(VENUE, ACCOUNT, "ffff" + ENGINE[4:], 3).next()
    assert is_own(ours, VENUE)
    assert not is_own(others, VENUE)
    assert not is_own(ours, "moon")


def test_ids_differ_by_run_and_by_nonce() -> None:
    names = {
        ids_of_run(ENGINE, run, {VENUE: ACCOUNT}, nonce)[VENUE].next() for run in (1, 2, 3) for nonce in (0, 1, 0xFFFF)
    }  # fmt: skip
    assert len(names) == 9
    assert ids_of_run(ENGINE, 1 << 20, {VENUE: ACCOUNT}, 1 << 20)[VENUE].next()


class _Journal:
    name = "journal"

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers

    def tell(self, commit: Message | list[Message], /) -> None:
        assert isinstance(commit, Commit)
        assert commit.waits
        if self._answers:
            for outlet, messages in commit.releases:
                outlet.tell(messages)


def test_a_start_waits_until_the_journal_has_written_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    flush_journal(_Journal(answers=True))
    monkeypatch.setattr("autotrader.oms.opening.FLUSH_S", 0.01)
    with pytest.raises(StartError, match="did not write"):
        flush_journal(_Journal(answers=False))
    assert threading.active_count() >= 1


def test_a_kill_is_known_at_the_next_start(house: House) -> None:
    house.gate.levels[VENUE] = KillLevel.HALT
    house.again()
    assert house.state(house.submit()) is S.DENIED
