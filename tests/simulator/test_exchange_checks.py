import pytest
from exchange_kit import BTC, D, make_exchange, order, quote, told

from autotrader.model import Order
from autotrader.simulator.books import Listing
from autotrader.simulator.events import Rejected
from autotrader.simulator.exchange import Exchange


def code_of(exchange: Exchange, wanted: Order) -> str:
    event = exchange.submit(wanted, 1)[-1]
    return event.code if isinstance(event, Rejected) else ""


@pytest.mark.parametrize(("wanted", "code"), [
    (order("BUY", "1", symbol="NOPE"), "UNKNOWN_SYMBOL"),
    (order("BUY", "1", account="nobody"), "UNKNOWN_ACCOUNT"),
    (order("BUY", "0"), "BAD_QUANTITY"),
    (order("BUY", "-1"), "BAD_QUANTITY"),
    (order("BUY", "NaN"), "BAD_QUANTITY"),
    (order("BUY", "Infinity"), "BAD_QUANTITY"),
    (order("BUY", "1e40"), "LOT_SIZE"),
    (order("BUY", "0.0015"), "LOT_SIZE"),
    (order("BUY", "1", "100.001"), "TICK_SIZE"),
    (order("BUY", "1", "-1"), "BAD_PRICE"),
    (order("BUY", "1", "NaN"), "BAD_PRICE"),
    (order("BUY", "1", kind="LIMIT"), "BAD_PRICE"),
    (order("BUY", "1", kind="STOP"), "BAD_PRICE"),
    (order("BUY", "1", "100", kind="STOP_LIMIT"), "BAD_PRICE"),
    (order("BUY", "1", kind="TRAILING_STOP"), "BAD_PRICE"),
    (order("BUY", "0.01", "100"), "MIN_NOTIONAL"),
    (order("BUY", "1", "100", tif="GTD"), "BAD_EXPIRY"),
    (order("BUY", "1", "100", tif="GTD", expires_ns=1), "BAD_EXPIRY"),
    (order("BUY", "1", "100", tif="IOC", post_only=True), "BAD_TYPE"),
    (order("BUY", "1", "100", kind="STOP_LIMIT", stop_price="100", post_only=True), "BAD_TYPE"),
    (order("BUY", "1001", "100"), "INSUFFICIENT_FUNDS"),
    (order("SELL", "10.001", "100"), "INSUFFICIENT_FUNDS"),
    (order("SELL", "1", "100", reduce_only=True), "REDUCE_ONLY"),
])  # fmt: skip
def test_an_order_that_cannot_be_is_rejected_by_code(wanted: Order, code: str) -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "2000", "2000")
    assert code_of(exchange, wanted) == code
    assert not exchange.open


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    exchange = make_exchange()
    exchange.submit(order("BUY", "1", "100", client_order_id="same"), 1)
    assert code_of(exchange, order("BUY", "1", "100", client_order_id="same")) == "DUPLICATE_ORDER_ID"
    exchange.cancel("1", 2)
    assert code_of(exchange, order("BUY", "1", "100", client_order_id="same")) == ""
    assert told(exchange.submit(order("SELL", "1", "101", client_order_id="same", account="them"), 3)) == ["Accepted"]


def test_open_orders_tie_up_the_money_and_coins_that_they_may_cost() -> None:
    exchange = make_exchange()
    exchange.submit(order("BUY", "600", "100"), 1)
    assert code_of(exchange, order("BUY", "600", "100")) == "INSUFFICIENT_FUNDS"
    exchange.submit(order("SELL", "6", "200"), 1)
    assert code_of(exchange, order("SELL", "6", "200")) == "INSUFFICIENT_FUNDS"


def test_a_market_order_is_judged_by_the_last_level_it_would_reach() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "1", "500")
    assert code_of(exchange, order("BUY", "999.5")) == "INSUFFICIENT_FUNDS"
    assert code_of(exchange, order("BUY", "999.3")) == ""


def test_quantity_bounds_and_untradable_instruments_are_kept() -> None:
    import msgspec

    bounded = msgspec.structs.replace(BTC, symbol="B", min_quantity=D("0.5"), max_quantity=D(2))
    closed = msgspec.structs.replace(BTC, symbol="C", tradable=False)
    exchange = make_exchange()
    other = Exchange([Listing(bounded), Listing(closed)], venue="paper", rng=exchange.rng)
    other.open_account("me", {"USDT": D(100_000)})
    assert code_of(other, order("BUY", "0.4", "100", symbol="B")) == "MIN_QUANTITY"
    assert code_of(other, order("BUY", "2.1", "100", symbol="B")) == "MAX_QUANTITY"
    assert code_of(other, order("BUY", "2", "100", symbol="B")) == ""
    assert code_of(other, order("BUY", "2", "100", symbol="C")) == "MARKET_HALTED"


def test_a_reduce_only_order_never_grows_or_flips_a_position() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10", "10", "10")
    exchange.submit(order("BUY", "2"), 1)
    assert code_of(exchange, order("BUY", "1", reduce_only=True)) == "REDUCE_ONLY"
    exchange.submit(order("SELL", "2", "101.00", reduce_only=True), 2)
    exchange.submit(order("SELL", "1.5"), 3)
    events = quote(exchange, "101.00", "101.10", "10", "10")
    assert told(events) == ["Filled", "Canceled"]
    assert exchange.accounts["me"].net["BTCUSDT"] == 0
