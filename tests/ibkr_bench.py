"""Interactive Brokers' broker in the test's own thread: a link that writes as told, a TWS made of lists, manual clocks."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from broker_bench import BrokerBench
from ibkr_actor_kit import AAPL, ACCOUNT, START_NS, D, open_order, order, settings_of
from msgspec.structs import replace

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
    VenueReady,
)
from autotrader.model import Mode, Order

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


class Bench(BrokerBench):
    """``told`` is what the order manager heard; ``out`` are the requests that the link was given.

    ``fates`` says what becomes of the next placements and cancels, in turn: a fate, (fate, code), or None for no word.
    """

    def __init__(self, *, folder: Path | None = None, memory: Memory | None = None, **keys: Any) -> None:
        super().__init__("ibkr", START_NS)
        self.settings = settings_of(Mode.TESTNET, **{"deadline_s": 5, "read_timeout_s": 5, **keys})
        self.runtime.handle(LINK).bind(self._take)
        self._own = TemporaryDirectory(prefix="ibkr-") if folder is None else None  # goes with the bench
        self.folder = Path(self._own.name) if self._own is not None else folder
        self.memory = memory or Memory(OrderIds(ids_path(self.folder / "journal.db"), ACCOUNT, self.settings.client_id))
        self.tws = Tws()
        self.out: list[Request] = []
        self.jobs: list[TwsJob] = []
        self.dropped: list[str] = []
        self.fates: list[Fate] = []
        self.is_open, self.number, self.next_id = False, 0, 1
        self.accounts: tuple[str, ...] = (ACCOUNT,)

    # ------------------------------------------------------------ life

    def start(self, *, up: bool = True) -> Bench:
        self.begin(IbkrBrokerActor, settings=self.settings, memory=self.memory)
        if up:
            self.open()
            self.put(VenueReady("ibkr", True, "reconciled"))
        return self

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
                self.tell(self._opened())
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
        self.tell(TwsWritten(job.number, job.epoch, what, code, "so it was", written_ns))
        if what == "written":
            answers = self.tws.answer(job.request, self.clock.now_ns())
            if answers:
                self.tell(list(answers))

    def asked(self, kind: type) -> list[Any]:
        """Return the requests of one kind that were made."""
        return [one for one in self.out if type(one) is kind]

    # ------------------------------------------------------------ requests

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
