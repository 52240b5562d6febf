"""The paper broker's actor in the test's own thread, with a manual clock, probes for its neighbours and a real gate."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from support import Probe

from autotrader.actors import Runtime
from autotrader.actors.gate import Gate
from autotrader.clock import ManualClock
from autotrader.execution.adapters.paper.actor import PaperBrokerActor
from autotrader.execution.adapters.paper.settings import paper_settings
from autotrader.execution.adapters.paper.weather import Weather
from autotrader.messages import (
    Message,
    QueryOrder,
    QuoteUpdate,
    SendCancel,
    SendOrder,
    SendReplace,
    TakeSnapshot,
    VenueReady,
)
from autotrader.model import Order, OrderType, Quote, Side, TimeInForce, WriteClass
from autotrader.risk.receipts import ReceiptBook

D = Decimal
_numbers = count(1)


def buy(quantity: str = "0.1", price: str | None = None, *, side: str = "BUY", kind: str | None = None, symbol: str = "BTCUSDT",
        tif: str = "GTC", **more: Any) -> Order:  # fmt: skip
    name = more.pop("client_order_id", None) or f"{next(_numbers):032x}"
    return Order(
        name, "paper", "PAPER", symbol, Side(side), OrderType(kind or ("MARKET" if price is None else "LIMIT")), D(quantity),
        TimeInForce(tif), None if price is None else D(price), **more,
    )  # fmt: skip


def sell(quantity: str = "0.1", price: str | None = None, **more: Any) -> Order:
    return buy(quantity, price, side="SELL", **more)


class Paper:
    """``run`` handles what waits; ``told`` and ``heard`` are what the order manager and the resiliency manager got."""

    def __init__(self, path: Path, *, clock: ManualClock | None = None, **values: Any) -> None:
        self.clock = clock or ManualClock()
        self.settings = paper_settings(values, ledger=str(path / "books"), seed=1)
        self.runtime = Runtime(self.clock, ManualClock(), seed=1)
        self.receipts = ReceiptBook()
        self.gate = Gate(self.receipts)
        self.oms, self.resiliency = Probe(), Probe()
        self.runtime.handle("oms").bind(self.oms)
        self.runtime.handle("resiliency.paper").bind(self.resiliency)
        self.weather: Weather | None = None
        self.actor: PaperBrokerActor | None = None

    def start(self, *, ready: bool = True, quote: bool = True) -> Paper:
        context = self.runtime.context("broker.paper")
        self.weather = self.weather or Weather(self.settings, context.rng)
        self.actor = PaperBrokerActor(
            context, oms=self.runtime.handle("oms"), resiliency=self.runtime.handle("resiliency.paper"), gate=self.gate,
            settings=self.settings, weather=self.weather,
        )  # fmt: skip
        self.actor.on_start()
        self.run()
        if ready:
            self.put(VenueReady("paper", True, "reconciled"))
        if quote:
            self.quote("100.00", "100.01")
        return self

    def stop(self, *, crash: bool = False) -> None:
        assert self.actor is not None
        self.actor.crash = RuntimeError("a test's crash") if crash else None
        if not crash:
            self.run()
        self.actor.on_stop()

    def run(self) -> None:
        assert self.actor is not None
        self.actor.run_pending()

    def put(self, message: Message | list[Any]) -> list[Message]:
        """Tell the broker; return what the order manager hears of it."""
        before = len(self.oms.seen)
        self.runtime.handle("broker.paper").tell(message)
        self.run()
        return self.oms.seen[before:]

    def wait(self, seconds: float) -> list[Message]:
        """Let engine time pass in steps of 50 ms; return what the order manager hears."""
        before = len(self.oms.seen)
        for _ in range(max(1, round(seconds * 20))):
            self.clock.advance(min(0.05, seconds))
            self.runtime.ticker.fire_due()  # type: ignore[attr-defined]
            self.run()
        return self.oms.seen[before:]

    def command(self, order: Order, write_class: WriteClass = WriteClass.RISK, attempt: int = 1) -> SendOrder:
        return SendOrder(order, self.receipts.issue("paper", order.client_order_id, write_class, self.clock.now_ns()), attempt)

    def send(self, *orders: Order) -> list[Message]:
        return self.put([self.command(order) for order in orders])

    def cancel(self, order: Order) -> list[Message]:
        return self.put([SendCancel(order.client_order_id, None, order.symbol)])

    def replace(self, order: Order, quantity: str, price: str | None = None, stop_price: str | None = None) -> list[Message]:
        receipt = self.receipts.issue("paper", order.client_order_id, WriteClass.RISK, self.clock.now_ns())
        decimals = [None if text is None else D(text) for text in (price, stop_price)]
        return self.put([SendReplace(order, None, D(quantity), *decimals, receipt)])

    def query(self, order: Order) -> list[Message]:
        return self.put([QueryOrder(order.client_order_id, None, order.symbol, self.clock.now_ns())])

    def snapshot(self, since_ns: int = 0) -> Any:
        [taken] = self.put([TakeSnapshot("paper", since_ns, "sweep")])
        return taken

    def quote(self, bid: str, ask: str, size: str = "5", symbol: str = "BTCUSDT") -> list[Message]:
        quote = Quote("paper", symbol, D(bid), D(ask), D(size), D(size), self.clock.now_ns())
        return self.put(QuoteUpdate(quote))

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Return (kind, code) of the attempts that failed."""
        return [(one.kind, one.reason_code) for one in self.resiliency.seen if type(one).__name__ == "AttemptFailed"]

    @property
    def calls(self) -> tuple[int, int]:
        """Return how many calls went well and how many did not."""
        finished = [one for one in self.resiliency.seen if type(one).__name__ == "CallsFinished"]
        return sum(one.ok for one in finished), sum(one.failed for one in finished)


def names(messages: list[Message]) -> list[str]:
    """Return what was told, without the timings."""
    return [type(message).__name__ for message in messages if type(message).__name__ != "OrdersTimed"]
