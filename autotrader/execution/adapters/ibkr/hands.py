"""Blocking calls to TWS beside the engine: lists to their ends, cancels, the log-on. For sweeps, checks and listings."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable
from typing import Final, Self, TypeVar

from autotrader.errors import NotSent, OutcomeUnknown, VenueError
from autotrader.execution.adapters.ibkr.codes import CLIENT_ID_IN_USE
from autotrader.execution.adapters.ibkr.config import VENUE
from autotrader.execution.adapters.ibkr.listing import Listing
from autotrader.execution.adapters.ibkr.messages import (
    ErrorTold,
    LinkClosed,
    LinkOpened,
    Request,
    TimeRequest,
    TimeTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.order_ids import ReadIds
from autotrader.execution.adapters.ibkr.reading import Reading
from autotrader.execution.adapters.ibkr.side import Address, SideConnection

__all__ = ["Hands", "InUse"]

GRACE_S: Final = 2.0
_T = TypeVar("_T")


class InUse(NotSent):
    """Another program has the client id."""


class Hands:
    """One connection; one thread. Every call ends within ``deadline_s``, connecting within the address's time.

    Raises NotSent when TWS cannot be reached (``InUse`` when the client id is taken), OutcomeUnknown for a list without an end.
    """

    def __init__(self, address: Address, *, deadline_s: float = 10.0, may_cancel: bool = False) -> None:
        self.address, self.deadline_s = address, deadline_s
        self.notices: list[ErrorTold] = []
        self._ids = ReadIds()
        self._told: queue.SimpleQueue[TwsEvent] = queue.SimpleQueue()
        self._connection = SideConnection(address, self._hear, may_cancel=may_cancel)
        self._closed: LinkClosed | None = None
        try:
            self.opened = self._until(_opened, address.connect_s + GRACE_S)
        except VenueError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._connection.shut("done")

    # ------------------------------------------------------------ calls

    def read(self, parts: Iterable[str], account: str) -> Reading:
        """Read some lists to their ends."""
        reading = Reading(
            parts, account, self._ids, asked_ns=time.time_ns(), patience_ns=round(self.deadline_s * 1e9)
        )
        self._write_all(reading.begin(time.monotonic_ns()))
        until_s = time.monotonic() + 2 * self.deadline_s
        while not reading.is_over(time.monotonic_ns()):
            event = self._next(min(until_s - time.monotonic(), 0.1))
            if event is not None:
                self._write_all(reading.take(event, time.monotonic_ns()))
        if reading.failure:
            raise OutcomeUnknown(reading.failure, venue=VENUE, code="NO_LIST")
        return reading

    def resolve(self, symbols: Iterable[str]) -> Listing:
        """Ask what symbols are; the listing says what could not be resolved."""
        listing = Listing(symbols)
        self._write_all(list(listing.begin(self._ids)))
        if not listing.is_over:
            self._until(lambda event: listing if listing.take(event) and listing.is_over else None, self.deadline_s)
        return listing

    def clock(self) -> TimeTold:
        """Ask for TWS's time."""
        self.write(TimeRequest())
        return self._until(lambda event: event if isinstance(event, TimeTold) else None, self.deadline_s)

    def write(self, request: Request) -> None:
        """Write a request."""
        self._connection.write(request)

    def await_word(self, wanted: Callable[[TwsEvent], bool], timeout_s: float) -> TwsEvent | None:
        """Return the first event that fits, None when none has come in time."""
        try:
            return self._until(lambda event: event if wanted(event) else None, timeout_s)
        except OutcomeUnknown:
            return None

    # ------------------------------------------------------------ what comes

    def _hear(self, events: list[TwsEvent]) -> None:
        for event in events:
            self._told.put(event)

    def _write_all(self, requests: Iterable[Request]) -> None:
        for request in requests:
            self.write(request)

    def _next(self, timeout_s: float) -> TwsEvent | None:
        try:
            event = self._told.get(timeout=max(timeout_s, 0.001))
        except queue.Empty:
            if self._closed is not None:
                raise self._no_link(self._closed) from None
            return None
        if isinstance(event, LinkClosed):
            self._closed = event
            raise self._no_link(event)
        if isinstance(event, ErrorTold) and event.id < 0:
            self.notices.append(event)
        return event

    def _until(self, look: Callable[[TwsEvent], _T | None], timeout_s: float) -> _T:
        """Return the first thing that ``look`` finds in what comes; OutcomeUnknown when that takes too long."""
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            event = self._next(left_s)
            found = None if event is None else look(event)
            if found is not None:
                return found
        raise OutcomeUnknown(f"TWS at {self.address} did not answer within {timeout_s:g} s", venue=VENUE, code="NO_ANSWER")

    def _no_link(self, closed: LinkClosed) -> VenueError:
        text = f"TWS cannot be reached at {self.address}: {closed.reason}"
        kind = InUse if closed.code == CLIENT_ID_IN_USE else NotSent
        return kind(text, venue=VENUE, code=f"{closed.code or 'NO_LINK'}")



def _opened(event: TwsEvent) -> LinkOpened | None:
    return event if isinstance(event, LinkOpened) else None
