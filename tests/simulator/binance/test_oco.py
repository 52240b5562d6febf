"""OCO at the raw wire: both forms, what ends what, what the user stream tells, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import RunningVenue, running

sys.path.insert(0, str(Path(__file__).parent))

from wire import Answered, Caller, UserSocket  # noqa: E402


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running(limit="orders_10s=100000") as one:
        yield one


@pytest.fixture
def caller(venue: RunningVenue) -> Caller:
    venue.market("BTCUSDT", "50000", "50001")
    venue.trade("BTCUSDT", "50000", "0.001")
    caller = Caller(venue)
    caller.call("DELETE", "openOrders", symbol="BTCUSDT")
    return caller


def oco(caller: Caller, **changes: Any) -> Answered:
    terms = {
        "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "aboveType": "LIMIT_MAKER", "abovePrice": "51000",
        "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "49000", "belowPrice": "48900", "belowTimeInForce": "GTC",
    }  # fmt: skip
    return caller.call("POST", "orderList/oco", **{name: value for name, value in {**terms, **changes}.items() if value})


def order(caller: Caller, leg: dict[str, Any]) -> dict[str, Any]:
    return caller.call("GET", "order", symbol="BTCUSDT", orderId=leg["orderId"]).json  # type: ignore[no-any-return]


def test_an_oco_is_two_orders_of_one_list(caller: Caller) -> None:
    answer = oco(caller, listClientOrderId="pair-1", aboveClientOrderId="up-1", belowClientOrderId="down-1")
    told = answer.json
    assert answer.status == 200
    assert (told["contingencyType"], told["listStatusType"], told["listOrderStatus"]) == ("OCO", "EXEC_STARTED", "EXECUTING")
    assert (told["listClientOrderId"], told["symbol"]) == ("pair-1", "BTCUSDT")
    assert [leg["clientOrderId"] for leg in told["orders"]] == ["down-1", "up-1"]
    assert [row["type"] for row in told["orderReports"]] == ["STOP_LOSS_LIMIT", "LIMIT_MAKER"]
    assert [row["status"] for row in told["orderReports"]] == ["NEW", "NEW"]
    assert {row["orderListId"] for row in told["orderReports"]} == {told["orderListId"]}
    assert order(caller, told["orders"][0])["orderListId"] == told["orderListId"]
    assert "X-MBX-ORDER-COUNT-10S" in answer.headers


def test_a_list_is_found_by_number_or_by_name_and_among_the_open_ones(caller: Caller) -> None:
    told = oco(caller, listClientOrderId="pair-2").json
    named = caller.call("GET", "orderList", origClientOrderId="pair-2").json
    assert named == {name: value for name, value in told.items() if name != "orderReports"}
    assert caller.call("GET", "orderList", orderListId=told["orderListId"]).json == named
    assert caller.call("GET", "openOrderList").json == [named]
    assert caller.call("GET", "allOrderList", fromId=told["orderListId"]).json == [named]
    assert caller.call("GET", "orderList", orderListId=999_999).json["code"] == -2013
    assert caller.call("GET", "orderList").json["code"] == -1102


def test_a_limit_that_trades_ends_the_stop(venue: RunningVenue, caller: Caller) -> None:
    stop, goal = oco(caller).json["orders"]
    venue.market("BTCUSDT", "51000", "51001")
    ended, done = order(caller, stop), order(caller, goal)
    assert (ended["status"], ended["expiryReason"]) == ("EXPIRED", "OCO_TRIGGER")
    assert done["status"] == "FILLED"
    row = caller.call("GET", "myTrades", symbol="BTCUSDT", orderId=goal["orderId"]).json[0]
    assert row["orderListId"] == done["orderListId"]
    assert caller.call("GET", "openOrderList").json == []


def test_a_stop_that_triggers_ends_the_limit(venue: RunningVenue, caller: Caller) -> None:
    told = oco(caller, belowPrice="49500").json
    venue.market("BTCUSDT", "49000", "49001")
    stop, goal = (order(caller, leg) for leg in told["orders"])
    assert (stop["status"], stop["isWorking"]) == ("NEW", True)
    assert (goal["status"], goal["expiryReason"]) == ("EXPIRED", "OCO_TRIGGER")
    assert caller.call("GET", "orderList", orderListId=told["orderListId"]).json["listOrderStatus"] == "ALL_DONE"
    assert caller.call("DELETE", "order", symbol="BTCUSDT", orderId=stop["orderId"]).json["status"] == "CANCELED"


def test_a_cancelled_list_answers_with_both_orders(caller: Caller) -> None:
    told = oco(caller).json
    gone = caller.call("DELETE", "orderList", symbol="BTCUSDT", orderListId=told["orderListId"]).json
    assert (gone["listStatusType"], gone["listOrderStatus"], gone["orders"]) == ("ALL_DONE", "ALL_DONE", told["orders"])
    assert [row["status"] for row in gone["orderReports"]] == ["CANCELED", "CANCELED"]
    again = caller.call("DELETE", "orderList", symbol="BTCUSDT", orderListId=told["orderListId"])
    assert (again.status, again.json["code"]) == (400, -2011)


def test_a_cancel_of_one_order_ends_the_list(caller: Caller) -> None:
    stop, goal = oco(caller).json["orders"]
    assert caller.call("DELETE", "order", symbol="BTCUSDT", orderId=goal["orderId"]).status == 200
    assert order(caller, stop)["status"] == "CANCELED"


def test_a_cancel_of_all_shows_lists_as_lists(caller: Caller) -> None:
    caller.place()
    told = oco(caller).json
    rows = caller.call("DELETE", "openOrders", symbol="BTCUSDT").json
    assert [row.get("contingencyType") for row in rows] == [None, "OCO"]
    assert rows[1]["orderListId"] == told["orderListId"]


def test_both_orders_are_covered_once(caller: Caller) -> None:
    def locked() -> str:
        rows = {row["asset"]: row["locked"] for row in caller.call("GET", "account").json["balances"]}
        return rows["BTC"]

    assert oco(caller, quantity="60").status == 200
    assert locked() == "60.00000000"
    assert oco(caller, quantity="60").json["code"] == -2010
    caller.call("DELETE", "openOrders", symbol="BTCUSDT")
    assert locked() == "0.00000000"


def test_an_order_of_a_list_can_be_made_smaller_and_the_list_stays(caller: Caller) -> None:
    stop, goal = oco(caller, quantity="60").json["orders"]
    made = {"symbol": "BTCUSDT", "orderId": goal["orderId"], "newQty": "50", "newClientOrderId": "smaller"}
    answer = caller.call("PUT", "order/amend/keepPriority", **made).json
    (told,) = caller.call("GET", "openOrderList").json
    assert (answer["amendedOrder"]["orderListId"], answer["amendedOrder"]["qty"]) == (told["orderListId"], "50.00000000")
    assert answer["listStatus"] == {
        name: value for name, value in told.items() if name not in ("listStatusType", "transactionTime")
    }
    assert [leg["clientOrderId"] for leg in told["orders"]] == [stop["clientOrderId"], "smaller"]


def test_a_list_gives_way_to_what_replaces_one_of_its_orders(caller: Caller) -> None:
    stop, goal = oco(caller).json["orders"]
    answer = caller.call(
        "POST", "order/cancelReplace", symbol="BTCUSDT", cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=goal["orderId"],
        side="SELL", type="LIMIT", timeInForce="GTC", quantity="0.01", price="52000",
    )  # fmt: skip
    assert (answer.status, answer.json["newOrderResponse"]["orderListId"]) == (200, -1)
    assert order(caller, stop)["status"] == "CANCELED"


def test_a_buy_stops_above_and_takes_below(caller: Caller) -> None:
    told = oco(
        caller, side="BUY", aboveType="STOP_LOSS", aboveStopPrice="51000", abovePrice="", belowType="TAKE_PROFIT_LIMIT",
        belowPrice="49000", belowStopPrice="49100",
    ).json  # fmt: skip
    assert [row["type"] for row in told["orderReports"]] == ["STOP_LOSS", "TAKE_PROFIT_LIMIT"]


def test_the_deprecated_form_is_the_same(caller: Caller) -> None:
    terms = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "price": "51000", "stopPrice": "49000"}
    told = caller.call("POST", "order/oco", **terms, limitClientOrderId="old-up").json
    assert [row["type"] for row in told["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    assert told["orders"][1]["clientOrderId"] == "old-up"
    limited = caller.call("POST", "order/oco", **terms, stopLimitPrice="48900", stopLimitTimeInForce="GTC").json
    assert limited["orderReports"][0]["type"] == "STOP_LOSS_LIMIT"


def test_prices_on_the_wrong_side_are_refused(caller: Caller) -> None:
    for changes in ({"abovePrice": "49500"}, {"belowStopPrice": "50500"}):
        answer = oco(caller, **changes)
        assert answer.json == {"code": -2010, "msg": "The relationship of the prices for the orders is not correct."}


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"belowTimeInForce": ""}, -1102, "belowTimeInForce"),
        ({"aboveType": ""}, -1102, "aboveType"),
        ({"aboveType": "STOP_LOSS", "abovePrice": "", "aboveStopPrice": "51000"}, -1014, "combination"),
        ({"abovePrice": "51000.001"}, -1013, "PRICE_FILTER"),
        ({"quantity": "0.00001"}, -1013, "NOTIONAL"),
        ({"aboveClientOrderId": "same", "belowClientOrderId": "same"}, -2010, "Duplicate"),
        ({"limitClientOrderId": "x"}, -1104, "read"),
    ],
)
def test_what_is_wrong_with_one_order_keeps_both_out(caller: Caller, changes: dict[str, str], code: int, word: str) -> None:
    answer = oco(caller, **changes)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert word in answer.json["msg"]
    assert caller.call("GET", "openOrders", symbol="BTCUSDT").json == []


def test_the_user_stream_tells_of_the_list_beside_its_orders(venue: RunningVenue, caller: Caller) -> None:
    with UserSocket(venue) as socket:
        socket.ask_signed("userDataStream.subscribe.signature")
        told = oco(caller, listClientOrderId="pair-3").json
        venue.market("BTCUSDT", "51000", "51001")
        events = [socket.event()["event"] for _ in range(8)]
    kinds = [(event["e"], event.get("x") or event.get("l")) for event in events]
    assert kinds == [
        ("executionReport", "NEW"), ("executionReport", "NEW"), ("listStatus", "EXEC_STARTED"),
        ("outboundAccountPosition", None),
        ("executionReport", "EXPIRED"), ("executionReport", "TRADE"), ("listStatus", "ALL_DONE"),
        ("outboundAccountPosition", None),
    ]  # fmt: skip
    begun, ended = events[2], events[6]
    assert begun["O"] == [{"s": "BTCUSDT", "i": leg["orderId"], "c": leg["clientOrderId"]} for leg in told["orders"]]
    assert (begun["g"], begun["C"]) == (told["orderListId"], "pair-3")
    assert (begun["c"], begun["L"], begun["r"]) == ("OCO", "EXECUTING", "NONE")
    assert (ended["g"], ended["L"], events[4]["eR"]) == (told["orderListId"], "ALL_DONE", "OCO_TRIGGER")
    assert {event["g"] for event in events if event["e"] == "executionReport"} == {told["orderListId"]}


def test_lists_go_over_the_websocket_api_too(venue: RunningVenue, caller: Caller) -> None:
    terms = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}
    with UserSocket(venue) as socket:
        new = socket.ask_signed(
            "orderList.place.oco", **terms, aboveType="LIMIT_MAKER", abovePrice="51000", belowType="STOP_LOSS",
            belowStopPrice="49000",
        )["result"]  # fmt: skip
        old = socket.ask_signed("orderList.place", **terms, price="51000", stopPrice="49000")["result"]
        open_ones = socket.ask_signed("openOrderLists.status")["result"]
        assert [row["orderListId"] for row in open_ones] == [new["orderListId"], old["orderListId"]]
        assert socket.ask_signed("orderList.status", orderListId=new["orderListId"])["result"] == open_ones[0]
        gone = socket.ask_signed("orderList.cancel", symbol="BTCUSDT", orderListId=new["orderListId"])["result"]
        assert gone["listOrderStatus"] == "ALL_DONE"
        assert len(socket.ask_signed("allOrderLists", fromId=new["orderListId"])["result"]) == 2


def test_a_list_whose_answer_is_lost_is_found_by_its_name(venue: RunningVenue, caller: Caller) -> None:
    venue.faults([{"name": "lost", "on": "submit", "nth": 1, "do": [{"land": True}, {"reply": {"status": 504, "body": ""}}]}])
    assert oco(caller, listClientOrderId="pair-5").status == 504
    assert caller.call("GET", "orderList", origClientOrderId="pair-5").json["listOrderStatus"] == "EXECUTING"
    venue.faults([{"name": "never", "on": "submit", "nth": 1, "do": [{"land": False}, {"reply": {"status": 502, "body": ""}}]}])
    assert oco(caller, listClientOrderId="pair-6").status == 502
    assert caller.call("GET", "orderList", origClientOrderId="pair-6").json["code"] == -2013
    venue.faults([])


def test_a_list_is_known_again_after_a_restart(tmp_path: Path) -> None:
    prices = {"abovePrice": "70000", "belowStopPrice": "60000", "belowPrice": "60000"}
    with running(ledger=tmp_path / "ledger") as first:
        told = oco(Caller(first), listClientOrderId="pair-4", **prices).json
        first.stop()
    with running(ledger=tmp_path / "ledger") as second:
        caller = Caller(second)
        assert [row["listClientOrderId"] for row in caller.call("GET", "openOrderList").json] == ["pair-4"]
        assert oco(caller, **prices).json["orderListId"] == told["orderListId"] + 1
        second.market("BTCUSDT", "70000", "70001")
        assert order(caller, told["orders"][0])["status"] == "EXPIRED"
