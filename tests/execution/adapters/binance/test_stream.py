"""Frames of the WebSocket API other than executionReport, and every way of wrapping one (binance.md section 5)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from binance_kit import NOW, SETTINGS, D, raw, report, wrapped

from autotrader.execution.adapters.binance.codec import (
    Answer,
    BalanceMoved,
    BalancesTold,
    ErrorClass,
    HmacSigner,
    ListEvent,
    LockMoved,
    OrderEventTold,
    StreamEnded,
    UnknownEvent,
    UnreadableFrame,
    UserFrame,
    VenueClosing,
    classify,
    decode_user_frame,
    frame_unreadable,
    subscribe_user_data,
    unsubscribe_user_data,
)
from autotrader.messages import BalanceTransferred, FrameUnreadable, UsageReported
from autotrader.model import Balance

POSITION = {
    "e": "outboundAccountPosition", "E": 1564034571105, "u": 1564034571073,
    "B": [{"a": "ETH", "f": "10000.000000", "l": "1.500000"}, {"a": "BTC", "f": "0.0", "l": "0.00000000"}],
}
BALANCE = {"e": "balanceUpdate", "E": 1573200697110, "a": "BTC", "d": "-100.00000000", "T": 1573200697068}
LIST = {
    "e": "listStatus", "E": 1564035303637, "s": "ETHBTC", "g": 2, "c": "OCO", "l": "EXEC_STARTED", "L": "EXECUTING",
    "r": "NONE",
    "C": "F4QN4G8DlFATFlIUQ0cjdD", "T": 1564035303625,
    "O": [
        {"s": "ETHBTC", "i": 17, "c": "AJYsMjErWJesZvqlJCTUgL"}, {"s": "ETHBTC", "i": 18, "c": "bfYPSQdLoqAJeNrOr9adzq"},
    ],
}


def read(frame: bytes | str) -> UserFrame:
    return decode_user_frame(frame, SETTINGS, NOW)


def test_balances_are_absolute_and_ordered_by_their_update_time() -> None:
    assert read(wrapped(POSITION)) == BalancesTold(
        1_564_034_571_073_000_000, (Balance("ETH", D("10001.5"), D(10000)), Balance("BTC", D(0), D(0))), 0
    )


def test_a_deposit_or_withdrawal_is_a_transfer() -> None:
    moved = BalanceTransferred("binance", "acc", "BTC", D(-100), 1_573_200_697_068_000_000, "told by the venue")
    assert read(wrapped(BALANCE)) == BalanceMoved("BTC", D(-100), 1_573_200_697_068_000_000, (moved,), 0)


def test_a_lock_by_another_product_moves_no_total() -> None:
    event = {**BALANCE, "e": "externalLockUpdate", "d": "10.00000000"}
    assert read(wrapped(event)) == LockMoved("BTC", D(10), 1_573_200_697_068_000_000, 0)


def test_a_list_names_its_legs() -> None:
    told = read(wrapped(LIST))
    assert isinstance(told, ListEvent)
    assert (told.symbol, told.list_id, told.contingency, told.list_status, told.order_status) == (
        "ETHBTC", 2, "OCO", "EXEC_STARTED", "EXECUTING",
    )
    assert told.orders == (("ETHBTC", 17, "AJYsMjErWJesZvqlJCTUgL"), ("ETHBTC", 18, "bfYPSQdLoqAJeNrOr9adzq"))


def test_words_of_a_list_only_describe() -> None:
    told = read(wrapped({**LIST, "c": "OPO", "l": "UPDATED", "L": "SOMETHING_NEW"}))
    assert isinstance(told, ListEvent)
    assert told.order_status == "SOMETHING_NEW"


def test_the_end_of_a_subscription_is_told_with_its_number() -> None:
    assert read(wrapped({"e": "eventStreamTerminated", "E": 1728973001334}, 1)) == StreamEnded(1_728_973_001_334_000_000, 1)


def test_a_shutdown_comes_without_a_subscription() -> None:
    assert read(raw({"event": {"e": "serverShutdown", "E": 1770123456789}})) == VenueClosing(1_770_123_456_789_000_000)


def test_a_kind_that_is_not_known_is_told_whole() -> None:
    frame = wrapped({"e": "marginCall", "deep": {"x": [1]}}, 4)
    assert read(frame) == UnknownEvent("marginCall", frame, 4)


@pytest.mark.parametrize("event", [report(), POSITION, BALANCE, LIST])
def test_events_are_read_however_they_are_wrapped(event: dict[str, Any]) -> None:
    plain = read(wrapped(event))
    kinds = {
        type(read(frame))
        for frame in (
            raw(event), raw({"event": event}), raw({"event": event, "subscriptionId": 0}),
            raw({"stream": "key", "data": event}),
            wrapped(event).decode(), b"  " + wrapped(event), raw({"new": 1, "subscriptionId": 0, "event": event}),
            raw({"subscriptionId": 0, "event": dict(reversed(event.items()))}),
        )
    }
    assert kinds == {type(plain)}


def test_the_meaning_does_not_depend_on_the_wrapping() -> None:
    frames = [wrapped(report()), raw(report()), raw({"stream": "key", "data": report()})]
    told = [read(frame) for frame in frames]
    assert all(isinstance(one, OrderEventTold) for one in told)
    assert len({one.messages for one in told if isinstance(one, OrderEventTold)}) == 1


def test_an_answer_to_the_subscription() -> None:
    frame = {
        "id": "1", "status": 200, "result": {"subscriptionId": 0},
        "rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 2}],
    }
    answer = read(raw(frame))
    assert isinstance(answer, Answer)
    assert (answer.id, answer.status, answer.error) == ("1", 200, None)
    assert msgspec.json.decode(answer.result) == {"subscriptionId": 0}
    assert answer.usage == (UsageReported("binance", "REQUEST_WEIGHT_1M", 2),)


def test_an_answer_that_refuses() -> None:
    answer = read(raw({"id": "1", "status": 400, "error": {"code": -1021, "msg": "Timestamp for this request is outside."}}))
    assert isinstance(answer, Answer)
    assert answer.error is not None
    assert classify(answer.status, answer.error, SETTINGS) is ErrorClass.CLOCK


def test_a_revoked_key_is_an_answer_to_nobody() -> None:
    answer = read(raw({"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions."}}))
    assert isinstance(answer, Answer)
    assert answer.id is None
    assert answer.error is not None
    assert classify(answer.status, answer.error, SETTINGS) is ErrorClass.AUTH


def test_a_limit_says_when_to_come_back_in_milliseconds() -> None:
    error = {"code": -1003, "msg": "Too much", "data": {"serverTime": 1659142907531, "retryAfter": 1659142960000}}
    answer = read(raw({"id": 7, "status": 429, "error": error}))
    assert isinstance(answer, Answer)
    assert answer.retry_after_ms == 1659142960000


@pytest.mark.parametrize("data", [None, 7, "x", {"retryAfter": -1}, {"retryAfter": "soon"}])
def test_a_limit_that_does_not_say_when_is_still_an_answer(data: object) -> None:
    answer = read(raw({"id": 7, "status": 429, "error": {"code": -1003, "msg": "Too much", "data": data}}))
    assert isinstance(answer, Answer)
    assert answer.retry_after_ms is None


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"{}", b"[]", b"null", b"7", b'{"id":"1"}', b'{"event":{}}', b'{"event":7}', b'{"event":{"e":7}}', b"\xff\xfe",
        b'{"id":"1","status":"ok"}', wrapped(report())[:-5], b'{"event":{"e":"x","y":"\xff"}}',
        b'{"subscriptionId":0,"event":null}',
        b'{"id":1,"status":200,"result":"\xe9"}',
    ],
)
def test_what_is_no_frame_is_unreadable_with_all_its_bytes(bad: bytes) -> None:
    with pytest.raises(UnreadableFrame) as error:
        read(bad)
    assert error.value.raw == bad


def test_nesting_without_end_is_unreadable() -> None:
    for deep in (b"[" * 100_000, b'{"event":{"e":"executionReport","z":' + b"[" * 100_000,
        b'{"e":"x","a":' + b'{"a":' * 100_000):
        with pytest.raises(UnreadableFrame):
            read(deep)


@pytest.mark.parametrize(
    "event",
    [
        {**POSITION, "B": [{"a": "ETH", "f": "NaN", "l": "0"}]}, {**POSITION, "B": [{"a": "ETH", "f": "-1", "l": "0"}]},
        {**POSITION, "B": 7}, {**POSITION, "u": "x"}, {**BALANCE, "d": "1e400"}, {**BALANCE, "d": 100.0},
        {**LIST, "O": [{"s": "X"}]},
    ],
)
def test_numbers_of_other_events_are_strict_too(event: dict[str, Any]) -> None:
    with pytest.raises(UnreadableFrame):
        read(wrapped(event))


def test_an_unreadable_frame_goes_to_the_journal_as_it_came() -> None:
    with pytest.raises(UnreadableFrame) as error:
        read(b'{"event":\xff}')
    told = frame_unreadable(error.value, "binance", NOW)
    assert isinstance(told, FrameUnreadable)
    assert (told.venue, told.raw, told.ts_ns) == ("binance", "eyJldmVudCI6/30=", NOW)
    assert "cannot be read" in told.reason


def test_a_subscription_is_signed_over_its_sorted_raw_parameters() -> None:
    signer = HmacSigner("secret")
    frame = msgspec.json.decode(subscribe_user_data("1", "key", signer, 1747385641636, 5000))
    assert frame["method"] == "userDataStream.subscribe.signature"
    assert frame["id"] == "1"
    signature = frame["params"].pop("signature")
    assert frame["params"] == {"apiKey": "key", "timestamp": 1747385641636, "recvWindow": 5000}
    assert signature == signer.sign(b"apiKey=key&recvWindow=5000&timestamp=1747385641636")


def test_a_subscription_without_a_window_signs_none() -> None:
    signer = HmacSigner("secret")
    frame = msgspec.json.decode(subscribe_user_data("1", "key", signer, 7))
    assert frame["params"]["signature"] == signer.sign(b"apiKey=key&timestamp=7")


def test_a_subscription_can_be_left() -> None:
    assert msgspec.json.decode(unsubscribe_user_data("2", 1)) == {
        "id": "2", "method": "userDataStream.unsubscribe", "params": {"subscriptionId": 1},
    }
    assert msgspec.json.decode(unsubscribe_user_data("2"))["params"] == {}
