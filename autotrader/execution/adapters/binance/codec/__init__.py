"""Binance Spot in bytes and back: pure functions, no I/O, no clock, no threads. Facts: binance.md, sections in brackets.

Out: ``submit_call``, ``cancel_call``, ``replace_call``, ``query_call`` and the reads make a ``Call``; ``stamped`` and
``signed_query`` finish it. Back: ``outcome_of`` judges any answer, ``decode_user_frame`` and ``decode_market_frame`` read the
sockets, ``decode_...`` the reads. Before: ``check_filters`` and the steps. What the venue leaves open is in ``CodecSettings``.
"""

from autotrader.execution.adapters.binance.codec.calls import (
    Call,
    CallKind,
    account_call,
    all_orders_call,
    api_restrictions_call,
    cancel_all_call,
    cancel_call,
    clock_call,
    commission_call,
    exchange_info_call,
    my_filters_call,
    open_orders_call,
    ping_call,
    query_call,
    quote_call,
    stamped,
    submit_call,
    trades_call,
    unfilled_count_call,
)
from autotrader.execution.adapters.binance.codec.check import AccountView, Breach, MarketView, check_filters
from autotrader.execution.adapters.binance.codec.encode import encode_order, wire_type
from autotrader.execution.adapters.binance.codec.errors_table import ERRORS, ErrorBody, ErrorClass, classify, decode_error
from autotrader.execution.adapters.binance.codec.frames import UnreadableFrame, frame_unreadable
from autotrader.execution.adapters.binance.codec.ids import (
    is_ours_by_form,
    is_replacement,
    order_number,
    own_id,
    replacement_id,
    trade_number,
    venue_order_id,
)
from autotrader.execution.adapters.binance.codec.market import (
    Bar,
    MarketFrame,
    MarketTrade,
    Subscribed,
    TopTold,
    decode_market_frame,
    stream_names,
    subscribe_request,
)
from autotrader.execution.adapters.binance.codec.orders import OrderFacts, report_of, row_of
from autotrader.execution.adapters.binance.codec.outcome import Outcome, outcome_of, outcome_of_failure
from autotrader.execution.adapters.binance.codec.reads import (
    AccountState,
    FeeRates,
    KeyRights,
    account_info,
    decode_account,
    decode_api_restrictions,
    decode_commission,
    decode_open_orders,
    decode_order_facts,
    decode_orders_facts,
    decode_quote,
    decode_server_time,
    decode_trades,
    decode_unfilled_counts,
)
from autotrader.execution.adapters.binance.codec.replace import Route, Standing, choose_route, replace_call
from autotrader.execution.adapters.binance.codec.reports import ExecutionReport, facts_in, messages_of
from autotrader.execution.adapters.binance.codec.rules import (
    ExchangeInfo,
    ExchangeRules,
    RateRule,
    SymbolRules,
    budget_name,
    decode_exchange_info,
    decode_max_assets,
    instrument_of,
)
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.execution.adapters.binance.codec.signing import (
    Ed25519Signer,
    HmacSigner,
    Params,
    RsaSigner,
    Signer,
    rest_payload,
    signed_query,
    signer_of,
    ws_payload,
)
from autotrader.execution.adapters.binance.codec.steps import Sellable, floor_price, floor_quantity, sellable, snap_price
from autotrader.execution.adapters.binance.codec.stream import (
    Answer,
    BalanceMoved,
    BalancesTold,
    ListEvent,
    LockMoved,
    OrderEventTold,
    StreamEnded,
    UnknownEvent,
    UserFrame,
    VenueClosing,
    decode_user_frame,
)
from autotrader.execution.adapters.binance.codec.usage import retry_after_s, usage_of
from autotrader.execution.adapters.binance.codec.userstream import subscribe_user_data, unsubscribe_user_data

__all__ = [
    "ERRORS", "AccountState", "AccountView", "Answer", "BalanceMoved", "BalancesTold", "Bar", "Breach", "Call", "CallKind",
    "CodecSettings", "Ed25519Signer", "ErrorBody", "ErrorClass", "ExchangeInfo", "ExchangeRules", "ExecutionReport",
    "FeeRates", "HmacSigner", "KeyRights", "ListEvent", "LockMoved", "MarketFrame", "MarketTrade", "MarketView",
    "OrderEventTold", "OrderFacts", "Outcome", "Params", "RateRule", "Route", "RsaSigner", "Sellable", "Signer", "Standing",
    "StreamEnded", "Subscribed", "SymbolRules", "TopTold", "UnknownEvent", "UnreadableFrame", "UserFrame", "VenueClosing",
    "account_call", "account_info", "all_orders_call", "api_restrictions_call", "budget_name", "cancel_all_call",
    "cancel_call", "check_filters", "choose_route", "classify", "clock_call", "commission_call", "decode_account",
    "decode_api_restrictions", "decode_commission", "decode_error", "decode_exchange_info", "decode_market_frame",
    "decode_max_assets", "decode_open_orders", "decode_order_facts", "decode_orders_facts", "decode_quote",
    "decode_server_time", "decode_trades", "decode_unfilled_counts", "decode_user_frame", "encode_order", "exchange_info_call",
    "facts_in", "floor_price", "floor_quantity", "frame_unreadable", "instrument_of", "is_ours_by_form", "is_replacement",
    "messages_of", "my_filters_call", "open_orders_call", "order_number", "outcome_of", "outcome_of_failure", "own_id",
    "ping_call", "query_call", "quote_call", "replace_call", "replacement_id", "report_of", "rest_payload", "retry_after_s",
    "row_of", "sellable", "signed_query", "signer_of", "snap_price", "stamped", "stream_names", "submit_call",
    "subscribe_request", "subscribe_user_data", "trade_number", "trades_call", "unfilled_count_call", "unsubscribe_user_data",
    "usage_of", "venue_order_id", "wire_type", "ws_payload",
]
