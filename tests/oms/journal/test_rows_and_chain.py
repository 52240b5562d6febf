"""The pure parts: hashes, heads, payloads, rows and bulk statements."""

from __future__ import annotations

import inspect
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_kit import Bookkeeper, fill, life, order

import autotrader.messages as messages
from autotrader.errors import JournalError
from autotrader.messages import DeadLetterAdded, Message, OrderAdopted, OrderEvent, OrderFilled, OrderIntended
from autotrader.model import OrderState, Position
from autotrader.oms.journal.batch import body_of, packed, reference
from autotrader.oms.journal.chain import Walk, genesis, row_hash
from autotrader.oms.journal.head import HeadFile, head_path, read_head
from autotrader.oms.journal.payload import decode_event, describe, encode_event
from autotrader.oms.journal.rows import (
    FILL_STORED,
    ORDER_STORED,
    POSITION_COLUMNS,
    fill_of,
    fill_row,
    is_sound,
    order_of,
    order_row,
    position_of,
    position_row,
)
from autotrader.oms.journal.statements import BulkInsert

texts = st.text(max_size=12)
row_values = st.tuples(st.integers(1, 2**40), st.integers(0, 2**62), texts, texts, texts, texts)


@given(row_values, row_values, st.binary(min_size=32, max_size=32))
def test_two_rows_have_one_hash_only_if_they_are_the_same(one: tuple, two: tuple, previous: bytes) -> None:
    assert (row_hash(previous, one) == row_hash(previous, two)) is (one == two)


def test_text_that_moves_from_one_column_to_the_next_changes_the_hash() -> None:
    assert row_hash(b"", (1, 2, "ab", "c", "", "")) != row_hash(b"", (1, 2, "a", "bc", "", ""))


def test_chains_of_two_engines_differ_from_the_first_row_on() -> None:
    assert genesis("one") != genesis("two")


def chained(count: int) -> list[tuple]:
    rows, head = [], genesis("e")
    for number in range(1, count + 1):
        row = (number, number, "Kind" if number % 2 else "Rare", "", "", "{}")
        head = row_hash(head, row)
        rows.append((*row, head))
    return rows


@given(st.integers(0, 9), st.data())
def test_a_walk_stops_before_the_first_row_that_does_not_follow(at: int, data: st.DataObject) -> None:
    rows = chained(10)
    column = data.draw(st.integers(0, 6))
    rows[at] = (*rows[at][:column], b"" if column == 6 else 77 if column < 2 else "other", *rows[at][column + 1 :])
    walk = Walk(0, genesis("e"))
    walk.over(rows[:5])
    walk.over(rows[5:])
    assert (walk.sequence, walk.broken) == (at, True)
    assert walk.head == (rows[at - 1][6] if at else genesis("e"))


def test_a_walk_keeps_the_rows_it_was_asked_to() -> None:
    walk = Walk(0, genesis("e"), keep=frozenset({"Rare"}))
    walk.over(chained(5))
    assert walk.kept == [(2, "Rare", "{}"), (4, "Rare", "{}")]
    assert not walk.broken


def test_a_head_is_read_as_it_was_written_and_damage_is_said(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    assert read_head(journal) is None
    head = HeadFile(journal)
    assert read_head(journal) is None
    for sequence in (1, 10**9, 3):
        head.write((sequence, genesis(str(sequence))))
        assert read_head(journal) == (sequence, genesis(str(sequence)))
    head.sync()
    head.close()
    line = head_path(journal).read_bytes()
    for place in range(len(line)):
        changed = bytearray(line)
        changed[place] ^= 0x81
        head_path(journal).write_bytes(changed)
        with pytest.raises(JournalError, match=r"journal\.db\.head is damaged"):
            read_head(journal)


def journal_kinds() -> list[type[Message]]:
    kinds = [kind for _, kind in inspect.getmembers(messages, inspect.isclass) if issubclass(kind, Message)]
    return [kind for kind in kinds if "ts_ns" in kind.__struct_fields__ or kind is DeadLetterAdded]


def test_every_event_with_a_time_can_be_described_and_decoded() -> None:
    assert len(journal_kinds()) > 30
    for kind in journal_kinds():
        describe(kind)
        with pytest.raises(JournalError, match=f"an event {kind.__name__} of the journal cannot be read"):
            decode_event(kind.__name__, '{"type":"Other"}')


def test_an_event_is_described_by_its_own_time_order_and_venue() -> None:
    new = order(1)
    assert describe(OrderIntended)(OrderIntended(new, 5)) == (5, new.client_order_id, "paper")
    assert describe(OrderAdopted)(OrderAdopted(new, "V", OrderState.OPEN, Decimal(0), 6)) == (6, new.client_order_id, "paper")
    late = OrderFilled("", "paper", 7, "V", fill=fill(new, "T"))
    assert describe(OrderFilled)(late) == (7, new.client_order_id, "paper")
    letter = DeadLetterAdded("L", "SUBMIT", "c", "okx", "", 1, 8, 9, "")
    assert describe(DeadLetterAdded)(letter) == (9, "c", "okx")
    assert describe(messages.GetStatus)(messages.GetStatus()) == (None, "", "")


def test_events_come_back_as_they_were() -> None:
    for event in life(order(1)):
        assert decode_event(type(event).__name__, encode_event(event).decode()) == event
        assert isinstance(event, (OrderIntended, OrderEvent))


def test_an_unknown_kind_is_an_error_that_says_what_to_do() -> None:
    for kind in ("Nothing", "Decimal", "__doc__"):
        with pytest.raises(JournalError, match="does not know; use a newer autotrader"):
            decode_event(kind, "{}")


def test_rows_have_one_value_per_column_and_come_back_as_they_were() -> None:
    keeper = Bookkeeper()
    update = keeper.commit(life(order(1))).updates[-1]
    assert len(order_row(update)) == len(ORDER_STORED)
    assert order_of(order_row(update)) == update
    bare = msgspec.structs.replace(update, price=None, average_price=None, stop_price=Decimal("1E-9"), held=True, tag="t")
    assert order_of(order_row(bare)) == bare
    one = fill(order(1), "T")
    assert len(fill_row(one)) == len(FILL_STORED)
    assert fill_of(fill_row(one)) == one
    held = Position("paper", "acct", "X", Decimal("-1.50"), None, Decimal("1E+3"), Decimal(9), "USDT")
    assert len(position_row(held)) == len(POSITION_COLUMNS)
    assert position_of(position_row(held)) == msgspec.structs.replace(held, unrealized_pnl=None)
    assert is_sound(position_row(held))
    assert not is_sound((*position_row(held)[:3], "0", *position_row(held)[4:]))


@given(st.text())
def test_the_body_of_a_checkpoint_comes_back_and_has_one_reference(body: str) -> None:
    assert body_of(packed(body)) == body
    assert reference(body) == reference(str(body)) != reference(body + "x")


@given(st.text(max_size=40), st.data())
def test_no_bit_of_a_checkpoint_can_be_changed_alone(body: str, data: st.DataObject) -> None:
    blob = bytearray(packed(body))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match="checksum"):
        body_of(bytes(blob))


@given(st.integers(0, 700))
def test_any_number_of_rows_is_inserted_in_few_statements(count: int) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t (a PRIMARY KEY, b, c)")
        insert = BulkInsert("t", ("a", "b"), key=("a",), c="it's")
        insert.run_rows(db, [(number, "old") for number in range(count)])
        insert.run_rows(db, [(number, "new") for number in range(0, count, 2)])
        found = db.execute("SELECT a, b, c FROM t ORDER BY a").fetchall()
    assert found == [(number, "old" if number % 2 else "new", "it's") for number in range(count)]
