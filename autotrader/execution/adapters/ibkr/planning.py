"""What Interactive Brokers says of itself to the engine: who speaks for it, for which account, over which connection."""

from __future__ import annotations

import msgspec

from autotrader.actors import Context, Handle, Worker
from autotrader.actors.gate import Gate
from autotrader.config import Settings
from autotrader.errors import ConfigError, InvalidOrder
from autotrader.execution.adapters.ibkr.actor import IbkrBrokerActor
from autotrader.execution.adapters.ibkr.config import VENUE, IbkrSettings, ibkr_settings
from autotrader.execution.adapters.ibkr.contracts import contract_of
from autotrader.execution.adapters.ibkr.link import LinkSettings, TwsLinkActor
from autotrader.execution.adapters.ibkr.linking import LINK, Memory
from autotrader.execution.adapters.ibkr.order_ids import OrderIds, ids_path
from autotrader.execution.adapters.plan import ConnectionPlan, VenuePlan
from autotrader.model import Instrument

__all__ = ["link_settings", "plan"]


def plan(settings: Settings, instruments: tuple[Instrument, ...], journal_path: str) -> VenuePlan:
    """Return the plan for these settings; raises ConfigError naming the key.

    What is traded is ``venues.ibkr.symbols``, or else what the market quotes of this venue.
    """
    found = ibkr_settings(settings.venues[VENUE], settings.mode)
    listed = tuple(dict.fromkeys(one.symbol for one in instruments if one.venue == VENUE))
    found = msgspec.structs.replace(found, symbols=found.symbols or listed)
    if not found.symbols:
        raise ConfigError('venues.ibkr.symbols is missing: name what is to be traded, such as ["AAPL", "EUR.USD"]')
    _check(found)
    memory = _memory(found, journal_path)

    def make_broker(context: Context, oms: Handle, resiliency: Handle, gate: Gate) -> Worker:
        return IbkrBrokerActor(context, settings=found, memory=memory, oms=oms, resiliency=resiliency, gate=gate)

    def make_link(context: Context, broker: Handle, gate: Gate) -> Worker:
        return TwsLinkActor(context, venue=VENUE, role=LINK, broker=broker, gate=gate, settings=link_settings(found))

    return VenuePlan(
        VENUE, found.account, found.place, (), make_broker, found.request_life_s, (ConnectionPlan(LINK, make_link),),
        bulk_cancel=True, bulk_scope="venue",
    )  # fmt: skip


def _check(settings: IbkrSettings) -> None:
    """Refuse a symbol that names nothing before anything is started."""
    for symbol in settings.symbols:
        try:
            contract_of(symbol)
        except InvalidOrder as error:
            raise ConfigError(f"venues.ibkr.symbols: {error}") from error


def _memory(settings: IbkrSettings, journal_path: str) -> Memory:
    try:
        return Memory(OrderIds(ids_path(journal_path), settings.account, settings.client_id))
    except InvalidOrder as error:
        raise ConfigError(f"venues.ibkr: {error}") from error


def link_settings(settings: IbkrSettings, client_id: int | None = None) -> LinkSettings:
    """Return how a connection reaches TWS, under the broker's client id or another."""
    return LinkSettings(
        host=settings.host, port=settings.port, client_id=settings.client_id if client_id is None else client_id,
        rate=settings.messages_per_s, reserve=settings.reserve, connect_s=settings.connect_timeout_s,
        heartbeat_s=settings.heartbeat_s, codes=settings.codes,
    )  # fmt: skip
