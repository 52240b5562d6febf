"""The decisive test: python-binance, unchanged but for its addresses, trades and listens on the simulated venue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient, BinanceSocketManager, ThreadedWebsocketManager
from binance.client import Client
from binance.exceptions import BinanceAPIException
from binance.ws.reconnecting_websocket import ReconnectingWebsocket
from simulator_kit import RunningVenue, running
from support import eventually

from autotrader.execution.adapters.binance.codec import (
    CodecSettings,
    OrderEventTold,
    decode_account,
    decode_exchange_info,
    decode_market_frame,
    decode_orders_facts,
    decode_trades,
    decode_user_frame,
)

WAIT_S = 10.0
SETTINGS = CodecSettings("acc")


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running() as one:
        yield one


@pytest.fixture(autouse=True)
def short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let its sockets close in a second on a quiet market: they wait for one more message, or for so long."""
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 1)


@pytest.fixture(autouse=True)
def market(venue: RunningVenue) -> Iterator[None]:
    """Begin each test with a market at 50000 by 50001 and no open orders."""
    venue.market("BTCUSDT", "50000", "50001", "5", "5")
    yield
    client = make_client(venue)
    for order in client.get_open_orders():
        client.cancel_order(symbol=order["symbol"], orderId=order["orderId"])
    client.close_connection()


def make_client(venue: RunningVenue, kind: str = "", **options: Any) -> Client:
    ready = venue.ready
    keys: dict[str, Any] = ready["credentials"][kind] if kind else ready["credentials"]

    class Local(Client):  # type: ignore[misc]
        API_URL = f"{ready['rest']}/api"
        MARGIN_API_URL = f"{ready['rest']}/sapi"
        WS_API_URL = ready["ws"]

    if kind:
        return Local(keys["api_key"], private_key=keys["private_key"], **options)
    return Local(keys["api_key"], keys["api_secret"], **options)


@asynccontextmanager
async def async_client(venue: RunningVenue, **options: Any) -> AsyncIterator[AsyncClient]:
    ready = venue.ready

    class Local(AsyncClient):  # type: ignore[misc]
        API_URL = f"{ready['rest']}/api"
        WS_API_URL = ready["ws"]

    client = await Local.create(ready["credentials"]["api_key"], ready["credentials"]["api_secret"], **options)
    try:
        yield client
    finally:
        await client.close_connection()


def socket_manager(venue: RunningVenue, client: AsyncClient) -> BinanceSocketManager:
    class Local(BinanceSocketManager):  # type: ignore[misc]
        STREAM_URL = f"{venue.ready['stream']}/"

    return Local(client)


async def until(socket: Any, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first message that holds."""
    async with asyncio.timeout(WAIT_S):
        while True:
            message = await socket.recv()
            if message and holds(message):
                return message  # type: ignore[no-any-return]


def run(act: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(act())  # type: ignore[arg-type]


# ------------------------------------------------------------ the sync client


def test_the_sync_client_places_queries_amends_and_cancels(venue: RunningVenue) -> None:
    client = make_client(venue)
    placed = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000", newClientOrderId="life-1")
    assert (placed["status"], placed["clientOrderId"], placed["fills"]) == ("NEW", "life-1", [])
    number = placed["orderId"]
    assert client.get_order(symbol="BTCUSDT", origClientOrderId="life-1")["orderId"] == number
    assert [row["orderId"] for row in client.get_open_orders(symbol="BTCUSDT")] == [number]
    changed = client._put(
        "order/amend/keepPriority", True,
        data={"symbol": "BTCUSDT", "orderId": number, "newQty": "0.006", "newClientOrderId": "life-1"},
    )  # fmt: skip
    assert (changed["amendedOrder"]["qty"], changed["amendedOrder"]["clientOrderId"]) == ("0.00600000", "life-1")
    gone = client.cancel_order(symbol="BTCUSDT", orderId=number)
    assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", "life-1")
    assert gone["clientOrderId"] != "life-1"
    row = client.get_order(symbol="BTCUSDT", orderId=number)
    assert (row["status"], row["origQty"], row["executedQty"]) == ("CANCELED", "0.00600000", "0.00000000")
    client.close_connection()


def test_a_market_order_fills_with_its_fee_in_what_is_received(venue: RunningVenue) -> None:
    client = make_client(venue)
    before = {one["asset"]: Decimal(one["free"]) for one in client.get_account()["balances"]}
    bought = client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
    assert (bought["status"], bought["executedQty"], bought["cummulativeQuoteQty"]) == ("FILLED", "0.01000000", "500.01000000")
    (fill,) = bought["fills"]
    assert (fill["price"], fill["commission"], fill["commissionAsset"]) == ("50001.00000000", "0.00001000", "BTC")
    sold = client.order_market_sell(symbol="BTCUSDT", quantity="0.005")
    assert (sold["fills"][0]["commission"], sold["fills"][0]["commissionAsset"]) == ("0.25000000", "USDT")
    after = {one["asset"]: Decimal(one["free"]) for one in client.get_account()["balances"]}
    assert after["BTC"] - before["BTC"] == Decimal("0.00999") - Decimal("0.005")
    assert after["USDT"] - before["USDT"] == Decimal("-500.01") + Decimal("249.75")
    rows = client.get_my_trades(symbol="BTCUSDT", orderId=bought["orderId"])
    assert [(row["id"], row["isBuyer"], row["isMaker"]) for row in rows] == [(fill["tradeId"], True, False)]
    client.close_connection()


def test_the_truth_has_what_the_client_was_told(venue: RunningVenue) -> None:
    client = make_client(venue)
    bought = client.order_market_buy(symbol="BTCUSDT", quantity="0.02", newClientOrderId="truth")
    ledger = venue.ledger()
    (order,) = [row for row in ledger["orders"] if row["client_order_id"] == "truth"]
    (fill,) = [row for row in ledger["fills"] if row["client_order_id"] == "truth"]
    assert (order["venue_order_id"], order["status"]) == (str(bought["orderId"]), "FILLED")
    assert (fill["trade_id"], fill["fee_asset"]) == (str(bought["fills"][0]["tradeId"]), "BTC")
    assert Decimal(fill["fee"]) == Decimal("0.00002")
    client.close_connection()


@pytest.mark.parametrize("kind", ["", "ed25519", "rsa"])
def test_every_kind_of_key_signs_reads_and_writes(venue: RunningVenue, kind: str) -> None:
    client = make_client(venue, kind)
    placed = client.order_limit_sell(symbol="BTCUSDT", quantity="0.01", price="60000")
    assert client.get_order(symbol="BTCUSDT", orderId=placed["orderId"])["side"] == "SELL"
    client.cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
    client.close_connection()


def test_stops_trigger_and_fill(venue: RunningVenue) -> None:
    client = make_client(venue)
    stop = client.create_order(
        symbol="BTCUSDT", side="SELL", type="STOP_LOSS_LIMIT", timeInForce="GTC", quantity="0.01", price="48000",
        stopPrice="49000", newOrderRespType="RESULT",
    )  # fmt: skip
    take = client.create_order(symbol="BTCUSDT", side="SELL", type="TAKE_PROFIT", quantity="0.01", stopPrice="51000")
    assert (stop["status"], stop["workingTime"], stop["stopPrice"]) == ("NEW", -1, "49000.00000000")
    assert set(take) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    venue.market("BTCUSDT", "51000", "51001")
    assert client.get_order(symbol="BTCUSDT", orderId=take["orderId"])["status"] == "FILLED"
    assert client.get_order(symbol="BTCUSDT", orderId=stop["orderId"])["isWorking"] is False
    venue.market("BTCUSDT", "49000", "49001")
    row = client.get_order(symbol="BTCUSDT", orderId=stop["orderId"])
    assert (row["status"], row["isWorking"], row["type"]) == ("FILLED", True, "STOP_LOSS_LIMIT")
    client.close_connection()


def test_cancel_replace_gives_both_halves_and_409_when_one_failed(venue: RunningVenue) -> None:
    client = make_client(venue)
    first = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "48000"}
    both = client.cancel_replace_order(**terms, cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=first["orderId"])
    assert (both["cancelResult"], both["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert both["cancelResponse"]["status"] == "CANCELED"
    with pytest.raises(BinanceAPIException) as half:
        client.cancel_replace_order(**terms, cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=first["orderId"])
    assert (half.value.status_code, half.value.code) == (409, -2021)
    data = half.value.response.json()["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == ("FAILURE", "SUCCESS")
    assert data["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
    with pytest.raises(BinanceAPIException) as none:
        client.cancel_replace_order(**terms, cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=first["orderId"])
    assert (none.value.status_code, none.value.code) == (400, -2022)
    assert none.value.response.json()["data"]["newOrderResult"] == "NOT_ATTEMPTED"
    client.close_connection()


@pytest.mark.parametrize(
    ("changes", "code", "msg"),
    [
        ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"price": "49000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({"price": "1000.00"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.0000000001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "1e-05"}, -1100, None),
        ({"symbol": "NOTHING"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"price": None}, -1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed."),
        ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
        ({"newClientOrderId": "a.b"}, -1100, None),
        ({"unknown": "1"}, -1104, None),
    ],
)
def test_orders_are_refused_with_the_venues_code(
    venue: RunningVenue, changes: dict[str, Any], code: int, msg: str | None
) -> None:
    client = make_client(venue)
    terms = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "49000.00",
    }  # fmt: skip
    with pytest.raises(BinanceAPIException) as refused:
        client.create_order(**{**terms, **changes})
    assert (refused.value.status_code, refused.value.code) == (400, code)
    assert msg is None or refused.value.message == msg
    client.close_connection()


def test_a_client_id_is_free_again_once_its_order_is_done(venue: RunningVenue) -> None:
    client = make_client(venue)
    first = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000", newClientOrderId="again")
    with pytest.raises(BinanceAPIException) as refused:
        client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000", newClientOrderId="again")
    assert (refused.value.code, refused.value.message) == (-2010, "Duplicate order sent.")
    client.cancel_order(symbol="BTCUSDT", origClientOrderId="again")
    second = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000", newClientOrderId="again")
    assert second["orderId"] == first["orderId"] + 1
    assert client.get_order(symbol="BTCUSDT", origClientOrderId="again")["orderId"] == second["orderId"]
    client.close_connection()


def test_public_data_and_the_rest_of_the_account_can_be_read(venue: RunningVenue) -> None:
    client = make_client(venue)
    client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
    client.get_server_time()
    assert client.get_orderbook_ticker(symbol="BTCUSDT")["bidPrice"] == "50000.00000000"
    assert client.get_order_book(symbol="BTCUSDT", limit=5)["asks"][1][0] == "50001.01000000"
    assert {row["symbol"] for row in client.get_all_tickers()} >= {"BTCUSDT", "ETHUSDT", "ETHBTC"}
    assert client.get_symbol_ticker(symbol="BTCUSDT")["price"] == "50001.00000000"
    assert client.get_recent_trades(symbol="BTCUSDT")[-1]["price"] == "50001.00000000"
    assert client.get_aggregate_trades(symbol="BTCUSDT", limit=1)[0]["p"] == "50001.00000000"
    assert client.get_klines(symbol="BTCUSDT", interval="1m")[-1][4] == "50001.00000000"
    assert client.get_ticker(symbol="BTCUSDT")["lastPrice"] == "50001.00000000"
    assert client.get_avg_price(symbol="BTCUSDT")["mins"] == 5
    assert client.get_account_api_permissions()["enableSpotAndMarginTrading"] is True
    assert client.get_all_orders(symbol="BTCUSDT", limit=1)[0]["status"] == "FILLED"
    assert client.create_test_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01") == {}
    assert client.get_asset_balance("BTC")["locked"] == "0.00000000"
    client.close_connection()


def test_times_come_in_microseconds_when_asked_for(venue: RunningVenue) -> None:
    client = make_client(venue, time_unit="MICROSECOND")
    assert client.get_server_time()["serverTime"] > 10**15
    placed = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000")
    assert placed["transactTime"] > 10**15
    client.close_connection()


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(venue: RunningVenue) -> None:
    client = make_client(venue)
    client.API_SECRET = "wrong"
    with pytest.raises(BinanceAPIException) as unsigned:
        client.get_account()
    assert (unsigned.value.status_code, unsigned.value.code) == (400, -1022)
    client.session.headers["X-MBX-APIKEY"] = "0" * 64
    with pytest.raises(BinanceAPIException) as unknown:
        client.get_account()
    assert (unknown.value.status_code, unknown.value.code) == (401, -2015)
    client.close_connection()


@pytest.mark.parametrize("offset_ms", [-20_000, 5_000])
def test_a_clock_that_is_off_is_refused(venue: RunningVenue, offset_ms: int) -> None:
    client = make_client(venue)
    client.timestamp_offset = offset_ms
    with pytest.raises(BinanceAPIException) as late:
        client.get_account()
    assert (late.value.status_code, late.value.code) == (400, -1021)
    client.close_connection()


def test_listen_keys_are_gone(venue: RunningVenue) -> None:
    client = make_client(venue)
    with pytest.raises(BinanceAPIException) as gone:
        client.stream_get_listen_key()
    assert gone.value.status_code == 410
    client.close_connection()


def test_limit_headers_count(venue: RunningVenue) -> None:
    client = make_client(venue)
    client.get_open_orders()
    used = int(client.response.headers["X-MBX-USED-WEIGHT-1M"])
    assert used >= 80
    client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000")
    assert int(client.response.headers["X-MBX-ORDER-COUNT-10S"]) >= 1
    assert int(client.response.headers["X-MBX-ORDER-COUNT-1D"]) >= 1
    client.close_connection()


def test_our_codec_reads_every_answer(venue: RunningVenue) -> None:
    client = make_client(venue)
    rules = decode_exchange_info(_text(client, client.get_exchange_info))
    assert rules.unreadable == {}
    assert rules.symbols["BTCUSDT"].is_trading
    decode_account(_text(client, client.get_account))
    client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000")
    assert len(decode_orders_facts(_text(client, lambda: client.get_open_orders(symbol="BTCUSDT")), SETTINGS)) == 1
    client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
    assert decode_trades(_text(client, lambda: client.get_my_trades(symbol="BTCUSDT")), SETTINGS)
    client.close_connection()


def _text(client: Client, ask: Callable[[], Any]) -> str:
    ask()
    return client.response.text  # type: ignore[no-any-return]


# ------------------------------------------------------------ the async client and its sockets


def test_the_async_client_trades_and_hears_its_orders(venue: RunningVenue) -> None:
    async def act() -> None:
        async with async_client(venue) as client, socket_manager(venue, client).user_socket() as socket:
            placed = await client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000", newClientOrderId="heard")
            new = await until(socket, lambda one: one["e"] == "executionReport")
            assert (new["x"], new["X"], new["c"], new["i"], new["C"]) == ("NEW", "NEW", "heard", placed["orderId"], "")
            locked = await until(socket, lambda one: one["e"] == "outboundAccountPosition")
            assert {row["a"]: row["l"] for row in locked["B"]}["USDT"] == "490.00000000"
            await client.cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
            gone = await until(socket, lambda one: one["e"] == "executionReport")
            assert (gone["x"], gone["X"], gone["C"]) == ("CANCELED", "CANCELED", "heard")
            bought = await client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
            trade = await until(socket, lambda one: one.get("x") == "TRADE")
            assert (trade["t"], trade["X"], trade["m"]) == (bought["fills"][0]["tradeId"], "FILLED", False)
            assert (trade["l"], trade["L"], trade["z"], trade["Z"]) == (
                "0.01000000", "50001.00000000", "0.01000000", "500.01000000",
            )  # fmt: skip

    run(act)


def test_a_maker_hears_partial_fills_in_order(venue: RunningVenue) -> None:
    async def act() -> None:
        async with async_client(venue) as client, socket_manager(venue, client).user_socket() as socket:
            await client.order_limit_sell(symbol="BTCUSDT", quantity="0.01", price="50500")
            for quantity in ("0.004", "0.006"):
                await asyncio.to_thread(venue.trade, "BTCUSDT", "50500", quantity)
            first = await until(socket, lambda one: one.get("x") == "TRADE")
            second = await until(socket, lambda one: one.get("x") == "TRADE")
            assert [(one["X"], one["l"], one["z"], one["m"]) for one in (first, second)] == [
                ("PARTIALLY_FILLED", "0.00400000", "0.00400000", True), ("FILLED", "0.00600000", "0.01000000", True),
            ]  # fmt: skip

    run(act)


def test_the_async_client_places_over_the_websocket_api(venue: RunningVenue) -> None:
    async def act() -> None:
        async with async_client(venue) as client:
            placed = await client.ws_create_order(
                symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="49000"
            )
            assert placed["status"] == "NEW"
            row = await client.ws_get_order(symbol="BTCUSDT", orderId=placed["orderId"])
            assert row["isWorking"] is True
            gone = await client.ws_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
            assert gone["status"] == "CANCELED"
            assert (await client.ws_get_time())["serverTime"] > 0
            assert (await client.ws_get_order_book(symbol="BTCUSDT"))["bids"]
            with pytest.raises(BinanceAPIException) as refused:
                await client.ws_cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
            assert refused.value.code == -2011

    run(act)


@pytest.mark.parametrize(
    ("open_socket", "holds"),
    [
        (lambda manager: manager.trade_socket("BTCUSDT"), lambda one: one["e"] == "trade" and one["p"] == "50001.00000000"),
        (lambda manager: manager.aggtrade_socket("BTCUSDT"), lambda one: one["e"] == "aggTrade" and one["f"] == one["l"]),
        (lambda manager: manager.kline_socket("BTCUSDT"), lambda one: one["k"]["i"] == "1m" and one["k"]["n"] > 0),
        (lambda manager: manager.symbol_book_ticker_socket("BTCUSDT"), lambda one: one["b"] == "50000.00000000"),
        (lambda manager: manager.depth_socket("BTCUSDT", depth="5"), lambda one: len(one["bids"]) == 5),
        (lambda manager: manager.depth_socket("BTCUSDT", interval=100), lambda one: one["e"] == "depthUpdate"),
        (lambda manager: manager.symbol_ticker_socket("BTCUSDT"), lambda one: one["e"] == "24hrTicker"),
        (lambda manager: manager.multiplex_socket(["btcusdt@trade"]), lambda one: one["stream"] == "btcusdt@trade"),
    ],
    ids=["trade", "aggTrade", "kline", "bookTicker", "depth5", "depth", "ticker", "combined"],
)
def test_market_streams_are_heard(venue: RunningVenue, open_socket: Any, holds: Any) -> None:
    async def act() -> None:
        async with async_client(venue) as client, open_socket(socket_manager(venue, client)) as socket:
            trading = asyncio.create_task(buy_on(client))
            try:
                await until(socket, holds)
            finally:
                trading.cancel()

    async def buy_on(client: AsyncClient) -> None:
        for _ in range(100):
            await client.order_market_buy(symbol="BTCUSDT", quantity="0.001")
            await asyncio.sleep(0.1)

    run(act)


def test_the_threaded_manager_hears_orders_and_trades(venue: RunningVenue) -> None:
    ready, heard = venue.ready, []
    old = AsyncClient.API_URL, AsyncClient.WS_API_URL, BinanceSocketManager.STREAM_URL
    AsyncClient.API_URL, AsyncClient.WS_API_URL = f"{ready['rest']}/api", ready["ws"]
    BinanceSocketManager.STREAM_URL = f"{ready['stream']}/"
    manager = ThreadedWebsocketManager(ready["credentials"]["api_key"], ready["credentials"]["api_secret"])
    try:
        manager.start()
        manager.start_user_socket(callback=heard.append)
        manager.start_trade_socket(callback=heard.append, symbol="BTCUSDT")
        client = make_client(venue)

        def both() -> bool:
            client.order_market_buy(symbol="BTCUSDT", quantity="0.001")
            return {"executionReport", "trade"} <= {one.get("e") for one in list(heard)}

        eventually(both, WAIT_S)
        client.close_connection()
    finally:
        manager.stop()
        manager.join(WAIT_S)
        AsyncClient.API_URL, AsyncClient.WS_API_URL, BinanceSocketManager.STREAM_URL = old
    assert not any(thread is manager for thread in threading.enumerate())


def test_our_codec_reads_every_frame(venue: RunningVenue) -> None:
    """The raw frames, as the adapter's own reader gets them."""
    import websocket

    client = make_client(venue)
    user = websocket.create_connection(ready_ws(venue), timeout=WAIT_S)
    signed = client._sign_ws_params({}, client._generate_ws_api_signature)
    user.send(_json({"id": "1", "method": "userDataStream.subscribe.signature", "params": signed}))
    decode_user_frame(user.recv(), SETTINGS, 1)
    names = ["btcusdt@trade", "btcusdt@bookTicker", "btcusdt@kline_1m"]
    market = websocket.create_connection(f"{venue.ready['stream']}/stream?streams={'/'.join(names)}", timeout=WAIT_S)
    placed = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="49000")
    client.cancel_order(symbol="BTCUSDT", orderId=placed["orderId"])
    client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
    told = [decode_user_frame(user.recv(), SETTINGS, 1) for _ in range(7)]
    kinds = [one.report.execution for one in told if isinstance(one, OrderEventTold)]
    assert kinds == ["NEW", "CANCELED", "NEW", "TRADE"]
    assert all(decode_market_frame(market.recv(), "binance", 1) is not None for _ in range(3))
    user.close()
    market.close()
    client.close_connection()


def ready_ws(venue: RunningVenue) -> str:
    return str(venue.ready["ws"])


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
