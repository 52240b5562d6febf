"""Retries of what is proved not taken: how often, how late, how long, and how much of the traffic (pure).

Three attempts and a tenth of the traffic are Google SRE's caps, full jitter is AWS's. As in urllib3, a ``Retry`` is a value:
``increment`` returns the next one, or the verdict that it is over.
"""

from __future__ import annotations

import msgspec

from autotrader.resiliency.window import RollingCount

__all__ = ["FINAL_CODES", "RETRIABLE_KINDS", "Failure", "GiveUp", "Retry", "RetryBudget", "RetrySettings"]

SECOND = 1_000_000_000
RETRIABLE_KINDS = frozenset({"not_sent", "rate_limited", "busy", "clock"})
FINAL_CODES = frozenset({
    "HALTED", "INVALID_ORDER", "DEADLINE_PASSED", "RECEIPT_FORGED", "RECEIPT_USED", "RECEIPT_EXPIRED", "EXIT_COUNT",
})
"""Our own no: to ask again is to be refused again."""


class RetrySettings(msgspec.Struct, frozen=True):
    """``max_retries`` attempts in all; back-off U(0, min(max, initial x 2^n)); requests older than their age are left alone.

    Retries may be ``budget_share`` of a venue's traffic in ``budget_window_s``; ``budget_floor`` of them are always free, or a
    venue with little traffic would have none.
    """

    max_retries: int = 3
    initial_backoff_s: float = 0.5
    max_backoff_s: float = 5.0
    submit_age_s: float = 2.0
    cancel_age_s: float = 30.0
    budget_share: float = 0.1
    budget_floor: int = 3
    budget_window_s: float = 60.0


class Failure(msgspec.Struct, frozen=True):
    """One attempt that is proved not taken; the fields are those of ``AttemptFailed``."""

    kind: str
    reason_code: str
    reason: str
    retry_after_s: float = 0.0


class GiveUp(msgspec.Struct, frozen=True):
    """No further attempt: ``why`` is attempts, age, kind or budget; ``retry`` holds the history."""

    why: str
    reason_code: str
    reason: str
    retry: Retry


class Retry(msgspec.Struct, frozen=True):
    """The attempts at one request so far. ``born_ns`` is when it was meant, ``age_s`` how long it may be tried after that.

    ``delay_s`` is the wait before the next attempt. Times are engine time.
    """

    born_ns: int
    age_s: float
    attempt: int = 1
    first_ns: int = 0
    last_ns: int = 0
    delay_s: float = 0.0
    history: tuple[str, ...] = ()

    def increment(self, failure: Failure, now_ns: int, jitter: float, settings: RetrySettings) -> Retry | GiveUp:
        """Count a failed attempt; ``jitter`` is a draw from [0, 1). Never shortens the venue's own Retry-After."""
        noted = self._note(failure, now_ns)
        left_s = self.age_s - abs(now_ns - self.born_ns) / SECOND  # a clock set back makes no request young
        if failure.kind not in RETRIABLE_KINDS or failure.reason_code in FINAL_CODES:
            return noted._give_up("kind", failure, "it is not to be tried again")
        if self.attempt >= settings.max_retries:
            return noted._give_up("attempts", failure, f"given up after {self.attempt} attempts")
        if left_s <= 0 or failure.retry_after_s >= left_s:
            return noted._give_up("age", failure, f"given up, too old after {self.age_s:g} s")
        backoff_s = min(settings.max_backoff_s, settings.initial_backoff_s * 2 ** (self.attempt - 1), left_s)
        delay_s = max(failure.retry_after_s, jitter * backoff_s)
        return msgspec.structs.replace(noted, attempt=self.attempt + 1, delay_s=delay_s)

    def stop(self, failure: Failure, now_ns: int, why: str, verdict: str) -> GiveUp:
        """Count a failed attempt and give up, for a reason that lies outside of it, such as the retry budget."""
        return self._note(failure, now_ns)._give_up(why, failure, verdict)

    def _note(self, failure: Failure, now_ns: int) -> Retry:
        line = f"{now_ns} attempt {self.attempt}: {failure.kind} {failure.reason_code} {failure.reason}".rstrip()
        return msgspec.structs.replace(
            self, first_ns=self.first_ns or now_ns, last_ns=now_ns, delay_s=0.0, history=(*self.history, line)
        )

    def _give_up(self, why: str, failure: Failure, verdict: str) -> GiveUp:
        return GiveUp(why, failure.reason_code, f"{failure.reason or failure.kind} ({verdict})", self)


class RetryBudget:
    """How many retries a venue's traffic allows. Monotonic nanoseconds; one thread."""

    __slots__ = ("_floor", "_retries", "_share", "_traffic")

    def __init__(self, settings: RetrySettings) -> None:
        window_ns = round(settings.budget_window_s * SECOND)
        self._share, self._floor = settings.budget_share, settings.budget_floor
        self._traffic = RollingCount(window_ns, 60)
        self._retries = RollingCount(window_ns, 60)

    def count(self, now_ns: int, requests: int) -> None:
        """Count requests that were passed on, retries among them."""
        self._traffic.add(now_ns, requests)

    def take(self, now_ns: int) -> bool:
        """Take one retry, if there is room."""
        allowed = max(self._floor, int(self._share * self._traffic.total(now_ns)))
        if self._retries.total(now_ns) >= allowed:
            return False
        self._retries.add(now_ns)
        return True

    def used(self, now_ns: int) -> tuple[int, int]:
        """Return the retries and the traffic of the window."""
        return self._retries.total(now_ns), self._traffic.total(now_ns)
