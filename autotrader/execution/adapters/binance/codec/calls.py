"""Every REST call the adapter makes, as a value: method, path, parameters, weight, and the command it carries out.

Source: binance.md section 1. Parameters are those before ``timestamp``, ``recvWindow`` and ``signature``; ``stamped`` adds the
first two, ``signing.signed_query`` the last. GET sends them as a query string, the others as a form body.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from autotrader.errors import EncodeError
from autotrader.execution.adapters.binance.codec.encode import encode_order
from autotrader.execution.adapters.binance.codec.ids import order_number, sendable_id
from autotrader.execution.adapters.binance.codec.rules import SymbolRules
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.execution.adapters.binance.codec.signing import Params
from autotrader.messages import QueryOrder, SendCancel, SendOrder, SendReplace

__all__ = [
    "API", "Call", "CallKind", "account_call", "all_orders_call", "api_restrictions_call", "cancel_all_call", "cancel_call",
    "clock_call", "commission_call", "exchange_info_call", "my_filters_call", "open_orders_call", "ping_call", "query_call",
    "quote_call", "stamped", "submit_call", "trades_call", "unfilled_count_call",
]

API: Final = "/api/v3/"
LONGEST_WINDOW_MS: Final = 60_000
Command = SendOrder | SendReplace | SendCancel | QueryOrder


class CallKind(StrEnum):
    """What a call is for; ``READ`` answers are read by the decoder of their own."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    AMEND = "amend"
    CANCEL_REPLACE = "cancelReplace"
    CANCEL_ALL = "cancelAll"
    QUERY = "query"
    READ = "read"


class Call(msgspec.Struct, frozen=True):
    """One call. ``weight`` is what it costs of REQUEST_WEIGHT when it fails.

    ``wire_id`` is the client id that it sends or asks by; ``before`` is what the order had filled under earlier venue
    ids than the one that this call changes.
    """

    kind: CallKind
    method: str
    path: str
    params: Params = ()
    weight: int = 1
    is_signed: bool = True
    command: Command | None = None
    symbol: str = ""
    wire_id: str = ""
    before: Decimal = Decimal(0)


def stamped(params: Params, timestamp_ms: int, recv_window_ms: int | None = None) -> Params:
    """Add the time of sending on the venue's clock and how long it stays good; raises EncodeError beyond 60000 ms."""
    if recv_window_ms is None:
        return (*params, ("timestamp", str(timestamp_ms)))
    if not 0 < recv_window_ms <= LONGEST_WINDOW_MS:
        raise EncodeError(f"recvWindow must be above 0 and at most {LONGEST_WINDOW_MS} ms, not {recv_window_ms}")
    return (*params, ("recvWindow", str(recv_window_ms)), ("timestamp", str(timestamp_ms)))


def submit_call(
    command: SendOrder, settings: CodecSettings, rules: SymbolRules | None = None, reference: Decimal | None = None, *,
    dry_run: bool = False,
) -> Call:
    """Place a new order (``dry_run``: only have it checked). Raises what ``encode_order`` raises."""
    order = command.order
    params = encode_order(order, settings, rules, reference)
    kind = CallKind.READ if dry_run else CallKind.SUBMIT
    path = f"{API}order/test" if dry_run else f"{API}order"
    return Call(kind, "POST", path, params, 1, command=command, symbol=order.symbol, wire_id=order.client_order_id)


def cancel_call(command: SendCancel, wire_id: str | None = None) -> Call:
    """Cancel one order: by the venue's id where it is known (the fastest), else by ``wire_id`` or our client id."""
    return _by_id(CallKind.CANCEL, "DELETE", command, command.client_order_id if wire_id is None else wire_id, 1)


def query_call(command: QueryOrder, wire_id: str | None = None) -> Call:
    """Ask for one order."""
    return _by_id(CallKind.QUERY, "GET", command, command.client_order_id if wire_id is None else wire_id, 4)


def _by_id(kind: CallKind, method: str, command: SendCancel | QueryOrder, wire_id: str, weight: int) -> Call:
    if command.venue_order_id is not None:
        name = ("orderId", str(order_number(command.venue_order_id)))
    else:
        name = ("origClientOrderId", sendable_id(wire_id))
    params = (("symbol", command.symbol), name)
    return Call(kind, method, f"{API}order", params, weight, command=command, symbol=command.symbol, wire_id=wire_id)


def cancel_all_call(symbol: str) -> Call:
    """Cancel all that is open on a symbol, order lists and orders of others under this account included."""
    return Call(CallKind.CANCEL_ALL, "DELETE", f"{API}openOrders", (("symbol", symbol),), 1, symbol=symbol)


def open_orders_call(symbol: str | None = None) -> Call:
    """List open orders: of one symbol (weight 6), or of all (80)."""
    params = () if symbol is None else (("symbol", symbol),)
    return Call(CallKind.READ, "GET", f"{API}openOrders", params, 80 if symbol is None else 6, symbol=symbol or "")


def all_orders_call(symbol: str, from_order: int, limit: int = 1000) -> Call:
    """List orders of a symbol, done ones too, from a venue's order id on (inclusive)."""
    params = (("symbol", symbol), ("orderId", str(from_order)), ("limit", str(limit)))
    return Call(CallKind.READ, "GET", f"{API}allOrders", params, 20, symbol=symbol)


def trades_call(
    symbol: str, *, order: str | None = None, from_id: int | None = None, start_ms: int | None = None,
    end_ms: int | None = None, limit: int = 1000,
) -> Call:
    """List own trades of a symbol: of one order, from a trade id on (inclusive), or of at most 24 hours.

    Raises EncodeError for a combination that the venue does not take (binance.md section 1).
    """
    if start_ms is not None or end_ms is not None:
        if order is not None or from_id is not None:
            raise EncodeError("myTrades takes either ids or times")
        if start_ms is not None and end_ms is not None and not 0 <= end_ms - start_ms <= 86_400_000:
            raise EncodeError("myTrades looks at 24 hours at most")
    number = None if order is None else order_number(order)
    named = {"orderId": number, "fromId": from_id, "startTime": start_ms, "endTime": end_ms}
    params = [("symbol", symbol), *((name, str(value)) for name, value in named.items() if value is not None)]
    params.append(("limit", str(min(max(limit, 1), 1000))))
    return Call(CallKind.READ, "GET", f"{API}myTrades", tuple(params), 20 if order is None else 5, symbol=symbol)


def account_call() -> Call:
    """Ask for balances and permissions; assets of which there is nothing are left out."""
    return Call(CallKind.READ, "GET", f"{API}account", (("omitZeroBalances", "true"),), 20)


def api_restrictions_call() -> Call:
    """Ask what the key itself may do (live only; the testnet and demo have no /sapi)."""
    return Call(CallKind.READ, "GET", "/sapi/v1/account/apiRestrictions")


def commission_call(symbol: str) -> Call:
    """Ask for the fee rates of a symbol."""
    return Call(CallKind.READ, "GET", f"{API}account/commission", (("symbol", symbol),), 20, symbol=symbol)


def my_filters_call(symbol: str) -> Call:
    """Ask for a symbol's filters with MAX_ASSET among them."""
    return Call(CallKind.READ, "GET", f"{API}myFilters", (("symbol", symbol),), 40, symbol=symbol)


def unfilled_count_call() -> Call:
    """Ask for the account's count of unfilled orders."""
    return Call(CallKind.READ, "GET", f"{API}rateLimit/order", (), 40)


def exchange_info_call(symbols: tuple[str, ...] = ()) -> Call:
    """Ask for rules and limits, of some symbols or of all."""
    listed = ",".join(f'"{symbol}"' for symbol in symbols)
    params: Params = (("symbols", f"[{listed}]"),) if symbols else ()
    return Call(CallKind.READ, "GET", f"{API}exchangeInfo", params, 20, is_signed=False)


def quote_call(symbol: str) -> Call:
    """Ask for the top of the book, where the stream has not told it yet."""
    return Call(CallKind.READ, "GET", f"{API}ticker/bookTicker", (("symbol", symbol),), 2, is_signed=False, symbol=symbol)


def clock_call() -> Call:
    """Ask for the venue's time."""
    return Call(CallKind.READ, "GET", f"{API}time", is_signed=False)


def ping_call() -> Call:
    """Ask for nothing."""
    return Call(CallKind.READ, "GET", f"{API}ping", is_signed=False)
