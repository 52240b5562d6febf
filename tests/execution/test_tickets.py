"""Tickets: what they wait for, what they raise, and that several threads may wait on one."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from risk_kit import fill, order, update

from autotrader.errors import InvalidOrder, WaitTimeout
from autotrader.execution.tickets import Ticket, is_answered, is_done, until_replaced
from autotrader.messages import RequestRefused
from autotrader.model import OrderState

S = OrderState


def refused(request: str = "cancel") -> RequestRefused:
    return RequestRefused("c1", request, "ORDER_DONE", "it is FILLED", "api")


def at(state: OrderState, **more: Any) -> Any:
    return update(order(), state, **more)


def test_a_ticket_that_nobody_answers_times_out_and_says_not_to_send_again() -> None:
    ticket = Ticket("c1")
    with pytest.raises(WaitTimeout, match="not heard of yet.*do not send it again"):
        ticket.wait(0)
    ticket.deliver(at(S.SENT))
    with pytest.raises(TimeoutError, match="it is SENT"):
        ticket.wait(0)
    assert ticket.update == at(S.SENT)


@pytest.mark.parametrize("state", [one for one in S if one not in (S.DRAFT, S.SENT)])
def test_any_known_outcome_answers_a_submit(state: OrderState) -> None:
    ticket = Ticket("c1")
    ticket.deliver(at(state))
    assert ticket.wait(0).state is state


def test_an_answer_stays_one_whatever_comes_later() -> None:
    ticket = Ticket("c1")
    for state in (S.OPEN, S.PENDING_CANCEL, S.CANCELED):
        ticket.deliver(at(state))
    assert ticket.wait(0).state is S.CANCELED
    assert ticket.wait_done(0).state is S.CANCELED


def test_done_is_the_end_of_the_order() -> None:
    ticket = Ticket("c1", is_done)
    ticket.deliver(at(S.PENDING_CANCEL))
    with pytest.raises(WaitTimeout):
        ticket.wait(0)
    ticket.deliver(at(S.FILLED))
    assert ticket.wait(0).state is S.FILLED


def test_an_amend_is_answered_once_it_is_no_longer_outstanding() -> None:
    ticket = Ticket("c1", until_replaced())
    ticket.deliver(at(S.OPEN))
    ticket.deliver(at(S.PENDING_REPLACE))
    with pytest.raises(WaitTimeout):
        ticket.wait(0)
    ticket.deliver(at(S.OPEN, quantity=Decimal(2)))
    assert ticket.wait(0).quantity == 2


def test_an_amend_ends_with_its_order() -> None:
    ticket = Ticket("c1", until_replaced())
    ticket.deliver(at(S.FILLED))
    assert ticket.wait(0).state is S.FILLED


def test_a_refused_request_raises_with_its_code() -> None:
    ticket = Ticket("c1", is_done)
    ticket.refuse(refused())
    with pytest.raises(InvalidOrder, match="cancel refused: it is FILLED") as caught:
        ticket.wait(0)
    assert caught.value.code == "ORDER_DONE"


def test_what_was_reached_before_a_refusal_is_still_told() -> None:
    ticket = Ticket("c1")
    ticket.deliver(at(S.OPEN))
    ticket.refuse(refused("modify"))
    assert ticket.wait(0).state is S.OPEN


def test_a_ticket_knows_its_request() -> None:
    assert [Ticket("c1", until).request for until in (is_answered, is_done, until_replaced())] == ["submit", "cancel", "modify"]


def test_fills_are_kept_in_order() -> None:
    ticket = Ticket("c1")
    assert (ticket.fills, ticket.update) == ((), None)
    for number in (1, 2):
        ticket.deliver_fill(fill(number=number))
    assert [one.trade_id for one in ticket.fills] == ["t1", "t2"]


def test_several_threads_may_wait_on_one_ticket() -> None:
    ticket, seen = Ticket("c1"), []
    threads = [threading.Thread(target=lambda: seen.append(ticket.wait(5).state)) for _ in range(4)]
    for thread in threads:
        thread.start()
    ticket.deliver(at(S.OPEN))
    for thread in threads:
        thread.join(5)
    assert seen == [S.OPEN] * 4
