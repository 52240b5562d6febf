"""Orders through the broker's actor: what leaves, by which lane, and what the order manager and its neighbour are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from binance_actor_kit import (
    AMEND,
    CANCEL,
    PREFIX,
    QUERY,
    REPLACE,
    SUBMIT,
    Bench,
    D,
    cancelled,
    names,
    order,
    placed,
    replaced,
    settings_of,
    working,
)
from binance_kit import amend_answer, error, report, trade_report

from autotrader.execution.adapters.binance.codec import replacement_id
from autotrader.messages import (
    CallsFinished,
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrdersTimed,
    OrderUnknown,
    ProbeVenue,
    ReplaceRejected,
    SendCancel,
    SendCancelAll,
    SnapshotTaken,
    UsageReported,
)
from autotrader.model import KillLevel, LinkState, WriteClass


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(emulate=["DAY", "GTD"]).start()
    yield made
    made.stop()


def fill(price: str = "49900.00", quantity: str = "0.001", trade: int = 56) -> dict[str, Any]:
    return {"price": price, "qty": quantity, "commission": "0.000001", "commissionAsset": "BTC", "tradeId": trade}


# ---------------------------------------------------------------- new orders


def test_a_limit_order_is_accepted_and_timed(bench: Bench) -> None:
    one = order()
    bench.answers[SUBMIT] = (200, placed(one), {"x-mbx-used-weight-1m": "12", "x-mbx-order-count-10s": "3"})
    [told] = bench.send(one)
    assert isinstance(told, OrderAccepted)
    assert told.venue_order_id == "28"
    [params] = bench.calls_of(SUBMIT)
    assert (params["symbol"], params["quantity"], params["price"], params["newClientOrderId"]) == (
        "BTCUSDT", "0.001", "50000.00", one.client_order_id
    )  # fmt: skip
    assert bench.oms.of(OrdersTimed)[-1].times[0][0] == one.client_order_id
    usage = {told.budget: told.used for told in bench.resiliency.of(UsageReported)}
    assert (usage["REQUEST_WEIGHT_1M"], usage["ORDERS_10S"]) == (12, 3)


def test_an_order_that_fills_at_once_tells_its_trades(bench: Bench) -> None:
    one = order()
    bench.answers[SUBMIT] = (200, placed(one, status="FILLED", executedQty="0.001", fills=[fill()]))
    told = bench.send(one)
    assert names(told) == ["OrderAccepted", "OrderFilled"]
    assert bench.actor is not None
    assert bench.actor.count_open_orders() == 0


def test_a_capped_market_order_leaves_as_a_limit_that_takes_what_is_there(bench: Bench) -> None:
    bench.send(order(price=None, cap_price=D("50250.009")))
    [params] = bench.calls_of(SUBMIT)
    assert (params["type"], params["timeInForce"], params["price"]) == ("LIMIT", "IOC", "50250.00")


@pytest.mark.parametrize(
    ("side", "cap", "price"),
    [("BUY", "50250", "50250"), ("BUY", "900000", "237500"), ("SELL", "49750", "49750"), ("SELL", "0.05", "10500")],
)
def test_a_cap_that_the_venue_would_refuse_as_absurd_is_drawn_in(bench: Bench, side: str, cap: str, price: str) -> None:
    bench.quote("50000.00", "50000.00")
    bench.send(order(price=None, cap_price=D(cap), side=side))
    [params] = bench.calls_of(SUBMIT)
    assert D(params["price"]) == D(price)


def test_without_a_quote_a_cap_stays_as_it_is(bench: Bench) -> None:
    bench.send(order(price=None, cap_price=D("900000")))
    assert D(bench.calls_of(SUBMIT)[0]["price"]) == D(900000)


def test_a_trailing_stop_is_measured_by_the_last_quote(bench: Bench) -> None:
    bench.quote("50000.00", "50000.00")
    bench.send(order(price=None, kind="TRAILING_STOP", side="SELL", trail=D("500")))
    [params] = bench.calls_of(SUBMIT)
    assert (params["type"], params["trailingDelta"]) == ("STOP_LOSS", "100")


def test_several_orders_use_all_lanes_and_the_rest_wait_in_their_order(bench: Bench) -> None:
    ones = [order() for _ in range(5)]
    bench.send(*ones)
    assert bench.lane_of(SUBMIT) == ["order-1", "order-2"]
    bench.answer((200, placed(ones[0], 1)))
    bench.answer((200, placed(ones[1], 2)))
    assert [params["newClientOrderId"] for params in bench.calls_of(SUBMIT)] == [one.client_order_id for one in ones[:4]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": "0.000001"}, "FILTER_LOT_SIZE"), ({"quantity": "0.0000105"}, "FILTER_LOT_SIZE"),
        ({"price": "50000.001"}, "FILTER_PRICE_FILTER"), ({"price": "0.02", "quantity": "0.1"}, "FILTER_NOTIONAL"),
        ({"price": None, "quantity": "100"}, "FILTER_MARKET_LOT_SIZE"), ({"quantity": "0.123456789"}, "FILTER_PRECISION"),
        ({"symbol": "ETHUSDT"}, "SYMBOL_NOT_CONFIGURED"), ({"tif": "GTD"}, "NO_EXPIRY"),
        ({"tif": "GTD", "expires_ns": 5}, "EXPIRED_BEFORE_SENT"), ({"price": None, "tif": "FOK"}, "NO_FOK"),
        ({"client_order_id": "no good"}, "ENCODE"),
    ],
)  # fmt: skip
def test_what_the_venue_would_refuse_is_denied_by_the_filters_name_and_never_leaves(
    bench: Bench, changes: dict[str, Any], code: str
) -> None:
    [told] = bench.send(order(**changes))
    assert isinstance(told, OrderNotSent)
    assert told.reason_code == code
    assert bench.calls_of(SUBMIT) == []
    assert bench.failures == []


def test_time_in_force_that_nobody_emulates_is_denied_with_what_to_do() -> None:
    bench = Bench().start()
    [told] = bench.send(order(tif="DAY"))
    assert isinstance(told, OrderNotSent)
    assert told.reason_code == "NO_DAY"
    assert "let the configuration emulate it" in told.reason
    bench.stop()


def test_a_full_symbol_is_denied_by_count(bench: Bench) -> None:
    for number in range(5):
        working(bench, number + 1, kind="STOP_LIMIT", stop_price=D("51000"))
    [told] = bench.send(order(kind="STOP_LIMIT", stop_price=D("51000")))
    assert told.reason_code == "FILTER_MAX_NUM_ALGO_ORDERS"  # type: ignore[attr-defined]
    bench.event(report(c=order().client_order_id, i=99))  # somebody else's does not count, and disturbs nothing


@pytest.mark.parametrize(
    ("answer", "told", "failures"),
    [
        ((400, error(-2010, "Account has insufficient balance for requested action.")), [OrderRejected], []),
        ((400, error(-2010, "Duplicate order sent.")), [OrderRejected], []),
        ((400, error(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")), [OrderRejected], []),
        ((503, error(-1000, "Unknown error, please check your request or try again later.")), [OrderUnknown], []),
        ((500, error(-1007, "Timeout waiting for response from backend server.")), [OrderUnknown], []),
        ((502, b"<html>bad gateway</html>"), [OrderUnknown], []), ((200, b""), [OrderUnknown], []),
        ("unknown", [OrderUnknown], []), ("not_sent", [], [("not_sent", "RESET")]), ("refused", [], [("not_sent", "RESET")]),
        ((429, error(-1015, "Too many new orders.")), [], [("rate_limited", "-1015")]),
        ((418, error(-1003, "banned"), {"retry-after": "120"}), [], [("rate_limited", "-1003")]),
        ((503, error(-1008, "Server is overloaded.")), [OrderUnknown], []),
        ((400, error(-1008, "Server is overloaded.")), [], [("busy", "-1008")]),
        ((401, error(-2015, "Invalid API-key.")), [], [("auth", "-2015")]),
    ],
)  # fmt: skip
def test_every_answer_is_one_of_five_outcomes(
    bench: Bench, answer: Any, told: list[type], failures: list[tuple[str, str]]
) -> None:
    bench.answers[SUBMIT] = answer
    heard = [type(one) for one in bench.send(order()) if type(one).__name__ not in ("FrameUnreadable", "LinkChanged")]
    assert heard == told
    assert bench.failures == failures


def test_calls_are_counted_for_the_breaker(bench: Bench) -> None:
    ones = [order() for _ in range(4)]
    bench.answers[SUBMIT] = [(200, placed(ones[0])), (400, error(-2010, "no")), (503, b""), "refused"]
    before = len(bench.resiliency.of(CallsFinished))
    for one in ones:
        bench.send(one)
    calls = bench.resiliency.of(CallsFinished)[before:]
    assert (sum(one.ok for one in calls), sum(one.failed for one in calls)) == (2, 1)
    assert [one.code for one in calls if one.failed] == ["HTTP_503"]


def test_nothing_at_all_leaves_inside_a_retry_after(bench: Bench) -> None:
    one = working(bench)
    bench.answers[SUBMIT] = (429, error(-1003, "Too many requests."), {"retry-after": "7"})
    bench.send(order())
    assert bench.resiliency.of(CallsFinished)[-1].retry_after_s == 7.0
    bench.answers[QUERY] = (400, error(-2013, "Order does not exist."))
    sent = len(bench.calls)
    bench.cancel(one)
    bench.query(one)
    bench.snapshot(0)
    bench.wait(6.75)
    assert len(bench.calls) == sent
    bench.wait(0.5)
    assert {CANCEL, QUERY, "GET /api/v3/openOrders"} <= set(bench.calls[sent:])


def test_a_refused_key_takes_the_link_down(bench: Bench) -> None:
    bench.answers[SUBMIT] = (401, error(-2015, "Invalid API-key, IP, or permissions for action."))
    bench.send(order())
    assert bench.actor is not None
    assert bench.actor.link is LinkState.DOWN
    assert "the key was refused (-2015" in bench.actor.link_reason


def test_the_firewall_takes_it_down_for_longer_than_a_moment(bench: Bench) -> None:
    bench.answers[SUBMIT] = (403, b"<html>Forbidden</html>")
    bench.send(order())
    assert bench.actor is not None
    assert "the firewall refused us" in bench.actor.link_reason
    sent = len(bench.calls)
    bench.wait(25)
    assert len(bench.calls) == sent


# ---------------------------------------------------------------- too old, lost


def test_an_order_that_waited_too_long_for_a_lane_is_given_back(bench: Bench) -> None:
    bench.send(order(), order())
    late = order(created_ns=bench.clock.now_ns())
    bench.send(late)
    bench.wait(1.75)
    assert bench.failures == []
    bench.wait(0.5)
    assert bench.failures == [("not_sent", "DEADLINE_PASSED")]
    bench.answer((200, placed(late)))
    assert len(bench.calls_of(SUBMIT)) == 2


def test_an_order_that_comes_too_old_does_not_leave(bench: Bench) -> None:
    bench.send(order(created_ns=bench.clock.now_ns() - 2_100_000_000))
    assert bench.failures == [("not_sent", "DEADLINE_PASSED")]
    assert bench.calls_of(SUBMIT) == []


def test_a_connection_that_comes_back_leaves_its_order_in_doubt(bench: Bench) -> None:
    one = order()
    bench.send(one)
    [told] = bench.restart("order-1")
    assert isinstance(told, OrderUnknown)
    assert (told.client_order_id, told.request) == (one.client_order_id, "submit")


def test_a_connection_that_says_nothing_does_so_a_second_past_its_deadline(bench: Bench) -> None:
    one = order()
    bench.send(one)
    assert bench.wait(15.75) == []
    told = [each for each in bench.wait(0.75) if not isinstance(each, SnapshotTaken)]
    assert [type(each) for each in told] == [OrderUnknown]
    assert names(bench.answer((200, placed(one)))) == []  # its late answer is dropped: the order is asked for
    bench.answers[SUBMIT] = (200, placed(order(), 29))
    bench.send(order())
    assert bench.lane_of(SUBMIT)[-1] == "order-2"


def test_orders_wait_for_a_connection_and_go_when_it_is_there(bench: Bench) -> None:
    for name in ("order-1", "order-2"):
        bench.runtime.handle(PREFIX + name).unbind()
    one = order(created_ns=bench.clock.now_ns())
    bench.send(one)
    assert bench.calls_of(SUBMIT) == []
    bench.bind(PREFIX + "order-2")
    bench.restart("order-2")
    assert bench.lane_of(SUBMIT) == ["order-2"]


def test_a_write_that_the_gate_refuses_is_not_sent() -> None:
    bench = Bench().start()
    bench.gate.close(KillLevel.HALT)
    bench.answers[SUBMIT] = "refused"
    bench.send(order())
    assert bench.failures == [("not_sent", "RESET")]
    bench.stop()


def test_the_class_of_the_receipt_is_the_class_of_the_write(bench: Bench) -> None:
    bench.put([bench.command(order(), WriteClass.REDUCE, 2)])
    job = bench.out[-1][1]
    assert (job.write_class, job.attempt, job.receipt is not None) == (WriteClass.REDUCE, 2, True)
    assert job.deadline_s == 15.0


# ---------------------------------------------------------------- cancels


def test_a_cancel_goes_by_the_venues_id_over_its_own_lane(bench: Bench) -> None:
    one = working(bench)
    bench.answers[CANCEL] = (200, cancelled(one))
    [told] = bench.cancel(one, "28")
    assert isinstance(told, OrderCanceled)
    assert bench.lane_of(CANCEL) == ["cancel-1"]
    assert bench.calls_of(CANCEL) == [{"symbol": "BTCUSDT", "orderId": "28"}]
    assert bench.out[-1][1].write_class is WriteClass.CANCEL


def test_a_cancel_learns_the_venues_id_from_the_stream(bench: Bench) -> None:
    one = order()
    bench.send(one)
    bench.event(report(c=one.client_order_id, i=28, q="0.001"))
    bench.wait(1.25)
    bench.cancel(one)
    assert bench.calls_of(CANCEL) == [{"symbol": "BTCUSDT", "orderId": "28"}]


def test_a_cancel_of_an_order_that_is_being_placed_follows_it_on_its_lane(bench: Bench) -> None:
    one = order()
    bench.send(one)
    bench.cancel(one)
    assert bench.calls_of(CANCEL) == []
    bench.answer((200, placed(one)))
    assert bench.lane_of(CANCEL) == ["order-1"]


def test_a_cancel_of_an_order_that_has_not_left_takes_it_back(bench: Bench) -> None:
    ones = [order() for _ in range(3)]
    bench.send(*ones)
    [told] = bench.cancel(ones[2])
    assert isinstance(told, OrderNotSent)
    assert told.reason_code == "WITHDRAWN"
    bench.answer((200, placed(ones[0])))
    bench.answer((200, placed(ones[1], 29)))
    assert (len(bench.calls_of(SUBMIT)), bench.calls_of(CANCEL)) == (2, [])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, error(-2011, "Unknown order sent.")), "too_late"), ((400, error(-2013, "Order does not exist.")), "too_late"),
        ((400, error(-2011, "Order was not canceled due to cancel restrictions.")), "final"),
    ],
)  # fmt: skip
def test_a_refused_cancel_says_how(bench: Bench, answer: Any, kind: str) -> None:
    one = working(bench)
    bench.answers[CANCEL] = answer
    [told] = bench.cancel(one, "28")
    assert isinstance(told, CancelRejected)
    assert told.kind == kind


def test_a_lost_cancel_is_in_doubt(bench: Bench) -> None:
    one = working(bench)
    bench.answers[CANCEL] = "unknown"
    [told] = bench.cancel(one, "28")
    assert isinstance(told, OrderUnknown)
    assert told.request == "cancel"


def test_a_cancel_that_has_become_needless_while_it_waited_is_not_sent(bench: Bench) -> None:
    first, second = working(bench, 1), working(bench, 2)
    bench.answers[CANCEL] = None
    for lane in range(3):  # all lanes that take cancels are busy
        bench.put(SendCancel(f"{lane:032x}", "99", "BTCUSDT"))
    bench.cancel(first, "1")
    bench.cancel(second, "2")
    bench.event(report(c="x", C=second.client_order_id, i=2, x="CANCELED", X="CANCELED"))
    bench.answer((400, error(-2011, "Unknown order sent.")))
    bench.answer((400, error(-2011, "Unknown order sent.")))
    assert [params["orderId"] for params in bench.calls_of(CANCEL)] == ["99", "99", "99", "1"]


def test_a_whole_symbol_is_cancelled_in_one_call_ahead_of_what_waits(bench: Bench) -> None:
    one, two = working(bench, 1), working(bench, 2)
    bench.answers["DELETE /api/v3/openOrders"] = (200, [cancelled(one, 1), cancelled(two, 2)])
    told = bench.put(SendCancelAll("binance", "BTCUSDT"))
    assert [(type(each), each.client_order_id) for each in told] == [  # type: ignore[attr-defined]
        (OrderCanceled, one.client_order_id), (OrderCanceled, two.client_order_id)
    ]  # fmt: skip
    assert bench.lane_of("DELETE /api/v3/openOrders") == ["cancel-1"]
    assert bench.put(SendCancelAll("okx", "BTCUSDT")) == []


def test_a_whole_symbol_without_orders_is_no_failure(bench: Bench) -> None:
    bench.answers["DELETE /api/v3/openOrders"] = (400, error(-2011, "Unknown order sent."))
    before = len(bench.resiliency.of(CallsFinished))
    assert bench.put(SendCancelAll("binance", "BTCUSDT")) == []
    assert [one.failed for one in bench.resiliency.of(CallsFinished)[before:]] == [0]


# ---------------------------------------------------------------- other terms


def test_a_smaller_quantity_keeps_its_place_in_the_queue(bench: Bench) -> None:
    one = working(bench, quantity="0.002")
    own = one.client_order_id
    changed = amend_answer(origClientOrderId=own, clientOrderId=own, qty="0.001", price="50000.00")
    bench.answers[AMEND] = (200, changed)
    [told] = bench.replace(one, "0.001")
    assert isinstance(told, OrderReplaced)
    assert told.quantity == D("0.001")
    [params] = bench.calls_of(AMEND)
    assert (params["newQty"], params["newClientOrderId"]) == ("0.001", one.client_order_id)


def test_amendments_can_be_switched_off() -> None:
    bench = Bench(amend=False).start()
    one = working(bench, quantity="0.002")
    bench.replace(one, "0.001")
    assert REPLACE in bench.calls
    bench.stop()


def test_another_price_cancels_and_replaces_and_what_follows_goes_to_the_new_order(bench: Bench) -> None:
    one = working(bench)
    bench.answers[REPLACE] = (200, replaced(one, 28, 29, "0.001", "50100.00"))
    told = bench.replace(one, "0.001", "50100.00")
    assert names(told) == ["OrderSucceeded", "OrderReplaced"]
    assert (told[0].venue_order_id, told[0].previous_venue_order_id) == ("29", "28")  # type: ignore[attr-defined]
    [params] = bench.calls_of(REPLACE)
    assert (params["cancelOrderId"], params["price"], params["cancelReplaceMode"]) == ("28", "50100.00", "STOP_ON_FAILURE")
    bench.cancel(one, "28")  # asked before the order manager heard of the new id
    assert bench.calls_of(CANCEL) == [{"symbol": "BTCUSDT", "orderId": "29"}]
    [heard] = bench.event(trade_report(c=replacement_id(one.client_order_id, 28), i=29, q="0.001", l="0.0004", z="0.0004"))
    assert heard.client_order_id == one.client_order_id  # type: ignore[attr-defined]


def test_the_stream_may_tell_of_the_new_order_first(bench: Bench) -> None:
    one = working(bench)
    bench.replace(one, "0.001", "50100.00")
    told = bench.event(report(c=replacement_id(one.client_order_id, 28), i=29, q="0.001", p="50100.00"))
    assert names(told) == ["OrderSucceeded", "OrderReplaced"]
    told = bench.answer((200, replaced(one, 28, 29, "0.001", "50100.00")))
    assert names(told) == ["OrderSucceeded", "OrderReplaced"]
    [filled] = bench.event(trade_report(c=replacement_id(one.client_order_id, 28), i=29, q="0.001", l="0.0004", z="0.0004"))
    assert isinstance(filled, OrderFilled)
    assert bench.actor is not None
    known = bench.actor.registry.get(one.client_order_id)
    assert known is not None
    assert (known.number, known.filled, known.carried) == (29, D("0.0004"), D(0))


def test_a_replacement_can_be_replaced(bench: Bench) -> None:
    one = working(bench)
    bench.answers[REPLACE] = (200, replaced(one, 28, 29, "0.001", "50100.00"))
    bench.replace(one, "0.001", "50100.00")
    bench.answers[REPLACE] = None
    bench.replace(one, "0.002", "50200.00", "29")
    first, second = bench.calls_of(REPLACE)
    assert (second["cancelOrderId"], second["newClientOrderId"]) == ("29", replacement_id(one.client_order_id, 29))
    assert first["newClientOrderId"] != second["newClientOrderId"]


@pytest.mark.parametrize(
    ("quantity", "price", "fills", "code"),
    [("0.0004", None, "0.0004", "NOTHING_LEFT"), ("0.001", "50100.00", "0.0004", "PARTLY_FILLED")],
)
def test_what_cannot_be_changed_is_refused_here(
    bench: Bench, quantity: str, price: str | None, fills: str, code: str
) -> None:
    one = working(bench)
    bench.event(trade_report(c=one.client_order_id, i=28, q="0.001", l=fills, z=fills))
    [told] = bench.replace(one, quantity, price)
    assert isinstance(told, ReplaceRejected)
    assert told.reason_code == code


def test_an_order_that_is_not_known_here_is_not_changed(bench: Bench) -> None:
    [told] = bench.replace(order(), "0.0005")
    assert isinstance(told, ReplaceRejected)
    assert told.reason_code == "UNKNOWN_ORDER"


def test_terms_of_an_order_from_an_earlier_run_are_known_from_the_list(bench: Bench) -> None:
    one = order("0.002")
    bench.stop()
    row = placed(one, 28, time=1, updateTime=1, isWorking=True)
    bench.answers["GET /api/v3/openOrders"] = (200, [row])
    bench.start()
    bench.replace(one, "0.001")
    assert bench.calls_of(AMEND)[0]["orderId"] == "28"


def test_a_lost_replace_is_in_doubt(bench: Bench) -> None:
    one = working(bench)
    bench.answers[REPLACE] = "unknown"
    [told] = bench.replace(one, "0.001", "50100.00")
    assert isinstance(told, OrderUnknown)
    assert told.request == "replace"


def test_a_replace_that_has_not_left_is_taken_back_by_a_cancel(bench: Bench) -> None:
    one = working(bench)
    bench.send(order(), order())
    bench.replace(one, "0.001", "50100.00")
    told = bench.cancel(one, "28")
    assert names(told) == ["ReplaceRejected"]
    assert len(bench.calls_of(CANCEL)) == 1
    assert REPLACE not in bench.calls


# ---------------------------------------------------------------- times in force that the venue lacks


def test_a_gtd_order_leaves_as_gtc_and_is_ended_at_its_time(bench: Bench) -> None:
    ends_ns = bench.clock.now_ns() + 10 * 10**9
    one = working(bench, tif="GTD", expires_ns=ends_ns)
    assert bench.calls_of(SUBMIT)[-1]["timeInForce"] == "GTC"
    bench.answers[CANCEL] = (200, cancelled(one))
    bench.wait(9.75)
    assert bench.calls_of(CANCEL) == []
    [told] = bench.wait(0.5)
    assert isinstance(told, OrderExpired)
    assert told.reason == "GTD is over"
    assert bench.wait(20) == []
    assert bench.memory.ends == {}


def test_the_streams_word_of_it_is_an_expiry_too(bench: Bench) -> None:
    one = working(bench, tif="GTD", expires_ns=bench.clock.now_ns() + 10**9)
    bench.wait(1.25)
    [told] = bench.event(report(c="random", C=one.client_order_id, i=28, x="CANCELED", X="CANCELED"))
    assert isinstance(told, OrderExpired)


def test_a_day_order_is_ended_at_midnight_of_utc(bench: Bench) -> None:
    day_ns = 86_400 * 10**9
    left_s = (day_ns - bench.clock.now_ns() % day_ns) / 1e9
    working(bench, tif="DAY")
    bench.wait(left_s - 40, step_s=20)
    assert bench.calls_of(CANCEL) == []
    bench.wait(45, step_s=1)
    assert len(bench.calls_of(CANCEL)) >= 1


def test_an_end_that_is_lost_is_tried_again(bench: Bench) -> None:
    working(bench, tif="GTD", expires_ns=bench.clock.now_ns() + 10**9)
    bench.answers[CANCEL] = "unknown"
    bench.wait(12)
    assert len(bench.calls_of(CANCEL)) == 3


def test_a_successor_still_knows_which_orders_to_end(bench: Bench) -> None:
    one = working(bench, tif="GTD", expires_ns=bench.clock.now_ns() + 10**9)
    bench.stop()
    bench.answers["GET /api/v3/openOrders"] = (200, [placed(one, 28, time=1, updateTime=1, isWorking=True)])
    bench.start()
    bench.wait(1.25)
    assert bench.calls_of(CANCEL)[0]["orderId"] == "28"


# ---------------------------------------------------------------- probes, symbols, dust


def test_a_probe_is_one_cheap_read(bench: Bench) -> None:
    before, calls = len(bench.calls), len(bench.resiliency.of(CallsFinished))
    bench.put(ProbeVenue("binance"))
    assert bench.calls[before:] == ["GET /api/v3/time"]
    assert bench.resiliency.of(CallsFinished)[calls:][0].ok == 1


def test_quotes_of_other_venues_are_passed_over(bench: Bench) -> None:
    assert bench.actor is not None
    bench.quote("1", "2", "BTCUSDT")
    assert bench.actor.market("BTCUSDT").nearest == D("1.5")
    assert bench.actor.market("ETHUSDT").nearest is None


def test_no_secret_is_in_what_is_sent_to_a_connection(bench: Bench) -> None:
    bench.send(order())
    assert "for-tests" not in repr(bench.out)
    assert settings_of().secret.reveal() not in repr(bench.actor.__dict__ if bench.actor else "")


def test_what_is_too_little_to_sell_is_named_once(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    account = dict(bench.answers["GET /api/v3/account"][1])
    account["balances"] = [{"asset": "BTC", "free": "0.00000500", "locked": "0"}]
    bench.answers["GET /api/v3/account"] = (200, account)
    for _ in range(3):
        bench.snapshot()
    assert bench.actor is not None
    assert bench.actor._dust == {"BTCUSDT": "LOT_SIZE"}
    assert capsys.readouterr().err.count("BTC is dust: LOT_SIZE") <= 1
