"""The user stream once it runs: renewed without a gap, lost with one, and every kind of frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from binance_actor_kit import Bench, names, order, placed
from binance_kit import D, report, trade_report

from autotrader.messages import (
    FrameUnreadable,
    LinkChanged,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    SnapshotTaken,
    UsageReported,
    VenueReady,
)
from autotrader.model import LinkState


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench().start()
    yield made
    made.stop()


def links(bench: Bench) -> list[tuple[LinkState, int | None]]:
    return [(one.link, one.gap_from_ns) for one in bench.oms.of(LinkChanged)]


def state(bench: Bench) -> LinkState:
    assert bench.actor is not None
    return bench.actor.link


# ---------------------------------------------------------------- lost


def test_a_cut_is_a_gap_that_a_hand_over_closes_at_once(bench: Bench) -> None:
    bench.wait(5)
    bench.event(report(i=1))
    heard_ns = bench.clock.now_ns()
    bench.wait(2)
    bench.close_stream()
    assert links(bench)[-1] == (LinkState.DOWN, heard_ns)
    told = bench.open_stream()
    assert names(told) == ["LinkChanged", "AccountConfirmed", "InstrumentsListed", "SnapshotTaken"]
    assert links(bench)[-1] == (LinkState.SYNCING, heard_ns)
    assert told[-1].snapshot.trades_since_ns == heard_ns - 600 * 10**9  # type: ignore[attr-defined]
    assert state(bench) is LinkState.SYNCING
    bench.put(VenueReady("binance", True, "reconciled"))
    assert state(bench) is LinkState.UP


def test_no_order_leaves_in_a_gap_but_cancels_and_questions_do(bench: Bench) -> None:
    one = order()
    bench.close_stream()
    bench.send(one)
    assert bench.failures == [("not_sent", "LINK_DOWN")]
    bench.cancel(one)
    bench.query(one)
    assert [call for call in bench.calls if call.endswith("/order")] == ["DELETE /api/v3/order", "GET /api/v3/order"]


def test_a_stream_that_is_cut_again_and_again_is_opened_ever_less_often(bench: Bench) -> None:
    before = len(bench.streams)
    for _ in range(240):
        if not bench.stream.closed:
            bench.close_stream("refused")
        bench.wait(0.25)
    assert 6 <= len(bench.streams) - before <= 25


def test_an_ended_subscription_is_a_gap(bench: Bench) -> None:
    bench.event({"e": "eventStreamTerminated", "E": 1728973001334})
    assert state(bench) is LinkState.DOWN
    assert len(bench.streams) == 2
    bench.open_stream()
    assert state(bench) is LinkState.SYNCING


def test_a_revoked_key_keeps_the_link_down(bench: Bench) -> None:
    bench.frame({"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}})
    assert state(bench) is LinkState.DOWN
    assert bench.actor is not None
    assert "the key was revoked (-2015" in bench.actor.link_reason
    opened = len(bench.streams)
    bench.wait(25)
    assert len(bench.streams) == opened


def test_a_reader_that_hears_nothing_and_does_not_say_so_is_given_up(bench: Bench) -> None:
    stream = bench.stream
    stream.mute = True
    bench.wait(64)
    assert state(bench) is LinkState.UP
    bench.wait(3)
    assert state(bench) is LinkState.DOWN
    assert stream.closed


def test_pings_alone_keep_it(bench: Bench) -> None:
    bench.wait(300)
    assert state(bench) is LinkState.UP
    assert len(bench.streams) == 1


def test_a_subscription_that_never_comes_is_given_up(bench: Bench) -> None:
    bench.close_stream()
    bench.open_stream(answer=False)
    bench.wait(15.5)
    assert bench.streams[1].closed
    bench.wait(5)
    assert len(bench.streams) >= 3


def test_a_refused_subscription_says_why(bench: Bench) -> None:
    bench.close_stream()
    bench.open_stream(answer=False)
    answer = {"id": bench.stream.sent[-1]["id"], "status": 400, "error": {"code": -1021, "msg": "Timestamp is off."}}
    bench.frame(answer)
    assert bench.actor is not None
    assert bench.actor.link_reason == "the user stream was refused: -1021: Timestamp is off."
    bench.wait(2)
    bench.open_stream()
    assert state(bench) is LinkState.SYNCING


def test_what_an_old_connection_still_says_is_passed_over(bench: Bench) -> None:
    old = bench.stream
    bench.close_stream()
    bench.open_stream()
    assert bench.event(report(), old) == []
    assert bench.close_stream(stream=old) == []
    assert state(bench) is LinkState.SYNCING


def test_a_cut_while_the_books_are_read_begins_anew(bench: Bench) -> None:
    bench.close_stream()
    bench.answers["GET /api/v3/openOrders"] = None
    bench.open_stream()
    bench.close_stream()
    bench.answers["GET /api/v3/openOrders"] = (200, [])
    assert bench.answer((200, [])) == []  # what the earlier try had asked tells nothing
    bench.wait(1)
    assert names(bench.open_stream())[-1] == "SnapshotTaken"


# ---------------------------------------------------------------- renewed


def test_a_second_connection_takes_over_without_a_gap(bench: Bench) -> None:
    first, told = bench.stream, len(links(bench))
    bench.wait(23 * 3600 - 60, step_s=30)
    assert len(bench.streams) == 1
    bench.wait(61, step_s=1)
    assert len(bench.streams) == 2
    assert not first.closed
    bench.open_stream(answer=False)
    assert names(bench.event(report(i=5), first)) == ["OrderAccepted"]
    bench.subscribe()
    assert first.closed
    assert names(bench.event(report(i=6))) == ["OrderAccepted"]
    assert bench.event(report(i=7), first) == []
    assert len(links(bench)) == told


def test_what_both_connections_tell_is_told_as_often_and_means_the_same(bench: Bench) -> None:
    bench.frame({"event": {"e": "serverShutdown", "E": 1770123456789}})
    first = bench.streams[0]
    bench.open_stream(answer=False)
    both = bench.event(trade_report(), first) + bench.event(trade_report())
    fills = [one.fill for one in both if isinstance(one, OrderFilled)]
    assert len(fills) == 2
    assert fills[0] == fills[1]


def test_a_shutdown_that_is_announced_brings_the_second_connection_at_once(bench: Bench) -> None:
    bench.frame({"event": {"e": "serverShutdown", "E": 1770123456789}})
    assert len(bench.streams) == 2
    bench.open_stream()
    assert bench.streams[0].closed
    assert state(bench) is LinkState.UP


def test_one_that_is_closed_before_the_second_is_ready_is_a_gap(bench: Bench) -> None:
    bench.frame({"event": {"e": "serverShutdown", "E": 1770123456789}})
    bench.close_stream(stream=bench.streams[0])
    assert state(bench) is LinkState.DOWN
    bench.open_stream()
    assert state(bench) is LinkState.SYNCING


def test_a_second_one_that_fails_leaves_the_first_alone_and_is_tried_again(bench: Bench) -> None:
    bench.frame({"event": {"e": "serverShutdown", "E": 1770123456789}})
    bench.close_stream()
    assert state(bench) is LinkState.UP
    assert not bench.streams[0].closed
    assert names(bench.event(report(i=9), bench.streams[0])) == ["OrderAccepted"]
    bench.wait(9.5)
    assert len(bench.streams) == 2
    bench.wait(1)
    assert len(bench.streams) == 3


def test_a_second_one_that_is_refused_leaves_the_first_alone(bench: Bench) -> None:
    bench.frame({"event": {"e": "serverShutdown", "E": 1770123456789}})
    bench.open_stream(answer=False)
    bench.frame({"id": bench.stream.sent[-1]["id"], "status": 400, "error": {"code": -1021, "msg": "off"}})
    assert bench.stream.closed
    assert state(bench) is LinkState.UP


def test_a_second_one_that_is_late_leaves_the_first_alone(bench: Bench) -> None:
    bench.frame({"event": {"e": "serverShutdown", "E": 1770123456789}})
    bench.wait(16)
    assert bench.streams[1].closed
    assert not bench.streams[0].closed
    assert state(bench) is LinkState.UP


# ---------------------------------------------------------------- frames


def test_an_event_before_the_answer_is_fine_and_the_answer_after_it_too(bench: Bench) -> None:
    one = order()
    bench.send(one)
    told = bench.event(report(c=one.client_order_id, i=28, q="0.001"))
    assert [(type(each), each.venue_order_id) for each in told] == [(OrderAccepted, "28")]  # type: ignore[attr-defined]
    assert names(bench.answer((200, placed(one)))) == ["OrderAccepted"]


def test_a_cancelled_order_is_known_by_its_own_id_and_not_by_the_cancels(bench: Bench) -> None:
    one = order()
    [told] = bench.event(report(c="web_cancel", C=one.client_order_id, x="CANCELED", X="CANCELED"))
    assert (type(told), told.client_order_id) == (OrderCanceled, one.client_order_id)  # type: ignore[attr-defined]


def test_a_frame_that_cannot_be_read_is_told_whole_and_closes_nothing(bench: Bench) -> None:
    [told] = bench.frame(b'{"subscriptionId":0,"event":{"e":"executionReport","z":"NaN"}}')
    assert isinstance(told, FrameUnreadable)
    assert names(bench.event(report())) == ["OrderAccepted"]


@pytest.mark.parametrize(
    "event",
    [
        {"e": "outboundAccountPosition", "E": 1, "u": 1, "B": [{"a": "BTC", "f": "1", "l": "0"}]},
        {"e": "balanceUpdate", "E": 1, "a": "BTC", "d": "-1.5", "T": 1},
        {"e": "externalLockUpdate", "E": 1, "a": "BTC", "d": "1.5", "T": 1},
        {
            "e": "listStatus", "E": 1, "s": "BTCUSDT", "g": 2, "c": "OCO", "l": "EXEC_STARTED", "L": "EXECUTING", "r": "NONE",
            "C": "x", "T": 1, "O": [{"s": "BTCUSDT", "i": 17, "c": "y"}],
        },
        {"e": "somethingNew", "E": 1},
    ],
)  # fmt: skip
def test_what_concerns_no_order_is_no_word_to_the_order_manager(bench: Bench, event: dict[str, Any]) -> None:
    assert bench.event(event) == []
    assert state(bench) is LinkState.UP


def test_limits_told_on_the_stream_reach_the_resiliency_manager(bench: Bench) -> None:
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 70}]
    bench.frame({"id": "other", "status": 200, "result": {}, "rateLimits": limits})
    assert bench.resiliency.of(UsageReported)[-1] == UsageReported("binance", "REQUEST_WEIGHT_1M", 70)


def test_own_trades_are_asked_for_now_and_then_since_the_stream_may_have_kept_one_back(bench: Bench) -> None:
    before = bench.calls.count("GET /api/v3/myTrades")
    asked_ns = bench.oms.of(SnapshotTaken)[-1].snapshot.asked_ns
    bench.wait(299)
    assert bench.calls.count("GET /api/v3/myTrades") == before
    [told] = bench.wait(2)
    assert (told.purpose, told.snapshot.trades_since_ns) == ("trades", asked_ns - 60 * 10**9)  # type: ignore[attr-defined]
    assert D(100) in [one.total for one in told.snapshot.balances]  # type: ignore[attr-defined]
