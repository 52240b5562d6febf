"""Every filter, tried before anything is sent (binance.md section 9; DOCS filters.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance_kit import D, an_order, filters, rules
from hypothesis import given
from hypothesis import strategies as st

from autotrader.execution.adapters.binance.codec import (
    AccountView,
    ExchangeRules,
    MarketView,
    SymbolRules,
    check_filters,
    floor_quantity,
    snap_price,
)
from autotrader.model import OrderType, Side

AVERAGE = MarketView(last=D(50000), average=D(50000))
MARKET: dict[str, Any] = {"type": OrderType.MARKET, "price": None}


def names(market: MarketView | None = None, account: AccountView | None = None, **changes: Any) -> list[str]:
    found = check_filters(an_order(**changes), rules(), market, account)
    assert all(breach.text for breach in found)
    return [breach.filter for breach in found]


def test_a_good_order_passes() -> None:
    assert names(AVERAGE, AccountView(1, 1, 1, 1, D(1))) == []


@pytest.mark.parametrize("price", ["0.001", "1000000.01", "50000.105", "50000.101"])
def test_price_filter(price: str) -> None:
    assert "PRICE_FILTER" in names(price=D(price))


@pytest.mark.parametrize("stop", ["50000.105", "1000000.01"])
def test_price_filter_holds_for_stop_prices(stop: str) -> None:
    assert "PRICE_FILTER" in names(type=OrderType.STOP_LIMIT, stop_price=D(stop))
    assert "PRICE_FILTER" in names(type=OrderType.STOP, price=None, stop_price=D(stop))


def test_a_zero_in_the_price_filter_disables_that_part() -> None:
    free = [{"filterType": "PRICE_FILTER", "minPrice": "0.0", "maxPrice": "0.00000000", "tickSize": "0.00"}]
    assert check_filters(an_order(price=D("0.00000001")), rules(filters=free)) == ()


@pytest.mark.parametrize("quantity", ["0.000001", "9000.00001", "0.000015"])
def test_lot_size(quantity: str) -> None:
    assert "LOT_SIZE" in names(quantity=D(quantity))


def test_market_lot_size_holds_for_market_orders_only() -> None:
    assert names(quantity=D("76.8"), **MARKET) == ["MARKET_LOT_SIZE"]
    assert names(quantity=D("76.8")) == []


def test_both_lot_sizes_hold_for_market_orders() -> None:
    assert names(quantity=D("0.000015"), **MARKET) == ["LOT_SIZE"]


def test_a_capped_market_order_is_judged_as_the_limit_that_it_becomes() -> None:
    assert names(quantity=D("76.8"), cap_price=D("50000.105"), **MARKET) == ["PRICE_FILTER"]
    assert names(AVERAGE, cap_price=D(300000), **MARKET) == ["PERCENT_PRICE_BY_SIDE"]


def test_notional_of_a_limit_is_its_price_times_quantity() -> None:
    assert names(quantity=D("0.00009")) == ["NOTIONAL"]
    assert names(quantity=D("0.0001")) == []
    assert "NOTIONAL" in names(quantity=D(9000), price=D(1001))


def test_notional_of_a_market_order_is_at_the_average_where_it_applies() -> None:
    assert names(AVERAGE, quantity=D("0.00009"), **MARKET) == ["NOTIONAL"]
    assert names(None, quantity=D("0.00009"), **MARKET) == []
    assert names(MarketView(average=D(200000)), quantity=D(76), **MARKET) == []  # applyMaxToMarket is false


def test_a_reference_price_goes_before_the_average() -> None:
    market = MarketView(last=D(50000), average=D(50000), reference=D(100000))
    assert names(market, quantity=D("0.00009"), **MARKET) == []


def test_min_notional_is_told_by_its_own_name() -> None:
    older = [{"filterType": "MIN_NOTIONAL", "minNotional": "10", "applyToMarket": False, "avgPriceMins": 0}]
    found = check_filters(an_order(quantity=D("0.0001")), rules(filters=older))
    assert [breach.filter for breach in found] == ["MIN_NOTIONAL"]
    assert check_filters(an_order(quantity=D("0.0001"), **MARKET), rules(filters=older), AVERAGE) == ()


@pytest.mark.parametrize(
    ("side", "price", "breached"),
    [
        (Side.BUY, "250000", False), (Side.BUY, "250000.01", True), (Side.BUY, "10000", False), (Side.BUY, "9999.99", True),
        (Side.SELL, "250000.01", True), (Side.SELL, "9999.99", True),
    ],
)
def test_percent_price_by_side(side: Side, price: str, breached: bool) -> None:
    assert ("PERCENT_PRICE_BY_SIDE" in names(AVERAGE, side=side, price=D(price))) is breached


def test_the_sides_have_multipliers_of_their_own() -> None:
    by_side = [
        {
            "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "1.2", "bidMultiplierDown": "0.2", "askMultiplierUp": "5",
            "askMultiplierDown": "0.8", "avgPriceMins": 1,
        }
    ]
    found = rules(filters=by_side)
    assert check_filters(an_order(price=D(61000)), found, AVERAGE)
    assert not check_filters(an_order(price=D(61000), side=Side.SELL), found, AVERAGE)
    assert check_filters(an_order(price=D(39000), side=Side.SELL), found, AVERAGE)
    assert not check_filters(an_order(price=D(39000)), found, AVERAGE)


def test_percent_price_compares_with_the_last_price_at_zero_minutes() -> None:
    older = [{"filterType": "PERCENT_PRICE", "multiplierUp": "1.3", "multiplierDown": "0.7", "avgPriceMins": 0}]
    market = MarketView(last=D(30000), average=D(50000))
    found = check_filters(an_order(), rules(filters=older), market)
    assert [breach.filter for breach in found] == ["PERCENT_PRICE"]


def test_what_is_not_known_is_not_judged() -> None:
    assert names(None, None, price=D(999999)) == []


@pytest.mark.parametrize(("trail", "breached"), [("47", True), ("50", False), ("10000", False), ("10100", True)])
@pytest.mark.parametrize("side", list(Side))
def test_trailing_delta(side: Side, trail: str, breached: bool) -> None:
    found = names(AVERAGE, type=OrderType.TRAILING_STOP, price=None, side=side, trail=D(trail))
    assert found == (["TRAILING_DELTA"] if breached else [])


def test_buys_trail_above_the_market_and_sells_below() -> None:
    uneven = [
        {
            "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 100, "maxTrailingAboveDelta": 200,
            "minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 20,
        }
    ]
    terms: dict[str, Any] = {"type": OrderType.TRAILING_STOP, "price": None, "trail": D(75)}
    assert check_filters(an_order(side=Side.BUY, **terms), rules(filters=uneven), AVERAGE)
    assert not check_filters(an_order(side=Side.SELL, **terms), rules(filters=uneven), AVERAGE)


def test_a_symbol_without_trailing_stops_says_so() -> None:
    order = an_order(type=OrderType.TRAILING_STOP, price=None, trail=D(100))
    found = check_filters(order, rules(allowTrailingStop=False), AVERAGE)
    assert [breach.filter for breach in found] == ["ORDER_TYPE"]


def test_without_a_price_a_trail_is_left_to_the_venue() -> None:
    assert names(None, type=OrderType.TRAILING_STOP, price=None, trail=D(1)) == []
    assert MarketView(bid=D(10), ask=D(12)).nearest == 11
    assert MarketView().nearest is None


@pytest.mark.parametrize(
    ("account", "kind", "told"),
    [
        (AccountView(open_orders=200), OrderType.LIMIT, "MAX_NUM_ORDERS"),
        (AccountView(open_algo_orders=5), OrderType.STOP_LIMIT, "MAX_NUM_ALGO_ORDERS"),
        (AccountView(position=D("9.9995")), OrderType.LIMIT, "MAX_POSITION"),
        (AccountView(max_assets={"BTC": D("0.0009")}), OrderType.LIMIT, "MAX_ASSET"),
        (AccountView(max_assets={"USDT": D(50)}), OrderType.LIMIT, "MAX_ASSET"),
    ],
)
def test_counts_and_bounds_of_the_account(account: AccountView, kind: OrderType, told: str) -> None:
    stop = {"stop_price": D(51000)} if kind is OrderType.STOP_LIMIT else {}
    assert names(AVERAGE, account, type=kind, **stop) == [told]


@pytest.mark.parametrize(
    "account",
    [
        AccountView(open_orders=199), AccountView(open_algo_orders=5), AccountView(position=D("9.999")),
        AccountView(max_assets={"BTC": D("0.001"), "USDT": D("50.00010"), "BNB": D(0)}),
    ],
)
def test_what_stays_inside_them_passes(account: AccountView) -> None:
    assert names(AVERAGE, account) == []


def test_a_sell_never_breaks_max_position() -> None:
    assert names(AVERAGE, AccountView(position=D(100)), side=Side.SELL) == []


def test_counts_over_the_whole_exchange() -> None:
    exchange = ExchangeRules(max_orders=1000, max_algo_orders=200)
    full = AccountView(exchange_orders=1000, exchange_algo_orders=200)
    assert [one.filter for one in check_filters(an_order(), rules(), None, full, exchange)] == ["EXCHANGE_MAX_NUM_ORDERS"]
    stop = an_order(type=OrderType.STOP, price=None, stop_price=D(51000))
    assert [one.filter for one in check_filters(stop, rules(), None, full, exchange)] == [
        "EXCHANGE_MAX_NUM_ORDERS", "EXCHANGE_MAX_NUM_ALGO_ORDERS",
    ]


def test_a_symbol_that_does_not_trade_says_its_status() -> None:
    found = check_filters(an_order(), rules(status="HALT"))
    assert [(breach.filter, "HALT" in breach.text) for breach in found] == [("SYMBOL_STATUS", True)]


def test_digits_beyond_the_precision_are_told_before_the_venue_does() -> None:
    coarse = rules(filters=[], baseAssetPrecision=2, quoteAssetPrecision=1)
    found = check_filters(an_order(quantity=D("0.001"), price=D("1.01")), coarse)
    assert [breach.filter for breach in found] == ["PRECISION", "PRECISION"]
    assert check_filters(an_order(quantity=D("0.0100"), price=D("1.10")), coarse) == ()


def test_every_breach_is_told_not_only_the_first() -> None:
    assert names(AVERAGE, quantity=D("0.000001"), price=D("0.001")) == [
        "PRICE_FILTER", "PRICE_FILTER", "LOT_SIZE", "LOT_SIZE", "PERCENT_PRICE_BY_SIDE", "NOTIONAL",
    ]


@pytest.mark.parametrize("kind", [one["filterType"] for one in filters()])
def test_each_filter_may_be_missing(kind: str) -> None:
    rest = [one for one in filters() if one["filterType"] != kind]
    assert check_filters(an_order(), rules(filters=rest), AVERAGE, AccountView(0, 0, 0, 0, D(0))) == ()


RULES: SymbolRules = rules()
AMOUNTS = st.decimals(min_value="0.0001", max_value="5000", places=9)
PRICES = st.decimals(min_value="50000", max_value="99999", places=7)


@given(quantity=AMOUNTS, price=PRICES, side=st.sampled_from(Side))
def test_what_the_steps_make_of_any_order_passes_the_grids(quantity: Decimal, price: Decimal, side: Side) -> None:
    order = an_order(quantity=floor_quantity(quantity, RULES), price=snap_price(price, side, RULES), side=side)
    assert not {breach.filter for breach in check_filters(order, RULES)} & {"LOT_SIZE", "PRICE_FILTER", "PRECISION"}


@given(quantity=st.decimals(0, 10**20, places=20), price=st.decimals(0, 10**20, places=20))
def test_no_number_that_can_be_written_is_too_wide_to_judge(quantity: Decimal, price: Decimal) -> None:
    check_filters(an_order(quantity=quantity, price=price), RULES, AVERAGE)
