"""What a venue's package offers beside its broker: hands for a sweep, checks for ``doctor``, and live quotes.

A package that has them gives ``sweep_hands(settings)``, ``examine(settings)`` and ``live_plan(settings)`` in its module
``outside``. Nothing here can place an order: what can be asked for only reads or cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Literal, NamedTuple, Protocol

from autotrader.actors import Handle
from autotrader.clock import Clock
from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.market.live import LiveSource
from autotrader.messages import SendCancel
from autotrader.model import Instrument, OrderUpdate

__all__ = [
    "CancelFate", "Check", "Checks", "LivePlan", "OpenOrders", "OpenedStream", "SweepHands", "checks_of", "hands_of",
    "has_live_quotes", "live_plan_of",
]

CancelFate = Literal["taken", "gone", "failed"]
"""What became of a cancel: the order is at its end · the venue has no such open order · not taken, or nobody knows."""


class OpenOrders(NamedTuple):
    """Every order that is open at the account, others' too. ``complete``: the venue gave all of it."""

    orders: tuple[OrderUpdate, ...]
    complete: bool = True


class SweepHands(Protocol):
    """One venue's blocking calls for a sweep from outside. One thread; each call ends within the venue's deadline.

    Raises VenueError when the venue cannot be asked: NotSent, OutcomeUnknown, RateLimited with the wait, AuthFailed.
    ``request_life_s``: so old a request cannot arrive any more. ``bulk``: ``cancel_all`` cancels a whole symbol in one call, or
    everything at the venue where ``bulk_scope`` says so.
    """

    venue: str
    account: str
    request_life_s: float
    bulk: bool
    bulk_scope: Literal["symbol", "venue"]

    def list_open(self) -> OpenOrders:
        """Return the open list."""

    def cancel(self, command: SendCancel) -> CancelFate:
        """Cancel one order."""

    def cancel_all(self, symbol: str) -> CancelFate:
        """Cancel all that is open on a symbol, orders of others among them; on every symbol where none is named."""

    def is_open(self, order: OrderUpdate) -> bool | None:
        """Ask for one order: None when the venue does not know it."""

    def close(self) -> None:
        """Let go of the connection."""


class Check(NamedTuple):
    """One row of ``doctor``."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


class OpenedStream(Protocol):
    """One connection's reader: tells ``StreamOpened``, ``FrameReceived`` and last ``StreamClosed``."""

    def close(self) -> None:
        """End the connection; any thread."""

    def join(self, timeout_s: float = 1.0) -> bool:
        """Wait for its thread's end; say whether it came."""


class LivePlan(NamedTuple):
    """A venue's live quotes: where from, and what paper lists to trade on them (nothing where the venue itself lists it).

    ``silence_s`` without any frame is a dead connection, ``renew_s`` is the age at which one is replaced. ``open`` begins a
    connection where it is no WebSocket: (stream, number, URL, whom to tell, clock).
    """

    source: LiveSource
    instruments: tuple[Instrument, ...]
    silence_s: float = 60.0
    renew_s: float = 23 * 3600.0
    open: Callable[[str, int, str, Handle, Clock], OpenedStream] | None = None


Checks = Callable[[Settings], Iterator[Check]]


def hands_of(venue: str, settings: Settings) -> SweepHands:
    """Return a venue's hands; raises ConfigError when it has none or its settings cannot be."""
    make: Callable[[Settings], SweepHands] | None = _find(venue, settings, "sweep_hands")
    if make is None:
        raise ConfigError(f"{venue} cannot be swept from outside its engine: cancel its orders by the venue's own means")
    return make(settings)


def checks_of(venue: str, settings: Settings) -> Checks | None:
    """Return a venue's checks; None when it has none of its own."""
    found: Checks | None = _find(venue, settings, "examine")
    return found


def has_live_quotes(venue: str, settings: Settings) -> bool:
    """Say whether a venue's package has live quotes."""
    return venue in settings.venues and _find(venue, settings, "live_plan") is not None


def live_plan_of(venue: str, settings: Settings) -> LivePlan:
    """Return a venue's live quotes; raises ConfigError, or StartError when it has to be asked and cannot be."""
    if not has_live_quotes(venue, settings):
        raise ConfigError(f"{venue} has no live quotes here: set market.venue to a venue that has, such as binance")
    make: Callable[[Settings], LivePlan] = _find(venue, settings, "live_plan")
    return make(settings)


def _find(venue: str, settings: Settings, name: str) -> Any:
    if settings.venues[venue].adapter is not None:
        return None
    place = f"autotrader.execution.adapters.{venue}.outside"
    try:
        return getattr(import_module(place), name, None)
    except ModuleNotFoundError as error:
        if error.name is not None and place.startswith(error.name):
            return None
        raise
