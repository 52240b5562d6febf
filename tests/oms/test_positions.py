"""Positions: average cost, realised P&L, fees in the base asset, flips, multipliers, adoptions, balances."""

from __future__ import annotations

from decimal import Decimal

import pytest
from order_kit import BTC, PERP, T0, books, busted, filled, intended, order
from order_kit import fill as make_fill

from autotrader.messages import BalanceOpened, BalanceTransferred, OrderIntended, PositionAdopted
from autotrader.model import Fill, Instrument, InstrumentKind, Order, OrderType, Position, Side
from autotrader.oms.book import Books

D = Decimal


def traded(*trades: tuple[str, str, str], symbol: str = "BTCUSDT", fee: str = "0", fee_asset: str = "USDT") -> Books:
    """Fold (side, quantity, price) trades of one order each way."""
    made = books()
    for number, (side, quantity, price) in enumerate(trades):
        fold(made, number, side, quantity, price, symbol, fee, fee_asset)
    return made


def fold(
    made: Books, number: int, side: str, quantity: str, price: str, symbol: str = "BTCUSDT", fee: str = "0",
    fee_asset: str = "USDT",
) -> None:
    name, way = f"c{number}", Side(side)
    venue = "okx" if symbol == PERP.symbol else "binance"
    meant = Order(name, venue, "acc", symbol, way, OrderType.MARKET, D(quantity))
    made.apply(OrderIntended(meant, T0))
    one = make_fill(
        f"t{number:03}", quantity, price, number, fee=fee, fee_asset=fee_asset, client_order_id=name, venue=venue,
        symbol=symbol, side=way, strategy="",
    )
    made.apply(filled(one))


def at(made: Books, mid: str | None = None, symbol: str = "BTCUSDT") -> Position:
    venue = "okx" if symbol == PERP.symbol else "binance"
    return made.position(venue, symbol, None if mid is None else D(mid))


def test_buys_average_their_price() -> None:
    position = at(traded(("BUY", "1", "100"), ("BUY", "3", "104")), "110")
    assert (position.quantity, position.average_price, position.realized_pnl) == (D(4), D(103), D(0))
    assert position.unrealized_pnl == D(28)
    assert position.currency == "USDT"


def test_a_sale_realises_against_the_average_and_leaves_it() -> None:
    position = at(traded(("BUY", "4", "100"), ("SELL", "1", "110")))
    assert (position.quantity, position.average_price, position.realized_pnl) == (D(3), D(100), D(10))
    assert position.unrealized_pnl is None


def test_a_short_earns_when_the_price_falls() -> None:
    position = at(traded(("SELL", "2", "100"), ("BUY", "1", "90")), "80")
    assert (position.quantity, position.average_price, position.realized_pnl) == (D(-1), D(100), D(10))
    assert position.unrealized_pnl == D(20)


@pytest.mark.parametrize(("first", "then", "sign"), [("BUY", "SELL", 1), ("SELL", "BUY", -1)])
def test_a_flip_through_zero_opens_at_the_new_price(first: str, then: str, sign: int) -> None:
    position = at(traded((first, "2", "100"), (then, "5", "110")))
    assert (position.quantity, position.average_price, position.realized_pnl) == (D(-3) * sign, D(110), D(20) * sign)


def test_a_flat_position_has_no_average() -> None:
    position = at(traded(("BUY", "2", "100"), ("SELL", "2", "101")), "50")
    assert (position.quantity, position.average_price, position.realized_pnl) == (D(0), None, D(2))
    assert position.unrealized_pnl == 0


def test_a_fee_in_the_base_asset_comes_off_the_quantity_and_not_off_the_profit() -> None:
    made = traded(("BUY", "1", "100"), fee="0.001", fee_asset="BTC")
    assert at(made).quantity == D("0.999")
    fold(made, 1, "SELL", "0.999", "110")
    position = at(made)
    assert (position.quantity, position.average_price, position.realized_pnl) == (D(0), None, D("9.99"))
    assert made.fees() == {"BTC": D("0.001")}


def test_a_base_fee_on_a_full_sale_leaves_a_debt_at_the_sale_price() -> None:
    made = traded(("BUY", "1", "100"), ("SELL", "1", "120"))
    fold(made, 2, "BUY", "1", "100", fee="0", fee_asset="BTC")
    fold(made, 3, "SELL", "1", "120", fee="0.01", fee_asset="BTC")
    position = at(made)
    assert (position.quantity, position.average_price, position.realized_pnl) == (D("-0.01"), D(120), D(40))


def test_a_rebate_is_a_negative_fee() -> None:
    made = traded(("BUY", "1", "100"), fee="-0.002", fee_asset="BTC")
    assert at(made).quantity == D("1.002")
    assert made.fees("binance") == {"BTC": D("-0.002")}
    assert made.fees("okx") == {}


def test_the_multiplier_scales_profit_and_not_quantity() -> None:
    position = at(traded(("BUY", "10", "50000"), ("SELL", "4", "50100"), symbol=PERP.symbol), "50200", PERP.symbol)
    assert (position.quantity, position.average_price) == (D(6), D(50000))
    assert (position.realized_pnl, position.unrealized_pnl) == (D(4), D(12))


def test_a_spot_trade_moves_base_and_quote() -> None:
    made = traded(("BUY", "2", "100"), fee="0.5", fee_asset="USDT")
    made.apply(BalanceOpened("binance", "acc", "USDT", D(1000), T0))
    made.apply(BalanceTransferred("binance", "acc", "USDT", D(-50), T0, "withdrawal"))
    assert made.balances("binance") == {"USDT": D("749.5"), "BTC": D(2)}
    assert made.balances("okx") == {}


def test_a_derivative_moves_only_its_profit_and_fees() -> None:
    made = traded(("BUY", "10", "50000"), ("SELL", "10", "50100"), symbol=PERP.symbol, fee="1", fee_asset="USDT")
    assert made.balances("okx") == {"USDT": D(8)}


def test_a_stock_moves_cash_by_its_cost() -> None:
    made = books()
    made.add_instruments([Instrument("binance", "AAPL", D("0.01"), D(1), "USD", kind=InstrumentKind.STOCK)])
    fold(made, 0, "BUY", "3", "200", "AAPL", "1", "USD")
    assert made.balances("binance") == {"USD": D(-601)}


def test_an_opening_counts_once() -> None:
    made = books()
    opening = BalanceOpened("binance", "acc", "USDT", D(1000), T0)
    assert not made.is_opened("binance", "acc")
    assert not made.apply(opening).ignored
    assert made.apply(opening).ignored
    assert made.balances("binance") == {"USDT": D(1000)}
    assert made.is_opened("binance", "acc")
    assert not made.is_opened("binance", "other")


def test_an_adopted_quantity_moves_no_balance_and_realises_nothing() -> None:
    made = traded(("BUY", "2", "100"))
    before = made.balances("binance")
    applied = made.apply(PositionAdopted("binance", "acc", "BTCUSDT", D(-1), None, T0 + 10**12, "drift"))
    assert applied.positions == (("binance", "acc", "BTCUSDT"),)
    position = at(made)
    assert (position.quantity, position.average_price, position.realized_pnl) == (D(1), D(100), D(0))
    assert made.balances("binance") == before


def test_an_adopted_position_without_a_price_realises_nothing_when_sold() -> None:
    made = books()
    made.apply(PositionAdopted("binance", "acc", "BTCUSDT", D(3), None, T0 - 10**12, "held before"))
    fold(made, 0, "SELL", "1", "100")
    assert (at(made).quantity, at(made).average_price, at(made).realized_pnl) == (D(2), None, D(0))
    fold(made, 1, "SELL", "3", "90")
    assert (at(made).quantity, at(made).average_price, at(made).realized_pnl) == (D(-1), D(90), D(0))


def test_an_adopted_price_is_averaged_in() -> None:
    made = traded(("BUY", "1", "100"))
    made.apply(PositionAdopted("binance", "acc", "BTCUSDT", D(1), D(110), T0 + 10**12))
    assert at(made).average_price == D(105)


def test_instruments_that_come_after_the_fills_change_the_fold() -> None:
    made = Books()
    made.apply(intended())
    made.apply(filled(make_fill("t1", "4", fee="0.004", fee_asset="BTC")))
    assert (made.position("binance", "BTCUSDT").quantity, made.position("binance", "BTCUSDT").currency) == (D(4), "")
    assert made.balances("binance") == {"BTC": D("-0.004")}
    made.add_instruments([BTC])
    assert made.position("binance", "BTCUSDT").quantity == D("3.996")
    assert made.balances("binance") == {"BTC": D("3.996"), "USDT": D(-400)}


def test_a_symbol_never_traded_is_flat() -> None:
    made = books()
    assert made.position("binance", "BTCUSDT", D(5)) == Position("binance", "", "BTCUSDT", D(0), None, D(0), D(0), "USDT")
    assert made.position("nowhere", "X").unrealized_pnl is None
    assert made.positions() == []


def test_positions_take_their_own_mids() -> None:
    made = traded(("BUY", "1", "100"))
    fold(made, 1, "BUY", "1", "50000", PERP.symbol)
    spot, perp = made.positions({("binance", "BTCUSDT"): D(101)})
    assert (spot.unrealized_pnl, perp.unrealized_pnl) == (D(1), None)


def test_both_sides_of_a_trade_with_oneself_are_counted() -> None:
    made = books(intended(), intended(order("c2", side=Side.SELL)))
    made.apply(filled(make_fill("t1", "4")))
    made.apply(filled(make_fill("t1", "4", client_order_id="c2", side=Side.SELL)))
    assert at(made).quantity == 0
    assert [made.orders[name].filled for name in ("c1", "c2")] == [D(4), D(4)]


def test_an_undone_fill_older_than_memory_is_taken_out_by_the_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autotrader.oms.positions.WINDOW", 4)
    journal: list[Fill] = []
    made = books(intended(order(quantity="100")), fills_of=lambda *key: journal)
    for number in range(12):
        one = make_fill(f"t{number:02}", "1", str(100 + number), number)
        made.apply(filled(one))
        journal.append(one)
    undone = made.apply(busted("t00", 50)).undone
    assert [one.trade_id for one in undone] == ["t00"]
    assert (at(made).quantity, at(made).average_price) == (D(11), D(106))
    made.apply(filled(make_fill("t00b", "1", "94", 0), 60))
    assert (at(made).quantity, at(made).average_price) == (D(12), D(105))
