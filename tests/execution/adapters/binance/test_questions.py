"""Queries and readings of the books: trades first, chains of replacements, pages, and what is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from binance_actor_kit import AMEND, MS, QUERY, REPLACE, Bench, D, names, order, placed, replaced, working
from binance_kit import error, exchange_info, symbol_info

from autotrader.execution.adapters.binance.codec import replacement_id
from autotrader.messages import OrderFilled, OrderReported, OrderSucceeded, SnapshotTaken
from autotrader.model import Order, OrderState

TRADES, OPEN, ALL = "GET /api/v3/myTrades", "GET /api/v3/openOrders", "GET /api/v3/allOrders"
GONE = (400, error(-2013, "Order does not exist."))
DAY_MS = 86_400_000


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench().start()
    yield made
    made.stop()


def row(one: Order, number: int = 28, status: str = "NEW", filled: str = "0", **more: Any) -> dict[str, Any]:
    """Return what GET order says."""
    return placed(one, number, status, executedQty=filled, time=1, updateTime=1, isWorking=True, **more)


def trade(number: int, order_number: int = 28, at_ms: int = 1_700_000_000_000, quantity: str = "0.001") -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "id": number, "orderId": order_number, "orderListId": -1, "price": "50000", "qty": quantity,
        "quoteQty": "50", "commission": "0", "commissionAsset": "BTC", "time": at_ms, "isBuyer": True, "isMaker": True,
    }  # fmt: skip


# ---------------------------------------------------------------- one order


def test_an_open_order_is_reported_as_asked(bench: Bench) -> None:
    one = order()
    bench.answers[QUERY] = (200, row(one))
    [told] = bench.query(one)
    assert isinstance(told, OrderReported)
    assert (told.client_order_id, told.state, told.venue_order_id) == (one.client_order_id, OrderState.OPEN, "28")
    assert (told.asked_ns, told.proven) == (bench.clock.now_ns(), False)
    assert bench.calls_of(QUERY) == [{"symbol": "BTCUSDT", "origClientOrderId": one.client_order_id}]
    assert bench.lane_of(QUERY) == ["query-1"]


def test_the_trades_come_before_the_report(bench: Bench) -> None:
    one = order("0.003")
    bench.answers[QUERY] = (200, row(one, status="PARTIALLY_FILLED", filled="0.002"))
    bench.answers[TRADES] = (200, [trade(7), trade(8)])
    told = bench.query(one, "28")
    assert names(told) == ["OrderFilled", "OrderFilled", "OrderReported"]
    assert [each.fill.trade_id for each in told if isinstance(each, OrderFilled)] == ["7", "8"]
    assert {each.client_order_id for each in told} == {one.client_order_id}  # type: ignore[attr-defined]
    assert bench.calls_of(TRADES)[-1] == {"symbol": "BTCUSDT", "orderId": "28", "limit": "1000"}


def test_many_trades_are_read_page_by_page(bench: Bench) -> None:
    one = order("2")
    bench.answers[QUERY] = (200, row(one, status="PARTIALLY_FILLED", filled="1.001"))
    bench.answers[TRADES] = [(200, [trade(number) for number in range(1000)]), (200, [trade(1000)])]
    assert len(bench.query(one, "28")) == 1002
    assert bench.calls_of(TRADES)[-1]["fromId"] == "1000"


def test_not_found_is_told_and_proves_nothing(bench: Bench) -> None:
    bench.answers[QUERY] = GONE
    [told] = bench.query(order())
    assert isinstance(told, OrderReported)
    assert (told.state, told.proven) == (None, False)


@pytest.mark.parametrize("answer", ["unknown", "not_sent", (503, b""), (429, error(-1003, "x")), (200, b"{"), (403, b"")])
def test_what_is_no_answer_is_not_told_as_one(bench: Bench, answer: Any) -> None:
    bench.answers[QUERY] = answer
    assert [one for one in bench.query(order()) if isinstance(one, OrderReported)] == []


@pytest.mark.parametrize("answer", ["unknown", (503, b""), (200, b"[{}]")])
def test_a_query_whose_trades_cannot_be_had_is_not_answered(bench: Bench, answer: Any) -> None:
    one = order()
    bench.answers[QUERY] = (200, row(one, status="FILLED", filled="0.001"))
    bench.answers[TRADES] = answer
    assert bench.query(one) == []
    bench.answers[TRADES] = (200, [trade(7)])
    assert names(bench.query(one)) == ["OrderFilled", "OrderReported"]


def test_an_order_is_not_asked_for_twice_at_once(bench: Bench) -> None:
    one, other = order(), order()
    bench.query(one)
    bench.query(one)
    bench.query(other)
    bench.answer(GONE)
    assert len(bench.calls_of(QUERY)) == 2


def test_a_cancelled_order_that_was_replaced_is_followed_to_the_new_one(bench: Bench) -> None:
    one = working(bench)
    bench.answers[REPLACE] = "unknown"
    bench.replace(one, "0.001", "50100.00")
    new_id = replacement_id(one.client_order_id, 28)

    def answer(call: Any) -> Any:
        name = dict(call.params).get("origClientOrderId")
        if name is None:
            return 200, row(one, 28, "CANCELED")
        return (200, row(one, 29, clientOrderId=new_id, price="50100.00")) if name == new_id else GONE

    bench.answers[QUERY] = answer
    told = bench.query(one, "28")
    assert names(told) == ["OrderSucceeded", "OrderReplaced", "OrderReported"]
    assert isinstance(told[0], OrderSucceeded)
    assert (told[0].venue_order_id, told[0].previous_venue_order_id) == ("29", "28")
    assert isinstance(told[2], OrderReported)
    assert (told[2].state, told[2].venue_order_id, told[2].price) == (OrderState.OPEN, "29", D("50100.00"))


def test_a_chain_of_replacements_adds_up_what_each_has_filled() -> None:
    bench = Bench(replace_partly_filled=True).start()
    one = order("0.010")
    ids = [one.client_order_id, replacement_id(one.client_order_id, 28), replacement_id(one.client_order_id, 29)]
    chain = {
        ids[0]: row(one, 28, "CANCELED", "0.002"),
        ids[1]: row(one, 29, "CANCELED", "0.003", clientOrderId=ids[1], origQty="0.008"),
        ids[2]: row(one, 30, "PARTIALLY_FILLED", "0.001", clientOrderId=ids[2], origQty="0.005"),
    }  # fmt: skip

    def answer(call: Any) -> Any:
        name = dict(call.params)["origClientOrderId"]
        return (200, chain[name]) if name in chain else GONE

    bench.answers[QUERY] = answer
    bench.answers[TRADES] = lambda call: (200, [trade(int(dict(call.params)["orderId"]), int(dict(call.params)["orderId"]))])
    told = bench.query(one)
    report = told[-1]
    assert isinstance(report, OrderReported)
    assert (report.venue_order_id, report.filled_quantity, report.quantity) == ("30", D("0.006"), D("0.010"))
    assert [each.fill.trade_id for each in told if isinstance(each, OrderFilled)] == ["28", "29", "30"]
    bench.stop()


def test_a_cancelled_order_that_was_not_replaced_stays_cancelled(bench: Bench) -> None:
    one = order()
    bench.answers[QUERY] = [(200, row(one, status="CANCELED")), GONE]
    [told] = bench.query(one)
    assert isinstance(told, OrderReported)
    assert told.state is OrderState.CANCELED


def test_half_of_a_chain_is_no_answer(bench: Bench) -> None:
    one = order()
    bench.answers[QUERY] = [(200, row(one, status="CANCELED")), (503, b"")]
    assert bench.query(one) == []


def test_an_order_known_from_a_query_can_be_changed(bench: Bench) -> None:
    one = order("0.002")
    bench.answers[QUERY] = (200, row(one))
    bench.query(one)
    bench.replace(one, "0.001")
    assert len(bench.calls_of(AMEND)) == 1


# ---------------------------------------------------------------- the books


def test_a_reading_without_a_gap_asks_for_no_trades(bench: Bench) -> None:
    before = len(bench.calls)
    [told] = bench.snapshot()
    assert isinstance(told, SnapshotTaken)
    assert told.snapshot is not None
    assert bench.calls[before:] == [OPEN, "GET /api/v3/account"]
    assert bench.calls_of(OPEN)[-1] == {"symbol": "BTCUSDT"}


def test_many_symbols_are_listed_at_once() -> None:
    symbols = [f"A{number}USDT" for number in range(14)]
    bench = Bench(symbols=symbols)
    bench.answers["GET /api/v3/exchangeInfo"] = (200, exchange_info(*[symbol_info(symbol=one) for one in symbols]))
    bench.start()
    before = len(bench.calls_of(OPEN))
    bench.snapshot()
    assert bench.calls_of(OPEN)[before:] == [{}]
    bench.stop()


def test_a_part_that_cannot_be_had_makes_it_none(bench: Bench) -> None:
    bench.answers["GET /api/v3/account"] = (503, b"")
    [told] = bench.snapshot()
    assert isinstance(told, SnapshotTaken)
    assert (told.snapshot, told.reason) == (None, "HTTP_503: HTTP status 503")


def test_before_the_clock_is_known_there_is_none() -> None:
    bench = Bench()
    bench.answers["GET /api/v3/time"] = None
    bench.start(up=False)
    [told] = bench.snapshot()
    assert told.snapshot is None  # type: ignore[attr-defined]
    bench.stop()


def test_for_one_purpose_one_reading_at_a_time_and_the_newest_wish_after_it(bench: Bench) -> None:
    bench.answers[OPEN] = None
    bench.snapshot()
    bench.snapshot()
    bench.snapshot(0)
    assert len(bench.calls_of(OPEN)) == 2  # the hand-over's, and one
    bench.answers[OPEN] = (200, [])
    told = bench.answer((200, []))
    assert [each.purpose for each in told if isinstance(each, SnapshotTaken)] == ["sweep", "sweep"]
    assert told[-1].snapshot.trades_since_ns == 0  # type: ignore[attr-defined]


def test_a_kill_sweeps_questions_pass_one_that_hangs(bench: Bench) -> None:
    bench.answers[QUERY] = None
    bench.query(order())
    before = len(bench.calls_of(OPEN))
    told = bench.snapshot(purpose="kill:1")
    assert [each.purpose for each in told if isinstance(each, SnapshotTaken)] == ["kill:1"]
    assert len(bench.calls_of(OPEN)) == before + 1


def test_the_newest_thousand_trades_are_enough_when_they_reach_back(bench: Bench) -> None:
    now_ms = bench.clock.now_ns() // MS
    bench.answers[TRADES] = (200, [trade(number, at_ms=now_ms - 1_000_000 + number * 1000) for number in range(1000)])
    bench.answers[QUERY] = GONE
    [told] = bench.snapshot(bench.clock.now_ns() - 500 * 10**9)
    assert len(told.snapshot.trades) == 500  # type: ignore[attr-defined]
    assert len(bench.calls_of(TRADES)) == 2


def test_older_ones_are_looked_for_day_by_day_and_then_by_number(bench: Bench) -> None:
    now_ms = bench.clock.now_ns() // MS
    every = [trade(number, at_ms=now_ms - 2 * DAY_MS + number * 1000) for number in range(2500)]

    def answer(call: Any) -> Any:
        params = dict(call.params)
        if "startTime" in params:
            start, end = int(params["startTime"]), int(params["endTime"])
            return 200, [one for one in every if start <= one["time"] <= end][:1000]
        if "fromId" in params:
            return 200, [one for one in every if one["id"] >= int(params["fromId"])][:1000]
        return 200, every[-1000:]

    bench.answers[TRADES] = answer
    bench.answers[QUERY] = GONE
    [told] = bench.snapshot((now_ms - 4 * DAY_MS) * MS)
    ids = [fill.trade_id for fill in told.snapshot.trades]  # type: ignore[attr-defined]
    assert ids == [str(number) for number in range(2500)]


def test_trades_of_too_long_ago_are_refused_with_the_reason(bench: Bench) -> None:
    now_ms = bench.clock.now_ns() // MS
    bench.answers[TRADES] = (200, [trade(number, at_ms=now_ms) for number in range(1000)])
    [told] = bench.snapshot((now_ms - 40 * DAY_MS) * MS)
    assert isinstance(told, SnapshotTaken)
    assert told.snapshot is None
    assert told.reason.startswith("TOO_LONG_AGO")


def test_a_few_unknown_orders_behind_trades_are_asked_for_one_by_one(bench: Bench) -> None:
    one = order()
    bench.answers[TRADES] = (200, [trade(1, 40), trade(2, 41)])
    bench.answers[QUERY] = lambda call: (200, row(one, 40)) if dict(call.params)["orderId"] == "40" else GONE
    [told] = bench.snapshot(0)
    assert [fill.client_order_id for fill in told.snapshot.trades] == [one.client_order_id, ""]  # type: ignore[attr-defined]


def test_many_unknown_orders_are_listed(bench: Bench) -> None:
    ones = [order() for _ in range(20)]
    bench.answers[TRADES] = (200, [trade(number, 100 + number) for number in range(20)])
    bench.answers[ALL] = (200, [row(one, 100 + number) for number, one in enumerate(ones)])
    [told] = bench.snapshot(0)
    named = [fill.client_order_id for fill in told.snapshot.trades]  # type: ignore[attr-defined]
    assert named == [one.client_order_id for one in ones]
    assert bench.calls_of(ALL) == [{"symbol": "BTCUSDT", "orderId": "100", "limit": "1000"}]
    assert bench.calls_of(QUERY) == []


def test_a_replacement_in_the_list_is_our_order_and_what_went_before_is_counted() -> None:
    bench = Bench(replace_partly_filled=True)
    one = order("0.010")
    new_id = replacement_id(one.client_order_id, 28)
    bench.answers[OPEN] = (200, [row(one, 29, "PARTIALLY_FILLED", "0.001", clientOrderId=new_id, origQty="0.008")])
    chain = {one.client_order_id: row(one, 28, "CANCELED", "0.002"), new_id: row(one, 29, clientOrderId=new_id)}
    bench.answers[QUERY] = lambda call: (200, chain[dict(call.params)["origClientOrderId"]])
    bench.start()
    [taken] = bench.oms.of(SnapshotTaken)
    [listed] = taken.snapshot.orders
    assert (listed.client_order_id, listed.venue_order_id) == (one.client_order_id, "29")
    assert (listed.quantity, listed.filled_quantity) == (D("0.010"), D("0.003"))
    bench.stop()


def test_what_the_adapter_forgot_it_learns_again_from_a_list(bench: Bench) -> None:
    one = working(bench)
    bench.wait(120)
    bench.snapshot()
    assert bench.actor is not None
    assert bench.actor.count_open_orders() == 0
    bench.answers[OPEN] = (200, [row(one)])
    bench.snapshot()
    assert bench.actor.count_open_orders() == 1


def test_a_replaced_orders_old_number_still_names_it_in_trades(bench: Bench) -> None:
    one = working(bench)
    bench.answers[REPLACE] = (200, replaced(one, 28, 29, "0.001", "50100.00"))
    bench.replace(one, "0.001", "50100.00")
    bench.answers[TRADES] = (200, [trade(1, 28), trade(2, 29)])
    [told] = bench.snapshot(0)
    assert {fill.client_order_id for fill in told.snapshot.trades} == {one.client_order_id}  # type: ignore[attr-defined]
