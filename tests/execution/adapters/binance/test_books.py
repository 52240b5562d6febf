"""The codec's messages folded into the order manager's books: what the venue tells is what the books come to."""

from __future__ import annotations

from typing import Any

import pytest
from binance_kit import (
    NOW,
    OWN,
    SETTINGS,
    D,
    a_cancel,
    a_replace,
    a_send,
    an_order,
    cancel_answer,
    full_answer,
    raw,
    report,
    resting_answer,
    rules,
    trade_report,
    wrapped,
)

from autotrader.execution.adapters.binance import codec
from autotrader.execution.adapters.binance.codec import OrderEventTold, Standing
from autotrader.messages import CancelAsked, Message, OrderIntended, ReplaceAsked
from autotrader.model import OrderState
from autotrader.oms.book import Books
from autotrader.oms.orders import OrderRecord

MARKED = f"{OWN}-00s"
ORDER = an_order(quantity=D(1), price=D("0.10264410"))


class Desk:
    """Books with one order sent, that hear what the codec makes of frames and answers; each message a microsecond later."""

    def __init__(self) -> None:
        self.books = Books()
        self.now = NOW
        self.hear(OrderIntended(ORDER, NOW))

    def hear(self, *messages: Message) -> Desk:
        for message in messages:
            self.books.apply(message)
        return self

    def frame(self, event: dict[str, Any]) -> Desk:
        self.now += 1000
        told = codec.decode_user_frame(wrapped({**event, "i": event.get("i", 28)}), SETTINGS, self.now)
        assert isinstance(told, OrderEventTold)
        return self.hear(*told.messages)

    def answer(self, call: codec.Call, body: dict[str, Any], status: int = 200) -> Desk:
        self.now += 1000
        return self.hear(*codec.outcome_of(call, status, {}, raw(body), SETTINGS, self.now).told)

    @property
    def record(self) -> OrderRecord:
        return self.books.orders[OWN]

    @property
    def state(self) -> OrderState:
        return self.record.update().state


def of_28(**changes: Any) -> dict[str, Any]:
    return report(**{"i": 28, **changes})


def trade_of_28(**changes: Any) -> dict[str, Any]:
    return trade_report(**{"i": 28, **changes})


SUBMIT = codec.submit_call(a_send(quantity=D(1), price=D("0.10264410")), SETTINGS)
PLACED = resting_answer(origQty="1.0", price="0.10264410")
FILLED_AT_ONCE = full_answer(
    origQty="1.0", executedQty="1.0", price="0.10264410",
    fills=[{"price": "0.10264410", "qty": "1.0", "commission": "0.001", "commissionAsset": "BTC", "tradeId": 77}],
)
LAST_TRADE = trade_of_28(X="FILLED", l="1.0", z="1.0", t=77, n="0.001", N="BTC", m=False)


def test_the_answer_and_the_stream_tell_one_fill_once_whichever_comes_first() -> None:
    answered = Desk().answer(SUBMIT, FILLED_AT_ONCE).frame(of_28()).frame(LAST_TRADE)
    streamed = Desk().frame(of_28()).frame(LAST_TRADE).answer(SUBMIT, FILLED_AT_ONCE)
    for desk in (answered, streamed):
        assert (desk.state, desk.record.filled) == (OrderState.FILLED, D(1))
        assert len(desk.record.fills) == 1


def test_a_trade_before_the_acknowledgement_is_booked() -> None:
    desk = Desk().frame(trade_of_28()).answer(SUBMIT, PLACED)
    assert (desk.state, desk.record.filled) == (OrderState.PARTIALLY_FILLED, D("0.4"))


def test_a_missed_trade_shows_as_a_gap_at_the_next_one() -> None:
    desk = Desk().answer(SUBMIT, PLACED).frame(trade_of_28(t=78, l="0.1", z="0.5"))
    assert desk.record.filled == D("0.1")
    assert desk.record.gap == D("0.5")


def test_a_missed_trade_shows_as_a_gap_at_the_cancel() -> None:
    ended = of_28(x="CANCELED", X="CANCELED", c="x1", C=OWN, z="0.4", Z="0.04")
    desk = Desk().answer(SUBMIT, PLACED).hear(CancelAsked(OWN, "binance", NOW)).frame(ended)
    assert (desk.state, desk.record.gap) == (OrderState.CANCELED, D("0.4"))


def test_a_cancel_told_twice_is_one_cancel() -> None:
    call = codec.cancel_call(a_cancel())
    desk = Desk().answer(SUBMIT, PLACED).hear(CancelAsked(OWN, "binance", NOW))
    desk.frame(of_28(x="CANCELED", X="CANCELED", c="x1", C=OWN)).answer(call, cancel_answer(origQty="1.0"))
    assert (desk.state, desk.record.gap) == (OrderState.CANCELED, None)


def test_a_triggered_stop_is_held_no_more_and_stays_one_order() -> None:
    desk = Desk().frame(of_28(o="STOP_LOSS", w=False)).frame(of_28(o="STOP_LOSS", w=True))
    assert (desk.state, desk.record.held) == (OrderState.OPEN, False)


# ---------------------------------------------------------------- replaced

ASKED = ReplaceAsked(OWN, "binance", NOW, quantity=D(1), price=D("0.2"))
OLD_GONE = of_28(x="CANCELED", X="CANCELED", c=f"{OWN}_00s", C=OWN)
NEW_HERE = of_28(i=29, c=MARKED, p="0.2")


def exchange_call() -> codec.Call:
    command = a_replace("1", "0.2", order=ORDER)
    return codec.replace_call(command, Standing(D(1), D("0.1026441"), None), SETTINGS, rules())


BOTH = {
    "cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": cancel_answer(origQty="1.0"),
    "newOrderResponse": resting_answer(orderId=29, clientOrderId=MARKED, origQty="1.0", price="0.2"),
}


@pytest.mark.parametrize("order", ["stream first", "answer first", "answer between", "stream alone", "answer alone"])
def test_a_replace_ends_at_one_open_order_with_the_new_terms_in_any_order(order: str) -> None:
    desk = Desk().answer(SUBMIT, PLACED).hear(ASKED)
    steps = {
        "stream first": "ona", "answer first": "aon", "answer between": "oan", "stream alone": "on", "answer alone": "a",
    }[order]
    for step in steps:
        if step == "a":
            desk.answer(exchange_call(), BOTH)
        else:
            desk.frame(OLD_GONE if step == "o" else NEW_HERE)
    record = desk.record
    assert (desk.state, record.venue_order_id, record.price, record.quantity) == (OrderState.OPEN, "29", D("0.2"), D(1))


def test_a_fill_of_the_new_order_is_ours() -> None:
    desk = Desk().answer(SUBMIT, PLACED).hear(ASKED).answer(exchange_call(), BOTH)
    desk.frame(trade_report(i=29, c=MARKED, X="FILLED", l="1.0", z="1.0"))
    assert (desk.state, desk.record.filled) == (OrderState.FILLED, D(1))


def test_a_replace_whose_new_half_is_refused_ends_cancelled() -> None:
    no = {"code": -2010, "msg": "Order would immediately match and take."}
    data = {**BOTH, "newOrderResult": "FAILURE", "newOrderResponse": no}
    desk = Desk().answer(SUBMIT, PLACED).hear(ASKED).frame(OLD_GONE)
    desk.answer(exchange_call(), {"code": -2021, "msg": "x", "data": data}, 409)
    assert desk.state is OrderState.CANCELED


def test_a_replace_that_is_refused_whole_leaves_the_order_open() -> None:
    data = {
        "cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None,
        "cancelResponse": {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."},
    }
    desk = Desk().answer(SUBMIT, PLACED).hear(ASKED)
    desk.answer(exchange_call(), {"code": -2022, "msg": "x", "data": data}, 400)
    assert (desk.state, desk.record.price) == (OrderState.OPEN, D("0.1026441"))


def test_an_amendment_told_by_stream_and_answer_is_one() -> None:
    amended = of_28(x="REPLACED", q="0.5")
    desk = Desk().answer(SUBMIT, PLACED).hear(ReplaceAsked(OWN, "binance", NOW, quantity=D("0.5")))
    desk.frame(amended).frame(amended)
    assert (desk.state, desk.record.quantity) == (OrderState.OPEN, D("0.5"))


def test_self_trade_prevention_makes_the_order_smaller() -> None:
    desk = Desk().answer(SUBMIT, PLACED).frame(of_28(x="TRADE_PREVENTION", A="0.3", B="0.3"))
    assert (desk.state, desk.record.quantity) == (OrderState.OPEN, D("0.7"))


def test_a_lost_answer_is_unknown_until_the_stream_tells() -> None:
    desk = Desk().hear(*codec.outcome_of_failure(SUBMIT, True, "timeout", SETTINGS, NOW).told)
    assert desk.state is OrderState.UNKNOWN
    assert desk.frame(of_28()).state is OrderState.OPEN
