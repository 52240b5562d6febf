"""What each venue's package says of itself: who speaks for it, for which account, with which instruments."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Literal, NamedTuple

from autotrader.actors import Context, Handle, Worker
from autotrader.actors.gate import Gate
from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.model import Instrument

__all__ = ["ConnectionPlan", "VenuePlan", "plan_venue"]

MakeBroker = Callable[[Context, Handle, Handle, Gate], Worker]
MakeConnection = Callable[[Context, Handle, Gate], Worker]


class ConnectionPlan(NamedTuple):
    """One connection of a venue: ``name`` is unique at the venue, ``make`` is given (context, broker, gate).

    Its actor is ``connection.VENUE.NAME``; it is started after the broker's, and restarted by itself.
    """

    name: str
    make: MakeConnection


class VenuePlan(NamedTuple):
    """One venue: how to make its broker's actor (context, oms, resiliency, gate), and what has to be known before it speaks.

    ``place`` is what the account's lock is keyed by beside venue and account: host and port, or the journal for paper.
    ``request_life_s`` is how long a request may still take effect after it left; None for the venue's usual figure.
    ``bulk_cancel``: the broker takes ``SendCancelAll``, for one symbol or for the whole venue (``bulk_scope``). ``utc_day``: a
    DAY order ends at midnight UTC, by the adapter if not by the venue.
    """

    name: str
    account: str
    place: str
    instruments: tuple[Instrument, ...]
    make_broker: MakeBroker
    request_life_s: float | None = None
    connections: tuple[ConnectionPlan, ...] = ()
    bulk_cancel: bool = False
    bulk_scope: Literal["symbol", "venue"] = "symbol"
    utc_day: bool = False


def plan_venue(name: str, settings: Settings, instruments: tuple[Instrument, ...], journal_path: str) -> VenuePlan:
    """Ask the venue's package, or the ``adapter`` that is configured, for its plan.

    Raises ConfigError when there is none, or for settings that cannot be.
    """
    given = settings.venues[name].adapter or f"autotrader.execution.adapters.{name}:plan"
    place, _, function = given.rpartition(":")
    try:
        make = getattr(import_module(place), function)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"venues.{name} has no adapter at {given}: set venues.{name}.enabled = false") from error
    plan: VenuePlan = make(settings, instruments, journal_path)
    return plan
