"""What positions cost and what closing them brings, commission in it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from autotrader.model import Fill, Liquidity, Side
from autotrader.simulator.ibkr.holdings import fold_trades


def fill(number: int, side: Side, quantity: int, price: str, fee: str = "0") -> Fill:
    return Fill(
        f"{number}", "", "1", "ibkr", "DU1", "ESZ6", side, Decimal(price), Decimal(quantity), Decimal(fee), "USD",
        Liquidity.TAKER, number,
    )  # fmt: skip


MULTIPLIER = {"ESZ6": Decimal(50)}


def test_an_average_holds_the_commission() -> None:
    held, realized = fold_trades([fill(1, Side.BUY, 2, "100", "10"), fill(2, Side.BUY, 2, "110", "10")], MULTIPLIER)
    assert (held["ESZ6"].quantity, held["ESZ6"].average) == (4, Decimal("105.1"))
    assert realized == {}


def test_a_close_realises_against_the_average() -> None:
    trades = [fill(1, Side.BUY, 4, "105", "20"), fill(2, Side.SELL, 1, "110", "5")]
    held, realized = fold_trades(trades, MULTIPLIER)
    assert realized == {"2": Decimal("240")}
    assert (held["ESZ6"].quantity, held["ESZ6"].realized) == (3, 240)


def test_a_trade_through_nothing_opens_the_other_side_at_its_price() -> None:
    held, realized = fold_trades([fill(1, Side.SELL, 1, "100"), fill(2, Side.BUY, 3, "90")], MULTIPLIER)
    assert realized == {"2": Decimal(500)}
    assert (held["ESZ6"].quantity, held["ESZ6"].average) == (2, 90)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(90, 110), st.integers(0, 9)), min_size=1, max_size=12))
def test_what_is_realised_and_what_is_held_are_all_that_was_paid(moves: list[tuple[bool, int, int, int]]) -> None:
    trades = [
        fill(number, Side.BUY if buy else Side.SELL, quantity, str(price), str(fee))
        for number, (buy, quantity, price, fee) in enumerate(moves)
    ]
    held = fold_trades(trades, MULTIPLIER)[0]["ESZ6"]
    cash = sum(-(1 if buy else -1) * quantity * price * 50 - fee for buy, quantity, price, fee in moves)
    told = held.realized - held.average * held.quantity * 50
    assert abs(told - cash) < Decimal("1E-15")
