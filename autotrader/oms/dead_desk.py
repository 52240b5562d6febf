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
from autotrader.resiliency.dead_letters import DeadLetters, read_body

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

        Raises ``InvalidOrder`` for a letter that is closed, unknown, or an amend (its terms belong to a moment that is gone).
        """
        letter = self._open(command.letter_id)
        request = read_body(letter.body)
        now_ns = self._floor.clock.now_ns()
        if isinstance(request, SendOrder):
            order = msgspec.structs.replace(
                request.order, client_order_id=self._new_id(letter.venue), created_ns=now_ns, cap_price=None
            )
            self._requests.submit(SubmitOrder(order))
            order_id = order.client_order_id
        elif letter.kind == "CANCEL":
            self._requests.cancel(CancelOrder(letter.client_order_id, command.by))
            order_id = letter.client_order_id
        else:
            raise InvalidOrder(f"dead letter {letter.letter_id} is an amend: decide it anew; discard the letter")
        self._close(letter, "RETRIED", f"as {order_id}", command.by)
        return order_id

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
