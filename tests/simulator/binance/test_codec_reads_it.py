"""The adapter's codec, written apart from the simulator, reads every kind of event that the simulator tells."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator_kit import RunningVenue, running

from autotrader.execution.adapters.binance.codec import (
    BalancesTold,
    CodecSettings,
    ListEvent,
    OrderEventTold,
    StreamEnded,
    VenueClosing,
    decode_account,
    decode_api_restrictions,
    decode_commission,
    decode_exchange_info,
    decode_market_frame,
    decode_max_assets,
    decode_open_orders,
    decode_quote,
    decode_server_time,
    decode_trades,
    decode_unfilled_counts,
    decode_user_frame,
)

sys.path.insert(0, str(Path(__file__).parent))

from wire import Caller, UserSocket, dial  # noqa: E402

SETTINGS = CodecSettings("acc")


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running(limit="orders_10s=100000") as one:
        one.market("BTCUSDT", "50000", "50001")
        yield one


def heard(user: UserSocket, number: int) -> list[OrderEventTold]:
    """Return the next order events, so many; all that comes between is read too."""
    told: list[OrderEventTold] = []
    while len(told) < number:
        raw = user.socket.recv()
        one = decode_user_frame(raw, SETTINGS, 1)
        assert isinstance(one, OrderEventTold | BalancesTold), raw
        if isinstance(one, OrderEventTold):
            told.append(one)
    return told


def test_every_kind_of_order_event_is_read(venue: RunningVenue) -> None:
    caller = Caller(venue)
    with UserSocket(venue) as user:
        user.ask_signed("userDataStream.subscribe.signature")
        number = caller.place(newClientOrderId="reads").json["orderId"]
        smaller = {"symbol": "BTCUSDT", "orderId": number, "newQty": "0.005", "newClientOrderId": "reads"}
        caller.call("PUT", "order/amend/keepPriority", **smaller)
        venue.trade("BTCUSDT", "49000", "0.001")
        caller.call("DELETE", "order", symbol="BTCUSDT", orderId=number)
        caller.place(timeInForce="IOC")
        caller.place(side="SELL", price="50000.50")
        caller.place(price="50000.60", selfTradePreventionMode="EXPIRE_BOTH")
        told = heard(user, 10)
        assert [(one.report.execution, one.report.status) for one in told] == [
            ("NEW", "NEW"), ("REPLACED", "NEW"), ("TRADE", "PARTIALLY_FILLED"), ("CANCELED", "CANCELED"),
            ("NEW", "NEW"), ("EXPIRED", "EXPIRED"), ("NEW", "NEW"), ("NEW", "NEW"),
            ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"), ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
        ]  # fmt: skip
        assert all(one.messages for one in told)
        assert (told[3].report.filled, told[3].report.original_id) == ("0.00100000", "reads")
        assert told[5].report.expiry_reason == "UNFILLED_IOC_QUANTITY_EXPIRED"


def test_a_stop_is_new_twice(venue: RunningVenue) -> None:
    """binance.md section 10.14: the second time with w true."""
    caller = Caller(venue)
    with UserSocket(venue) as user:
        user.ask_signed("userDataStream.subscribe.signature")
        venue.trade("BTCUSDT", "50000", "0.001")
        terms = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01"}
        assert caller.call("POST", "order", **terms, stopPrice="49500").status == 200
        venue.market("BTCUSDT", "49400", "49401")
        told = heard(user, 3)
        assert [(one.report.execution, one.report.is_on_book) for one in told] == [
            ("NEW", False), ("NEW", True), ("TRADE", True),
        ]  # fmt: skip
        venue.market("BTCUSDT", "50000", "50001")


def test_an_order_list_is_read(venue: RunningVenue) -> None:
    caller = Caller(venue)
    with UserSocket(venue) as user:
        user.ask_signed("userDataStream.subscribe.signature")
        terms = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "price": "51000", "stopPrice": "49000"}
        placed = caller.call("POST", "order/oco", **terms).json
        assert len(heard(user, 2)) == 2
        told = decode_user_frame(user.socket.recv(), SETTINGS, 1)
        assert isinstance(told, ListEvent)
        assert (told.list_id, told.order_status) == (placed["orderListId"], "EXECUTING")
        assert len(decode_open_orders(caller.call("GET", "openOrders", symbol="BTCUSDT").raw, SETTINGS)) == 2
        caller.call("DELETE", "orderList", symbol="BTCUSDT", orderListId=placed["orderListId"])
        assert [one.report.status for one in heard(user, 2)] == ["CANCELED", "CANCELED"]


def test_the_ends_of_a_stream_are_read(venue: RunningVenue) -> None:
    with UserSocket(venue) as user:
        user.ask_signed("userDataStream.subscribe.signature")
        user.socket.send('{"id": 9, "method": "userDataStream.unsubscribe"}')
        assert isinstance(decode_user_frame(user.socket.recv(), SETTINGS, 1), StreamEnded)
    with running(limit="life_s=2.5") as brief, UserSocket(brief) as user:
        assert isinstance(decode_user_frame(user.socket.recv(), SETTINGS, 1), VenueClosing)


def test_every_read_is_read(venue: RunningVenue) -> None:
    caller = Caller(venue)
    caller.place()
    caller.call("POST", "order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    info = decode_exchange_info(caller.send("GET", "/api/v3/exchangeInfo").raw)
    assert info.unreadable == {}
    assert {row.unknown_filters for row in info.symbols.values()} == {()}
    assert [rate.name for rate in info.rate_limits] == ["REQUEST_WEIGHT_1M", "ORDERS_10S", "ORDERS_1D", "RAW_REQUESTS_5M"]
    assert decode_server_time(caller.send("GET", "/api/v3/time").raw) > 0
    assert decode_quote(caller.send("GET", "/api/v3/ticker/bookTicker", "symbol=BTCUSDT").raw, "binance", 1).bid == 50000
    decode_account(caller.call("GET", "account").raw)
    assert decode_open_orders(caller.call("GET", "openOrders", symbol="BTCUSDT").raw, SETTINGS)
    assert decode_trades(caller.call("GET", "myTrades", symbol="BTCUSDT").raw, SETTINGS)
    assert decode_commission(caller.call("GET", "account/commission", symbol="BTCUSDT").raw)
    assert decode_unfilled_counts(caller.call("GET", "rateLimit/order").raw, "binance")
    assert decode_max_assets(caller.call("GET", "myFilters", symbol="BTCUSDT").raw)
    signed = caller.signed({})
    decode_api_restrictions(caller.send("GET", "/sapi/v1/account/apiRestrictions", signed).raw)


@pytest.mark.parametrize("name", ["trade", "bookTicker", "kline_1m", "kline_1s"])
def test_every_market_stream_the_adapter_uses_is_read(venue: RunningVenue, name: str) -> None:
    for path in (f"/ws/btcusdt@{name}", f"/stream?streams=btcusdt@{name}"):
        socket = dial(venue.ready["stream"] + path)
        venue.trade("BTCUSDT", "50000", "0.001")
        venue.market("BTCUSDT", "50000", "50001", "7")
        venue.market("BTCUSDT", "50000", "50001", "8")
        assert decode_market_frame(socket.recv(), "binance", 1) is not None
        socket.close()
