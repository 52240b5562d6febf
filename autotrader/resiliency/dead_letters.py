"""Requests that could not be done: kept whole, listed, shown, closed by an operator (pure).

The queue is the fold of ``DeadLetterAdded`` and ``DeadLetterClosed`` in the journal. Nothing in here sends anything.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from autotrader.messages import DeadLetterAdded, DeadLetterClosed, SendCancel, SendOrder, SendReplace
from autotrader.resiliency.retry import GiveUp

__all__ = ["DeadLetters", "Request", "letter_for", "letter_id", "read_body", "write_body"]

Request = SendOrder | SendReplace | SendCancel
KINDS = {SendOrder: "SUBMIT", SendReplace: "REPLACE", SendCancel: "CANCEL"}
_decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


def write_body(command: Request) -> str:
    """Write a command as JSON, whole but for the seal of its receipt: a letter is no leave to send."""
    if not isinstance(command, SendCancel):
        receipt = msgspec.structs.replace(command.receipt, seal=None)
        command = msgspec.structs.replace(command, receipt=receipt)
    return msgspec.json.encode(command).decode()


def read_body(body: str) -> Request:
    """Read the command of a letter; raises msgspec.ValidationError or DecodeError."""
    return _decoder.decode(body)


def letter_id(kind: str, venue: str, client_order_id: str, first_ns: int) -> str:
    """Return the id of a letter: the same for the same request at the same moment, so that a replay repeats it."""
    return sha256(f"{kind}\0{venue}\0{client_order_id}\0{first_ns}".encode()).hexdigest()[:16]


def letter_for(command: Request, venue: str, given_up: GiveUp) -> DeadLetterAdded:
    """Make the letter of a request that was given up."""
    kind, retry = KINDS[type(command)], given_up.retry
    client_order_id = command.client_order_id if isinstance(command, SendCancel) else command.order.client_order_id
    return DeadLetterAdded(
        letter_id=letter_id(kind, venue, client_order_id, retry.first_ns),
        kind=kind, client_order_id=client_order_id, venue=venue,
        reason=given_up.reason, attempts=retry.attempt, first_ns=retry.first_ns, last_ns=retry.last_ns,
        body=write_body(command), history=retry.history,
    )


class DeadLetters:
    """The queue as the journal tells it. One thread."""

    __slots__ = ("_closed", "_letters")

    def __init__(self) -> None:
        self._letters: dict[str, DeadLetterAdded] = {}
        self._closed: dict[str, DeadLetterClosed] = {}

    def apply(self, event: DeadLetterAdded | DeadLetterClosed) -> None:
        """Fold one event in; the same one twice changes nothing, and a letter added again is open again."""
        if isinstance(event, DeadLetterClosed):
            if event.letter_id not in self._letters:
                raise KeyError(f"no dead letter {event.letter_id}")
            self._closed[event.letter_id] = event
        elif self._letters.get(event.letter_id) != event:
            self._letters[event.letter_id] = event
            self._closed.pop(event.letter_id, None)

    def status(self, letter_id: str) -> str:
        """Return OPEN, RETRIED or DISCARDED; raises KeyError for an unknown letter."""
        closed = self._closed.get(letter_id)
        return closed.status if closed is not None else "OPEN" if letter_id in self._letters else self._unknown(letter_id)

    def get(self, letter_id: str) -> DeadLetterAdded:
        """Return one letter; raises KeyError that names it."""
        return self._letters[letter_id] if letter_id in self._letters else self._unknown(letter_id)

    def rows(self) -> list[dict[str, Any]]:
        """Return all letters, oldest first, as ``autotrader dlq list`` shows them."""
        return [self._row(letter) for letter in self._letters.values()]

    def show(self, letter_id: str) -> dict[str, Any]:
        """Return one letter with its command, its history and how it was closed."""
        letter, closed = self.get(letter_id), self._closed.get(letter_id)
        ending = None if closed is None else {"by": closed.by, "reason": closed.reason, "ts_ns": closed.ts_ns}
        body = msgspec.json.decode(letter.body)
        return {**self._row(letter), "body": body, "history": list(letter.history), "closed": ending}

    def _row(self, letter: DeadLetterAdded) -> dict[str, Any]:
        return {
            "id": letter.letter_id, "kind": letter.kind,
            "client_order_id": letter.client_order_id or None, "venue": letter.venue,
            "reason": letter.reason, "attempts": letter.attempts, "first_ns": letter.first_ns, "last_ns": letter.last_ns,
            "status": self.status(letter.letter_id),
        }

    @staticmethod
    def _unknown(letter_id: str) -> Any:
        raise KeyError(f"no dead letter {letter_id}")
