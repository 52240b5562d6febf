"""Who listens to the account: user data subscriptions of all connections (binance.md section 5). The loop's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.telling import UserEvent
from autotrader.simulator.binance.wsframes import event_text
from autotrader.simulator.effects import EventSender

__all__ = ["Subscriptions", "UserHub"]


class Subscriptions:
    """Those of one connection: one at a time, since all keys are of one account. ``unit``: nanoseconds of its times."""

    def __init__(self, unit: int) -> None:
        self.unit = unit
        self.sender: EventSender | None = None
        self.number: int | None = None
        self.by_session = False
        self._next = 0

    def begin(self, *, by_session: bool) -> dict[str, Any]:
        """Subscribe. Raises ApiError -2035 when it is done already."""
        if self.number is not None:
            raise ApiError(-2035)
        self.number, self.by_session = self._next, by_session
        self._next += 1
        return {"subscriptionId": self.number}

    def end(self, wanted: str | None = None) -> int | None:
        """Unsubscribe, and return the number; None when there is none of that number, which is no error either."""
        if wanted is not None and wanted != str(self.number):
            return None
        number, self.number = self.number, None
        return number

    def tell(self, event: dict[str, Any], number: int | None, symbol: str = "", client_order_id: str = "") -> None:
        """Send one event; ``number`` None for one about the server."""
        if self.sender is not None:
            self.sender.tell(event_text(event, number), symbol, client_order_id)


class UserHub:
    """Hands the account's events to all who are subscribed; each event is written once per unit of time."""

    def __init__(self) -> None:
        self.open: list[Subscriptions] = []
        self.on_change: list[Callable[[], None]] = []

    def tell(self, events: list[UserEvent]) -> None:
        """Send events to every subscription."""
        listening = [one for one in self.open if one.number is not None]
        if not listening:
            return
        for event in events:
            written: dict[int, dict[str, Any]] = {}
            for one in listening:
                body = written.get(one.unit)
                if body is None:
                    body = written[one.unit] = event.write(one.unit)
                one.tell(body, one.number, event.symbol, event.client_order_id)
