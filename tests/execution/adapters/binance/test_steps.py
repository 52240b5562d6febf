"""Floors, ticks and dust (binance.md sections 9 and 10.10)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from binance_kit import D, rules
from hypothesis import given
from hypothesis import strategies as st

from autotrader.execution.adapters.binance.codec import Sellable, floor_price, floor_quantity, sellable, snap_price
from autotrader.execution.adapters.binance.codec.steps import ceil_to, floor_to, is_multiple
from autotrader.model import Side

RULES = rules()


def test_quantities_are_floored_to_the_lot() -> None:
    assert floor_quantity(D("0.123456789"), RULES) == D("0.12345")
    assert floor_quantity(D("0.000009"), RULES) == 0


def test_a_market_order_is_floored_to_its_own_lot_too() -> None:
    coarse = rules(
        filters=[
            {"filterType": "LOT_SIZE", "minQty": "0.01", "maxQty": "9", "stepSize": "0.01"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.1", "maxQty": "9", "stepSize": "0.1"},
        ]
    )
    assert floor_quantity(D("0.57"), coarse) == D("0.57")
    assert floor_quantity(D("0.57"), coarse, market=True) == D("0.5")


def test_prices_are_floored_to_the_tick() -> None:
    assert floor_price(D("50000.109"), RULES) == D("50000.10")


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, "50000.10"), (Side.SELL, "50000.11")])
def test_a_price_never_moves_to_the_worse_side(side: Side, price: str) -> None:
    assert snap_price(D("50000.105"), side, RULES) == D(price)
    assert snap_price(D("50000.10"), side, RULES) == D("50000.10")


def test_no_step_leaves_a_value_alone() -> None:
    assert floor_to(D("1.23"), None) == ceil_to(D("1.23"), D(0)) == D("1.23")
    assert is_multiple(D("1.23"), None)
    assert is_multiple(D("1.23"), D(0))


def test_what_a_buy_leaves_after_its_fee_is_floored_and_the_rest_is_dust() -> None:
    # 2.0 bought with a fee of 0.1 % in the base asset nets 1.998 (freqtrade #4324)
    whole = rules(filters=[{"filterType": "LOT_SIZE", "minQty": "0.01", "maxQty": "900", "stepSize": "0.01"}])
    assert sellable(D("1.998"), D(10), whole) == Sellable(D("1.99"), D("0.008"))


def test_less_than_the_smallest_lot_is_dust() -> None:
    assert sellable(D("0.000009"), D(50000), RULES) == Sellable(D(0), D("0.000009"), "LOT_SIZE")


def test_less_than_the_smallest_notional_is_dust() -> None:
    assert sellable(D("0.00009"), D(50000), RULES) == Sellable(D(0), D("0.00009"), "NOTIONAL")
    assert sellable(D("0.00009"), None, RULES) == Sellable(D("0.00009"), D(0))


VALUES = st.decimals(min_value=0, max_value=10**12, places=12)
STEPS = st.sampled_from(["0.00000001", "0.00001000", "0.01", "0.5", "1", "10", "0.03"])


@given(value=VALUES, step=STEPS)
def test_a_floor_is_the_nearest_multiple_below(value: Decimal, step: str) -> None:
    unit = D(step)
    floored, raised = floor_to(value, unit), ceil_to(value, unit)
    assert floored <= value <= raised
    assert value - floored < unit
    assert raised - value < unit
    assert is_multiple(floored, unit)
    assert is_multiple(raised, unit)


@given(free=VALUES, price=st.none() | VALUES)
def test_what_can_be_sold_and_dust_add_up(free: Decimal, price: Decimal | None) -> None:
    split = sellable(free, price, RULES)
    assert split.quantity + split.dust == free
    assert split.quantity >= 0
    assert (split.why == "") or split.quantity == 0
