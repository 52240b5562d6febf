"""Several calls with one purpose, as a generator: it yields a call, is sent the answer, and returns what it was for (pure)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import msgspec

from autotrader.execution.adapters.binance.codec import Call, ErrorClass, Outcome

__all__ = ["Errand", "ErrandFailed", "Reply", "body_of"]

_T = TypeVar("_T")


class Reply(msgspec.Struct, frozen=True):
    """What a call came to: ``recv_ns`` is the engine's time of the answer.

    The other times are the machine's: monotonic ns when it was written and answered, UTC ns when it was answered.
    """

    outcome: Outcome
    status: int = 0
    body: bytes = b""
    recv_ns: int = 0
    written_ns: int = 0
    answered_ns: int = 0
    answered_utc_ns: int = 0


Errand = Generator[Call, Reply, _T]


class ErrandFailed(Exception):
    """One call did not succeed, or its answer will not do. ``lasting``: asking again soon is of no use."""

    def __init__(self, code: str, reason: str, *, error_class: ErrorClass | None = None, lasting: bool = False) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason, self.error_class, self.lasting = code, reason, error_class, lasting


_LASTING = frozenset({ErrorClass.AUTH, ErrorClass.FIREWALL})


def body_of(reply: Reply) -> bytes:
    """Return the body of a read that succeeded; raises ErrandFailed."""
    outcome = reply.outcome
    if outcome.error_class is None and 200 <= reply.status < 300:
        return reply.body
    lasting = outcome.error_class in _LASTING
    raise ErrandFailed(outcome.code or "NO_ANSWER", outcome.reason, error_class=outcome.error_class, lasting=lasting)
