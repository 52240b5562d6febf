"""How a simulated venue is asked for, and what a venue package gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import msgspec
from aiohttp import web

from autotrader.simulator.world import SimVenue

__all__ = ["SimOptions", "SocketApp", "VenueApp"]


class SimOptions(msgspec.Struct, frozen=True):
    """The options of ``autotrader simulate``. ``latency_ms`` is a round trip: half of it there, half of it back.

    ``manual``: the market stands from the beginning, and moves only when it is set or stepped. ``limits``: ``NAME=N`` each,
    names that the venue package knows.
    """

    venue: str
    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 0
    tape: str | None = None
    faults: str | None = None
    latency_ms: float = 0.0
    ledger: str | None = None
    ready_file: str | None = None
    manual: bool = False
    limits: tuple[str, ...] = ()


class VenueApp(Protocol):
    """One venue's protocol over its truth: what ``simulator/NAME/__init__.py: make_venue(options)`` returns."""

    @property
    def venue(self) -> SimVenue:
        """Return the truth."""

    def routes(self, app: web.Application) -> None:
        """Add the venue's paths to the application; all run in the loop's thread."""

    def ready(self, host: str, port: int) -> dict[str, Any]:
        """Return ``{rest, ws, stream, credentials, symbols}`` for the ready file, now that the port listens."""


@runtime_checkable
class SocketApp(Protocol):
    """A ``VenueApp`` whose port does not speak HTTP; its admin has the other port to itself."""

    def protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol of a new connection."""

    def connections(self) -> Iterable[asyncio.BaseTransport]:
        """Return the connections that are open."""
