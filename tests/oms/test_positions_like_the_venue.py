"""Realised P&L of a margined position is money at the venue: both must count it to the same digit."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from order_kit import PERP, books, filled, intended
from order_kit import fill as make_fill

from autotrader.model import Fill, Order, OrderType, Side
from autotrader.simulator.accounts import Account, settle
from autotrader.simulator.books import Book, Listing

D = Decimal
sides = st.sampled_from([Side.BUY, Side.SELL])
quantities = st.integers(1, 97).map(lambda n: D(n) / 10)
prices = st.integers(1, 999_983).map(lambda n: D(n) / 1000)


@given(st.lists(st.tuples(sides, quantities, prices), min_size=2, max_size=30))
def test_realised_profit_equals_what_the_venue_pays_out(trades: list[tuple[Side, Decimal, Decimal]]) -> None:
    ours, account = books(), Account("acc", {"USDT": D(0)}, limited=False)
    book = Book(Listing(PERP, D(0), D(0)))
    for number, (side, quantity, price) in enumerate(trades):
        fill = traded(number, side, quantity, price)
        ours.apply(intended(Order(fill.client_order_id, "okx", "acc", PERP.symbol, side, OrderType.MARKET, quantity)))
        ours.apply(filled(fill))
        settle(account, book, fill)
    assert ours.balances("okx").get("USDT", D(0)) == account.cash["USDT"]
    assert ours.position("okx", PERP.symbol, None).realized_pnl == account.cash["USDT"]


def traded(number: int, side: Side, quantity: Decimal, price: Decimal) -> Fill:
    return make_fill(
        f"t{number:03}", quantity, price, number, client_order_id=f"c{number}", venue="okx", symbol=PERP.symbol, side=side,
        fee="0", strategy="",
    )  # fmt: skip
