"""A simulated venue on its ports: one asyncio loop, hence one thread, owns everything."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import signal
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from autotrader.simulator.admin import Admin
from autotrader.simulator.fault_script import load_faults
from autotrader.simulator.listening import Listener, Port, RawPort
from autotrader.simulator.market import MovingMarket
from autotrader.simulator.options import SimOptions, SocketApp, VenueApp
from autotrader.simulator.ready import ready_of, write_ready

__all__ = ["SimServer", "serve"]

TICK_S: Final = 0.01
BODY_BYTES: Final = 8 << 20


class SimServer:
    """Serves a venue and its admin: the admin on the venue's port, if that is HTTP, and on one that no restart takes away."""

    def __init__(self, app: VenueApp, options: SimOptions) -> None:
        self._app, self._options, self._venue = app, options, app.venue
        script = load_faults(options.faults) if options.faults is not None else None
        self._market = MovingMarket(app.venue, seed=options.seed, tape=options.tape, manual=options.manual)
        self._venue.half_trip_s = options.latency_ms / 2_000
        self._venue.on_link.append(self._on_link)
        self._script = script
        self._main = self._main_port()
        self._admin = Port(self._application(venue=False), options.host, 0)
        self._coming_up: asyncio.Task[None] | None = None

    def _main_port(self) -> Listener:
        app, host, port = self._app, self._options.host, self._options.port
        if isinstance(app, SocketApp):
            return RawPort(app.protocol, app.connections, host, port)
        return Port(self._application(venue=True), host, port)

    def _application(self, *, venue: bool) -> web.Application:
        application = web.Application(client_max_size=BODY_BYTES)
        Admin(self._venue, self._market).routes(application)
        if venue:
            self._app.routes(application)
        return application

    async def open(self) -> dict[str, Any]:
        """Listen, and return what the ready file holds; the fault script's time begins. Raises StartError."""
        await self._main.open()
        await self._admin.open()
        if self._script is not None:
            self._venue.set_faults(self._script)
        return ready_of(self._app, self._options, self._main.number, self._admin.number)

    async def tick(self) -> None:
        """Let the venue's time pass, for ever."""
        while True:
            self._venue.tick()
            await asyncio.sleep(TICK_S)

    def _on_link(self, up: bool) -> None:
        if up:
            self._coming_up = asyncio.ensure_future(self._main.open())
        else:
            self._main.shut()

    async def close(self) -> None:
        """End in good order; the ledger is complete."""
        await self._main.close()
        await self._admin.close()
        self._venue.close()


async def serve(app: VenueApp, options: SimOptions, tell: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
    """Serve until SIGTERM or SIGINT. ``tell`` gets what the ready file holds, once the port listens.

    Raises ConfigError, StartError, and whatever ends the venue's time.
    """
    stop = asyncio.Event()
    _hear(stop)
    server = SimServer(app, options)
    try:
        ready = await server.open()
        if options.ready_file is not None:
            write_ready(options.ready_file, ready)
        tell(ready)
        await _until(stop, server)
    finally:
        await server.close()


def _hear(stop: asyncio.Event) -> None:
    """Let SIGTERM and SIGINT ask for the end; further ones, to the end of the process, change nothing of it."""
    loop = asyncio.get_running_loop()

    def ask(_: int, __: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
        atexit.register(signal.signal, number, signal.SIG_IGN)


async def _until(stop: asyncio.Event, server: SimServer) -> None:
    """Wait for the end, or for what ends the venue's time, which is raised."""
    ticking = asyncio.ensure_future(server.tick())
    ticking.add_done_callback(lambda _: stop.set())
    await stop.wait()
    ticking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ticking
