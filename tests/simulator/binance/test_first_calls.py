"""What clients ask before they trade and beside it: the wallet's API, windows of statistics, and what is not offered."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulator_kit import RunningVenue, running

sys.path.insert(0, str(Path(__file__).parent))

from wire import Answered, Caller, UserSocket, dial  # noqa: E402


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running(limit="orders_10s=100000") as one:
        one.market("BTCUSDT", "50000", "50001")
        one.trade("BTCUSDT", "50000", "0.5", "SELL")
        yield one


@pytest.fixture
def caller(venue: RunningVenue) -> Caller:
    return Caller(venue)


def wallet(caller: Caller, method: str, path: str, **params: Any) -> Answered:
    text = caller.signed(params)
    query, body = (text, "") if method == "GET" else ("", text)
    return caller.send(method, f"/sapi/{path}", query, body)


def test_the_coins_are_listed_with_what_is_there(caller: Caller) -> None:
    coins = {row["coin"]: row for row in wallet(caller, "GET", "v1/capital/config/getall").json}
    assert coins["BTC"]["free"] == "100.00000000"
    assert coins["USDT"]["networkList"] == []
    assert not coins["USDT"]["withdrawAllEnable"]
    assert wallet(caller, "POST", "v3/asset/getUserAsset", asset="ETH").json[0]["free"] == "100.00000000"


def test_the_coins_are_told_to_the_account_only(caller: Caller) -> None:
    assert caller.send("GET", "/sapi/v1/capital/config/getall").json["code"] == -1102
    assert caller.send("GET", "/sapi/v1/asset/tradeFee", **{"X-MBX-APIKEY": "x" * 64}).json["code"] == -2015


def test_margin_has_no_pairs_and_the_funding_wallet_is_empty(caller: Caller) -> None:
    assert wallet(caller, "GET", "v1/margin/allPairs").json == []
    assert wallet(caller, "GET", "v1/margin/isolated/allPairs").json == []
    assert wallet(caller, "POST", "v1/asset/get-funding-asset").json == []


def test_no_futures_are_listed(caller: Caller) -> None:
    for path in ("/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo"):
        assert caller.send("GET", path).json["symbols"] == []


def test_fees_are_told_for_one_symbol_or_all(caller: Caller) -> None:
    assert wallet(caller, "GET", "v1/asset/tradeFee", symbol="ETHUSDT").json == [
        {"symbol": "ETHUSDT", "makerCommission": "0.001", "takerCommission": "0.001"}
    ]
    assert len(wallet(caller, "GET", "v1/asset/tradeFee").json) == 5


def test_the_state_of_the_system_is_open_to_anybody(caller: Caller) -> None:
    assert caller.send("GET", "/sapi/v1/system/status").json == {"status": 0, "msg": "normal"}
    assert wallet(caller, "GET", "v1/account/status").json == {"data": "Normal"}
    assert wallet(caller, "GET", "v1/account/apiTradingStatus").json["data"]["isLocked"] is False


def test_a_rolling_window_is_as_long_as_it_is_asked_for(caller: Caller) -> None:
    row = caller.send("GET", "/api/v3/ticker", "symbol=BTCUSDT&windowSize=4h").json
    assert row["closeTime"] - row["openTime"] == 4 * 3_600_000
    assert (row["volume"], row["lastPrice"], "bidPrice" in row) == ("0.50000000", "50000.00000000", False)
    assert caller.send("GET", "/api/v3/ticker", "symbol=BTCUSDT&windowSize=60m").json["code"] == -1102


def test_the_trading_day_begins_at_midnight_of_its_zone(caller: Caller) -> None:
    for zone, ahead_ms in (("0", 0), ("%2B05:45", 20_700_000), ("-3", -10_800_000)):
        row = caller.send("GET", "/api/v3/ticker/tradingDay", f"symbol=BTCUSDT&timeZone={zone}").json
        assert (row["openTime"] + 1 + ahead_ms) % 86_400_000 in (0, 1)
    assert caller.send("GET", "/api/v3/ticker/tradingDay", "symbol=BTCUSDT&timeZone=15").json["code"] == -1102


def test_daily_bars_begin_at_midnight_of_the_zone_asked_for(caller: Caller) -> None:
    bars = caller.send("GET", "/api/v3/klines", "symbol=BTCUSDT&interval=1d&timeZone=%2B08:00").json
    assert bars[-1][0] % 86_400_000 == 16 * 3_600_000
    assert bars[-1][6] == bars[-1][0] + 86_400_000 - 1


def test_what_no_symbol_has_is_said(caller: Caller) -> None:
    assert caller.send("GET", "/api/v3/executionRules", "symbol=BTCUSDT").json == {"symbolRules": []}
    assert caller.send("GET", "/api/v3/historicalBlockTrades", "symbol=BTCUSDT&fromId=1").json == []
    assert caller.call("GET", "myAllocations", symbol="BTCUSDT").json == []
    for path in ("referencePrice", "referencePrice/calculation"):
        answer = caller.send("GET", f"/api/v3/{path}", "symbol=BTCUSDT")
        assert (answer.status, answer.json["code"]) == (400, -2043)


def test_a_public_request_may_name_a_key_on_the_websocket_api(venue: RunningVenue) -> None:
    with UserSocket(venue) as socket:
        answer = socket.ask("trades.historical", symbol="BTCUSDT", apiKey=venue.credentials["api_key"], limit=1)
        assert (answer["status"], answer["result"][0]["price"]) == (200, "50000.00000000")
        assert socket.ask("executionRules")["result"] == {"symbolRules": []}
        assert socket.ask("referencePrice", symbol="BTCUSDT")["error"]["code"] == -2043


def test_a_wish_for_no_limits_is_signed_like_any_parameter(venue: RunningVenue) -> None:
    with UserSocket(venue) as socket:
        answer = socket.ask_signed("account.status", returnRateLimits="false")
        assert (answer["status"], "rateLimits" in answer) == (200, False)
        answer = socket.ask_signed("userDataStream.subscribe.signature", returnRateLimits="false")
        assert (answer["status"], "rateLimits" in answer) == (200, False)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("btcusdt@ticker_1h", "1hTicker"), ("btcusdt@ticker_4h", "4hTicker"), ("btcusdt@kline_1d@+08:00", "kline")],
)
def test_streams_of_windows_and_zones_speak(venue: RunningVenue, name: str, kind: str) -> None:
    socket = dial(f"{venue.ready['stream']}/ws/{name}")
    told = json.loads(socket.recv())
    socket.close()
    assert (told["e"], told["s"]) == (kind, "BTCUSDT")
    if kind == "kline":
        assert (told["k"]["i"], told["k"]["t"] % 86_400_000) == ("1d", 16 * 3_600_000)
    else:
        assert told["C"] - told["O"] == int(kind[0]) * 3_600_000


def test_the_windows_of_all_symbols_come_as_a_list(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/ws/!ticker_1d@arr")
    told = json.loads(socket.recv())
    socket.close()
    assert {row["s"] for row in told} == set(venue.ready["symbols"])
    assert {row["e"] for row in told} == {"1dTicker"}
