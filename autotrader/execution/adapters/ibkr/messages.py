"""What the broker of Interactive Brokers and its link say to each other: requests as values, and what TWS told.

Nothing here knows ibapi. The broker tells the link a ``TwsJob`` and gets exactly one ``TwsWritten`` for it; what TWS answers
comes apart from that, as events, and may overtake it. Events of one connection lie between its ``LinkOpened`` and its
``LinkClosed``; those of the log-on (open orders, notices) come after ``LinkOpened`` too. All numbers are finite Decimals; what
TWS left unset is None. Source: ibkr.md sections 4 to 9.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from autotrader.execution.adapters.ibkr.requests import (
    AccountSummaryCancel,
    AccountSummaryRequest,
    AccountUpdatesRequest,
    CancelRequest,
    CompletedOrdersRequest,
    ContractDetailsRequest,
    ExecutionsRequest,
    GlobalCancelRequest,
    IdsRequest,
    MarketDataCancel,
    MarketDataRequest,
    MarketDataTypeRequest,
    OpenOrdersRequest,
    PlaceRequest,
    PositionsCancel,
    PositionsRequest,
    Request,
    TimeRequest,
)
from autotrader.execution.adapters.ibkr.values import (
    Contract,
    ContractDetails,
    ErrorKind,
    Execution,
    LinkStatus,
    OrderTerms,
)
from autotrader.messages import Lane, Message, Receipt
from autotrader.model import WriteClass

__all__ = [
    "AccountSummaryCancel", "AccountSummaryRequest", "AccountUpdatesRequest", "AccountValueTold", "AccountsTold",
    "CancelRequest", "CommissionTold", "CompletedOrderTold", "CompletedOrdersRequest", "Contract", "ContractDetails",
    "ContractDetailsRequest", "ContractTold", "DropLink", "EndKind", "EndTold", "ErrorKind", "ErrorTold", "Execution",
    "ExecutionTold", "ExecutionsRequest", "Fate", "FrameLost", "GlobalCancelRequest", "IdsRequest", "LinkClosed",
    "LinkOpened", "LinkStatus", "MarketDataCancel", "MarketDataRequest", "MarketDataTypeRequest", "MarketDataTypeTold",
    "NextIdTold", "OpenOrderTold", "OpenOrdersRequest", "OrderBoundTold", "OrderStatusTold", "OrderTerms", "PlaceRequest",
    "PositionTold", "PositionsCancel", "PositionsRequest", "Request", "TickTold", "TimeRequest", "TimeTold", "TwsEvent",
    "TwsJob", "TwsWritten",
]  # fmt: skip

Fate = Literal["written", "not_sent", "refused", "unknown"]
"""What became of a job: its bytes are in the socket · proved not written, there was no connection · proved not written, our own
no (the gate's, the pacing queue's, the encoder's) · part of it may have been written, the connection is gone."""

EndKind = Literal[
    "open_orders", "executions", "completed_orders", "positions", "account_summary", "account_updates", "contract_details",
    "snapshot",
]  # fmt: skip


class TwsJob(Message, frozen=True):
    """Broker to link: write one request. ``number`` is the broker's counter, ``epoch`` its incarnation; both come back.

    ``until_ns`` is the machine's monotonic time from which on it is too old to be written, 0 for never. ``urgent``: a question
    that a kill waits for; it goes before cancels, since its answer may make them needless.
    """

    number: int
    epoch: int
    request: Request
    write_class: WriteClass
    receipt: Receipt | None = None
    attempt: int = 1
    until_ns: int = 0
    urgent: bool = False
    lane = Lane.ORDERS


class DropLink(Message, frozen=True):
    """Broker to link: give this connection up and connect anew."""

    reason: str


class TwsWritten(Message, frozen=True):
    """Link to broker: what became of a job. ``written_ns`` is the machine's monotonic time, 0 for not written.

    ``code``: a gate code · ``PACED_OUT`` (too old, or the queue is full) · ``OVERTAKEN`` (a cancel came while it was held) ·
    ``NOT_PLACED`` (a cancel of an order that was still held) · ``ENCODE`` · ``NO_LINK`` · ``CUT`` · ``STALE_EPOCH``.
    """

    number: int
    epoch: int
    fate: Fate
    code: str = ""
    reason: str = ""
    written_ns: int = 0
    lane = Lane.EVENTS


# ---------------------------------------------------------------- what TWS told


class TwsEvent(Message, frozen=True):
    """Link to broker; ``recv_ns`` is the engine's time at the callback."""

    recv_ns: int
    lane = Lane.EVENTS


class LinkOpened(TwsEvent, frozen=True):
    """Connected: the accounts and the next order id were told. ``number`` counts the connections of this link's incarnation.

    Told again, alike, to a broker's new incarnation that calls the roll.
    """

    number: int
    server_version: int
    accounts: tuple[str, ...]
    next_id: int
    client: str = ""
    connection_time: str = ""


class LinkClosed(TwsEvent, frozen=True):
    """The connection is gone, or was never made; nothing of it is told after this. Told for each attempt that failed.

    ``code`` is TWS's last connection code (326, 502, 507, ...), or 0. A link that crashes tells none: the ``ConnectionReady``
    of its successor stands for it.
    """

    number: int
    reason: str
    code: int = 0


class FrameLost(TwsEvent, frozen=True):
    """A message could not be read. What it said is lost: the connection is closed next, and the books have to be asked anew."""

    raw: bytes
    reason: str


class NextIdTold(TwsEvent, frozen=True):
    order_id: int


class AccountsTold(TwsEvent, frozen=True):
    accounts: tuple[str, ...]


class OpenOrderTold(TwsEvent, frozen=True):
    """openOrder. ``terms`` and ``contract`` may differ from what was sent (SMART replaced, ...): ours are the truth.

    ``order_id`` is 0 or negative for manual orders. ``text`` is the order state's warning or reject reason.
    """

    order_id: int
    client_id: int
    perm_id: int
    contract: Contract
    terms: OrderTerms
    status: str
    text: str = ""


class OrderStatusTold(TwsEvent, frozen=True):
    """orderStatus: drives the state only, never fills. ``filled`` and ``remaining`` are cumulative."""

    order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None = None
    last_price: Decimal | None = None
    parent_id: int = 0
    why_held: str = ""


class ExecutionTold(TwsEvent, frozen=True):
    """execDetails; ``req_id`` -1 for a live one."""

    req_id: int
    contract: Contract
    execution: Execution


class CommissionTold(TwsEvent, frozen=True):
    """commissionReport, or commissionAndFeesReport; ``commission`` None: not known yet. Negative: a rebate.

    It names neither order nor client, and may concern others' executions.
    """

    exec_id: str
    commission: Decimal | None
    currency: str
    realized_pnl: Decimal | None = None


class CompletedOrderTold(TwsEvent, frozen=True):
    """completedOrder: no order id; match by ``perm_id`` or ``terms.order_ref``. ``terms.quantity`` may be 0 on a filled one."""

    perm_id: int
    contract: Contract
    terms: OrderTerms
    status: str
    filled_quantity: Decimal | None = None
    completed_time: str = ""
    completed_status: str = ""


class OrderBoundTold(TwsEvent, frozen=True):
    perm_id: int
    client_id: int
    order_id: int


class ErrorTold(TwsEvent, frozen=True):
    """error: ``id`` is an order id, a request id or -1. ``details`` is the advanced reject JSON."""

    id: int
    code: int
    text: str
    kind: ErrorKind
    details: str = ""


class EndTold(TwsEvent, frozen=True):
    """A list is complete; ``req_id`` -1 for lists without one."""

    kind: EndKind
    req_id: int = -1


class PositionTold(TwsEvent, frozen=True):
    """position; zero means closed. ``average_cost`` includes commission and the multiplier."""

    account: str
    contract: Contract
    quantity: Decimal
    average_cost: Decimal | None = None


class AccountValueTold(TwsEvent, frozen=True):
    """One value of accountSummary (its ``req_id``) or of updateAccountValue (-1), as text; some are not numeric."""

    account: str
    key: str
    value: str
    currency: str
    req_id: int = -1


class ContractTold(TwsEvent, frozen=True):
    req_id: int
    contract: Contract
    details: ContractDetails


class TickTold(TwsEvent, frozen=True):
    """tickPrice or tickSize; a price that is not there (unset, 0 or -1) is None.

    ``field`` is the tick type: 1 bid, 2 ask, 4 last, 0 bid size, 3 ask size, 5 last size; 66 to 71 the same delayed.
    """

    req_id: int
    field: int
    price: Decimal | None = None
    size: Decimal | None = None


class MarketDataTypeTold(TwsEvent, frozen=True):
    req_id: int
    kind: int


class TimeTold(TwsEvent, frozen=True):
    """currentTime: TWS's clock in whole seconds since the epoch."""

    epoch_s: int
