"""User events and answers of the WebSocket API in the shapes others recorded, and what each must mean."""

from __future__ import annotations

import pytest
from binance_kit import NOW, OWN, SETTINGS, D
from binance_payloads import OTHER_EVENTS, REPORTS, SOCKET_ANSWERS

from autotrader.execution.adapters.binance.codec import (
    Answer,
    BalanceMoved,
    BalancesTold,
    ListEvent,
    LockMoved,
    OrderEventTold,
    StreamEnded,
    UnknownEvent,
    UnreadableFrame,
    VenueClosing,
    decode_user_frame,
    trade_number,
)
from autotrader.messages import (
    Message,
    OrderAccepted,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    OrderUnknown,
)

MEANS: dict[str, list[str]] = {
    "new": ["OrderAccepted"], "trade": ["OrderFilled"], "filled": ["OrderFilled"], "canceled": ["OrderCanceled"],
    "of 2018": ["OrderAccepted"], "trade of 2018": ["OrderFilled"], "stop waits": ["OrderAccepted"],
    "trailing stop": ["OrderAccepted"], "rejected without id": ["OrderUnknown"], "rejected": ["OrderRejected"],
    "dried up": ["OrderExpired", "OrderReported"], "expired": ["OrderExpired"], "expired gtd": ["OrderExpired"],
    "prevented": ["OrderExpired"], "expired in match": ["OrderExpired"], "decremented": ["OrderReplaced"],
    "amended": ["OrderReplaced"], "amended by another": ["OrderReplaced"], "pending leg": ["OrderAccepted"],
    "pegged": ["OrderAccepted"], "allocation": ["OrderFilled"], "iceberg": ["OrderAccepted"], "by quote": ["OrderAccepted"],
    "empty id": ["OrderFilled"], "pending cancel": ["OrderReported"], "rebate": ["OrderFilled"],
    "chinese symbol": ["OrderFilled"], "microseconds": ["OrderFilled"], "second subscription": ["OrderAccepted"],
}


def told(name: str) -> OrderEventTold:
    frame = decode_user_frame(REPORTS[name], SETTINGS, NOW)
    assert isinstance(frame, OrderEventTold)
    return frame


def only(name: str, kind: type[Message]) -> Message:
    return next(one for one in told(name).messages if type(one) is kind)


@pytest.mark.parametrize("name", REPORTS)
def test_reports(name: str) -> None:
    assert [type(one).__name__ for one in told(name).messages] == MEANS[name.removeprefix("report ")]


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "report empty id"])
def test_every_report_is_about_our_order(name: str) -> None:
    assert {one.client_order_id for one in told(name).messages} == {OWN}  # type: ignore[attr-defined]


def test_a_report_without_any_client_id_is_known_by_its_number() -> None:
    fill = only("report empty id", OrderFilled)
    assert isinstance(fill, OrderFilled)
    assert (fill.client_order_id, fill.venue_order_id) == ("", "1234567890")


def test_the_text_null_of_2018_is_no_client_id() -> None:
    fill = only("report trade of 2018", OrderFilled)
    assert isinstance(fill, OrderFilled)
    assert fill.fill.client_order_id == OWN


@pytest.mark.parametrize("name", ["report stop waits", "report trailing stop", "report pending leg"])
def test_what_waits_is_held(name: str) -> None:
    accepted = only(name, OrderAccepted)
    assert isinstance(accepted, OrderAccepted)
    assert accepted.held


def test_a_rejection_without_an_order_id_ends_nothing() -> None:
    doubt = only("report rejected without id", OrderUnknown)
    assert isinstance(doubt, OrderUnknown)
    assert (doubt.request, doubt.venue_order_id) == ("submit", None)


def test_only_a_rejection_may_lack_the_order_id() -> None:
    frame = REPORTS["report new"].replace(b'"i":1234567890', b'"i":-1')
    with pytest.raises(UnreadableFrame, match="without an id"):
        decode_user_frame(frame, SETTINGS, NOW)


def test_a_rejection_names_the_venues_reason() -> None:
    rejected = only("report rejected", OrderRejected)
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason_code == "GTX_ORDER_REJECT"


def test_an_allocation_is_a_fill_with_a_number_of_its_own() -> None:
    fill = only("report allocation", OrderFilled)
    assert isinstance(fill, OrderFilled)
    assert (fill.fill.trade_id, fill.fill.quantity, fill.fill.price) == ("alloc-1234", D("0.5"), D("2499.5"))
    assert trade_number(fill.fill.trade_id) is None
    assert trade_number("98765432") == 98765432


def test_a_rebate_is_a_fee_below_zero() -> None:
    fill = only("report rebate", OrderFilled)
    assert isinstance(fill, OrderFilled)
    assert fill.fill.fee == D("-0.00001")


def test_prevention_takes_off_or_ends() -> None:
    smaller, ended = only("report decremented", OrderReplaced), only("report prevented", OrderExpired)
    assert isinstance(smaller, OrderReplaced)
    assert (smaller.quantity, smaller.asked) == (D("0.6"), False)
    assert isinstance(ended, OrderExpired)
    assert ended.reason == "EXPIRED_IN_MATCH"


def test_an_amendment_by_another_was_not_asked_for() -> None:
    ours, theirs = only("report amended", OrderReplaced), only("report amended by another", OrderReplaced)
    assert isinstance(ours, OrderReplaced)
    assert isinstance(theirs, OrderReplaced)
    assert (ours.asked, ours.quantity, theirs.asked) == (True, D("0.6"), False)


def test_a_market_order_that_dried_up_keeps_what_it_got() -> None:
    total = only("report dried up", OrderReported)
    assert isinstance(total, OrderReported)
    assert total.filled_quantity == 4


def test_symbols_and_times_of_other_kinds() -> None:
    chinese, fine = only("report chinese symbol", OrderFilled), only("report microseconds", OrderFilled)
    assert isinstance(chinese, OrderFilled)
    assert isinstance(fine, OrderFilled)
    assert chinese.fill.symbol == "币安人生USDT"
    assert fine.fill.ts_ns == 1_759_347_763_166_123_000


def test_the_subscription_is_told() -> None:
    assert (told("report new").subscription, told("report second subscription").subscription) == (0, 1)


KINDS = {
    "event position": BalancesTold, "event position without balances": BalancesTold, "event moved": BalanceMoved,
    "event locked": LockMoved, "event list": ListEvent, "event list updated": ListEvent, "event terminated": StreamEnded,
    "event terminated by number": StreamEnded, "event shutdown": VenueClosing, "event listen key expired": UnknownEvent,
    "event account info": UnknownEvent,
}


@pytest.mark.parametrize("name", OTHER_EVENTS)
def test_other_events(name: str) -> None:
    frame = decode_user_frame(OTHER_EVENTS[name], SETTINGS, NOW)
    assert type(frame) is KINDS[name]
    if isinstance(frame, UnknownEvent):
        assert frame.raw == OTHER_EVENTS[name]


@pytest.mark.parametrize("name", SOCKET_ANSWERS)
def test_answers(name: str) -> None:
    answer = decode_user_frame(SOCKET_ANSWERS[name], SETTINGS, NOW)
    assert isinstance(answer, Answer)
    assert (answer.error is None) == (answer.status == 200)


def test_what_an_answer_says_of_limits() -> None:
    subscribed, banned, limited = (
        decode_user_frame(SOCKET_ANSWERS[f"socket {name}"], SETTINGS, NOW) for name in ("subscribed", "418", "429")
    )
    assert isinstance(subscribed, Answer)
    assert [(one.budget, one.used) for one in subscribed.usage] == [
        ("ORDERS_10S", 12), ("ORDERS_1D", 4043), ("REQUEST_WEIGHT_1M", 321),
    ]
    assert isinstance(banned, Answer)
    assert isinstance(limited, Answer)
    assert (banned.retry_after_ms, limited.retry_after_ms) == (1_659_146_400_000, 1_659_142_910_000)
