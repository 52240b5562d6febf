"""Dead letters in the operator's hand: tried again as a new order, discarded with a reason, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from oms_kit import SECOND, SYMBOL, VENUE, D, House, S

from autotrader.errors import InvalidOrder
from autotrader.messages import (
    DeadLetterAdded,
    DeadLetterClosed,
    DiscardDeadLetter,
    GetStatus,
    Message,
    OrderNotSent,
    Receipt,
    RetryDeadLetter,
    SendCancel,
    SendOrder,
    SendReplace,
)
from autotrader.model import Order, WriteClass
from autotrader.resiliency.dead_letters import write_body


@pytest.fixture
def house() -> Iterator[House]:
    made = House().ready()
    yield made
    made.close()


def letter(house: House, command: SendOrder | SendReplace | SendCancel, name: str = "L1", kind: str = "SUBMIT") -> None:
    order_id = command.client_order_id if isinstance(command, SendCancel) else command.order.client_order_id
    now_ns = house.clock.now_ns()
    body = write_body(command)
    house.tell(DeadLetterAdded(name, kind, order_id, VENUE, "503 three times", 3, now_ns, now_ns, body, ("503",)))


def dead(house: House) -> tuple[Order, SendOrder]:
    """Let an order die on its way; return it and what was sent."""
    order = house.submit()
    send = house.sent(SendOrder)[-1]
    house.tell(house.event(OrderNotSent, order, reason_code="HTTP_503", reason="gone"))
    letter(house, send)
    return order, send


def test_a_letter_is_kept_on_record_and_told(house: House) -> None:
    dead(house)
    assert [one.letter_id for one in house.journal.of(DeadLetterAdded)] == ["L1"]
    assert "DEAD_LETTER" in house.codes()
    assert house.ask(GetStatus()).dead_letters == 1


def test_nothing_leaves_from_the_queue_by_itself(house: House) -> None:
    dead(house)
    house.advance(600, step_s=10)
    assert len(house.sent(SendOrder)) == 1


def test_a_retry_is_a_new_order_past_all_limits(house: House) -> None:
    order, sent = dead(house)
    house.advance(60, step_s=10)
    house.quote()
    name = house.ask(RetryDeadLetter("L1", "me"))
    again = house.sent(SendOrder)[-1]
    assert again.order.client_order_id == name != order.client_order_id
    assert (again.order.quantity, again.order.price, again.order.strategy) == (order.quantity, order.price, "s")
    assert again.order.created_ns == house.clock.now_ns()
    assert again.receipt.number != sent.receipt.number
    assert house.state(name) is S.SENT
    (closed,) = house.journal.of(DeadLetterClosed)
    assert (closed.status, closed.by, closed.reason) == ("RETRIED", "me", f"as {name}")
    assert house.ask(GetStatus()).dead_letters == 0


def test_a_retry_that_the_limits_deny_leaves_the_letter_open(house: House) -> None:
    dead(house)
    house.advance(60, step_s=10)
    with pytest.raises(InvalidOrder, match="stays open"):
        house.ask(RetryDeadLetter("L1", "me"))
    assert house.journal.of(DeadLetterClosed) == []
    house.quote()
    assert house.state(house.ask(RetryDeadLetter("L1", "me"))) is S.SENT


def test_a_letter_is_closed_once(house: House) -> None:
    dead(house)
    house.ask(RetryDeadLetter("L1", "me"))
    for again in (RetryDeadLetter("L1", "me"), DiscardDeadLetter("L1", "done", "me")):
        with pytest.raises(InvalidOrder, match="RETRIED already"):
            house.ask(again)
    assert len(house.sent(SendOrder)) == 2


def test_discarding_takes_a_reason(house: House) -> None:
    dead(house)
    with pytest.raises(InvalidOrder, match="say why"):
        house.ask(DiscardDeadLetter("L1", "  ", "me"))
    house.ask(DiscardDeadLetter("L1", "too old", "me"))
    (closed,) = house.journal.of(DeadLetterClosed)
    assert (closed.status, closed.reason, closed.by) == ("DISCARDED", "too old", "me")
    with pytest.raises(InvalidOrder, match="DISCARDED already"):
        house.ask(RetryDeadLetter("L1", "me"))


def test_a_dead_cancel_is_asked_anew_for_the_same_order(house: House) -> None:
    order = house.working()
    letter(house, SendCancel(order.client_order_id, None, SYMBOL), kind="CANCEL")
    assert house.ask(RetryDeadLetter("L1", "me")) == order.client_order_id
    assert house.sent(SendCancel)[-1].client_order_id == order.client_order_id
    assert house.state(order) is S.PENDING_CANCEL


def test_an_amend_belongs_to_a_moment_that_is_gone(house: House) -> None:
    order = house.working()
    receipt = Receipt(9, order.client_order_id, WriteClass.RISK, 0)
    letter(house, SendReplace(order, None, D(2), D(99), None, receipt), kind="REPLACE")
    with pytest.raises(InvalidOrder, match="amend"):
        house.ask(RetryDeadLetter("L1", "me"))
    house.ask(DiscardDeadLetter("L1", "decided anew", "me"))


@pytest.mark.parametrize("command", [RetryDeadLetter("nope", "me"), DiscardDeadLetter("nope", "r", "me")])
def test_a_letter_that_nobody_knows_is_refused(house: House, command: Message) -> None:
    with pytest.raises(InvalidOrder, match="no dead letter nope"):
        house.ask(command)


@pytest.mark.parametrize("body", ["", "{}", "nonsense", '{"type": "Heartbeat", "number": 1}'])
def test_a_letter_that_holds_no_request_can_only_be_discarded(house: House, body: str) -> None:
    now_ns = house.clock.now_ns()
    house.tell(DeadLetterAdded("L1", "POISON", "", VENUE, "crashed on it", 1, now_ns, now_ns, body))
    with pytest.raises(InvalidOrder, match="no request"):
        house.ask(RetryDeadLetter("L1", "me"))
    house.ask(DiscardDeadLetter("L1", "a bug, reported", "me"))


def test_a_letter_for_a_venue_that_is_configured_no_more_stays(house: House) -> None:
    order = msgspec.structs.replace(house.order(), venue="moon")
    send = SendOrder(order, Receipt(9, order.client_order_id, WriteClass.RISK, 0))
    house.tell(DeadLetterAdded("L1", "SUBMIT", order.client_order_id, "moon", "r", 1, 1, SECOND, write_body(send)))
    with pytest.raises(InvalidOrder, match="not configured"):
        house.ask(RetryDeadLetter("L1", "me"))


def test_open_letters_outlive_a_restart_and_closed_ones_do_not(tmp_path: Path) -> None:
    house = House(tmp_path / "j.db").ready()
    _, send = dead(house)
    letter(house, send, "L2")
    house.ask(DiscardDeadLetter("L2", "twice", "me"))
    house.again()
    assert house.ask(GetStatus()).dead_letters == 1
    with pytest.raises(InvalidOrder):
        house.ask(DiscardDeadLetter("L2", "twice", "me"))
    house.ask(DiscardDeadLetter("L1", "old", "me"))
    house.close()
