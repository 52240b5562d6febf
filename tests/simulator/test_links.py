"""Orders of one group: the first that trades, triggers or ends takes the others with it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import make_exchange, order, quote, told

from autotrader.model import Order, OrderState
from autotrader.simulator.events import BookOrder
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.ledger import Ledger
from autotrader.simulator.ledger_fold import restore
from autotrader.simulator.ledger_rows import rows_of
from autotrader.simulator.links import LINKED
from autotrader.simulator.special import Special, SpecialOrder

D = Decimal


def linked(base: Order, group: str = "g") -> SpecialOrder:
    fields = {name: getattr(base, name) for name in base.__struct_fields__}
    return SpecialOrder(**fields, special=Special(group=group))


def pair(quantity: str = "0.1", above: str = "110.00", below: str = "90.00") -> list[Order]:
    stop = order("SELL", quantity, kind="STOP", stop_price=below, client_order_id="stop")
    goal = order("SELL", quantity, above, post_only=True, client_order_id="goal")
    return [linked(stop), linked(goal)]


@pytest.fixture
def exchange() -> Exchange:
    exchange = make_exchange()
    quote(exchange, "100.00", "100.01")
    return exchange


def placed(exchange: Exchange, **terms: Any) -> list[BookOrder]:
    events = exchange.submit_linked(pair(**terms), 0)
    assert told(events) == ["Accepted", "Accepted"]
    return [event.live for event in events]  # type: ignore[union-attr]


def test_a_limit_that_trades_in_part_ends_the_stop_before_it(exchange: Exchange) -> None:
    stop, goal = placed(exchange)
    events = quote(exchange, "110.00", "110.01", "0.04", "1")
    assert told(events) == ["Expired", "Filled"]
    assert (events[0].live, events[0].reason) == (stop, LINKED)
    assert goal.state is OrderState.PARTIALLY_FILLED
    assert not exchange.links


def test_a_stop_that_triggers_ends_the_limit_before_it_trades(exchange: Exchange) -> None:
    stop, goal = placed(exchange)
    assert told(quote(exchange, "90.00", "90.01")) == ["Expired", "Triggered", "Filled"]
    assert (goal.state, stop.state) == (OrderState.EXPIRED, OrderState.FILLED)
    assert not exchange.open


def test_a_cancel_of_one_cancels_both(exchange: Exchange) -> None:
    stop, goal = placed(exchange)
    assert told(exchange.cancel(goal.venue_order_id, 1)) == ["Canceled", "Canceled"]
    assert stop.state is goal.state is OrderState.CANCELED
    assert exchange.accounts["me"].free("BTC") == exchange.accounts["me"].cash["BTC"]


def test_a_group_sets_aside_what_its_dearest_order_needs(exchange: Exchange) -> None:
    account = exchange.accounts["me"]
    whole = account.free("BTC")
    placed(exchange, quantity=f"{whole:f}")
    assert account.held["BTC"] == whole
    quote(exchange, "110.00", "110.01", "0.25", "1")
    assert account.held["BTC"] == whole - D("0.25")


def test_one_that_is_refused_keeps_the_other_out(exchange: Exchange) -> None:
    assert told(exchange.submit_linked(pair(above="99.00"), 0)) == ["Rejected"]
    assert not exchange.open
    assert not exchange.links


def test_a_group_still_stands_after_a_restart(exchange: Exchange, tmp_path: Path) -> None:
    path, account = str(tmp_path / "ledger"), exchange.accounts["me"]
    ledger = Ledger(path, venue=exchange.venue, account="me", opening=account.cash)
    ledger.write(rows_of(exchange.submit_linked(pair(), 0), "me"), exchange, account)
    ledger.close()
    again = make_exchange()
    owner = restore(again, Ledger(path, venue=exchange.venue, account="me", opening={}).state)
    assert owner.held["BTC"] == D("0.1")
    quote(again, "100.00", "100.01")
    assert told(quote(again, "110.00", "110.01")) == ["Expired", "Filled"]
