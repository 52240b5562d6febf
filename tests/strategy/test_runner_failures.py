"""Strategies that raise, flood, return nonsense or hang: each ends alone."""

from __future__ import annotations

import threading
from itertools import count
from typing import Any

import pytest
from runner_kit import BUY, Bench, Scripted, booked
from strategy_kit import BTC, fill, quote, update
from support import Probe, eventually

from autotrader.actors import ChildSpec, Runtime
from autotrader.errors import ConfigError
from autotrader.messages import OrderUpdated, QuoteUpdate, StrategyStopped, SwitchStrategy, VenueReady
from autotrader.model import ClientOrderIds, ExecutionDecision, Snapshot
from autotrader.strategy.runner import RunnerSettings, StrategyRunnerActor


class Rude(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


def raising(error: BaseException):
    def answer(_: Snapshot) -> Any:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (raising(ZeroDivisionError("oh")), "RAISED", "ZeroDivisionError: oh"),
        (raising(SystemExit(1)), "RAISED", "SystemExit: 1"),
        (raising(KeyboardInterrupt()), "RAISED", "KeyboardInterrupt"),
        (raising(Rude()), "RAISED", "Rude: (it cannot say what)"),
        (lambda _: "BUY", "RAISED", "TypeError: decide() must return ExecutionDecisions, a list of them or None, not str"),
        (lambda _: [BUY, 5], "RAISED", "TypeError: decide() returned int at index 1"),
        (lambda _: ExecutionDecision("BUY", "BTCUSDT", 0.1), "RAISED", "TypeError: size must be a Decimal"),  # type: ignore[arg-type]
        (lambda _: (BUY for _ in count()), "FLOOD", "more than 50 decisions"),
        (lambda one: one.quotes["BTCUSD"], "RAISED", "KeyError"),
        (lambda one: one.positions.clear(), "RAISED", "AttributeError"),
    ],
)
def test_a_strategy_that_fails_in_decide_is_off_and_everybody_hears_why(answer: Any, code: str, reason: str) -> None:
    strategy = Scripted(answer)
    bench = Bench(strategy, max_decisions=50).quote().pass_ms(100).pass_ms(100)
    assert len(strategy.snapshots) == 1
    for probe in (bench.oms, bench.supervisor):
        (stopped,) = probe.of(StrategyStopped)
        assert (stopped.strategy, stopped.reason_code, stopped.ts_ns) == ("s", code, bench.clock.now_ns() - 100 * 10**6)
        assert stopped.reason.startswith(reason)
    assert bench.orders == []
    assert bench.status.off.startswith(code)
    bench.runner.on_stop()
    assert strategy.stopped == 0


def test_the_reason_names_the_line_of_the_strategy() -> None:
    bench = Bench(Scripted(raising(ValueError("x")))).quote().pass_ms(100)
    assert "test_runner_failures.py, line" in bench.oms.of(StrategyStopped)[0].reason


@pytest.mark.parametrize("method", ["record_execution", "on_order"])
def test_failing_in_another_method_is_the_same(method: str) -> None:
    strategy = Scripted()
    setattr(strategy, method, raising(RuntimeError("no")))
    bench = Bench(strategy).quote().tell([booked("t1"), booked("t2")], OrderUpdated(update()), OrderUpdated(update("b")))
    assert len(bench.oms.of(StrategyStopped)) == 1
    bench.pass_ms(100)
    assert strategy.snapshots == []


def test_what_is_told_to_a_strategy_that_is_off_is_kept_in_its_view() -> None:
    bench = Bench(Scripted(raising(RuntimeError()))).quote().pass_ms(100)
    bench.tell(OrderUpdated(update("a")), booked("t1", "b"))
    assert bench.status.open_orders == 2
    assert bench.status.fills == 0


def test_a_strategy_that_cannot_be_made_or_started_is_off_and_the_runner_lives() -> None:
    bench = Bench(None, made=raising_maker(ConfigError("no such option")))
    assert bench.status.off.startswith("RAISED: ConfigError: no such option")
    bench.quote().pass_ms(100).tell(booked("t1"))
    strategy = Scripted()
    strategy.on_start = raising(OSError("no file"))  # type: ignore[method-assign]
    assert Bench(strategy).status.off.startswith("RAISED: OSError: no file")


def raising_maker(error: Exception):
    def make() -> Any:
        raise error

    return make


def test_one_that_failed_begins_anew_when_it_is_switched_on() -> None:
    made = [Scripted(raising(RuntimeError("first"))), Scripted(lambda _: BUY)]
    bench = Bench(None, made=lambda: made.pop(0)).quote().pass_ms(100)
    assert bench.status.off
    bench.tell(SwitchStrategy("s", on=True, by="operator")).pass_ms(100)
    assert (bench.status.off, len(bench.orders)) == ("", 1)


def test_a_symbol_that_has_no_quote_yet_is_waited_for() -> None:
    strategy = Scripted(lambda one: [ExecutionDecision("BUY", "BTCUSDT", 1)] if one.quotes["BTCUSDT"] else [])
    bench = Bench(strategy).quote(symbol="ETHUSDT").pass_ms(100).pass_ms(100)
    assert (len(strategy.snapshots), bench.orders, bench.status.off) == (2, [], "")
    bench.quote().pass_ms(100)
    assert len(bench.orders) == 1


def test_an_order_manager_that_is_gone_does_not_keep_a_strategy_from_being_stopped() -> None:
    bench = Bench(Scripted(raising(RuntimeError("x")))).quote()
    bench.runtime.handle("oms").unbind()
    bench.pass_ms(100)
    assert bench.status.off
    assert len(bench.supervisor.of(StrategyStopped)) == 1


# ---------------------------------------------------------------- with threads


class Hanging(Scripted):
    def __init__(self) -> None:
        super().__init__()
        self.inside, self.let_go = threading.Event(), threading.Event()

    def decide(self, snapshot: Snapshot) -> Any:
        self.inside.set()
        self.let_go.wait(20)


def started(runtime: Runtime, strategy: Any, probe: Probe, *, hang_s: float = 10.0) -> StrategyRunnerActor:
    runtime.handle("oms").bind(probe)
    made: list[StrategyRunnerActor] = []

    def make(context: Any) -> StrategyRunnerActor:
        made.append(StrategyRunnerActor(
            context, strategy=lambda: strategy, oms=runtime.handle("oms"), instruments=[BTC],
            ids={"paper": ClientOrderIds("paper", "A", "e", 1)}, settings=RunnerSettings(cycle_time_ms=1, hang_s=hang_s)))
        return made[-1]

    runtime.start([ChildSpec("runner.s", make, temporary=True)])
    runtime.handle("runner.s").tell(VenueReady("paper", True, ""))
    runtime.handle("runner.s").tell(QuoteUpdate(quote()))
    return made[0]


def test_a_strategy_that_takes_long_is_busy_until_its_time_is_over() -> None:
    runtime, strategy = Runtime(), Hanging()
    runner = started(runtime, strategy, Probe(), hang_s=31.0)
    assert strategy.inside.wait(5)
    assert 25e9 < runner.busy_until_ns - runtime.wall.monotonic_ns() <= 30e9
    strategy.let_go.set()
    eventually(lambda: runtime.handle("runner.s").is_bound)
    assert runtime.stop() == ()


def test_a_strategy_that_hangs_is_given_up_by_the_supervisor() -> None:
    runtime, strategy = Runtime(), Hanging()
    started(runtime, strategy, Probe(), hang_s=0.1)
    assert strategy.inside.wait(5)
    eventually(lambda: not runtime.handle("runner.s").is_bound, 10)
    strategy.let_go.set()
    assert runtime.stop() == ()


def test_a_running_strategy_trades_in_its_own_thread() -> None:
    runtime, strategy, probe = Runtime(), Scripted(lambda _: BUY), Probe()
    started(runtime, strategy, probe)
    eventually(lambda: len(probe.seen) > 5)
    runtime.handle("runner.s").tell([booked("t1"), booked("t1")])
    eventually(lambda: strategy.fills == [fill("t1")])
    assert runtime.stop() == ()
    assert strategy.stopped == 1
