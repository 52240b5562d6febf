"""A WebSocket server on loopback, and one of raw bytes behind a handshake, for the tests of stream readers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from wire_kit import RawServer, raw_server

__all__ = ["WebServer", "frame", "raw_web_server", "web_server"]

Talk = Callable[[web.WebSocketResponse, web.Request], Awaitable[Any]]


class WebServer:
    """Each connection is given to ``talk``; its loop runs in a thread of its own."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._ready, self._over = threading.Event(), asyncio.Event()
        self.port = 0
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="web server")
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws?a=b"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        app = web.Application()
        app.router.add_get("/ws", self._on_request)
        runner = web.AppRunner(app, shutdown_timeout=0.05)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self._ready.set()
        await self._over.wait()
        await runner.cleanup()

    async def _on_request(self, request: web.Request) -> web.StreamResponse:
        response = web.WebSocketResponse(autoping=True)
        await response.prepare(request)
        await self._talk(response, request)
        return response


@contextmanager
def web_server(talk: Talk) -> Iterator[WebServer]:
    server = WebServer(talk)
    try:
        yield server
    finally:
        server.close()


def frame(data: bytes, opcode: int = 1, *, fin: bool = True, size: int | None = None) -> bytes:
    """Return one frame as a server sends it; ``size`` is what its head says, if not the truth."""
    size = len(data) if size is None else size
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        return head + bytes([size]) + data
    if size < 65_536:
        return head + b"\x7e" + size.to_bytes(2, "big") + data
    return head + b"\x7f" + size.to_bytes(8, "big") + data


@contextmanager
def raw_web_server(talk: Callable[[socket.socket], object]) -> Iterator[RawServer]:
    """Shake hands, then do what ``talk`` does with the socket; the connection ends with it."""

    def serve(sock: socket.socket, request: bytes) -> bool:
        lines = request.decode("latin-1").split("\r\n")
        key = next(line.split(": ")[1] for line in lines if line.lower().startswith("sec-websocket-key"))
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + base64.b64encode(digest) + b"\r\n\r\n"
        )  # fmt: skip
        talk(sock)
        return False

    with raw_server(serve) as server:
        yield server
