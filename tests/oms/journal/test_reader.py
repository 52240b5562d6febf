"""Reading: the forms of the command output, and what the order manager looks up."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from journal_kit import ENGINE, START_NS, Bookkeeper, fill, life, open_store, order, write_lives

from autotrader.errors import JournalError
from autotrader.messages import DeadLetterAdded, KillPulled, KillRearmed, OrderAdopted, OrderIntended
from autotrader.model import KillLevel, OrderState
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.reader import Reader, standing_kills
from autotrader.oms.journal.store import Store


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(tmp_path / "journal.db")
    yield opened
    opened.close()


def test_orders_have_the_form_of_the_command(store: Store) -> None:
    keeper = write_lives(store, [1])
    store.append([keeper.commit([OrderIntended(order(2), START_NS + 2)])])
    with Reader(store.path) as reader:
        done, sent = reader.orders()
        assert done == {
            "client_order_id": f"{1:032x}", "venue_order_id": "V-000001", "venue": "paper", "account": "acct",
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": "1",
            "price": "65000.10", "stop_price": None, "state": "FILLED", "filled_quantity": "1", "average_price": "65000.10",
            "reason_code": None, "reason": None, "strategy": "alpha", "created_ns": START_NS + 1,
            "updated_ns": START_NS + 3,
        }  # fmt: skip
        assert reader.orders(open_only=True) == [sent]
        assert sent["state"] == "SENT"


def test_a_foreign_order_says_so(store: Store) -> None:
    keeper = Bookkeeper()
    adopted = OrderAdopted(order(7), "V-7", OrderState.OPEN, Decimal(0), START_NS)
    store.append([keeper.commit([adopted])])
    with Reader(store.path) as reader:
        assert [one["foreign"] for one in reader.orders()] == [True]


def test_fills_and_positions_have_the_form_of_the_commands(store: Store) -> None:
    write_lives(store, [1])
    guess = msgspec.structs.replace(fill(order(2), "inferred-1"), inferred=True)
    store.append([Commit(fills=[guess])])
    with Reader(store.path) as reader:
        real, inferred = reader.fills()
        assert real == {
            "trade_id": "T-000001", "client_order_id": f"{1:032x}", "venue_order_id": "V-000001", "venue": "paper",
            "symbol": "BTCUSDT", "side": "BUY", "price": "65000.10", "quantity": "1", "fee": "0.001", "fee_asset": "BTC",
            "liquidity": "TAKER", "ts_ns": START_NS + 6,
        }  # fmt: skip
        assert inferred["inferred"] is True
        assert reader.positions() == [
            {
                "venue": "paper", "account": "acct", "symbol": "BTCUSDT", "quantity": "0.999", "average_price": "65000.10",
                "realized_pnl": "0", "unrealized_pnl": None, "currency": "USDT",
            }
        ]  # fmt: skip


def test_dead_letters_have_the_form_of_the_command_and_are_shown_whole_on_demand(store: Store) -> None:
    letter = DeadLetterAdded("L-1", "SUBMIT", "c1", "paper", "no luck", 3, 10, 20, '{"x":1}', ("one",))
    store.append([Commit(events=[letter])])
    with Reader(store.path) as reader:
        assert reader.dead_letters() == [
            {
                "id": "L-1", "kind": "SUBMIT", "client_order_id": "c1", "venue": "paper", "reason": "no luck", "attempts": 3,
                "first_ns": 10, "last_ns": 20, "status": "OPEN",
            }
        ]  # fmt: skip
        whole = reader.dead_letter("L-1")
        assert whole is not None
        assert (whole["body"], whole["history"]) == ('{"x":1}', '["one"]')
        assert reader.dead_letter("L-2") is None


def test_status_tells_what_a_journal_alone_can(store: Store) -> None:
    write_lives(store, [1, 2])
    store.append([Commit(events=[KillPulled(KillLevel.HALT, "okx", "drill", "me", 5)])])
    with Reader(store.path) as reader:
        assert reader.status(verified=True) == {
            "mode": "PAPER",
            "engine_id": ENGINE,
            "kill": {"level": "HALT", "reason": "drill", "by": "me", "since_ns": 5},
            "venues": [],
            "actors": [],
            "orders": {"FILLED": 2},
            "journal": {"path": str(store.path), "sequence": 8, "verified": True},
        }
        store.append([Commit(events=[KillRearmed("okx", "over", "me", 6)])])
        assert reader.status()["kill"] == {"level": "ARMED", "reason": None, "by": None, "since_ns": None}


def test_a_pull_stands_until_its_scope_or_all_is_rearmed() -> None:
    def pull(level: KillLevel, scope: str) -> KillPulled:
        return KillPulled(level, scope, "", "", 0)

    halt, cancel, venue = pull(KillLevel.HALT, "all"), pull(KillLevel.CANCEL, "all"), pull(KillLevel.HALT, "okx")
    assert standing_kills([cancel, halt, venue]) == {"all": cancel, "okx": venue}
    assert standing_kills([cancel, venue, KillRearmed("okx", "", "", 0)]) == {"all": cancel}
    assert standing_kills([cancel, venue, KillRearmed("all", "", "", 0)]) == {}


def test_an_order_is_found_by_either_id_with_its_events(store: Store) -> None:
    write_lives(store, [1, 2])
    with Reader(store.path) as reader:
        found = reader.order(f"{2:032x}")
        assert found is not None
        assert found.state is OrderState.FILLED
        assert reader.order_by_venue_id("paper", "V-000002") == found
        assert reader.order_by_venue_id("okx", "V-000002") is None
        assert reader.order("nobody") is None
        assert reader.events_of_order(f"{2:032x}") == life(order(2))
        assert reader.events_of_order(f"{2:032x}", before=7) == life(order(2))[:2]
        assert reader.events_of_order("") == []
        assert reader.recall("", "paper", "V-000002") == life(order(2))
        assert reader.recall("", "paper", None) == []
        assert reader.recall("", "paper", "V-9") == []


def test_orders_fills_and_positions_come_back_as_they_were(store: Store) -> None:
    keeper = write_lives(store, range(1, 8))
    store.append([keeper.commit([OrderIntended(order(9), START_NS + 9)])])
    with Reader(store.path) as reader:
        for number in range(1, 8):
            assert reader.order(f"{number:032x}") == keeper.books.orders[f"{number:032x}"].update()
        booked = [one for record in keeper.books.orders.values() for one in record.fills.values()]
        assert reader.fills_of("paper", "acct", "BTCUSDT") == booked
        assert reader.fills_of("paper", "acct", "ETHUSDT") == []
        assert reader.held_positions() == keeper.books.positions()
        assert [one.client_order_id for one in reader.open_orders()] == [f"{9:032x}"]


def test_reading_and_writing_do_not_disturb_each_other(store: Store) -> None:
    keeper = write_lives(store, [1])
    with Reader(store.path) as reader:
        seen = iter(reader.connection().execute("SELECT seq FROM events"))
        next(seen)
        write_lives(store, [2], keeper)
        store.checkpoint_log()
        with Reader(store.path) as other:
            assert len(other.orders()) == 2
        with pytest.raises(Exception, match="readonly"):
            reader.connection().execute("DELETE FROM events")


def test_a_journal_in_a_directory_that_cannot_be_written_to_is_read_with_its_log() -> None:
    with tempfile.TemporaryDirectory() as directory:
        closed, crashed = Path(directory) / "closed", Path(directory) / "crashed"
        crashed.mkdir()
        store = open_store(closed / "journal.db")
        keeper = write_lives(store, [1, 2])
        store.checkpoint_log()
        write_lives(store, [3], keeper)
        for suffix in ("", "-wal"):
            (crashed / f"journal.db{suffix}").write_bytes((closed / f"journal.db{suffix}").read_bytes())
        store.close()
        Path(directory).chmod(0o755)
        for part in (closed, crashed):
            part.chmod(0o555)
            for file in part.iterdir():
                file.chmod(0o444)
            assert _as_nobody(lambda part=part: _counts(part / "journal.db")) == "3 10"
            part.chmod(0o755)


def _counts(path: Path) -> str:
    with Reader(path) as reader:
        return f"{len(reader.orders())} {reader.sequence()}"


def _as_nobody(work: Callable[[], str]) -> str:
    """Run in a forked child for which file modes count, and return what it says."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            said = work()
        except BaseException as error:
            said = repr(error)
        os.write(write_end, said.encode())
        os._exit(0)
    os.close(write_end)
    os.waitpid(child, 0)
    said = os.read(read_end, 1000).decode()
    os.close(read_end)
    return said


def test_what_cannot_be_read_is_an_error_that_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        Reader(tmp_path / "none.db")
    (tmp_path / "junk.db").write_bytes(b"junk" * 1000)
    with pytest.raises(JournalError, match=r"junk\.db cannot be read"):
        Reader(tmp_path / "junk.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(JournalError, match="holds no journal yet"):
        Reader(tmp_path / "empty.db")
