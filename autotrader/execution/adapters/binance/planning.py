"""What Binance says of itself to the engine: who speaks for it, for which account, over which connections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from autotrader.actors import Context, Handle, Worker
from autotrader.actors.gate import Gate
from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.execution.adapters.binance.actor import BinanceBrokerActor
from autotrader.execution.adapters.binance.config import BinanceSettings, binance_settings
from autotrader.execution.adapters.binance.lanes import Duty
from autotrader.execution.adapters.binance.streaming import Memory
from autotrader.execution.adapters.binance.transport import BinanceTransport
from autotrader.execution.adapters.connection import ConnectionActor
from autotrader.execution.adapters.dial import endpoint_of
from autotrader.execution.adapters.http_wire import HttpWire
from autotrader.execution.adapters.plan import ConnectionPlan, VenuePlan
from autotrader.execution.adapters.stream import StreamReader
from autotrader.model import Instrument

__all__ = ["plan"]

VENUE: Final = "binance"


def plan(settings: Settings, instruments: tuple[Instrument, ...], journal_path: str) -> VenuePlan:  # noqa: ARG001
    """Return the plan for these settings; raises ConfigError naming the key.

    What is traded is ``venues.binance.symbols``, or else what the market quotes of this venue.
    """
    found = binance_settings(settings.venues[VENUE], settings.mode)
    listed = tuple(dict.fromkeys(one.symbol for one in instruments if one.venue == VENUE))
    found = msgspec.structs.replace(found, symbols=found.symbols or listed)
    if not found.symbols:
        raise ConfigError('venues.binance.symbols is missing: name what is to be traded, such as ["BTCUSDT"]')
    found.make_signer()  # a key that cannot be read is told before anything is started
    lanes = dict(_lanes(found))
    memory = Memory()

    def make_broker(context: Context, oms: Handle, resiliency: Handle, gate: Gate) -> Worker:
        teller = context.me.at_epoch(context.epoch)

        def open_stream(number: int) -> StreamReader:
            reader = StreamReader(f"{VENUE} user", number, found.hosts.ws, teller, context.clock, silence_s=found.silence_s)
            reader.start()
            return reader

        return BinanceBrokerActor(
            context, settings=found, lanes={f"connection.{VENUE}.{name}": duty for name, duty in lanes.items()}, oms=oms,
            resiliency=resiliency, gate=gate, open_stream=open_stream, memory=memory,
        )  # fmt: skip

    return VenuePlan(
        VENUE, found.account, found.place, (), make_broker, found.request_life_s,
        tuple(ConnectionPlan(name, _Connection(found, duty)) for name, duty in lanes.items()), bulk_cancel=True,
        utc_day=True,
    )  # fmt: skip


def _lanes(settings: BinanceSettings) -> Iterator[tuple[str, Duty]]:
    for duty, count in (
        (Duty.ORDER, settings.order_lanes), (Duty.CANCEL, settings.cancel_lanes), (Duty.QUERY, settings.query_lanes)
    ):
        for number in range(1, count + 1):
            yield f"{duty}-{number}", duty


class _Connection:
    """Makes one connection's actor, for each of its incarnations."""

    def __init__(self, settings: BinanceSettings, duty: Duty) -> None:
        self._settings, self._duty = settings, duty

    def __call__(self, context: Context, broker: Handle, gate: Gate) -> Worker:
        return ConnectionActor(
            context, venue=VENUE, role=self._duty.value, broker=broker, gate=gate,
            wire=HttpWire(endpoint_of(self._settings.hosts.rest)), make_transport=self._transport,
        )  # fmt: skip

    def _transport(self) -> BinanceTransport:
        settings = self._settings
        passphrase = None if settings.passphrase is None else settings.passphrase.reveal()
        return BinanceTransport(
            settings.hosts.rest, settings.api_key.reveal(), settings.secret.reveal(), passphrase=passphrase,
            recv_window_ms=settings.recv_window_ms,
        )  # fmt: skip
