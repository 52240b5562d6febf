"""Who is connected, and what is about to be said to them. The loop's thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from autotrader.simulator.ibkr.answers import Message

if TYPE_CHECKING:
    from autotrader.simulator.ibkr.session import TwsSession

__all__ = ["Hub", "Outgoing"]


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A message to one client. ``of_account``: an event of the account's orders, which stream rules count."""

    session: TwsSession
    message: Message
    symbol: str = ""
    client_order_id: str = ""
    of_account: bool = False
    of_fill: bool = False


class Hub:
    """``sessions`` are those that have started, by client id; ``connected`` all, those that have not said who they are too."""

    def __init__(self) -> None:
        self.sessions: dict[int, TwsSession] = {}
        self.connected: set[TwsSession] = set()
        self._captured: list[Outgoing] | None = None

    def post(self, outgoing: Outgoing) -> None:
        """Send a message, or keep it while somebody captures what is said."""
        if self._captured is not None:
            self._captured.append(outgoing)
        else:
            outgoing.session.send(outgoing)

    def broadcast(self, message: Message) -> None:
        """Tell everybody."""
        for session in list(self.sessions.values()):
            self.post(Outgoing(session, message))

    @contextmanager
    def capture(self) -> Iterator[list[Outgoing]]:
        """Collect what is said from here on in place of sending it."""
        before, told = self._captured, list[Outgoing]()
        self._captured = told
        try:
            yield told
        finally:
            self._captured = before
