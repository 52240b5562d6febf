from exchange_kit import SECOND, D, fills, make_exchange, order, quote, told

from autotrader.model import OrderState, Side
from autotrader.simulator.events import Replaced

DAY_NS = 86_400 * SECOND


def test_a_quote_that_reaches_a_resting_order_fills_it_at_its_own_price_as_maker() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("BUY", "2", "100.00"), 1)
    assert fills(quote(exchange, "98.00", "99.50", "1", "0.7")) == [
        ("100.00", "0.7", "MAKER"), ("100.00", "0.7", "MAKER"), ("100.00", "0.6", "MAKER"),
    ]  # fmt: skip


def test_a_quote_that_only_meets_the_other_side_fills_nothing() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("BUY", "2", "100.00"), 1)
    assert quote(exchange, "100.00", "100.50") == []


def test_resting_orders_fill_by_price_then_by_time() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    first, second, best = order("BUY", "1", "100.00"), order("BUY", "1", "100.00"), order("BUY", "1", "100.10")
    for each in (first, second, best):
        exchange.submit(each, 1)
    filled = [event.fill.client_order_id for event in quote(exchange, "98.00", "100.00", "1", "3")]
    assert filled == [best.client_order_id, first.client_order_id, second.client_order_id]


def test_a_trade_through_the_price_fills_at_the_orders_price_for_no_more_than_traded() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "101.00", "5")
    exchange.submit(order("BUY", "2", "100.00"), 1)
    assert fills(exchange.on_trade("BTCUSDT", D("99.99"), D("1.5"), Side.SELL, 2)) == [("100.00", "1.5", "MAKER")]


def test_a_trade_at_the_price_first_uses_up_the_queue_before_the_order() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "101.00", "5")
    exchange.submit(order("BUY", "2", "100.00"), 1)
    trade = lambda quantity: fills(exchange.on_trade("BTCUSDT", D("100.00"), D(quantity), Side.SELL, 2))  # noqa: E731
    assert trade("3") == []
    assert trade("2.5") == [("100.00", "0.5", "MAKER")]
    assert trade("9") == [("100.00", "1.5", "MAKER")]


def test_the_queue_is_never_longer_than_what_is_displayed() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "101.00", "5")
    exchange.submit(order("BUY", "2", "100.00"), 1)
    quote(exchange, "100.00", "101.00", "1")
    assert fills(exchange.on_trade("BTCUSDT", D("100.00"), D("1.5"), Side.SELL, 2)) == [("100.00", "0.5", "MAKER")]


def test_an_order_below_the_best_price_learns_its_queue_when_its_price_becomes_the_best() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "101.00", "5")
    exchange.submit(order("BUY", "2", "99.00"), 1)
    assert exchange.on_trade("BTCUSDT", D("99.00"), D("50"), Side.SELL, 2) == []
    quote(exchange, "99.00", "101.00", "1")
    assert fills(exchange.on_trade("BTCUSDT", D("99.00"), D("1.5"), Side.SELL, 2)) == [("99.00", "0.5", "MAKER")]


def test_two_orders_at_a_price_share_the_queue_before_them() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "101.00", "5")
    exchange.submit(order("BUY", "1", "100.00"), 1)
    exchange.submit(order("BUY", "1", "100.00"), 1)
    assert fills(exchange.on_trade("BTCUSDT", D("100.00"), D("6.5"), Side.SELL, 2)) == [
        ("100.00", "1", "MAKER"), ("100.00", "0.5", "MAKER"),
    ]  # fmt: skip


def test_a_trade_without_an_aggressor_fills_only_what_it_prints_through() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("BUY", "1", "100.00"), 1)
    exchange.submit(order("SELL", "1", "100.50"), 1)
    assert exchange.on_trade("BTCUSDT", D("100.00"), D("9"), None, 2) == []
    assert fills(exchange.on_trade("BTCUSDT", D("99.99"), D("9"), None, 2)) == [("100.00", "1", "MAKER")]


def test_a_buyer_on_the_tape_fills_no_bids() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("BUY", "1", "100.00"), 1)
    assert exchange.on_trade("BTCUSDT", D("99.00"), D("9"), Side.BUY, 2) == []


def test_a_cancel_ends_an_open_order_once_and_gives_back_what_it_held() -> None:
    exchange = make_exchange()
    exchange.submit(order("BUY", "1", "100.00"), 1)
    me = exchange.accounts["me"]
    assert me.free("USDT") == D(100_000) - D("100.05")
    assert told(exchange.cancel("1", 2)) == ["Canceled"]
    assert me.free("USDT") == D(100_000)
    assert exchange.cancel("1", 3)[0].code == "UNKNOWN_ORDER"


def test_gtd_and_day_orders_expire_at_their_time_and_gtc_orders_do_not() -> None:
    exchange = make_exchange()
    exchange.submit(order("BUY", "1", "100.00", tif="GTD", expires_ns=10 * SECOND), 1)
    exchange.submit(order("BUY", "1", "100.00", tif="DAY"), 1)
    exchange.submit(order("BUY", "1", "100.00"), 1)
    assert exchange.next_expiry_ns == 10 * SECOND
    assert exchange.advance(10 * SECOND - 1) == []
    assert told(exchange.advance(10 * SECOND)) == ["Expired"]
    assert exchange.next_expiry_ns == DAY_NS
    assert told(quote(exchange, "98.00", "99.00", now_ns=DAY_NS)) == ["Expired", "Filled"]


def test_times_of_orders_that_ended_are_not_kept() -> None:
    exchange = make_exchange()
    for now in range(3_000):
        exchange.submit(order("BUY", "0.1", "90.00", tif="DAY"), now)
        exchange.cancel(str(now + 1), now)
    assert len(exchange.expiries) <= 1_001


def test_an_amend_that_only_shrinks_keeps_the_place_in_time_and_any_other_loses_it() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    for _ in range(3):
        exchange.submit(order("BUY", "2", "100.00"), 1)
    assert exchange.amend("1", 2, quantity=D(1))[0].sequence == 1
    exchange.amend("2", 2, quantity=D(3))
    filled = [event.live.venue_order_id for event in quote(exchange, "98.00", "100.00", "1", "6")]
    assert filled == ["1", "3", "2"]


def test_an_amend_across_the_market_trades_at_once() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("BUY", "1", "100.00"), 1)
    assert told(exchange.amend("1", 2, price=D("101.00"))) == ["Replaced", "Filled"]
    assert not exchange.open


def test_an_amend_to_no_more_than_is_filled_ends_the_order_as_filled() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "100.00", "1", "0.5")
    exchange.submit(order("BUY", "2", "100.00"), 1)
    [event] = exchange.amend("1", 2, quantity=D("0.3"))
    assert isinstance(event, Replaced)
    assert event.quantity == D("0.5")
    assert event.live.state is OrderState.FILLED
    assert not exchange.open
    assert exchange.accounts["me"].held["USDT"] == 0


def test_an_amend_that_cannot_be_paid_changes_nothing() -> None:
    exchange = make_exchange()
    exchange.submit(order("BUY", "1", "100.00"), 1)
    held = dict(exchange.accounts["me"].held)
    assert exchange.amend("1", 2, quantity=D(5000))[0].code == "INSUFFICIENT_FUNDS"
    assert exchange.amend("1", 2, price=D("0.001"))[0].code == "TICK_SIZE"
    assert exchange.amend("9", 2, price=D("1"))[0].code == "UNKNOWN_ORDER"
    assert exchange.amend("1", 2, stop_price=D("1"))[0].code == "BAD_PRICE"
    assert exchange.accounts["me"].held == held
    assert exchange.open["1"].quantity == 1


def test_a_post_only_order_cannot_be_amended_across_the_market() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("BUY", "1", "100.00", post_only=True), 1)
    assert exchange.amend("1", 2, price=D("101.00"))[0].code == "POST_ONLY"


def test_a_halt_rejects_new_orders_and_fills_nothing_but_cancels_work() -> None:
    exchange = make_exchange()
    quote(exchange, "99.00", "101.00")
    exchange.submit(order("BUY", "1", "100.00"), 1)
    exchange.halt("BTCUSDT", True)
    assert exchange.submit(order("BUY", "1"), 2)[0].code == "MARKET_HALTED"
    assert quote(exchange, "98.00", "99.00") == []
    assert exchange.on_trade("BTCUSDT", D("90"), D(5), Side.SELL, 2) == []
    assert exchange.amend("1", 2, price=D("99"))[0].code == "MARKET_HALTED"
    assert told(exchange.cancel("1", 2)) == ["Canceled"]
    exchange.halt(None, False)
    assert told(exchange.submit(order("BUY", "1"), 3)) == ["Accepted", "Filled"]
