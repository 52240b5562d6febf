"""A kill: what is cancelled, how the sweep goes, its verdict, flattening, re-arming, and a restart in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from oms_kit import SYMBOL, VENUE, D, House, S

from autotrader.messages import (
    CancelAsked,
    CancelRejected,
    KillPulled,
    KillRearmed,
    KillVerdict,
    OrderCanceled,
    OrderRejected,
    OrderUnknown,
    SendCancel,
    SendCancelAll,
    SendOrder,
    SnapshotTaken,
    TakeSnapshot,
)
from autotrader.model import KillLevel, Side, WriteClass


@pytest.fixture
def house() -> Iterator[House]:
    made = House().ready()
    yield made
    made.close()


def pull(house: House, level: KillLevel = KillLevel.CANCEL, scope: str = "all") -> None:
    for venue in house.venues if scope == "all" else (scope,):
        house.gate.levels[venue] = level
    house.tell(KillPulled(level, scope, "a test", "me", house.clock.now_ns()))


def lists(house: House, venue: str = VENUE) -> list[str]:
    return [one.purpose for one in house.sent(TakeSnapshot, venue=venue) if one.purpose.startswith("kill:")]


def sweep(house: House, *rows: Any, seconds: float = 20, venue: str = VENUE, priced: bool = False, **more: Any) -> None:
    """Answer each list that is asked for, until the time is over or one more verdict is clean."""
    clean = clean_ones(house, venue)
    for _ in range(round(seconds / 0.25)):
        house.advance(0.25, step_s=0.25)
        if priced:
            house.quote()
        purposes = lists(house, venue)
        done = house.answered.get(venue, 0)
        house.answered[venue] = len(purposes)
        for purpose in purposes[done:]:
            house.take(purpose, *rows, venue=venue, **more)
        if clean_ones(house, venue) > clean:
            return


def clean_ones(house: House, venue: str = VENUE) -> int:
    return sum(verdict.clean for verdict in house.journal.of(KillVerdict) if verdict.venue == venue)


# ---------------------------------------------------------------- levels


def test_halt_is_on_record_and_cancels_nothing(house: House) -> None:
    order = house.working()
    pull(house, KillLevel.HALT)
    house.advance(5)
    assert [one.level for one in house.journal.of(KillPulled)] == [KillLevel.HALT]
    assert [one.level for one in house.seen("watch", KillPulled)] == [KillLevel.HALT]
    assert (house.sent(SendCancel), lists(house)) == ([], [])
    assert house.state(order) is S.OPEN
    assert house.state(house.submit()) is S.DENIED


def test_cancel_reaches_every_order_of_ours_also_those_in_doubt(house: House) -> None:
    open_one, sent, unknown = house.working(), house.submit(), house.submit()
    house.tell(house.event(OrderUnknown, unknown))
    house.advance(2)
    house.take("sweep", house.row(house.order("7"), client_order_id="web-1", venue_order_id="F1"))
    pull(house)
    asked = {one.client_order_id: one.venue_order_id for one in house.sent(SendCancel)}
    assert asked == {
        open_one.client_order_id: f"V{open_one.client_order_id[-4:]}", sent.client_order_id: None, unknown.client_order_id: None
    }  # fmt: skip
    assert {one.client_order_id for one in house.journal.of(CancelAsked)} == set(asked)
    assert house.state(open_one) is S.PENDING_CANCEL
    assert house.state("web-1") is S.OPEN


def test_a_pull_at_one_venue_leaves_the_others_alone() -> None:
    house = House(venues=("sim", "other")).ready()
    here, there = house.working(), house.working(venue="other")
    pull(house, scope="sim")
    assert (house.state(here), house.state(there)) == (S.PENDING_CANCEL, S.OPEN)
    assert house.sent(SendCancel, venue="other") == []


# ---------------------------------------------------------------- the sweep


def test_two_empty_lists_give_a_clean_verdict_on_record_and_to_the_watch(house: House) -> None:
    order = house.working()
    pull(house)
    house.tell(house.event(OrderCanceled, order))
    sweep(house)
    assert len(lists(house)) >= 2
    (verdict,) = house.journal.of(KillVerdict)
    assert (verdict.clean, verdict.canceled, verdict.remaining) == (True, 1, 0)
    assert house.seen("watch", KillVerdict) == [verdict]
    assert house.gate.ended == [VENUE]
    assert "KILL_VERDICT" in house.codes()
    asked = len(lists(house))
    house.advance(30)
    assert len(lists(house)) == asked


def test_a_straggler_on_the_list_is_cancelled_by_the_venues_id(house: House) -> None:
    order = house.working()
    pull(house)
    sweep(house, house.row(order), seconds=6)
    assert house.journal.of(KillVerdict) == []
    assert len(house.sent(SendCancel)) >= 2
    house.tell(house.event(OrderCanceled, order))
    sweep(house)
    assert house.journal.of(KillVerdict)[-1].clean


def test_a_venue_that_is_out_of_reach_is_never_clean_and_asked_on(house: House) -> None:
    house.working()
    pull(house)
    answered = 0
    for _ in range(40):
        house.advance(1)
        for purpose in lists(house)[answered:]:
            answered += 1
            house.tell(SnapshotTaken(VENUE, purpose, None, "connection refused"))
    assert answered > 5
    verdicts = house.journal.of(KillVerdict)
    assert verdicts
    assert not any(one.clean for one in verdicts)
    assert "connection refused" in verdicts[-1].detail
    assert house.codes().count("SNAPSHOT") == 1
    assert house.gate.ended == []


def test_a_cancel_that_the_venue_did_not_take_goes_again(house: House) -> None:
    order = house.working()
    pull(house)
    house.tell(house.event(CancelRejected, order, kind="final", reason="busy"))
    house.advance(2)
    assert len(house.sent(SendCancel)) >= 2


def test_an_order_that_turns_out_to_live_after_the_verdict_is_cancelled_too(house: House) -> None:
    order = house.submit()
    house.tell(house.event(OrderRejected, order, reason_code="BUSY"))
    pull(house)
    sweep(house)
    assert clean_ones(house) == 1
    house.ack(order, "V9")
    assert house.state(order) is S.OPEN
    assert house.sent(SendCancel)[-1].venue_order_id == "V9"
    house.tell(house.event(OrderCanceled, order, "V9"))
    sweep(house)
    assert clean_ones(house) == 2


def test_pulling_again_while_a_sweep_runs_raises_its_level_only(house: House) -> None:
    house.working()
    pull(house)
    asked = len(lists(house))
    pull(house, KillLevel.FLATTEN)
    assert len(lists(house)) == asked
    assert house.oms._kills._sweeps[VENUE].level is KillLevel.FLATTEN
    assert house.oms._kills.verdicts_missing == [VENUE]


# ---------------------------------------------------------------- flatten


def flat_house(**more: Any) -> tuple[House, str]:
    house = House(flatten=True, **more).ready()
    order = house.working("2")
    house.tell(house.fill(order, "t1"))
    return house, order.client_order_id


def test_flatten_closes_what_is_held_with_reduce_only_orders_of_its_own() -> None:
    house, before = flat_house()
    pull(house, KillLevel.FLATTEN)
    sweep(house, seconds=6, priced=True)
    (closing,) = [one for one in house.sent(SendOrder) if one.order.client_order_id != before]
    order, receipt = closing.order, closing.receipt
    cancels = [one for one in house.sent(SendCancel) if one.client_order_id == order.client_order_id]
    assert all(one.attempt > 1 for one in cancels)
    assert (order.side, order.quantity, order.reduce_only, order.strategy) == (Side.SELL, D(2), True, "kill")
    assert receipt.write_class is WriteClass.REDUCE
    assert house.gate.allowed[0] == order.client_order_id
    assert order.price is not None
    assert D(99) <= order.price <= D(100)
    assert not any(verdict.clean for verdict in house.journal.of(KillVerdict))
    house.tell(house.fill(order, "x1"))
    assert house.position() == D(0)
    sweep(house, priced=True)
    assert clean_ones(house) == 1


def test_what_is_less_than_a_lot_counts_as_flat() -> None:
    house, _ = flat_house()
    house.tell(house.fill(house.order("1.99995", Side.SELL), "t2", client_order_id="", venue_order_id="F2"))
    assert house.position() == D("0.00005")
    pull(house, KillLevel.FLATTEN)
    sweep(house)
    assert house.journal.of(KillVerdict)[-1].clean


def test_without_a_fresh_price_nothing_is_closed_and_somebody_is_told() -> None:
    house, before = flat_house()
    house.advance(10)
    pull(house, KillLevel.FLATTEN)
    sweep(house, seconds=8)
    assert [one.order.client_order_id for one in house.sent(SendOrder)] == [before]
    assert "FLATTEN" in house.codes()


def test_flatten_is_opt_in() -> None:
    house = House().ready()
    order = house.working("2")
    house.tell(house.fill(order, "t1"))
    pull(house, KillLevel.FLATTEN)
    sweep(house)
    assert len(house.sent(SendOrder)) == 1
    assert house.journal.of(KillVerdict)[-1].clean


# ---------------------------------------------------------------- re-arm, restarts


def test_rearming_is_on_record_ends_the_sweep_and_lets_losses_begin_anew(house: House) -> None:
    pull(house)
    house.gate.levels.clear()
    word = KillRearmed("all", "looked", "me", house.clock.now_ns())
    house.tell(word)
    assert word in house.journal.events
    assert house.seen("watch", KillRearmed) == [word]
    assert house.oms._kills._sweeps == {}
    asked = len(lists(house))
    house.advance(10)
    assert len(lists(house)) == asked
    house.quote()
    assert house.state(house.submit()) is S.SENT


def test_rearming_one_venue_leaves_the_sweep_of_another() -> None:
    house = House(venues=("sim", "other")).ready()
    pull(house)
    house.tell(KillRearmed("other", "looked", "me", house.clock.now_ns()))
    assert set(house.oms._kills._sweeps) == {"sim"}


def test_an_answer_to_a_sweep_that_is_over_changes_nothing(house: House) -> None:
    house.take("kill:7")
    assert house.journal.of(KillVerdict) == []


def test_the_next_incarnation_goes_on_with_the_sweep(tmp_path: Path) -> None:
    house = House(tmp_path / "j.db").ready()
    order = house.working()
    pull(house)
    house.again()
    assert house.oms._kills.verdicts_missing == [VENUE]
    house.tell(house.event(OrderCanceled, order))
    sweep(house)
    assert house.journal.of(KillVerdict)[-1].clean
    house.close()


def test_a_run_that_begins_at_cancel_sweeps_without_being_told() -> None:
    house = House()
    house.gate.levels[VENUE] = KillLevel.CANCEL
    house.again()
    house.connect()
    sweep(house)
    assert house.journal.of(KillVerdict)[-1].clean


def test_a_verdict_of_not_clean_comes_in_time_and_says_what_is_left(house: House) -> None:
    order = house.working()
    pull(house)
    sweep(house, house.row(order), seconds=32)
    verdict = house.journal.of(KillVerdict)[-1]
    assert (verdict.clean, verdict.remaining) == (False, 1)
    assert SYMBOL in house.sent(SendCancel)[0].symbol


def test_what_is_ordered_to_reduce_after_a_clean_sweep_is_left_alone(house: House) -> None:
    bought = house.working("2")
    house.tell(house.fill(bought, "t1"))
    pull(house)
    sweep(house)
    assert house.journal.of(KillVerdict)[-1].clean
    house.advance(1)
    before = len(house.sent(SendCancel))
    order = house.working("1", Side.SELL, "101")
    house.advance(3)
    assert len(house.sent(SendCancel)) == before
    assert house.state(order) == "OPEN"


# ---------------------------------------------------------------- one call for a whole symbol


def test_a_symbol_with_none_but_our_orders_is_cancelled_in_one_call_once_a_list_says_so() -> None:
    house = House(bulk_cancel=True).ready()
    first, second = house.working(), house.working()
    pull(house)
    assert len(house.sent(SendCancel)) == 2
    assert house.sent(SendCancelAll) == []
    house.advance(1)
    house.take(lists(house)[-1], house.row(first), house.row(second))
    assert [(one.venue, one.symbol) for one in house.sent(SendCancelAll)] == [(VENUE, SYMBOL)]


@pytest.mark.parametrize("complete", [True, False])
def test_somebody_elses_order_on_the_symbol_or_a_list_with_gaps_forbids_it(complete: bool) -> None:
    house = House(bulk_cancel=True).ready()
    order = house.working()
    rows = [house.row(order)]
    if complete:
        rows.append(house.row(house.order("7"), client_order_id="web-1", venue_order_id="F1"))
    pull(house)
    house.advance(1)
    house.take(lists(house)[-1], *rows, complete=complete)
    assert house.sent(SendCancelAll) == []


def test_a_venue_without_it_is_not_asked_for_it(house: House) -> None:
    order = house.working()
    pull(house)
    house.advance(1)
    house.take(lists(house)[-1], house.row(order))
    assert house.sent(SendCancelAll) == []


def test_a_venue_that_can_only_cancel_everything_does_so_once_nothing_at_all_is_anybody_elses() -> None:
    house = House(bulk_cancel=True, bulk_scope="venue").ready()
    order = house.working()
    pull(house)
    house.advance(1)
    house.take(lists(house)[-1], house.row(order))
    assert [(one.venue, one.symbol) for one in house.sent(SendCancelAll)] == [(VENUE, "")]


def test_such_a_venue_is_asked_before_the_first_cancels_whether_it_may() -> None:
    house = House(bulk_cancel=True, bulk_scope="venue").ready()
    house.working()
    pull(house)
    told = [type(one) for one in house.sent(TakeSnapshot, SendCancel) if getattr(one, "purpose", "kill:1") == "kill:1"]
    assert told == [TakeSnapshot, SendCancel]


def test_somebody_elses_order_on_any_symbol_forbids_to_cancel_everything() -> None:
    house = House(bulk_cancel=True, bulk_scope="venue").ready()
    order = house.working()
    pull(house)
    house.advance(1)
    other = replace(house.row(house.order("7"), client_order_id="web-1", venue_order_id="F1"), symbol="ELSE")
    house.take(lists(house)[-1], house.row(order), other)
    assert house.sent(SendCancelAll) == []
