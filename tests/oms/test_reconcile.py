"""Reconciliation: every kind of difference, what is proposed for it, and that its events make the books equal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from order_kit import ACK, LAG, PATHS, PERP, SECOND, T0, books, event, fill, filled, intended, reported

from autotrader.messages import BalanceOpened, OrderCanceled, OrderReplaced
from autotrader.model import (
    Balance,
    ClientOrderIds,
    Fill,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    TimeInForce,
    VenueSnapshot,
)
from autotrader.oms.book import Books
from autotrader.oms.reconcile import Action, DifferenceReport, Policy, reconcile, unknown_orders

D = Decimal
S = OrderState
NOW = T0 + 100 * SECOND
POLICY = Policy(lag_ns=LAG, engine_id="e1")


def row(
    state: OrderState = S.OPEN, filled_quantity: str = "0", name: str = "c1", venue_id: str = "V1", quantity: str = "10",
    **more: Any,
) -> OrderUpdate:
    terms: dict[str, Any] = {"price": D(100), "symbol": "BTCUSDT", "average_price": None, **more}
    return OrderUpdate(
        name, venue_id, "binance", "acc", terms["symbol"], Side.BUY, OrderType.LIMIT, TimeInForce.GTC, D(quantity),
        terms["price"], None, state, D(filled_quantity), terms["average_price"], None, None, "", T0, T0,
    )


def snapshot(
    *orders: OrderUpdate, trades: tuple[Fill, ...] = (), balances: dict[str, str] | None = None, asked: int = 90, **more: Any
) -> VenueSnapshot:
    totals = tuple(Balance(asset, D(total), D(total)) for asset, total in (balances or {}).items())
    terms: dict[str, Any] = {"positions": (), "complete": True, **more}
    return VenueSnapshot(
        "binance", "acc", T0 + asked * SECOND, orders, trades, totals, terms["positions"], T0, terms["complete"]
    )


def opened(*events: Any) -> Books:
    made = books(BalanceOpened("binance", "acc", "USDT", D(1000), T0), *events)
    assert made.is_opened("binance", "acc")
    return made


def settled(made: Books, taken: VenueSnapshot, policy: Policy = POLICY) -> DifferenceReport:
    """Adopt what is proposed, and return a second report."""
    for one in reconcile(made, taken, policy, NOW).events:
        made.apply(one)
    return reconcile(made, taken, policy, NOW)


def only(report: DifferenceReport, what: str) -> Any:
    (line,) = [line for line in report.lines if line.what == what]
    return line


def test_equal_books_are_clean() -> None:
    made = opened(*PATHS["PRT"])
    taken = snapshot(row(S.PARTIALLY_FILLED, "4"), trades=(fill("t1"),), balances={"USDT": "600", "BTC": "4"})
    report = reconcile(made, taken, POLICY, NOW)
    assert report.lines == ()
    assert report.is_clean


def test_the_first_snapshot_is_the_opening() -> None:
    made = books()
    taken = snapshot(balances={"USDT": "1000", "BTC": "0"}, positions=(("BTC-PERP", D(3)),), trades=(fill("t0", at=5),))
    report = reconcile(made, taken, POLICY, NOW)
    assert {(line.what, line.symbol, line.action) for line in report.lines} == {
        ("opening", "BTC-PERP", Action.ADOPT), ("opening", "BTC", Action.ADOPT), ("opening", "USDT", Action.ADOPT),
    }
    assert report.is_clean
    assert settled(made, taken).lines == ()
    assert made.balances("binance") == {"USDT": D(1000), "BTC": D(0)}
    assert made.position("binance", "BTC-PERP").quantity == D(3)
    assert made.orders == {}
    later = snapshot(
        balances={"USDT": "900", "BTC": "1"}, positions=(("BTC-PERP", D(3)),), asked=99,
        trades=(fill("t0", at=5), fill("t1", "1", at=95, client_order_id="", venue_order_id="F1")),
    )
    assert settled(made, later).is_clean
    assert made.position("binance", "BTCUSDT").quantity == D(1)


def test_a_missed_fill_is_adopted_and_then_all_is_equal() -> None:
    made = opened(*PATHS["OPN"])
    one = fill("t1", fee="0.004", fee_asset="BTC")
    taken = snapshot(row(S.PARTIALLY_FILLED, "4"), trades=(one,), balances={"USDT": "600", "BTC": "3.996"})
    report = reconcile(made, taken, POLICY, NOW)
    assert [line.what for line in report.lines] == ["missed_fill"]
    assert not report.is_clean
    assert made.orders["c1"].filled == 0, "reconcile must not touch the books"
    assert settled(made, taken).is_clean
    assert made.position("binance", "BTCUSDT").quantity == D("3.996")


def test_a_missed_fill_that_completes_an_order_needs_no_second_line() -> None:
    made = opened(*PATHS["OPN"])
    taken = snapshot(row(S.FILLED, "10"), trades=(fill("t1", "10"),), balances={"USDT": "0", "BTC": "10"})
    assert [line.what for line in reconcile(made, taken, POLICY, NOW).lines] == ["missed_fill"]
    assert settled(made, taken).is_clean
    assert made.orders["c1"].state is S.FILLED


def test_a_missed_fill_of_an_order_that_is_not_listed_is_found() -> None:
    made = opened(*PATHS["CAN"])
    report = reconcile(made, snapshot(trades=(fill("t1"),), balances={"USDT": "600", "BTC": "4"}), POLICY, NOW)
    assert [line.what for line in report.lines] == ["missed_fill"]


@pytest.mark.parametrize("state", [S.CANCELED, S.EXPIRED, S.REJECTED])
def test_an_end_that_was_missed_is_adopted(state: OrderState) -> None:
    made = opened(*PATHS["OPN"])
    taken = snapshot(row(state), balances={"USDT": "1000"})
    assert only(reconcile(made, taken, POLICY, NOW), "order_state").venue == f"{state} 0 of 10 at 100"
    assert settled(made, taken).is_clean
    assert made.orders["c1"].state is state


def test_an_unknown_order_that_works_is_found() -> None:
    made = opened(*PATHS["UNK"])
    taken = snapshot(row(), balances={"USDT": "1000"})
    assert settled(made, taken).is_clean
    assert made.orders["c1"].state is S.OPEN


def test_other_terms_are_taken_over() -> None:
    made = opened(*PATHS["OPN"])
    assert settled(made, snapshot(row(price=D(101), quantity="9"), balances={"USDT": "1000"})).is_clean
    assert (made.orders["c1"].price, made.orders["c1"].quantity) == (D(101), D(9))


def test_an_order_alive_that_we_hold_done_is_asked_for_and_not_revived() -> None:
    made = opened(*PATHS["CAN"])
    report = reconcile(made, snapshot(row(), balances={"USDT": "1000"}), POLICY, NOW)
    assert only(report, "order_alive").action is Action.ADOPT
    applied = made.apply(report.events[0])
    assert (applied.event, applied.query, made.orders["c1"].state) == (8, True, S.CANCELED)


def test_an_order_that_is_gone_is_asked_for_and_not_buried() -> None:
    made = opened(*PATHS["OPN"])
    report = reconcile(made, snapshot(balances={"USDT": "1000"}), POLICY, NOW)
    assert only(report, "order_gone").ours == "OPEN 0 of 10 at 100"
    applied = made.apply(report.events[0])
    assert (applied.event, applied.query, made.orders["c1"].state) == (10, True, S.OPEN)


def test_absence_from_an_incomplete_snapshot_says_nothing() -> None:
    made = opened(*PATHS["PRT"])
    report = reconcile(made, snapshot(complete=False), POLICY, NOW)
    assert report.lines == ()
    assert not report.is_clean


def test_absence_of_a_young_order_says_nothing() -> None:
    made = opened(intended(at=90), event(type(ACK), 90))
    assert reconcile(made, snapshot(balances={"USDT": "1000"}, asked=90), POLICY, NOW).lines == ()


def test_a_snapshot_that_lags_behind_the_stream_changes_nothing() -> None:
    made = opened(*PATHS["PRP"], event(OrderReplaced, 90, price=D(101)))
    assert reconcile(made, snapshot(row(), balances={"USDT": "1000"}), POLICY, NOW).lines == ()


def test_money_is_not_judged_while_a_fill_is_young() -> None:
    made = opened(*PATHS["OPN"], filled(fill("t1", at=90)))
    report = reconcile(made, snapshot(row(), balances={"USDT": "1000"}), POLICY, NOW)
    assert {(line.what, line.action) for line in report.lines} == {("balance", Action.IGNORE)}
    assert report.is_clean


def test_a_foreign_order_is_adopted_with_its_trades_since_we_came() -> None:
    made = opened()
    one = fill("t1", "3", client_order_id="web_1", venue_order_id="F1")
    taken = snapshot(
        row(S.PARTIALLY_FILLED, "5", "web_1", "F1"), trades=(one,), balances={"USDT": "700", "BTC": "3"}
    )
    assert only(reconcile(made, taken, POLICY, NOW), "foreign_order").action is Action.ADOPT
    assert settled(made, taken).is_clean
    record = made.orders["web_1"]
    assert (record.foreign, record.filled, record.adopted, record.state) == (True, D(5), D(2), S.PARTIALLY_FILLED)
    assert made.position("binance", "BTCUSDT").quantity == D(3)


@pytest.mark.parametrize(("state", "quantity"), [(S.FILLED, "3"), (S.CANCELED, "10")])
def test_a_foreign_order_that_ended_is_adopted_for_its_trades(state: OrderState, quantity: str) -> None:
    made = opened()
    one = fill("t1", "3", client_order_id="", venue_order_id="F1")
    taken = snapshot(row(state, "3", "", "F1", quantity), trades=(one,), balances={"USDT": "700", "BTC": "3"})
    assert settled(made, taken).is_clean
    assert made.orders["foreign:binance:BTCUSDT:F1"].state is state


def test_trades_of_an_order_that_nobody_lists_are_adopted() -> None:
    made = opened()
    trades = tuple(fill(f"t{at}", "1", at=at, client_order_id="", venue_order_id="F1") for at in (1, 2))
    taken = snapshot(trades=trades, balances={"USDT": "800", "BTC": "2"})
    assert settled(made, taken).is_clean
    assert made.orders["foreign:binance:BTCUSDT:F1"].state is S.FILLED


def test_a_foreign_order_that_ended_without_a_trade_is_nothing() -> None:
    assert reconcile(opened(), snapshot(row(S.CANCELED, name="x"), balances={"USDT": "1000"}), POLICY, NOW).is_clean


def test_a_policy_may_leave_foreign_orders_or_halt_on_them() -> None:
    for action in (Action.IGNORE, Action.HALT):
        policy = Policy(lag_ns=LAG, foreign=action)
        report = reconcile(opened(), snapshot(row(name="web_1"), balances={"USDT": "1000"}), policy, NOW)
        assert only(report, "foreign_order").action is action
        assert report.events == []
        assert len(report.halts) == (action is Action.HALT)


def test_an_order_with_our_tags_that_the_journal_does_not_know_halts() -> None:
    name = ClientOrderIds("binance", "acc", "e1", 5).next()
    report = reconcile(opened(), snapshot(row(name=name), balances={"USDT": "1000"}), POLICY, NOW)
    assert [(line.what, line.action) for line in report.lines] == [
        ("own_unknown", Action.HALT), ("foreign_order", Action.ADOPT),
    ]
    other = ClientOrderIds("binance", "acc", "e2", 5).next()
    report = reconcile(opened(), snapshot(row(name=other), balances={"USDT": "1000"}), POLICY, NOW)
    assert [line.what for line in report.lines] == ["foreign_order"]


def test_a_balance_nobody_explains_is_a_transfer_or_a_halt() -> None:
    made = opened()
    taken = snapshot(balances={"USDT": "1200", "EUR": "5"})
    assert {(line.symbol, line.ours, line.venue) for line in reconcile(made, taken, POLICY, NOW).lines} == {
        ("USDT", "1000", "1200"), ("EUR", "0", "5"),
    }
    halting = Policy(lag_ns=LAG, balances=Action.HALT)
    assert len(reconcile(made, taken, halting, NOW).halts) == 2
    assert settled(made, taken).is_clean
    assert made.balances("binance") == {"USDT": D(1200), "EUR": D(5)}


def test_a_balance_that_vanished_counts_as_zero() -> None:
    assert only(reconcile(opened(), snapshot(), POLICY, NOW), "balance").venue == "0"


def test_a_position_nobody_explains_halts_unless_it_may_be_adopted() -> None:
    made = opened()
    taken = snapshot(balances={"USDT": "1000"}, positions=(("BTC-PERP", D(7)),))
    line = only(reconcile(made, taken, POLICY, NOW), "position")
    assert (line.action, line.ours, line.venue) == (Action.HALT, "0", "7")
    adopting = Policy(lag_ns=LAG, positions=Action.ADOPT)
    assert settled(made, taken, adopting).is_clean
    assert made.position("binance", "BTC-PERP").quantity == D(7)


def test_a_derivative_position_that_the_venue_does_not_list_is_flat_there() -> None:
    made = opened()
    made.add_instruments([type(PERP)("binance", "P", D(1), D(1), "USDT", kind=PERP.kind)])
    made.apply(intended(Order("c1", "binance", "acc", "P", Side.BUY, OrderType.MARKET, D(2))))
    one = fill("t1", "2", symbol="P")
    made.apply(filled(one))
    listed = row(S.FILLED, "2", symbol="P", quantity="2", price=None)
    report = reconcile(made, snapshot(listed, trades=(one,), balances={"USDT": "1000"}), POLICY, NOW)
    line = only(report, "position")
    assert (line.symbol, line.ours, line.venue) == ("P", "2", "0")


def test_a_trade_told_with_other_figures_halts() -> None:
    made = opened(*PATHS["PRT"])
    taken = snapshot(row(S.PARTIALLY_FILLED, "4"), trades=(fill("t1", "4", "99"),), balances={"USDT": "600", "BTC": "4"})
    line = only(reconcile(made, taken, POLICY, NOW), "trade_differs")
    assert (line.action, line.ours, line.venue) == (Action.HALT, "BUY 4 at 100", "BUY 4 at 99")


def test_what_a_trade_cost_is_taken_from_the_list_when_it_was_not_known_before() -> None:
    one = replace(fill("t1", "4"), fee=D(0), fee_asset="")
    made = opened(*PATHS["OPN"], filled(one))
    told = replace(one, fee=D("0.25"), fee_asset="USDT")
    taken = snapshot(row(S.PARTIALLY_FILLED, "4"), trades=(told,), balances={"USDT": "599.75", "BTC": "4"})
    line = only(reconcile(made, taken, POLICY, NOW), "late_fee")
    assert (line.action, line.ours, line.venue) == (Action.ADOPT, "none", "0.25 USDT")
    assert settled(made, taken).is_clean
    assert made.orders["c1"].fills["t1"].fee == D("0.25")
    assert reconcile(made, replace(taken, trades=(one,)), POLICY, NOW).is_clean  # a list without fees takes none back


def test_a_trade_that_the_venue_lists_no_more_follows_the_policy() -> None:
    made = opened(*PATHS["PRT"])
    taken = snapshot(row(), balances={"USDT": "1000", "BTC": "1"})
    assert only(reconcile(made, taken, POLICY, NOW), "trade_gone").action is Action.IGNORE
    taken = snapshot(row(), balances={"USDT": "1000", "BTC": "0"})
    adopting = Policy(lag_ns=LAG, busts=Action.ADOPT)
    assert settled(made, taken, adopting).is_clean
    assert made.orders["c1"].state is S.OPEN
    assert made.orders["c1"].filled == 0


def test_a_trade_that_is_gone_from_the_list_and_from_the_balances_was_taken_back() -> None:
    made = opened(*PATHS["PRT"])
    taken = snapshot(row(), balances={"USDT": "1000", "BTC": "0"})
    assert settled(made, taken).is_clean
    assert (made.orders["c1"].state, made.orders["c1"].filled) == (S.OPEN, 0)
    assert made.balances("binance") == {"USDT": D(1000), "BTC": D(0)}


@pytest.mark.parametrize(
    ("balances", "asked"), [({"USDT": "600", "BTC": "4"}, 90), ({"USDT": "1000", "BTC": "0"}, 11), ({"USDT": "1000"}, 11)]
)
def test_a_list_that_lags_or_leaves_a_trade_out_takes_none_back(balances: dict[str, str], asked: int) -> None:
    made = opened(*PATHS["PRT"])
    report = reconcile(made, snapshot(row(), balances=balances, asked=asked), POLICY, NOW)
    assert not [line for line in report.lines if line.what == "trade_gone" and line.action is not Action.IGNORE]


def test_inferred_fills_are_not_looked_for_in_the_venues_list() -> None:
    made = opened(*PATHS["OPN"], reported(S.OPEN, 20, 20, "4"))
    made.apply(made.inferred_due(NOW)[0])
    taken = snapshot(row(S.PARTIALLY_FILLED, "4"), balances={"USDT": "600", "BTC": "4"})
    assert reconcile(made, taken, POLICY, NOW).lines == ()
    shown = snapshot(row(S.PARTIALLY_FILLED, "4"), trades=(fill("t1"),), balances={"USDT": "600", "BTC": "4"})
    assert settled(made, shown).is_clean
    assert sorted(made.orders["c1"].fills) == ["t1"]


def test_orders_that_only_the_journal_knows_are_named_first() -> None:
    made = opened(*PATHS["CAN"])
    taken = snapshot(row(S.CANCELED), row(name="x", venue_id="F1"), trades=(fill("t1"), fill("t2")))
    stranger = ("x", "binance", "F1", "BTCUSDT")
    assert unknown_orders(made, taken) == [stranger]
    made.evict("c1")
    ours = [("c1", "binance", name, "BTCUSDT") for name in ("V1", None)]
    assert unknown_orders(made, taken) == [ours[0], stranger, ours[1]]


def test_a_late_cancel_needs_no_line() -> None:
    made = opened(*PATHS["OPN"], event(OrderCanceled, 50))
    assert reconcile(made, snapshot(balances={"USDT": "1000"}), POLICY, NOW).is_clean


def test_another_accounts_orders_are_left_alone() -> None:
    made = opened(*PATHS["OPN"])
    other = VenueSnapshot("okx", "acc", NOW, (), (), (), (), T0)
    assert all(line.what == "opening" for line in reconcile(made, other, POLICY, NOW).lines)
