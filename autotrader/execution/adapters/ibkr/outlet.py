"""What one connection tells its broker: nothing before it is open, in lists, and nothing after it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from loguru import logger

from autotrader.errors import Unavailable
from autotrader.execution.adapters.ibkr.codes import RESTORED
from autotrader.execution.adapters.ibkr.messages import (
    AccountsTold,
    EndTold,
    ErrorKind,
    ErrorTold,
    LinkClosed,
    LinkOpened,
    NextIdTold,
    TwsEvent,
)

__all__ = ["Outlet", "Teller"]

MOST_AT_ONCE: Final = 64
_MOST_BEFORE_OPEN: Final = 100_000


class Teller(Protocol):
    """A handle on the broker."""

    def tell(self, message: Any, /) -> Any:
        """Take a list of events; raises Unavailable when nobody is there."""


class Outlet:
    """Of connection ``number``; safe from any thread. ``greeting(accounts, next_id)`` makes its ``LinkOpened``.

    ``is_wanted`` says whether the link's incarnation still speaks for its name; once it does not, nothing more is told. While
    the connection is not open, what it says is kept, and told after ``LinkOpened``; but not the end of a list, which nobody can
    have asked for: TWS has been recorded to tell its open orders, and their end, before accounts and next id.
    """

    def __init__(
        self, number: int, teller: Teller, greeting: Callable[[tuple[str, ...], int], LinkOpened], *,
        is_wanted: Callable[[], bool],
    ) -> None:  # fmt: skip
        self.number, self.is_open, self.is_closed, self.lost = number, False, False, 0
        self.last_code, self.last_text = 0, ""
        self._teller, self._greeting = teller, greeting
        self._is_wanted = is_wanted
        self._lock = threading.RLock()
        self._pending: list[TwsEvent] = []
        self._accounts: tuple[str, ...] | None = None
        self._next_id: int | None = None
        self._opened: LinkOpened | None = None

    def add(self, event: TwsEvent) -> None:
        """Take an event; it travels with the next ``flush``."""
        with self._lock:
            if self.is_closed or (not self.is_open and isinstance(event, EndTold)):
                return
            if isinstance(event, ErrorTold) and event.kind is ErrorKind.CONNECTION:
                self.last_code, self.last_text = (0, "") if event.code in RESTORED else (event.code, event.text)
            self._pending.append(event)
            if not self.is_open:
                self._note_greeting(event)
            if len(self._pending) >= MOST_AT_ONCE:
                self.flush()

    def flush(self) -> None:
        """Tell what was gathered, once the connection is open."""
        with self._lock:
            if not self.is_open or self.is_closed or not self._pending:
                return
            told, self._pending = self._pending, []
            self._tell(told)

    def close(self, event: LinkClosed) -> bool:
        """Tell what was gathered and then the end; say whether this was the first call that did."""
        with self._lock:
            if self.is_closed:
                return False
            self.flush()
            self.is_closed, self.is_open = True, False
            self._tell([event])
            return True

    def introduce(self) -> None:
        """Tell ``LinkOpened`` again, to a broker that has just started."""
        with self._lock:
            if self.is_open and self._opened is not None:
                self._tell([self._opened])

    @property
    def was_open(self) -> bool:
        """Say whether the connection ever greeted, closed since or not."""
        return self._opened is not None

    def is_heard(self) -> bool:
        """Say whether anybody is to be told anything."""
        return not self.is_closed and self._is_wanted()

    def _note_greeting(self, event: TwsEvent) -> None:
        if isinstance(event, AccountsTold):
            self._accounts = event.accounts
        elif isinstance(event, NextIdTold):
            self._next_id = event.order_id
        if len(self._pending) > _MOST_BEFORE_OPEN:
            raise OverflowError(f"{_MOST_BEFORE_OPEN} messages before accounts and next id")
        if self._accounts is None or self._next_id is None:
            return
        self._opened = self._greeting(self._accounts, self._next_id)
        self.is_open = True
        self._pending.insert(0, self._opened)

    def _tell(self, events: list[TwsEvent]) -> None:
        if not self._is_wanted():
            self.is_closed, self.is_open = True, False
            return
        try:
            self._teller.tell(events)
        except Unavailable:
            self.lost += len(events)
            logger.warning("{} events of TWS for its broker were not taken", len(events))
