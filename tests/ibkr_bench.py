"""Interactive Brokers' broker in the test's own thread: a link that writes as told, a TWS made of lists, manual clocks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ibkr_actor_kit import AAPL, ACCOUNT, START_NS, D, open_order, order, settings_of
from msgspec.structs import replace
from support import Probe

from autotrader.actors import Runtime
from autotrader.actors.gate import Gate
from autotrader.clock import ManualClock
from autotrader.execution.adapters.ibkr.actor import IbkrBrokerActor
from autotrader.execution.adapters.ibkr.codes import kind_of
from autotrader.execution.adapters.ibkr.linking import Memory
from autotrader.execution.adapters.ibkr.messages import (
    AccountSummaryRequest,
    AccountValueTold,
    CancelRequest,
    CommissionTold,
    CompletedOrdersRequest,
    CompletedOrderTold,
    ContractDetails,
    ContractDetailsRequest,
    ContractTold,
    DropLink,
    EndTold,
    ErrorTold,
    ExecutionsRequest,
    ExecutionTold,
    GlobalCancelRequest,
    LinkClosed,
    LinkOpened,
    OpenOrdersRequest,
    OpenOrderTold,
    OrderStatusTold,
    PlaceRequest,
    PositionsRequest,
    PositionTold,
    Request,
    TimeRequest,
    TimeTold,
    TwsEvent,
    TwsJob,
    TwsWritten,
)
from autotrader.execution.adapters.ibkr.order_ids import OrderIds, ids_path
from autotrader.execution.adapters.wire import CallRoll, ConnectionReady
from autotrader.messages import (
    Message,
    OrdersTimed,
    QueryOrder,
    SendCancel,
    SendOrder,
    SendReplace,
    TakeSnapshot,
    VenueReady,
)
from autotrader.model import Mode, Order, WriteClass
from autotrader.risk.receipts import ReceiptBook

LINK = "connection.ibkr.tws"
BROKER = "broker.ibkr"
Fate = Any


class Tws:
    """What the account holds, as lists; ``mute`` are requests that are not answered, ``endless`` those without an end."""

    def __init__(self) -> None:
        self.orders: list[tuple[OpenOrderTold, OrderStatusTold | None]] = []
        self.completed: list[CompletedOrderTold] = []
        self.executions: list[ExecutionTold] = []
        self.commissions: list[CommissionTold] = []
        self.positions: list[PositionTold] = []
        self.cash: dict[str, str] = {"USD": "1000000", "BASE": "1000000"}
        self.contracts: dict[str, list[Any]] = {"AAPL": [AAPL]}
        self.mute: set[type] = set()
        self.endless: set[type] = set()
        self.ahead_s = 0

    def answer(self, request: Request, now_ns: int) -> list[TwsEvent]:
        """Return what a request is answered by; placements and cancels by nothing."""
        if type(request) in self.mute:
            return []
        told = self._told(request, now_ns)
        return [one for one in told if not (isinstance(one, EndTold) and type(request) in self.endless)]

    def _told(self, request: Request, now_ns: int) -> list[TwsEvent]:
        if isinstance(request, TimeRequest):
            return [TimeTold(now_ns, now_ns // 10**9 + self.ahead_s)]
        if isinstance(request, ContractDetailsRequest):
            return self._details(request, now_ns)
        if isinstance(request, OpenOrdersRequest):
            listed = [one for pair in self.orders for one in pair if one is not None]
            return [*(replace(one, recv_ns=now_ns) for one in listed), EndTold(now_ns, "open_orders")]
        if isinstance(request, CompletedOrdersRequest):
            return [*self.completed, EndTold(now_ns, "completed_orders")]
        if isinstance(request, ExecutionsRequest):
            found = [replace(one, req_id=request.req_id, recv_ns=now_ns) for one in self.executions]
            return [*found, EndTold(now_ns, "executions", request.req_id), *self.commissions]
        if isinstance(request, PositionsRequest):
            return [*self.positions, EndTold(now_ns, "positions")]
        if isinstance(request, AccountSummaryRequest):
            values = [
                AccountValueTold(now_ns, ACCOUNT, "CashBalance", amount, currency, request.req_id)
                for currency, amount in self.cash.items()
            ]
            return [*values, EndTold(now_ns, "account_summary", request.req_id)]
        return []

    def _details(self, request: ContractDetailsRequest, now_ns: int) -> list[TwsEvent]:
        details = ContractDetails(min_tick=D("0.01"), min_size=D(1), size_increment=D(1))
        name = request.contract.symbol or request.contract.local_symbol
        found = self.contracts.get(name, [])
        if not found:
            return [ErrorTold(now_ns, request.req_id, 200, "No security definition has been found", kind_of(200))]
        told = [ContractTold(now_ns, request.req_id, one, details) for one in found]
        return [*told, EndTold(now_ns, "contract_details", request.req_id)]


class Bench:
    """``told`` is what the order manager heard; ``out`` are the requests that the link was given.

    ``fates`` says what becomes of the next placements and cancels, in turn: a fate, (fate, code), or None for no word.
    """

    def __init__(self, *, folder: Path | None = None, memory: Memory | None = None, **keys: Any) -> None:
        self.settings = settings_of(Mode.TESTNET, **{"deadline_s": 5, "read_timeout_s": 5, **keys})
        self.clock, self.wall = ManualClock(START_NS), ManualClock(START_NS)
        self.runtime = Runtime(self.clock, self.wall, seed=1)
        self.receipts = ReceiptBook()
        self.gate = Gate(self.receipts)
        self.oms, self.resiliency = Probe(), Probe()
        self.runtime.handle("oms").bind(self.oms)
        self.runtime.handle("resiliency.ibkr").bind(self.resiliency)
        self.runtime.handle(LINK).bind(self._take)
        self.folder = folder or Path(mkdtemp(prefix="ibkr-"))
        self.memory = memory or Memory(OrderIds(ids_path(self.folder / "journal.db"), ACCOUNT, self.settings.client_id))
        self.tws = Tws()
        self.out: list[Request] = []
        self.jobs: list[TwsJob] = []
        self.dropped: list[str] = []
        self.fates: list[Fate] = []
        self.is_open, self.number, self.next_id = False, 0, 1
        self.accounts: tuple[str, ...] = (ACCOUNT,)
        self.actor: IbkrBrokerActor | None = None

    # ------------------------------------------------------------ life

    def start(self, *, up: bool = True) -> Bench:
        self.runtime.handle(BROKER).unbind()
        context = self.runtime.context(BROKER)
        self.actor = IbkrBrokerActor(
            context, settings=self.settings, memory=self.memory, oms=self.runtime.handle("oms"),
            resiliency=self.runtime.handle("resiliency.ibkr"), gate=self.gate,
        )  # fmt: skip
        self.actor.on_start()
        self.run()
        if up:
            self.open()
            self.put(VenueReady("ibkr", True, "reconciled"))
        return self

    def stop(self) -> None:
        assert self.actor is not None
        self.actor.on_stop()

    def run(self) -> None:
        assert self.actor is not None
        self.actor.run_pending()

    def put(self, message: Message | Iterable[Message]) -> list[Message]:
        """Tell the broker; return what the order manager hears of it, without the timings."""
        before = len(self.oms.seen)
        self._tell(message if isinstance(message, Message) else list(message))
        self.run()
        return self.since(before)

    def since(self, before: int) -> list[Message]:
        return [one for one in self.oms.seen[before:] if not isinstance(one, OrdersTimed)]

    def wait(self, seconds: float, step_s: float = 0.25) -> list[Message]:
        before = len(self.oms.seen)
        for _ in range(max(1, round(seconds / step_s))):
            self.clock.advance(step_s)
            self.wall.advance(step_s)
            self.runtime.wall_ticker.fire_due()  # type: ignore[attr-defined]
            self.run()
        return self.since(before)

    # ------------------------------------------------------------ the link

    def open(self, **more: Any) -> list[Message]:
        self.number, self.is_open = self.number + 1, True
        return self.put(self._opened(**more))

    def _opened(self, **more: Any) -> LinkOpened:
        next_id = more.get("next_id", self.next_id)
        return LinkOpened(self.clock.now_ns(), self.number, 157, self.accounts, next_id, "a test", "")

    def close(self, reason: str = "reset", code: int = 0) -> list[Message]:
        self.is_open = False
        return self.put(LinkClosed(self.clock.now_ns(), self.number, reason, code))

    def restart_link(self) -> list[Message]:
        """Let the link come back as a new incarnation; what it had is lost."""
        self.number, self.is_open = 0, False
        return self.put(ConnectionReady(LINK, "tws", 2))

    def notice(self, code: int, text: str = "") -> list[Message]:
        return self.put(ErrorTold(self.clock.now_ns(), -1, code, text, kind_of(code)))

    def _take(self, message: Message) -> None:
        if isinstance(message, DropLink):
            self.dropped.append(message.reason)
        elif isinstance(message, CallRoll):
            if self.is_open:
                self._tell(self._opened())
        elif isinstance(message, TwsJob):
            self.jobs.append(message)
            self.out.append(message.request)
            self._write(message)

    def _write(self, job: TwsJob) -> None:
        is_write = isinstance(job.request, PlaceRequest | CancelRequest | GlobalCancelRequest)
        fate = self.fates.pop(0) if self.fates and is_write else "written" if self.is_open else "not_sent"
        if fate is None:
            return
        code = "" if isinstance(fate, str) else fate[1]
        what = fate if isinstance(fate, str) else fate[0]
        written_ns = self.wall.monotonic_ns() if what == "written" else 0
        code = code or ("" if what == "written" else "NO_LINK")
        self._tell(TwsWritten(job.number, job.epoch, what, code, "so it was", written_ns))
        if what == "written":
            answers = self.tws.answer(job.request, self.clock.now_ns())
            if answers:
                self._tell(list(answers))

    def _tell(self, message: Message | list[Any]) -> None:
        self.runtime.handle(BROKER).tell(message)

    def asked(self, kind: type) -> list[Any]:
        """Return the requests of one kind that were made."""
        return [one for one in self.out if type(one) is kind]

    # ------------------------------------------------------------ requests

    def command(self, one: Order, attempt: int = 1) -> SendOrder:
        receipt = self.receipts.issue("ibkr", one.client_order_id, WriteClass.RISK, self.clock.now_ns())
        return SendOrder(one, receipt, attempt)

    def send(self, *orders: Order) -> list[Message]:
        return self.put([self.command(one) for one in orders])

    def cancel(self, one: Order) -> list[Message]:
        return self.put(SendCancel(one.client_order_id, None, one.symbol))

    def replace(self, one: Order, quantity: str, price: str | None = None) -> list[Message]:
        receipt = self.receipts.issue("ibkr", one.client_order_id, WriteClass.RISK, self.clock.now_ns())
        return self.put(SendReplace(one, None, D(quantity), one.price if price is None else D(price), None, receipt))

    def query(self, one: Order) -> list[Message]:
        return self.put(QueryOrder(one.client_order_id, None, one.symbol, self.clock.now_ns()))

    def snapshot(self, purpose: str = "sweep", since_ns: int = 0) -> list[Message]:
        return self.put(TakeSnapshot("ibkr", since_ns, purpose))

    def working(self, **more: Any) -> Order:
        """Return an order that TWS has acknowledged, and lists."""
        one = order(**more)
        self.send(one)
        placed = self.asked(PlaceRequest)[-1]
        self.list_order(one, placed.order_id)
        self.put(pair for pair in self.tws.orders[-1] if pair is not None)
        return one

    def list_order(self, one: Order, order_id: int, status: str = "Submitted", filled: str = "0", perm_id: int = 0) -> None:
        perm_id = perm_id or 900 + order_id
        told = open_order(one, order_id, perm_id, status, recv_ns=self.clock.now_ns())
        counted = OrderStatusTold(self.clock.now_ns(), order_id, 1, perm_id, status, D(filled), one.quantity - D(filled))
        self.tws.orders.append((told, counted))

    @property
    def failures(self) -> list[tuple[str, str]]:
        return [(one.kind, one.reason_code) for one in self.resiliency.seen if type(one).__name__ == "AttemptFailed"]


def names(messages: list[Message]) -> list[str]:
    return [type(message).__name__ for message in messages]
