"""The ledger of written receipts against a plain model of it, and the interpreter's switch interval."""

from __future__ import annotations

import sys
import threading

import pytest
from gate_kit import on_thread
from hypothesis import given
from hypothesis import strategies as st

from autotrader.actors.quick_switch import QUICK_S, QuickSwitch
from autotrader.actors.spent import WINDOW, SpentReceipts, Tally, Verdict


def tally(issued: int = 10**9) -> Tally:
    return Tally("paper", lambda venue: issued)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4))))
def test_each_number_is_written_once_per_rising_attempt(writes: list[tuple[int, int]]) -> None:
    spent, count, highest = SpentReceipts(), tally(), dict[int, int]()
    for number, attempt in writes:
        expected = Verdict.FRESH if attempt > highest.get(number, 0) else Verdict.USED
        assert spent.spend(number, attempt, count) is expected
        highest[number] = max(attempt, highest.get(number, 0))
    assert count.written == len(highest)


@given(st.lists(st.one_of(st.integers(1, 50), st.integers(WINDOW - 3, WINDOW + 50), st.integers(1, 5 * WINDOW)), max_size=30))
def test_no_number_is_ever_written_twice_however_far_they_jump(numbers: list[int]) -> None:
    spent, count, written, top = SpentReceipts(), tally(), set[int](), 0
    for number in numbers:
        verdict = spent.spend(number, 1, count)
        assert verdict is not Verdict.FRESH or number not in written
        assert verdict is Verdict.FRESH or number in written or number <= top - WINDOW
        top = max(top, number)
        if verdict is Verdict.FRESH:
            written.add(number)


def test_a_number_below_the_window_cannot_be_proved_unused() -> None:
    spent, count = SpentReceipts(), tally()
    assert spent.spend(WINDOW + 1, 1, count) is Verdict.FRESH
    assert spent.spend(1, 1, count) is Verdict.EXPIRED
    assert spent.spend(2, 1, count) is Verdict.FRESH


def test_writes_never_exceed_what_was_issued() -> None:
    spent, count = SpentReceipts(), tally(issued=2)
    verdicts = [spent.spend(number, 1, count) for number in (1, 2, 3)]
    assert verdicts == [Verdict.FRESH, Verdict.FRESH, Verdict.EXCEEDED]
    assert count.written == 2


def test_receipts_issued_later_are_seen() -> None:
    issued = [1]
    spent, count = SpentReceipts(), Tally("paper", lambda venue: issued[0])
    assert spent.spend(1, 1, count) is Verdict.FRESH
    issued[0] = 2
    assert spent.spend(2, 1, count) is Verdict.FRESH


def test_two_threads_with_one_receipt_write_it_once() -> None:
    spent, count, verdicts = SpentReceipts(), tally(), []
    start = threading.Barrier(4)

    def spend_all() -> None:
        start.wait()
        verdicts.extend([spent.spend(number, 1, count) for number in range(1, 2000)])

    threads = [threading.Thread(target=spend_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts.count(Verdict.FRESH) == count.written == 1999


@pytest.fixture
def interval() -> float:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.004)
    yield sys.getswitchinterval()
    sys.setswitchinterval(before)


def test_the_last_one_out_restores_what_the_first_one_found(interval: float) -> None:
    first, second = QuickSwitch(), QuickSwitch()
    first.__enter__()
    on_thread(second.__enter__)
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(QUICK_S)
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(interval)


def test_an_interval_left_short_by_an_interrupted_exit_is_not_taken_for_the_hosts(interval: float) -> None:
    """A signal handler may come between counting down and restoring."""
    with QuickSwitch():
        pass
    sys.setswitchinterval(QUICK_S)
    with QuickSwitch():
        pass
    assert sys.getswitchinterval() == pytest.approx(interval)
