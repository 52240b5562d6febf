"""What follows from events: fills and who hears of them, late and strange ones, blocks, memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from oms_kit import ETH, SECOND, SYMBOL, VENUE, D, House, S

from autotrader.errors import InvalidOrder
from autotrader.messages import (
    AccountChanged,
    Alerted,
    ClearBlock,
    FillBooked,
    GetBalances,
    GetMetrics,
    GetOpenOrders,
    GetOrder,
    GetPositions,
    OrderAdopted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderReported,
    OrdersTimed,
    OrderUnknown,
    OrderUpdated,
    PositionChanged,
    SubmitOrder,
    SwitchStrategy,
    SymbolBlocked,
    SymbolReleased,
    TradeBusted,
)
from autotrader.model import KillLevel
from autotrader.oms.journal.reader import Reader
from autotrader.oms.journal.verify import verify


@pytest.fixture
def house() -> Iterator[House]:
    made = House().ready()
    yield made
    made.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[House]:
    """A house with a real journal, where few closed orders stay in memory."""
    made = House(tmp_path / "j.db", closed_kept=2).ready()
    yield made
    made.close()


# ---------------------------------------------------------------- fills


def test_a_fill_reaches_position_limits_journal_route_subscriber_and_metrics_once(house: House) -> None:
    order = house.working("2")
    told = house.fill(order, "t1", fee="0.1")
    house.tell(told, told)
    assert house.position() == D(2)
    assert house.exposure.book(VENUE, SYMBOL).position == D(2)
    assert house.exposure.count == 0
    for name in ("runner.s", "ears"):
        (booked,) = house.seen(name, FillBooked)
        assert (booked.fill.quantity, booked.update.state, booked.decided_ns) == (D(2), S.FILLED, order.decided_ns)
        assert booked.fill.strategy == "s"
    assert [one.position.quantity for one in house.seen("runner.s", PositionChanged)] == [D(2)]
    assert len(house.journal.of(OrderFilled)) == 1
    assert [fill.trade_id for commit in house.journal.commits for fill in commit.fills] == ["t1"]
    assert [one.quantity for commit in house.journal.commits for one in commit.positions if one.symbol == SYMBOL] == [D(2)]
    summary = house.ask(GetMetrics())
    assert (summary["fills"], summary["orders"], summary["fill_rate"], summary["fees"]) == (1, 1, 1.0, {"USDT": "0.1"})


def test_a_fill_is_told_with_the_order_that_it_ends(house: House) -> None:
    order = house.working()
    house.probes["runner.s"].seen.clear()
    house.tell(house.fill(order, "t1"))
    (told,) = [one for one in house.seen("runner.s") if isinstance(one, FillBooked | OrderUpdated)]
    assert (type(told), told.update.state) == (FillBooked, S.FILLED)


def test_balances_follow_fills_before_the_next_check(house: House) -> None:
    order = house.working("2")
    house.tell(house.fill(order, "t1"))
    assert house.ask(GetBalances(VENUE)) == {"BTC": D(102), "USDT": D(999_800)}
    assert house.exposure.total_equity == D(1_010_000)
    house.advance(1)
    told = house.seen("runner.s", AccountChanged)[-1]
    assert dict(told.balances)["BTC"] == D(102)


def test_a_fill_counts_as_position_before_the_next_order_of_the_same_flush_is_checked(house: House) -> None:
    order = house.working("2")
    held = house.exposure.book(VENUE, SYMBOL).position
    house.oms._on_event(house.fill(order, "t1"))
    house.oms._on_submit(SubmitOrder(house.order("1")))
    assert house.exposure.book(VENUE, SYMBOL).position == held + 2


def test_a_fee_that_is_told_later_reaches_the_journals_tables(kept: House) -> None:
    order = kept.working()
    told = kept.fill(order, "t1", fee="0", fee_asset="")
    kept.tell(told, structs.replace(told, fill=structs.replace(told.fill, fee=D("0.2"), fee_asset="USDT")))
    assert kept.floor.metrics.fees == {"USDT": D("0.2")}
    assert (kept.floor.metrics.fills, len(kept.seen("runner.s", FillBooked))) == (1, 1)
    report = verify(kept.path)
    assert report.ok, report.detail


def test_a_fee_that_is_told_later_is_no_news_of_the_order(house: House) -> None:
    order = house.working()
    told = house.fill(order, "t1", fee="0", fee_asset="")
    house.tell(told)
    before = len(house.seen("runner.s", OrderUpdated))
    house.tell(structs.replace(told, fill=structs.replace(told.fill, fee=D("0.2"), fee_asset="USDT")))
    assert house.floor.metrics.fees == {"USDT": D("0.2")}
    assert len(house.seen("runner.s", OrderUpdated)) == before


def test_a_busted_trade_is_taken_back_everywhere(house: House) -> None:
    order = house.working("2")
    house.tell(house.fill(order, "t1"), house.event(TradeBusted, order, trade_id="t1", symbol=SYMBOL))
    assert house.position() == D(0)
    assert house.floor.metrics.fills == 0
    assert [fill.trade_id for commit in house.journal.commits for fill in commit.undone] == ["t1"]
    assert "EVENT_17" in house.codes()


@pytest.mark.parametrize("bust_first", [False, True])
def test_a_trade_booked_and_busted_in_one_flush_is_in_no_table_of_the_journal(kept: House, bust_first: bool) -> None:
    order = kept.working("2")
    told = [kept.fill(order, "t1"), kept.event(TradeBusted, order, trade_id="t1", symbol=SYMBOL)]
    kept.tell(*(reversed(told) if bust_first else told))
    report = verify(kept.path)
    assert report.ok, report.detail
    with Reader(kept.path) as reader:
        assert reader.fills() == []


def test_too_many_fills_stop_the_strategy_and_its_orders_go() -> None:
    house = House(controls={"repeated_execution": {"per_minute": 2}}).ready()
    resting, order = house.working(price="90"), house.working("9")
    house.tell(*[house.fill(order, f"t{number}", "1") for number in range(3)])
    assert house.state(resting) is S.PENDING_CANCEL
    assert house.state(order) is S.PENDING_CANCEL
    assert house.state(house.submit()) is S.DENIED
    assert [one.on for one in house.seen("runner.s", SwitchStrategy)] == [False]


def test_an_overfill_is_booked_alarmed_and_blocks_until_the_operator_looked(house: House) -> None:
    order = house.working()
    house.tell(house.fill(order, "t1"), house.fill(order, "t2", "1"))
    assert house.position() == D(2)
    assert house.desk().blocks[SYMBOL][1]
    house.advance(2)
    house.take(*("sweep", house.row(order, S.FILLED, "2")))
    assert house.state(house.submit()) is S.DENIED
    house.ask(ClearBlock(VENUE, SYMBOL, "looked", "me"))
    assert house.state(house.submit()) is S.SENT
    assert house.journal.of(SymbolReleased)[-1].by == "me"


# ---------------------------------------------------------------- late and strange ones


def test_a_late_fill_brings_an_order_back_from_the_journal(kept: House) -> None:
    old = kept.working("3")
    kept.tell(kept.fill(old, "t1", "1"), kept.event(OrderCanceled, old))
    for _ in range(4):
        kept.tell(kept.event(OrderCanceled, kept.working()))
    assert old.client_order_id not in kept.books.orders
    assert kept.ask(GetOrder(old.client_order_id)).state is S.CANCELED
    kept.tell(kept.fill(old, "t1", "1"))
    assert kept.position() == D(1)
    late = kept.fill(old, "t2", "2", client_order_id="", strategy="")
    kept.tell(late)
    assert (kept.position(), kept.state(old)) == (D(3), S.FILLED)
    assert [one.fill.trade_id for one in kept.seen("runner.s", FillBooked)] == ["t1", "t2"]
    report = verify(kept.path)
    assert report.ok, report.detail


def test_closed_orders_leave_memory_but_not_while_an_answer_is_owed(kept: House) -> None:
    doubtful = kept.working()
    kept.tell(kept.event(OrderCanceled, doubtful), kept.event(OrderReported, doubtful, state=S.FILLED, filled_quantity=D(1)))
    assert kept.books.orders[doubtful.client_order_id].gap == D(1)
    for _ in range(6):
        kept.tell(kept.event(OrderCanceled, kept.working()))
    assert doubtful.client_order_id in kept.books.orders
    assert len(kept.books.orders) <= 4


def test_a_gap_that_nobody_closes_is_booked_as_inferred_and_replaced_when_the_trade_comes(house: House) -> None:
    order = house.working()
    house.tell(house.event(OrderReported, order, state=S.FILLED, filled_quantity=D(1)))
    assert house.position() == D(0)
    house.advance(6)
    assert house.position() == D(1)
    assert len(house.seen("runner.s", FillBooked)) == 1
    house.tell(house.fill(order, "t1"))
    assert (house.position(), house.floor.metrics.fills) == (D(1), 1)
    assert len(house.seen("runner.s", FillBooked)) == 1


def test_a_trade_of_an_unknown_order_is_adopted_as_foreign_and_counted(house: House) -> None:
    house.tell(house.fill(house.order(), "f1", "5", client_order_id="web-1", venue_order_id="F1"))
    record = house.books.orders["web-1"]
    assert (record.foreign, record.state, house.position()) == (True, S.FILLED, D(5))
    assert len(house.journal.of(OrderAdopted)) == 1
    assert house.seen("runner.s", FillBooked) == []
    assert house.kills == []


def test_a_foreign_order_known_by_its_trades_grows_with_them(house: House) -> None:
    for number in range(3):
        house.tell(house.fill(house.order(), f"f{number}", "5", client_order_id="", venue_order_id="F1"))
    record = house.books.find("", VENUE, "F1")
    assert (record.filled, record.quantity, house.position()) == (D(15), D(15), D(15))
    assert house.desk().blocks == {}
    assert "EVENT_14" not in house.codes()


def test_a_trade_without_any_order_id_is_counted_too(kept: House) -> None:
    bare = kept.fill(kept.order(), "f1", "5", client_order_id="", venue_order_id=None)
    kept.tell(bare)
    kept.tell(structs.replace(bare, fill=structs.replace(bare.fill, trade_id="f2")))
    assert kept.position() == D(10)
    report = verify(kept.path)
    assert report.ok, report.detail


def test_foreign_orders_of_two_venues_may_carry_the_same_number() -> None:
    house = House(venues=("sim", "other")).ready()
    for venue in ("sim", "other"):
        house.tell(house.fill(house.order(venue=venue), "f1", "5", client_order_id="", venue_order_id="17"))
    assert (house.position(), house.position(venue="other")) == (D(5), D(5))


def test_trades_of_others_do_not_count_against_a_strategy_without_a_name() -> None:
    house = House(controls={"repeated_execution": {"per_minute": 1}}).ready()
    for number in range(4):
        house.tell(house.fill(house.order(), f"f{number}", "1", client_order_id="", venue_order_id="F1"))
    assert "STRATEGY" not in house.codes()
    assert house.floor.limits.stopped_strategies == {}


def test_an_own_tag_that_the_journal_does_not_know_halts_the_venue(house: House) -> None:
    ghost = house.order()
    house.tell(house.fill(ghost, "t1"))
    assert [(level, scope) for level, scope, _ in house.kills] == [(KillLevel.HALT, VENUE)]
    assert house.desk().blocks[""][1]
    assert house.position() == D(1)
    assert "OWN_UNKNOWN" in house.codes()


def test_an_own_tag_is_recognised_by_its_acknowledgement_too(house: House) -> None:
    ghost = house.order()
    house.ack(ghost)
    house.ack(ghost)
    assert [(level, scope) for level, scope, _ in house.kills] == [(KillLevel.HALT, VENUE)]


# ---------------------------------------------------------------- unknown outcomes, blocks


def test_an_unknown_outcome_blocks_its_symbol_alone_and_tells_a_person(house: House) -> None:
    house.quote(symbol=ETH.symbol)
    order = house.submit()
    house.tell(house.event(OrderUnknown, order, reason="time-out"))
    assert house.state(order) is S.UNKNOWN
    assert house.floor.metrics.unknown == 1
    assert house.state(house.submit()) is S.DENIED
    assert house.state(house.submit(symbol=ETH.symbol)) is S.SENT
    for _ in range(2):
        house.advance(4)
        told = [one.client_order_id for one in house.alerts if one.code == "ORDER_UNKNOWN"]
        assert told.count(order.client_order_id) == 1


def test_the_block_goes_with_a_clean_reconciliation_after_the_answer(house: House) -> None:
    order = house.submit()
    house.tell(house.event(OrderUnknown, order))
    house.ack(order)
    assert SYMBOL in house.desk().blocks
    assert house.desk().look_due_ns == house.clock.now_ns() + house.desk().settings.lag_ns
    house.advance(3)
    house.tell(house.event(OrderReported, order, state=S.OPEN, filled_quantity=D(0), asked_ns=house.clock.now_ns()))
    house.take("sweep", house.row(order))
    assert house.desk().blocks == {}
    assert house.journal.of(SymbolReleased)[-1].by == "reconciliation"


def test_a_block_for_the_operator_is_never_weakened(house: House) -> None:
    house.floor.block(VENUE, SYMBOL, "looks wrong", until_operator=True)
    house.floor.block(VENUE, SYMBOL, "a doubt", until_operator=False)
    house.floor.block("moon", SYMBOL, "nobody there", until_operator=True)
    assert house.desk().blocks == {SYMBOL: ("looks wrong", True)}
    house.pump()
    assert len(house.journal.of(SymbolBlocked)) == 1


def test_a_block_at_a_venue_that_is_not_configured_cannot_be_lifted(house: House) -> None:
    with pytest.raises(InvalidOrder, match="not configured"):
        house.ask(ClearBlock("moon", SYMBOL, "r", "me"))
    assert house.state(house.submit()) is S.SENT


# ---------------------------------------------------------------- alarms, questions


def test_an_alarm_is_on_record_told_and_handed_to_who_wakes_people(house: House) -> None:
    house.floor.alarm("TEST", "look here", venue=VENUE)
    house.pump()
    assert house.alerts[-1].code == house.journal.of(Alerted)[-1].code == house.seen("ears", Alerted)[-1].code == "TEST"


def test_an_outlet_that_nobody_stands_behind_does_not_stop_the_flush(house: House) -> None:
    house.floor.subscribe(house.runtime.handle("nobody"), fills=True, updates=True)
    house.floor.routes["t"] = house.runtime.handle("nobody.else")
    order = house.working()
    house.tell(house.fill(order, "t1"))
    assert len(house.seen("ears", FillBooked)) == 1


def test_questions_are_answered_from_memory(house: House) -> None:
    order = house.working()
    assert [one.client_order_id for one in house.ask(GetOpenOrders())] == [order.client_order_id]
    house.tell(house.fill(order, "t1"))
    (position,) = house.ask(GetPositions())
    assert (position.quantity, position.average_price, position.unrealized_pnl) == (D(1), D(100), D("0.00"))
    assert house.ask(GetOpenOrders()) == ()
    assert house.ask(GetOrder(order.client_order_id)).state is S.FILLED
    assert house.ask(GetOrder("00" * 16)) is None


def test_latencies_come_from_when_requests_left_and_were_answered(house: House) -> None:
    order = house.working()
    left = order.decided_ns + 5_000
    house.tell(OrdersTimed(VENUE, ((order.client_order_id, left, left + 7_000),)))
    latency = house.ask(GetMetrics())["latency_us"]
    assert latency["decision_to_wire"]["mean"] == 5.0
    assert latency["wire_to_ack"]["mean"] == 7.0


def test_identical_rejects_stop_a_strategy_unless_something_went_well_in_between(house: House) -> None:
    def reject() -> None:
        house.tell(house.event(OrderRejected, house.submit(), reason_code="FUNDS", reason="no money"))

    reject()
    reject()
    house.working()
    reject()
    reject()
    assert "STRATEGY" not in house.codes()
    reject()
    assert "STRATEGY" in house.codes()
    assert house.floor.metrics.rejected == 5
    assert house.state(house.submit()) is S.DENIED


def test_what_a_venue_says_twice_counts_once(house: House) -> None:
    order = house.submit()
    word = house.event(OrderRejected, order, reason_code="FUNDS", reason="no money", ts_ns=house.clock.now_ns() + SECOND)
    house.tell(word, word)
    assert house.floor.metrics.rejected == 1
