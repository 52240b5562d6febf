"""The actor that runs a strategy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from runner_kit import BUY, START, Bench, Scripted, booked
from strategy_kit import BTC, D, fill, position, update, update_of

from autotrader.messages import (
    AccountChanged,
    AccountConfirmed,
    AttachRoute,
    BarClosed,
    CancelOrder,
    FillBooked,
    InstrumentsListed,
    ModifyOrder,
    OrderDenied,
    OrderUpdated,
    PositionChanged,
    RequestRefused,
    StrategyStopped,
    SubmitOrder,
    SwitchStrategy,
    TradeSeen,
    VenueReady,
)
from autotrader.model import AccountInfo, Bar, ExecutionDecision, MarketTrade, Mode, OrderState, Side, Snapshot
from autotrader.strategy.recent import FillMemory

# ---------------------------------------------------------------- deciding


def test_a_timer_decides_at_each_cycle_on_the_engines_clock() -> None:
    strategy = Scripted()
    bench = Bench(strategy).quote()
    assert strategy.snapshots == []
    for _ in range(3):
        bench.pass_ms(100)
    assert [(one.now_ns - START) // 10**6 for one in strategy.snapshots] == [100, 200, 300]
    bench.pass_ms(50)
    assert len(strategy.snapshots) == 3


def test_nothing_is_decided_before_a_quote_and_a_ready_venue() -> None:
    strategy = Scripted()
    bench = Bench(strategy, ready=False).pass_ms(100)
    bench.quote().pass_ms(100)
    assert strategy.snapshots == []
    bench.tell(VenueReady("paper", True, "")).pass_ms(100)
    assert len(strategy.snapshots) == 1
    bench.tell(VenueReady("paper", False, "")).pass_ms(100)
    assert len(strategy.snapshots) == 1


def test_by_quote_it_decides_on_quotes_at_most_once_a_cycle() -> None:
    strategy = Scripted()
    bench = Bench(strategy, trigger="quote", cycle_time_ms=100)
    for ms in (0, 40, 70, 10, 100):
        bench.pass_ms(ms).quote()
    assert [(one.now_ns - START) // 10**6 for one in strategy.snapshots] == [0, 110, 220]


def test_every_quote_is_one_decision_without_a_cycle() -> None:
    strategy = Scripted()
    bench = Bench(strategy, trigger="quote", cycle_time_ms=0)
    bench.quote().quote().quote()
    assert len(strategy.snapshots) == 3


def test_all_decisions_of_a_cycle_go_out_as_one_list_a_lane_cancels_first() -> None:
    answer = [BUY, ExecutionDecision("CANCEL", "BTCUSDT", order_id="x"), ExecutionDecision("HOLD", "BTCUSDT"), BUY,
              ExecutionDecision("BUY", "BTCUSDT"), ExecutionDecision("MODIFY", "BTCUSDT", 2, order_id="y"),
              ExecutionDecision("CANCEL", "BTCUSDT")]
    bench = Bench(Scripted(lambda _: answer)).quote().pass_ms(100)
    assert [[type(one) for one in told] for told in bench.oms.tells[1:]] == [
        [CancelOrder], [OrderDenied], [SubmitOrder, SubmitOrder, ModifyOrder]]
    assert bench.status.decisions == 7
    assert bench.status.refused == 1


def test_an_order_carries_engine_time_and_the_walls_monotonic_time() -> None:
    bench = Bench(Scripted(lambda _: BUY)).quote().pass_ms(100)
    order = bench.orders[0]
    assert (order.created_ns, order.decided_ns) == (START + 100 * 10**6, bench.runtime.wall.monotonic_ns())
    assert (order.strategy, order.account) == ("s", "A")


def test_what_is_on_its_way_is_shown_as_a_draft_then_as_the_order_manager_says() -> None:
    strategy = Scripted(lambda one: None if one.open_orders else BUY)
    bench = Bench(strategy).quote().pass_ms(100).pass_ms(100)
    assert len(bench.orders) == 1
    assert strategy.snapshots[1].open_orders[0].state is OrderState.DRAFT
    bench.tell(OrderUpdated(update_of(bench.orders[0], OrderState.OPEN))).pass_ms(100)
    assert strategy.snapshots[2].open_orders[0].state is OrderState.OPEN
    bench.tell(OrderUpdated(update_of(bench.orders[0], OrderState.CANCELED))).pass_ms(100)
    assert strategy.snapshots[3].open_orders == ()
    assert [one.state for one in strategy.updates] == [OrderState.OPEN, OrderState.CANCELED]


def test_orders_that_nobody_took_are_not_open() -> None:
    strategy = Scripted(lambda _: BUY)
    bench = Bench(strategy).quote()
    bench.runtime.handle("oms").unbind()
    bench.pass_ms(100).pass_ms(100)
    assert strategy.snapshots[1].open_orders == ()
    assert not bench.status.off


def test_the_snapshot_shows_what_was_told() -> None:
    strategy = Scripted()
    bench = Bench(strategy).quote()
    bench.tell(PositionChanged(position("0.25")), AccountChanged("paper", "A", (("USDT", D(9)),), D(10)))
    bench.pass_ms(100)
    shown = strategy.snapshots[0]
    assert (shown.positions["BTCUSDT"], shown.equity, dict(shown.balances)) == (D("0.25"), 10, {"USDT": D(9)})
    assert shown.quotes["paper:BTCUSDT"].mid == D("100.5")


def test_close_uses_the_position_that_was_told() -> None:
    bench = Bench(Scripted(lambda _: ExecutionDecision("CLOSE", "BTCUSDT"))).quote()
    bench.tell(PositionChanged(position("0.25"))).pass_ms(100)
    assert (bench.orders[0].quantity, bench.orders[0].reduce_only) == (D("0.25"), True)


def test_accounts_and_instruments_may_be_told_later() -> None:
    strategy = Scripted(lambda _: ExecutionDecision("BUY", "ETHUSDT", 1))
    bench = Bench(strategy).quote()
    eth = type(BTC)("paper", "ETHUSDT", tick=Decimal("0.01"), lot=Decimal("0.1"), quote="USDT")
    bench.tell(InstrumentsListed("paper", (eth,)), AccountConfirmed(AccountInfo("paper", "Z", Mode.PAPER)))
    bench.pass_ms(100)
    assert (bench.orders[0].symbol, bench.orders[0].account) == ("ETHUSDT", "Z")
    assert strategy.context is not None
    assert strategy.context.floor_size("ETHUSDT", D("0.77")) == D("0.7")


# ---------------------------------------------------------------- fills


def test_each_fill_is_recorded_once() -> None:
    strategy = Scripted()
    bench = Bench(strategy).tell([booked("t1"), booked("t2"), booked("t1")], booked("t2"))
    assert [one.trade_id for one in strategy.fills] == ["t1", "t2"]
    assert bench.status.fills == 2


def test_a_second_incarnation_does_not_hear_of_the_fills_of_the_first() -> None:
    memory, first, second = FillMemory(), Scripted(), Scripted()
    Bench(first, memory=memory).tell(booked("t1"))
    Bench(second, memory=memory).tell(booked("t1"), booked("t2"))
    assert [one.trade_id for one in first.fills] == ["t1"]
    assert [one.trade_id for one in second.fills] == ["t2"]


def test_a_fill_updates_the_order_before_it_is_recorded() -> None:
    bench = Bench(Scripted(lambda _: BUY)).quote().pass_ms(100)
    order = bench.orders[0]
    bench.tell(FillBooked(fill("t1", order.client_order_id), update_of(order, OrderState.FILLED), 0))
    assert bench.status.open_orders == 0


def test_it_decides_again_right_after_fills_where_that_is_wanted_once_a_flush() -> None:
    strategy = Scripted()
    bench = Bench(strategy, decide_on_fill=True).quote()
    bench.tell([booked("t1"), booked("t2")])
    assert len(strategy.snapshots) == 1
    quiet = Scripted()
    Bench(quiet).quote().tell([booked("t1")])
    assert quiet.snapshots == []
    assert bench.status.cycles == 1


# ---------------------------------------------------------------- life


def test_it_attaches_itself_and_starts_the_strategy_with_a_context() -> None:
    strategy = Scripted()
    bench = Bench(strategy)
    assert bench.oms.of(AttachRoute) == [AttachRoute(name="s", actor="runner.s")]
    assert strategy.context is not None
    assert (strategy.context.name, strategy.context.clock) == ("s", bench.clock)
    assert strategy.context.instruments["BTCUSDT"] is BTC
    with pytest.raises(TypeError):
        strategy.context.instruments["X"] = BTC  # type: ignore[index]


def test_it_stops_the_strategy_once() -> None:
    strategy = Scripted()
    bench = Bench(strategy)
    bench.runner.on_stop()
    assert strategy.stopped == 1


def test_a_class_with_two_methods_is_enough() -> None:
    class Plain:
        def decide(self, snapshot: Snapshot) -> Any:
            return BUY

        def record_execution(self, fill: Any) -> None:
            pass

    bench = Bench(Plain()).quote().pass_ms(100).tell(booked("t1"), OrderUpdated(update()))
    bench.runner.on_stop()
    assert len(bench.orders) == 1
    assert not bench.status.off


TRADE = MarketTrade("paper", "BTCUSDT", "7", D(100), D(1), Side.SELL, START)
BAR = Bar("paper", "BTCUSDT", "1m", START, START + 1, D(1), D(2), D(1), D(2), D(9), D(9), 3, is_final=True)


def test_trades_and_bars_of_the_market_reach_a_strategy_that_wants_them() -> None:
    strategy, heard = Scripted(), list[object]()
    strategy.on_trade = strategy.on_bar = heard.append  # type: ignore[method-assign]
    bench = Bench(strategy)
    bench.me.tell([TradeSeen(TRADE), BarClosed(BAR), TradeSeen(TRADE)])
    bench.tell()
    assert heard == [TRADE, BAR, TRADE]
    bench.tell(SwitchStrategy("s", on=False, by="me"), TradeSeen(TRADE), BarClosed(BAR))
    assert len(heard) == 3


def test_trades_pass_by_a_strategy_that_has_no_ear_for_them_and_end_one_that_raises() -> None:
    class Deaf:
        def decide(self, snapshot: Snapshot) -> Any:
            return None

        def record_execution(self, fill: Any) -> None:
            pass

    assert not Bench(Deaf()).tell(TradeSeen(TRADE), BarClosed(BAR)).status.off
    broken = Scripted()
    broken.on_trade = lambda trade: trade.nonsense  # type: ignore[method-assign]
    assert "RAISED" in Bench(broken).tell(TradeSeen(TRADE)).status.off


def test_the_order_is_told_after_the_fill_that_moved_it() -> None:
    strategy, heard = Scripted(), list[object]()
    strategy.record_execution = strategy.on_order = heard.append  # type: ignore[method-assign]
    bench = Bench(strategy).quote()
    first, second = booked("t1"), booked("t2", state=OrderState.FILLED)
    bench.tell([first, second], first)
    assert heard == [first.fill, first.update, second.fill, second.update, first.update]


def test_a_stop_overtakes_the_last_fills_and_the_strategy_hears_of_them_all_the_same() -> None:
    strategy = Scripted(lambda _: BUY)
    bench = Bench(strategy, decide_on_fill=True).quote()
    bench.runner.stop()
    bench.me.tell([booked("t1"), booked("t2")])
    entry = bench.runner.inbox.take()
    assert entry is not None
    bench.runner._serve(entry)
    assert strategy.fills == []
    bench.runner.on_stop()
    assert [one.trade_id for one in strategy.fills] == ["t1", "t2"]
    assert (strategy.stopped, strategy.snapshots) == (1, [])


def test_a_refused_request_is_counted_and_harms_nothing() -> None:
    bench = Bench(Scripted()).tell(RequestRefused("x", "cancel", "UNKNOWN_ORDER", "no such order", "s"))
    assert (bench.status.refused, bench.status.off) == (1, "")


def test_a_trigger_has_two_names() -> None:
    with pytest.raises(ValueError, match='"timer" or "quote", not "often"'.replace('"often"', "'often'")):
        Bench(Scripted(), trigger="often")


def test_the_limits_may_switch_it_off_and_the_operator_on_again() -> None:
    strategy = Scripted(lambda _: BUY)
    bench = Bench(strategy).quote().tell(SwitchStrategy("s", on=False, by="LIMIT")).pass_ms(100)
    assert (strategy.snapshots, bench.status.off) == ([], "switched off: LIMIT")
    assert not bench.oms.of(StrategyStopped)
    bench.tell(SwitchStrategy("s", on=True, by="operator")).pass_ms(100)
    assert len(strategy.snapshots) == 1
    assert len(bench.orders) == 1


@pytest.mark.parametrize("timed", [True, False])
def test_the_machines_clock_is_on_an_order_only_where_it_may_be(timed: bool) -> None:
    bench = Bench(Scripted(lambda snapshot: [BUY]), timed=timed)
    bench.runtime.wall.advance(5)
    (order,) = bench.quote().pass_ms(100).orders
    assert bool(order.decided_ns) is timed
