"""The actor: commits in groups, releases only what is durable, and keeps what the disk refuses."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from journal_kit import Bookkeeper, life, open_store, order, send
from support import Probe, eventually

from autotrader.actors import ChildSpec, Context, Runtime
from autotrader.clock import ManualClock
from autotrader.errors import JournalError
from autotrader.messages import (
    OrderIntended,
    OrderNotSent,
    OrderUpdated,
    Receipt,
    ReplaceRejected,
    SendCancel,
    SendOrder,
    SendReplace,
)
from autotrader.model import WriteClass
from autotrader.oms.journal.actor import COMMIT_AT_ROWS, JournalActor
from autotrader.oms.journal.commit import CheckpointDue, Commit, CommitDue
from autotrader.oms.journal.null import NullStore
from autotrader.oms.journal.store import Store
from autotrader.oms.journal.verify import verify

WRITES = int(os.environ.get("AUTOTRADER_TEST_WRITES", "48"))


class Rig:
    """A journal actor that runs in the test's thread, with probes in place of its neighbours."""

    def __init__(self, path: Path, store: Store | NullStore | None = None) -> None:
        self.wall = ManualClock()
        self.runtime = Runtime(wall=self.wall, seed=1)
        self.oms, self.venue = Probe(), Probe()
        self.runtime.handle("oms").bind(self.oms)
        self.runtime.handle("resiliency.paper").bind(self.venue)
        self.store = store or open_store(path)
        self.failures: list[str] = []
        self.keeper = Bookkeeper()
        self.reminders: list[float] = []
        self.actor = JournalActor(
            self.runtime.context("journal"), store=self.store, oms=self.runtime.handle("oms"),
            on_commit_failed=self.failures.append,
        )  # fmt: skip
        self.actor.wall_ticker = self

    def after(self, delay_s: float, handle: Any, message: Any) -> None:
        assert isinstance(message, CommitDue)
        self.reminders.append(delay_s)

    def remind(self) -> None:
        """Let the time pass that the actor asked to be reminded after, if it did, and remind it."""
        self.wall.advance(self.reminders.pop() if self.reminders else 0)
        self.run(CommitDue())

    def run(self, *messages: Any) -> None:
        for message in messages:
            self.actor.me.tell(message)
        self.actor.run_pending()

    def intent(self, number: int) -> Commit:
        new = order(number)
        return self.keeper.commit(
            [OrderIntended(new, new.created_ns)], releases=[(self.runtime.handle("resiliency.paper"), [send(new)])], waits=True
        )

    def fill_up(self) -> None:
        """Leave the file no room to grow."""
        db = self.store.connection()
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages}")

    def make_room(self) -> None:
        self.store.connection().execute("PRAGMA max_page_count=1000000")

    def sent(self) -> list[str]:
        return [one.order.client_order_id[-2:] for one in self.venue.of(SendOrder)]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "journal.db")
    yield made
    made.store.close()


def durable(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM events").fetchone()[0])


def big(rig: Rig, first: int, count: int = 40) -> list[Commit]:
    return [rig.keeper.commit(life(order(number))) for number in range(first, first + count)]


def test_a_message_leaves_only_after_its_row_is_there_for_another_connection(rig: Rig) -> None:
    seen: list[int] = []
    rig.runtime.handle("resiliency.paper").bind(Probe(lambda message: seen.append(durable(rig.store.path))))
    rig.run(rig.intent(1))
    rig.run(rig.intent(2), rig.intent(3))
    assert seen == [1, 3, 3]


def test_what_waits_together_is_one_commit_released_in_order_as_one_list(rig: Rig) -> None:
    rig.run(*(rig.intent(number) for number in range(1, 21)))
    assert rig.sent() == [f"{number:032x}"[-2:] for number in range(1, 21)]
    assert len(rig.venue.tells) == 1


def test_rows_that_nothing_waits_for_ride_with_the_next_commit(rig: Rig) -> None:
    rig.run(rig.keeper.commit(life(order(1))))
    assert durable(rig.store.path) == 0
    assert rig.reminders == [0.010]
    rig.run(rig.intent(2))
    assert durable(rig.store.path) == 4


def test_rows_that_nothing_waits_for_are_held_ten_milliseconds_at_most(rig: Rig) -> None:
    rig.run(rig.keeper.commit(life(order(1))))
    rig.run(rig.keeper.commit(life(order(2))))
    assert rig.reminders == [0.010]
    rig.remind()
    assert durable(rig.store.path) == 6
    assert rig.reminders == []
    rig.remind()
    assert durable(rig.store.path) == 6


def test_a_reminder_for_rows_that_are_written_already_makes_no_commit_of_younger_ones(rig: Rig) -> None:
    rig.run(rig.keeper.commit(life(order(1))))
    rig.wall.advance(0.004)
    rig.run(rig.intent(2))
    rig.wall.advance(0.004)
    rig.run(rig.keeper.commit(life(order(3))))
    assert (rig.reminders.pop(), rig.reminders) == (0.010, [])
    rig.wall.advance(0.002)
    rig.remind()
    assert (durable(rig.store.path), rig.reminders) == (4, [0.008])
    rig.remind()
    assert durable(rig.store.path) == 7


def test_a_reminder_holds_no_intent_back_that_came_before_it(rig: Rig) -> None:
    rig.run(rig.keeper.commit(life(order(1))))
    rig.wall.advance(rig.reminders.pop())
    rig.run(rig.intent(2))
    rig.actor.me.tell(rig.intent(3))
    rig.actor.me.tell(CommitDue())
    rig.actor.run_pending()
    assert rig.sent() == ["02", "03"]


def test_many_rows_do_not_wait_at_all(rig: Rig) -> None:
    events = [event for number in range(1, COMMIT_AT_ROWS // 3 + 2) for event in life(order(number))]
    rig.run(rig.keeper.commit(events))
    assert durable(rig.store.path) == len(events) >= COMMIT_AT_ROWS


def test_releases_go_in_one_list_per_outlet_and_lane(rig: Rig) -> None:
    venue, runner = rig.runtime.handle("resiliency.paper"), rig.runtime.handle("runner")
    news = Probe()
    runner.bind(news)
    one, two = order(1), order(2)
    update = OrderUpdated(rig.keeper.commit([OrderIntended(one, 1)]).updates[0])
    rig.run(
        Commit(releases=[(venue, [send(one), SendCancel("x", None, "BTCUSDT")]), (runner, [update])], waits=True),
        Commit(releases=[(venue, [send(two)])], waits=True),
    )
    assert rig.venue.tells == [[send(one), send(two)], [SendCancel("x", None, "BTCUSDT")]]
    assert news.tells == [[update]]


def test_orders_that_nobody_is_there_to_take_are_not_sent(rig: Rig) -> None:
    rig.runtime.handle("resiliency.paper").unbind()
    rig.run(rig.intent(1))
    (answer,) = rig.oms.of(OrderNotSent)
    assert (answer.client_order_id, answer.reason_code) == (f"{1:032x}", "UNAVAILABLE")
    assert durable(rig.store.path) == 1
    rig.runtime.handle("oms").unbind()
    rig.run(rig.intent(2))
    assert durable(rig.store.path) == 2


def test_a_full_disk_lets_no_order_out_but_every_cancel(rig: Rig) -> None:
    rig.run(rig.intent(1))
    rig.fill_up()
    venue = rig.runtime.handle("resiliency.paper")
    cancel = SendCancel(f"{1:032x}", "V-1", "BTCUSDT")
    replace = SendReplace(order(1), "V-1", order(1).quantity, None, None, Receipt(1, "", WriteClass.RISK, 0))
    rig.run(*big(rig, 10), rig.intent(2), Commit(releases=[(venue, [cancel, replace])], waits=True))
    assert rig.sent() == ["01"]
    assert rig.venue.of(SendCancel) == [cancel]
    assert [(one.client_order_id, one.reason_code) for one in rig.oms.of(OrderNotSent)] == [(f"{2:032x}", "JOURNAL")]
    assert [(one.client_order_id, one.venue_order_id) for one in rig.oms.of(ReplaceRejected)] == [(f"{1:032x}", "V-1")]
    assert len(rig.failures) == 1
    assert "full" in rig.failures[0]
    assert rig.reminders == [1.0]
    assert durable(rig.store.path) == 1


def test_while_the_disk_is_full_new_orders_are_answered_at_once_and_the_switch_is_pulled_once(rig: Rig) -> None:
    rig.run(*big(rig, 1, 3))
    rig.fill_up()
    rig.run(*big(rig, 10), rig.intent(2))
    rig.run(rig.intent(3))
    rig.remind()
    rig.run(rig.intent(4))
    assert [one.client_order_id[-1] for one in rig.oms.of(OrderNotSent)] == ["2", "3", "4"]
    assert len(rig.failures) == 1
    assert rig.sent() == []


def test_rows_kept_over_a_full_disk_are_written_in_order_when_there_is_room(rig: Rig) -> None:
    rig.run(*big(rig, 1, 3))
    rig.fill_up()
    rig.run(*big(rig, 10), rig.intent(2))
    rig.run(rig.keeper.commit(rig.oms.of(OrderNotSent)))
    rig.run(*big(rig, 100))
    rig.remind()
    before = rig.store.sequence
    rig.make_room()
    rig.remind()
    assert rig.store.sequence > before + 200
    rig.run(rig.intent(3))
    assert rig.sent() == ["03"]
    assert verify(rig.store.path).ok
    rig.fill_up()
    rig.run(*big(rig, 200), rig.intent(4))
    assert len(rig.failures) == 2


def test_a_file_that_became_read_only_is_a_failed_commit(rig: Rig) -> None:
    db = rig.store.connection()
    db.execute("PRAGMA query_only=ON")
    rig.run(rig.intent(1))
    assert rig.oms.of(OrderNotSent)
    assert "readonly" in rig.failures[0]
    db.execute("PRAGMA query_only=OFF")
    rig.remind()
    assert durable(rig.store.path) == 1


def test_too_many_unwritten_rows_crash_rather_than_drop_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotrader.oms.journal.actor.MOST_UNWRITTEN_ROWS", 200)
    rig.store.connection().execute("PRAGMA query_only=ON")
    rig.run(*big(rig, 1, 60), rig.intent(70))
    with pytest.raises(JournalError, match="rows wait for a journal that cannot be written to"):
        rig.run(*big(rig, 100, 60))


def test_a_checkpoint_is_asked_for_once_when_it_is_due(tmp_path: Path) -> None:
    rig = Rig(tmp_path, open_store(tmp_path / "journal.db", checkpoint_every=10))
    rig.run(*big(rig, 1, 5), rig.intent(20))
    rig.run(rig.intent(21))
    assert rig.oms.of(CheckpointDue) == [CheckpointDue(16)]
    rig.run(rig.keeper.checkpoint(), rig.intent(22))
    rig.run(*big(rig, 30, 5), rig.intent(40))
    assert rig.oms.of(CheckpointDue) == [CheckpointDue(16), CheckpointDue(35)]
    rig.store.close()


def test_a_journal_that_is_off_releases_all_the_same(tmp_path: Path) -> None:
    rig = Rig(tmp_path, NullStore())
    rig.run(rig.intent(1), rig.intent(2))
    assert rig.sent() == ["01", "02"]


def test_what_still_waits_is_written_at_the_end(rig: Rig) -> None:
    rig.run(rig.keeper.commit(life(order(1))))
    rig.actor.on_stop()
    assert durable(rig.store.path) == 3


def test_an_idle_actor_tends_the_log(rig: Rig) -> None:
    rig.run(*big(rig, 1, 700), rig.intent(900))
    before = rig.store.path.stat().st_size
    rig.actor.on_idle()
    assert rig.store.path.stat().st_size > before
    assert rig.actor.busy_until_ns == 0


def test_a_disk_error_at_any_statement_loses_nothing_and_sends_nothing_that_is_not_durable(tmp_path: Path) -> None:
    ends = set()
    for broken_at in range(WRITES):
        rig = Rig(tmp_path / f"{broken_at}.db")
        real = rig.store.connection()
        rig.store._db = _Flaky(real, broken_at)
        for number in range(1, 40):
            rig.run(rig.keeper.commit(life(order(100 + number))), rig.intent(number))
            if rig.failures:
                break
        sent = len(rig.sent())
        assert len(rig.oms.of(OrderNotSent)) == number - sent == len(rig.failures)
        rig.store._db = real
        rig.remind()
        assert durable(rig.store.path) == 4 * number
        assert verify(rig.store.path).ok
        rig.store.close()
        ends.add(sent)
    assert len(ends) > WRITES // 12


class _Flaky:
    """A connection whose statement of that number fails as a dying disk would."""

    def __init__(self, real: sqlite3.Connection, broken_at: int) -> None:
        self._real, self._left = real, broken_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, sql: str, *values: Any) -> Any:
        if sql != "ROLLBACK":
            self._left -= 1
            if self._left < 0:
                raise sqlite3.OperationalError("disk I/O error")
        return self._real.execute(sql, *values)


def test_it_runs_supervised_and_goes_on_after_a_crash(tmp_path: Path) -> None:
    store = open_store(tmp_path / "journal.db")
    runtime = Runtime(seed=1)
    venue, oms = Probe(), Probe()
    runtime.handle("resiliency.paper").bind(venue)
    runtime.handle("oms").bind(oms)

    def make(context: Context) -> JournalActor:
        return JournalActor(context, store=store, oms=runtime.handle("oms"), on_commit_failed=lambda reason: None)

    runtime.start([ChildSpec("journal", make)])
    journal, keeper = runtime.handle("journal"), Bookkeeper()

    def hand_over(number: int) -> None:
        new = order(number)
        releases = [(runtime.handle("resiliency.paper"), [send(new)])]
        journal.tell(keeper.commit([OrderIntended(new, new.created_ns)], releases=releases, waits=True))

    hand_over(1)
    venue.wait_for(SendOrder, 1)
    journal.tell(Commit(events=[object()], waits=True))
    eventually(lambda: journal.epoch == 2 and journal.is_bound)
    hand_over(2)
    venue.wait_for(SendOrder, 2, timeout_s=10)
    runtime.stop()
    store.close()
    assert verify(store.path).ok


def test_a_stop_loses_no_row_that_was_handed_over_before_it(rig: Rig) -> None:
    rig.actor.me.tell(rig.intent(1))
    rig.actor.on_stop()
    assert rig.sent() == ["01"]
    assert durable(rig.store.path) == 1
