import pytest
from exchange_kit import D, fills, make_exchange, order, quote, told

from autotrader.model import OrderState
from autotrader.simulator.books import FeeAsset
from autotrader.simulator.events import Canceled, Expired, Filled


def test_a_market_order_takes_what_is_shown_then_one_tick_deeper_at_each_level() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "1", "0.5")
    events = exchange.submit(order("BUY", "1.2"), 1)
    assert told(events) == ["Accepted", "Filled", "Filled", "Filled"]
    assert fills(events) == [("100.00", "0.5", "TAKER"), ("100.01", "0.5", "TAKER"), ("100.02", "0.2", "TAKER")]


def test_what_was_taken_stays_taken_until_the_next_quote() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "1", "0.5")
    exchange.submit(order("BUY", "0.3"), 1)
    assert fills(exchange.submit(order("BUY", "0.3"), 2)) == [("100.00", "0.2", "TAKER"), ("100.01", "0.1", "TAKER")]
    quote(exchange, "99.99", "100.00", "1", "0.5")
    assert fills(exchange.submit(order("BUY", "0.3"), 3)) == [("100.00", "0.3", "TAKER")]


def test_what_a_market_order_cannot_get_expires_and_the_next_one_expires_whole_until_a_quote() -> None:
    exchange = make_exchange(depth=2)
    quote(exchange, "99.99", "100.00", "1", "0.5")
    events = exchange.submit(order("BUY", "1.5"), 1)
    assert told(events) == ["Accepted", "Filled", "Filled", "Expired"]
    assert events[-1].live.state is OrderState.EXPIRED
    assert events[-1].live.filled == D(1)
    again = exchange.submit(order("BUY", "0.1"), 2)
    assert told(again) == ["Accepted", "Expired"]
    assert again[-1].live.filled == 0
    quote(exchange, "99.99", "100.00", "1", "0.5")
    assert fills(exchange.submit(order("BUY", "0.1"), 3)) == [("100.00", "0.1", "TAKER")]


def test_without_a_quote_a_market_order_is_rejected_and_a_limit_order_rests() -> None:
    exchange = make_exchange()
    assert exchange.submit(order("SELL", "1"), 1)[0].code == "NO_MARKET"
    assert told(exchange.submit(order("SELL", "1", "100"), 1)) == ["Accepted"]


def test_a_crossed_quote_shows_nothing() -> None:
    exchange = make_exchange()
    quote(exchange, "99", "100")
    quote(exchange, "101", "100")
    assert exchange.submit(order("BUY", "1"), 1)[0].code == "NO_MARKET"


def test_a_quote_without_sizes_fills_any_quantity_at_its_price() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "0", "0")
    assert fills(exchange.submit(order("BUY", "500"), 1)) == [("100.00", "500", "TAKER")]


def test_a_size_that_is_no_whole_number_of_lots_counts_in_whole_lots() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "1", "0.0031000000000000004")
    assert fills(exchange.submit(order("BUY", "0.05"), 1))[0] == ("100.00", "0.003", "TAKER")


def test_the_cap_price_of_a_market_order_is_never_passed() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "1", "0.5")
    events = exchange.submit(order("BUY", "2", cap_price="100.01"), 1)
    assert [price for price, _, _ in fills(events)] == ["100.00", "100.01"]
    assert told(events)[-1] == "Expired"


def test_a_limit_order_takes_as_far_as_its_price_and_rests_with_the_remainder() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "1", "0.5")
    events = exchange.submit(order("BUY", "2", "100.01"), 1)
    assert fills(events) == [("100.00", "0.5", "TAKER"), ("100.01", "0.5", "TAKER")]
    [live] = exchange.open.values()
    assert (live.remaining, live.state) == (D(1), OrderState.PARTIALLY_FILLED)


def test_an_ioc_order_takes_what_it_can_and_the_remainder_expires() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "1", "0.5")
    events = exchange.submit(order("BUY", "2", "100.00", tif="IOC"), 1)
    assert told(events) == ["Accepted", "Filled", "Expired"]
    assert not exchange.open


def test_a_fok_order_fills_whole_or_not_at_all() -> None:
    exchange = make_exchange(depth=3)
    quote(exchange, "99.99", "100.00", "1", "0.5")
    assert told(exchange.submit(order("BUY", "1.2", "100.01", tif="FOK"), 1)) == ["Accepted", "Expired"]
    assert told(exchange.submit(order("BUY", "1.2", "100.02", tif="FOK"), 1)) == ["Accepted", "Filled", "Filled", "Filled"]


def test_a_post_only_order_that_would_take_is_rejected_and_one_that_would_not_rests() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00")
    assert exchange.submit(order("BUY", "1", "100.00", post_only=True), 1)[0].code == "POST_ONLY"
    assert told(exchange.submit(order("BUY", "1", "99.99", post_only=True), 1)) == ["Accepted"]


def test_self_trade_cancels_the_newer_order() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("SELL", "1", "100.00"), 1)
    events = exchange.submit(order("BUY", "1", "100.00"), 2)
    assert isinstance(events[-1], Canceled)
    assert events[-1].reason == "SELF_TRADE"
    assert len(exchange.open) == 1


def test_an_own_order_beyond_the_limit_is_no_self_trade() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("SELL", "1", "100.50"), 1)
    assert told(exchange.submit(order("BUY", "1", "100.00"), 2)) == ["Accepted"]


def test_another_accounts_order_is_met_at_its_price_under_one_trade_id() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("SELL", "1", "100.00", account="them"), 1)
    events = [event for event in exchange.submit(order("BUY", "2", "100.50"), 2) if isinstance(event, Filled)]
    assert fills(events) == [("100.00", "1", "MAKER"), ("100.00", "1", "TAKER")]
    assert events[0].fill.trade_id == events[1].fill.trade_id
    assert exchange.accounts["me"].net["BTCUSDT"] == -exchange.accounts["them"].net["BTCUSDT"] == 1


def test_at_the_same_price_the_displayed_market_is_met_before_a_resting_order() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "100.00", "1", "0.4")
    exchange.submit(order("SELL", "1", "100.00", account="them"), 1)
    events = exchange.submit(order("BUY", "1", "100.00"), 2)
    assert fills(events) == [("100.00", "0.4", "TAKER"), ("100.00", "0.6", "MAKER"), ("100.00", "0.6", "TAKER")]


def test_slippage_worsens_market_fills_within_its_bound_and_the_cap() -> None:
    exchange = make_exchange(slippage_bps=D(50))
    bought, sold = [], []
    for now in range(30):
        quote(exchange, "99.99", "100.00", "5", "5")
        bought += [D(price) for price, _, _ in fills(exchange.submit(order("BUY", "0.1", cap_price="100.305"), now))]
        sold += [D(price) for price, _, _ in fills(exchange.submit(order("SELL", "0.1", cap_price="99.805"), now))]
    assert all(not price % D("0.01") for price in bought + sold)
    assert D(100) == min(bought + [D(100)]) < max(bought) == D("100.30")
    assert D("99.99") == max(sold + [D("99.99")]) > min(sold) == D("99.81")


@pytest.mark.parametrize(("side", "fee_asset", "fee", "asset"), [
    ("BUY", FeeAsset.QUOTE, "0.05", "USDT"),
    ("BUY", FeeAsset.BASE, "0.0005", "BTC"),
    ("BUY", FeeAsset.RECEIVED, "0.0005", "BTC"),
    ("SELL", FeeAsset.QUOTE, "0.05", "USDT"),
    ("SELL", FeeAsset.BASE, "0.0005", "BTC"),
    ("SELL", FeeAsset.RECEIVED, "0.05", "USDT"),
])  # fmt: skip
def test_fees_are_taken_in_the_asset_that_the_listing_names(side: str, fee_asset: FeeAsset, fee: str, asset: str) -> None:
    exchange = make_exchange(fee_asset)
    quote(exchange, "100.00", "100.01") if side == "SELL" else quote(exchange, "99.99", "100.00")
    me = exchange.accounts["me"]
    before = dict(me.cash)
    fill = exchange.submit(order(side, "1"), 1)[1].fill
    assert (fill.fee, fill.fee_asset) == (D(fee), asset)
    signed = 1 if side == "BUY" else -1
    assert me.cash["USDT"] == before["USDT"] - signed * 100 - (fill.fee if asset == "USDT" else 0)
    assert me.cash["BTC"] == before["BTC"] + signed - (fill.fee if asset == "BTC" else 0)
    assert me.net["BTCUSDT"] == signed - (fill.fee if asset == "BTC" else 0)


def test_a_market_order_never_overdraws_on_orders_behind_the_displayed_market() -> None:
    exchange = make_exchange(depth=1)
    quote(exchange, "99.99", "100.00", "1", "500")
    exchange.submit(order("SELL", "600", "300.00", account="them"), 1)
    events = exchange.submit(order("BUY", "900"), 2)
    assert fills(events) == [("100.00", "500", "TAKER")]
    assert events[-1].reason == "INSUFFICIENT_FUNDS"


def test_a_market_order_ends_without_leaving_anything_open() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00")
    event = exchange.submit(order("SELL", "1"), 1)[-1]
    assert isinstance(event, Filled)
    assert event.state is OrderState.FILLED
    assert not exchange.open
    assert not exchange.accounts["me"].open
    assert not isinstance(event, Expired)
