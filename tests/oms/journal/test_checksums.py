"""The checksum of a row finds whatever was changed in it, and the views show what the rows hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_kit import Bookkeeper, fill, life, open_store, order, write_lives

from autotrader.errors import JournalError
from autotrader.model import Position
from autotrader.oms.journal.checksums import unsound_row
from autotrader.oms.journal.commit import Commit
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.rows import (
    FILL_COLUMNS,
    ORDER_COLUMNS,
    Row,
    fill_row,
    fill_values,
    is_sound,
    order_row,
    order_values,
    position_row,
)

UPDATE = Bookkeeper().commit(life(order(1))).updates[-1]
HELD = Position("paper", "acct", "X", Decimal(1), None, Decimal(0), None, "USDT")
SOUND = [
    order_row(UPDATE), order_row(msgspec.structs.replace(UPDATE, venue_order_id=None)), fill_row(fill(order(1), "T")),
    position_row(HELD),
]  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A journal of ten filled orders."""
    store = open_store(tmp_path / "journal.db")
    write_lives(store, range(1, 11))
    yield store.connection()
    store.close()


@pytest.mark.parametrize("row", SOUND)
def test_rows_carry_the_checksum_of_what_is_in_them(row: Row) -> None:
    assert is_sound(row)


@given(st.sampled_from(SOUND), st.data())
def test_no_value_of_a_row_can_be_changed_alone(row: Row, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(row) - 1))
    other = data.draw(st.none() | st.text(max_size=5).filter("\x1e".__ne__) | st.integers(0, 2**32) | st.binary(max_size=5))
    if other != row[at]:
        assert not is_sound((*row[:at], other, *row[at + 1 :]))


@pytest.mark.parametrize("chunk", [1, 3, 10, 11, 2000])
def test_tables_that_were_left_alone_are_sound_in_chunks_of_any_size(db: sqlite3.Connection, chunk: int) -> None:
    assert unsound_row(db, chunk) == ""


def test_empty_tables_are_sound(tmp_path: Path) -> None:
    store = open_store(tmp_path / "journal.db")
    assert unsound_row(store.connection()) == ""
    store.close()


@pytest.mark.parametrize("chunk", [1, 3, 2000])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE order_rows SET state = 'CANCELED' WHERE client_order_id LIKE '%5'",
        "UPDATE order_rows SET venue_order_id = NULL WHERE client_order_id LIKE '%a'",
        "UPDATE order_rows SET venue_order_id = venue_order_id || '0' WHERE client_order_id LIKE '%a'",
        "UPDATE order_rows SET client_order_id = 'x' WHERE client_order_id LIKE '%1'",
        "UPDATE order_rows SET body = replace(body, 'BTC', 'ETH') WHERE client_order_id LIKE '%3'",
        "UPDATE order_rows SET body = CAST(body AS BLOB) WHERE client_order_id LIKE '%3'",
        "UPDATE order_rows SET body = x'ff' WHERE client_order_id LIKE '%3'",
        "UPDATE order_rows SET crc = crc + 1 WHERE client_order_id LIKE '%9'",
        "UPDATE order_rows SET crc = 'none' WHERE client_order_id LIKE '%9'",
        "UPDATE fill_rows SET body = replace(body, 'TAKER', 'MAKER') WHERE trade_id = 'T-000003'",
        "UPDATE fill_rows SET venue = 'okx' WHERE trade_id = 'T-000001'",
        "UPDATE fill_rows SET trade_id = 'T-2' WHERE trade_id = 'T-000001'",
        "UPDATE positions SET currency = 'EUR'",
    ],
)
def test_a_row_that_was_changed_is_found_in_chunks_of_any_size(db: sqlite3.Connection, change: str, chunk: int) -> None:
    db.execute(change)
    assert "was changed" in unsound_row(db, chunk)


@pytest.mark.parametrize("strange", ["\n", "a\x1fb", "\x1e", "é\u2028\U0001f600", '"\\', "'", "a\x00b", "", "None"])
def test_strange_text_is_sound_and_comes_back(tmp_path: Path, strange: str) -> None:
    store = open_store(tmp_path / "journal.db")
    odd = msgspec.structs.replace(UPDATE, venue_order_id=strange, reason=strange, tag=strange)
    trade = msgspec.structs.replace(fill(order(1), "T"), trade_id=f"T{strange}", strategy=strange)
    store.append([Commit(updates=[odd], fills=[trade])])
    assert unsound_row(store.connection()) == ""
    store.close()
    open_store(store.path).close()
    with Reader(store.path) as reader:
        assert reader.order(odd.client_order_id) == odd
        assert reader.order_by_venue_id("paper", strange) == odd
        assert reader.fills_of(trade.venue, trade.account, trade.symbol) == [trade]


def test_the_views_show_the_columns_of_the_rows(db: sqlite3.Connection) -> None:
    for view, columns, stored, values in (
        ("orders", ORDER_COLUMNS, "order_rows", order_values),
        ("fills", FILL_COLUMNS, "fill_rows", fill_values),
    ):
        shown = db.execute(f"SELECT * FROM {view} ORDER BY 1")
        assert tuple(column[0] for column in shown.description) == columns
        assert shown.fetchall() == sorted(values(row) for row in db.execute(f"SELECT * FROM {stored}"))


def test_an_order_is_known_by_its_venue_id_at_its_venue_alone(tmp_path: Path) -> None:
    store = open_store(tmp_path / "journal.db")
    other = msgspec.structs.replace(UPDATE, client_order_id="other", venue="okx")
    store.append([Commit(updates=[UPDATE, other])])
    store.close()
    with Reader(store.path) as reader:
        assert UPDATE.venue_order_id is not None
        assert reader.order_by_venue_id("okx", UPDATE.venue_order_id) == other
        assert reader.order_by_venue_id("paper", UPDATE.venue_order_id) == UPDATE
        assert reader.order_by_venue_id("binance", UPDATE.venue_order_id) is None


def test_a_row_whose_body_is_cut_is_an_error_that_names_it(tmp_path: Path) -> None:
    for body in ("[1", "[]"):
        with pytest.raises(JournalError, match="the row of c1 cannot be read"):
            order_values(("c1", "v", "FILLED", body, "0"))
