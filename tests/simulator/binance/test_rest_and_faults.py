"""What is behind a request at the raw wire: where parameters stand, what headers say, and what faults do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import RunningVenue, running
from support import eventually

sys.path.insert(0, str(Path(__file__).parent))

from wire import Caller  # noqa: E402


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running(limit="orders_10s=100000") as one:
        one.market("BTCUSDT", "50000", "50001")
        yield one


@pytest.fixture
def caller(venue: RunningVenue) -> Iterator[Caller]:
    yield Caller(venue)
    venue.faults([])
    Caller(venue).call("DELETE", "openOrders", symbol="BTCUSDT")


def test_parameters_may_stand_in_query_body_or_both(caller: Caller) -> None:
    text = caller.signed({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"})
    assert caller.send("POST", "/api/v3/order", text).status == 200
    payload, _, signature = caller.signed({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}).partition("&signature=")
    body = "quantity=0.01"
    signed = f"{payload}&signature={caller.sign(payload + body)}"
    assert caller.send("POST", "/api/v3/order", signed, body).status == 200
    assert signature


def test_a_percent_encoded_value_is_signed_as_it_was_sent(caller: Caller) -> None:
    answer = caller.place(newClientOrderId="a:b")
    assert (answer.status, answer.json["code"]) == (400, -1100)
    text = caller.signed({"symbol": "BTCUSDT", "origClientOrderId": "ab"}).partition("&signature=")[0]
    raw = text.replace("ab", "a%62")
    assert caller.send("GET", "/api/v3/order", f"{raw}&signature={caller.sign(text)}").json["code"] == -1022
    assert caller.send("GET", "/api/v3/order", f"{raw}&signature={caller.sign(raw)}").json["code"] == -2013


def test_an_answer_has_its_type_and_its_weight(caller: Caller) -> None:
    before = int(caller.send("GET", "/api/v3/ping").headers["X-MBX-USED-WEIGHT-1M"])
    answer = caller.call("GET", "account")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert int(answer.headers["X-MBX-USED-WEIGHT-1M"]) == before + 20
    placed = caller.place()
    assert int(placed.headers["X-MBX-USED-WEIGHT-1M"]) == before + 20
    assert "X-MBX-ORDER-COUNT-10S" in placed.headers
    assert int(caller.place(price="1").headers["X-MBX-USED-WEIGHT-1M"]) == before + 21


@pytest.mark.parametrize(("header", "code"), [("", -2014), ("a b", -2014), ("x" * 64, -2015)])
def test_without_a_known_key_nothing_signed_is_done(caller: Caller, header: str, code: int) -> None:
    answer = caller.send("GET", "/api/v3/account", caller.signed({}), **{"X-MBX-APIKEY": header})
    assert (answer.status, answer.json["code"]) == (401, code)


def test_what_is_missing_is_named(caller: Caller) -> None:
    for query, name in (("", "timestamp"), (caller.signed({}).partition("&signature")[0], "signature")):
        answer = caller.send("GET", "/api/v3/account", query)
        assert (answer.status, answer.json["code"]) == (400, -1102)
        assert f"'{name}'" in answer.json["msg"]
    assert caller.call("GET", "order", symbol="BTCUSDT").json == {
        "code": -1102, "msg": "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    }  # fmt: skip
    assert caller.send("GET", "/api/v3/time", "x=1").json["code"] == -1101


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("order", {"symbol": "BTCUSDT", "orderId": 1_000_000}, -2013),
        ("myTrades", {"symbol": "BTCUSDT", "orderId": 1, "startTime": 1}, -1128),
        ("myTrades", {"symbol": "BTCUSDT", "startTime": 1, "endTime": 90_000_000}, -1127),
        ("allOrders", {"symbol": "btcusdt"}, -1100),
        ("openOrders", {"symbol": ""}, -1102),
    ],
)
def test_reads_are_refused_with_the_venues_code(caller: Caller, path: str, params: dict[str, Any], code: int) -> None:
    assert caller.call("GET", path, **params).json["code"] == code


def test_ids_that_disagree_are_refused(caller: Caller) -> None:
    number = caller.place(newClientOrderId="mine").json["orderId"]
    assert caller.call("GET", "order", symbol="BTCUSDT", orderId=number, origClientOrderId="other").json["code"] == -2039


def test_cancel_restrictions_hold(caller: Caller) -> None:
    number = caller.place().json["orderId"]
    no = caller.call("DELETE", "order", symbol="BTCUSDT", orderId=number, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert no.json == {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."}
    assert caller.call("DELETE", "order", symbol="BTCUSDT", orderId=number, cancelRestrictions="X").json["code"] == -1145
    assert caller.call("DELETE", "order", symbol="BTCUSDT", orderId=number, cancelRestrictions="ONLY_NEW").status == 200


def test_cancel_all_gives_every_order_and_then_none(caller: Caller) -> None:
    for _ in range(3):
        caller.place()
    gone = caller.call("DELETE", "openOrders", symbol="BTCUSDT")
    assert [row["status"] for row in gone.json] == ["CANCELED"] * 3
    assert caller.call("DELETE", "openOrders", symbol="BTCUSDT").json["code"] == -2011


def test_an_amendment_keeps_its_order_and_is_listed(caller: Caller) -> None:
    number = caller.place(newClientOrderId="before").json["orderId"]
    done = caller.call("PUT", "order/amend/keepPriority", symbol="BTCUSDT", orderId=number, newQty="0.004").json
    new_id = done["amendedOrder"]["clientOrderId"]
    assert (done["amendedOrder"]["origClientOrderId"], new_id == "before") == ("before", False)
    assert caller.call("GET", "order", symbol="BTCUSDT", origClientOrderId=new_id).json["origQty"] == "0.00400000"
    assert caller.call("GET", "order", symbol="BTCUSDT", origClientOrderId="before").json["code"] == -2013
    (row,) = caller.call("GET", "order/amendments", symbol="BTCUSDT", orderId=number).json
    assert (row["origQty"], row["newQty"], row["executionId"]) == ("0.01000000", "0.00400000", done["executionId"])
    for wanted in ("0.004", "0.005"):
        no = caller.call("PUT", "order/amend/keepPriority", symbol="BTCUSDT", orderId=number, newQty=wanted)
        assert no.json["code"] == -2038


def test_ioc_fok_and_market_orders_expire_with_their_reason(caller: Caller, venue: RunningVenue) -> None:
    for changes, reason in (
        ({"timeInForce": "IOC"}, "UNFILLED_IOC_QUANTITY_EXPIRED"), ({"timeInForce": "FOK"}, "UNFILLED_FOK_ORDER_EXPIRED"),
    ):  # fmt: skip
        told = caller.place(**changes).json
        assert (told["status"], told["expiryReason"], told["executedQty"]) == ("EXPIRED", reason, "0.00000000")
    venue.market("BTCUSDT", "50000", "50001", "1", "0.0001")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    dry = caller.call("POST", "order", **terms).json
    assert (dry["status"], dry["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")
    assert float(dry["executedQty"]) == pytest.approx(0.001)
    venue.market("BTCUSDT", "50000", "50001")


def test_an_account_does_not_trade_with_itself(caller: Caller) -> None:
    older = caller.place(side="SELL", price="50000.50").json["orderId"]
    taker = caller.place(price="50000.60", selfTradePreventionMode="EXPIRE_TAKER").json
    assert (taker["status"], taker["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "0.01000000")
    newer = caller.place(price="50000.60").json
    assert newer["status"] == "NEW"
    gone = caller.call("GET", "order", symbol="BTCUSDT", orderId=older).json
    assert (gone["status"], gone["selfTradePreventionMode"]) == ("EXPIRED_IN_MATCH", "EXPIRE_MAKER")
    assert caller.place(selfTradePreventionMode="DECREMENT").json["code"] == -1013


def test_a_quote_amount_buys_what_it_can(caller: Caller) -> None:
    told = caller.call("POST", "order", symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="1000").json
    assert (told["status"], told["origQuoteOrderQty"], told["executedQty"]) == ("FILLED", "1000.00000000", "0.01999000")


def test_stops_on_the_wrong_side_trigger_at_once_and_are_refused(caller: Caller) -> None:
    for side, kind, stop in (("SELL", "STOP_LOSS", "50000"), ("BUY", "STOP_LOSS", "50001"), ("BUY", "TAKE_PROFIT", "50001")):
        no = caller.call("POST", "order", symbol="BTCUSDT", side=side, type=kind, quantity="0.01", stopPrice=stop)
        assert no.json == {"code": -2010, "msg": "Order would trigger immediately."}
    maker = caller.call(
        "POST", "order", symbol="BTCUSDT", side="BUY", type="LIMIT_MAKER", quantity="0.01", price="50001"
    )
    assert maker.json == {"code": -2010, "msg": "Order would immediately match and take."}


def test_a_trailing_stop_shows_its_delta_and_fires(caller: Caller, venue: RunningVenue) -> None:
    terms = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01"}
    told = caller.call("POST", "order", **terms, trailingDelta=100, newOrderRespType="RESULT").json
    assert (told["trailingDelta"], told["workingTime"], "stopPrice" in told) == (100, -1, False)
    assert caller.call("POST", "order", **terms, trailingDelta=5).json["msg"] == "Filter failure: TRAILING_DELTA"
    venue.market("BTCUSDT", "52000", "52001")
    venue.market("BTCUSDT", "51400", "51401")
    assert caller.call("GET", "order", symbol="BTCUSDT", orderId=told["orderId"]).json["status"] == "FILLED"
    venue.market("BTCUSDT", "50000", "50001")


def test_lists_other_than_oco_are_not_offered_and_listen_keys_gone(caller: Caller) -> None:
    assert caller.send("POST", "/api/v3/orderList/oto").json["msg"] == "OTO orders are not supported for this symbol"
    assert caller.send("POST", "/api/v3/userDataStream").status == 410
    assert caller.send("GET", "/api/v3/nothing").status == 404


def test_a_prevented_match_is_one_for_both_orders(caller: Caller) -> None:
    maker = caller.place(side="SELL", price="50000.50").json["orderId"]
    taker = caller.place(price="50000.60", quantity="0.02", selfTradePreventionMode="EXPIRE_BOTH").json
    (row,) = caller.call("GET", "myPreventedMatches", symbol="BTCUSDT", orderId=maker).json
    assert (row["takerOrderId"], row["makerOrderId"]) == (taker["orderId"], maker)
    assert (row["takerPreventedQuantity"], row["makerPreventedQuantity"]) == ("0.02000000", "0.01000000")
    assert (row["price"], row["selfTradePreventionMode"]) == ("50000.50000000", "EXPIRE_BOTH")
    assert row["preventedMatchId"] == taker["preventedMatchId"]
    named = {"symbol": "BTCUSDT", "preventedMatchId": row["preventedMatchId"]}
    assert caller.call("GET", "myPreventedMatches", **named).json == [row]
    assert caller.call("GET", "myPreventedMatches", symbol="BTCUSDT").json["code"] == -1128


def test_only_the_side_that_ended_lost_something_to_prevention(caller: Caller) -> None:
    maker = caller.place(side="SELL", price="50000.50").json["orderId"]
    taker = caller.place(price="50000.60", selfTradePreventionMode="EXPIRE_TAKER").json["orderId"]
    (row,) = caller.call("GET", "myPreventedMatches", symbol="BTCUSDT", orderId=taker).json
    assert (row["makerOrderId"], row["takerPreventedQuantity"]) == (maker, "0.01000000")
    assert "makerPreventedQuantity" not in row


# ------------------------------------------------------------ faults


def test_a_lost_reply_leaves_an_order_that_can_be_found(caller: Caller, venue: RunningVenue) -> None:
    venue.faults([{"name": "lost", "on": "submit", "nth": 1, "do": [{"land": True}, {"reply": "never"}]}])
    with pytest.raises(TimeoutError):
        caller.place(0.5, newClientOrderId="lost")
    assert caller.call("GET", "order", symbol="BTCUSDT", origClientOrderId="lost").json["status"] == "NEW"
    assert venue.fired() == {"lost": 1}


def test_an_order_that_did_not_land_is_answered_as_unknown(caller: Caller, venue: RunningVenue) -> None:
    venue.faults([{"name": "no", "on": "submit", "nth": 1, "do": [{"land": False}]}])
    answer = caller.place(newClientOrderId="gone")
    assert (answer.status, answer.json["code"]) == (504, -1007)
    assert caller.call("GET", "order", symbol="BTCUSDT", origClientOrderId="gone").json["code"] == -2013


def test_an_order_that_lands_behind_its_window_is_refused(caller: Caller, venue: RunningVenue) -> None:
    """binance.md section 2: recvWindow is looked at again just before the matching engine."""
    venue.faults([{"name": "late", "on": "submit", "every": 1, "do": [{"land_after_s": 0.5}]}])
    assert caller.place(recvWindow=200).json["code"] == -1021
    assert caller.place(recvWindow=5000).status == 200


def test_resets_limits_bans_and_bodies_of_a_proxy_come_as_asked(caller: Caller, venue: RunningVenue) -> None:
    def fault(*effects: dict[str, Any]) -> None:
        venue.faults([{"name": "one", "on": "cancel", "nth": 1, "do": list(effects)}])

    def cancel() -> Any:
        return caller.call("DELETE", "order", symbol="BTCUSDT", orderId=1)

    fault({"reply": "reset"})
    with pytest.raises(ConnectionError):
        cancel()
    fault({"rate_limit": {"retry_after_s": 7}})
    limited = cancel()
    assert (limited.status, limited.json["code"], limited.headers["Retry-After"]) == (429, -1003, "7")
    fault({"reply": {"status": 502, "body": "<html>bad gateway</html>"}})
    bad = cancel()
    assert (bad.status, bad.raw) == (502, b"<html>bad gateway</html>")
    assert bad.headers["Content-Type"].startswith("text/html")
    fault({"reject": -1008})
    assert (busy := cancel()).status == 503
    assert busy.json["code"] == -1008
    fault({"ban_s": 0.3})
    assert cancel().status == 418
    eventually(lambda: cancel().status == 400)


def test_a_skewed_clock_is_told_and_refuses(caller: Caller, venue: RunningVenue) -> None:
    own = caller.send("GET", "/api/v3/time").json["serverTime"]
    venue.faults([{"name": "skew", "on": "venue", "at_s": 0, "do": [{"clock_skew_s": 30}]}])
    eventually(lambda: caller.send("GET", "/api/v3/time").json["serverTime"] > own + 20_000)
    eventually(lambda: caller.call("GET", "account").json.get("code") == -1021)
    caller.offset_ms = 30_000
    assert caller.call("GET", "account").status == 200


def test_limits_are_the_venues_own_unless_they_are_set() -> None:
    with running() as venue:
        venue.market("BTCUSDT", "50000", "50001")
        caller = Caller(venue)
        answers = (caller.place() for _ in range(600))  # fifty in ten seconds of the clock; a slow run has to begin a few times
        no = next(one for one in answers if one.status != 200)
        assert (no.status, no.json["code"]) == (429, -1015)
        assert 0 < int(no.headers["Retry-After"]) <= 10


def test_orders_are_what_they_were_behind_a_restart_of_the_process(tmp_path: Path) -> None:
    with running(ledger=str(tmp_path / "books")) as venue:
        venue.market("BTCUSDT", "50000", "50001")
        caller = Caller(venue)
        terms = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "newOrderRespType": "ACK"}
        take = caller.call("POST", "order", **terms, type="TAKE_PROFIT", stopPrice="70000", strategyId=9).json
        caller.call("POST", "order", **terms, type="STOP_LOSS", stopPrice="49000")
        caller.place(newClientOrderId="rests")
        before = caller.call("GET", "openOrders", symbol="BTCUSDT").json
        venue.kill()
    with running(ledger=str(tmp_path / "books")) as venue:
        caller = Caller(venue)
        assert caller.call("GET", "openOrders", symbol="BTCUSDT").json == before
        assert [row["type"] for row in before] == ["TAKE_PROFIT", "STOP_LOSS", "LIMIT"]
        venue.market("BTCUSDT", "70000", "70001")
        row = caller.call("GET", "order", symbol="BTCUSDT", orderId=take["orderId"]).json
        assert (row["status"], row["strategyId"], row["isWorking"]) == ("FILLED", 9, True)
        assert caller.place().json["orderId"] == 4


def test_rolling_tickers_need_a_symbol(caller: Caller) -> None:
    caller.call("POST", "order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    row = caller.send("GET", "/api/v3/ticker", "symbol=BTCUSDT&windowSize=1h").json
    assert (row["symbol"], row["lastPrice"]) == ("BTCUSDT", "50001.00000000")
    assert caller.send("GET", "/api/v3/ticker/tradingDay").json["code"] == -1102
