"""Contracts, orders and executions as values: what the broker and its link speak about (pure).

All numbers are finite Decimals; what TWS left unset is None. Source: ibkr.md sections 4.3 to 4.6, 5 and 9.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

__all__ = ["Contract", "ContractDetails", "ErrorKind", "Execution", "LinkStatus", "OrderTerms"]


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
