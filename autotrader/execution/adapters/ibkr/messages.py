"""What the broker of Interactive Brokers and its link say to each other: requests as values, and what TWS told.

Nothing here knows ibapi. The broker tells the link a ``TwsJob`` and gets exactly one ``TwsWritten`` for it; what TWS answers
comes apart from that, as events, and may overtake it. Events of one connection lie between its ``LinkOpened`` and its
``LinkClosed``; those of the log-on (open orders, notices) come after ``LinkOpened`` too. All numbers are finite Decimals; what
TWS left unset is None. Source: ibkr.md sections 4 to 9.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

import msgspec

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


class ErrorKind(StrEnum):
    """What a code of the error callback means; ``codes.kind_of`` says it, by a table that settings can change."""

    INFO = "INFO"
    """Nothing is wrong."""
    WARNING = "WARNING"
    """The order lives."""
    REJECT = "REJECT"
    """The order or request is refused; for an order that was accepted before, look at its state."""
    REJECT_OR_MODIFY = "REJECT_OR_MODIFY"
    """A new order is rejected; of one that works only the modification is refused, and it lives on."""
    MODIFY = "MODIFY"
    """The modification is refused, the order lives on as it was."""
    CANCEL = "CANCEL"
    """Answers a cancel that could not be: not found, or not cancellable (any more)."""
    CANCELED = "CANCELED"
    """202: the order is cancelled, asked or not."""
    CONNECTION = "CONNECTION"
    """Concerns the link itself; never an order's end."""
    DATA = "DATA"
    """Market or historical data; concerns a data request, never an order."""
    UNKNOWN = "UNKNOWN"
    """Not in the table: a warning; the order is kept and its state is asked for."""


# ---------------------------------------------------------------- values


class Contract(msgspec.Struct, frozen=True):
    """A contract as TWS knows it (CONTRACT12); empty text, 0 and None are what is not said.

    ``expiry`` is lastTradeDateOrContractMonth (YYYYMM or YYYYMMDD), ``right`` C or P, ``multiplier`` TWS's text.
    """

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


class OrderTerms(msgspec.Struct, frozen=True):
    """An order's terms in TWS's words. ``action`` BUY or SELL; ``aux_price`` is a stop's trigger or a trail's distance.

    ``good_till`` is goodTillDate (``20261122-20:59:00`` is UTC). Prices and quantity None: unset.
    """

    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    time_in_force: str = "DAY"
    good_till: str = ""
    account: str = ""
    order_ref: str = ""
    outside_rth: bool = False
    transmit: bool = True
    parent_id: int = 0
    oca_group: str = ""
    trail_stop_price: Decimal | None = None
    trailing_percent: Decimal | None = None
    all_or_none: bool = False
    hidden: bool = False


class Execution(msgspec.Struct, frozen=True):
    """One execution; ``quantity`` and prices as TWS says them, ``time_ns`` None where ``time`` cannot be read for sure.

    ``side`` BUY or SELL. ``liquidity``: 1 added, 2 removed, 3 routed, 0 not told. ``pending_revision``: the price may change.
    """

    exec_id: str
    order_id: int
    client_id: int
    perm_id: int
    account: str
    side: str
    quantity: Decimal
    price: Decimal
    time: str
    time_ns: int | None = None
    exchange: str = ""
    cumulative_quantity: Decimal | None = None
    average_price: Decimal | None = None
    order_ref: str = ""
    liquidity: int = 0
    pending_revision: bool = False


class ContractDetails(msgspec.Struct, frozen=True):
    """What TWS says of a contract beside its names. ``order_types``, ``exchanges``: its comma lists, split."""

    min_tick: Decimal | None = None
    min_size: Decimal | None = None
    size_increment: Decimal | None = None
    price_magnifier: int = 1
    market_rule_ids: str = ""
    order_types: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    long_name: str = ""
    contract_month: str = ""
    time_zone: str = ""
    trading_hours: str = ""
    liquid_hours: str = ""
    underlying: str = ""
    real_expiry: str = ""
    stock_type: str = ""


# ---------------------------------------------------------------- requests


class PlaceRequest(msgspec.Struct, frozen=True):
    """placeOrder. ``is_new`` False: other terms for an order that was placed under this id before."""

    order_id: int
    contract: Contract
    terms: OrderTerms
    is_new: bool = True


class CancelRequest(msgspec.Struct, frozen=True):
    """cancelOrder. Only the client id that placed it can."""

    order_id: int


class GlobalCancelRequest(msgspec.Struct, frozen=True):
    """reqGlobalCancel: every open order of every client, manual ones too."""


class OpenOrdersRequest(msgspec.Struct, frozen=True):
    """reqAllOpenOrders, or with ``own_only`` reqOpenOrders; ends by ``EndTold("open_orders")``."""

    own_only: bool = False


class CompletedOrdersRequest(msgspec.Struct, frozen=True):
    """reqCompletedOrders: those of the day; ends by ``EndTold("completed_orders")``."""

    api_only: bool = False


class ExecutionsRequest(msgspec.Struct, frozen=True):
    """reqExecutions with its filter; ``since`` is ``yyyymmdd-hh:mm:ss`` UTC. Ends by ``EndTold("executions", req_id)``."""

    req_id: int
    client_id: int = 0
    account: str = ""
    since: str = ""
    symbol: str = ""
    sec_type: str = ""
    side: str = ""


class PositionsRequest(msgspec.Struct, frozen=True):
    """reqPositions: a list, ``EndTold("positions")``, then changes until ``PositionsCancel``."""


class PositionsCancel(msgspec.Struct, frozen=True):
    """cancelPositions."""


class AccountSummaryRequest(msgspec.Struct, frozen=True):
    """reqAccountSummary; at most two at once. Ends by ``EndTold("account_summary", req_id)``, then goes on every 3 minutes."""

    req_id: int
    tags: tuple[str, ...]
    group: str = "All"


class AccountSummaryCancel(msgspec.Struct, frozen=True):
    """cancelAccountSummary."""

    req_id: int


class AccountUpdatesRequest(msgspec.Struct, frozen=True):
    """reqAccountUpdates, one account at a time; ends by ``EndTold("account_updates")``, then goes on."""

    account: str
    subscribe: bool = True


class ContractDetailsRequest(msgspec.Struct, frozen=True):
    """reqContractDetails: one ``ContractTold`` for each that fits, then ``EndTold("contract_details", req_id)``."""

    req_id: int
    contract: Contract


class TimeRequest(msgspec.Struct, frozen=True):
    """reqCurrentTime; the link asks it by itself too, as its heartbeat."""


class IdsRequest(msgspec.Struct, frozen=True):
    """reqIds: answered by ``NextIdTold``."""


class MarketDataRequest(msgspec.Struct, frozen=True):
    """reqMktData; ticks until ``MarketDataCancel``."""

    req_id: int
    contract: Contract
    generic_ticks: str = ""
    snapshot: bool = False


class MarketDataCancel(msgspec.Struct, frozen=True):
    """cancelMktData."""

    req_id: int


class MarketDataTypeRequest(msgspec.Struct, frozen=True):
    """reqMarketDataType: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen; holds for the connection."""

    kind: int


Request = (
    PlaceRequest | CancelRequest | GlobalCancelRequest | OpenOrdersRequest | CompletedOrdersRequest | ExecutionsRequest
    | PositionsRequest | PositionsCancel | AccountSummaryRequest | AccountSummaryCancel | AccountUpdatesRequest
    | ContractDetailsRequest | TimeRequest | IdsRequest | MarketDataRequest | MarketDataCancel | MarketDataTypeRequest
)  # fmt: skip


class TwsJob(Message, frozen=True):
    """Broker to link: write one request. ``number`` is the broker's counter, ``epoch`` its incarnation; both come back.

    ``until_ns`` is the machine's monotonic time from which on it is too old to be written, 0 for never.
    """

    number: int
    epoch: int
    request: Request
    write_class: WriteClass
    receipt: Receipt | None = None
    attempt: int = 1
    until_ns: int = 0
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

    ``code`` is TWS's last connection code (326, 502, 507, ...), or 0.
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


class LinkStatus(msgspec.Struct, frozen=True):
    """What a link shows of itself; ``held`` jobs wait for the pace, ``sent_in_window`` messages went in the last second."""

    name: str
    epoch: int
    number: int
    is_open: bool
    server_version: int
    client: str
    held: int
    held_limit: int
    sent: int
    sent_in_window: int
    rate_limit: int
    reserve: int
    reconnects: int
    frames_lost: int
    callbacks_failed: int
    last_heard_ns: int
    last_error: str
