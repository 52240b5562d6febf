"""The names that users were promised, against a live paper engine."""

import queue
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import eventually

from autotrader.errors import ConfigError, InvalidOrder, Unavailable, WaitTimeout
from autotrader.execution import (
    ExecutionConfig,
    ExecutionDecision,
    ExecutionEngine,
    KillSwitch,
    OrderManager,
    ResiliencyManager,
)
from autotrader.execution.adapters.paper import PaperTradingAdapter
from autotrader.execution.facades import BaseBrokerAdapter
from autotrader.model import Fill, OrderUpdate

D = Decimal


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[PaperTradingAdapter]:
    with PaperTradingAdapter(journal={"path": str(tmp_path / "j.db")}, market={"rate": 100}) as adapter:
        yield adapter


def mid(adapter: PaperTradingAdapter) -> Decimal:
    order = adapter.submit_order(adapter.new_order("BTCUSDT", "BUY", "0.001"))
    price = eventually(lambda: adapter.get_order_status(order.client_order_id).average_price)
    assert isinstance(price, Decimal)
    return price


def test_an_adapter_submits_amends_cancels_and_tells(paper: PaperTradingAdapter) -> None:
    price = mid(paper)
    far = (price * D("0.95")).quantize(D(1))
    order = paper.new_order("BTCUSDT", "BUY", "0.01", "LIMIT", price=far)
    told = paper.submit_order(order, timeout_s=5)
    assert (told.state, told.price, told.client_order_id) == ("OPEN", far, order.client_order_id)
    changed = paper.modify_order(order.client_order_id, quantity=D("0.02"), price=far - 1)
    assert (changed.state, changed.quantity, changed.price) == ("OPEN", D("0.02"), far - 1)
    assert paper.get_order_status(order.client_order_id).price == far - 1
    gone = paper.cancel_order(order.client_order_id)
    assert gone.state == "CANCELED"
    with pytest.raises(InvalidOrder):
        paper.cancel_order(order.client_order_id)
    with pytest.raises(InvalidOrder):
        paper.get_order_status("0" * 32)


def test_positions_and_balances_are_decimals_that_add_up(paper: PaperTradingAdapter) -> None:
    before = paper.get_account_balance()
    price = mid(paper)
    held = {one.symbol: one.quantity for one in paper.get_positions()}
    assert held["BTCUSDT"] == D("0.001")
    after = eventually(lambda: (found := paper.get_account_balance()) != before and found)
    assert after["BTC"] - before["BTC"] == D("0.001")
    assert before["USDT"] - after["USDT"] == price * D("0.001") * D("1.0005")


def test_fills_come_on_a_thread_of_their_own_and_events_on_a_queue(paper: PaperTradingAdapter) -> None:
    fills: list[Fill] = []
    names: list[str] = []
    events: queue.Queue[Any] = queue.Queue()

    def hear(fill: Fill) -> None:
        fills.append(fill)
        names.append(threading.current_thread().name)
        raise RuntimeError("a callback may fail")

    paper.subscribe_fills(hear)
    paper.subscribe(events)
    for _ in range(2):
        mid(paper)
    eventually(lambda: len(fills) == 2)
    assert threading.current_thread().name not in names
    seen: list[Any] = []

    def both() -> bool:
        while not events.empty():
            seen.append(events.get_nowait())
        return len([one for one in seen if isinstance(one, Fill)]) == 2

    eventually(both)
    assert any(isinstance(one, OrderUpdate) for one in seen)


def test_a_wait_that_is_too_short_raises_and_the_order_stays_tracked(tmp_path: Path) -> None:
    with PaperTradingAdapter(journal={"path": str(tmp_path / "j.db")}, latency_ms=300) as paper:
        order = paper.new_order("BTCUSDT", "BUY", "0.001")
        with pytest.raises(WaitTimeout) as raised:
            paper.submit_order(order, timeout_s=0.01)
        assert isinstance(raised.value, TimeoutError)
        assert order.client_order_id in str(raised.value)
        eventually(lambda: paper.get_order_status(order.client_order_id).state == "FILLED")


def test_what_the_limits_deny_is_an_answer_and_not_an_error(paper: PaperTradingAdapter) -> None:
    told = paper.submit_order(paper.new_order("BTCUSDT", "BUY", "1000000"))
    assert told.state == "DENIED"
    assert told.reason_code
    assert told.reason
    with pytest.raises((TypeError, ValueError)):
        paper.new_order("BTCUSDT", "BUY", 0.1)  # type: ignore[arg-type]


def test_the_resiliency_manager_stands_before_an_adapter(tmp_path: Path) -> None:
    adapter = PaperTradingAdapter(journal={"path": str(tmp_path / "j.db")})
    chosen = {"max_retries": 2, "initial_backoff": 0.1, "circuit_breaker_threshold": 7, "circuit_breaker_timeout": 9}
    manager = ResiliencyManager(adapter, **chosen)
    section = adapter.engine.settings.venues["paper"]
    assert (section.retry.max_retries, section.breaker.minimum_failures, section.breaker.open_max_s) == (2, 7, 9)
    manager.connect()
    try:
        assert manager.submit_order(manager.new_order("BTCUSDT", "BUY", "0.001")).state in ("OPEN", "FILLED")
        assert manager.get_status()
        with pytest.raises(ConfigError):
            ResiliencyManager(adapter)
    finally:
        manager.disconnect()


def test_an_engine_its_order_manager_and_its_kill_switch(tmp_path: Path) -> None:
    config = ExecutionConfig(enable_resiliency=False, cycle_time_ms=50, journal={"path": str(tmp_path / "j.db")})
    with ExecutionEngine(config) as engine:
        engine.connect()
        engine.connect()
        ticket = engine.execute_decision(ExecutionDecision("BUY", "BTCUSDT", D("0.01")))
        assert ticket.wait_done(5).state == "FILLED"
        eventually(lambda: ticket.fills)
        orders = OrderManager(engine)
        position = orders.get_position("BTCUSDT")
        assert position is not None
        assert position.quantity == D("0.01")
        assert orders.get_position("ETHUSDT") is None
        assert orders.get_performance_metrics()["fills"] == 1
        assert engine.execute_decision(ExecutionDecision("CLOSE", "BTCUSDT")).wait_done(5).state == "FILLED"
        with pytest.raises(InvalidOrder):
            engine.execute_decision(ExecutionDecision("HOLD", "BTCUSDT"))
        assert isinstance(engine.kill_switch, KillSwitch)
        engine.kill_switch.activate("a test", "HALT")
        assert engine.execute_decision(ExecutionDecision("BUY", "BTCUSDT", D("0.01"))).wait(5).state == "DENIED"
        assert engine.get_status()["kill"]["level"] == "HALT"
        ended: list[bool] = []
        waiting = threading.Thread(target=lambda: ended.append(bool(engine.run_live_trading(duration_s=10))))
        waiting.start()
        waiting.join(10)
        assert ended
    assert engine.get_status()["connected"] is False
    with pytest.raises(Unavailable):
        engine.positions()


def test_an_engine_can_be_connected_again_after_a_stop(tmp_path: Path) -> None:
    engine = ExecutionEngine(ExecutionConfig(journal={"path": str(tmp_path / "j.db")}))
    for number in (1, 2):
        engine.connect()
        assert engine.execute_decision(ExecutionDecision("BUY", "BTCUSDT", D("0.01"))).wait_done(5).state == "FILLED"
        assert engine.positions()[0].quantity == D("0.01") * number
        engine.stop()
        engine.stop()


def test_end_run_from_another_thread_returns_a_summary(tmp_path: Path) -> None:
    with ExecutionEngine(ExecutionConfig(journal={"path": str(tmp_path / "j.db")})) as engine:
        engine.connect()
        threading.Timer(0.3, engine.end_run).start()
        summary = engine.run_live_trading()
        assert (summary.ended, summary.clean) == ("interrupted", True)
        assert engine.run_live_trading(duration_s=0.2).ended == "duration"


def test_a_bare_base_adapter_names_no_venue() -> None:
    with pytest.raises(ConfigError):
        BaseBrokerAdapter()


def test_the_callers_own_orders_go_on_after_a_run(tmp_path):
    config = ExecutionConfig(env={}, journal={"path": str(tmp_path / "journal.db")})
    with ExecutionEngine(config) as engine:
        engine.run_live_trading(duration_s=0.5)
        done = engine.execute_decision(ExecutionDecision("BUY", "BTCUSDT", "0.01")).wait_done(10)
    assert done.state == "FILLED", done.reason


def test_orders_flow_again_after_the_order_manager_was_restarted(tmp_path):
    config = ExecutionConfig(env={}, journal={"path": str(tmp_path / "journal.db")})
    with ExecutionEngine(config) as engine:
        engine.connect()
        assert engine.execute_decision(ExecutionDecision("BUY", "BTCUSDT", "0.01")).wait_done(10).state == "FILLED"
        assert engine.restart_actor("oms", "test")

        def sells() -> bool:
            try:
                done = engine.execute_decision(ExecutionDecision("SELL", "BTCUSDT", "0.01")).wait_done(5)
            except (Unavailable, WaitTimeout):
                return False
            return done.state == "FILLED"

        eventually(sells, timeout_s=20)
        assert [str(held.quantity) for held in engine.positions() if held.symbol == "BTCUSDT"] == ["0.00"]
