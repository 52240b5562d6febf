"""What a caller holds while an order is on its way: a thing that can be waited on, always with an end."""

from __future__ import annotations

import threading
from collections.abc import Callable

from autotrader.errors import InvalidOrder, WaitTimeout
from autotrader.messages import RequestRefused
from autotrader.model import Fill, OrderState, OrderUpdate

__all__ = ["Ticket", "is_answered", "is_done", "until_replaced"]

Until = Callable[[OrderUpdate], bool]

_UNANSWERED = frozenset({OrderState.DRAFT, OrderState.SENT})


def is_answered(update: OrderUpdate) -> bool:
    """Say whether the outcome of a submit is known, UNKNOWN included: the caller is told that it is."""
    return update.state not in _UNANSWERED


def is_done(update: OrderUpdate) -> bool:
    """Say whether the order is at its end."""
    return update.is_done


def until_replaced() -> Until:
    """Return a condition that holds once a replace was outstanding and is no longer."""
    seen: list[bool] = []

    def holds(update: OrderUpdate) -> bool:
        if update.state is OrderState.PENDING_REPLACE:
            seen.append(True)
            return False
        return update.is_done or bool(seen)

    return holds


_REQUESTS: dict[Until, str] = {is_answered: "submit", is_done: "cancel"}


class Ticket:
    """One request on an order, as one caller follows it. Any thread may wait; the engine's thread delivers.

    ``request`` is submit, cancel or modify, as the condition ``until`` shows: a refusal concerns the tickets of its request.
    """

    def __init__(self, client_order_id: str, until: Until = is_answered) -> None:
        self.client_order_id = client_order_id
        self.request = _REQUESTS.get(until, "modify")
        self._until = until
        self._changed = threading.Condition()
        self._update: OrderUpdate | None = None
        self._fills: list[Fill] = []
        self._refused: RequestRefused | None = None
        self._reached = False

    @property
    def update(self) -> OrderUpdate | None:
        """Return the order as last heard of, None before the first word."""
        with self._changed:
            return self._update

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Return the fills heard of so far, oldest first."""
        with self._changed:
            return tuple(self._fills)

    def wait(self, timeout_s: float = 10.0) -> OrderUpdate:
        """Wait for the answer to what was asked and return the order as it stands then.

        A denied or rejected order is an answer, with its ``reason``. Raises ``WaitTimeout`` after ``timeout_s`` seconds, the
        order stays tracked; raises ``InvalidOrder`` when the request itself was refused.
        """
        return self._wait_for(lambda: self._reached, timeout_s, "answered")

    def wait_done(self, timeout_s: float = 10.0) -> OrderUpdate:
        """Wait until the order is at its end; the same errors as ``wait``."""
        return self._wait_for(lambda: self._update is not None and self._update.is_done, timeout_s, "done")

    def _wait_for(self, holds: Callable[[], bool], timeout_s: float, what: str) -> OrderUpdate:
        with self._changed:
            if not self._changed.wait_for(lambda: self._refused is not None or holds(), timeout_s):
                state = self._update.state if self._update else "not heard of yet"
                raise WaitTimeout(
                    f"order {self.client_order_id} was not {what} within {timeout_s} s (it is {state}); it stays tracked: "
                    "ask for its status, do not send it again"
                )
            if self._refused is not None and not holds():
                refused = self._refused
                raise InvalidOrder(
                    f"order {refused.client_order_id}: {refused.request} refused: {refused.reason}", code=refused.reason_code
                )
            assert self._update is not None
            return self._update

    def deliver(self, update: OrderUpdate) -> None:
        """Take news of the order; called by the engine's thread."""
        with self._changed:
            self._update = update
            self._reached = self._reached or self._until(update)
            self._changed.notify_all()

    def deliver_fill(self, fill: Fill) -> None:
        """Take a fill of the order; called by the engine's thread."""
        with self._changed:
            self._fills.append(fill)

    def refuse(self, refusal: RequestRefused) -> None:
        """Take a refusal of the request; called by the engine's thread."""
        with self._changed:
            self._refused = refusal
            self._changed.notify_all()
