"""The socket under ibapi: what its own Connection loses, splits, half-writes or waits for without end, done right.

Closed here (ibkr.md section 3): a burst of n times 4,096 bytes that is thrown away (1), short writes (2), a connect without a
limit (3), a handshake reply that comes in pieces or not alone (5), a socket whose close wakes nobody. ``SocketLine`` is put
before ibapi's Connection in a class of ours; it gives its reader whole frames only.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any, Final

from loguru import logger

from autotrader.errors import DecodeError
from autotrader.execution.adapters.ibkr.frames import FrameBuffer

__all__ = ["FrameReader", "SocketLine"]

_CHUNK: Final = 1 << 16
_TICK_S: Final = 1.0
"""How long one receive or one write may take; a receive is just tried again."""


class SocketLine:
    """See the module. ``why`` says what ended it. Reads in the reader's thread, writes in the link's, ``shut`` in any."""

    CONNECT_S = 10.0

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.socket: socket.socket | None = None
        self.wrapper: Any = None
        self.lock = threading.Lock()
        self.captured: list[bytes] | None = None
        self.why = ""
        self.received = 0
        self.is_handshaking = True
        self._is_shut = False
        self._buffer = FrameBuffer()

    # ------------------------------------------------------------ what ibapi calls

    def connect(self) -> None:
        """Connect within ``CONNECT_S`` seconds; raises OSError, which ibapi turns into error 502."""
        try:
            sock = socket.create_connection((self.host, self.port), self.CONNECT_S)
        except OSError as error:
            self.why = self.why or f"cannot connect to {self.host}:{self.port}: {error}"
            raise
        sock.settimeout(_TICK_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        if self._is_shut:
            self.disconnect()
            raise ConnectionAbortedError(self.why)

    def isConnected(self) -> bool:  # noqa: N802
        """Say whether there is a socket."""
        return self.socket is not None

    def disconnect(self) -> None:
        """Close the socket and wake who reads or writes; calls nobody back."""
        self.shut(self.why or "closed")
        with self.lock:
            sock, self.socket = self.socket, None
        if sock is not None:
            sock.close()

    def sendMsg(self, data: bytes) -> int:  # noqa: N802
        """Write all of it, or keep it where a request is only put into bytes. Raises OSError."""
        if self.captured is not None:
            self.captured.append(data)
        else:
            self.write(data)
        return len(data)

    def recvMsg(self) -> bytes:  # noqa: N802
        """Return whole frames with their lengths, in the handshake one alone; b"" for none yet or the end."""
        frames = self.frames(most=1 if self.is_handshaking else 0)
        return b"".join(len(one).to_bytes(4, "big") + one for one in frames)

    _recvAllMsg = recvMsg  # noqa: N815  ibapi's name

    # ------------------------------------------------------------ ours

    def write(self, data: bytes) -> None:
        """Write all of it; after an OSError, part may be out and the line is of no use."""
        with self.lock:
            sock = self.socket
            if sock is None:
                raise NotConnected(self.why or "not connected")
            sock.sendall(data)

    def shut(self, why: str) -> None:
        """Make the line unusable at once, from any thread; whoever is inside comes out with an error."""
        self._is_shut = True
        self.why = self.why or why
        sock = self.socket
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def frames(self, most: int = 0) -> list[bytes]:
        """Return the payloads that are whole; receives once, for a second at most, when there are none. Closes at the end."""
        try:
            found = self._whole(most)
            if not found and self._receive():
                found = self._whole(most)
        except DecodeError as error:
            logger.bind(port=self.port).error("{}", error)
            self._end(str(error))
            return []
        return found

    def _whole(self, most: int) -> list[bytes]:
        """Return what is whole; what came before a length that cannot be is handed out first."""
        found: list[bytes] = []
        try:
            while (not most or len(found) < most) and (payload := self._buffer.take()) is not None:
                found.append(payload)
        except DecodeError:
            if not found:
                raise
        return found

    def _receive(self) -> bool:
        sock = self.socket
        if sock is None:
            return False
        try:
            data = sock.recv(_CHUNK)
        except TimeoutError:
            return False
        except OSError as error:
            self._end(f"the connection broke: {error}")
            return False
        if not data:
            held = self._buffer.held
            self._end("TWS closed the connection" + (f" in the middle of a message ({held} bytes)" if held else ""))
            return False
        self.received += len(data)
        self._buffer.feed(data)
        return True

    def _end(self, why: str) -> None:
        self.why = self.why or why
        self.disconnect()


class NotConnected(OSError):
    """Nothing was written: there is no socket."""


class FrameReader(threading.Thread):
    """In the place of ibapi's EReader: a daemon, which puts whole payloads into the client's queue until the line ends."""

    def __init__(self, conn: SocketLine, msg_queue: Any) -> None:
        super().__init__(name=f"tws reader {conn.host}:{conn.port}", daemon=True)
        self._line, self._queue = conn, msg_queue
        conn.is_handshaking = False

    def run(self) -> None:
        """Read until the end."""
        try:
            while self._line.isConnected():
                for payload in self._line.frames():
                    self._queue.put(payload)
        except BaseException as error:  # noqa: BLE001  top of the thread: it reports
            logger.error("the reader of TWS crashed: {!r}", error)
            self._line.shut(f"the reader crashed: {error!r}")
        finally:
            self._line.disconnect()
