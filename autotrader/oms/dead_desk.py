"""The operator's hand on dead letters: retry as a new order that passes every limit anew, or discard with a reason."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from autotrader.errors import InvalidOrder
from autotrader.messages import (
    CancelOrder,
    DeadLetterAdded,
    DeadLetterClosed,
    DiscardDeadLetter,
    RetryDeadLetter,
    SendOrder,
    SubmitOrder,
)
from autotrader.oms.floor import Floor
from autotrader.oms.requests import Requests
from autotrader.resiliency.dead_letters import DeadLetters, Request, read_body

__all__ = ["DeadDesk"]


class DeadDesk:
    """Keeps the queue in step with the journal. ``new_id`` gives the id of a retried order at a venue."""

    def __init__(self, floor: Floor, requests: Requests, letters: DeadLetters, new_id: Callable[[str], str]) -> None:
        self._floor, self._requests = floor, requests
        self.letters, self._new_id = letters, new_id

    @property
    def open_letters(self) -> int:
        """Return how many letters wait for an operator."""
        return sum(row["status"] == "OPEN" for row in self.letters.rows())

    def add(self, letter: DeadLetterAdded) -> None:
        """Keep a request that could not be done, and say so."""
        self.letters.apply(letter)
        self._floor.outbox.events.append(letter)
        self._floor.alarm("DEAD_LETTER", f"{letter.kind} {letter.client_order_id} was given up: {letter.reason}", letter)

    def retry(self, command: RetryDeadLetter) -> str:
        """Ask for the letter's order anew, under a new id, or for its cancel; return the client order id that it concerns.

        Raises ``InvalidOrder`` for a letter that is closed, unknown, unreadable, or an amend (its terms belong to a moment that
        is gone), and for an order that the limits deny: then the letter stays open.
        """
        letter = self._open(command.letter_id)
        request = _read(letter)
        if isinstance(request, SendOrder):
            order_id = self._submit(request, letter)
        elif letter.kind == "CANCEL":
            self._requests.cancel(CancelOrder(letter.client_order_id, command.by))
            order_id = letter.client_order_id
        else:
            raise InvalidOrder(f"dead letter {letter.letter_id} is an amend: decide it anew; discard the letter")
        self._close(letter, "RETRIED", f"as {order_id}", command.by)
        return order_id

    def _submit(self, request: SendOrder, letter: DeadLetterAdded) -> str:
        floor = self._floor
        if letter.venue not in floor.desks:
            text = f"dead letter {letter.letter_id}: venue {letter.venue!r} is not configured"
            raise InvalidOrder(text, code="UNKNOWN_VENUE")
        order = msgspec.structs.replace(
            request.order, client_order_id=self._new_id(letter.venue), created_ns=floor.clock.now_ns(),
            decided_ns=floor.measure_ns(), cap_price=None,
        )  # fmt: skip
        self._requests.submit(SubmitOrder(order))
        record = floor.books.orders[order.client_order_id]
        if record.is_done:
            text = f"dead letter {letter.letter_id} stays open, the limits deny it: {record.reason}"
            raise InvalidOrder(text, code=record.reason_code)
        return order.client_order_id

    def discard(self, command: DiscardDeadLetter) -> None:
        """Close a letter for good; raises ``InvalidOrder`` without a reason, or when it is not open."""
        letter = self._open(command.letter_id)
        if not command.reason.strip():
            raise InvalidOrder(f"dead letter {letter.letter_id}: say why it is discarded")
        self._close(letter, "DISCARDED", command.reason, command.by)

    def _open(self, letter_id: str) -> DeadLetterAdded:
        try:
            letter, status = self.letters.get(letter_id), self.letters.status(letter_id)
        except KeyError:
            raise InvalidOrder(f"no dead letter {letter_id}; see `autotrader dlq list`", code="UNKNOWN_LETTER") from None
        if status != "OPEN":
            raise InvalidOrder(f"dead letter {letter_id} is {status} already", code="CLOSED_LETTER")
        return letter

    def _close(self, letter: DeadLetterAdded, status: str, reason: str, by: str) -> None:
        closed = DeadLetterClosed(letter.letter_id, status, reason, by, self._floor.clock.now_ns())
        self.letters.apply(closed)
        self._floor.outbox.events.append(closed)


def _read(letter: DeadLetterAdded) -> Request:
    try:
        return read_body(letter.body)
    except msgspec.MsgspecError as error:
        text = f"dead letter {letter.letter_id} ({letter.kind}) holds no request that can be tried again; discard it"
        raise InvalidOrder(text, code="UNREADABLE_LETTER") from error
