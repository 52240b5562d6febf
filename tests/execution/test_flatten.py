"""Flattening orders: reduce-only, collared, on fresh prices, or none."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.model import Instrument, OrderType, Quote, Side, TimeInForce
from autotrader.oms.flatten import flatten_orders

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


def instrument(tick: str = "0.01", lot: str = "0.001") -> Instrument:
    return Instrument(venue="okx", symbol="BTC", tick=Decimal(tick), lot=Decimal(lot), quote="USDT")


def quote(bid: str = "99", ask: str = "101", age_s: int = 0) -> Quote:
    return Quote("okx", "BTC", Decimal(bid), Decimal(ask), Decimal(1), Decimal(1), NOW - age_s * SECOND)


def flatten(position: str, quote: Quote | None, instrument: Instrument | None, **options: object) -> tuple:
    ids = count(1)
    return flatten_orders(
        "okx", "acc", {"BTC": Decimal(position)}, {"BTC": quote} if quote else {}, {"BTC": instrument} if instrument else {},
        lambda: f"id{next(ids)}", NOW, **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("position", "side", "price"), [("2.5", Side.SELL, "99"), ("-2.5", Side.BUY, "101")])
def test_a_position_is_closed_by_a_collared_reduce_only_order(position: str, side: Side, price: str) -> None:
    (order,), problems = flatten(position, quote(), instrument())
    assert problems == {}
    assert (order.side, order.quantity, order.price) == (side, Decimal("2.5"), Decimal(price))
    assert (order.type, order.time_in_force, order.reduce_only) == (OrderType.LIMIT, TimeInForce.IOC, True)
    assert (order.client_order_id, order.strategy) == ("id1", "kill")


@pytest.mark.parametrize(("bad_quote", "bad_instrument", "position", "why"), [
    (None, instrument(), "1", "fresh"),
    (quote(age_s=6), instrument(), "1", "fresh"),
    (quote("101", "99"), instrument(), "1", "fresh"),
    (quote("0", "99"), instrument(), "1", "fresh"),
    (quote(), None, "1", "not known"),
    (quote(), instrument(), "0.0009", "less than one lot"),
])
def test_without_a_fresh_price_or_a_lot_nothing_is_sent(
    bad_quote: Quote | None, bad_instrument: Instrument | None, position: str, why: str,
) -> None:
    orders, problems = flatten(position, bad_quote, bad_instrument)
    assert orders == ()
    assert why in problems["BTC"]


def test_a_price_just_fresh_enough_will_do() -> None:
    orders, _ = flatten("1", quote(age_s=5), instrument())
    assert len(orders) == 1


@given(
    st.decimals("-1000", "1000", places=6), st.decimals("0.02", "100000", places=4), st.decimals("0.0001", "10", places=4),
    st.sampled_from(["0.01", "0.5", "0.0001"]), st.sampled_from(["0.001", "1", "0.25"]),
)
def test_no_order_grows_the_position_or_leaves_the_collar(
    position: Decimal, bid: Decimal, spread: Decimal, tick: str, lot: str,
) -> None:
    price = quote(str(bid), str(bid + spread))
    orders, problems = flatten(str(position), price, instrument(tick, lot), collar=Decimal("0.02"))
    assert bool(orders) is not bool(problems)
    for order in orders:
        assert 0 < order.quantity <= abs(position)
        assert order.quantity % Decimal(lot) == 0
        assert order.price is not None
        assert order.price % Decimal(tick) == 0
        assert order.side is (Side.SELL if position > 0 else Side.BUY)
        worst = price.mid * (Decimal("0.98") if order.side is Side.SELL else Decimal("1.02"))
        assert (order.price >= worst) if order.side is Side.SELL else (order.price <= worst)
