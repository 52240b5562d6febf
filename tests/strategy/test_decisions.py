"""From decisions to commands."""

from __future__ import annotations

from typing import Any

import pytest
from strategy_kit import D

from autotrader.messages import CancelOrder, ModifyOrder, OrderDenied, RequestRefused, SubmitOrder
from autotrader.model import ClientOrderIds, ExecutionDecision, OrderType, Side, TimeInForce
from autotrader.strategy.decisions import Desk, command_of
from autotrader.strategy.symbols import Symbols


def desk(position: object = 0, **accounts: str) -> Desk:
    symbols = Symbols()
    symbols.add("paper", "BTCUSDT")
    symbols.add("paper", "ETHUSDT")
    symbols.add("binance", "ETHUSDT")
    symbols.add("okx", "BTC-USDT")
    accounts = accounts or {"paper": "A", "binance": "B"}
    ids = {venue: ClientOrderIds(venue, account, "engine", 1) for venue, account in accounts.items()}
    return Desk(strategy="s", symbols=symbols, ids=ids, accounts=accounts, positions={("paper", "BTCUSDT"): D(str(position))})


def order_of(decision: ExecutionDecision, on: Desk | None = None):
    command = command_of(decision, on or desk(), 11, 22)
    assert type(command) is SubmitOrder
    return command.order


def test_a_buy_becomes_an_order_with_every_field_of_the_decision() -> None:
    order = order_of(ExecutionDecision(
        "BUY", "BTCUSDT", "0.5", order_type="STOP_LIMIT", limit_price=101, stop_price=100, time_in_force="GTD", expires_ns=99,
        post_only=True, reduce_only=True, tag="t"))
    assert (order.venue, order.account, order.symbol) == ("paper", "A", "BTCUSDT")
    assert (order.side, order.quantity) == (Side.BUY, D("0.5"))
    assert (order.type, order.price, order.stop_price) == (OrderType.STOP_LIMIT, 101, 100)
    assert (order.time_in_force, order.expires_ns) == (TimeInForce.GTD, 99)
    assert (order.post_only, order.reduce_only, order.tag, order.strategy) == (True, True, "t", "s")
    assert (order.created_ns, order.decided_ns, order.cap_price) == (11, 22, None)


def test_each_order_has_an_id_of_its_own_from_its_venues_ids() -> None:
    on = desk()
    first, second = (order_of(ExecutionDecision("SELL", "BTCUSDT", 1), on) for _ in range(2))
    other = order_of(ExecutionDecision("SELL", "ETHUSDT", 1, venue="binance"), on)
    assert len({first.client_order_id, second.client_order_id, other.client_order_id}) == 3
    assert first.client_order_id[:24] == second.client_order_id[:24] != other.client_order_id[:24]
    assert (first.side, other.account) == (Side.SELL, "B")


def test_a_trailing_stop_takes_its_trail() -> None:
    order = order_of(ExecutionDecision("SELL", "BTCUSDT", 1, order_type="TRAILING_STOP", trail=5))
    assert (order.type, order.trail) == (OrderType.TRAILING_STOP, 5)


@pytest.mark.parametrize(("held", "side", "quantity"), [("2.5", Side.SELL, "2.5"), ("-3", Side.BUY, "3")])
def test_close_is_a_reduce_only_order_for_the_whole_position(held: str, side: Side, quantity: str) -> None:
    order = order_of(ExecutionDecision("CLOSE", "BTCUSDT"), desk(held))
    assert (order.side, order.quantity, order.type, order.reduce_only) == (side, D(quantity), OrderType.MARKET, True)


def test_close_with_a_size_closes_that_much_and_never_more_than_is_held() -> None:
    assert order_of(ExecutionDecision("CLOSE", "paper:BTCUSDT", 1), desk(3)).quantity == 1
    assert order_of(ExecutionDecision("CLOSE", "BTCUSDT", 9), desk(3)).quantity == 3


def test_hold_is_nothing() -> None:
    assert command_of(ExecutionDecision("HOLD", "BTCUSDT"), desk(), 1, 2) is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"action": "BUY", "symbol": "ETHUSDT", "size": 1}, "AMBIGUOUS_VENUE"),
        ({"action": "BUY", "symbol": "DOGE", "size": 1}, "UNKNOWN_SYMBOL"),
        ({"action": "BUY", "symbol": "BTC-USDT", "size": 1}, "UNKNOWN_VENUE"),
        ({"action": "BUY", "symbol": "BTCUSDT"}, "NO_SIZE"),
        ({"action": "SELL", "symbol": "BTCUSDT", "size": 0}, "NO_SIZE"),
        ({"action": "SELL", "symbol": "BTCUSDT", "size": -1}, "NO_SIZE"),
        ({"action": "BUY", "symbol": "BTCUSDT", "size": 1, "order_type": "LIMIT"}, "NO_PRICE"),
        ({"action": "BUY", "symbol": "BTCUSDT", "size": 1, "limit_price": 5}, "PRICE_UNUSED"),
        ({"action": "BUY", "symbol": "BTCUSDT", "size": 1, "order_type": "STOP"}, "NO_STOP_PRICE"),
        ({"action": "BUY", "symbol": "BTCUSDT", "size": 1, "order_type": "STOP_LIMIT", "limit_price": 1}, "NO_STOP_PRICE"),
        ({"action": "BUY", "symbol": "BTCUSDT", "size": 1, "order_type": "TRAILING_STOP"}, "NO_TRAIL"),
        ({"action": "BUY", "symbol": "BTCUSDT", "size": 1, "time_in_force": "GTD"}, "NO_EXPIRY"),
        ({"action": "CLOSE", "symbol": "BTCUSDT"}, "NOTHING_TO_CLOSE"),
    ],
)
def test_what_cannot_become_an_order_is_denied_with_a_code(fields: dict[str, Any], code: str) -> None:
    denied = command_of(ExecutionDecision(**fields), desk(), 11, 22)
    assert type(denied) is OrderDenied
    assert denied.reason_code == code
    assert denied.reason
    assert (denied.order.symbol, denied.order.strategy, denied.order.created_ns) == (fields["symbol"], "s", 11)
    assert denied.order.client_order_id
    assert denied.order.venue in ("paper", "binance")


def test_a_close_of_nothing_sized_is_denied() -> None:
    denied = command_of(ExecutionDecision("CLOSE", "BTCUSDT", 0), desk(3), 1, 2)
    assert isinstance(denied, OrderDenied)
    assert denied.reason_code == "NO_SIZE"


def test_a_denial_without_any_venue_has_neither_venue_nor_id() -> None:
    denied = command_of(ExecutionDecision("BUY", "DOGE", 1), Desk("s", Symbols(), {}, {}, {}), 1, 2)
    assert isinstance(denied, OrderDenied)
    assert (denied.order.venue, denied.order.client_order_id) == ("", "")


def test_cancel_and_modify_go_to_the_order_manager_by_id() -> None:
    on = desk()
    assert command_of(ExecutionDecision("CANCEL", "BTCUSDT", order_id="x"), on, 1, 2) == CancelOrder("x", by="s")
    modify = ExecutionDecision("MODIFY", "BTCUSDT", 3, order_id="x", limit_price=7, stop_price=6)
    assert command_of(modify, on, 1, 2) == ModifyOrder("x", by="s", quantity=D(3), price=D(7), stop_price=D(6))


@pytest.mark.parametrize("action", ["CANCEL", "MODIFY"])
def test_a_request_without_an_order_is_refused(action: str) -> None:
    refused = command_of(ExecutionDecision(action, "BTCUSDT"), desk(), 1, 2)
    assert type(refused) is RequestRefused
    assert (refused.reason_code, refused.request, refused.by) == ("NO_ORDER_ID", action.lower(), "s")
