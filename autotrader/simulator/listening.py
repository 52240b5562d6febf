"""A port that can go away and come back: what a restart of a venue looks like from outside. The loop's thread."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from aiohttp import web

from autotrader.errors import StartError
from autotrader.simulator.http_reply import reset

__all__ = ["Listener", "Port", "RawPort"]

BACKLOG = 1024


class Listener(ABC):
    """One port. While it is shut, connections are refused, and nobody else can take the port."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self.number = host, port
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None

    @abstractmethod
    async def _protocols(self) -> Callable[[], asyncio.BaseProtocol]:
        """Return what makes the protocol of a new connection."""

    @abstractmethod
    def _transports(self) -> Iterable[asyncio.BaseTransport | None]:
        """Return the connections that are open."""

    async def open(self) -> None:
        """Listen. Raises StartError when the port cannot be had."""
        protocols = await self._protocols()
        if self._placeholder is not None:
            bound, self._placeholder = self._placeholder, None
        else:
            bound = self._bound()
        self._server = await asyncio.get_running_loop().create_server(protocols, sock=bound, backlog=BACKLOG)

    def _bound(self) -> socket.socket:
        bound = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self._host, self.number))
        except OSError as error:
            bound.close()
            raise StartError(f"cannot listen on {self._host} port {self.number}: {error.strerror}") from error
        self.number = bound.getsockname()[1]
        return bound

    def shut(self) -> None:
        """Stop listening and reset every connection."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self.reset_all()
        self._placeholder = self._bound()

    def reset_all(self) -> None:
        """Reset every connection."""
        for transport in list(self._transports()):
            reset(transport)

    async def close(self) -> None:
        """End for good."""
        if self._server is not None:
            self._server.close()
            self.reset_all()
        if self._placeholder is not None:
            self._placeholder.close()


class Port(Listener):
    """One web application on one port."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        super().__init__(host, port)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0, keepalive_timeout=600.0)

    async def _protocols(self) -> Callable[[], asyncio.BaseProtocol]:
        if self._runner.server is None:
            await self._runner.setup()
        assert self._runner.server is not None
        return self._runner.server

    def _transports(self) -> Iterable[asyncio.BaseTransport | None]:
        return () if self._runner.server is None else (one.transport for one in self._runner.server.connections)

    async def close(self) -> None:
        """End for good, the application too."""
        await super().close()
        await self._runner.cleanup()


class RawPort(Listener):
    """A port that speaks a protocol of its own. ``connections`` are the transports that it has open."""

    def __init__(
        self, protocol: Callable[[], asyncio.BaseProtocol], connections: Callable[[], Iterable[asyncio.BaseTransport]],
        host: str, port: int,
    ) -> None:  # fmt: skip
        super().__init__(host, port)
        self._protocol, self._connections = protocol, connections

    async def _protocols(self) -> Callable[[], asyncio.BaseProtocol]:
        return self._protocol

    def _transports(self) -> Iterable[asyncio.BaseTransport | None]:
        return self._connections()
