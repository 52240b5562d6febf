"""From nothing to orders that flow: what is asked, in which order, and what keeps the link down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from binance_actor_kit import MS, SUBMIT, UID, Bench, D, names, order
from binance_kit import error, exchange_info, query_answer, report, symbol_info, trade_report

from autotrader.messages import (
    AccountConfirmed,
    AttemptFailed,
    BudgetsListed,
    InstrumentsListed,
    LinkChanged,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    SnapshotTaken,
    VenueReady,
)
from autotrader.model import LinkState, Mode

RESTRICTIONS = "GET /sapi/v1/account/apiRestrictions"
HANDOVER = ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]
RIGHTS = {"enableReading": True, "enableWithdrawals": False, "enableSpotAndMarginTrading": True, "ipRestrict": True}


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.stop()


def link(bench: Bench) -> tuple[LinkState, str]:
    assert bench.actor is not None
    return bench.actor.link, bench.actor.link_reason


# ---------------------------------------------------------------- the order of it


def test_clock_account_rules_stream_books_in_this_order(bench: Bench) -> None:
    bench.start(up=False)
    assert bench.calls == [
        *["GET /api/v3/time"] * 3, "GET /api/v3/account", "GET /sapi/v1/account/apiRestrictions", "GET /api/v3/exchangeInfo"
    ]  # fmt: skip
    assert bench.oms.seen == []
    bench.open_stream(answer=False)
    assert bench.calls[6:] == []  # nothing is read before the events of the stream are being kept
    told = bench.subscribe()
    assert bench.calls[6:] == ["GET /api/v3/openOrders", "GET /api/v3/account", "GET /api/v3/myTrades"]
    assert names(told) == HANDOVER
    assert link(bench) == (LinkState.SYNCING, "connected")
    assert names(bench.put(VenueReady("binance", True, "reconciled"))) == ["LinkChanged"]
    assert link(bench)[0] is LinkState.UP


def test_the_subscription_is_signed_and_stamped_by_the_venues_clock(bench: Bench) -> None:
    bench.answers["GET /api/v3/time"] = lambda _: (200, {"serverTime": bench.wall.now_ns() // MS + 400})
    bench.start(up=False)
    bench.open_stream(answer=False)
    [frame] = bench.stream.sent
    params = frame["params"]
    assert frame["method"] == "userDataStream.subscribe.signature"
    assert (params["apiKey"], params["recvWindow"]) == ("a-key-for-tests", 5_000)
    assert params["timestamp"] == bench.wall.now_ns() // MS + 400
    assert len(params["signature"]) == 64


def test_a_stream_that_opens_before_the_clock_is_known_is_subscribed_once_it_is(bench: Bench) -> None:
    bench.answers["GET /api/v3/time"] = None
    bench.start(up=False)
    bench.open_stream(answer=False)
    assert bench.stream.sent == []
    bench.answers["GET /api/v3/time"] = (200, {"serverTime": bench.wall.now_ns() // MS})
    bench.answer((200, {"serverTime": bench.wall.now_ns() // MS}))
    assert len(bench.stream.sent) == 1


def test_every_connection_is_told_the_offset_also_one_that_comes_back(bench: Bench) -> None:
    bench.answers["GET /api/v3/time"] = lambda _: (200, {"serverTime": bench.wall.now_ns() // MS + 250})
    bench.start()
    assert bench.offsets == [250 * MS] * 4
    bench.restart("order-1")
    assert bench.offsets == [250 * MS] * 5


def test_the_account_the_instruments_and_the_limits_are_told(bench: Bench) -> None:
    bench.start()
    [account] = bench.oms.of(AccountConfirmed)
    assert (account.info.account, account.info.mode, account.info.can_trade, account.info.can_withdraw) == (
        UID, Mode.SIMULATED, True, False
    )  # fmt: skip
    [listed] = bench.oms.of(InstrumentsListed)
    assert [(one.symbol, one.tick, one.lot, one.base) for one in listed.instruments] == [
        ("BTCUSDT", D("0.01000000"), D("0.00001000"), "BTC")
    ]
    [budgets] = bench.resiliency.of(BudgetsListed)
    assert [one.name for one in budgets.budgets] == ["REQUEST_WEIGHT_1M", "ORDERS_10S", "ORDERS_1D", "RAW_REQUESTS_5M"]


def test_the_snapshot_has_open_orders_trades_and_balances(bench: Bench) -> None:
    trade = {
        "symbol": "BTCUSDT", "id": 9, "orderId": 28, "orderListId": -1, "price": "50000", "qty": "0.001", "quoteQty": "50",
        "commission": "0.000001", "commissionAsset": "BTC", "time": bench.wall.now_ns() // MS - 1000, "isBuyer": True,
        "isMaker": False, "isBestMatch": True,
    }  # fmt: skip
    open_one = query_answer(orderId=28, executedQty="0.001", origQty="0.002", status="PARTIALLY_FILLED")
    bench.answers["GET /api/v3/openOrders"] = (200, [open_one])
    bench.answers["GET /api/v3/myTrades"] = (200, [trade])
    bench.start()
    [taken] = bench.oms.of(SnapshotTaken)
    snapshot = taken.snapshot
    assert (taken.purpose, snapshot.complete, snapshot.positions) == ("handover", True, ())
    assert [(one.venue_order_id, one.filled_quantity) for one in snapshot.orders] == [("28", D("0.001"))]
    assert [(one.trade_id, one.client_order_id) for one in snapshot.trades] == [("9", snapshot.orders[0].client_order_id)]
    assert {one.asset: one.total for one in snapshot.balances} == {"USDT": D(1_000_000), "BTC": D(100)}
    assert snapshot.trades_since_ns == snapshot.asked_ns - 600 * 10**9


def test_events_that_come_while_the_books_are_read_follow_them(bench: Bench) -> None:
    bench.answers["GET /api/v3/openOrders"] = None
    bench.start(up=False)
    bench.open_stream()
    assert bench.event(trade_report()) == []
    told = bench.answer((200, []))
    assert names(told) == [*HANDOVER, "OrderFilled"]


def test_a_trade_that_the_books_list_is_not_told_once_more_by_the_stream(bench: Bench) -> None:
    now_ms = bench.wall.now_ns() // MS
    trade = {
        "symbol": "BTCUSDT", "id": 77, "orderId": 5, "orderListId": -1, "price": "50000", "qty": "0.4", "quoteQty": "1",
        "commission": "0", "commissionAsset": "BTC", "time": now_ms, "isBuyer": True, "isMaker": True,
    }  # fmt: skip
    bench.answers["GET /api/v3/myTrades"] = (200, [trade])
    bench.answers["GET /api/v3/order"] = (400, error(-2013, "Order does not exist."))
    bench.answers["GET /api/v3/openOrders"] = None
    bench.start(up=False)
    bench.open_stream()
    bench.event(trade_report(c="web_abc", i=5, t=77))
    assert names(bench.answer((200, []))) == HANDOVER  # somebody else's: it is in the balances that the account opens with
    assert names(bench.event(trade_report(c="web_abc", i=5, t=78))) == ["OrderFilled"]
    assert bench.event(trade_report(c="web_abc", i=5, t=77)) == []
    bench.wait(11)
    assert names(bench.event(trade_report(c="web_abc", i=5, t=77))) == ["OrderFilled"]


def test_no_order_leaves_before_the_books_are_handed_over(bench: Bench) -> None:
    bench.start(up=False)
    bench.send(order())
    assert bench.failures == [("not_sent", "LINK_DOWN")]
    assert "POST /api/v3/order" not in bench.calls


# ---------------------------------------------------------------- what keeps the link down


@pytest.mark.parametrize(
    ("what", "answer", "reason"),
    [
        (RESTRICTIONS, (200, {**RIGHTS, "enableWithdrawals": True}), "the key may withdraw: take that"),
        (RESTRICTIONS, (200, {**RIGHTS, "enableSpotAndMarginTrading": False}), "the key may not trade"),
        (RESTRICTIONS, (200, {**RIGHTS, "enableReading": False}), "the key may not trade"),
        ("GET /api/v3/account", (401, error(-2015, "Invalid API-key, IP, or permissions for action.")), "Invalid API-key"),
        ("GET /api/v3/account", (403, b"<html>forbidden</html>"), "HTTP status 403"),
        ("GET /api/v3/exchangeInfo", (400, error(-1121, "Invalid symbol.")), "correct venues.binance.symbols"),
        ("GET /api/v3/exchangeInfo", (200, exchange_info(symbol_info(symbol="ETHUSDT"))), "BTCUSDT cannot be traded"),
    ],
)  # fmt: skip
def test_what_only_a_person_can_change_is_said_and_tried_again_after_a_minute(
    bench: Bench, what: str, answer: Any, reason: str
) -> None:
    good = bench.answers[what]
    bench.answers[what] = answer
    bench.start(up=False)
    state, said = link(bench)
    assert state is LinkState.DOWN
    assert reason in said
    asked = len(bench.calls)
    bench.wait(25)
    assert len(bench.calls) == asked
    bench.answers[what] = good
    bench.wait(40)
    bench.open_stream()
    assert link(bench)[0] is LinkState.SYNCING


def test_an_account_that_is_not_the_configured_one_is_told_and_never_read(bench: Bench) -> None:
    bench.settings = Bench(account="1234567").settings
    bench.start(up=False)
    assert bench.stream.closed
    [told] = bench.oms.of(AccountConfirmed)
    assert told.info.account == UID
    assert link(bench)[0] is LinkState.DOWN
    assert "the key belongs to account 354937868, the configuration says 1234567" in link(bench)[1]
    assert bench.oms.of(SnapshotTaken) == []


def test_an_account_that_nobody_named_is_known_by_its_key(bench: Bench) -> None:
    bench.settings = Bench(account="").settings
    bench.start()
    [told] = bench.oms.of(AccountConfirmed)
    assert told.info.account == bench.settings.account != UID


def test_a_venue_without_the_question_for_rights_is_no_obstacle_but_in_live(bench: Bench) -> None:
    bench.answers["GET /sapi/v1/account/apiRestrictions"] = (404, {})
    bench.start()
    [told] = bench.oms.of(AccountConfirmed)
    assert told.info.can_withdraw  # the account's own right: the limits refuse it in mode LIVE


@pytest.mark.parametrize("answer", ["unknown", "not_sent", (503, b"<html/>"), (200, b"{cut"), (500, error(-1000, "unknown"))])
def test_what_passes_is_tried_again_soon_and_then_less_often(bench: Bench, answer: Any) -> None:
    bench.answers["GET /api/v3/account"] = answer
    bench.start(up=False)
    assert link(bench)[0] is LinkState.DOWN
    bench.wait(60)
    tries = bench.calls.count("GET /api/v3/exchangeInfo"), bench.calls.count("GET /api/v3/time")
    assert tries[0] == 0
    assert 3 * 5 <= tries[1] <= 3 * 16
    bench.answers["GET /api/v3/account"] = bench._usual()["GET /api/v3/account"]
    bench.wait(16)
    bench.open_stream()
    assert link(bench)[0] is LinkState.SYNCING


def test_the_same_reason_is_told_once(bench: Bench) -> None:
    bench.answers["GET /api/v3/account"] = (503, b"")
    bench.start(up=False)
    bench.wait(30)
    assert len(bench.oms.of(LinkChanged)) == 1


def test_a_clock_that_cannot_be_measured_keeps_the_link_down(bench: Bench) -> None:
    bench.answers["GET /api/v3/time"] = None
    bench.start(up=False)
    for _ in range(3):
        lane, job = bench.held.pop()
        sent_ns = bench.wall.monotonic_ns()
        bench.clock.advance(1.2)
        bench.wall.advance(1.2)
        done = bench.done(lane, job, (200, {"serverTime": bench.wall.now_ns() // MS}))
        bench.put(type(done)(**{**{name: getattr(done, name) for name in done.__struct_fields__}, "written_ns": sent_ns}))
    assert link(bench)[0] is LinkState.DOWN
    assert "clock cannot be measured" in link(bench)[1]


# ---------------------------------------------------------------- clock


def test_the_quickest_of_three_round_trips_gives_the_offset_by_its_middle(bench: Bench) -> None:
    bench.answers["GET /api/v3/time"] = None
    bench.start(up=False)
    for trip_s, ahead_ms in ((0.4, 900), (0.1, 350), (0.2, 700)):
        lane, job = bench.held.pop()
        sent_ns = bench.wall.monotonic_ns()
        server_ms = bench.wall.now_ns() // MS + ahead_ms
        bench.clock.advance(trip_s)
        bench.wall.advance(trip_s)
        done = bench.done(lane, job, (200, {"serverTime": server_ms}))
        bench.put(type(done)(**{**{name: getattr(done, name) for name in done.__struct_fields__}, "written_ns": sent_ns}))
    assert bench.offsets[-1] == 300 * MS  # 350 ahead of the sending, 50 of them on the way


def test_the_clock_is_measured_every_few_minutes_and_at_once_when_the_venue_complains(bench: Bench) -> None:
    bench.start()
    before = bench.calls.count("GET /api/v3/time")
    bench.wait(179)
    assert bench.calls.count("GET /api/v3/time") == before
    bench.wait(2)
    assert bench.calls.count("GET /api/v3/time") == before + 3
    bench.answers["POST /api/v3/order"] = (400, error(-1021, "Timestamp for this request is outside of the recvWindow."))
    bench.send(order())
    assert bench.failures == [("clock", "-1021")]
    assert bench.calls.count("GET /api/v3/time") == before + 6


def test_a_clock_that_jumps_is_told_to_the_order_manager(bench: Bench) -> None:
    bench.start()
    bench.answers["GET /api/v3/time"] = lambda _: (200, {"serverTime": bench.wall.now_ns() // MS + 3_000})
    told = bench.wait(185)
    assert [one.clock_offset_ns for one in told if isinstance(one, AccountConfirmed)] == [3_000 * MS]


# ---------------------------------------------------------------- another incarnation


def test_a_successor_marks_the_gap_since_the_venue_was_heard_last(bench: Bench) -> None:
    bench.start()
    heard_ns = bench.memory.heard_ns
    bench.stop()
    bench.clock.advance(30)
    bench.wall.advance(30)
    before = len(bench.oms.seen)
    bench.start()
    [first, *_] = [one for one in bench.oms.seen[before:] if isinstance(one, LinkChanged)]
    assert (first.link, first.gap_from_ns) == (LinkState.SYNCING, heard_ns)
    taken = bench.oms.of(SnapshotTaken)[-1]
    assert taken.snapshot.trades_since_ns == heard_ns - 600 * 10**9


def test_an_answer_to_the_one_before_is_passed_over(bench: Bench) -> None:
    bench.start()
    one = order()
    bench.send(one)
    lane, job = bench.held.pop()
    bench.stop()
    bench.start()
    stale = bench.done(lane, job, (200, {}))
    assert bench.put(type(stale)(**{**{n: getattr(stale, n) for n in stale.__struct_fields__}, "epoch": 0})) == []


def test_an_order_of_ours_that_filled_while_nobody_listened_is_named_in_the_trades(bench: Bench) -> None:
    trade = {
        "symbol": "BTCUSDT", "id": 9, "orderId": 77, "orderListId": -1, "price": "50000", "qty": "0.001", "quoteQty": "50",
        "commission": "0", "commissionAsset": "BTC", "time": bench.wall.now_ns() // MS, "isBuyer": True, "isMaker": True,
    }  # fmt: skip
    bench.answers["GET /api/v3/myTrades"] = (200, [trade])
    bench.answers["GET /api/v3/order"] = (200, query_answer(orderId=77, status="FILLED", executedQty="0.001", origQty="0.001"))
    bench.start()
    [taken] = bench.oms.of(SnapshotTaken)
    assert [fill.client_order_id for fill in taken.snapshot.trades] == [query_answer()["clientOrderId"]]


def test_an_event_about_nobodys_order_is_told_all_the_same(bench: Bench) -> None:
    bench.start()
    told = bench.event(trade_report(c="web_abc", i=5))
    assert [(type(one), one.client_order_id) for one in told if isinstance(one, OrderFilled)] == [(OrderFilled, "web_abc")]
    assert bench.event(report(c="web_abc", i=5))[0].client_order_id == "web_abc"
    assert bench.resiliency.of(AttemptFailed) == []


# ---------------------------------------------------------------- what changes while it runs


def test_rules_and_rights_are_looked_at_again_every_half_hour(bench: Bench) -> None:
    bench.start()
    bench.wait(1_790, step_s=5)
    assert bench.calls.count("GET /api/v3/exchangeInfo") == 1
    bench.answers["GET /api/v3/exchangeInfo"] = (200, exchange_info(symbol_info(status="HALT")))
    bench.wait(20, step_s=5)
    assert [one.instruments[0].tradable for one in bench.oms.of(InstrumentsListed)] == [True, False]
    [told] = [one for one in bench.send(order()) if isinstance(one, OrderNotSent)]
    assert told.reason_code == "FILTER_SYMBOL_STATUS"
    assert link(bench)[0] is LinkState.UP


def tradable(bench: Bench) -> list[bool]:
    return [one.instruments[0].tradable for one in bench.oms.of(InstrumentsListed)]


def test_a_refusal_because_the_market_is_closed_halts_the_symbol_before_it_is_told(bench: Bench) -> None:
    bench.start()
    bench.answers["GET /api/v3/exchangeInfo"] = None
    bench.answers[SUBMIT] = (400, error(-2010, "Market is closed."))
    told = [type(one) for one in bench.send(order()) if isinstance(one, InstrumentsListed | OrderRejected)]
    assert told == [InstrumentsListed, OrderRejected]
    assert tradable(bench) == [True, False]


def test_a_closed_market_is_looked_at_until_it_opens(bench: Bench) -> None:
    bench.start()
    bench.answers["GET /api/v3/exchangeInfo"] = (200, exchange_info(symbol_info(status="HALT")))
    bench.answers[SUBMIT] = (400, error(-2010, "Market is closed."))
    bench.send(order())
    bench.wait(12)
    assert tradable(bench) == [True, False]
    bench.answers["GET /api/v3/exchangeInfo"] = (200, exchange_info(symbol_info()))
    bench.wait(6)
    assert tradable(bench) == [True, False, True]
    asked = bench.calls.count("GET /api/v3/exchangeInfo")
    bench.wait(60)
    assert bench.calls.count("GET /api/v3/exchangeInfo") == asked


def test_a_venue_that_says_closed_and_lists_the_symbol_as_open_is_not_asked_all_the_time(bench: Bench) -> None:
    bench.start()
    bench.answers[SUBMIT] = (400, error(-2010, "Market is closed."))
    for _ in range(30):
        bench.send(order())
        bench.wait(0.1, step_s=0.1)
    assert bench.calls.count("GET /api/v3/exchangeInfo") <= 3
    bench.wait(10)
    assert tradable(bench)[-1] is True


def test_a_key_that_may_withdraw_from_now_on_takes_the_link_down(bench: Bench) -> None:
    bench.start()
    bench.answers[RESTRICTIONS] = (200, {**RIGHTS, "enableWithdrawals": True})
    bench.wait(1_810, step_s=5)
    assert link(bench)[0] is LinkState.DOWN


def test_a_review_that_fails_for_now_changes_nothing(bench: Bench) -> None:
    bench.start()
    bench.answers["GET /api/v3/exchangeInfo"] = (503, b"")
    bench.wait(1_810, step_s=5)
    assert link(bench)[0] is LinkState.UP


def test_no_connection_is_made_while_the_venue_wants_silence(bench: Bench) -> None:
    bench.answers["GET /api/v3/account"] = (418, error(-1003, "banned"), {"retry-after": "120"})
    bench.start(up=False)
    calls, streams = len(bench.calls), len(bench.streams)
    bench.answers["GET /api/v3/account"] = bench._usual()["GET /api/v3/account"]
    bench.wait(119)
    assert (len(bench.calls), len(bench.streams)) == (calls, streams)
    bench.wait(2)
    bench.open_stream()
    assert link(bench)[0] is LinkState.SYNCING


def test_what_waits_when_the_engine_stops_is_not_sent(bench: Bench) -> None:
    bench.start()
    bench.send(order(), order(), order())
    assert bench.actor is not None
    bench.actor.on_stop()
    assert bench.failures == [("not_sent", "DEADLINE_PASSED")]
    bench.actor = None
