"""One link to a scripted TWS, which the test drives in its own thread."""

from __future__ import annotations

from typing import Any

from support import Probe, eventually

from autotrader.actors import Runtime
from autotrader.actors.gate import Gate
from autotrader.clock import SystemClock
from autotrader.execution.adapters.ibkr.link import LinkSettings, TwsLinkActor
from autotrader.execution.adapters.ibkr.messages import (
    Contract,
    LinkClosed,
    LinkOpened,
    LinkStatus,
    OrderTerms,
    PlaceRequest,
    TwsJob,
    TwsWritten,
)
from autotrader.messages import GetStatus, Receipt
from autotrader.model import WriteClass
from autotrader.risk.receipts import ReceiptBook

NAME = "connection.ibkr.tws"
QUERY, RISK, CANCEL = WriteClass.QUERY, WriteClass.RISK, WriteClass.CANCEL

__all__ = ["CANCEL", "NAME", "QUERY", "RISK", "LinkBench", "place"]


def place(order_id: int, *, is_new: bool = True, price: Any = None, **changes: Any) -> PlaceRequest:
    """Return a placement of AAPL."""
    from decimal import Decimal

    contract = Contract(con_id=265598, symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    terms = OrderTerms(
        action="BUY", quantity=Decimal(100), order_type="LMT", limit_price=Decimal(price or "150.25"), time_in_force="DAY",
        account="DU1234567", order_ref="a" * 32, **changes,
    )  # fmt: skip
    return PlaceRequest(order_id, contract, terms, is_new)


class LinkBench:
    """The actor, its broker as a probe, and the real gate."""

    def __init__(self, port: int, **settings: Any) -> None:
        self.runtime = Runtime(SystemClock(), SystemClock(), seed=1)
        self.book = ReceiptBook()
        self.gate = Gate(self.book)
        self.broker = Probe()
        self.runtime.handle("broker.ibkr").bind(self.broker)
        usual: dict[str, Any] = {"host": "127.0.0.1", "port": port, "client_id": 7, "connect_s": 5.0, "retry_s": 0.01}
        self.settings = LinkSettings(**(usual | settings))
        self.number = 0
        self.actor = self.make(self.runtime.context(NAME))
        self.actor.on_start()

    def make(self, context: Any) -> TwsLinkActor:
        actor = TwsLinkActor(
            context, venue="ibkr", role="tws", broker=self.runtime.handle("broker.ibkr"), gate=self.gate,
            settings=self.settings,
        )  # fmt: skip
        self.runtime.handle(NAME).bind(actor.inbox)
        return actor

    def run(self) -> None:
        """Let the actor handle what waits."""
        self.actor.run_pending()

    def until(self, check: Any, timeout_s: float = 10.0) -> Any:
        """Drive the actor until a check holds."""
        def driven() -> Any:
            self.run()
            return check()

        return eventually(driven, timeout_s)

    def opened(self, count: int = 1) -> LinkOpened:
        return self.until(lambda: len(self.broker.of(LinkOpened)) >= count and self.broker.of(LinkOpened))[-1]

    def closed(self, count: int = 1) -> LinkClosed:
        return self.until(lambda: len(self.broker.of(LinkClosed)) >= count and self.broker.of(LinkClosed))[-1]

    def told(self, kind: type, count: int = 1) -> list[Any]:
        return self.until(lambda: len(self.broker.of(kind)) >= count and self.broker.of(kind))

    def job(self, request: Any, write_class: WriteClass = QUERY, **options: Any) -> TwsJob:
        self.number += 1
        receipt = options.pop("receipt", None)
        if receipt is None and write_class in (WriteClass.RISK, WriteClass.REDUCE):
            receipt = self.receipt(write_class)
        return TwsJob(self.number, options.pop("epoch", 1), request, write_class, receipt, **options)

    def receipt(self, write_class: WriteClass = RISK) -> Receipt:
        return self.book.issue("ibkr", "a" * 32, write_class, 1)

    def ask(self, request: Any, write_class: WriteClass = QUERY, **options: Any) -> TwsWritten:
        """Give the link a job and return its answer."""
        job = self.job(request, write_class, **options)
        self.give(job)
        return self.answer(job)

    def give(self, *jobs: TwsJob) -> None:
        self.actor.inbox.put(list(jobs))
        self.run()

    def answer(self, job: TwsJob) -> TwsWritten:
        def found() -> list[TwsWritten]:
            return [one for one in self.broker.of(TwsWritten) if one.number == job.number]

        answers = self.until(found)
        assert len(answers) == 1
        return answers[0]

    def status(self) -> LinkStatus:
        return self.actor._table[GetStatus](GetStatus())

    def close(self) -> None:
        self.actor.on_stop()
        self.runtime.wall_ticker.close()
        self.runtime.ticker.close()
