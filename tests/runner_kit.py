"""A scripted strategy, and a runner that a test drives in its own thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strategy_kit import BTC, fill, quote, update
from support import Probe

from autotrader.actors import ManualTicker, Runtime
from autotrader.clock import ManualClock
from autotrader.messages import FillBooked, GetStatus, QuoteUpdate, SubmitOrder, VenueReady
from autotrader.model import ClientOrderIds, ExecutionDecision, OrderState, Snapshot
from autotrader.strategy import Strategy, StrategyContext
from autotrader.strategy.recent import FillMemory
from autotrader.strategy.runner import RunnerSettings, RunnerStatus, StrategyRunnerActor

BUY = ExecutionDecision("BUY", "BTCUSDT", "0.5")
START = 1_700_000_000_000_000_000


class Scripted(Strategy):
    """Answers ``decide`` by a function of the snapshot, and keeps what it is told."""

    def __init__(self, answer: Callable[[Snapshot], Any] = lambda snapshot: None) -> None:
        self.answer = answer
        self.snapshots: list[Snapshot] = []
        self.fills: list[Any] = []
        self.updates: list[Any] = []
        self.context: StrategyContext | None = None
        self.stopped = 0

    def decide(self, snapshot: Snapshot) -> Any:
        self.snapshots.append(snapshot)
        return self.answer(snapshot)

    def record_execution(self, fill: Any) -> None:
        self.fills.append(fill)

    def on_start(self, context: StrategyContext) -> None:
        self.context = context

    def on_order(self, update: Any) -> None:
        self.updates.append(update)

    def on_stop(self) -> None:
        self.stopped += 1


class Bench:
    """A runner that a test drives in its own thread, on a clock of its own."""

    def __init__(
        self, strategy: Any, *, ready: bool = True, memory: FillMemory | None = None, made: Callable[[], Any] | None = None,
        **settings: Any,
    ) -> None:
        self.clock, self.strategy = ManualClock(START), strategy
        self.runtime = Runtime(clock=self.clock, wall=ManualClock(), seed=1)
        self.oms, self.supervisor = Probe(), Probe()
        self.runtime.handle("oms").bind(self.oms)
        self.runtime.handle("watcher").bind(self.supervisor)
        context = self.runtime.context("runner.s")
        self.me = context.me
        self.runner = StrategyRunnerActor(
            context, strategy=made or (lambda: strategy), oms=self.runtime.handle("oms"), accounts={"paper": "A"},
            ids={"paper": ClientOrderIds("paper", "A", "engine", 1)}, settings=RunnerSettings(**settings),
            listeners=[self.runtime.handle("watcher")], instruments=[BTC], memory=memory,
        )
        self.runner.on_start()
        if ready:
            self.tell(VenueReady("paper", True, ""))

    def tell(self, *messages: Any) -> Bench:
        for message in messages:
            self.me.tell(message)
        self.runner.run_pending()
        return self

    def pass_ms(self, ms: float) -> Bench:
        self.clock.advance(ms / 1e3)
        ticker = self.runtime.ticker
        assert isinstance(ticker, ManualTicker)
        ticker.fire_due()
        return self.tell()

    def quote(self, bid: object = 100, ask: object = 101, **kw: Any) -> Bench:
        return self.tell(QuoteUpdate(quote(bid, ask, **kw)))

    @property
    def orders(self) -> list[Any]:
        return [message.order for message in self.oms.of(SubmitOrder)]

    @property
    def status(self) -> RunnerStatus:
        return self.runner._on_get_status(GetStatus())


def booked(trade_id: str, order_id: str = "a", state: OrderState = OrderState.PARTIALLY_FILLED) -> FillBooked:
    return FillBooked(fill(trade_id, order_id), update(order_id, state, 9), 0)
