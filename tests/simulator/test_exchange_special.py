from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchange_kit import fills, make_exchange, order, quote, told

from autotrader.model import Order
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.ledger import Ledger
from autotrader.simulator.ledger_fold import restore
from autotrader.simulator.ledger_rows import rows_of
from autotrader.simulator.special import PLAIN, SelfTrade, Special, SpecialOrder, special_of

D = Decimal


def special(base: Order, **terms: Any) -> SpecialOrder:
    fields = {name: getattr(base, name) for name in base.__struct_fields__}
    return SpecialOrder(**fields, special=Special(**terms))


def resting(exchange: Exchange, side: str, price: str) -> str:
    return exchange.submit(order(side, "0.5", price), 0)[0].live.venue_order_id  # type: ignore[union-attr]


def test_a_plain_order_has_plain_terms() -> None:
    assert special_of(order("BUY", "1")) is PLAIN


def test_a_touch_buy_waits_above_its_trigger_and_fires_when_the_market_falls_to_it() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.01")
    events = exchange.submit(special(order("BUY", "0.1", kind="STOP", stop_price="95.00"), touch=True), 0)
    assert told(events) == ["Accepted"]
    assert told(quote(exchange, "95.99", "96.00")) == []
    assert told(quote(exchange, "94.98", "94.99")) == ["Triggered", "Filled"]


def test_a_touch_sell_fires_when_the_market_rises_to_it() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.01")
    exchange.submit(special(order("SELL", "0.1", kind="STOP", stop_price="105.00"), touch=True), 0)
    assert told(quote(exchange, "104.00", "104.01")) == []
    assert told(quote(exchange, "105.00", "105.01")) == ["Triggered", "Filled"]


def test_a_share_trailing_sell_follows_the_bid_up_and_fires_on_the_way_down() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.01")
    live = exchange.submit(special(order("SELL", "0.1", kind="STOP"), trail_bps=100), 0)[0].live  # type: ignore[union-attr]
    assert live.stop_price == D("99.00")
    assert told(quote(exchange, "110.00", "110.01")) == ["Trailed"]
    assert live.stop_price == D("108.90")
    assert told(quote(exchange, "109.00", "109.01")) == []
    assert told(quote(exchange, "108.90", "108.91")) == ["Triggered", "Filled"]


def test_a_trailing_stop_with_a_start_follows_only_from_there() -> None:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.01")
    wanted = special(order("SELL", "0.1", kind="STOP"), touch=True, trail_bps=100, trails_from=D("105.00"))
    live = exchange.submit(wanted, 0)[0].live  # type: ignore[union-attr]
    assert live.stop_price is None
    assert told(quote(exchange, "90.00", "90.01")) == []
    assert told(quote(exchange, "106.00", "106.01")) == ["Trailed"]
    assert live.stop_price == D("104.94")


def test_expire_maker_ends_the_older_order_and_trades_on() -> None:
    exchange = make_exchange()
    quote(exchange, "90.00", "101.00")
    key = resting(exchange, "SELL", "100.00")
    events = exchange.submit(special(order("BUY", "0.1", "101.00"), prevention=SelfTrade.EXPIRE_MAKER), 0)
    assert told(events) == ["Accepted", "Expired", "Filled"]
    assert events[1].live.venue_order_id == key  # type: ignore[union-attr]
    assert fills(events) == [("101.00", "0.1", "TAKER")]


def test_expire_taker_and_both_end_the_newer_order_as_expired() -> None:
    for mode, expected in ((SelfTrade.EXPIRE_TAKER, 1), (SelfTrade.EXPIRE_BOTH, 2)):
        exchange = make_exchange()
        quote(exchange, "90.00", "101.00")
        resting(exchange, "SELL", "100.00")
        events = exchange.submit(special(order("BUY", "0.1", "101.00"), prevention=mode), 0)
        assert told(events) == ["Accepted"] + ["Expired"] * expected


def test_a_fill_or_kill_counts_on_what_lies_behind_an_order_that_would_expire() -> None:
    exchange = make_exchange()
    quote(exchange, "90.00", "101.00")
    resting(exchange, "SELL", "100.00")
    wanted = special(order("BUY", "1", "101.00", tif="FOK"), prevention=SelfTrade.EXPIRE_MAKER)
    assert told(exchange.submit(wanted, 0)) == ["Accepted", "Expired", "Filled"]


def test_special_terms_survive_in_the_ledger(tmp_path: Any) -> None:
    path, exchange = tmp_path / "books", make_exchange()
    quote(exchange, "100.00", "100.01")
    ledger = Ledger(path, venue="paper", account="me", opening={"USDT": D(1)})
    wanted = special(order("BUY", "0.1", kind="STOP", stop_price="95.00"), touch=True, labels={"kind": "TAKE_PROFIT"})
    ledger.write(rows_of(exchange.submit(wanted, 0), "me"), exchange, exchange.accounts["me"])
    for step in ("rows", "checkpoint"):
        if step == "checkpoint":
            ledger.checkpoint(exchange, exchange.accounts["me"])
        ledger.close()
        ledger = Ledger(path, venue="paper", account="me", opening={})
        fresh = make_exchange()
        account = restore(fresh, ledger.state)
        (live,) = account.open.values()
        assert special_of(live.order) == wanted.special
    ledger.close()
