import msgspec
import pytest
from exchange_kit import BTC, FX, STOCK, D, order
from hypothesis import given
from hypothesis import strategies as st

from autotrader.model import Fill, InstrumentKind, Liquidity, Side
from autotrader.simulator.accounts import (
    Account,
    held_asset,
    hold_for,
    margin_room,
    need,
    reducible,
    release_hold,
    reverse,
    settle,
    shortfall,
)
from autotrader.simulator.books import Book, Listing
from autotrader.simulator.events import book_order

trades = st.lists(
    st.tuples(st.sampled_from(list(Side)), st.integers(1, 400), st.integers(10_000, 12_000)), min_size=1, max_size=25
)


def fill(
    side: Side | str, quantity: str | D, price: str | D, fee: str = "0", asset: str = "USD", symbol: str = "EUR_USD"
) -> Fill:
    return Fill(
        "1", "c", "1", "paper", "me", symbol, Side(side), D(price), D(quantity), D(fee), asset, Liquidity.TAKER, 0
    )


def account(**cash: str) -> Account:
    return Account("me", {asset: D(amount) for asset, amount in cash.items()})


@given(trades)
def test_margin_profit_and_what_is_open_are_the_value_of_all_trades(plan: list[tuple[Side, int, int]]) -> None:
    book, me = Book(Listing(FX)), account(USD="0")
    value, net = D(0), 0
    for side, quantity, ticks in plan:
        price = ticks * D("0.0001")
        signed = quantity if side is Side.BUY else -quantity
        settle(me, book, fill(side, D(quantity), price))
        value, net = value - signed * price, net + signed
        open_cost = me.net["EUR_USD"] * me.average.get("EUR_USD", D(0))
        assert me.net["EUR_USD"] == net
        assert abs(me.cash["USD"] - open_cost - value) < D("1E-9")
        assert ("EUR_USD" in me.average) == (net != 0)


@given(trades, st.sampled_from([BTC, STOCK]))
def test_reversing_every_trade_returns_to_the_beginning(plan: list[tuple[Side, int, int]], instrument: object) -> None:
    book, me = Book(Listing(instrument)), account(USD="1000", USDT="1000", BTC="5")  # type: ignore[arg-type]
    before = dict(me.cash)
    done = [fill(side, D(quantity), ticks * D("0.01"), "0.7", book.quote, book.symbol) for side, quantity, ticks in plan]
    for each in done:
        settle(me, book, each)
    for each in done:
        settle(me, book, reverse(each))
    assert {asset: amount for asset, amount in me.cash.items() if asset in before} == before
    assert me.net[book.symbol] == 0


def test_a_multiplier_scales_profit_cash_and_margin() -> None:
    future = msgspec.structs.replace(FX, symbol="ES", multiplier=D(50), kind=InstrumentKind.FUTURE)
    book, me = Book(Listing(future, margin_rate=D("0.1"))), account(USD="10000")
    settle(me, book, fill("BUY", "2", "100", symbol="ES"))
    assert me.cash["USD"] == 10_000
    book.last = D(101)
    assert margin_room(me, [book], "USD") == D(10_000) + 2 * 50 - 2 * 101 * 50 * D("0.1")
    settle(me, book, fill("SELL", "2", "103", symbol="ES"))
    assert me.cash["USD"] == 10_000 + 2 * 3 * 50
    option = msgspec.structs.replace(STOCK, multiplier=D(100), kind=InstrumentKind.OPTION)
    settle(me, Book(Listing(option)), fill("BUY", "1", "2.50", symbol="AAPL"))
    assert me.cash["USD"] == 10_300 - 250


def test_fees_in_the_base_asset_leave_the_quote_currency_alone() -> None:
    book, me = Book(Listing(BTC)), account(USDT="1000", BTC="1")
    settle(me, book, fill("BUY", "2", "100", "0.01", "BTC", "BTCUSDT"))
    assert (me.cash, me.net["BTCUSDT"]) == ({"USDT": D(800), "BTC": D("2.99")}, D("1.99"))
    settle(me, book, fill("SELL", "1", "100", "-0.5", "USDT", "BTCUSDT"))
    assert me.cash == {"USDT": D("900.5"), "BTC": D("1.99")}


@pytest.mark.parametrize(("instrument", "buy", "asset"), [
    (BTC, True, "USDT"), (BTC, False, "BTC"), (STOCK, True, "USD"), (STOCK, False, "#AAPL"), (FX, True, "USD"),
    (FX, False, "USD"),
])  # fmt: skip
def test_what_an_order_ties_up(instrument: object, buy: bool, asset: str) -> None:
    assert held_asset(Book(Listing(instrument)), buy) == asset  # type: ignore[arg-type]


def test_holds_follow_the_rest_of_an_order_and_go_with_it() -> None:
    book, me = Book(Listing(BTC, taker_fee=D("0.01"))), account(USDT="1000", BTC="5")
    live = book_order(order("BUY", "2", "100"), "1", 1, 0)
    hold_for(me, book, live)
    assert me.free("USDT") == 1000 - 202
    live.filled = D("1.5")
    hold_for(me, book, live)
    assert me.free("USDT") == 1000 - D("50.5")
    live.filled = D(3)
    hold_for(me, book, live)
    assert me.free("USDT") == 1000
    live.filled = D(0)
    hold_for(me, book, live)
    release_hold(me, book, live)
    release_hold(me, book, live)
    assert me.free("USDT") == 1000


def test_a_reduce_only_margin_order_ties_up_nothing() -> None:
    book, me = Book(Listing(FX)), account(USD="10")
    live = book_order(order("SELL", "100", "1.1", symbol="EUR_USD", reduce_only=True), "1", 1, 0)
    hold_for(me, book, live)
    assert live.hold == 0


def test_need_counts_fees_at_their_dearest() -> None:
    assert need(Book(Listing(BTC, D("0.03"), D("0.01"))), True, D(100), D(2)) == 206
    assert need(Book(Listing(BTC, D("-0.03"), D("0.01"))), True, D(100), D(2)) == 202
    assert need(Book(Listing(BTC, D("0.03"), D("0.01"))), False, D(100), D(2)) == 2


def test_what_can_be_reduced_is_whole_lots_of_the_other_side() -> None:
    book, me = Book(Listing(BTC)), account()
    me.net["BTCUSDT"] = D("0.9995")
    assert reducible(me, book, False) == D("0.999")
    assert reducible(me, book, True) == 0
    me.net["BTCUSDT"] = D("-0.5")
    assert reducible(me, book, True) == D("0.5")


def test_a_short_stock_needs_margin_where_it_is_allowed() -> None:
    book = Book(Listing(msgspec.structs.replace(STOCK, allows_short=True), margin_rate=D("0.5")))
    book.last = D(10)
    assert shortfall(account(USD="1000"), [book], book, False, D(10), D(60)) == ""
    me = account(USD="1000")
    settle(me, book, fill("SELL", "60", "10", symbol="AAPL"))
    assert margin_room(me, [book], "USD") == 1600 - 600 - 300
    assert "margin of" in shortfall(me, [book], book, False, D(10), D(80))


def test_a_shortfall_names_what_is_needed_and_what_is_there() -> None:
    book = Book(Listing(BTC))
    assert shortfall(account(USDT="10"), [book], book, True, D(100), D(1)) == "100 USDT is needed, 10 is free"
    assert shortfall(account(), [book], book, False, D(100), D(1)) == "1 BTC is needed, 0 is free"


PAIR = msgspec.structs.replace(FX, base="EUR")


@given(trades)
def test_a_pair_that_is_exchanged_moves_both_currencies_and_either_may_be_owed(plan: list[tuple[Side, int, int]]) -> None:
    book, me = Book(Listing(PAIR)), account(USD="0")
    euros, dollars = D(0), D(0)
    for side, quantity, ticks in plan:
        price = ticks * D("0.0001")
        signed = quantity if side is Side.BUY else -quantity
        settle(me, book, fill(side, D(quantity), price, "0.5"))
        euros, dollars = euros + signed, dollars - signed * price - D("0.5")
    assert (me.cash["EUR"], me.cash["USD"]) == (euros, dollars)
    assert me.net["EUR_USD"] == euros
    for side, quantity, ticks in reversed(plan):
        settle(me, book, reverse(fill(side, D(quantity), ticks * D("0.0001"), "0.5")))
    assert (me.cash["EUR"], me.cash["USD"]) == (0, 0)


def test_a_pair_that_is_exchanged_needs_its_margin_and_no_more() -> None:
    book, me = Book(Listing(PAIR, margin_rate=D("0.1"))), account(USD="100")
    book.take_quote(D("1.0"), D("1.0002"), D(1), D(1), 10)
    assert book.paid_in_full is False
    assert (held_asset(book, True), held_asset(book, False)) == ("USD", "USD")
    assert shortfall(me, [book], book, True, D("1.0"), D(1000)) == ""
    assert "margin" in shortfall(me, [book], book, False, D("1.0"), D(1001))
    settle(me, book, fill("BUY", "600", "1.0"))
    assert me.cash == {"USD": D(-500), "EUR": D(600)}
    mark = book.mark
    assert mark is not None
    assert margin_room(me, [book], "USD") == D(-500) + 600 * mark * D("0.9")
    assert shortfall(me, [book], book, False, D("1.0"), D(600)) == ""
