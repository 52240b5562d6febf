from exchange_kit import BTC, FX, STOCK, D
from hypothesis import given
from hypothesis import strategies as st

from autotrader.model import InstrumentKind, Order, OrderType, Side
from autotrader.simulator.books import Book, FeeAsset, Listing, RestingSide, Settlement, ShownSide, settlement_of
from autotrader.simulator.events import BookOrder, book_order

TICK = D("0.01")
sizes = st.integers(1, 500).map(lambda lots: lots * D("0.001"))


def shown(price: str, size: str, depth: int, step: str = "0.01") -> ShownSide:
    side = ShownSide(D(step))
    side.show(D(price), D(size), depth)
    return side


def resting(number: int, price: str, side: str = "BUY") -> BookOrder:
    order = Order(f"c{number}", "paper", "me", "BTCUSDT", Side(side), OrderType.LIMIT, D(1), price=D(price))
    return book_order(order, str(number), number, 0)


def test_the_ladder_shows_the_quoted_size_at_each_of_its_levels() -> None:
    assert list(shown("100.00", "2", 3).levels_to(None)) == [(D("100.00"), D(2)), (D("100.01"), D(2)), (D("100.02"), D(2))]
    assert list(shown("100.00", "2", 3, "-0.01").levels_to(D("99.99"))) == [(D("100.00"), D(2)), (D("99.99"), D(2))]
    assert list(shown("100.00", "2", 3).levels_to(D("99.99"))) == []


def test_taking_moves_on_level_by_level_until_nothing_shows() -> None:
    side = shown("100.00", "2", 2)
    side.take(D("1.5"))
    assert (side.price, side.left) == (D("100.00"), D("0.5"))
    side.take(D("0.5"))
    assert (side.price, side.left) == (D("100.01"), D(2))
    side.take(D(2))
    assert (side.left, list(side.levels_to(None)), side.worst_price(D(1))) == (0, [], None)


def test_bids_never_show_at_or_below_zero() -> None:
    side = shown("0.02", "1", 10, "-0.01")
    assert [price for price, _ in side.levels_to(None)] == [D("0.02"), D("0.01")]
    side.take(D(1))
    side.take(D(1))
    assert side.left == 0


@given(st.lists(sizes, min_size=1, max_size=12), sizes, st.integers(1, 8))
def test_what_is_taken_and_what_is_left_are_what_was_shown(takes: list[D], size: D, depth: int) -> None:
    side = ShownSide(TICK)
    side.show(D(100), size, depth)
    taken = D(0)
    for wanted in takes:
        while wanted > 0 and side.left > 0:
            part = min(wanted, side.left)
            assert side.price == D(100) + (taken // size) * TICK
            side.take(part)
            taken, wanted = taken + part, wanted - part
        assert taken + sum(left for _, left in side.levels_to(None)) == size * depth


@given(sizes, sizes, st.integers(1, 8))
def test_the_worst_price_is_that_of_the_last_level_reached(wanted: D, size: D, depth: int) -> None:
    side = ShownSide(TICK)
    side.show(D(100), size, depth)
    level = min(-(-wanted // size) if wanted % size == 0 else wanted // size + 1, depth) - 1
    assert side.worst_price(wanted) == D(100) + level * TICK


@given(st.lists(st.tuples(st.integers(9_900, 10_100), st.booleans()), max_size=40), st.booleans())
def test_resting_orders_stand_by_price_then_time_whatever_came_and_went(steps: list[tuple[int, bool]], buys: bool) -> None:
    side, model = RestingSide(-1 if buys else 1), []
    for number, (ticks, leaves) in enumerate(steps):
        if leaves and model:
            gone = model.pop(ticks % len(model))
            side.remove(gone)
        else:
            live = resting(number, f"{ticks / 100:.2f}", "BUY" if buys else "SELL")
            side.add(live)
            model.append(live)
    expected = sorted(model, key=lambda live: (-live.price if buys else live.price, live.sequence))
    assert list(side) == expected
    assert len(side) == len(model)


def test_a_book_unpacks_its_listing() -> None:
    coin = Book(Listing(BTC, D("0.001"), D("0.002"), FeeAsset.RECEIVED))
    assert (coin.settlement, coin.fee_in_base_buy, coin.fee_in_base_sell) == (Settlement.ASSETS, True, False)
    assert (coin.buy_factor, coin.sell_factor) == (D(1), D(1))
    margin = Book(Listing(FX, D("0.001"), D("0.002"), FeeAsset.BASE, D("0.1")))
    assert (margin.settlement, margin.fee_in_base_buy, margin.buy_factor) == (Settlement.MARGIN, False, D("0.102"))
    stock = Book(Listing(STOCK, D("-0.001"), D("0.002")))
    assert (stock.settlement, stock.buy_factor, stock.paid_in_full) == (Settlement.CASH, D("1.002"), True)


def test_every_kind_of_instrument_is_settled_in_one_way() -> None:
    ways = {settlement_of(kind) for kind in InstrumentKind} | {settlement_of(InstrumentKind.FX, "EUR")}
    assert ways == set(Settlement)


def test_the_mark_is_the_mid_else_the_last_trade() -> None:
    book = Book(Listing(BTC))
    assert book.mark is None
    book.last = D(90)
    assert book.mark == 90
    assert book.take_quote(D(99), D(101), D(1), D(1), 5)
    assert book.mark == 100
    assert not book.take_quote(D(101), D(101), D(1), D(1), 5)
    assert (book.mark, book.shown_asks.left, book.shown_bids.left) == (D(90), 0, 0)


def test_an_order_shows_in_a_snapshot_as_it_stands() -> None:
    live = resting(7, "100.00")
    live.filled, live.cost, live.quantity = D("0.5"), D("49.5"), D(2)
    update = live.update("paper")
    assert (update.client_order_id, update.venue_order_id, update.quantity, update.remaining) == ("c7", "7", D(2), D("1.5"))
    assert (update.average_price, update.price, update.foreign) == (D(99), D("100.00"), False)
    assert resting(8, "1").update("paper").average_price is None


def test_a_market_order_has_no_price_whatever_it_was_given() -> None:
    order = Order("c", "paper", "me", "BTCUSDT", Side.BUY, OrderType.MARKET, D(1), price=D(5), stop_price=D(6))
    live = book_order(order, "1", 1, 0)
    assert (live.price, live.stop_price) == (None, None)
