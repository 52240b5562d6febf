import pytest
from exchange_kit import D, fills, make_exchange, order, quote, told

from autotrader.model import Side


def test_a_stop_waits_held_and_trades_at_market_once_the_quote_reaches_it() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    [event] = exchange.submit(order("SELL", "1", kind="STOP", stop_price="99.00"), 1)
    assert event.held
    assert quote(exchange, "99.01", "99.10") == []
    events = quote(exchange, "99.00", "99.10")
    assert told(events) == ["Triggered", "Filled"]
    assert fills(events) == [("99.00", "1", "TAKER")]
    assert not exchange.open


@pytest.mark.parametrize(
    ("side", "stop", "bid", "ask"), [("BUY", "101.00", "100.90", "101.00"), ("SELL", "99.00", "99.00", "99.20")]
)
def test_stops_look_at_the_side_they_would_trade_against(side: str, stop: str, bid: str, ask: str) -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    exchange.submit(order(side, "1", kind="STOP", stop_price=stop), 1)
    assert told(quote(exchange, bid, ask))[0] == "Triggered"


def test_a_trade_on_the_tape_triggers_a_stop() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    exchange.submit(order("BUY", "1", kind="STOP", stop_price="101.00"), 1)
    assert told(exchange.on_trade("BTCUSDT", D("101.00"), D(1), Side.BUY, 2)) == ["Triggered", "Filled"]


def test_a_stop_beyond_its_trigger_triggers_at_once() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    assert told(exchange.submit(order("BUY", "1", kind="STOP", stop_price="100.00"), 1)) == ["Accepted", "Triggered", "Filled"]


def test_a_stop_limit_becomes_a_limit_order() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    exchange.submit(order("SELL", "1", "98.90", kind="STOP_LIMIT", stop_price="99.00"), 1)
    events = quote(exchange, "98.50", "99.00")
    assert told(events) == ["Triggered"]
    [live] = exchange.open.values()
    assert live.resting
    assert not live.held
    assert fills(quote(exchange, "98.90", "99.00")) == [("98.90", "1", "MAKER")]


def test_a_trailing_stop_follows_the_market_and_never_back() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    [event] = exchange.submit(order("SELL", "1", kind="TRAILING_STOP", trail="1"), 1)
    assert event.stop_price == D("99.00")
    [moved] = quote(exchange, "101.00", "101.10")
    assert (told([moved]), moved.stop_price) == (["Trailed"], D("100.00"))
    assert quote(exchange, "100.50", "100.60") == []
    assert told(quote(exchange, "100.00", "100.10")) == ["Triggered", "Filled"]


def test_a_buying_trailing_stop_follows_downwards_and_holds_what_it_may_cost() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    exchange.submit(order("BUY", "1", kind="TRAILING_STOP", trail="1"), 1)
    held = exchange.accounts["me"].held
    assert held["USDT"] == D("101.10") * D("1.0005")
    quote(exchange, "90.00", "90.10")
    assert held["USDT"] == D("91.10") * D("1.0005")


def test_an_amended_stop_waits_for_its_new_trigger_or_triggers_at_once() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    exchange.submit(order("SELL", "1", kind="STOP", stop_price="99.00"), 1)
    assert told(exchange.amend("1", 2, stop_price=D("98.00"))) == ["Replaced"]
    assert quote(exchange, "98.50", "98.60") == []
    assert told(exchange.amend("1", 3, stop_price=D("98.50"))) == ["Replaced", "Triggered", "Filled"]


def test_a_cancelled_stop_gives_back_what_it_held() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10")
    exchange.submit(order("SELL", "1", kind="STOP", stop_price="99.00"), 1)
    assert exchange.accounts["me"].free("BTC") == 9
    exchange.cancel("1", 2)
    assert exchange.accounts["me"].free("BTC") == 10
    assert quote(exchange, "98.00", "98.10") == []


def test_a_stop_that_gaps_past_the_money_expires_rather_than_overdraw() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.10", "100", "900")
    exchange.submit(order("BUY", "980", kind="STOP", stop_price="101.00"), 1)
    events = quote(exchange, "199.00", "200.00", "100", "2000")
    assert told(events) == ["Triggered", "Expired"]
    assert events[-1].reason == "INSUFFICIENT_FUNDS"
    assert exchange.accounts["me"].held["USDT"] == 0
