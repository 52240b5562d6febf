"""One WebSocket connection and the thread that reads it: stamps raw frames, tells them on, and does nothing else.

websocket-client shakes hands, checks frames and answers pings. What it cannot do is done here: a limit on connecting, silence
that is noticed, frames that are not too large, and a last word however it ends. Source: binance.md sections 10 and 11.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any, Final, Protocol, cast

from loguru import logger
from websocket import ABNF, WebSocket, WebSocketBadStatusException, WebSocketException, create_connection

from autotrader.clock import Clock
from autotrader.errors import Unavailable
from autotrader.execution.adapters.dial import WireFailed, dial, endpoint_of, shut_down
from autotrader.execution.adapters.line import Line
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened
from autotrader.messages import Message

__all__ = ["StreamReader", "Teller"]

FRAME_CAP: Final = 4 << 20
MOST_AT_ONCE: Final = 64
_LOOK_S: Final = 1.0
_PART_BYTES: Final = 64  # what an empty fragment weighs in memory
_TEXT, _BINARY, _MORE = ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY, ABNF.OPCODE_CONT


class Teller(Protocol):
    """A handle, or one on a single incarnation: the latter is what a broker gives, so that its successor hears nothing old."""

    def tell(self, message: Any, /) -> bool | None:
        """Take a message or a list; False or Unavailable when nobody is there."""


class StreamReader:
    """Connection ``number`` of ``stream``; it is not made anew, a broker makes another reader.

    ``url`` as ``endpoint_of`` takes it (ConfigError). Told: ``StreamOpened``, lists of ``FrameReceived`` in their order, and in
    every case ``StreamClosed`` last. Nothing for ``silence_s``, pings counted, ends it; so does a teller that nobody is behind.
    ``last_heard_ns`` is when the last frame came, on the engine's clock.
    """

    def __init__(
        self, stream: str, number: int, url: str, teller: Teller, clock: Clock, *, silence_s: float = 60.0,
        connect_s: float = 5.0, frame_cap: int = FRAME_CAP, tls: ssl.SSLContext | None = None,
    ) -> None:
        self.stream, self.number = stream, number
        self.last_heard_ns = 0
        self._url, self._endpoint = url, endpoint_of(url)
        self._teller, self._clock, self._tls = teller, clock, tls
        self._silence_s, self._connect_s, self._frame_cap = silence_s, connect_s, frame_cap
        self._closing = False
        self._held: socket.socket | None = None
        self._line: Line | None = None
        self._web: WebSocket | None = None
        self._heard = 0.0
        self._parts: list[bytes] = []
        self._size = 0
        self._thread = threading.Thread(target=self._run, name=f"stream {stream}#{number}", daemon=True)

    # ------------------------------------------------------------ any thread

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether frames can be sent."""
        return self._web is not None and not self._closing

    def send(self, text: str) -> bool:
        """Send a text frame; False when the connection is not open or breaks over it, which ``StreamClosed`` then says."""
        web = self._web
        if web is None or self._closing:
            return False
        try:
            web.send(text)
        except (WireFailed, WebSocketException, OSError):
            self._shut()  # part of a frame may be out: nothing after it would be understood
            return False
        return True

    def close(self) -> None:
        """End it, connecting or connected; returns at once, ``StreamClosed`` follows."""
        self._closing = True
        self._shut()

    def join(self, timeout_s: float = 1.0) -> bool:
        """Wait for the thread's end, from outside of it and of handlers; say whether it came."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _shut(self) -> None:
        held = self._held
        if held is not None:
            with suppress(OSError):
                shut_down(held)

    # ------------------------------------------------------------ the reader's thread

    def _run(self) -> None:
        reason = "the reader ended"
        try:
            self._connect()
            self._tell(StreamOpened(self.stream, self.number))
            while True:
                self._read()
        except WireFailed as failed:
            reason = "closed by us" if self._closing else str(failed)
        except WebSocketException as error:
            reason = f"not what a WebSocket may say: {str(error)[:200]}"
        except Unavailable:
            reason = "nobody listens"
        except BaseException as error:  # noqa: BLE001  top of the thread: it reports
            reason = f"the reader crashed: {type(error).__name__}: {error}"
            logger.bind(stream=self.stream).error(reason)
        finally:
            self._end(reason)

    def _end(self, reason: str) -> None:
        self._web = None
        for one in (self._line, self._held):
            if one is not None:
                with suppress(OSError):
                    one.close()
        with suppress(Unavailable):
            self._teller.tell(StreamClosed(self.stream, self.number, reason))

    def _connect(self) -> None:
        began = time.monotonic()
        sock = dial(
            self._endpoint, self._connect_s, tls=self._tls, hold=self._hold, is_wanted=lambda: not self._closing
        )
        self._line = Line(sock, self._frame_cap)
        self._line.deadline = began + self._connect_s
        try:
            self._web = create_connection(
                self._url, timeout=self._connect_s, socket=self._line, suppress_origin=True, skip_utf8_validation=True,
                enable_multithread=True, fire_cont_frame=True, redirect_limit=0,
            )
        except WebSocketBadStatusException as error:
            raise WireFailed("HANDSHAKE", f"the handshake was answered by HTTP {error.status_code}") from error
        self._heard = time.monotonic()
        self.last_heard_ns = self._clock.now_ns()

    def _hold(self, sock: socket.socket) -> None:
        self._held = sock
        if self._closing:
            raise WireFailed("CLOSED", "closed by us")

    def _read(self) -> None:
        """Wait for a frame, take up to 64 that have come with it, and tell them as one."""
        line = self._line
        assert line is not None  # noqa: S101
        frames: list[FrameReceived] = []
        failed: WireFailed | WebSocketException | None = None
        try:
            while len(frames) < MOST_AT_ONCE:
                if line.has_frame():
                    frames += self._take()
                elif not line.fill(0.0 if frames else min(_LOOK_S, self._patience_s())):
                    if frames:
                        break
                    self._patience_s()
        except (WireFailed, WebSocketException) as error:
            failed = error  # what came before it is told first
        if frames:
            self._tell(frames)
        if failed is not None:
            raise failed

    def _patience_s(self) -> float:
        left = self._heard + self._silence_s - time.monotonic()
        if self._closing or left <= 0:
            raise WireFailed("SILENT", f"silent for {self._silence_s:g} s")
        return left

    def _take(self) -> list[FrameReceived]:
        """Take the frame that lies ready; a ping has been answered when this returns."""
        assert self._web is not None  # noqa: S101
        opcode, frame = self._web.recv_data_frame(control_frame=True)
        self._heard = time.monotonic()
        self.last_heard_ns = self._clock.now_ns()
        if opcode in (_TEXT, _BINARY, _MORE):
            return self._whole(frame)
        if opcode == ABNF.OPCODE_CLOSE:
            raise WireFailed("CLOSED", _farewell(frame.data))
        return []

    def _whole(self, frame: ABNF) -> list[FrameReceived]:
        data = cast(bytes, frame.data)
        if not frame.fin or self._parts:
            self._parts.append(data)
            self._size += len(data) + _PART_BYTES
            if self._size > self._frame_cap:
                raise WireFailed("TOO_LARGE", f"a message of more than {self._frame_cap} bytes")
            if not frame.fin:
                return []
            data, self._parts, self._size = b"".join(self._parts), [], 0
        return [FrameReceived(self.stream, self.number, data, self.last_heard_ns)]

    def _tell(self, message: Message | list[FrameReceived]) -> None:
        if self._teller.tell(message) is False:
            raise Unavailable("the incarnation that listened is gone")


def _farewell(data: bytes) -> str:
    if len(data) < 2:
        return "the venue said good-bye"
    words = data[2:].decode("utf-8", "replace")[:100]
    return f"the venue said good-bye: {int.from_bytes(data[:2], 'big')} {words}".rstrip()
