"""Books beyond single cells: ids, held busts, debts, wishes, foreign and unknown orders, memory."""

from __future__ import annotations

from decimal import Decimal

import pytest
from order_kit import ACK, LAG, PATHS, SECOND, T0, books, busted, event, fill, filled, intended, order, reported

from autotrader.messages import (
    CancelAsked,
    CancelRejected,
    Heartbeat,
    OrderAccepted,
    OrderAdopted,
    OrderCanceled,
    OrderDenied,
    OrderDoubted,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderSucceeded,
    OrderUnknown,
    ReplaceAsked,
    ReplaceRejected,
)
from autotrader.model import DONE_STATES, OrderState
from autotrader.oms.book import Applied, Books

D = Decimal
S = OrderState


def state_of(made: Books, name: str = "c1") -> OrderState:
    return made.orders[name].state


def last(made: Books, *events: object) -> Applied:
    """Apply some events and return what the last one did."""
    applied = Applied()
    for one in events:
        applied = made.apply(one)  # type: ignore[arg-type]
    return applied


# ---------------------------------------------------------------- what an event returns


def test_a_market_order_goes_from_intent_to_filled() -> None:
    made = books()
    meant = order(price=None)
    applied = made.apply(intended(meant))
    assert (applied.event, applied.previous, applied.order.state) == (1, S.DRAFT, S.SENT)  # type: ignore[union-attr]
    assert applied.decided_ns == meant.decided_ns
    assert made.apply(ACK).order.state is S.OPEN  # type: ignore[union-attr]
    applied = made.apply(filled(fill("t1", "10", "101.5")))
    update = applied.order
    assert update is not None
    assert (update.state, update.filled_quantity, update.average_price) == (S.FILLED, D(10), D("101.5"))
    assert (update.venue_order_id, update.strategy, update.remaining) == ("V1", "s", D(0))
    assert applied.fills == (fill("t1", "10", "101.5"),)
    assert applied.positions == (("binance", "acc", "BTCUSDT"),)
    assert not applied.query
    assert not applied.send_cancel
    assert not applied.halt
    assert made.orders["c1"].is_done
    assert made.orders["c1"].leaves == 0


def test_other_messages_do_nothing() -> None:
    assert books().apply(Heartbeat(1)).ignored


def test_while_not_live_the_state_is_the_same_and_no_rows_are_built() -> None:
    for path in PATHS.values():
        quiet, loud = books(live=False), books()
        for one in path:
            assert quiet.apply(one).order is None
            loud.apply(one)
        assert quiet.export() == loud.export()


def test_reasons_are_kept() -> None:
    made = books(*PATHS["REJ"])
    assert (made.orders["c1"].reason_code, made.orders["c1"].reason) == ("-2010", "no money")
    made = books(*PATHS["DEN"])
    assert (made.orders["c1"].reason_code, made.orders["c1"].reason) == ("MAX_NOTIONAL", "too large")
    made = books(*PATHS["OPN"], event(OrderCanceled, 5, reason="self trade"))
    assert made.orders["c1"].update().reason == "self trade"


def test_leaves_is_what_may_still_fill() -> None:
    assert books(*PATHS["PRT"]).orders["c1"].leaves == D(6)
    assert books(*PATHS["CAN"]).orders["c1"].leaves == 0


# ---------------------------------------------------------------- ids


def test_orders_are_found_by_the_venues_id_too() -> None:
    made = books(intended(), ACK)
    nameless = OrderFilled("", "binance", T0, "V1", fill=fill("t1", client_order_id="", strategy="", account=""))
    applied = made.apply(nameless)
    assert applied.fills[0] == fill("t1", venue_order_id="V1")
    assert made.apply(OrderCanceled("", "binance", T0 + SECOND, "V1")).order.state is S.CANCELED  # type: ignore[union-attr]
    assert made.find("", "okx", "V1") is None


def test_the_first_event_that_brings_a_venue_id_teaches_it() -> None:
    made = books(intended(), filled(fill("t1", venue_order_id="V1")))
    assert made.orders["c1"].venue_order_id == "V1"
    assert made.find("", "binance", "V1") is made.orders["c1"]


@pytest.mark.parametrize("first", [True, False])
def test_an_acknowledgement_after_the_succession_does_not_take_the_old_id_back(first: bool) -> None:
    succeeded = event(OrderSucceeded, 3, "V2", previous_venue_order_id="V1")
    made = books(intended(), *((succeeded, ACK) if first else (ACK, succeeded)))
    assert made.orders["c1"].venue_order_id == "V2"
    assert made.orders["c1"].superseded == ("V1",)
    assert made.find("", "binance", "V1") is made.find("", "binance", "V2")
    assert state_of(made) is S.OPEN


def test_the_end_of_a_superseded_id_is_not_the_orders_end() -> None:
    made = books(intended(), ACK, event(OrderSucceeded, 3, "V2", previous_venue_order_id="V1"))
    for kind in (OrderCanceled, OrderExpired):
        assert made.apply(event(kind, 4, "V1")).event == 26
    assert made.apply(reported(S.CANCELED, 5, 5)).event == 26
    assert state_of(made) is S.OPEN


def test_a_replace_of_ours_explains_one_new_id_and_no_more() -> None:
    made = books(*PATHS["PRP"])
    assert made.apply(event(OrderAccepted, 4, "V2")).event == 33
    applied = made.apply(event(OrderAccepted, 5, "V3"))
    assert (applied.event, applied.halt) == (4, True)


def test_a_fill_under_a_second_id_halts_and_is_booked_all_the_same() -> None:
    made = books(*PATHS["OPN"])
    applied = made.apply(filled(fill("t1", venue_order_id="V9")))
    assert (applied.event, applied.then, applied.halt, len(applied.fills)) == (4, 12, True, 1)
    assert made.orders["c1"].filled == D(4)
    assert state_of(made) is S.PARTIALLY_FILLED


def test_a_fills_own_venue_id_counts_where_its_message_has_none() -> None:
    made = books(*PATHS["OPN"])
    one = fill("t1", venue_order_id="V9")
    applied = made.apply(OrderFilled("c1", "binance", one.ts_ns, None, fill=one))
    assert (applied.event, applied.then, made.orders["c1"].venue_order_id) == (4, 12, "V9")


def test_two_alarms_of_one_message_are_told_as_two_sentences() -> None:
    applied = books(*PATHS["OPN"]).apply(filled(fill("t1", "11", venue_order_id="V9")))
    assert applied.alert is not None
    assert applied.alert.count("order c1 (BUY") == 2


def test_a_stop_price_is_replaced_like_the_others() -> None:
    made = books(intended(order(stop_price=D(95))), ACK, event(ReplaceAsked, 2, None, stop_price=D(96)))
    assert made.orders["c1"].stop_price == D(95)
    made.apply(event(OrderReplaced, 3))
    assert (made.orders["c1"].stop_price, made.orders["c1"].price) == (D(96), D(100))


def test_of_two_unlinked_venue_orders_the_one_left_keeps_the_order_alive() -> None:
    for ended, left in (("V1", "V9"), ("V9", "V1")):
        made = books(*PATHS["OPN"], event(OrderAccepted, 3, "V9"))
        assert made.apply(event(OrderCanceled, 4, ended)).event == 26
        assert (state_of(made), made.orders["c1"].venue_order_id) == (S.OPEN, left)
        assert made.apply(event(OrderCanceled, 5, left)).event == 19
        assert state_of(made) is S.CANCELED


# ---------------------------------------------------------------- fills and busts


def test_a_bust_that_comes_first_waits_for_its_fill() -> None:
    made = books(*PATHS["OPN"], busted("t1", 5))
    applied = made.apply(filled(fill("t1")))
    assert (applied.event, applied.then) == (12, 17)
    assert applied.fills == applied.undone == (fill("t1"),)
    assert made.orders["c1"].filled == 0
    assert made.orders["c1"].held_busts == ()
    assert made.position("binance", "BTCUSDT").quantity == 0
    assert made.apply(filled(fill("t1"))).ignored


def test_a_bust_told_twice_counts_once() -> None:
    made = books(*PATHS["PRT"])
    assert made.apply(busted("t1")).event == 17
    assert made.apply(busted("t1")).ignored
    held = books(*PATHS["OPN"], busted("t9"))
    assert held.apply(busted("t9")).ignored


def test_an_order_filled_after_its_cancel_is_filled() -> None:
    made = books(*PATHS["PRT"], event(OrderCanceled, 3), filled(fill("t2", "6", at=2), 4))
    assert state_of(made) is S.FILLED


def test_a_replace_below_what_is_filled_is_done() -> None:
    made = books(*PATHS["PRT"], event(ReplaceAsked, 3, quantity=D(3)), event(OrderReplaced, 4))
    assert state_of(made) is S.FILLED
    assert made.orders["c1"].quantity == D(3)


def test_a_replace_to_nothing_is_a_cancel() -> None:
    assert state_of(books(*PATHS["OPN"], event(OrderReplaced, 4, quantity=D(0), asked=False))) is S.CANCELED


def test_a_fee_that_becomes_known_later_amends_the_fill() -> None:
    made = books(*PATHS["OPN"], filled(fill("t1", fee="0", fee_asset="")))
    told = fill("t1", fee="0.004", fee_asset="BTC")
    applied = made.apply(filled(told, 20))
    assert (applied.event, applied.fills, applied.amended, applied.ignored) == (15, (), (made.orders["c1"].fills["t1"],), False)
    assert made.orders["c1"].fees == {"BTC": D("0.004")}
    assert made.position("binance", "BTCUSDT").quantity == D("3.996")
    assert made.apply(filled(told, 21)).ignored
    assert made.apply(filled(fill("t1", fee="0", fee_asset=""), 21)).ignored


def test_another_fee_for_a_known_trade_is_other_data() -> None:
    made = books(*PATHS["OPN"], filled(fill("t1", fee="0.004")))
    assert made.apply(filled(fill("t1", fee="0.005"))).event == 16


# ---------------------------------------------------------------- wishes and debts


def test_a_cancel_wished_before_the_order_is_known_to_live_goes_out_then() -> None:
    made = books(intended())
    assert made.apply(event(CancelAsked, 1, None)).send_cancel
    applied = made.apply(event(OrderAccepted, 2))
    assert (state_of(made), applied.send_cancel) == (S.PENDING_CANCEL, True)
    assert not made.apply(event(OrderAccepted, 3)).send_cancel


def test_a_cancel_refused_for_good_is_wished_no_more() -> None:
    made = books(*PATHS["PCX"], event(CancelRejected, 3, kind="final"))
    assert state_of(made) is S.OPEN
    assert not made.orders["c1"].cancel_wished


def test_a_replace_refused_under_a_cancel_leaves_the_cancel() -> None:
    made = books(*PATHS["PRP"], event(CancelAsked, 3, None), event(ReplaceRejected, 4))
    assert state_of(made) is S.PENDING_CANCEL
    assert not made.orders["c1"].replacing


def test_a_debt_stays_until_an_answer_asked_after_the_lag() -> None:
    made = books(*PATHS["UNK"])
    record = made.orders["c1"]
    assert record.owed_after_ns == T0 + SECOND + LAG
    assert [one.client_order_id for one in made.owing()] == ["c1"]
    made.apply(reported(S.OPEN, 2, 1))
    assert list(made.owing()) == [record]
    made.apply(reported(S.OPEN, 3, 2))
    assert list(made.owing()) == []
    assert record.owed_after_ns is None


def test_an_older_answer_settles_nothing() -> None:
    made = books(*PATHS["PCX"], event(OrderDoubted, 3, None), filled(fill("t1"), 6))
    assert made.apply(reported(S.OPEN, 6, 4, "0")).event == 26
    assert list(made.owing()) != []


def test_other_terms_in_an_answer_do_not_hide_that_a_cancel_is_out() -> None:
    made = books(*PATHS["PCX"])
    applied = made.apply(reported(S.OPEN, 9, 9, "0", quantity=D(8)))
    assert (applied.event, applied.then, applied.query) == (8, 32, True)
    assert made.orders["c1"].quantity == D(8)


def test_an_answer_that_shows_what_a_replace_asked_for_settles_it() -> None:
    made = books(*PATHS["PRP"])
    applied = made.apply(reported(S.OPEN, 9, 9, "0", price=D(101)))
    assert (applied.event, applied.then) == (8, 23)
    assert (state_of(made), made.orders["c1"].price) == (S.OPEN, D(101))


def test_a_settled_debt_is_news_even_where_the_cell_ignores() -> None:
    made = books(*PATHS["CAN"], event(OrderDoubted, 3, None))
    applied = made.apply(reported(None, 9, 9))
    assert (applied.event, applied.ignored) == (10, False)
    assert list(made.owing()) == []


def test_the_lag_may_differ_by_venue() -> None:
    made = Books(lag_ns={"binance": 7 * SECOND})
    for one in PATHS["UNK"]:
        made.apply(one)
    assert made.orders["c1"].owed_after_ns == T0 + 8 * SECOND


def test_foreign_lag_defaults_to_a_second() -> None:
    made = Books(lag_ns={"okx": 7 * SECOND})
    for one in PATHS["UNK"]:
        made.apply(one)
    assert made.orders["c1"].owed_after_ns == T0 + 2 * SECOND


# ---------------------------------------------------------------- orders that are not ours, or not here


def adopted(name: str = "web_1", filled_quantity: str = "0", state: OrderState = S.OPEN) -> OrderAdopted:
    return OrderAdopted(order(name), "F1", state, D(filled_quantity), T0)


def test_a_foreign_order_is_counted_and_not_touched() -> None:
    made = books()
    update = made.apply(adopted(filled_quantity="2")).order
    assert update is not None
    assert (update.foreign, update.state, update.filled_quantity) == (True, S.PARTIALLY_FILLED, D(2))
    assert made.position("binance", "BTCUSDT").quantity == 0
    for kind in (CancelAsked, ReplaceAsked):
        refused = made.apply(kind("web_1", "binance", T0 + SECOND)).refused
        assert refused is not None
        assert refused.code == "FOREIGN_ORDER"
    applied = made.apply(OrderFilled("", "binance", T0, "F1", fill=fill("t1", "8", client_order_id="web_1")))
    assert applied.order.state is S.FILLED  # type: ignore[union-attr]
    assert made.orders["web_1"].average_price == D(100)
    assert made.position("binance", "BTCUSDT").quantity == D(8)
    assert made.apply(adopted()).ignored


def test_the_operators_sweep_of_the_whole_account_may_cancel_a_foreign_order() -> None:
    made = books(adopted())
    assert made.apply(CancelAsked("web_1", "binance", T0 + SECOND, kill=True)).send_cancel


def test_a_foreign_order_without_a_client_id_gets_one_from_the_venues() -> None:
    made = books(adopted(name=""))
    assert list(made.orders) == ["foreign:binance:BTCUSDT:F1"]
    assert made.find("", "binance", "F1") is not None


def test_events_for_an_order_that_is_not_here_say_so() -> None:
    made = books()
    for one in (ACK, filled(fill("t1")), busted("t1"), reported(S.OPEN), event(CancelAsked, 1)):
        applied = made.apply(one)
        assert applied.unknown
        assert applied.order is None


def test_a_working_order_is_not_evicted() -> None:
    made = books(*PATHS["OPN"])
    made.evict("c1")
    made.evict("nobody")
    assert "c1" in made.orders


@pytest.mark.parametrize("code", ["FIL", "CAN", "REJ", "EXP", "DEN"])
def test_a_closed_order_is_evicted_and_restored_as_it_was(code: str) -> None:
    made = books(*PATHS[code])
    before, position = made.orders["c1"], made.position("binance", "BTCUSDT")
    assert before.state in DONE_STATES
    made.evict("c1")
    assert made.orders == {}
    assert made.find("", "binance", "V1") is None
    assert made.restore(PATHS[code]) == before
    assert made.position("binance", "BTCUSDT") == position
    assert made.find("c1") is made.orders["c1"]


def test_a_restored_order_still_knows_its_trades() -> None:
    made = books(*PATHS["FIL"])
    made.evict("c1")
    assert made.apply(filled(fill("t1", "10"))).unknown
    made.restore(PATHS["FIL"])
    assert made.apply(filled(fill("t1", "10"))).ignored
    assert made.apply(busted("t1")).undone
    assert made.position("binance", "BTCUSDT").quantity == 0


def test_restoring_what_is_here_or_what_never_was_changes_nothing() -> None:
    made = books(*PATHS["PRT"])
    record = made.orders["c1"]
    assert made.restore(PATHS["OPN"]) is record
    assert made.restore([ACK]) is None


def test_restored_debts_are_owed_again() -> None:
    events = [*PATHS["FIL"], event(OrderDoubted, 5, None)]
    made = books(*events)
    made.evict("c1")
    assert list(made.owing()) == []
    made.restore(events)
    assert [one.client_order_id for one in made.owing()] == ["c1"]


# ---------------------------------------------------------------- drafts, doubts


def test_a_draft_takes_terms_and_is_denied_when_it_is_not_wanted() -> None:
    made = books()
    made.draft(order())
    assert made.apply(event(ReplaceAsked, 1, None, price=D(90))).order.price == D(90)  # type: ignore[union-attr]
    assert made.apply(event(CancelAsked, 2, None)).order.state is S.DENIED  # type: ignore[union-attr]
    again = books()
    again.draft(order())
    assert again.apply(OrderDenied(order(), T0, "X", "no")).order.state is S.DENIED  # type: ignore[union-attr]


def test_a_rejected_order_that_fills_comes_back_and_blocks_until_the_operator() -> None:
    made = books(*PATHS["REJ"])
    applied = last(made, filled(fill("t1")))
    assert (state_of(made), applied.block, applied.query) == (S.PARTIALLY_FILLED, "operator", True)


def test_an_overfill_is_booked_and_blocks_until_the_operator() -> None:
    made = books(*PATHS["OPN"])
    applied = made.apply(filled(fill("t1", "11")))
    assert (state_of(made), applied.block) == (S.FILLED, "operator")
    assert made.position("binance", "BTCUSDT").quantity == D(11)


def test_a_submit_proved_not_sent_is_denied() -> None:
    made = books(intended(), event(OrderNotSent, 1, None, reason_code="CONNECT", reason="refused"))
    assert state_of(made) is S.DENIED
    assert made.orders["c1"].reason_code == "CONNECT"


def test_a_late_reject_of_an_unknown_order_settles_it() -> None:
    made = books(intended(), event(OrderUnknown, 1, None), event(OrderRejected, 2, None, reason_code="-1"))
    assert state_of(made) is S.REJECTED


def test_an_old_replace_told_again_does_not_bring_its_terms_back() -> None:
    first = event(OrderReplaced, 4, price=D(101))
    made = books(*PATHS["PRP"], first, event(ReplaceAsked, 5, None, price=D(102)), event(OrderReplaced, 6, price=D(102)))
    assert made.apply(first).event == 26
    assert made.orders["c1"].price == D(102)


def test_a_held_order_is_open_and_says_so() -> None:
    made = books(intended(), event(OrderAccepted, 1, held=True))
    assert made.orders["c1"].update().held
    made.apply(event(OrderAccepted, 2))
    assert not made.orders["c1"].held


def test_a_streams_terms_count_only_once_the_venue_was_quiet() -> None:
    made = books(*PATHS["PRT"])
    assert made.apply(reported(S.OPEN, 2, None, quantity=D(8))).event == 31
    assert made.orders["c1"].quantity == D(10)
    assert made.apply(reported(S.OPEN, 9, None, quantity=D(8))).event == 32
    assert made.orders["c1"].quantity == D(8)
