"""Answers to reads and market frames in the shapes others recorded, and what each must mean."""

from __future__ import annotations

import pytest
from binance_kit import NOW, SETTINGS, D
from binance_payloads import ACCOUNTS, EXCHANGE_INFOS, KEY_RIGHTS, MARKET_FRAMES, MY_FILTERS, OTHER_READS, TRADES

from autotrader.execution.adapters.binance import codec
from autotrader.execution.adapters.binance.codec import (
    Bar,
    KeyRights,
    MarketTrade,
    Subscribed,
    TopTold,
    UnknownEvent,
    UnreadableFrame,
    VenueClosing,
)
from autotrader.model import Liquidity, Side

COUNTS = {"trades": 2, "trades of 2018": 1, "trades none": 0}


@pytest.mark.parametrize("name", TRADES)
def test_trades(name: str) -> None:
    assert len(codec.decode_trades(TRADES[name], SETTINGS)) == COUNTS[name]


def test_both_sides_of_a_trade() -> None:
    bought, sold = codec.decode_trades(TRADES["trades"], SETTINGS, {100234: "mine"})
    assert (bought.side, bought.liquidity, bought.client_order_id) == (Side.BUY, Liquidity.TAKER, "mine")
    assert (sold.side, sold.liquidity, sold.fee) == (Side.SELL, Liquidity.MAKER, D("-0.00001"))


@pytest.mark.parametrize("name", ACCOUNTS)
def test_accounts(name: str) -> None:
    state = codec.decode_account(ACCOUNTS[name])
    assert state.can_trade
    assert state.uid == ("" if name == "account of 2021" else "354937868")
    assert [row.asset for row in state.balances] == ([] if name.endswith("without balances") else ["BTC", "LDBTC"])


def test_what_is_locked_counts_in_the_total_and_is_not_free() -> None:
    saving = codec.decode_account(ACCOUNTS["account"]).balances[1]
    assert (saving.total, saving.free) == (D("0.01"), 0)


def test_rights_of_keys() -> None:
    assert codec.decode_api_restrictions(KEY_RIGHTS["rights"]) == KeyRights(True, False, False, False, True, 0)
    ends = codec.decode_api_restrictions(KEY_RIGHTS["rights that end"])
    assert ends == KeyRights(True, True, False, False, False, 1_628_985_600_000_000_000)


@pytest.mark.parametrize("right", [b"enableReading", b"enableWithdrawals", b"enableSpotAndMarginTrading"])
def test_a_right_that_is_not_named_is_not_guessed(right: bytes) -> None:
    with pytest.raises(UnreadableFrame):
        codec.decode_api_restrictions(KEY_RIGHTS["rights"].replace(right, b"somethingElse"))


def test_the_filters_of_an_account() -> None:
    assert codec.decode_max_assets(MY_FILTERS["my filters"]) == {"JPY": D(1000000)}
    assert codec.decode_max_assets(MY_FILTERS["my filters none"]) == {}


def test_filters_that_nobody_knows_are_kept_by_name() -> None:
    info = codec.decode_exchange_info(EXCHANGE_INFOS["info"])
    rules = info.symbols["ETHBTC"]
    assert rules.unknown_filters == ("T_PLUS_SELL", "A_RULE_OF_NEXT_YEAR")
    assert [(rule.name, rule.low) for rule in rules.notionals] == [("NOTIONAL", 5), ("MIN_NOTIONAL", D("12.34567891"))]
    assert codec.instrument_of(rules, "binance").min_notional == D("12.34567891")
    assert [rule.name for rule in info.rate_limits] == ["REQUEST_WEIGHT_1M", "ORDERS_10S", "ORDERS_1D", "RAW_REQUESTS_5M"]


def test_a_symbol_without_filters_falls_back_on_its_precision() -> None:
    rules = codec.decode_exchange_info(EXCHANGE_INFOS["info without filters"]).symbols["ETHBTC"]
    instrument = codec.instrument_of(rules, "binance")
    assert (instrument.tick, instrument.lot) == (D("1E-8"), D("1E-8"))


def test_an_info_of_2018_is_read() -> None:
    info = codec.decode_exchange_info(EXCHANGE_INFOS["info of 2018"])
    rules = info.symbols["ETHBTC"]
    assert [(rule.name, rule.limit) for rule in info.rate_limits] == [("REQUESTS_1M", 1200), ("ORDERS_1S", 10)]
    assert (rules.max_orders, rules.max_algo_orders, rules.price.low, rules.price.step) == (25, 5, None, D("0.000001"))


def test_a_broken_symbol_does_not_cost_the_others() -> None:
    info = codec.decode_exchange_info(EXCHANGE_INFOS["info big"])
    assert len(info.symbols) == 302
    assert list(info.unreadable) == ["BROKEN"]
    assert not info.symbols["1000SATSUSDT"].is_trading
    assert info.symbols["币安人生USDT"].is_trading


def test_the_small_reads() -> None:
    assert codec.decode_server_time(OTHER_READS["read time"]) == 1_499_827_319_559_000_000
    counts = codec.decode_unfilled_counts(OTHER_READS["read counts"], "binance")
    assert [(rule.interval_s, used.used) for rule, used in counts] == [(10, 0), (86400, 5)]
    assert codec.decode_commission(OTHER_READS["read commission"]).taker == D("0.0000002")
    assert codec.decode_quote(OTHER_READS["read top"], "binance", NOW).ask == D("4.000002")


KINDS = {
    "trade": MarketTrade, "trade combined": MarketTrade, "trade of 2022": MarketTrade, "top": TopTold, "top combined": TopTold,
    "empty book": TopTold, "kline": Bar, "kline final": Bar, "kline empty": Bar, "chinese symbol": MarketTrade,
    "aggTrade": UnknownEvent, "depth": UnknownEvent, "depth update": UnknownEvent, "mini tickers": UnknownEvent,
    "average": UnknownEvent, "subscribed": Subscribed, "listed": Subscribed, "refused": Subscribed, "refused now": Subscribed,
    "shutdown": VenueClosing, "shutdown combined": VenueClosing,
}


@pytest.mark.parametrize("name", MARKET_FRAMES)
def test_market_frames(name: str) -> None:
    frame = codec.decode_market_frame(MARKET_FRAMES[name], "binance", NOW)
    assert type(frame) is KINDS[name.removeprefix("market ")]
    if isinstance(frame, UnknownEvent):
        assert frame.raw == MARKET_FRAMES[name]
    if isinstance(frame, Subscribed):
        assert (frame.error is not None) == ("refused" in name)


def test_only_a_closed_bar_is_final() -> None:
    kinds = [codec.decode_market_frame(MARKET_FRAMES[f"market {name}"], "binance", NOW) for name in ("kline", "kline final")]
    assert [isinstance(one, Bar) and one.is_final for one in kinds] == [False, True]


def test_an_empty_book_shows_as_crossed() -> None:
    frame = codec.decode_market_frame(MARKET_FRAMES["market empty book"], "binance", NOW)
    assert isinstance(frame, TopTold)
    assert frame.quote.is_crossed
