"""exchangeInfo: symbols, filters, limits (binance.md sections 7 and 9)."""

from __future__ import annotations

from typing import Any

import pytest
from binance_kit import D, exchange_info, filters, raw, rules, symbol_info

from autotrader.execution.adapters.binance.codec import (
    ExchangeRules,
    RateRule,
    UnreadableFrame,
    budget_name,
    decode_exchange_info,
    decode_max_assets,
    instrument_of,
)
from autotrader.execution.adapters.binance.codec.rules import NotionalRule, PercentRule, StepRule, TrailingRule
from autotrader.model import Instrument, InstrumentKind


def test_limits_are_named_as_usage_is_reported() -> None:
    info = decode_exchange_info(raw(exchange_info()))
    assert info.rate_limits == (
        RateRule("REQUEST_WEIGHT_1M", 6000, 60), RateRule("ORDERS_10S", 50, 10), RateRule("ORDERS_1D", 160000, 86400),
        RateRule("RAW_REQUESTS_5M", 300000, 300),
    )
    assert budget_name("ORDERS", "HOUR", 2) == "ORDERS_2H"


def test_an_interval_that_is_not_known_is_left_out() -> None:
    limits = [{"rateLimitType": "ORDERS", "interval": "FORTNIGHT", "intervalNum": 1, "limit": 5}]
    assert decode_exchange_info(raw(exchange_info(rateLimits=limits))).rate_limits == ()


def test_the_exchange_counts_orders_over_all_symbols() -> None:
    assert decode_exchange_info(raw(exchange_info())).exchange == ExchangeRules(max_orders=1000, max_algo_orders=200)


def test_the_clock_is_read() -> None:
    assert decode_exchange_info(raw(exchange_info())).server_ns == 1_565_246_363_776_000_000


def test_every_filter_of_a_symbol_is_read() -> None:
    found = rules()
    assert found.price == StepRule(D("0.01"), D(1000000), D("0.01"))
    assert found.lot == StepRule(D("0.00001"), D(9000), D("0.00001"))
    assert found.market_lot == StepRule(None, D("76.79251871"), None)
    assert found.notionals == (NotionalRule("NOTIONAL", D(5), D(9000000), True, False, 5),)
    assert found.percents == (PercentRule("PERCENT_PRICE_BY_SIDE", D("0.2"), D(5), D("0.2"), D(5), 5),)
    assert found.trailing == TrailingRule(10, 2000, 10, 2000)
    assert (found.max_orders, found.max_algo_orders, found.max_iceberg_orders) == (200, 5, 5)
    assert (found.max_order_lists, found.max_amends, found.iceberg_parts) == (20, 10, 100)
    assert found.max_position == D(10)
    assert found.unknown_filters == ()


def test_flags_and_modes_are_read() -> None:
    found = rules()
    assert (found.trailing_allowed, found.cancel_replace_allowed, found.amend_allowed, found.iceberg_allowed) == (True,) * 4
    assert "DECREMENT" in found.self_trade_preventions
    assert "TAKE_PROFIT_LIMIT" in found.order_types
    assert (found.base, found.quote, found.base_precision, found.quote_precision) == ("BTC", "USDT", 8, 8)


def test_the_older_forms_of_filters_are_taken_too() -> None:
    older = [
        {"filterType": "MIN_NOTIONAL", "minNotional": "0.00100000", "applyToMarket": True, "avgPriceMins": 5},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.3000", "multiplierDown": "0.7000", "avgPriceMins": 0},
    ]
    found = rules(filters=older)
    assert found.notionals == (NotionalRule("MIN_NOTIONAL", D("0.001"), None, True, False, 5),)
    assert found.percents == (PercentRule("PERCENT_PRICE", D("0.7"), D("1.3"), D("0.7"), D("1.3"), 0),)


def test_a_filter_that_is_not_known_is_kept_by_name_whatever_it_holds() -> None:
    found = rules(filters=[*filters(), {"filterType": "T_PLUS_SELL", "endTime": [1, {"x": None}], "limit": {"a": 1}}])
    assert found.unknown_filters == ("T_PLUS_SELL",)


def test_keys_that_are_not_known_are_ignored() -> None:
    assert rules(newFlagOf2027={"deep": [1]}).symbol == "BTCUSDT"


@pytest.mark.parametrize("status", ["END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY", "SOMETHING_NEW"])
def test_only_a_trading_symbol_is_tradable(status: str) -> None:
    assert not rules(status=status).is_trading
    assert not instrument_of(rules(status=status), "binance").tradable


def test_a_symbol_without_spot_trading_is_not_tradable() -> None:
    assert not rules(isSpotTradingAllowed=False).is_trading


def test_the_instrument_has_tick_lot_and_bounds() -> None:
    assert instrument_of(rules(), "binance") == Instrument(
        "binance", "BTCUSDT", D("0.01"), D("0.00001"), "USDT", "BTC", InstrumentKind.SPOT, D("0.00001"), D(9000), D(5),
    )


def test_without_steps_the_precision_of_the_assets_is_the_grid() -> None:
    made = instrument_of(rules(filters=[], baseAssetPrecision=6, quoteAssetPrecision=4), "binance")
    assert (made.lot, made.tick) == (D("0.000001"), D("0.0001"))
    assert (made.min_quantity, made.max_quantity, made.min_notional) == (None, None, None)


@pytest.mark.parametrize(
    "bad",
    [
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "NaN"}]},
        {"filters": [{"filterType": "LOT_SIZE", "stepSize": 0.1}]},
        {"filters": [{"filterType": "LOT_SIZE", "minQty": "1e400"}]},
        {"filters": [{"filterType": "MAX_NUM_ORDERS", "maxNumOrders": "many"}]},
        {"filters": [{"filterType": "PERCENT_PRICE", "multiplierUp": "1.3"}]},
        {"filters": [{"filterType": "ICEBERG_PARTS"}]},
        {"filters": [{}]}, {"filters": "none"}, {"status": 7}, {"baseAssetPrecision": -1},
    ],
)
def test_one_symbol_that_cannot_be_read_is_named_and_does_not_cost_the_others(bad: dict[str, Any]) -> None:
    info = decode_exchange_info(raw(exchange_info(symbol_info(symbol="BADUSDT", **bad), symbol_info())))
    assert list(info.symbols) == ["BTCUSDT"]
    assert list(info.unreadable) == ["BADUSDT"]
    assert info.unreadable["BADUSDT"]


def test_a_symbol_without_a_name_is_counted_all_the_same() -> None:
    nameless = symbol_info()
    del nameless["symbol"]
    assert list(decode_exchange_info(raw(exchange_info(nameless))).unreadable) == ["?"]


@pytest.mark.parametrize(
    "bad",
    [b"", b"{}", b"[]", b'{"symbols":7}', b"\xff", raw(exchange_info(exchangeFilters=[{"x": 1}])),
        raw(exchange_info(rateLimits=[7]))],
)
def test_an_answer_that_cannot_be_read_is_told_with_its_bytes(bad: bytes) -> None:
    with pytest.raises(UnreadableFrame, match="exchangeInfo") as error:
        decode_exchange_info(bad)
    assert error.value.raw == bad


def test_the_most_of_an_asset_comes_from_my_filters() -> None:
    answer = {
        "exchangeFilters": [], "symbolFilters": [],
        "assetFilters": [
            {"filterType": "MAX_ASSET", "asset": "USDC", "limit": "42.00000000"},
            {"filterType": "OTHER", "asset": "X", "limit": "1"},
        ],
    }
    assert decode_max_assets(raw(answer)) == {"USDC": D(42)}
    with pytest.raises(UnreadableFrame):
        decode_max_assets(raw({"assetFilters": [{"filterType": "MAX_ASSET", "asset": "USDC", "limit": "NaN"}]}))
