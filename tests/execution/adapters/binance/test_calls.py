"""Every call: method, path, parameters, weight (binance.md section 1)."""

from __future__ import annotations

import pytest
from binance_kit import OWN, SETTINGS, a_cancel, a_query, a_send

from autotrader.errors import EncodeError, InvalidOrder
from autotrader.execution.adapters.binance import codec
from autotrader.execution.adapters.binance.codec import Call, CallKind


def test_submit_posts_to_order() -> None:
    command = a_send()
    call = codec.submit_call(command, SETTINGS)
    assert (call.kind, call.method, call.path, call.weight) == (CallKind.SUBMIT, "POST", "/api/v3/order", 1)
    assert (call.command, call.symbol, call.wire_id, call.is_signed) == (command, "BTCUSDT", OWN, True)
    assert dict(call.params)["type"] == "LIMIT"


def test_a_dry_run_goes_to_the_test_endpoint_and_is_a_read() -> None:
    call = codec.submit_call(a_send(), SETTINGS, dry_run=True)
    assert (call.path, call.kind) == ("/api/v3/order/test", CallKind.READ)


def test_cancel_goes_by_the_venue_id_where_it_is_known() -> None:
    call = codec.cancel_call(a_cancel())
    assert (call.kind, call.method, call.path) == (CallKind.CANCEL, "DELETE", "/api/v3/order")
    assert call.params == (("symbol", "BTCUSDT"), ("orderId", "28"))


def test_cancel_goes_by_our_id_else_or_by_the_one_the_venue_knows() -> None:
    assert codec.cancel_call(a_cancel(None)).params == (("symbol", "BTCUSDT"), ("origClientOrderId", OWN))
    assert codec.cancel_call(a_cancel(None), f"{OWN}-00s").params[1] == ("origClientOrderId", f"{OWN}-00s")


def test_a_qualified_venue_id_is_sent_as_its_number() -> None:
    assert codec.cancel_call(a_cancel("BTCUSDT:28")).params[1] == ("orderId", "28")


@pytest.mark.parametrize("bad", ["", "x", "28x", "-1", "BTCUSDT:", "9" * 20, "٢٨"])
def test_a_venue_id_that_is_none_of_this_venue_is_refused(bad: str) -> None:
    with pytest.raises(InvalidOrder, match="not an order id"):
        codec.cancel_call(a_cancel(bad))


def test_query_costs_four() -> None:
    call = codec.query_call(a_query())
    assert (call.kind, call.method, call.path, call.weight) == (CallKind.QUERY, "GET", "/api/v3/order", 4)
    assert call.params == (("symbol", "BTCUSDT"), ("orderId", "28"))
    assert codec.query_call(a_query(None)).params[1] == ("origClientOrderId", OWN)


def test_cancel_all_is_per_symbol() -> None:
    call = codec.cancel_all_call("BTCUSDT")
    assert (call.method, call.path, call.params) == ("DELETE", "/api/v3/openOrders", (("symbol", "BTCUSDT"),))
    assert call.kind is CallKind.CANCEL_ALL


def test_open_orders_of_all_symbols_cost_eighty_and_of_one_six() -> None:
    assert (codec.open_orders_call().params, codec.open_orders_call().weight) == ((), 80)
    assert (codec.open_orders_call("BTCUSDT").params, codec.open_orders_call("BTCUSDT").weight) == ((("symbol", "BTCUSDT"),), 6)


def test_trades_by_order_cost_five() -> None:
    call = codec.trades_call("BTCUSDT", order="28")
    assert call.params == (("symbol", "BTCUSDT"), ("orderId", "28"), ("limit", "1000"))
    assert (call.path, call.weight) == ("/api/v3/myTrades", 5)


def test_trades_from_an_id_on_and_by_time() -> None:
    assert codec.trades_call("BTCUSDT", from_id=7, limit=500).params == (
        ("symbol", "BTCUSDT"), ("fromId", "7"), ("limit", "500"),
    )
    assert codec.trades_call("BTCUSDT", start_ms=1, end_ms=86_400_001).params == (
        ("symbol", "BTCUSDT"), ("startTime", "1"), ("endTime", "86400001"), ("limit", "1000"),
    )
    assert codec.trades_call("BTCUSDT").weight == 20


def test_the_limit_stays_inside_what_the_venue_takes() -> None:
    assert codec.trades_call("BTCUSDT", limit=5000).params[-1] == ("limit", "1000")
    assert codec.trades_call("BTCUSDT", limit=0).params[-1] == ("limit", "1")


def test_trades_over_more_than_a_day_or_by_ids_and_times_are_refused() -> None:
    with pytest.raises(EncodeError, match="24 hours"):
        codec.trades_call("BTCUSDT", start_ms=0, end_ms=86_400_001)
    with pytest.raises(EncodeError, match="24 hours"):
        codec.trades_call("BTCUSDT", start_ms=2, end_ms=1)
    with pytest.raises(EncodeError, match="ids or times"):
        codec.trades_call("BTCUSDT", from_id=1, start_ms=0)


@pytest.mark.parametrize(
    ("call", "path", "weight", "is_signed"),
    [
        (codec.account_call(), "/api/v3/account", 20, True),
        (codec.api_restrictions_call(), "/sapi/v1/account/apiRestrictions", 1, True),
        (codec.commission_call("BTCUSDT"), "/api/v3/account/commission", 20, True),
        (codec.my_filters_call("BTCUSDT"), "/api/v3/myFilters", 40, True),
        (codec.unfilled_count_call(), "/api/v3/rateLimit/order", 40, True),
        (codec.exchange_info_call(), "/api/v3/exchangeInfo", 20, False),
        (codec.quote_call("BTCUSDT"), "/api/v3/ticker/bookTicker", 2, False),
        (codec.clock_call(), "/api/v3/time", 1, False),
        (codec.ping_call(), "/api/v3/ping", 1, False),
    ],
)
def test_the_reads(call: Call, path: str, weight: int, is_signed: bool) -> None:
    assert (call.kind, call.method, call.path, call.weight, call.is_signed) == (CallKind.READ, "GET", path, weight, is_signed)


def test_balances_leave_out_what_is_zero() -> None:
    assert codec.account_call().params == (("omitZeroBalances", "true"),)


def test_exchange_info_asks_for_some_symbols_as_a_json_list() -> None:
    assert codec.exchange_info_call(("BTCUSDT", "BNBBTC")).params == (("symbols", '["BTCUSDT","BNBBTC"]'),)


def test_a_stamp_follows_the_parameters() -> None:
    assert codec.stamped((("a", "1"),), 1499827319559, 5000) == (
        ("a", "1"), ("recvWindow", "5000"), ("timestamp", "1499827319559"),
    )
    assert codec.stamped((), 7) == (("timestamp", "7"),)


@pytest.mark.parametrize("window", [0, -1, 60_001])
def test_a_window_that_the_venue_refuses_is_our_bug(window: int) -> None:
    with pytest.raises(EncodeError, match="recvWindow"):
        codec.stamped((), 7, window)
