"""The WebSocket API at the raw wire: requests, sessions, user data, and the rules of connections."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket
from simulator_kit import RunningVenue, running
from support import eventually

sys.path.insert(0, str(Path(__file__).parent))

from wire import Caller, UserSocket, dial, ending  # noqa: E402

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "49000"}


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running(limit="orders_10s=100000") as one:
        one.market("BTCUSDT", "50000", "50001")
        yield one


@pytest.fixture
def user(venue: RunningVenue) -> Iterator[UserSocket]:
    with UserSocket(venue) as socket:
        yield socket
    venue.faults([])
    Caller(venue).call("DELETE", "openOrders", symbol="BTCUSDT")


def test_an_order_lives_on_the_socket_alone(user: UserSocket) -> None:
    placed = user.ask_signed("order.place", **LIMIT)
    assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
    assert [(row["rateLimitType"], row["interval"]) for row in placed["rateLimits"]] == [
        ("ORDERS", "SECOND"), ("ORDERS", "DAY"), ("REQUEST_WEIGHT", "MINUTE"),
    ]  # fmt: skip
    number = placed["result"]["orderId"]
    assert user.ask_signed("order.status", symbol="BTCUSDT", orderId=number)["result"]["orderId"] == number
    assert len(user.ask_signed("openOrders.status", symbol="BTCUSDT")["result"]) == 1
    smaller = user.ask_signed("order.amend.keepPriority", symbol="BTCUSDT", orderId=number, newQty="0.005")
    assert smaller["result"]["amendedOrder"]["qty"] == "0.00500000"
    swapped = user.ask_signed("order.cancelReplace", cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=number, **LIMIT)
    assert swapped["result"]["newOrderResult"] == "SUCCESS"
    assert [row["status"] for row in user.ask_signed("openOrders.cancelAll", symbol="BTCUSDT")["result"]] == ["CANCELED"]
    again = user.ask_signed("order.cancel", symbol="BTCUSDT", orderId=number)
    assert (again["status"], again["error"]) == (400, {"code": -2011, "msg": "Unknown order sent."})


def test_half_a_replace_is_409_with_both_halves(user: UserSocket) -> None:
    answer = user.ask_signed("order.cancelReplace", cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=999_999, **LIMIT)
    assert (answer["status"], answer["error"]["code"]) == (409, -2021)
    assert answer["error"]["data"]["newOrderResult"] == "SUCCESS"


@pytest.mark.parametrize(
    "method", ["ping", "time", "exchangeInfo", "ticker.price", "ticker.book", "ticker.24hr"]
)
def test_public_methods_need_no_key(user: UserSocket, method: str) -> None:
    assert user.ask(method)["status"] == 200


@pytest.mark.parametrize(
    "method", ["account.status", "account.rateLimits.orders"]
)
def test_signed_methods_need_one(user: UserSocket, method: str) -> None:
    assert user.ask_signed(method)["status"] == 200
    refused = user.ask(method)
    assert (refused["status"], refused["error"]["code"]) == (401, -2014)


def test_symbols_are_methods_arguments(user: UserSocket) -> None:
    assert len(user.ask("exchangeInfo", symbols=["BTCUSDT", "ETHUSDT"])["result"]["symbols"]) == 2
    assert user.ask("depth", symbol="BTCUSDT", limit=5)["result"]["bids"][0][0] == "50000.00000000"
    assert user.ask_signed("account.commission", symbol="BTCUSDT")["result"]["standardCommission"]["maker"] == "0.00100000"
    assert user.ask_signed("allOrders", symbol="BTCUSDT")["status"] == 200
    assert user.ask_signed("myTrades", symbol="BTCUSDT")["status"] == 200


def test_nonsense_is_answered_and_the_connection_lives(user: UserSocket) -> None:
    user.socket.send("{")
    assert user.ask("no.such.method")["status"] == 404
    assert user.event()["error"]["code"] == -1135
    assert user.ask_signed("order.place", **{**LIMIT, "quantity": 1e-05})["error"]["code"] == -1100
    assert user.ask("ping")["result"] == {}


def test_rate_limits_can_be_hidden_and_times_told_finer(venue: RunningVenue) -> None:
    with UserSocket(venue, "?returnRateLimits=false&timeUnit=MICROSECOND") as socket:
        answer = socket.ask("time")
        assert "rateLimits" not in answer
        assert answer["result"]["serverTime"] > 10**15
    with pytest.raises(websocket.WebSocketBadStatusException):
        dial(f"{venue.ready['ws']}?timeUnit=DAY")


def test_events_are_wrapped_and_one_subscription_is_enough(user: UserSocket) -> None:
    assert user.ask_signed("userDataStream.subscribe.signature")["result"] == {"subscriptionId": 0}
    assert user.ask_signed("userDataStream.subscribe.signature")["error"]["code"] == -2035
    assert user.ask("session.subscriptions")["result"] == [{"subscriptionId": 0}]
    user.ask_signed("order.place", **LIMIT, newClientOrderId="wrapped", strategyId=5, strategyType=1_000_000)
    event = user.event()
    assert (event["subscriptionId"], event["event"]["c"], event["event"]["x"]) == (0, "wrapped", "NEW")
    assert (event["event"]["j"], event["event"]["J"], event["event"]["N"]) == (5, 1_000_000, None)
    assert user.ask("userDataStream.unsubscribe")["result"] == {}
    told = [user.event() for _ in range(2)]
    assert [one["event"]["e"] for one in told] == ["outboundAccountPosition", "eventStreamTerminated"]
    assert user.ask("session.subscriptions")["result"] == []
    assert user.ask_signed("userDataStream.subscribe.signature")["result"] == {"subscriptionId": 1}


def test_an_ed25519_session_vouches_for_what_follows(user: UserSocket) -> None:
    assert user.ask_signed("session.logon")["status"] == 400
    assert user.ask("userDataStream.subscribe")["status"] == 401
    session = user.ask_ed25519("session.logon")["result"]
    assert session["authorizedSince"] >= session["connectedSince"]
    assert user.ask("userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    placed = user.ask("order.place", **LIMIT, timestamp=int(time.time() * 1000))
    assert placed["status"] == 200
    assert user.ask("session.status")["result"]["userDataStream"] is True
    out = user.ask("session.logout")["result"]
    assert (out["apiKey"], out["userDataStream"]) == (None, False)
    assert "eventStreamTerminated" in [user.event()["event"]["e"] for _ in range(3)]
    assert user.ask("order.place", **LIMIT, timestamp=int(time.time() * 1000))["status"] == 401


def test_faults_meet_requests_and_events_on_the_socket(user: UserSocket, venue: RunningVenue) -> None:
    user.ask_signed("userDataStream.subscribe.signature")
    venue.faults([{"name": "twice", "on": "stream", "nth": 1, "do": [{"duplicate": 1}]}])
    user.ask_signed("order.place", **LIMIT)
    assert user.event() == user.event()
    venue.faults([{"name": "cut", "on": "submit", "nth": 1, "do": [{"reply": "reset"}]}])
    with pytest.raises((ConnectionError, websocket.WebSocketException)):
        user.ask_signed("order.place", **LIMIT, newClientOrderId="landed")
    found = Caller(venue).call("GET", "order", symbol="BTCUSDT", origClientOrderId="landed")
    assert found.json["status"] == "NEW"


def test_a_trade_that_is_taken_back_is_told_as_it_was_and_only_the_books_show_that_it_is_gone(
    user: UserSocket, venue: RunningVenue
) -> None:
    user.ask_signed("userDataStream.subscribe.signature")
    venue.faults([{"name": "back", "on": "submit", "nth": 1, "do": [{"bust": 1}]}])
    number = user.ask_signed("order.place", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")["result"]["orderId"]
    reports = [user.event()["event"] for _ in range(2)]
    assert [(one["x"], one["X"], one["l"], one["z"]) for one in reports] == [
        ("NEW", "NEW", "0.00000000", "0.00000000"), ("TRADE", "FILLED", "0.01000000", "0.01000000"),
    ]  # fmt: skip
    found = Caller(venue).call("GET", "order", symbol="BTCUSDT", orderId=number).json
    assert (found["status"], found["executedQty"]) == ("CANCELED", "0.00000000")
    assert Caller(venue).call("GET", "myTrades", symbol="BTCUSDT", orderId=number).json == []


def test_a_connection_is_pinged_in_its_time() -> None:
    with running(limit="ping_s=0.1") as venue:
        socket = dial(venue.ready["ws"])
        code, frame = socket.recv_data_frame(control_frame=True)
        assert code == websocket.ABNF.OPCODE_PING
        assert frame.data.isdigit()
        socket.close()


def test_a_connection_is_warned_and_ends_when_its_day_is_over() -> None:
    with running(limit="life_s=2.5") as venue, UserSocket(venue) as user:
        assert user.ask_signed("userDataStream.subscribe.signature")["status"] == 200
        last = user.event()
        assert (last["event"]["e"], "subscriptionId" in last) == ("serverShutdown", False)
        assert ending(user.socket) == 1001


def test_restarts_take_every_connection_along(user: UserSocket, venue: RunningVenue) -> None:
    user.ask_signed("order.place", **LIMIT, newClientOrderId="kept")
    venue.faults([{"name": "away", "on": "venue", "at_s": 0, "do": [{"restart": {"down_s": 0.3, "keep_orders": True}}]}])
    with pytest.raises((ConnectionError, websocket.WebSocketException)):
        user.event()

    def is_back() -> bool:
        try:
            return Caller(venue).call("GET", "openOrders", symbol="BTCUSDT").json[0]["clientOrderId"] == "kept"
        except ConnectionError:
            return False

    eventually(is_back)
