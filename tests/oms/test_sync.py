"""Hand-over, reconciliation, queries that are owed, sweeps, and what proves that an order is gone or lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from oms_kit import SECOND, SYMBOL, VENUE, D, House, S

from autotrader.messages import (
    AccountConfirmed,
    AttachRoute,
    BalanceOpened,
    BalanceTransferred,
    BreakerChanged,
    CancelOrder,
    ClearBlock,
    FrameUnreadable,
    GetStatus,
    InstrumentsListed,
    LinkChanged,
    ModifyOrder,
    OrderAdopted,
    OrderDoubted,
    OrderEvent,
    OrderFilled,
    OrderReported,
    OrderUnknown,
    QueryOrder,
    RequestsAbandoned,
    SendCancel,
    SendOrder,
    SnapshotTaken,
    SubmitOrder,
    SwitchStrategy,
    SymbolBlocked,
    TakeSnapshot,
    VenueReady,
)
from autotrader.model import BreakerState, KillLevel, LinkState, Order, TimeInForce
from autotrader.oms.differences import Action


@pytest.fixture
def cold() -> Iterator[House]:
    made = House()
    yield made
    made.close()


@pytest.fixture
def house() -> Iterator[House]:
    made = House().ready()
    yield made
    made.close()


def words(house: House, name: str) -> list[bool]:
    return [one.ready for one in house.seen(name, VenueReady)]


def answer(house: House, order: Order, state: Any = None, **more: Any) -> None:
    """Answer every query that waits about the order, as the venue would."""
    asked = [one for one in house.sent(QueryOrder) if one.client_order_id == order.client_order_id][-1]
    house.tell(house.event(OrderReported, order, state=state, asked_ns=asked.asked_ns, **more))


# ---------------------------------------------------------------- hand-over


def test_orders_flow_only_after_a_whole_hand_over(cold: House) -> None:
    cold.tell(AttachRoute("s", "runner.s"))
    steps = [
        cold.link(LinkState.SYNCING), AccountConfirmed(cold.info()), InstrumentsListed(VENUE, ()),
        SnapshotTaken(VENUE, "handover", cold.snapshot()), cold.link(LinkState.UP),
    ]  # fmt: skip
    for step in steps:
        cold.quote()
        assert cold.state(cold.submit()) is S.DENIED or cold.desk().ready
        cold.tell(step)
    assert cold.desk().ready
    for name in (f"resiliency.{VENUE}", f"broker.{VENUE}", "watch"):
        assert words(cold, name)[-1:] == [True]
    assert words(cold, "runner.s")[-1] is True
    assert {one.asset for one in cold.journal.of(BalanceOpened)} == {"BTC", "USDT"}


def test_a_runner_that_comes_later_hears_all_that_was_told(house: House) -> None:
    order = house.working()
    late = house.probe("runner.late")
    house.tell(AttachRoute("s", "runner.late"))
    kinds = {type(one).__name__ for one in late.seen}
    assert kinds >= {"AccountConfirmed", "InstrumentsListed", "VenueReady", "AccountChanged", "OrderUpdated"}
    assert [one.update.client_order_id for one in late.seen if type(one).__name__ == "OrderUpdated"] == [order.client_order_id]


def test_a_runner_of_a_stopped_strategy_hears_that_it_is_off(house: House) -> None:
    house.tell(SwitchStrategy("s", on=False, by="me"))
    late = house.probe("runner.late")
    house.tell(AttachRoute("s", "runner.late"))
    assert [one.on for one in late.of(SwitchStrategy)] == [False]


def test_a_sweep_that_is_answered_early_makes_nothing_ready_without_an_account(cold: House) -> None:
    cold.tell(cold.link(LinkState.SYNCING))
    cold.take("sweep")
    assert not cold.desk().ready
    cold.tell(AccountConfirmed(cold.info()))
    cold.take("handover")
    assert cold.desk().ready
    cold.tell(cold.link(LinkState.DOWN, "cut"), cold.link(LinkState.SYNCING))
    cold.take("sweep")
    assert not cold.desk().ready


def test_another_account_than_configured_halts_the_venue_for_good(cold: House) -> None:
    cold.tell(cold.link(LinkState.SYNCING), AccountConfirmed(cold.info(account="somebody")))
    cold.take("handover")
    assert [(level, scope) for level, scope, _ in cold.kills] == [(KillLevel.HALT, VENUE)]
    assert "ACCOUNT_MISMATCH" in cold.codes()
    cold.ask(ClearBlock(VENUE, "", "let me", "me"))
    cold.take("sweep")
    assert not cold.desk().ready


@pytest.mark.parametrize(("offset_s", "codes", "halts"), [("0.5", 0, 0), ("0.501", 1, 0), ("-2.5", 1, 0), ("-2.501", 1, 1)])
def test_a_clock_that_is_off_alarms_and_far_off_halts(cold: House, offset_s: str, codes: int, halts: int) -> None:
    cold.tell(cold.link(LinkState.SYNCING), AccountConfirmed(cold.info(), clock_offset_ns=int(D(offset_s) * SECOND)))
    assert cold.codes().count("CLOCK") == codes
    assert len(cold.kills) == halts


def test_an_incomplete_snapshot_is_asked_for_again_and_makes_nothing_ready(cold: House) -> None:
    cold.tell(cold.link(LinkState.SYNCING), AccountConfirmed(cold.info()))
    cold.take("handover", complete=False)
    assert not cold.desk().ready
    cold.advance(1)
    assert len(cold.sent(TakeSnapshot)) == 1
    cold.take("sweep")
    assert cold.desk().ready


def test_a_venue_that_cannot_be_asked_is_told_of_once_and_asked_every_second(cold: House) -> None:
    cold.tell(cold.link(LinkState.SYNCING), AccountConfirmed(cold.info()))
    for number in range(4):
        cold.tell(SnapshotTaken(VENUE, "handover", None, "503"))
        cold.advance(1)
        assert len(cold.sent(TakeSnapshot)) == number + 1
    assert cold.codes() == ["SNAPSHOT"]
    cold.take("sweep")
    cold.tell(SnapshotTaken(VENUE, "sweep", None, "503"))
    assert cold.codes() == ["SNAPSHOT"] * 2


def test_a_lost_link_stops_new_orders_and_doubts_what_was_on_its_way(house: House) -> None:
    sent, working = house.submit(), house.working()
    house.tell(house.link(LinkState.DOWN, "reset by peer"))
    assert words(house, f"broker.{VENUE}") == [True, False]
    assert house.state(sent) is S.UNKNOWN
    assert house.state(working) is S.OPEN
    assert house.books.orders[working.client_order_id].owed_after_ns is not None
    assert house.state(house.submit()) is S.DENIED
    assert "LINK" in house.codes()
    house.advance(10)
    assert house.sent(QueryOrder) == []
    assert house.ask(GetStatus()).venues[0].blind_s == 10


def test_it_is_ready_again_after_the_next_hand_over_and_asks_for_the_trades_between(house: House) -> None:
    order = house.working("2")
    house.tell(house.link(LinkState.DOWN, "cut"))
    house.advance(700)
    missed = house.fill(order, "t1").fill
    house.connect(trades=(missed,), usdt="999800", btc="102")
    assert (house.position(), house.state(order)) == (D(2), S.FILLED)
    assert words(house, f"resiliency.{VENUE}") == [True, False, True]
    assert house.desk().blocks == {}
    assert "DIFFERENCE" in house.codes()


def test_an_order_that_nobody_can_place_blocks_its_own_symbol_only(cold: House) -> None:
    cold.ready()
    lost = cold.submit()
    cold.tell(cold.link(LinkState.DOWN, "cut"))
    cold.advance(3)
    cold.connect()
    cold.quote(symbol="ETHUSDT")
    assert cold.desk().ready
    assert cold.state(lost) is S.UNKNOWN
    assert cold.state(cold.submit()) is S.DENIED
    assert cold.state(cold.submit(symbol="ETHUSDT")) is S.SENT


def test_an_order_that_the_snapshot_shows_is_placed_by_it(cold: House) -> None:
    cold.ready()
    lost = cold.submit()
    cold.tell(cold.link(LinkState.DOWN, "cut"))
    cold.advance(3)
    cold.connect(cold.row(lost))
    assert cold.state(lost) is S.OPEN
    assert cold.desk().ready
    cold.advance(4)
    cold.take("sweep", cold.row(lost))
    assert cold.desk().blocks == {}


# ---------------------------------------------------------------- money


def test_money_that_differs_asks_for_trades_first_and_then_halts_the_symbol(house: House) -> None:
    house.policy = {"positions": Action.HALT}
    house.advance(700)
    now_ns = house.clock.now_ns()
    house.take(positions=((SYMBOL, D(5)),), since_ns=now_ns)
    assert house.desk().blocks == {}
    house.advance(1)
    asked = house.sent(TakeSnapshot)[-1]
    assert asked.trades_since_ns < house.desk().agreed_ns
    house.take(positions=((SYMBOL, D(5)),), since_ns=asked.trades_since_ns)
    assert house.desk().blocks[SYMBOL][1]
    assert house.state(house.submit()) is S.DENIED
    assert "DIFFERENCE" in house.codes()


def test_a_difference_that_stands_is_told_once(house: House) -> None:
    for _ in range(3):
        house.advance(30, step_s=5)
        house.take(positions=((SYMBOL, D(5)),))
    assert house.codes().count("DIFFERENCE") == 1


def test_a_snapshot_asked_before_the_doubt_lifts_no_block(house: House) -> None:
    asked_ns = house.clock.now_ns()
    house.advance(2)
    order = house.submit()
    house.tell(house.event(OrderUnknown, order))
    house.ack(order)
    house.advance(1)
    house.tell(house.event(OrderReported, order, state=S.OPEN, filled_quantity=D(0), asked_ns=house.clock.now_ns()))
    house.take("sweep", house.row(order), asked_ns=asked_ns)
    assert SYMBOL in house.desk().blocks
    house.take("sweep", house.row(order))
    assert house.desk().blocks == {}


def test_no_block_is_lifted_while_money_differs(house: House) -> None:
    house.floor.block(VENUE, SYMBOL, "a doubt", until_operator=False)
    house.advance(2)
    house.take("sweep", usdt="900000")
    assert SYMBOL in house.desk().blocks
    house.take("sweep")
    assert house.desk().blocks == {}


def test_a_gap_in_the_stream_voids_what_was_heard_before(house: House) -> None:
    house.advance(5)
    house.tell(house.link(LinkState.SYNCING, "sequence gap"))
    assert house.desk().heard_since_ns == house.clock.now_ns()
    house.advance(1)
    house.tell(house.link(LinkState.UP))
    assert house.desk().heard_since_ns == house.clock.now_ns() - SECOND


def test_a_trade_that_the_stream_never_told_is_found_by_the_sweep_and_booked(house: House) -> None:
    order = house.working("2")
    house.advance(35)
    swept = house.sent(TakeSnapshot)
    assert swept
    silent = house.fill(order, "t1").fill
    house.advance(2)
    house.take(usdt="999800", btc="102", since_ns=house.clock.now_ns())
    house.advance(1)
    wanted = house.sent(TakeSnapshot)[-1].trades_since_ns
    house.take(trades=(silent,), usdt="999800", btc="102", since_ns=wanted)
    assert house.position() == D(2)
    assert house.books.balances(VENUE) == {"BTC": D(102), "USDT": D(999_800)}


def test_money_that_moved_without_a_trade_is_neither_profit_nor_loss(house: House) -> None:
    house.advance(5)
    house.take(usdt="1500000")
    assert [one.amount for one in house.journal.of(BalanceTransferred)] == [D(500_000)]
    assert house.exposure.total_equity == D(1_510_000)
    assert house.exposure.result[0] == D(0)


def test_positions_held_before_are_taken_over_at_the_first_hand_over(cold: House) -> None:
    cold.ready()
    fresh = House()
    fresh.connect(positions=((SYMBOL, D(3)),))
    assert fresh.position() == D(3)
    assert fresh.desk().ready


def test_an_order_of_somebody_else_is_adopted_counted_and_not_touched(house: House) -> None:
    house.advance(5)
    house.take("sweep", house.row(house.order("7"), client_order_id="web-1", venue_order_id="F1"))
    record = house.books.orders["web-1"]
    assert (record.foreign, record.quantity, house.exposure.count) == (True, D(7), 1)
    assert len(house.journal.of(OrderAdopted)) == 1
    assert house.sent(SendCancel) == []
    assert house.desk().ready


def test_an_order_with_our_tag_that_the_journal_does_not_know_halts_the_venue(house: House) -> None:
    house.advance(5)
    ghost = house.order()
    house.take("sweep", house.row(ghost))
    assert house.desk().blocks[""][1]
    assert (KillLevel.HALT, VENUE) in [(level, scope) for level, scope, _ in house.kills]
    assert house.exposure.count == 1


# ---------------------------------------------------------------- in flight, queries, proofs


def test_a_submit_without_an_answer_becomes_unknown_and_is_asked_for_with_back_off(house: House) -> None:
    order = house.submit()
    house.advance(2)
    assert house.state(order) is S.SENT
    house.advance(1)
    assert house.state(order) is S.UNKNOWN
    start_ns = house.clock.now_ns()
    house.advance(20)
    asked = [(one.asked_ns - start_ns) // SECOND for one in house.sent(QueryOrder)]
    steps = [b - a for a, b in zip(asked, asked[1:], strict=False)]
    assert steps[:4] == [1, 2, 4, 5]
    assert set(steps[3:]) == {5}
    assert house.released() == [order.client_order_id]


def test_a_cancel_or_an_amend_without_an_answer_is_asked_for(house: House) -> None:
    first, second = house.working(), house.working()
    house.tell(CancelOrder(first.client_order_id, "s"), ModifyOrder(second.client_order_id, "s", price=D(99)))
    house.advance(5)
    assert {one.client_order_id for one in house.sent(QueryOrder)} == {first.client_order_id, second.client_order_id}
    assert [one.request for one in house.journal.of(OrderUnknown)] == ["cancel", "replace"]
    assert [house.state(one) for one in (first, second)] == [S.PENDING_CANCEL, S.PENDING_REPLACE]


def test_silence_alone_never_ends_an_order(house: House) -> None:
    order = house.submit()
    house.advance(3600, step_s=5)
    assert house.state(order) is S.UNKNOWN
    assert house.state(house.submit()) is S.DENIED


def test_not_found_counts_only_by_the_rule(house: House) -> None:
    order = house.submit()
    house.advance(4)
    for second in range(60):
        if house.state(order) is not S.UNKNOWN:
            break
        house.advance(1)
        if house.sent(QueryOrder):
            answer(house, order)
        if second % 5 == 0:
            house.take("sweep")
    assert house.state(order) is S.REJECTED
    assert house.clock.now_ns() - order.created_ns >= 15 * SECOND
    house.advance(2)
    house.take("sweep")
    assert house.desk().blocks == {}
    house.quote()
    assert house.state(house.submit()) is S.SENT
    assert house.exposure.count == 1


def test_without_a_snapshot_after_the_requests_life_nothing_is_proved(house: House) -> None:
    order = house.submit()
    for _ in range(40):
        house.advance(1)
        if house.sent(QueryOrder):
            answer(house, order)
    assert house.state(order) is S.UNKNOWN


@pytest.mark.parametrize("life_s", [2, 3.3, 15, 30])
def test_an_order_that_never_arrived_is_known_not_to_be_there_within_its_life_and_twelve_seconds(life_s: float) -> None:
    house = House(request_life_ns=round(life_s * SECOND)).ready()
    house.advance(0.4)
    house.quote()
    order = house.submit()
    house.tell(house.event(OrderUnknown, order))
    began_ns = house.clock.now_ns()
    while house.state(order) is S.UNKNOWN and house.clock.now_ns() < began_ns + 120 * SECOND:
        house.advance(0.1, step_s=0.1)
        asked = house.sent(QueryOrder)
        if asked and asked[-1].asked_ns == house.clock.now_ns():
            answer(house, order)
        if house.seen(f"resiliency.{VENUE}", TakeSnapshot):
            house.seen(f"resiliency.{VENUE}").clear()
            house.take("sweep")
    assert house.state(order) is S.REJECTED
    assert house.clock.now_ns() - began_ns <= (life_s + 12) * SECOND


def test_an_amend_that_left_late_delays_the_proof_of_absence() -> None:
    house = House(request_life_ns=30 * SECOND).ready()
    order = house.working()
    house.advance(100)
    house.quote()
    house.tell(ModifyOrder(order.client_order_id, "s", price=D(99)))
    amended_ns = house.clock.now_ns()
    while house.state(order) is S.PENDING_REPLACE and house.clock.now_ns() < amended_ns + 120 * SECOND:
        house.advance(1)
        if house.sent(QueryOrder):
            answer(house, order)
        house.take("sweep")
    assert house.state(order) is S.CANCELED
    assert house.clock.now_ns() - amended_ns >= 40 * SECOND


def test_a_cancel_that_seems_lost_goes_out_again_once_life_is_proved(house: House) -> None:
    order = house.working()
    house.tell(CancelOrder(order.client_order_id, "s"))
    for _ in range(25):
        house.advance(1)
        if house.sent(QueryOrder):
            answer(house, order, S.OPEN, filled_quantity=D(0))
    assert len(house.sent(SendCancel)) >= 2
    assert house.state(order) is S.PENDING_CANCEL


def test_with_sweeps_off_nothing_is_asked_without_a_cause() -> None:
    house = House(sweeps=False).ready()
    order = house.submit()
    house.advance(120, step_s=5)
    assert house.sent(TakeSnapshot, QueryOrder) == []
    house.tell(house.event(OrderUnknown, order))
    house.advance(2)
    assert len(house.sent(QueryOrder)) > 0


def test_at_most_so_many_queries_leave_at_once() -> None:
    house = House(queries_at_once=3, controls={"message_rate": {"burst": 1000}}).ready()
    for _ in range(8):
        house.submit()
    house.tell(house.link(LinkState.SYNCING, "gap"))
    house.advance(2)
    at = [one.asked_ns for one in house.sent(QueryOrder)]
    assert max(at.count(one) for one in at) == 3


# ---------------------------------------------------------------- actors that end, frames, breakers


def test_what_an_ended_actor_had_in_hand_is_doubted(house: House) -> None:
    sent, working = house.submit(), house.working()
    send = house.sent(SendOrder)[0]
    house.tell(CancelOrder(working.client_order_id, "s"))
    cancel = house.sent(SendCancel)[0]
    stranger = SendCancel("00" * 16, None, SYMBOL)
    heard_ns = house.desk().last_heard_ns
    house.clock.advance(1)
    house.tell(RequestsAbandoned((send, cancel, stranger)))
    assert house.state(sent) is S.UNKNOWN
    assert house.books.orders[working.client_order_id].owed_after_ns is not None
    assert house.desk().last_heard_ns == heard_ns
    house.advance(2)
    assert {one.client_order_id for one in house.sent(QueryOrder)} == {sent.client_order_id, working.client_order_id}


def test_an_unreadable_frame_is_kept_and_stops_new_orders_until_the_books_were_compared(house: House) -> None:
    frame = FrameUnreadable(VENUE, "AAEC", "no such field", house.clock.now_ns())
    house.tell(frame)
    assert frame in house.journal.events
    assert house.state(house.submit()) is S.DENIED
    house.advance(1)
    assert house.sent(TakeSnapshot)
    house.take("sweep")
    assert house.state(house.submit()) is S.SENT


def test_a_breaker_is_noted_and_told(house: House) -> None:
    house.tell(BreakerChanged(VENUE, BreakerState.OPEN, "5 of 8 calls failed", house.clock.now_ns()))
    assert house.ask(GetStatus()).venues[0].breaker is BreakerState.OPEN
    assert house.codes() == ["BREAKER"]


def test_a_breaker_that_closes_alarms_nobody(house: House) -> None:
    house.tell(BreakerChanged(VENUE, BreakerState.CLOSED, "the venue answers again", house.clock.now_ns()))
    assert house.ask(GetStatus()).venues[0].breaker is BreakerState.CLOSED
    assert house.codes() == []


# ---------------------------------------------------------------- the next incarnation


def test_the_next_incarnation_has_all_of_it_and_doubts_what_was_on_its_way(tmp_path: Path) -> None:
    house = House(tmp_path / "j.db").ready()
    filled, sent, working = house.working("2"), house.submit(), house.working()
    house.tell(house.fill(filled, "t1"))
    house.floor.block(VENUE, "ETHUSDT", "looks wrong", until_operator=True)
    house.tell(SwitchStrategy("t", on=False, by="me"))
    house.again()
    assert house.oms.epoch == 2
    assert (house.state(filled), house.state(sent), house.state(working)) == (S.FILLED, S.UNKNOWN, S.OPEN)
    assert house.books.orders[working.client_order_id].owed_after_ns is not None
    assert house.position() == D(2)
    assert house.desk().blocks["ETHUSDT"] == ("looks wrong", True)
    assert "t" in house.floor.limits.stopped_strategies
    assert house.exposure.count == 2
    house.quote()
    assert house.exposure.total_equity == D(1_010_000)
    assert not house.desk().ready
    assert [one.reason for one in house.journal.of(OrderDoubted)] == ["restart"] * 2
    house.close()


def test_the_next_incarnation_trades_again_after_its_own_hand_over(tmp_path: Path) -> None:
    house = House(tmp_path / "j.db").ready()
    sent = house.submit()
    house.again()
    house.tell(AttachRoute("s", "runner.s"))
    house.quote()
    assert house.state(house.submit()) is S.DENIED
    house.advance(3)
    house.connect(house.row(sent))
    assert house.state(sent) is S.OPEN
    assert house.desk().ready
    house.advance(3)
    house.take("sweep", house.row(sent))
    house.quote()
    assert house.state(house.submit()) is S.SENT
    house.close()


def test_trades_missed_before_a_crash_are_asked_for_whatever_we_wrote_ourselves(tmp_path: Path) -> None:
    house = House(tmp_path / "j.db").ready()
    order = house.working()
    heard_ns = house.clock.now_ns()
    house.tell(house.link(LinkState.DOWN, "cut"))
    house.advance(3600, step_s=60)
    house.tell(SubmitOrder(house.order()))
    house.again()
    assert house.desk().agreed_ns == heard_ns
    house.advance(1)
    house.tell(house.link(LinkState.SYNCING))
    house.advance(2)
    assert house.sent(TakeSnapshot)[-1].trades_since_ns <= heard_ns
    assert house.state(order) is S.OPEN
    house.close()


def test_every_event_of_an_order_is_heard_for_its_venue(house: House) -> None:
    order = house.working()
    house.clock.advance(5)
    house.tell(house.fill(order, "t1"))
    assert house.desk().last_heard_ns == house.clock.now_ns()
    late: OrderEvent = OrderFilled(order.client_order_id, VENUE, 5, None, fill=house.fill(order, "t0", ts_ns=5).fill)
    house.tell(late)
    assert house.desk().last_heard_ns == house.clock.now_ns()
    assert isinstance(house.link(LinkState.UP), LinkChanged)


def test_blocks_are_on_record(house: House) -> None:
    order = house.submit()
    house.tell(house.event(OrderUnknown, order))
    (block,) = house.journal.of(SymbolBlocked)
    assert (block.symbol, block.until_operator) == (SYMBOL, False)
    assert order.client_order_id in block.reason


# ---------------------------------------------------------------- times that are over


def test_an_order_whose_time_was_over_long_ago_is_wished_gone_once(house: House) -> None:
    ends_ns = house.clock.now_ns() + 5 * SECOND
    order = house.working(time_in_force=TimeInForce.GTD, expires_ns=ends_ns)
    house.advance(15)
    assert house.sent(SendCancel) == []
    house.advance(2)
    assert [one.client_order_id for one in house.sent(SendCancel)] == [order.client_order_id]
    assert house.state(order) is S.PENDING_CANCEL
    house.advance(1)
    assert len(house.sent(SendCancel)) == 1


@pytest.mark.parametrize(("utc_day", "canceled"), [(True, 1), (False, 0)])
def test_a_day_order_is_overdue_after_midnight_where_the_day_is_utcs(house: House, utc_day: bool, canceled: int) -> None:
    desk = house.floor.desks[VENUE]
    desk.settings = structs.replace(desk.settings, utc_day=utc_day)
    house.working(time_in_force=TimeInForce.DAY)
    house.advance(86_400 - house.clock.now_ns() // SECOND % 86_400 + 9, step_s=600)
    assert house.sent(SendCancel) == []
    house.advance(3)
    assert len(house.sent(SendCancel)) == canceled


def test_an_order_without_an_end_is_left_alone(house: House) -> None:
    house.working()
    house.advance(3600, step_s=60)
    assert house.sent(SendCancel) == []
