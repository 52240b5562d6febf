"""Binance by hand: blocking calls over one connection of its own, for what stands outside the engine.

For the sweep of ``autotrader kill``, for ``autotrader doctor`` and for the first prices of a feed. It reads and cancels;
anything that could place or change an order is refused before it is signed. One thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from autotrader.errors import AuthFailed, NotSent, OutcomeUnknown, RateLimited, Refused, Rejected, VenueError
from autotrader.execution.adapters.binance.codec import (
    Call,
    CallKind,
    CodecSettings,
    ErrorClass,
    Outcome,
    Signer,
    clock_call,
    decode_server_time,
    outcome_of,
    rest_payload,
    signed_query,
    stamped,
)
from autotrader.execution.adapters.dial import WireFailed, endpoint_of
from autotrader.execution.adapters.http_wire import HttpAnswer, HttpRequest, HttpWire, encode_request
from autotrader.secrets import Secret

__all__ = ["Hands", "Key", "error_of"]

VENUE: Final = "binance"
ALLOWED: Final = frozenset({CallKind.READ, CallKind.QUERY, CallKind.CANCEL, CallKind.CANCEL_ALL})
_LIMITED: Final = frozenset({ErrorClass.LIMITED, ErrorClass.BANNED})
_AUTH: Final = frozenset({ErrorClass.AUTH, ErrorClass.FIREWALL})


class Key:
    """What signs: the API key with its signer, and how long a signed request stays good."""

    __slots__ = ("api_key", "recv_window_ms", "signer")

    def __init__(self, api_key: Secret, signer: Signer, recv_window_ms: int = 5_000) -> None:
        self.api_key, self.signer, self.recv_window_ms = api_key, signer, recv_window_ms


class Hands:
    """Calls at one host, each within ``deadline_s`` in all. ``key`` None asks only what needs none.

    The clock is set by the venue's before the first signed call, and again when the venue finds it wrong (once a call).
    """

    def __init__(
        self, rest: str, codec: CodecSettings, key: Key | None = None, *, deadline_s: float = 15.0,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.codec, self.deadline_s = codec, deadline_s
        self._key, self._now_ns = key, now_ns
        self._wire = HttpWire(endpoint_of(rest))
        self._offset_ns: int | None = None

    def close(self) -> None:
        """Let go of the connection."""
        self._wire.close()

    def shut(self) -> None:
        """Make what is under way fail at once; any thread."""
        with suppress(OSError):  # the venue had closed it
            self._wire.shut()

    # ------------------------------------------------------------ calls

    def read(self, call: Call) -> bytes:
        """Return the body of an answer; raises VenueError by what the venue said, or did not."""
        outcome, answer = self.ask(call)
        if outcome.error_class is not None:
            raise error_of(outcome, call)
        return answer.body

    def ask(self, call: Call) -> tuple[Outcome, HttpAnswer]:
        """Make a call and judge its answer; raises NotSent, OutcomeUnknown, or Refused for a call that is not for here."""
        if call.kind not in ALLOWED:
            raise Refused(f"{call.method} {call.path} is not for a hand outside the engine", code="NOT_ALLOWED")
        outcome, answer = self._ask_once(call)
        if outcome.error_class is ErrorClass.CLOCK and call.is_signed:
            self._offset_ns = None
            outcome, answer = self._ask_once(call)
        return outcome, answer

    def clock_offset_ns(self) -> int:
        """Return how far the venue's clock is before ours: its time less the middle of the round trip, in ns."""
        sent_ns = self._now_ns()
        call = clock_call()
        answer = self._exchange(HttpRequest(call.method, call.path), time.monotonic_ns() + round(self.deadline_s * 1e9))
        back_ns = self._now_ns()
        if answer.status != 200:
            raise error_of(outcome_of(call, answer.status, answer.headers, answer.body, self.codec, back_ns), call)
        self._offset_ns = decode_server_time(answer.body) - (sent_ns + back_ns) // 2
        return self._offset_ns

    def _ask_once(self, call: Call) -> tuple[Outcome, HttpAnswer]:
        if call.is_signed and self._offset_ns is None:
            self.clock_offset_ns()
        answer = self._exchange(self._request(call), time.monotonic_ns() + round(self.deadline_s * 1e9))
        return outcome_of(call, answer.status, answer.headers, answer.body, self.codec, self._now_ns()), answer

    def _request(self, call: Call) -> HttpRequest:
        if not call.is_signed:
            return HttpRequest(call.method, f"{call.path}?{rest_payload(call.params)}" if call.params else call.path)
        if self._key is None:
            raise Refused(f"{call.path} needs a key", code="NO_KEY")
        timestamp_ms = (self._now_ns() + (self._offset_ns or 0)) // 1_000_000
        query = signed_query(stamped(call.params, timestamp_ms, self._key.recv_window_ms), self._key.signer)
        return HttpRequest(call.method, f"{call.path}?{query}", (("X-MBX-APIKEY", self._key.api_key.reveal()),))

    def _exchange(self, request: HttpRequest, deadline_ns: int) -> HttpAnswer:
        where = request.target.partition("?")[0]
        try:
            if not self._wire.is_fresh():
                self._wire.open(self.deadline_s)
        except WireFailed as error:
            raise NotSent(f"binance cannot be reached: {error}", venue=VENUE, code=error.code) from None
        try:
            self._wire.send(encode_request(request, self._wire.endpoint.authority), deadline_ns)
            return self._wire.read(request.method, deadline_ns)
        except WireFailed as error:
            text = f"binance did not answer {request.method} {where}: {error}"
            raise OutcomeUnknown(text, venue=VENUE, code=error.code) from None


def error_of(outcome: Outcome, call: Call) -> VenueError:
    """Return the error that an answer which is no success stands for; nothing of a signed request is in its text."""
    text, code = f"binance refused {call.method} {call.path}: {outcome.code} {outcome.reason}", outcome.code
    if outcome.error_class in _LIMITED:
        return RateLimited(text, venue=VENUE, code=code, retry_after_s=outcome.retry_after_s)
    if outcome.error_class in _AUTH:
        return AuthFailed(text, venue=VENUE, code=code)
    if outcome.error_class in (ErrorClass.UNKNOWN, ErrorClass.BUSY):
        return OutcomeUnknown(text, venue=VENUE, code=code)
    return Rejected(text, venue=VENUE, code=code)
