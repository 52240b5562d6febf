"""One client's connection: its handshake, its frames in and out, and what it has subscribed to. The loop's thread."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

from autotrader.errors import DecodeError
from autotrader.simulator.effects import reset
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.http_reply import BYTE_S
from autotrader.simulator.ibkr.answers import Message, error
from autotrader.simulator.ibkr.frames import FrameReader, frame, payload_of, read_hello
from autotrader.simulator.ibkr.hub import Hub, Outgoing
from autotrader.simulator.ibkr.pacing import Pace
from autotrader.simulator.ibkr.subscriptions import Subscriptions
from autotrader.simulator.ibkr.times import hello_time
from autotrader.simulator.sender import Sender
from autotrader.simulator.world import SimVenue

__all__ = ["TwsSender", "TwsSession"]

LEAST_VERSION: Final = 148
PACE_API: Final = "+PACEAPI"
SPLIT_VERSION: Final = 158
"""ib_async reads openOrder of 158 as none of the others does: it is answered with the version before."""


class TwsSender(Sender):
    """Writes frames of the TWS socket."""

    def frame(self, payload: bytes) -> bytes:
        """Return a payload behind its length."""
        return frame(payload)

    def half(self, payload: bytes) -> None:
        """Send half a frame, and end the connection."""
        whole = frame(payload)
        self._put(whole[: len(whole) // 2])
        self._transport.close()

    def slowly(self, payload: bytes) -> None:
        """Send a frame a byte a second."""
        for byte in frame(payload):
            self._put(bytes((byte,)), takes_s=BYTE_S)


class TwsSession(asyncio.Protocol):
    """``client_id`` is None until the client has said who it is; ``version`` is 0 before the handshake."""

    def __init__(self, venue: SimVenue, hub: Hub, most_version: int, pace: Pace, handle: Callable[[TwsSession, bytes], None]):
        self._venue, self._hub, self._most, self._handle = venue, hub, most_version, handle
        self.pace, self.topics = pace, Subscriptions()
        self.client_id: int | None = None
        self.version = 0
        self.options = ""
        self.refused_with: str | None = None
        self._reader = FrameReader()
        self._next_turn = 0.0
        self._inbox: deque[tuple[float, bytes]] = deque()
        self.transport: asyncio.Transport | None = None
        self.sender: TwsSender | None = None

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; nothing is said before the client has spoken."""
        assert isinstance(transport, asyncio.Transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport, self.sender = transport, TwsSender(self._venue, transport)
        self._hub.connected.add(self)
        if self._venue.ban_left_s:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client; its orders stay."""
        self._hub.connected.discard(self)
        if self.client_id is not None and self._hub.sessions.get(self.client_id) is self:
            del self._hub.sessions[self.client_id]
        if self.sender is not None:
            self.sender.close()

    def abort(self) -> None:
        """Reset the connection."""
        reset(self.transport)

    def close(self) -> None:
        """End the connection once all is written."""
        if self.transport is not None:
            self.transport.close()

    # ------------------------------------------------------------ in

    def data_received(self, data: bytes) -> None:
        """Take bytes; whole frames are handled in order, half a round trip after they have come."""
        try:
            payloads = self._reader.feed(data)
        except DecodeError as problem:
            self.say(error(-1, 507, f"Bad message length: {problem}"))
            return self.close()
        for payload in payloads:
            self._queue(payload)
        return None

    @property
    def is_paced(self) -> bool:
        """Say whether the client has asked TWS to pace its messages in place of refusing them."""
        return PACE_API in self.options

    def _queue(self, payload: bytes) -> None:
        """Take a message now, or when it has travelled and, if TWS paces it, its turn has come."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        due = now + self._venue.half_trip_s
        if self.is_paced:
            due = self._next_turn = max(due, self._next_turn + 1 / self.pace.most)
        if due <= now and not self._inbox:
            return self._take(payload)
        self._inbox.append((due, payload))
        loop.call_at(due, self._pump)
        return None

    def _pump(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._inbox and self._inbox[0][0] <= now:
            self._take(self._inbox.popleft()[1])

    def _take(self, payload: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self.version:
            self._handle(self, payload)
        else:
            self._greet(payload)

    def _greet(self, payload: bytes) -> None:
        try:
            hello = read_hello(payload)
        except DecodeError:
            return self.close()
        version = min(hello.most, self._most)
        version = SPLIT_VERSION - 1 if version == SPLIT_VERSION else version
        if version < LEAST_VERSION:
            return self.close()  # one that wants more than is spoken here is told what is: its own minimum is its to check
        effects = self._venue.fault("connect") if self._venue.faults else None
        if effects is not None and not self._let_in(effects):
            return None
        answer = payload_of((version, hello_time(self._venue.now_ns())))
        self.options = hello.options
        delay_s = 0.0 if effects is None else effects.delay_s + (effects.land_after_s or 0.0)
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._welcome, version, answer)
            return None
        return self._welcome(version, answer)

    def _welcome(self, version: int, answer: bytes) -> None:
        self.version = version
        self._write(answer)

    def _let_in(self, effects: Effects) -> bool:
        """Meet a client as a ``connect`` rule says; False: it is not greeted. One that is rejected hears so when it starts."""
        how = effects.reply
        self.refused_with = effects.reject
        if effects.ban_s is not None:
            self._venue.ban(effects.ban_s)
            self.abort()
        elif how in ("reset", "cut", "empty") or effects.rate_limit is not None or (how == "normal" and not effects.land):
            self.abort()
        else:
            return how not in ("never", "slow")
        return False

    # ------------------------------------------------------------ out

    def say(self, message: Message) -> None:
        """Tell the client something that is no event of its orders."""
        self._hub.post(Outgoing(self, message))

    def send(self, outgoing: Outgoing) -> None:
        """Write a message now, as the stream rules have it."""
        if self.sender is not None and self.sender.is_open:
            payload = payload_of(outgoing.message(self.version))
            self.sender.tell(payload, outgoing.symbol, outgoing.client_order_id, of_account=outgoing.of_account)

    def _write(self, payload: bytes) -> None:
        if self.sender is not None:
            self.sender.tell(payload, of_account=False)
