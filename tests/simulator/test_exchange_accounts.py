import pytest
from exchange_kit import D, fills, make_exchange, order, quote, told


def test_a_margin_position_is_carried_at_average_cost_and_closing_pays_the_difference() -> None:
    exchange = make_exchange()
    me = exchange.accounts["me"]
    quote(exchange, "1.0999", "1.1000", "9000", "9000", symbol="EUR_USD")
    exchange.submit(order("BUY", "1000", symbol="EUR_USD"), 1)
    quote(exchange, "1.1999", "1.2000", "9000", "9000", symbol="EUR_USD")
    exchange.submit(order("BUY", "1000", symbol="EUR_USD"), 2)
    fees = (D("1100") + D("1200")) * D("0.0005")
    assert me.cash["USD"] == D(10_000) - fees
    quote(exchange, "1.2500", "1.2501", "9000", "9000", symbol="EUR_USD")
    exchange.submit(order("SELL", "500", symbol="EUR_USD"), 3)
    fees += D("625") * D("0.0005")
    assert me.cash["USD"] == D(10_000) + 500 * (D("1.25") - D("1.15")) - fees
    assert me.net["EUR_USD"] == 1500


def test_a_position_may_flip_and_all_profit_is_paid_once_it_is_flat() -> None:
    exchange = make_exchange()
    me = exchange.accounts["me"]
    trades = [("BUY", "300", "1.1003"), ("BUY", "400", "1.1010"), ("SELL", "1100", "1.0951"), ("BUY", "400", "1.0900")]
    money = D(0)
    for side, quantity, price in trades:
        bid, ask = (str(D(price) - D("0.0001")), price) if side == "BUY" else (price, str(D(price) + D("0.0001")))
        quote(exchange, bid, ask, "9000", "9000", symbol="EUR_USD")
        [(paid, size, _)] = fills(exchange.submit(order(side, quantity, symbol="EUR_USD"), 1))
        money += (-1 if side == "BUY" else 1) * D(paid) * D(size) - D(paid) * D(size) * D("0.0005")
    assert me.net["EUR_USD"] == 0
    assert not me.average
    assert abs(me.cash["USD"] - 10_000 - money) < D("1E-11")


def test_margin_bounds_what_may_be_opened_but_never_what_closes() -> None:
    exchange = make_exchange()
    quote(exchange, "1.0000", "1.0001", "900000", "900000", symbol="EUR_USD")
    assert exchange.submit(order("BUY", "210000", symbol="EUR_USD"), 1)[0].code == "INSUFFICIENT_FUNDS"
    assert told(exchange.submit(order("SELL", "150000", symbol="EUR_USD"), 1)) == ["Accepted", "Filled"]
    quote(exchange, "1.0600", "1.0601", "900000", "900000", symbol="EUR_USD")
    assert exchange.submit(order("SELL", "1000", symbol="EUR_USD"), 2)[0].code == "INSUFFICIENT_FUNDS"
    assert told(exchange.submit(order("BUY", "150000", symbol="EUR_USD"), 3)) == ["Accepted", "Filled"]


def test_resting_margin_orders_hold_margin_until_they_end() -> None:
    exchange = make_exchange()
    me = exchange.accounts["me"]
    exchange.submit(order("BUY", "1000", "1.0000", symbol="EUR_USD"), 1)
    assert me.held["USD"] == 1000 * (D("0.05") + D("0.0005"))
    quote(exchange, "0.9999", "1.0000", "400", "400", symbol="EUR_USD")
    assert me.held["USD"] == 600 * (D("0.05") + D("0.0005"))
    exchange.cancel("1", 2)
    assert me.held["USD"] == 0


def test_a_stock_is_paid_in_full_and_cannot_be_sold_short_unless_allowed() -> None:
    exchange = make_exchange()
    me = exchange.accounts["me"]
    quote(exchange, "9.99", "10.00", "500", "500", symbol="AAPL")
    assert exchange.submit(order("SELL", "1", symbol="AAPL"), 1)[0].code == "INSUFFICIENT_FUNDS"
    exchange.submit(order("BUY", "100", symbol="AAPL"), 1)
    assert me.cash["USD"] == D(10_000) - D(1000) * D("1.0005")
    exchange.submit(order("SELL", "60", "11.00", symbol="AAPL"), 2)
    assert exchange.submit(order("SELL", "60", "11.00", symbol="AAPL"), 3)[0].code == "INSUFFICIENT_FUNDS"
    assert me.net["AAPL"] == 100


def test_a_forced_fill_may_overfill_and_comes_after_the_end() -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00")
    event = exchange.submit(order("BUY", "1"), 1)[-1]
    assert fills(exchange.force_fill(event.live, D("0.25"), 2)) == [("100.01", "0.25", "TAKER")]
    assert event.live.filled == D("1.25")
    assert exchange.accounts["me"].net["BTCUSDT"] == D("1.25")


def test_a_forced_fill_of_a_resting_order_shrinks_its_hold_and_ends_it_when_full() -> None:
    exchange = make_exchange()
    exchange.submit(order("BUY", "2", "100.00"), 1)
    live = exchange.open["1"]
    exchange.force_fill(live, D(1), 2)
    assert exchange.accounts["me"].held["USDT"] == D("100.05")
    exchange.force_fill(live, D(1), 3)
    assert not exchange.open
    assert exchange.accounts["me"].held["USDT"] == 0


@pytest.mark.parametrize("symbol", ["BTCUSDT", "EUR_USD", "AAPL"])
def test_a_bust_undoes_a_trade_to_the_last_digit(symbol: str) -> None:
    exchange = make_exchange()
    quote(exchange, "99.99", "100.00", "5", "5", symbol=symbol)
    me = exchange.accounts["me"]
    before = (dict(me.cash), me.net.get(symbol, D(0)))
    filled = exchange.submit(order("BUY", "3", symbol=symbol), 1)[-1]
    [busted] = exchange.bust(filled.live, filled.fill, 2)
    assert ({asset: amount for asset, amount in me.cash.items() if asset in before[0]}, me.net[symbol]) == before
    assert busted.fill is filled.fill
    assert filled.live.filled == 0
