"""Answers to order requests in the shapes others recorded (binance_payloads says where from), and what each must mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance_kit import NOW, OWN, SETTINGS, D, a_cancel, a_query, a_replace, a_send, rules
from binance_payloads import (
    AMENDMENTS,
    BOTH_HALVES,
    CANCEL_REPLACE_ERRORS,
    CANCELS,
    CANCELS_OF_ALL,
    ERRORS,
    ORDERS,
    PLACED,
)

from autotrader.execution.adapters.binance import codec
from autotrader.execution.adapters.binance.codec import Call, ErrorClass, Outcome, Standing
from autotrader.messages import (
    FrameUnreadable,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderReplaced,
    OrderReported,
    OrderSucceeded,
    OrderUnknown,
)
from autotrader.model import OrderState

ID = "12510053279"
STANDING = Standing(D("0.00847"), D("50000.10"), None)
SUBMIT = codec.submit_call(a_send(), SETTINGS)
CANCEL = codec.cancel_call(a_cancel(ID))
QUERY = codec.query_call(a_query(ID))
AMEND = codec.replace_call(a_replace("0.005", venue_order_id=ID), STANDING, SETTINGS, rules())
REPLACE = codec.replace_call(a_replace("0.01", venue_order_id=ID), STANDING, SETTINGS, rules())


def judged(call: Call, body: bytes, status: int = 200) -> Outcome:
    return codec.outcome_of(call, status, {}, body, SETTINGS, NOW)


def shape(outcome: Outcome) -> list[str]:
    """Return the messages by name, with the figure that counts of each."""
    return [f"{type(one).__name__}{figure(one)}" for one in outcome.told]


def figure(message: Any) -> str:
    if isinstance(message, OrderFilled):
        return f" {message.fill.trade_id} {message.fill.quantity.normalize():f}"
    if isinstance(message, OrderReported) and message.filled_quantity is not None:
        return f" {message.state} {message.filled_quantity.normalize():f}"
    if isinstance(message, OrderAccepted) and message.held:
        return " held"
    return f" {message.reason}" if isinstance(message, OrderExpired) else ""


ACCEPTED = "OrderAccepted"
PLACED_MEANS = {
    "placed ack": [ACCEPTED],
    "placed result": [ACCEPTED, "OrderReported FILLED 10"],
    "placed full": [ACCEPTED, "OrderFilled 56 1", "OrderFilled 57 9"],
    "placed full of 2017": [ACCEPTED, "OrderReported FILLED 10"],
    "placed result of 2018": [ACCEPTED],
    "placed market that dried up": [ACCEPTED, "OrderFilled 7 2", "OrderFilled 8 2", "OrderExpired INSUFFICIENT_LIQUIDITY"],
    "placed by quote quantity": [ACCEPTED, "OrderFilled 1 0.00042"],
    "placed and prevented": [ACCEPTED, "OrderExpired EXPIRED_IN_MATCH"],
    "placed pegged": [ACCEPTED],
    "placed through sor": [ACCEPTED, "OrderFilled alloc-7 0.00847"],
    "placed trailing stop": [ACCEPTED],
    "placed in microseconds": [ACCEPTED],
    "placed beyond the range": [ACCEPTED, "OrderFilled 99 0.004", "OrderExpired EXECUTION_RULE_PRICE_RANGE_EXCEEDED"],
}


@pytest.mark.parametrize("name", PLACED)
def test_placed(name: str) -> None:
    outcome = judged(SUBMIT, PLACED[name])
    assert outcome.ok
    assert shape(outcome) == PLACED_MEANS[name]


def test_microseconds_are_read_as_such() -> None:
    body = PLACED["placed in microseconds"].replace(b'"fills":[]', b'"fills":[{"price":"1","qty":"1","commission":"0",'
                                                    b'"commissionAsset":"BNB","tradeId":3}]')
    fill = next(one.fill for one in judged(SUBMIT, body).told if isinstance(one, OrderFilled))
    assert fill.ts_ns == 1_655_716_096_498_123_000


CANCELED_MEANS = {
    "canceled": ["OrderCanceled"], "canceled with fills": ["OrderCanceled", "OrderReported CANCELED 0.004"],
    "canceled of 2022": ["OrderCanceled"], "canceled of 2017": ["OrderUnknown"], "canceled leg": ["OrderCanceled"],
}


@pytest.mark.parametrize("name", CANCELS)
def test_canceled(name: str) -> None:
    outcome = judged(CANCEL, CANCELS[name])
    assert outcome.ok
    assert shape(outcome) == CANCELED_MEANS[name]
    assert {one.client_order_id for one in outcome.told} == {OWN}  # type: ignore[union-attr]


def test_a_cancel_of_which_nothing_is_said_owes_a_query_and_is_no_unreadable_frame() -> None:
    told = judged(CANCEL, CANCELS["canceled of 2017"]).told
    assert [type(one) for one in told] == [OrderUnknown]


QUERIED_MEANS = {
    "queried": "OPEN 0", "queried of 2019": "FILLED 10", "queried without amount": "CANCELED 0.001",
    "queried prevented": "EXPIRED 0", "queried pending leg": "OPEN 0", "queried by hand": "OPEN 0",
    "queried expired": "EXPIRED 0", "queried pegged": "OPEN 0",
}


@pytest.mark.parametrize("name", ORDERS)
def test_queried(name: str) -> None:
    outcome = judged(QUERY, ORDERS[name])
    assert outcome.ok
    assert shape(outcome) == [f"OrderReported {QUERIED_MEANS[name]}"]
    row = codec.decode_open_orders(b"[" + ORDERS[name] + b"]", SETTINGS)[0]
    assert (row.venue_order_id, row.symbol) == (ID, "BTCUSDT")


def test_an_average_is_written_out() -> None:
    told = judged(QUERY, ORDERS["queried of 2019"]).told[0]
    assert isinstance(told, OrderReported)
    assert str(told.average_price) == "3999"


def test_an_order_of_another_place_is_foreign_by_its_id() -> None:
    row = codec.decode_open_orders(b"[" + ORDERS["queried by hand"] + b"]", SETTINGS)[0]
    assert not codec.is_ours_by_form(row.client_order_id)


AMENDED_MEANS = {"amended": "0.005", "amended leg": "0.005", "amended with all": "0.0045"}


@pytest.mark.parametrize("name", AMENDMENTS)
def test_amended(name: str) -> None:
    outcome = judged(AMEND, AMENDMENTS[name])
    assert outcome.ok
    changed = outcome.told[0]
    assert isinstance(changed, OrderReplaced)
    assert (changed.venue_order_id, changed.quantity) == (ID, Decimal(AMENDED_MEANS[name]))


@pytest.mark.parametrize("name", BOTH_HALVES)
def test_both_halves_done(name: str) -> None:
    body = BOTH_HALVES[name].replace(f"{OWN}-xyz".encode(), REPLACE.wire_id.encode())
    outcome = judged(REPLACE, body)
    assert outcome.ok
    assert [type(one) for one in outcome.told] == [OrderSucceeded, OrderReplaced]


def test_everything_cancelled_on_a_symbol() -> None:
    outcome = judged(codec.cancel_all_call("BTCUSDT"), CANCELS_OF_ALL["canceled all"])
    assert [(type(one), one.venue_order_id) for one in outcome.told] == [  # type: ignore[union-attr]
        (OrderCanceled, ID), (OrderCanceled, "13"), (OrderCanceled, "20"), (OrderCanceled, "21"),
    ]


C = ErrorClass
ERRORS_MEAN = {
    "-1000": C.UNKNOWN, "-1001": C.UNKNOWN, "-1002": C.AUTH, "-1003": C.LIMITED, "-1003 banned": C.BANNED,
    "-1003 banned under 400": C.BANNED, "-1006": C.UNKNOWN, "-1007": C.UNKNOWN, "-1008": C.UNKNOWN, "-1010": C.CANCEL_LATE,
    "-1013": C.REFUSED, "-1013 older": C.REFUSED, "-1014": C.REFUSED, "-1015": C.LIMITED, "-1016": C.BUSY, "-1020": C.REFUSED,
    "-1021": C.CLOCK, "-1021 ahead": C.CLOCK, "-1022": C.AUTH, "-1034": C.LIMITED, "-1100": C.REFUSED, "-1102": C.REFUSED,
    "-1104": C.REFUSED, "-1106": C.REFUSED, "-1111": C.REFUSED, "-1121": C.REFUSED, "-1145": C.REFUSED, "-2010": C.REFUSED,
    "-2010 match": C.REFUSED, "-2010 duplicate": C.DUPLICATE, "-2010 closed": C.REFUSED, "-2011": C.CANCEL_LATE,
    "-2011 restrictions": C.CANCEL_REFUSED, "-2013": C.NO_SUCH_ORDER, "-2014": C.AUTH, "-2015": C.AUTH,
    "-2015 under 400": C.AUTH, "-2026": C.ARCHIVED, "-2035": C.REFUSED, "-2038": C.REFUSED, "-2039": C.IDS_DISAGREE,
    "503 unknown": C.UNKNOWN, "503 plain": C.UNKNOWN, "502 html": C.UNKNOWN, "403 html": C.FIREWALL, "504 empty": C.UNKNOWN,
    "451": C.FIREWALL, "unlisted": C.REFUSED,
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    status, body = ERRORS[name]
    for call in (SUBMIT, CANCEL, QUERY, AMEND, REPLACE):
        outcome = judged(call, body, status)
        assert outcome.error_class is ERRORS_MEAN[name.removeprefix("error ")]
        assert not any(isinstance(one, FrameUnreadable) for one in outcome.told)


HALVES_MEAN = {
    "halves neither": (["ReplaceRejected"], []), "halves both failed": (["ReplaceRejected"], []),
    "halves new refused": (["ReplaceRejected", "OrderCanceled"], []),
    "halves cancel failed": (["OrderAccepted", "OrderUnknown"], []), "halves limited": ([], ["rate_limited"]),
    "halves canceled only": (["ReplaceRejected", "OrderCanceled"], []), "halves filters first": (["ReplaceRejected"], []),
}


@pytest.mark.parametrize("name", CANCEL_REPLACE_ERRORS)
def test_halves(name: str) -> None:
    status, body = CANCEL_REPLACE_ERRORS[name]
    outcome = judged(REPLACE, body, status)
    assert (shape(outcome), [one.kind for one in outcome.failures]) == HALVES_MEAN[name]


def test_an_order_that_was_cut_by_the_range_rule_is_over() -> None:
    told = judged(SUBMIT, PLACED["placed beyond the range"]).told[-1]
    assert isinstance(told, OrderExpired)
    assert codec.decode_order_facts(PLACED["placed beyond the range"], SETTINGS).state is OrderState.EXPIRED
