"""One open WebSocket, whatever is spoken on it: pings, too many messages, the 24-hour rule (binance.md sections 5 and 6)."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import msgspec
from aiohttp import WSMsgType, web

from autotrader.model.prepared import prepared
from autotrader.simulator.effects import EventSender
from autotrader.simulator.world import SimVenue

__all__ = ["Socket", "SocketTerms"]

POLICY: Final = 1008
GOING_AWAY: Final = 1001
_MOST_BYTES: Final = 1 << 20


@prepared
class SocketTerms(msgspec.Struct, frozen=True):
    """The rules of connections, times in seconds. ``warn_s``: so long before its end a connection is told of it."""

    ping_s: float = 20.0
    pong_s: float = 60.0
    life_s: float = 86_400.0
    warn_s: float = 2.0
    messages_per_s: int | None = None


class Socket:
    """A connection under the rules. Subclasses get what is said by ``on_text``, and ``on_end`` once it is over."""

    def __init__(self, venue: SimVenue, terms: SocketTerms) -> None:
        self.venue, self.terms = venue, terms
        self.connection = web.WebSocketResponse(autoping=False, autoclose=True, compress=False, max_msg_size=_MOST_BYTES)
        self.sender: EventSender
        self._recent: deque[float] = deque()
        self._timers: list[asyncio.TimerHandle] = []
        self._awaited: asyncio.TimerHandle | None = None

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the connection until it ends."""
        await self.connection.prepare(request)
        self.sender = EventSender(self.venue, request)
        loop = asyncio.get_running_loop()
        self._at(self.terms.ping_s, self._ping)
        self._at(max(self.terms.life_s - self.terms.warn_s, 0), self.warn)
        self._at(self.terms.life_s, lambda: self.end(GOING_AWAY, b"24 hours"))
        try:
            self.on_open()
            async for message in self.connection:
                if not self._is_within_rate(loop.time()):
                    await self._close(POLICY, b"Too many requests")
                    break
                self._take(message.type, message.data)
        finally:
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()
            if self._awaited is not None:
                self._awaited.cancel()
            self.sender.close()
            self.on_end()
        return self.connection

    def _take(self, kind: WSMsgType, data: object) -> None:
        if kind is WSMsgType.TEXT or kind is WSMsgType.BINARY:
            self.on_text(data if isinstance(data, str | bytes) else b"")
        elif kind is WSMsgType.PING:
            self.sender.pong(bytes(data) if isinstance(data, bytes | bytearray) else b"")
        elif kind is WSMsgType.PONG and self._awaited is not None:
            self._awaited.cancel()
            self._awaited = None

    def _is_within_rate(self, now: float) -> bool:
        most = self.terms.messages_per_s
        if most is None:
            return True
        self._recent.append(now)
        while self._recent[0] <= now - 1:
            self._recent.popleft()
        return len(self._recent) <= most

    def _at(self, delay_s: float, act: object) -> None:
        assert callable(act)
        self._timers = [one for one in self._timers if not one.cancelled()]
        self._timers.append(asyncio.get_running_loop().call_later(delay_s, act))

    def _ping(self) -> None:
        self.sender.ping(str(self.venue.now_ns() // 1_000_000).encode())
        if self._awaited is None:
            self._awaited = asyncio.get_running_loop().call_later(self.terms.pong_s, self.sender.cut)
        self._timers = [one for one in self._timers if one.when() > asyncio.get_running_loop().time()]
        self._at(self.terms.ping_s, self._ping)

    def end(self, code: int, reason: bytes) -> None:
        """Close the connection, with a reason."""
        self._closing = asyncio.ensure_future(self._close(code, reason))

    async def _close(self, code: int, reason: bytes) -> None:
        """Say nothing more, and close."""
        self.on_end()
        await self.connection.close(code=code, message=reason)

    def on_open(self) -> None:
        """Begin."""

    def on_text(self, text: str | bytes) -> None:
        """Take a message."""

    def on_end(self) -> None:
        """Forget the connection; may be called twice."""

    def warn(self) -> None:
        """Tell that the server is about to end the connection."""
