"""A port that can go away and come back: what a restart of a venue looks like from outside. The loop's thread."""

from __future__ import annotations

import asyncio
import socket

from aiohttp import web

from autotrader.errors import StartError
from autotrader.simulator.http_reply import reset

__all__ = ["Port"]

BACKLOG = 1024


class Port:
    """One application on one port. While it is shut, connections are refused, and nobody else can take the port."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._host, self.number = host, port
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0, keepalive_timeout=600.0)
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None

    async def open(self) -> None:
        """Listen. Raises StartError when the port cannot be had."""
        if self._runner.server is None:
            await self._runner.setup()
        assert self._runner.server is not None
        if self._placeholder is not None:
            bound, self._placeholder = self._placeholder, None
        else:
            bound = self._bound()
        self._server = await asyncio.get_running_loop().create_server(self._runner.server, sock=bound, backlog=BACKLOG)

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
        if self._runner.server is not None:
            for connection in list(self._runner.server.connections):
                reset(connection.transport)

    async def close(self) -> None:
        """End for good."""
        if self._server is not None:
            self._server.close()
            self.reset_all()
        if self._placeholder is not None:
            self._placeholder.close()
        await self._runner.cleanup()
