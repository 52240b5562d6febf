from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.filters import MarketFacts, OpenCounts, check_filters
from autotrader.simulator.binance.orders import ORDER_PARAMS, Wanted, read_order
from autotrader.simulator.binance.symbols import ORDER_TYPES, SYMBOLS, filters_of, opening

D = Decimal
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "50000"}
STOP = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "1", "stopPrice": "49000"}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
FACTS = MarketFacts(D(50000), D(50000))


def read(base: dict[str, str], **changes: str | None) -> Wanted:
    return read_order({name: value for name, value in {**base, **changes}.items() if value is not None}, lambda: "made")


def refusal(base: dict[str, str], counts: OpenCounts | None = None, **changes: str | None) -> tuple[int, str]:
    with pytest.raises(ApiError) as refused:
        check_filters(read(base, **changes), FACTS, counts or OpenCounts())
    return refused.value.code, refused.value.msg


def test_an_order_is_read_with_the_venues_defaults() -> None:
    """binance.md section 3: LIMIT and MARKET default to FULL, all others to ACK."""
    wanted = read(LIMIT)
    assert (wanted.client_order_id, wanted.response, wanted.prevention) == ("made", "FULL", "EXPIRE_MAKER")
    assert not wanted.is_stop
    assert (read(MARKET).response, read(STOP).response, read(STOP).is_stop) == ("FULL", "ACK", True)
    assert read(STOP, type="TAKE_PROFIT").takes_profit


@pytest.mark.parametrize(
    ("base", "changes", "code"),
    [
        (LIMIT, {"timeInForce": None}, -1102), (LIMIT, {"quantity": None}, -1102), (LIMIT, {"price": ""}, -1102),
        (LIMIT, {"stopPrice": "1"}, -1106), (LIMIT, {"quoteOrderQty": "1"}, -1106), (LIMIT, {"type": "OTHER"}, -1116),
        (LIMIT, {"side": None}, -1102), (LIMIT, {"symbol": None}, -1102), (LIMIT, {"symbol": "A B"}, -1100),
        (LIMIT, {"pegPriceType": "PRIMARY_PEG"}, -1020), (LIMIT, {"newOrderRespType": "ALL"}, -1102),
        (LIMIT, {"symbol": "btcusdt"}, -1100), (LIMIT, {"price": None, "pegPriceType": "PRIMARY_PEG"}, -1020),
        (LIMIT, {"strategyType": "5"}, -1134), (LIMIT, {"timeInForce": "IOC", "icebergQty": "0.1"}, -2010),
        (LIMIT, {"selfTradePreventionMode": "TRANSFER"}, -1013), (LIMIT, {"selfTradePreventionMode": "X"}, -1102),
        (MARKET, {"quantity": None}, -1102), (MARKET, {"quoteOrderQty": "5"}, -1128), (MARKET, {"timeInForce": "GTC"}, -1106),
        (STOP, {"stopPrice": None}, -1102), (STOP, {"price": "1"}, -1106),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(base: dict[str, str], changes: dict[str, Any], code: int) -> None:
    with pytest.raises(ApiError) as refused:
        read(base, **changes)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("base", "changes", "name"),
    [
        (LIMIT, {"price": "50000.001"}, "PRICE_FILTER"), (LIMIT, {"price": "1000001"}, "PRICE_FILTER"),
        (STOP, {"stopPrice": "49000.001"}, "PRICE_FILTER"), (LIMIT, {"price": "250000.01"}, "PERCENT_PRICE_BY_SIDE"),
        (LIMIT, {"price": "9999.99"}, "PERCENT_PRICE_BY_SIDE"), (LIMIT, {"quantity": "0.000011"}, "LOT_SIZE"),
        (LIMIT, {"quantity": "9000.00001"}, "LOT_SIZE"), (MARKET, {"quantity": "140.00001"}, "MARKET_LOT_SIZE"),
        (LIMIT, {"icebergQty": "0.0099"}, "ICEBERG_PARTS"), (LIMIT, {"icebergQty": "0.000001"}, "LOT_SIZE"),
        (STOP, {"trailingDelta": "9"}, "TRAILING_DELTA"), (STOP, {"trailingDelta": "2001"}, "TRAILING_DELTA"),
        (LIMIT, {"quantity": "0.00009"}, "NOTIONAL"), (LIMIT, {"quantity": "200"}, "NOTIONAL"),
        (MARKET, {"quantity": "0.00009"}, "NOTIONAL"), (MARKET, {"quantity": None, "quoteOrderQty": "4.99"}, "NOTIONAL"),
    ],
)  # fmt: skip
def test_filters_are_named_when_they_fail(base: dict[str, str], changes: dict[str, Any], name: str) -> None:
    assert refusal(base, **changes) == (-1013, f"Filter failure: {name}")


def test_counts_are_filters_too() -> None:
    assert refusal(LIMIT, OpenCounts(orders=200)) == (-1013, "Filter failure: MAX_NUM_ORDERS")
    assert refusal(STOP, OpenCounts(algo=5)) == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    assert refusal(LIMIT, OpenCounts(iceberg=5), icebergQty="0.5") == (-1013, "Filter failure: MAX_NUM_ICEBERG_ORDERS")


def test_nothing_is_refused_in_the_venues_words() -> None:
    assert refusal(LIMIT, quantity="0") == (-1013, "Invalid quantity.")
    assert refusal(LIMIT, price="0.00") == (-1013, "Invalid price.")
    assert refusal(LIMIT, icebergQty="2") == (-2010, "IcebergQty exceeds QTY.")


@pytest.mark.parametrize("base", [LIMIT, STOP, MARKET])
def test_what_keeps_all_rules_passes(base: dict[str, str]) -> None:
    check_filters(read(base), FACTS, OpenCounts())
    check_filters(read(base), MarketFacts(None, None), OpenCounts())


_NUMBERS = st.one_of(st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True), st.text(max_size=5))
_WORDS = st.sampled_from([*ORDER_TYPES, "BUY", "SELL", "GTC", "IOC", "FOK", "BTCUSDT", "ETHBTC", "FULL", "ACK", "NONE"])


@given(st.sampled_from([LIMIT, STOP, MARKET]), st.dictionaries(st.sampled_from(sorted(ORDER_PARAMS)), _NUMBERS | _WORDS))
def test_any_parameters_are_taken_or_refused_with_a_code(base: dict[str, str], changes: dict[str, str]) -> None:
    with contextlib.suppress(ApiError):
        check_filters(read(base, **changes), FACTS, OpenCounts())


def test_symbols_have_steps_whose_product_is_exact_in_eight_digits() -> None:
    for terms in SYMBOLS.values():
        assert (terms.tick * terms.step).normalize().as_tuple().exponent >= -8
        assert [one["filterType"] for one in filters_of(terms)][:2] == ["PRICE_FILTER", "LOT_SIZE"]
    assert opening() == {"USDT": D(1_000_000), "BTC": D(100), "ETH": D(100), "BNB": D(100)}
