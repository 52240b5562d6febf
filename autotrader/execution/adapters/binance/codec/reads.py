"""Answers to reads: open orders, trades, balances, permissions, fees, counts, the clock. All raise ``UnreadableFrame``.

Source: binance.md sections 1 and 3 (DOCS rest-api.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec

from autotrader.execution.adapters.binance.codec.frames import BROKEN, UnreadableFrame, bytes_of, read
from autotrader.execution.adapters.binance.codec.ids import own_id, venue_order_id
from autotrader.execution.adapters.binance.codec.numbers import Count, Identity, Moment, ns_of, number, signed
from autotrader.execution.adapters.binance.codec.orders import OrderAnswer, OrderFacts, facts_of, positive, row_of
from autotrader.execution.adapters.binance.codec.rules import RateRule, budget_name
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.messages import UsageReported
from autotrader.model import AccountInfo, Balance, Fill, Liquidity, Mode, OrderUpdate, Quote, Side

__all__ = [
    "AccountState", "FeeRates", "KeyRights", "account_info", "decode_account", "decode_api_restrictions", "decode_commission",
    "decode_open_orders", "decode_order_facts", "decode_orders_facts", "decode_quote", "decode_server_time", "decode_trades",
    "decode_unfilled_counts",
]

_T = TypeVar("_T")
_R = TypeVar("_R")


class AccountState(msgspec.Struct, frozen=True):
    """The answer to account: ``uid`` names it, ``updated_ns`` orders it against outboundAccountPosition."""

    uid: str
    can_trade: bool
    can_withdraw: bool
    account_type: str
    permissions: tuple[str, ...]
    balances: tuple[Balance, ...]
    updated_ns: int


class KeyRights(msgspec.Struct, frozen=True):
    """What the key itself may do, whatever the account may.

    ``can_transfer`` is the other way out for money: between own products, or to and from sub-accounts. ``trading_ends_ns`` is
    when the right to trade is taken away (a key that is not bound to an address loses it), 0 where no end is told.
    """

    can_read: bool
    can_trade: bool
    can_withdraw: bool
    is_bound_to_ip: bool
    can_transfer: bool = False
    trading_ends_ns: int = 0


class FeeRates(msgspec.Struct, frozen=True):
    """Fee rates of one symbol, as fractions; discounts for BNB are not in them."""

    symbol: str
    maker: Decimal
    taker: Decimal


class _Trade(msgspec.Struct, rename="camel"):
    symbol: str
    id: Identity
    order_id: Identity
    price: str
    qty: str
    commission: str
    commission_asset: str | None
    time: Moment
    is_buyer: bool
    is_maker: bool


class _Balance(msgspec.Struct):
    asset: str
    free: str
    locked: str


class _Account(msgspec.Struct, rename="camel"):
    balances: list[_Balance]
    can_trade: bool
    can_withdraw: bool
    update_time: Moment = 0
    account_type: str = ""
    permissions: list[str] = []
    uid: int | str = ""


class _Rights(msgspec.Struct, rename="camel"):
    enable_reading: bool
    enable_withdrawals: bool
    enable_spot_and_margin_trading: bool
    ip_restrict: bool = False
    enable_internal_transfer: bool = False
    permits_universal_transfer: bool = False
    trading_authority_expiration_time: Moment = 0


class _Rates(msgspec.Struct):
    maker: str
    taker: str


class _Commission(msgspec.Struct, rename="camel"):
    symbol: str
    standard_commission: _Rates


class _Time(msgspec.Struct, rename="camel"):
    server_time: Moment


class _Limit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    limit: Count
    interval_num: Count = 1
    count: Count = 0


class _Top(msgspec.Struct, rename="camel"):
    symbol: str
    bid_price: str
    bid_qty: str
    ask_price: str
    ask_qty: str


_ORDERS = msgspec.json.Decoder(list[OrderAnswer])
_ORDER = msgspec.json.Decoder(OrderAnswer)
_TRADES = msgspec.json.Decoder(list[_Trade])
_ACCOUNT = msgspec.json.Decoder(_Account)
_RIGHTS = msgspec.json.Decoder(_Rights)
_COMMISSION = msgspec.json.Decoder(_Commission)
_TIME = msgspec.json.Decoder(_Time)
_LIMITS = msgspec.json.Decoder(list[_Limit])
_TOP = msgspec.json.Decoder(_Top)


def _decode(raw: bytes | str, decoder: msgspec.json.Decoder[_T], what: str, make: Callable[[_T], _R]) -> _R:
    """Read and convert; a figure that cannot be makes the whole answer unreadable."""
    answer = read(raw, decoder, what)
    try:
        return make(answer)
    except BROKEN as error:
        raise UnreadableFrame(what, str(error)[:300], bytes_of(raw)) from error


def decode_open_orders(raw: bytes | str, settings: CodecSettings) -> tuple[OrderUpdate, ...]:
    """Read openOrders (or allOrders) as rows of a snapshot, in the venue's order."""
    return _decode(raw, _ORDERS, "openOrders", lambda rows: tuple(row_of(facts_of(row, settings), settings) for row in rows))


def decode_orders_facts(raw: bytes | str, settings: CodecSettings) -> tuple[OrderFacts, ...]:
    """Read openOrders (or allOrders) with all that the venue says of each order."""
    return _decode(raw, _ORDERS, "orders", lambda rows: tuple(facts_of(row, settings) for row in rows))


def decode_order_facts(raw: bytes | str, settings: CodecSettings) -> OrderFacts:
    """Read one order (GET order) with all that the venue says of it."""
    return _decode(raw, _ORDER, "order", lambda row: facts_of(row, settings))


def decode_trades(
    raw: bytes | str, settings: CodecSettings, wire_ids: Mapping[int, str] | None = None,
) -> tuple[Fill, ...]:
    """Read myTrades. They name no client id: ``wire_ids`` maps the venue's order ids of this symbol to client ids."""
    names = wire_ids or {}
    return _decode(raw, _TRADES, "myTrades", lambda rows: tuple(_fill(row, settings, names) for row in rows))


def _fill(row: _Trade, settings: CodecSettings, names: Mapping[int, str]) -> Fill:
    return Fill(
        str(row.id), own_id(names.get(row.order_id, "")), venue_order_id(row.symbol, row.order_id, settings.qualified_ids),
        settings.venue, settings.account, row.symbol, Side.BUY if row.is_buyer else Side.SELL, positive(row.price),
        positive(row.qty), signed(row.commission), row.commission_asset or "",
        Liquidity.MAKER if row.is_maker else Liquidity.TAKER, ns_of(row.time),
    )  # fmt: skip


def decode_account(raw: bytes | str) -> AccountState:
    """Read account: every balance it lists; assets of which there is nothing are not in it."""
    return _decode(raw, _ACCOUNT, "account", _account)


def _account(answer: _Account) -> AccountState:
    return AccountState(
        str(answer.uid), answer.can_trade, answer.can_withdraw, answer.account_type, tuple(answer.permissions),
        tuple(Balance(row.asset, number(row.free) + number(row.locked), number(row.free)) for row in answer.balances),
        ns_of(answer.update_time),
    )


def decode_api_restrictions(raw: bytes | str) -> KeyRights:
    """Read /sapi/v1/account/apiRestrictions.

    Source: developers.binance.com/docs/wallet/account/api-key-permission (weight 1). The three rights that are judged have been
    in every edition since 2021; one that is missing makes the answer unreadable, since a right must not be guessed.
    """
    return _decode(raw, _RIGHTS, "apiRestrictions", lambda told: KeyRights(
        told.enable_reading, told.enable_spot_and_margin_trading, told.enable_withdrawals, told.ip_restrict,
        told.enable_internal_transfer or told.permits_universal_transfer,
        ns_of(max(told.trading_authority_expiration_time, 0)),
    ))


def account_info(state: AccountState, settings: CodecSettings, mode: Mode, rights: KeyRights | None = None) -> AccountInfo:
    """Say who the venue says we are. Withdrawal is the key's right where it was asked for, else the account's.

    ``account`` is the uid where the venue tells one. A spot account cannot be short.
    """
    can_trade = state.can_trade and (rights is None or rights.can_trade)
    can_withdraw = state.can_withdraw if rights is None else rights.can_withdraw
    return AccountInfo(settings.venue, state.uid or settings.account, mode, can_trade, can_withdraw)


def decode_commission(raw: bytes | str) -> FeeRates:
    """Read account/commission: the standard rates."""
    return _decode(raw, _COMMISSION, "commission", lambda told: FeeRates(
        told.symbol, number(told.standard_commission.maker), number(told.standard_commission.taker)
    ))


def decode_server_time(raw: bytes | str) -> int:
    """Read the venue's time, in nanoseconds since the epoch."""
    return _decode(raw, _TIME, "time", lambda told: ns_of(told.server_time))


def decode_unfilled_counts(raw: bytes | str, venue: str) -> tuple[tuple[RateRule, UsageReported], ...]:
    """Read rateLimit/order: each limit with what is used of it."""
    seconds = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}

    def pairs(rows: list[_Limit]) -> tuple[tuple[RateRule, UsageReported], ...]:
        named = [(budget_name(row.rate_limit_type, row.interval, row.interval_num), row) for row in rows]
        return tuple(
            (RateRule(name, row.limit, seconds[row.interval] * row.interval_num), UsageReported(venue, name, row.count))
            for name, row in named if row.interval in seconds
        )

    return _decode(raw, _LIMITS, "rateLimit/order", pairs)


def decode_quote(raw: bytes | str, venue: str, recv_ns: int) -> Quote:
    """Read ticker/bookTicker of one symbol."""
    return _decode(raw, _TOP, "bookTicker", lambda top: Quote(
        venue, top.symbol, number(top.bid_price), number(top.ask_price), number(top.bid_qty), number(top.ask_qty), recv_ns
    ))
