"""The gate's rules: levels, scopes, receipts, incarnations."""

from __future__ import annotations

from itertools import product

import pytest
from gate_kit import on_thread, receipt_of

from autotrader.actors.gate import ALL, Gate
from autotrader.actors.marker import ALL_ARMED
from autotrader.errors import Halted, Refused
from autotrader.messages import Receipt
from autotrader.model import KillLevel, WriteClass
from autotrader.risk.receipts import ReceiptBook

RISK, REDUCE, CANCEL, QUERY = WriteClass.RISK, WriteClass.REDUCE, WriteClass.CANCEL, WriteClass.QUERY
PASSING = {
    KillLevel.ARMED: {RISK, REDUCE, CANCEL, QUERY},
    KillLevel.HALT: {REDUCE, CANCEL, QUERY},
    KillLevel.CANCEL: {CANCEL, QUERY},
    KillLevel.FLATTEN: {CANCEL, QUERY},
}


@pytest.fixture
def book() -> ReceiptBook:
    return ReceiptBook()


@pytest.fixture
def gate(book: ReceiptBook) -> Gate:
    return Gate(book)


def try_write(gate: Gate, book: ReceiptBook, write_class: WriteClass, venue: str = "paper", epoch: int = 0) -> bool:
    receipt = receipt_of(book, write_class, venue) if write_class in (RISK, REDUCE) else None
    try:
        with gate.write(venue, write_class, receipt, epoch=epoch):
            return True
    except Halted:
        return False


@pytest.mark.parametrize(("level", "write_class"), list(product(KillLevel, WriteClass)))
def test_the_level_says_which_class_passes(gate: Gate, book: ReceiptBook, level: KillLevel, write_class: WriteClass) -> None:
    gate.close(level)
    assert try_write(gate, book, write_class) is (write_class in PASSING[level])
    assert gate.passes("paper", write_class) is (write_class in PASSING[level])


def test_one_venue_can_be_closed_alone(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.HALT, "okx")
    assert not try_write(gate, book, RISK, "okx")
    assert try_write(gate, book, RISK, "binance")
    assert gate.level("okx") is KillLevel.HALT
    assert gate.level("binance") is gate.level(ALL) is KillLevel.ARMED


def test_a_venue_met_after_the_close_is_closed_too(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.HALT)
    assert not try_write(gate, book, RISK, "a venue never heard of")


def test_the_higher_of_two_levels_counts_and_a_lower_pull_changes_nothing(gate: Gate) -> None:
    gate.close(KillLevel.CANCEL, "okx")
    gate.close(KillLevel.HALT)
    gate.close(KillLevel.HALT, "okx")
    assert gate.level("okx") is KillLevel.CANCEL
    assert gate.level("binance") is KillLevel.HALT
    assert gate.levels_in_memory() == {ALL: KillLevel.HALT, "okx": KillLevel.CANCEL}


def test_reduce_passes_at_cancel_once_the_sweep_has_ended(gate: Gate, book: ReceiptBook) -> None:
    gate.door("paper")
    gate.close(KillLevel.CANCEL)
    assert not try_write(gate, book, REDUCE)
    gate.sweep_ended("paper")
    assert try_write(gate, book, REDUCE)
    assert not try_write(gate, book, RISK)


def test_a_new_pull_holds_reduce_back_again(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.CANCEL)
    gate.sweep_ended("paper")
    gate.close(KillLevel.CANCEL)
    assert not try_write(gate, book, REDUCE)


def test_the_sweeps_own_flattening_order_passes_and_no_other(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.FLATTEN)
    own = receipt_of(book, REDUCE)
    gate.allow("paper", own)
    with gate.write("paper", REDUCE, own):
        pass
    assert not try_write(gate, book, REDUCE)


def test_an_allowed_receipt_does_not_make_risk_pass(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.FLATTEN)
    risk = receipt_of(book, RISK)
    gate.allow("paper", risk)
    with pytest.raises(Halted):
        gate.door("paper").enter(RISK, risk)


def test_the_mapped_byte_closes_the_gate_at_once(gate: Gate, book: ReceiptBook) -> None:
    marker = bytearray(ALL_ARMED)
    gate.attach(marker)
    assert try_write(gate, book, RISK)
    marker[0] = ord("H")
    assert not try_write(gate, book, RISK)
    assert try_write(gate, book, CANCEL)
    marker[0] = 0  # torn
    assert gate.level("paper") is KillLevel.CANCEL


def test_the_mapped_byte_of_one_venue_closes_that_venue(gate: Gate, book: ReceiptBook) -> None:
    marker = bytearray(ALL_ARMED)
    gate.attach(marker)
    marker[3], marker[0] = ord("C"), ord("V")
    assert not try_write(gate, book, RISK, "coinbase")
    assert try_write(gate, book, RISK, "oanda")


def test_reopening_lifts_what_was_seen(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.CANCEL)
    gate.close(KillLevel.HALT, "okx")
    assert gate.reopen(ALL, gate.pulled(ALL))
    assert try_write(gate, book, RISK, "okx")


def test_a_pull_made_while_the_conditions_were_checked_stays(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.HALT)
    seen = gate.pulled()
    gate.close(KillLevel.HALT)
    assert not gate.reopen(ALL, seen)
    assert not try_write(gate, book, RISK)


def test_reopening_one_venue_leaves_the_others_and_the_pull_on_all(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.HALT, "okx")
    gate.close(KillLevel.HALT, "oanda")
    assert gate.reopen("okx", gate.pulled("okx"))
    assert try_write(gate, book, RISK, "okx")
    assert not try_write(gate, book, RISK, "oanda")


def test_many_pulls_keep_the_highest_level_and_little_memory(gate: Gate) -> None:
    gate.close(KillLevel.FLATTEN)
    for _ in range(1000):
        gate.close(KillLevel.HALT)
    assert gate.level("paper") is KillLevel.FLATTEN
    assert len(gate.pulled()) <= 40


# ---------------------------------------------------------------- receipts


def test_a_receipt_writes_once(gate: Gate, book: ReceiptBook) -> None:
    receipt = receipt_of(book)
    with gate.write("paper", RISK, receipt):
        pass
    with pytest.raises(Refused, match="attempt 1") as caught, gate.write("paper", RISK, receipt):
        pass
    assert caught.value.code == "RECEIPT_USED"
    assert gate.level("paper") is KillLevel.HALT
    assert gate.written("paper") == 1


def test_a_retry_says_which_attempt_it_is(gate: Gate, book: ReceiptBook) -> None:
    receipt, door = receipt_of(book), gate.door("paper")
    for attempt in (1, 3):
        door.enter(RISK, receipt, attempt)
        door.leave()
    for attempt in (3, 2, 0, 256):
        with pytest.raises(Refused):
            door.enter(RISK, receipt, attempt)
        gate.reopen(ALL, gate.pulled())
    assert gate.written("paper") == 1


@pytest.mark.parametrize("forgery", [
    None,
    Receipt(1, "x", RISK, 0),
    Receipt(1, "x", RISK, 0, seal=object()),
    receipt_of(ReceiptBook()),
], ids=["none", "unsealed", "own seal", "another engine's"])
def test_no_order_leaves_without_a_receipt_of_our_limits(gate: Gate, book: ReceiptBook, forgery: Receipt | None) -> None:
    receipt_of(book)
    with pytest.raises(Refused) as caught, gate.write("paper", RISK, forgery):
        pytest.fail("inside")
    assert caught.value.code == "RECEIPT_FORGED"
    assert gate.level("paper") is KillLevel.HALT


def test_a_reduce_receipt_writes_no_risk(gate: Gate, book: ReceiptBook) -> None:
    with pytest.raises(Refused), gate.write("paper", RISK, receipt_of(book, REDUCE)):
        pytest.fail("inside")


def test_cancels_and_queries_need_no_receipt(gate: Gate, book: ReceiptBook) -> None:
    assert try_write(gate, book, CANCEL)
    assert try_write(gate, book, QUERY)
    assert gate.written("paper") == 0


def test_more_writes_than_receipts_halt_the_venue_and_tell(book: ReceiptBook) -> None:
    """Receipts of another venue do not count here: exit_count, control 23."""
    told: list[tuple[str, str]] = []
    gate = Gate(book, on_trip=lambda venue, text: told.append((venue, text)))
    for _ in range(2):
        with gate.write("okx", RISK, receipt_of(book, venue="okx")):
            pass
    with pytest.raises(Refused) as caught, gate.write("okx", RISK, receipt_of(book, venue="binance")):
        pytest.fail("inside")
    assert caught.value.code == "EXIT_COUNT"
    assert [venue for venue, _ in told] == ["okx"]
    assert gate.level("okx") is KillLevel.HALT
    assert try_write(gate, book, RISK, "binance")


def test_a_refused_write_spends_no_receipt_while_halted(gate: Gate, book: ReceiptBook) -> None:
    gate.close(KillLevel.HALT)
    receipt = receipt_of(book)
    with pytest.raises(Halted), gate.write("paper", RISK, receipt):
        pytest.fail("inside")
    gate.reopen(ALL, gate.pulled())
    with gate.write("paper", RISK, receipt):
        pass
    assert gate.written("paper") == 1


# ---------------------------------------------------------------- incarnations


def test_an_abandoned_incarnation_writes_nothing_not_even_a_cancel(gate: Gate, book: ReceiptBook) -> None:
    assert try_write(gate, book, RISK, epoch=1)
    gate.begin_epoch("paper", 2)
    for write_class in WriteClass:
        with pytest.raises(Refused) as caught:
            try_write(gate, book, write_class, epoch=1)
        assert caught.value.code == "STALE_EPOCH"
    assert try_write(gate, book, RISK, epoch=2)
    assert gate.level("paper") is KillLevel.ARMED


def test_a_new_incarnation_shuts_the_socket_of_the_old_one_that_is_still_writing(gate: Gate) -> None:
    shut: list[str] = []
    old = gate.door("okx", 1, lambda: shut.append("okx"))
    idle = gate.door("okx", 1, lambda: shut.append("idle"))
    other = gate.door("binance", 1, lambda: shut.append("binance"))
    old.enter(QUERY)
    other.enter(QUERY)
    assert gate.begin_epoch("okx", 2) == ("okx",)
    assert shut == ["okx"]
    for door in (old, idle, other):
        door.leave()


def test_an_older_epoch_never_comes_back(gate: Gate, book: ReceiptBook) -> None:
    gate.begin_epoch("paper", 3)
    gate.begin_epoch("paper", 2)
    with pytest.raises(Refused):
        try_write(gate, book, RISK, epoch=2)


def test_a_writer_that_was_replaced_writes_no_more_and_is_shut_out_at_once(gate: Gate) -> None:
    shut: list[str] = []
    old = gate.door("okx", 1, lambda: shut.append("old"), writer="connection.okx.a", turn=1)
    other = gate.door("okx", 1, lambda: shut.append("other"), writer="connection.okx.b", turn=1)
    old.enter(QUERY)
    other.enter(QUERY)
    assert gate.begin_turn("connection.okx.a", 2)
    assert shut == ["old"]
    old.leave()
    other.leave()
    with pytest.raises(Refused, match=r"connection\.okx\.a: incarnation 1 was replaced") as caught:
        old.enter(QUERY)
    assert caught.value.code == "STALE_EPOCH"
    assert not old._count & 1
    other.enter(QUERY)
    other.leave()


def test_a_writer_that_was_replaced_cannot_make_itself_another_door(gate: Gate) -> None:
    assert not gate.begin_turn("connection.okx.a", 2)
    late = gate.door("okx", 7, writer="connection.okx.a", turn=1)
    with pytest.raises(Refused):
        late.enter(CANCEL)
    fresh = gate.door("okx", 7, writer="connection.okx.a", turn=2)
    fresh.enter(CANCEL)
    fresh.leave()
    assert not gate.begin_turn("connection.okx.a", 1)
    fresh.enter(CANCEL)
    fresh.leave()


def test_each_thread_has_its_own_door_and_a_used_one_serves_again(gate: Gate, book: ReceiptBook) -> None:
    for _ in range(3):
        assert try_write(gate, book, RISK)
        assert on_thread(lambda: try_write(gate, book, RISK))
    assert len(gate._doors) <= 4


def test_a_door_that_was_not_left_still_counts_as_entered(gate: Gate) -> None:
    door = gate.door("paper")
    door.enter(CANCEL)
    first = door._count
    door.enter(CANCEL)
    assert door._count & 1
    assert door._count != first
    door.leave()
    door.leave()
    assert not door._count & 1
