"""A venue's broker in the test's own thread: what is told to it, what the order manager hears of it, manual clocks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from support import Probe

from autotrader.actors import Runtime
from autotrader.actors.gate import Gate
from autotrader.clock import ManualClock
from autotrader.messages import Message, OrdersTimed, QueryOrder, SendCancel, SendOrder, SendReplace, TakeSnapshot
from autotrader.model import Order, WriteClass
from autotrader.risk.receipts import ReceiptBook

__all__ = ["BrokerBench", "names"]


def names(messages: list[Message]) -> list[str]:
    return [type(message).__name__ for message in messages]


class BrokerBench:
    """What the benches of all brokers have in common; a venue's own adds its connections and makes ``actor``."""

    def __init__(self, venue: str, start_ns: int | None = None) -> None:
        start = () if start_ns is None else (start_ns,)
        self.venue = venue
        self.clock, self.wall = ManualClock(*start), ManualClock(*start)
        self.runtime = Runtime(self.clock, self.wall, seed=1)
        self.receipts = ReceiptBook()
        self.gate = Gate(self.receipts)
        self.oms, self.resiliency = Probe(), Probe()
        self.runtime.handle("oms").bind(self.oms)
        self.runtime.handle(f"resiliency.{venue}").bind(self.resiliency)
        self.actor: Any = None

    # ------------------------------------------------------------ life

    def begin(self, kind: type, **parts: Any) -> None:
        """Start an incarnation of the broker, as the supervisor would."""
        name = f"broker.{self.venue}"
        self.runtime.handle(name).unbind()
        self.actor = kind(
            self.runtime.context(name), oms=self.runtime.handle("oms"),
            resiliency=self.runtime.handle(f"resiliency.{self.venue}"), gate=self.gate, **parts,
        )  # fmt: skip
        self.actor.on_start()
        self.run()

    def stop(self) -> None:
        if self.actor is not None:
            self.actor.on_stop()

    def run(self) -> None:
        self.actor.run_pending()

    def put(self, message: Message | Iterable[Message]) -> list[Message]:
        """Tell the broker; return what the order manager hears of it, without the timings."""
        before = len(self.oms.seen)
        self.tell(message if isinstance(message, Message) else list(message))
        self.run()
        return self.since(before)

    def tell(self, message: Message | list[Any]) -> None:
        self.runtime.handle(f"broker.{self.venue}").tell(message)

    def since(self, before: int) -> list[Message]:
        return [one for one in self.oms.seen[before:] if not isinstance(one, OrdersTimed)]

    def wait(self, seconds: float, step_s: float = 0.25) -> list[Message]:
        before = len(self.oms.seen)
        for _ in range(max(1, round(seconds / step_s))):
            self.clock.advance(step_s)
            self.wall.advance(step_s)
            self.on_step()
            self.runtime.wall_ticker.fire_due()  # type: ignore[attr-defined]
            self.run()
        return self.since(before)

    def on_step(self) -> None:
        """Do what the venue does by itself as time passes."""

    # ------------------------------------------------------------ requests

    def command(self, one: Order, write_class: WriteClass = WriteClass.RISK, attempt: int = 1) -> SendOrder:
        receipt = self.receipts.issue(self.venue, one.client_order_id, write_class, self.clock.now_ns())
        return SendOrder(one, receipt, attempt)

    def send(self, *orders: Order) -> list[Message]:
        return self.put([self.command(one) for one in orders])

    def cancel(self, one: Order, venue_order_id: str | None = None) -> list[Message]:
        return self.put(SendCancel(one.client_order_id, venue_order_id, one.symbol))

    def replace(self, one: Order, quantity: str, price: str | None = None, venue_order_id: str | None = None) -> list[Message]:
        receipt = self.receipts.issue(self.venue, one.client_order_id, WriteClass.RISK, self.clock.now_ns())
        at = one.price if price is None else Decimal(price)
        return self.put(SendReplace(one, venue_order_id, Decimal(quantity), at, None, receipt))

    def query(self, one: Order, venue_order_id: str | None = None) -> list[Message]:
        return self.put(QueryOrder(one.client_order_id, venue_order_id, one.symbol, self.clock.now_ns()))

    def snapshot(self, since_ns: int | None = None, purpose: str = "sweep") -> list[Message]:
        return self.put(TakeSnapshot(self.venue, self.clock.now_ns() if since_ns is None else since_ns, purpose))

    @property
    def failures(self) -> list[tuple[str, str]]:
        return [(one.kind, one.reason_code) for one in self.resiliency.seen if type(one).__name__ == "AttemptFailed"]
