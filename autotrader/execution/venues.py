"""Which class speaks for which venue, and what the order manager has to know of each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from autotrader.actors import Context, Handle, Worker
from autotrader.actors.gate import Gate
from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.model import Instrument
from autotrader.oms.desk import DeskSettings

__all__ = ["VenuePlan", "plan_venue"]

MakeBroker = Callable[[Context, Handle, Handle, Gate], Worker]


class VenuePlan(NamedTuple):
    """One venue: how to make its broker's actor (context, oms, resiliency, gate), and its figures for the order manager.

    ``place`` is what the account's lock is keyed by, beside venue and account: host and port, or the journal for paper.
    """

    name: str
    account: str
    place: str
    instruments: tuple[Instrument, ...]
    make_broker: MakeBroker
    desk: DeskSettings
    children: tuple[str, ...] = ()


def plan_venue(name: str, settings: Settings, instruments: tuple[Instrument, ...], journal_path: str) -> VenuePlan:
    """Load the venue's own ``plan``; raises ConfigError for a venue without an adapter, or with settings that cannot be."""
    try:
        module = import_module(f"autotrader.execution.adapters.{name}")
    except ModuleNotFoundError as error:
        raise ConfigError(f"there is no adapter for venue {name!r}: {error}") from error
    plan: VenuePlan = module.plan(settings, instruments, journal_path)
    return plan
