"""The actor itself: every handler, the flush, routes, a journal that is away, stopped strategies, and a random life."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oms_kit import SECOND, SYMBOL, VENUE, D, House, S

from autotrader import messages
from autotrader.actors.worker import Broadcast
from autotrader.messages import (
    AccountChanged,
    AccountConfirmed,
    AttachRoute,
    CancelOrder,
    CancelRejected,
    FillBooked,
    GetInstruments,
    GetMetrics,
    GetStatus,
    InstrumentsListed,
    KillPulled,
    LinkChanged,
    ModifyOrder,
    OrderAccepted,
    OrderCanceled,
    OrderDoubted,
    OrderExpired,
    OrderIntended,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
    OrderUpdated,
    PositionChanged,
    ReplaceRejected,
    SendCancel,
    SendOrder,
    StrategyStopped,
    SubmitOrder,
    Subscribe,
    SweepDue,
    SwitchStrategy,
    TradeBusted,
    VenueReady,
)
from autotrader.model import Instrument, KillLevel, LinkState, Order, Side
from autotrader.oms.journal.verify import verify
from autotrader.oms.manager import OrderManagerActor
from autotrader.risk import Exposure


@pytest.fixture
def house() -> Iterator[House]:
    made = House().ready()
    yield made
    made.close()


# ---------------------------------------------------------------- handlers and flush


def test_every_kind_of_order_event_and_every_question_has_a_handler() -> None:
    handled = {kind.__name__ for kind in OrderManagerActor._handled}
    events = {one.__name__ for one in messages.OrderEvent.__subclasses__()} - {"CancelAsked", "ReplaceAsked"}
    assert events <= handled
    assert {"GetOrder", "GetOpenOrders", "GetPositions", "GetBalances", "GetMetrics", "GetStatus"} <= handled
    assert {"SubmitOrder", "CancelOrder", "ModifyOrder", "StopTrading", "SwitchStrategy", "ClearBlock"} <= handled
    assert {"KillPulled", "KillRearmed", "CheckpointDue", "SnapshotTaken", "RequestsAbandoned", "QuoteUpdate"} <= handled


def test_events_without_a_test_of_their_own_are_applied(house: House) -> None:
    order = house.working("3")
    house.tell(
        house.event(OrderSucceeded, order, "V2", previous_venue_order_id=f"V{order.client_order_id[-4:]}"),
        house.event(OrderDoubted, order, reason="a stream ended"),
        house.event(OrderReplaced, order, "V2", price=D("99.5"), asked=False),
    )
    record = house.books.orders[order.client_order_id]
    assert (record.venue_order_id, record.price, house.state(order)) == ("V2", D("99.5"), S.OPEN)
    house.tell(house.event(OrderExpired, order, "V2"))
    assert house.state(order) is S.EXPIRED


def test_one_flush_hands_over_one_commit_for_a_batch(house: House) -> None:
    before = len(house.journal.commits)
    house.tell_together(*[SubmitOrder(house.order()) for _ in range(40)])
    assert len(house.journal.commits) == before + 1
    assert len(house.released()) == 40
    assert [len(tell) for tell in house.probes[f"resiliency.{VENUE}"].tells if type(tell[0]) is SendOrder] == [40]


def test_lists_of_one_lane_travel_as_one(house: House) -> None:
    orders = [house.working() for _ in range(3)]
    house.probes["runner.s"].tells.clear()
    house.tell_together(*[house.fill(order, f"t{number}") for number, order in enumerate(orders)])
    told = [tell for tell in house.probes["runner.s"].tells if isinstance(tell[0], FillBooked)]
    assert [len(tell) for tell in told] == [4]  # three fills with their orders, one position


def test_positions_accounts_and_instruments_wake_nobody_but_the_runners(house: House) -> None:
    order = house.working()
    house.tell(house.fill(order, "t1"))
    house.advance(1)
    kinds = (PositionChanged, AccountChanged, InstrumentsListed, AccountConfirmed)
    assert {type(one) for one in house.seen("runner.s", *kinds)} == set(kinds)
    assert house.seen("watch", *kinds) == []
    assert len(house.seen("watch", VenueReady)) == 1


def test_nothing_to_say_is_no_commit(house: House) -> None:
    before = len(house.journal.commits)
    house.tell(SweepDue())
    house.quote()
    assert len(house.journal.commits) == before


@pytest.mark.parametrize(("inflight_s", "known_after_s"), [(0.25, 0.55), (2, 3)])
def test_a_missing_answer_is_noticed_as_soon_as_the_configuration_says(inflight_s: float, known_after_s: float) -> None:
    house = House(inflight_ns=round(inflight_s * SECOND)).ready()
    order = house.submit()
    house.advance(inflight_s, step_s=0.05)
    assert house.state(order) is S.SENT
    house.advance(known_after_s - inflight_s, step_s=0.05)
    assert house.state(order) is S.UNKNOWN


def test_a_subscriber_hears_of_every_order_from_then_on(house: House) -> None:
    late = house.probe("late")
    house.submit()
    house.tell(Subscribe("late"))
    order = house.submit()
    assert [one.update.client_order_id for one in late.of(OrderUpdated)] == [order.client_order_id]


def test_only_the_orders_own_strategy_hears_of_it(house: House) -> None:
    other = house.probe("runner.other")
    house.tell(AttachRoute("other", "runner.other"))
    order = house.working()
    house.tell(house.fill(order, "t1"))
    assert other.of(OrderUpdated, FillBooked) == []
    assert len(house.seen("runner.s", FillBooked)) == 1


def test_a_kill_that_is_broadcast_is_heard(house: House) -> None:
    order = house.working()
    house.tell(Broadcast(KillPulled(KillLevel.CANCEL, "all", "r", "me", 0)))
    assert house.state(order) is S.PENDING_CANCEL


def test_the_status_shows_venues_orders_and_what_is_owed(house: House) -> None:
    house.working()
    house.tell(house.event(OrderUnknown, house.submit(), reason="time-out"))
    status = house.ask(GetStatus())
    (desk,) = status.venues
    assert (desk.name, desk.link, desk.ready, desk.owed) == (VENUE, LinkState.UP, True, 1)
    assert set(desk.blocks) == {SYMBOL}
    assert (status.orders, status.open_ours, status.dead_letters) == ({"OPEN": 1, "UNKNOWN": 1}, 2, 0)
    assert status.equity == D(1_010_000)


def test_what_venues_list_once_they_are_connected_can_be_asked_for(house: House) -> None:
    before = house.ask(GetInstruments())
    late = Instrument(VENUE, "LATEUSD", D("0.01"), D("0.001"), "USD", "LATE")
    house.tell(InstrumentsListed(VENUE, (late,)))
    assert late not in before
    assert house.ask(GetInstruments()) == (late,)


def refused(house: House, code: str = "-2010") -> list[str]:
    """Let the venue refuse three orders alike, and return what was alarmed."""
    for order in [house.submit(price=str(90 + number)) for number in range(3)]:
        house.tell(house.event(OrderRejected, order, reason_code=code, reason="no"))
    return [code for code in house.codes() if code == "STRATEGY"]


def test_a_strategy_that_is_refused_three_times_alike_is_stopped(house: House) -> None:
    assert refused(house) == ["STRATEGY"]


def test_a_strategy_that_a_halt_surprises_is_not_stopped(house: House) -> None:
    orders = [house.submit(price=str(90 + number)) for number in range(3)]
    house.tell(InstrumentsListed(VENUE, (Instrument(VENUE, SYMBOL, D("0.01"), D("0.001"), "USDT", "BTC", tradable=False),)))
    for order in orders:
        house.tell(house.event(OrderRejected, order, reason_code="-2010", reason="Market is closed."))
    assert "STRATEGY" not in house.codes()


# ---------------------------------------------------------------- a journal that is away


def test_while_the_journal_is_away_orders_are_not_sent_and_rows_wait_in_order(tmp_path: Path) -> None:
    house = House(tmp_path / "j.db").ready()
    working = house.working()
    house.journal.away = True
    order = house.submit()
    house.tell(CancelOrder(working.client_order_id, "s"))
    assert house.released() == [working.client_order_id]
    assert [one.client_order_id for one in house.sent(SendCancel)] == [working.client_order_id]
    assert house.state(order) is S.DENIED
    assert house.books.orders[order.client_order_id].reason_code == "JOURNAL"
    house.journal.away = False
    house.advance(1)
    assert house.released() == [working.client_order_id]
    assert [one.order.client_order_id for one in house.journal.of(OrderIntended)] == [
        working.client_order_id, order.client_order_id
    ]  # fmt: skip
    report = verify(house.path)
    assert report.ok, report.detail
    house.close()


# ---------------------------------------------------------------- strategies


@pytest.mark.parametrize("stop", [
    SwitchStrategy("s", on=False, by="me"), StrategyStopped("s", "CRASHED", "ZeroDivisionError", 0),
])  # fmt: skip
def test_a_stopped_strategy_loses_its_orders_and_may_send_none_until_it_is_switched_on(house: House, stop: Any) -> None:
    mine, others = house.working(), house.working(strategy="t")
    house.tell(stop)
    assert (house.state(mine), house.state(others)) == (S.PENDING_CANCEL, S.OPEN)
    assert [one.on for one in house.seen("runner.s", SwitchStrategy)] == [False]
    assert "STRATEGY" in house.codes()
    assert [one.strategy for one in house.seen("ears", StrategyStopped)] == ["s"]
    assert house.state(house.submit()) is S.DENIED
    assert house.state(house.submit(strategy="t")) is S.SENT
    house.tell(SwitchStrategy("s", on=True, by="me"))
    assert [one.on for one in house.seen("runner.s", SwitchStrategy)] == [False, True]
    assert house.state(house.submit()) is S.SENT


def test_a_cancel_asked_by_a_stop_waits_for_an_order_in_flight(house: House) -> None:
    order = house.submit()
    house.tell(SwitchStrategy("s", on=False, by="me"))
    house.ack(order)
    assert house.state(order) is S.PENDING_CANCEL


# ---------------------------------------------------------------- a random life

KINDS: tuple[Any, ...] = (
    OrderAccepted, OrderCanceled, OrderExpired, OrderUnknown, OrderDoubted, OrderNotSent, OrderReplaced, ReplaceRejected,
)  # fmt: skip


def one_step(house: House, rng: random.Random, orders: list[Order], trades: list[str]) -> None:
    """Let something happen to one of the orders, likely or not."""
    order, what = rng.choice(orders), rng.randrange(14)
    if what == 0:
        side, quantity = rng.choice(list(Side)), str(rng.randrange(1, 4))
        price = str(rng.randrange(97, 100) if side is Side.BUY else rng.randrange(101, 104))
        orders.append(house.submit(quantity, side, price))
    elif what in (1, 2, 3):
        trade = rng.choice([*trades, f"t{len(trades)}"])
        trades.append(trade)
        house.tell(house.fill(order, f"{order.client_order_id[-4:]}{trade}", str(rng.randrange(1, 3))))
    elif what == 4:
        house.tell(CancelOrder(order.client_order_id, "s"))
    elif what == 5:
        house.tell(ModifyOrder(order.client_order_id, "s", quantity=D(rng.randrange(1, 6))))
    elif what == 6:
        state, filled = rng.choice([None, S.OPEN, S.FILLED, S.CANCELED]), D(rng.randrange(4))
        asked_ns = rng.choice([0, house.clock.now_ns()])
        house.tell(house.event(OrderReported, order, state=state, filled_quantity=filled, asked_ns=asked_ns))
    elif what == 7:
        house.advance(rng.choice([0.2, 1, 3]))
        house.quote()
    elif what == 8:
        house.tell(house.event(CancelRejected, order, kind=rng.choice(["busy", "too_late", "final"])))
    elif what == 9 and trades:
        house.tell(house.event(TradeBusted, order, trade_id=f"{order.client_order_id[-4:]}{rng.choice(trades)}", symbol=SYMBOL))
    elif what == 10:
        house.tell(house.event(OrderRejected, order, reason_code=f"R{rng.randrange(9)}"))
    else:
        house.tell(house.event(rng.choice(KINDS), order))


def rebuilt(house: House) -> Exposure:
    """Return an exposure that is told what the books hold now, and nothing of how it came."""
    exposure = Exposure("USD")
    exposure.on_instruments(VENUE, house.books.accounts.instruments())
    for quote in house.floor.quotes.values():
        exposure.on_quote(quote)
    exposure.on_balances(VENUE, "acc", house.books.balances(VENUE))
    for record in house.books.orders.values():
        exposure.on_order(record.update())
    for position in house.books.positions():
        exposure.on_position(position)
    exposure.refresh()
    return exposure


def figures(exposure: Exposure) -> dict[str, Decimal | int | None]:
    exposure.refresh()
    book = exposure.book(VENUE, SYMBOL)
    assert book is not None
    return {
        "position": book.position, "orders": book.count, "long": book.long, "short": book.short, "up": exposure.up,
        "down": exposure.down, "gross": exposure.gross, "equity": exposure.total_equity,
    }  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@example(seed=191254466)
@given(seed=st.integers(0, 2**32))
def test_exposure_is_what_the_books_say_whatever_happened(seed: int) -> None:
    rng = random.Random(seed)
    house = House(profile="open").ready()
    orders, trades = [house.submit()], []
    for _ in range(60):
        one_step(house, rng, orders, trades)
        assert house.journal.held == []
    replacing = [one for one in house.books.orders.values() if one.replacing]
    if not replacing:  # while terms are promised, the larger ones count
        assert figures(house.exposure) == figures(rebuilt(house))
    held = sum((fill.quantity if fill.side is Side.BUY else -fill.quantity
                for record in house.books.orders.values() for fill in record.fills.values()), D(0))  # fmt: skip
    assert house.position() == held


@pytest.mark.parametrize("seed", range(6))
def test_a_random_life_is_in_the_journal_as_it_was(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    house = House(tmp_path / "j.db", profile="open", closed_kept=3).ready()
    orders, trades = [house.submit()], []
    for _ in range(150):
        one_step(house, rng, orders, trades)
    report = verify(house.path)
    assert report.ok, report.detail
    position, balances = house.books.position(VENUE, SYMBOL), house.books.balances(VENUE)
    states = {name: record.state for name, record in house.books.orders.items() if not record.is_done}
    house.again()
    assert (house.books.position(VENUE, SYMBOL), house.books.balances(VENUE)) == (position, balances)
    after = {name: record.state for name, record in house.books.orders.items() if name in states}
    assert after == {name: S.UNKNOWN if state is S.SENT else state for name, state in states.items()}
    house.close()


def test_metrics_count_orders_once(house: House) -> None:
    for _ in range(3):
        house.working()
    assert house.ask(GetMetrics())["orders"] == 3
    assert isinstance(house.link(LinkState.DOWN), LinkChanged)
