"""An order id is never used twice, whatever TWS says and however the last run ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotrader.errors import InvalidOrder
from autotrader.execution.adapters.ibkr.order_ids import (
    FIRST_READ_ID,
    LARGEST_ORDER_ID,
    OrderIds,
    ReadIds,
    ids_path,
)


def ids(tmp_path: Path, client_id: int = 1) -> OrderIds:
    return OrderIds(ids_path(tmp_path / "journal.db"), "DU1", client_id)


def test_the_first_id_is_the_one_that_tws_names(tmp_path: Path) -> None:
    mine = ids(tmp_path)
    mine.connected(7)
    assert [mine.take(), mine.take()] == [7, 8]


def test_a_count_that_went_back_lowers_nothing(tmp_path: Path) -> None:
    mine = ids(tmp_path)
    mine.connected(100)
    mine.take()
    mine.connected(5)
    assert mine.take() == 101


def test_a_restart_begins_after_all_that_was_set_aside(tmp_path: Path) -> None:
    first = ids(tmp_path)
    first.connected(1)
    used = [first.take() for _ in range(450)]
    again = ids(tmp_path)
    again.connected(3)
    assert again.take() > max(used)


def test_an_id_is_on_disk_before_it_is_used(tmp_path: Path) -> None:
    mine = ids(tmp_path)
    mine.connected(1)
    for _ in range(401):
        taken = mine.take()
        assert ids(tmp_path).next > taken


def test_ids_that_were_seen_are_passed_by(tmp_path: Path) -> None:
    mine = ids(tmp_path)
    mine.connected(1)
    mine.seen(50)
    mine.seen(-3)
    mine.seen(FIRST_READ_ID + 9)
    assert mine.take() == 51


def test_client_ids_have_counts_of_their_own_in_one_file(tmp_path: Path) -> None:
    one, two = ids(tmp_path, 1), ids(tmp_path, 2)
    one.connected(1)
    one.take()
    two.connected(1)
    two.take()
    assert ids(tmp_path, 1).next == ids(tmp_path, 2).next == 201


def test_a_file_that_cannot_be_read_is_told_and_never_passed_over(tmp_path: Path) -> None:
    ids_path(tmp_path / "journal.db").write_text("nonsense")
    with pytest.raises(InvalidOrder, match="cannot be read"):
        ids(tmp_path)


def test_a_file_that_cannot_be_written_refuses_the_order(tmp_path: Path) -> None:
    mine = OrderIds(tmp_path / "no such folder" / "ids", "DU1", 1)
    mine.connected(1)
    with pytest.raises(InvalidOrder, match="cannot be set aside") as caught:
        mine.take()
    assert caught.value.code == "ORDER_IDS"


def test_the_last_id_is_told_with_what_to_do(tmp_path: Path) -> None:
    mine = ids(tmp_path)
    mine.connected(LARGEST_ORDER_ID)
    assert mine.take() == LARGEST_ORDER_ID
    with pytest.raises(InvalidOrder, match="reset them in TWS"):
        mine.take()


def test_reading_ids_are_of_another_range() -> None:
    reads = ReadIds()
    assert (reads.take(), reads.take()) == (FIRST_READ_ID, FIRST_READ_ID + 1)
