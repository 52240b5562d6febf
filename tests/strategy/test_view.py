"""What a strategy can know, and that what it was shown never changes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_kit import BTC, EURUSD, D, position, quote, update

from autotrader.messages import AccountChanged
from autotrader.model import DONE_STATES, Order, OrderState, OrderType, Side
from autotrader.strategy.symbols import Symbols
from autotrader.strategy.view import View

S = OrderState


def view() -> View:
    made = View(Symbols(), {"paper": False})
    made.take_instrument(BTC)
    return made


def draft(order_id: str = "a") -> Order:
    return Order(order_id, "paper", "A", "BTCUSDT", Side.BUY, OrderType.MARKET, D(1), strategy="s", created_ns=5)


def test_a_snapshot_shows_the_newest_of_everything() -> None:
    one = view()
    one.take_quote(quote(100, 101))
    one.take_quote(quote(102, 103))
    one.take_position(position("0.5"))
    one.take_account(AccountChanged("paper", "A", (("USDT", D(5)),), D(1000)))
    one.take_ready("paper", ready=True)
    one.take_update(update())
    shown = one.snapshot(7)
    assert (shown.now_ns, shown.quotes["BTCUSDT"].bid, shown.positions["BTCUSDT"]) == (7, 102, D("0.5"))
    assert (dict(shown.balances), shown.equity, dict(shown.venues)) == ({"USDT": 5}, 1000, {"paper": True})
    assert [order.client_order_id for order in shown.open_orders] == ["a"]


def test_what_was_shown_never_changes_and_cannot_be_changed() -> None:
    one = view()
    one.take_quote(quote(100, 101))
    one.take_position(position(1))
    before = one.snapshot(1)
    one.take_quote(quote(200, 201))
    one.take_position(position(2))
    one.take_update(update())
    one.take_ready("paper", ready=True)
    assert (before.quotes["BTCUSDT"].bid, before.positions["BTCUSDT"]) == (100, 1)
    assert (before.open_orders, before.venues["paper"]) == ((), False)
    with pytest.raises(TypeError):
        before.quotes["BTCUSDT"] = quote()  # type: ignore[index]
    with pytest.raises(AttributeError):
        before.now_ns = 3  # type: ignore[misc]


def test_what_did_not_change_is_shown_again_without_a_copy() -> None:
    one = view()
    one.take_quote(quote())
    first, second = one.snapshot(1), one.snapshot(2)
    assert first.quotes is second.quotes
    assert first.open_orders is second.open_orders
    assert first.balances is second.balances


def test_it_can_decide_once_there_is_a_quote_and_a_ready_venue() -> None:
    one = view()
    assert not one.can_decide
    one.take_quote(quote())
    assert not one.can_decide
    one.take_ready("paper", ready=True)
    assert one.can_decide


def test_positions_of_known_symbols_are_zero_of_unknown_ones_an_error() -> None:
    shown = view().snapshot(1)
    assert shown.positions["BTCUSDT"] == 0
    with pytest.raises(KeyError):
        shown.positions["DOGE"]


def test_a_draft_is_shown_until_word_of_the_order_comes() -> None:
    one = view()
    one.take_draft(draft())
    assert [order.state for order in one.open_orders()] == [S.DRAFT]
    one.take_update(update("a", S.SENT, 5))
    assert [order.state for order in one.open_orders()] == [S.SENT]
    one.take_update(update("a", S.DENIED, 6))
    assert one.open_orders() == ()


def test_a_draft_that_nobody_took_is_dropped() -> None:
    one = view()
    one.take_draft(draft())
    one.drop_draft("a")
    one.drop_draft("a")
    assert one.open_orders() == ()


def test_older_news_changes_nothing() -> None:
    one = view()
    one.take_update(update("a", S.PARTIALLY_FILLED, 5))
    one.take_update(update("a", S.OPEN, 4))
    assert one.open_orders()[0].state is S.PARTIALLY_FILLED
    one.take_update(update("a", S.FILLED, 6))
    one.take_update(update("a", S.OPEN, 6))
    assert one.open_orders() == ()


def test_an_order_that_lives_again_is_shown_again() -> None:
    one = view()
    one.take_update(update("a", S.FILLED, 6))
    one.take_update(update("a", S.OPEN, 7))
    assert len(one.open_orders()) == 1


@given(st.permutations([(S.SENT, 1), (S.OPEN, 2), (S.PARTIALLY_FILLED, 3), (S.FILLED, 4)]))
def test_news_in_any_order_ends_the_same(news: list[tuple[OrderState, int]]) -> None:
    one = view()
    for state, at in news:
        one.take_update(update("a", state, at))
    assert one.open_orders() == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(S))), max_size=30))
def test_open_orders_are_those_whose_last_news_is_not_done(news: list[tuple[str, OrderState]]) -> None:
    one, last = view(), dict[str, OrderState]()
    for at, (order_id, state) in enumerate(news):
        one.take_update(update(order_id, state, at))
        last[order_id] = state
    expected = {order_id for order_id, state in last.items() if state not in DONE_STATES}
    assert {order.client_order_id for order in one.open_orders()} == expected


def test_balances_of_all_accounts_are_summed_and_equity_is_the_total_told_last() -> None:
    one = view()
    one.take_account(AccountChanged("paper", "A", (("USDT", D(5)), ("BTC", D(1))), D(1000)))
    one.take_account(AccountChanged("okx", "B", (("USDT", D(7)),), D(1007)))
    shown = one.snapshot(1)
    assert (dict(shown.balances), shown.equity) == ({"USDT": Decimal(12), "BTC": Decimal(1)}, 1007)


def test_keys_change_when_a_second_venue_lists_the_symbol() -> None:
    one = view()
    one.take_quote(quote())
    one.take_position(position(3))
    before = one.snapshot(1)
    one.take_quote(quote(90, 91, venue="binance"))
    shown = one.snapshot(2)
    assert list(before.quotes) == ["BTCUSDT"]
    assert sorted(shown.quotes) == ["binance:BTCUSDT", "paper:BTCUSDT"]
    assert shown.positions["paper:BTCUSDT"] == 3
    assert shown.positions["binance:BTCUSDT"] == 0
    assert list(one.instruments) == ["paper:BTCUSDT"]


def test_quotes_stand_in_the_order_in_which_symbols_are_listed() -> None:
    view = View(Symbols(), {"paper": True})
    for one in (BTC, EURUSD):
        view.take_instrument(one)
    view.take_quote(quote(symbol="EURUSD"))
    first = view.snapshot(1).quotes
    view.take_quote(quote(symbol="BTCUSDT"))
    assert list(first) == ["EURUSD"]
    assert list(view.snapshot(2).quotes) == ["BTCUSDT", "EURUSD"]
