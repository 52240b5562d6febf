"""Statuses drive the state, executions alone fill, errors end only what their code says for sure."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from ibkr_actor_kit import (
    AAPL,
    ACCOUNT,
    SECOND,
    START_NS,
    commission,
    error,
    execution,
    open_order,
    order,
    own_id,
    status,
)
from msgspec.structs import replace

from autotrader.execution.adapters.ibkr.answering import AnsweringFollower
from autotrader.execution.adapters.ibkr.messages import CommissionTold, ErrorTold, ExecutionTold, OpenOrderTold
from autotrader.execution.adapters.ibkr.orders import new_terms, terms_of
from autotrader.execution.adapters.ibkr.registry import Known, NewTerms
from autotrader.messages import (
    CancelRejected,
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderReported,
    ReplaceRejected,
    TradeBusted,
)
from autotrader.model import Order, OrderState

D = Decimal


class Following:
    def __init__(self, one: Order | None = None) -> None:
        self.follower = AnsweringFollower("ibkr", ACCOUNT, 1, lambda contract: contract.symbol)
        self.order = one or order()
        self.known: Known = self.follower.registry.placed(self.order, 7, AAPL, terms_of(self.order, AAPL))

    def take(self, *events: Any) -> list[Message]:
        before = len(self.follower.told)
        for event in events:
            if isinstance(event, OpenOrderTold):
                self.follower.on_open_order(event)
            elif isinstance(event, ExecutionTold):
                self.follower.on_execution(event)
            elif isinstance(event, CommissionTold):
                self.follower.on_commission(event)
            elif isinstance(event, ErrorTold):
                self.follower.on_error(event)
            else:
                self.follower.on_status(event)
        return self.follower.told[before:]

    def opened(self, word: str = "Submitted", **more: Any) -> OpenOrderTold:
        return open_order(self.order, status=word, **more)

    def working(self) -> Following:
        self.take(self.opened(), status("Submitted"))
        return self

    def replacing(self, quantity: str = "20", price: str = "151.00") -> Following:
        assert self.known.terms is not None
        terms = new_terms(self.known.terms, D(quantity), D(price), None)
        self.known.replacing = NewTerms(D(quantity), D(price), None, terms)
        return self


def kinds(told: list[Message]) -> list[type]:
    return [type(one) for one in told]


# ---------------------------------------------------------------- acknowledgements


def test_an_order_is_accepted_once_and_again_when_nothing_holds_it_back_any_more() -> None:
    at = Following()
    first = at.take(at.opened("PreSubmitted"), status("PreSubmitted"), status("PreSubmitted"))
    then = at.take(at.opened(), status("Submitted"), status("Submitted"))
    assert [(type(one), one.held, one.venue_order_id) for one in (*first, *then)] == [  # type: ignore[attr-defined]
        (OrderAccepted, True, "900"), (OrderAccepted, False, "900"),
    ]  # fmt: skip
    assert [known for known, _ in at.follower.answered] == [at.known]


@pytest.mark.parametrize("word", ["ApiPending", "PendingSubmit"])
def test_what_tws_only_holds_is_not_accepted(word: str) -> None:
    at = Following()
    assert at.take(at.opened(word), status(word)) == []


def test_a_perm_id_that_comes_later_is_told_then() -> None:
    at = Following()
    assert [one.venue_order_id for one in at.take(status("Submitted", perm_id=0))] == [None]  # type: ignore[attr-defined]
    assert [one.venue_order_id for one in at.take(status("Submitted"))] == ["900"]  # type: ignore[attr-defined]


def test_a_status_that_is_no_word_changes_nothing_and_is_asked_about() -> None:
    at = Following().working()
    assert at.take(status("Contemplating")) == []
    assert list(at.follower.doubts) == [at.order.client_order_id]


# ---------------------------------------------------------------- fills


def test_a_market_order_as_it_was_recorded() -> None:
    at = Following(order(price=None))
    told = at.take(
        at.opened("PreSubmitted"), status("PreSubmitted"), execution(), at.opened("Filled"), status("Filled", filled="10"),
        at.opened("Filled"), commission(),
    )  # fmt: skip
    assert kinds(told) == [OrderAccepted, OrderFilled, OrderFilled]
    fills = [one.fill for one in told if isinstance(one, OrderFilled)]
    assert [(fill.fee, fill.fee_asset) for fill in fills] == [(D(0), ""), (D("1.00"), "USD")]
    assert fills[0] == replace(fills[1], fee=D(0), fee_asset="")
    assert at.known.is_done


def test_a_status_never_fills() -> None:
    at = Following().working()
    assert at.take(status("Filled", filled="10", remaining="0"), at.opened("Filled")) == []
    assert not at.known.is_done


def test_executions_that_do_not_come_are_asked_for() -> None:
    at = Following().working()
    at.take(status("Submitted", filled="4"))
    at.follower.look_at_the_late(START_NS + SECOND)
    assert not at.follower.doubts
    at.follower.look_at_the_late(START_NS + 3 * SECOND)
    assert list(at.follower.doubts) == [at.order.client_order_id]


def test_executions_that_came_are_not_asked_for() -> None:
    at = Following().working()
    at.take(status("Submitted", filled="4"), execution(quantity="4"))
    at.follower.look_at_the_late(START_NS + 60 * SECOND)
    assert not at.follower.doubts


def test_any_order_of_arrival_gives_the_same_fills_and_the_same_end() -> None:
    at = Following()
    events = [
        at.opened(), status("Submitted"), execution("a.01", "4"), execution("b.01", "6"), status("Filled", filled="10"),
        commission("a.01"),
    ]  # fmt: skip
    for arrangement in permutations(events):
        at = Following(at.order)
        told = at.take(*arrangement)
        fills = {one.fill.trade_id: one.fill for one in told if isinstance(one, OrderFilled)}
        assert {name: (fill.quantity, fill.fee) for name, fill in fills.items()} == {"a.01": (4, 1), "b.01": (6, 0)}
        assert at.known.is_done
        assert not any(isinstance(one, OrderCanceled | OrderRejected) for one in told)


def test_a_copy_of_an_execution_is_told_once() -> None:
    at = Following().working()
    assert kinds(at.take(execution(), execution(), execution(req_id=5))) == [OrderFilled]


def test_a_correction_is_a_bust_and_a_new_fill() -> None:
    at = Following().working()
    at.take(execution("r.01", "4"))
    told = at.take(execution("r.02", "4", "149.50"))
    assert kinds(told) == [TradeBusted, OrderFilled]
    assert told[0].trade_id == "r.01"  # type: ignore[attr-defined]
    assert at.known.filled == 4
    assert at.take(execution("r.01", "4")) == []


def test_a_correction_of_what_an_earlier_run_saw_takes_it_back_too() -> None:
    at = Following().working()
    told = at.take(execution("r.03", "4"))
    assert [one.trade_id for one in told if isinstance(one, TradeBusted)] == ["r.01", "r.02"]


def test_a_commission_may_come_first_repeat_and_concern_others() -> None:
    at = Following().working()
    assert at.take(commission("x.01"), commission("stranger.01"), commission("x.01", None)) == []
    [told] = at.take(execution("x.01"))
    assert (told.fill.fee, told.fill.fee_asset) == (D("1.00"), "USD")  # type: ignore[attr-defined]
    assert at.take(commission("x.01")) == []


def test_a_live_fill_is_dated_within_the_second_that_tws_says() -> None:
    at = Following().working()
    heard = START_NS + 400_000_000
    [live] = at.take(execution("l.01", "1", recv_ns=heard, time_ns=START_NS))
    [listed] = at.take(execution("m.01", "1", recv_ns=heard, time_ns=START_NS, req_id=3))
    [nowhere] = at.take(execution("n.01", "1", recv_ns=heard, time_ns=None))
    assert [one.fill.ts_ns for one in (live, listed, nowhere)] == [heard, START_NS, heard]  # type: ignore[attr-defined]


def test_a_listed_fill_is_dated_after_the_list_that_lacked_it_within_its_second() -> None:
    follower = AnsweringFollower("ibkr", ACCOUNT, 1, lambda contract: contract.symbol)
    dated = []
    for number, listed_ns in enumerate((0, START_NS + 300, START_NS + 700, START_NS + 2 * SECOND)):
        follower.fills.all_listed(listed_ns)
        told = execution(f"000{number}.01.01", req_id=9, recv_ns=START_NS + 5 * SECOND, time_ns=START_NS)
        fill = follower.list_execution(told)
        assert fill is not None
        dated.append(fill.ts_ns - START_NS)
    assert dated == [0, 301, 701, 0]


def test_a_fill_after_the_cancel_is_told() -> None:
    at = Following().working()
    told = at.take(status("Cancelled"), execution(quantity="2"))
    assert kinds(told) == [OrderCanceled, OrderFilled]


# ---------------------------------------------------------------- ends


def test_a_cancel_is_told_once_however_often_it_comes() -> None:
    at = Following().working()
    at.known.cancelling = True
    ends = (status("Cancelled"), error(202, "Order Canceled"), status("Cancelled"), at.opened("Cancelled"))
    told = at.take(status("PendingCancel"), *ends)
    assert kinds(told) == [OrderCanceled]


@pytest.mark.parametrize(
    ("tif", "end"), [("IOC", OrderExpired), ("FOK", OrderExpired), ("DAY", OrderCanceled), ("GTC", OrderCanceled)]
)
def test_what_ends_by_its_time_in_force_has_expired(tif: str, end: type) -> None:
    at = Following(order(tif=tif)).working()
    assert kinds(at.take(status("Cancelled"))) == [end]


@pytest.mark.parametrize(("late", "end"), [(0, OrderCanceled), (60, OrderExpired)])
def test_a_good_till_date_order_expires_at_its_time_and_not_before(late: int, end: type) -> None:
    at = Following(order(tif="GTD", expires_ns=START_NS + 30 * SECOND)).working()
    assert kinds(at.take(status("Cancelled", recv_ns=START_NS + late * SECOND))) == [end]


def test_an_order_that_works_after_its_end_is_asked_about() -> None:
    at = Following().working()
    at.take(status("Cancelled"))
    assert at.take(status("Submitted")) == []
    assert list(at.follower.doubts) == [at.order.client_order_id]


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("code", [200, 201, 203, 103, 110, 321, 382, 460, 10268])
def test_a_new_order_is_rejected_by_a_rejecting_code(code: int) -> None:
    at = Following()
    told = at.take(error(code, "it cannot be<br>done"), at.opened("Inactive"), status("Inactive"), status("Cancelled"))
    assert kinds(told) == [OrderRejected]
    assert (told[0].reason_code, told[0].reason) == (f"{code}", "it cannot be done")  # type: ignore[attr-defined]


def test_a_rejection_that_comes_behind_inactive_is_a_rejection_and_told_once() -> None:
    """As recorded of Gateway in 2026 of a FOK order: Inactive, the reason, and Inactive again."""
    at = Following()
    shown = at.opened("Inactive"), status("Inactive")
    told = at.take(*shown, error(201, "Order rejected - reason:The time-in-force FOK is invalid"), *shown)
    assert kinds(told) == [OrderRejected]
    at.follower.look_at_the_late(START_NS + 3 * SECOND)
    assert kinds(at.follower.told) == [OrderRejected]
    assert not at.follower.doubts


@pytest.mark.parametrize("code", [399, 404, 481, 2109, 2137, 2168, 10349, 2150, 2104, 354, 10167])
def test_a_notice_ends_nothing_and_asks_nothing(code: int) -> None:
    at = Following().working()
    assert at.take(error(code)) == []
    assert not at.follower.doubts
    assert not at.known.is_done


@pytest.mark.parametrize("code", [99999, 201, 200, 504])
def test_a_code_on_a_working_order_changes_nothing_and_has_it_asked_for(code: int) -> None:
    at = Following().working()
    assert at.take(error(code)) == []
    assert list(at.follower.doubts) == [at.order.client_order_id]


def test_a_late_rejection_is_told_as_a_cancel_with_the_text() -> None:
    at = Following().working()
    [told] = at.take(error(201, "margin"), status("Cancelled"))
    assert isinstance(told, OrderCanceled)
    assert told.reason == "201 margin"


def test_inactive_without_an_error_is_held_and_asked_about() -> None:
    at = Following()
    assert at.take(status("Inactive")) == []
    at.follower.look_at_the_late(START_NS + 3 * SECOND)
    assert [(type(one), one.held) for one in at.follower.told] == [(OrderAccepted, True)]  # type: ignore[attr-defined]
    assert list(at.follower.doubts) == [at.order.client_order_id]


@pytest.mark.parametrize("code", [135, 136, 161, 10147, 10148])
def test_a_cancel_that_meets_nothing_is_told_and_does_not_end_the_order(code: int) -> None:
    at = Following().working()
    at.known.cancelling = True
    [told] = at.take(error(code, "not found"))
    assert isinstance(told, CancelRejected)
    assert (told.kind, told.reason_code) == ("too_late", f"{code}")
    assert not at.known.is_done


# ---------------------------------------------------------------- changes


def test_a_change_is_told_when_tws_shows_the_new_terms() -> None:
    at = Following().working().replacing()
    assert at.take(at.opened(), status("Submitted")) == []
    [told] = at.take(at.opened(terms={"quantity": D(20), "limit_price": D("151.00")}))
    assert isinstance(told, OrderReplaced)
    assert (told.quantity, told.price, told.asked) == (20, D("151.00"), True)
    assert at.known.replacing is None


@pytest.mark.parametrize("code", [104, 105, 110, 134, 201, 321, 329, 2102])
def test_a_refused_change_leaves_the_order_as_it_was(code: int) -> None:
    at = Following().working().replacing()
    told = at.take(error(code), status("Submitted"))
    assert kinds(told) == [ReplaceRejected]
    assert not at.known.is_done


def test_the_terms_of_a_refused_change_are_no_change_until_they_are_found_to_hold() -> None:
    at = Following().working().replacing()
    shown = at.opened(terms={"quantity": D(20), "limit_price": D("151.00")})
    assert kinds(at.take(error(201), shown)) == [ReplaceRejected]
    assert list(at.follower.doubts) == [at.order.client_order_id]


def test_a_change_refused_since_the_order_was_filled_meanwhile_is_told() -> None:
    at = Following().working().replacing()
    told = at.take(execution(), error(104, "Cannot modify a filled order."))
    assert kinds(told) == [OrderFilled]  # an order at its end has no change under way


def test_terms_changed_by_hand_are_reported() -> None:
    at = Following().working()
    [told] = at.take(at.opened(terms={"limit_price": D("149.00")}))
    assert isinstance(told, OrderReported)
    assert (told.state, told.price, told.quantity, told.asked_ns) == (OrderState.OPEN, D("149.00"), 10, 0)


def test_the_exchange_and_the_type_that_tws_shows_are_not_believed() -> None:
    at = Following().working()
    odd = replace(AAPL, exchange="IEX")
    assert at.take(at.opened(contract=odd, terms={"order_type": "PEG MID"})) == []
    assert at.known.contract == AAPL


# ---------------------------------------------------------------- whose


def test_an_order_of_ours_from_an_earlier_run_is_known_by_its_reference() -> None:
    at = Following()
    old = order(client_order_id=own_id())
    at.take(open_order(old, order_id=3, perm_id=800))
    known = at.follower.registry.get(old.client_order_id)
    assert known is not None
    assert (known.order_id, known.perm_id, known.stage.name) == (3, 800, "WORKING")
    assert not at.follower.strangers


@pytest.mark.parametrize("reference", ["", "20261126", "my own strategy"])
def test_an_order_of_others_is_noted_and_never_taken_for_ours(reference: str) -> None:
    at = Following()
    told = at.take(open_order(order(), order_id=0, perm_id=801, client_id=0, terms={"order_ref": reference}))
    assert told == []
    assert at.follower.strangers


def test_the_same_order_id_under_another_client_id_is_another_order() -> None:
    at = Following().working()
    told = at.take(execution(perm_id=801, client_id=5))
    assert [one.fill.client_order_id for one in told if isinstance(one, OrderFilled)] == [""]
    assert at.known.filled == 0


def test_an_order_id_that_named_another_order_before_does_not_name_this_one() -> None:
    at = Following().working()
    at.take(execution(perm_id=555, order_ref="of the month before"))
    assert at.known.filled == 0


@pytest.mark.parametrize("what", ["order", "execution"])
def test_another_account_of_the_same_login_is_passed_over(what: str) -> None:
    at = Following()
    event = at.opened(terms={"account": "DU7"}) if what == "order" else execution(account="DU7")
    assert at.take(event) == []
    assert not at.follower.strangers
