"""Answers to reads: open orders, trades, balances, rights, fees, counts, the clock (binance.md sections 1 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from binance_kit import NOW, OWN, SETTINGS, D, query_answer, raw

from autotrader.execution.adapters.binance.codec import (
    CodecSettings,
    FeeRates,
    KeyRights,
    RateRule,
    UnreadableFrame,
    account_info,
    decode_account,
    decode_api_restrictions,
    decode_commission,
    decode_open_orders,
    decode_order_facts,
    decode_quote,
    decode_server_time,
    decode_trades,
    decode_unfilled_counts,
)
from autotrader.messages import UsageReported
from autotrader.model import (
    AccountInfo,
    Balance,
    Fill,
    Liquidity,
    Mode,
    OrderState,
    OrderType,
    OrderUpdate,
    Quote,
    Side,
    TimeInForce,
)

TRADE = {
    "symbol": "BNBBTC", "id": 28457, "orderId": 100234, "orderListId": -1, "price": "4.00000100", "qty": "12.00000000",
    "quoteQty": "48.000012", "commission": "10.10000000", "commissionAsset": "BNB", "time": 1499865549590, "isBuyer": True,
    "isMaker": False, "isBestMatch": True,
}
ACCOUNT = {
    "makerCommission": 15, "takerCommission": 15, "buyerCommission": 0, "sellerCommission": 0,
    "commissionRates": {"maker": "0.00150000", "taker": "0.00150000", "buyer": "0.00000000", "seller": "0.00000000"},
    "canTrade": True, "canWithdraw": True, "canDeposit": True, "brokered": False, "requireSelfTradePrevention": False,
    "preventSor": False, "updateTime": 123456789, "accountType": "SPOT",
    "balances": [
        {"asset": "BTC", "free": "4723846.89208129", "locked": "0.00000000"},
        {"asset": "LTC", "free": "4763368.68006011", "locked": "1.50000000"},
    ],
    "permissions": ["SPOT"], "uid": 354937868,
}
RIGHTS = {
    "ipRestrict": True, "createTime": 1698645219000, "enableReading": True, "enableWithdrawals": False,
    "enableInternalTransfer": False, "enableMargin": False, "enableFutures": False, "permitsUniversalTransfer": False,
    "enableVanillaOptions": False, "enableFixApiTrade": False, "enableSpotAndMarginTrading": True,
}
COMMISSION = {
    "symbol": "BTCUSDT",
    "standardCommission": {"maker": "0.00000010", "taker": "0.00000020", "buyer": "0.00000030", "seller": "0.00000040"},
    "discount": {"enabledForAccount": True, "enabledForSymbol": True, "discountAsset": "BNB", "discount": "0.75000000"},
}
TOP = {"symbol": "LTCBTC", "bidPrice": "4.00000000", "bidQty": "431.00000000", "askPrice": "4.00000200", "askQty": "9.00000000"}
COUNTS = [
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50, "count": 3},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000, "count": 9},
]


def test_open_orders_are_rows_of_a_snapshot() -> None:
    (row,) = decode_open_orders(raw([query_answer(executedQty="0.00040000", cummulativeQuoteQty="20.0",
        status="PARTIALLY_FILLED")]), SETTINGS)
    assert row == OrderUpdate(
        OWN, "28", "binance", "acc", "BTCUSDT", Side.BUY, OrderType.LIMIT, TimeInForce.GTC, D("0.001"), D("50000.10"), None,
        OrderState.PARTIALLY_FILLED, D("0.0004"), D(50000), None, None, "", 1_499_827_319_559_000_000,
        1_499_827_319_560_000_000,
    )


def test_no_open_orders_are_no_rows() -> None:
    assert decode_open_orders(b"[]", SETTINGS) == ()


def test_a_waiting_stop_is_held_and_shows_its_trigger() -> None:
    waiting = query_answer(type="STOP_LOSS_LIMIT", stopPrice="51000.00000000", isWorking=False)
    del waiting["workingTime"]
    (row,) = decode_open_orders(raw([waiting]), SETTINGS)
    assert (row.type, row.stop_price, row.held, row.state) == (OrderType.STOP_LIMIT, D(51000), True, OrderState.OPEN)


def test_a_trailing_stop_is_known_by_its_delta() -> None:
    (row,) = decode_open_orders(raw([query_answer(type="STOP_LOSS", trailingDelta=50, trailingTime=-1, workingTime=-1)]),
        SETTINGS)
    assert (row.type, row.held) == (OrderType.TRAILING_STOP, True)


def test_what_self_trade_prevention_took_off_is_not_open_any_more() -> None:
    (row,) = decode_open_orders(raw([query_answer(preventedMatchId=0, preventedQuantity="0.00040000")]), SETTINGS)
    assert row.quantity == D("0.0006")


def test_an_order_that_self_trade_prevention_ended_keeps_the_quantity_it_was_placed_with() -> None:
    answer = query_answer(status="EXPIRED_IN_MATCH", preventedMatchId=0, preventedQuantity="0.00100000")
    assert decode_order_facts(raw(answer), SETTINGS).quantity == D("0.001")


def test_an_order_that_replaced_another_is_ours_by_its_mark() -> None:
    knowing = CodecSettings("acc", carried={("BTCUSDT", 28): D("0.0005")})
    (row,) = decode_open_orders(raw([query_answer(clientOrderId=f"{OWN}-00s")]), knowing)
    assert (row.client_order_id, row.quantity, row.filled_quantity) == (OWN, D("0.0015"), D("0.0005"))


def test_the_words_of_an_ended_order() -> None:
    facts = decode_order_facts(raw(query_answer(status="EXPIRED", expiryReason="INSUFFICIENT_LIQUIDITY")), SETTINGS)
    assert (facts.state, facts.reason) == (OrderState.EXPIRED, "INSUFFICIENT_LIQUIDITY")


@pytest.mark.parametrize(
    ("status", "executed", "state"),
    [
        ("NEW", "0.0", OrderState.OPEN), ("PENDING_NEW", "0.0", OrderState.OPEN), ("PENDING_CANCEL", "0.0", OrderState.OPEN),
        ("PARTIALLY_FILLED", "0.0001", OrderState.PARTIALLY_FILLED), ("NEW", "0.0001", OrderState.PARTIALLY_FILLED),
        ("FILLED", "0.001", OrderState.FILLED), ("CANCELED", "0.0001", OrderState.CANCELED),
        ("REJECTED", "0.0", OrderState.REJECTED), ("EXPIRED", "0.0", OrderState.EXPIRED),
        ("EXPIRED_IN_MATCH", "0.0", OrderState.EXPIRED),
    ],
)
def test_every_status_of_the_sheet_has_its_state(status: str, executed: str, state: OrderState) -> None:
    assert decode_order_facts(raw(query_answer(status=status, executedQty=executed)), SETTINGS).state is state


def test_trades_are_fills_whose_order_is_known_by_the_venues_id() -> None:
    (fill,) = decode_trades(raw([TRADE]), SETTINGS)
    assert fill == Fill(
        "28457", "", "100234", "binance", "acc", "BNBBTC", Side.BUY, D("4.000001"), D(12), D("10.1"), "BNB", Liquidity.TAKER,
        1_499_865_549_590_000_000,
    )


def test_trades_get_the_client_ids_that_the_caller_knows() -> None:
    (fill,) = decode_trades(raw([{**TRADE, "isBuyer": False, "isMaker": True}]), SETTINGS, {100234: f"{OWN}-abc"})
    assert (fill.client_order_id, fill.side, fill.liquidity) == (OWN, Side.SELL, Liquidity.MAKER)


def test_balances_and_rights_of_the_account() -> None:
    state = decode_account(raw(ACCOUNT))
    assert (state.uid, state.can_trade, state.can_withdraw, state.account_type) == ("354937868", True, True, "SPOT")
    assert state.balances == (
        Balance("BTC", D("4723846.89208129"), D("4723846.89208129")),
        Balance("LTC", D("4763370.18006011"), D("4763368.68006011")),
    )
    assert state.updated_ns == 123_456_789_000_000


def test_the_rights_of_the_key_go_before_those_of_the_account() -> None:
    state, rights = decode_account(raw(ACCOUNT)), decode_api_restrictions(raw(RIGHTS))
    assert rights == KeyRights(True, True, False, True)
    assert account_info(state, SETTINGS, Mode.LIVE, rights) == AccountInfo("binance", "354937868", Mode.LIVE, True, False)
    assert account_info(state, SETTINGS, Mode.TESTNET) == AccountInfo("binance", "354937868", Mode.TESTNET, True, True)


def test_a_key_that_may_not_trade_does_not_trade() -> None:
    state = decode_account(raw(ACCOUNT))
    reading = decode_api_restrictions(raw({**RIGHTS, "enableSpotAndMarginTrading": False}))
    assert not account_info(state, SETTINGS, Mode.LIVE, reading).can_trade


def test_an_account_without_a_uid_goes_by_the_configured_name() -> None:
    nameless = {name: value for name, value in ACCOUNT.items() if name != "uid"}
    assert account_info(decode_account(raw(nameless)), SETTINGS, Mode.LIVE).account == "acc"


def test_fee_rates() -> None:
    assert decode_commission(raw(COMMISSION)) == FeeRates("BTCUSDT", D("0.0000001"), D("0.0000002"))


def test_the_clock() -> None:
    assert decode_server_time(b'{"serverTime":1499827319559}') == 1_499_827_319_559_000_000
    assert decode_server_time(b'{"serverTime":1499827319559123}') == 1_499_827_319_559_123_000


def test_counts_of_unfilled_orders() -> None:
    assert decode_unfilled_counts(raw(COUNTS), "binance") == (
        (RateRule("ORDERS_10S", 50, 10), UsageReported("binance", "ORDERS_10S", 3)),
        (RateRule("ORDERS_1D", 160000, 86400), UsageReported("binance", "ORDERS_1D", 9)),
    )


def test_the_top_of_the_book_by_rest() -> None:
    assert decode_quote(raw(TOP), "binance", NOW) == Quote("binance", "LTCBTC", D(4), D("4.000002"), D(431), D(9), NOW)


READERS: list[tuple[Callable[[bytes], Any], Any]] = [
    (lambda body: decode_open_orders(body, SETTINGS), [query_answer()]), (lambda body: decode_trades(body, SETTINGS), [TRADE]),
    (lambda body: decode_order_facts(body, SETTINGS), query_answer()), (decode_account, ACCOUNT),
    (decode_api_restrictions, RIGHTS), (decode_commission, COMMISSION), (decode_server_time, {"serverTime": 1}),
    (lambda body: decode_unfilled_counts(body, "binance"), COUNTS), (lambda body: decode_quote(body, "binance", NOW), TOP),
]


@pytest.mark.parametrize(("reader", "good"), READERS)
def test_every_read_takes_fields_that_are_not_known(reader: Callable[[bytes], Any], good: Any) -> None:
    more = [{**row, "new": {"x": [1]}} for row in good] if isinstance(good, list) else {**good, "new": {"x": [1]}}
    assert reader(raw(more)) == reader(raw(good))


@pytest.mark.parametrize(("reader", "good"), READERS)
def test_every_read_that_is_cut_or_garbage_is_unreadable(reader: Callable[[bytes], Any], good: Any) -> None:
    body = raw(good)
    for bad in (b"", body[:-1], body[: len(body) // 2], b"<html>", b"\xff", b"null", b"7", b"[" * 100_000):
        with pytest.raises(UnreadableFrame) as error:
            reader(bad)
        assert error.value.raw == bad


@pytest.mark.parametrize("bad", [{"price": "NaN"}, {"qty": "0.0"}, {"commission": 1.0}, {"isBuyer": "yes"}, {"id": "1"},
    {"time": None}])
def test_a_trade_that_cannot_be_costs_the_whole_list(bad: dict[str, Any]) -> None:
    with pytest.raises(UnreadableFrame, match="myTrades"):
        decode_trades(raw([TRADE, {**TRADE, **bad}]), SETTINGS)


@pytest.mark.parametrize(
    "bad", [{"executedQty": "-1"}, {"origQty": None}, {"status": "ODD"}, {"side": None}, {"price": "1e5"},
        {"preventedQuantity": "x"}],
)
def test_an_order_that_cannot_be_costs_the_whole_list(bad: dict[str, Any]) -> None:
    with pytest.raises(UnreadableFrame, match="openOrders"):
        decode_open_orders(raw([query_answer(), query_answer(**bad)]), SETTINGS)
