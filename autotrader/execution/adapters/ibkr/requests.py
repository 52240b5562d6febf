"""What can be asked of TWS, as values; each is one message on the wire (pure). Source: ibkr.md section 4.3."""

from __future__ import annotations

import msgspec

from autotrader.execution.adapters.ibkr.values import Contract, OrderTerms

__all__ = [
    "AccountSummaryCancel", "AccountSummaryRequest", "AccountUpdatesRequest", "CancelRequest", "CompletedOrdersRequest",
    "ContractDetailsRequest", "ExecutionsRequest", "GlobalCancelRequest", "IdsRequest", "MarketDataCancel",
    "MarketDataRequest", "MarketDataTypeRequest", "OpenOrdersRequest", "PlaceRequest", "PositionsCancel", "PositionsRequest",
    "Request", "TimeRequest",
]  # fmt: skip


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
