"""The sender of one WebSocket. The loop's thread."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from autotrader.simulator.http_reply import BYTE_S, reset
from autotrader.simulator.meeting import Returned
from autotrader.simulator.sender import Sender
from autotrader.simulator.world import SimVenue

__all__ = ["EventSender"]

TEXT: Final = 0x1
PING: Final = 0x9
PONG: Final = 0xA


class EventSender(Sender):
    """Writes WebSocket frames, pings and pongs among them.

    The socket must have been prepared without compression and with ``autoping=False``.
    """

    def __init__(self, venue: SimVenue, request: web.Request) -> None:
        if request.transport is None:
            raise ConnectionResetError("the peer has left")
        super().__init__(venue, request.transport)

    def frame(self, payload: bytes) -> bytes:
        """Return a frame of text."""
        return _frame(payload)

    def answer(self, returned: Returned) -> None:
        """Send the answer to a request that came on this socket, the way it is to travel; latency is behind it."""
        body = returned.answer.body
        match returned.how:
            case "normal":
                self._put(_frame(body))
            case "empty":
                self._put(_frame(b""))
            case "reset":
                reset(self._transport)
            case "cut":
                frame = _frame(body)
                self._put(frame[: len(frame) // 2])
                self._transport.close()
            case "slow":
                for byte in _frame(body):
                    self._put(bytes((byte,)), takes_s=BYTE_S)

    def ping(self, data: bytes = b"") -> None:
        """Ask whether the peer is there."""
        self._put(_frame(data, PING))

    def pong(self, data: bytes = b"") -> None:
        """Answer the peer's ping."""
        self._put(_frame(data, PONG))


def _frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a whole WebSocket frame as a server sends it (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload
