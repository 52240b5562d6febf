import asyncio
from typing import Any

import pytest
from echo_venue import Echo, served

MARKET = {"symbol": "BTCUSDT", "bid": "100", "ask": "101", "bid_size": "1", "ask_size": "1"}


def run(test: Any) -> None:
    async def main() -> None:
        async with served() as echo:
            await test(echo)

    asyncio.run(main())


def test_the_ledger_has_the_form_that_others_program_against() -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "market", MARKET)
        await echo.order("a", quantity="2")
        status, ledger = await echo.admin("GET", "ledger")
        assert status == 200
        assert list(ledger) == ["orders", "fills", "balances", "positions", "requests"]
        assert [list(ledger["orders"][0]), list(ledger["fills"][0])] == [
            ["venue_order_id", "client_order_id", "symbol", "side", "type", "quantity", "price", "status", "filled_quantity",
             "created_ns"],
            ["trade_id", "venue_order_id", "client_order_id", "symbol", "side", "price", "quantity", "fee", "fee_asset",
             "ts_ns"],
        ]  # fmt: skip
        order, fills = ledger["orders"][0], ledger["fills"]
        assert (order["status"], order["price"], order["filled_quantity"]) == ("FILLED", None, "2.00000")
        assert [(one["price"], one["quantity"]) for one in fills] == [("101", "1.00000"), ("101.01", "1.00000")]
        assert ledger["requests"] == {"submit": 1, "cancel": 0, "amend": 0, "query": 0, "other": 0}

    run(test)


def test_faults_are_set_shown_replaced_and_taken_away() -> None:
    async def test(echo: Echo) -> None:
        rule = {"name": "no", "on": "submit", "every": 1, "do": [{"reject": "NO"}]}
        assert await echo.admin("POST", "faults", {"seed": 1, "rules": [rule]}) == (
            200, {"rules": [{"name": "no", "on": "submit", "fired": 0}]},
        )  # fmt: skip
        assert (await echo.order())[0] == 400
        assert (await echo.admin("GET", "faults"))[1]["rules"][0]["fired"] == 1
        await echo.admin("POST", "faults", {"rules": [{**rule, "name": "other"}]})
        assert [one["name"] for one in (await echo.admin("GET", "faults"))[1]["rules"]] == ["other"]
        assert await echo.admin("DELETE", "faults") == (200, {"rules": []})
        assert (await echo.order())[0] == 200

    run(test)


def test_a_script_may_be_toml() -> None:
    async def test(echo: Echo) -> None:
        text = b'[[rules]]\non = "submit"\nprobability = 0.5\ndo = [{reject = "X"}]\n'
        headers = {"Content-Type": "application/toml"}
        async with echo.session.post(f"{echo.ready['admin']}/_sim/faults", data=text, headers=headers) as response:
            assert response.status == 200
        assert (await echo.admin("GET", "faults"))[1]["rules"][0]["name"] == "rule-1"

    run(test)


def test_the_market_is_set_and_stands() -> None:
    async def test(echo: Echo) -> None:
        status, told = await echo.admin("POST", "market", {"symbol": "BTCUSDT", "bid": "99.50", "ask": 100})
        assert (status, told["bid"], told["ask"], told["bid_size"]) == (200, "99.50", "100", "10.00000")
        quote = echo.venue.quotes["BTCUSDT"]
        assert (f"{quote.bid:f}", f"{quote.ask:f}") == ("99.50", "100")

    run(test)


def test_setting_the_market_fills_what_it_reaches() -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "market", MARKET)
        await echo.order("a", "100.50")
        await echo.admin("POST", "market", {**MARKET, "ask": "100.20"})
        assert (await echo.admin("GET", "ledger"))[1]["fills"][0]["price"] == "100.50"

    run(test)


@pytest.mark.parametrize(("side", "price"), [("BUY", "100"), ("SELL", "101")])
def test_a_trade_fills_our_resting_orders_at_its_price(side: str, price: str) -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "market", {**MARKET, "bid_size": "5", "ask_size": "5"})
        await echo.order("a", price, side=side, quantity="1")
        status, told = await echo.admin("POST", "trade", {"symbol": "BTCUSDT", "price": price, "quantity": "0.4"})
        assert (status, [one["quantity"] for one in told["filled"]]) == (200, ["0.4"])
        order = (await echo.admin("GET", "ledger"))[1]["orders"][0]
        assert (order["status"], order["filled_quantity"]) == ("PARTIALLY_FILLED", "0.4")

    run(test)


def test_a_trade_away_from_our_orders_fills_nothing() -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "market", MARKET)
        await echo.order("a", "90")
        told = (await echo.admin("POST", "trade", {"symbol": "BTCUSDT", "price": "91", "quantity": "1", "side": "SELL"}))[1]
        assert told["filled"] == []

    run(test)


def test_a_step_moves_the_standing_market() -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "market", MARKET)
        before = echo.venue.quotes["BTCUSDT"]
        assert await echo.admin("POST", "step", {"seconds": 3}) == (
            200, {"seconds": 3.0, "symbols": ["BTCUSDT", "ETHUSDT"]},
        )  # fmt: skip
        assert echo.venue.quotes["BTCUSDT"] != before

    run(test)


def test_an_order_is_placed_by_hand() -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "market", MARKET)
        body = {"symbol": "BTCUSDT", "side": "buy", "quantity": "1", "price": "90"}
        status, order = await echo.admin("POST", "order", body)
        assert status == 200
        assert (order["venue_order_id"], order["status"], order["type"]) == ("1", "OPEN", "LIMIT")
        assert order["client_order_id"].startswith("hand")
        assert (await echo.admin("GET", "ledger"))[1]["orders"] == [order]
        own = await echo.admin("POST", "order", {**body, "client_order_id": "mine", "type": "MARKET", "price": None})
        assert (own[1]["client_order_id"], own[1]["status"]) == ("mine", "FILLED")
        assert (await echo.admin("GET", "ledger"))[1]["requests"]["submit"] == 0

    run(test)


def test_an_order_is_cancelled_by_hand() -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "market", MARKET)
        await echo.order("a", "90")
        status, order = await echo.admin("POST", "cancel", {"client_order_id": "a"})
        assert (status, order["client_order_id"], order["status"]) == (200, "a", "CANCELED")
        assert (await echo.admin("GET", "ledger"))[1]["orders"] == [order]
        assert (await echo.admin("GET", "ledger"))[1]["requests"]["cancel"] == 0
        status, told = await echo.admin("POST", "cancel", {"client_order_id": "a"})
        assert (status, told["error"].partition(":")[0]) == (400, "the order is not cancelled")

    run(test)


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("market", b"{", "the body cannot be read"),
        ("market", [], "the body must be an object"),
        ("market", {**MARKET, "price": "1"}, "price: there is no such field"),
        ("market", {**MARKET, "symbol": "X"}, "symbol: 'X' is not listed here; there are BTCUSDT, ETHUSDT"),
        ("market", {**MARKET, "bid": None}, "bid must be"),
        ("market", {**MARKET, "bid": "high"}, "bid must be a number"),
        ("market", {**MARKET, "bid": "0"}, "bid must be above zero"),
        ("market", {**MARKET, "bid": "1.005"}, "bid: 1.005 is not a multiple of 0.01"),
        ("market", {**MARKET, "bid": "102"}, "bid: 102 is not below ask 101"),
        ("market", {**MARKET, "ask_size": "-1"}, "ask_size must be above zero"),
        ("trade", {"symbol": "BTCUSDT", "price": "1"}, "quantity must be"),
        ("trade", {"symbol": "BTCUSDT", "price": "1", "quantity": "1", "side": "UP"}, "side must be one of BUY, SELL"),
        ("step", {}, "seconds must be"),
        ("step", {"seconds": 0}, "seconds must be above zero"),
        ("step", {"seconds": 1e9}, "seconds must be at most 3600"),
        ("order", {"symbol": "BTCUSDT", "side": "BUY"}, "quantity must be"),
        ("order", {"symbol": "BTCUSDT", "quantity": "1"}, "side must be one of"),
        ("order", {"symbol": "BTCUSDT", "side": "BUY", "quantity": "1", "type": "X"}, "type must be one of MARKET"),
        ("order", {"symbol": "BTCUSDT", "side": "BUY", "quantity": "1", "type": "TRAILING_STOP"}, "type: a TRAILING_STOP"),
        ("order", {"symbol": "BTCUSDT", "side": "BUY", "quantity": "1", "post_only": 1}, "post_only must be true or false"),
        ("order", {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.0000001"}, "the order is rejected: LOT_SIZE"),
        ("cancel", {"client_order_id": "nobody"}, "client_order_id: no order is known as 'nobody'"),
        ("cancel", {}, "client_order_id must be a text"),
        ("faults", {"rules": [{"on": "submit", "nth": 1, "do": [{"explode": 1}]}]}, "rule 1: do: there is no effect explode"),
        ("faults", {"rules": [{"on": "submit", "do": [{"reply": "never"}]}]}, "rule 1: one of nth"),
    ],
)
def test_bad_input_is_refused_by_field(path: str, body: Any, error: str) -> None:
    async def test(echo: Echo) -> None:
        status, told = await echo.admin("POST", path, body)
        assert status == 400
        assert error in told["error"]

    run(test)


def test_a_bad_script_leaves_the_running_one() -> None:
    async def test(echo: Echo) -> None:
        await echo.admin("POST", "faults", {"rules": [{"on": "submit", "nth": 1, "do": [{"reject": "X"}]}]})
        await echo.admin("POST", "faults", {"rules": [{}]})
        assert len((await echo.admin("GET", "faults"))[1]["rules"]) == 1

    run(test)
