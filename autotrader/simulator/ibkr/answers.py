"""What the server says, field by field, but for whole orders (ibkr.md section 4.5). Pure.

A ``Message`` gives its fields for a server version; ``frames.frame`` makes bytes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.simulator.ibkr.contracts import ContractTerms, contract_fields
from autotrader.simulator.ibkr.wire_order import WireOrder

__all__ = [
    "MAX", "MAX_INT", "Execution", "Message", "PositionRow", "account_download_end", "account_multi", "account_summary",
    "account_time", "account_value", "commission_report", "completed_orders_end", "contract_details_end", "current_time",
    "end", "error", "exec_details", "managed_accounts", "market_data_type", "market_rule_of", "next_valid_id",
    "open_order_end", "order_bound", "order_status", "pnl", "pnl_single", "portfolio", "position", "position_end",
    "position_multi", "tick_parameters", "tick_price", "tick_size", "tick_string",
]  # fmt: skip

Message = Callable[[int], Sequence[object]]
MAX: Final = "1.7976931348623157E308"
MAX_INT: Final = "2147483647"
ENDS: Final = {"contract": 52, "executions": 55, "snapshot": 57, "summary": 64, "positions_multi": 72, "account_multi": 74}


class Execution(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One trade of one order, as execDetails tells it. ``time`` is written for the version below 174 and from it on."""

    order: WireOrder
    exec_id: str
    time: str
    time_174: str
    venue: str
    shares: Decimal
    price: Decimal
    cumulative: Decimal
    average: Decimal
    liquidity: int


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One position and what it is worth, in dollars; ``average_cost`` holds the multiplier."""

    account: str
    contract: ContractTerms
    quantity: Decimal
    average_cost: Decimal
    market_price: Decimal = Decimal(0)
    market_value: Decimal = Decimal(0)
    unrealized: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)


def _fixed(*fields: object) -> Message:
    return lambda _: fields


# ------------------------------------------------------------ the connection


def error(about: int, code: int, text: str) -> Message:
    """Return an error, warning or notice; ``about`` is an order, a request, or -1."""
    return lambda version: (4, 2, about, code, text, *([""] if version >= 166 else []))


def managed_accounts(accounts: str) -> Message:
    """Return the accounts of the login."""
    return _fixed(15, 1, accounts)


def next_valid_id(number: int) -> Message:
    """Return the first order id that may be used."""
    return _fixed(9, 1, number)


def current_time(seconds: int) -> Message:
    """Return the server's time, seconds since the epoch."""
    return _fixed(49, 1, seconds)


def end(of: str, req_id: int) -> Message:
    """Return the end of an answer: contract, executions, snapshot, summary, positions_multi, account_multi."""
    return _fixed(ENDS[of], 1, req_id)


# ------------------------------------------------------------ orders


def order_status(order: WireOrder) -> Message:
    """Return where an order stands."""
    return _fixed(
        3, order.order_id, order.status, order.filled, order.remaining, order.average_price, order.perm_id, order.parent_id,
        order.last_price, order.client_id, order.why_held, 0,
    )  # fmt: skip


def open_order_end() -> Message:
    """Return the end of the open orders."""
    return _fixed(53, 1)


def completed_orders_end() -> Message:
    """Return the end of the completed orders."""
    return _fixed(102)


def order_bound(perm_id: int, client_id: int, order_id: int) -> Message:
    """Tell that an order by hand has got an order id."""
    return _fixed(100, perm_id, client_id, order_id)


def exec_details(req_id: int, one: Execution) -> Message:
    """Return a trade; ``req_id`` is -1 for one that has just happened."""
    order = one.order
    side = "BOT" if order.action == "BUY" else "SLD"

    def fields(version: int) -> Sequence[object]:
        told: list[object] = [
            11, req_id, order.order_id, *contract_fields(order.contract, one.venue, right=""), one.exec_id,
            one.time_174 if version >= 174 else one.time, order.account, one.venue, side, one.shares, one.price, order.perm_id,
            order.client_id, 0, one.cumulative, one.average, order.order_ref, "", "", order.model, one.liquidity,
        ]  # fmt: skip
        return [*told, False] if version >= 178 else told

    return fields


def commission_report(exec_id: str, commission: Decimal, currency: str, realized: Decimal | None) -> Message:
    """Return what a trade cost; ``realized`` None when it closed nothing."""
    return _fixed(59, 1, exec_id, commission, currency, MAX if realized is None else realized, MAX, "")


# ------------------------------------------------------------ the account


def account_value(key: str, value: str, currency: str, account: str) -> Message:
    """Return one figure of the account."""
    return _fixed(6, 2, key, value, currency, account)


def portfolio(row: PositionRow) -> Message:
    """Return one position and what it is worth."""
    one = row.contract
    return _fixed(
        7, 8, one.con_id, one.ib_symbol, one.sec_type, one.expiry, one.strike_text, one.right or "0", one.multiplier_text,
        one.primary, one.currency, one.local_symbol, one.trading_class, row.quantity, row.market_price, row.market_value,
        row.average_cost, row.unrealized, row.realized, row.account,
    )  # fmt: skip


def account_time(text: str) -> Message:
    """Return when the figures were taken, ``HH:MM``."""
    return _fixed(8, 1, text)


def account_download_end(account: str) -> Message:
    """Return the end of the account's first figures."""
    return _fixed(54, 1, account)


def position(row: PositionRow) -> Message:
    """Return one position; quantity 0 when it is closed."""
    where = contract_fields(row.contract, row.contract.listing_exchange, right="")
    return _fixed(61, 3, row.account, *where, row.quantity, row.average_cost)


def position_end() -> Message:
    """Return the end of the positions."""
    return _fixed(62, 1)


def position_multi(req_id: int, row: PositionRow, model: str) -> Message:
    """Return one position to a request."""
    where = contract_fields(row.contract, row.contract.listing_exchange, right="")
    return _fixed(71, 1, req_id, row.account, *where, row.quantity, row.average_cost, model)


def account_summary(req_id: int, account: str, tag: str, value: str, currency: str) -> Message:
    """Return one figure of the account to a request for a summary."""
    return _fixed(63, 1, req_id, account, tag, value, currency)


def account_multi(req_id: int, account: str, model: str, key: str, value: str, currency: str) -> Message:
    """Return one figure of the account to a request."""
    return _fixed(73, 1, req_id, account, model, key, value, currency)


def pnl(req_id: int, daily: Decimal, unrealized: Decimal, realized: Decimal) -> Message:
    """Return the day's profit, open and realised."""
    return _fixed(94, req_id, daily, unrealized, realized)


def pnl_single(req_id: int, quantity: Decimal, unrealized: Decimal, realized: Decimal, value: Decimal) -> Message:
    """Return a position, its day's profit, open and realised, and what it is worth."""
    return _fixed(95, req_id, quantity, unrealized + realized, unrealized, realized, value)


# ------------------------------------------------------------ the market


def contract_details_end(req_id: int) -> Message:
    """Return the end of the contracts that fit."""
    return end("contract", req_id)


def tick_parameters(req_id: int, tick: Decimal, exchange: str) -> Message:
    """Return the first answer to a request for market data."""
    return _fixed(81, req_id, tick, exchange, 3)


def market_rule_of(rule_id: int, step: Decimal) -> Message:
    """Return a rule of one price step."""
    return _fixed(93, rule_id, 1, 0, step)


def market_data_type(req_id: int, kind: int) -> Message:
    """Tell whether quotes are live (1) or delayed (3)."""
    return _fixed(58, 1, req_id, kind)


def tick_price(req_id: int, kind: int, price: Decimal, size: Decimal) -> Message:
    """Return a price with its size."""
    return lambda version: (1, 6, req_id, kind, price, _size(size, version), 0)


def tick_size(req_id: int, kind: int, size: Decimal) -> Message:
    """Return a size."""
    return lambda version: (2, 6, req_id, kind, _size(size, version))


def tick_string(req_id: int, kind: int, text: str) -> Message:
    """Return a tick that is text."""
    return _fixed(46, 6, req_id, kind, text)


def _size(size: Decimal, version: int) -> object:
    """Return a size as a version takes it: whole numbers below 163."""
    return int(size) if version < 163 else size
