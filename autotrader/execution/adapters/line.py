"""A socket read ahead, in the form that websocket-client takes for a socket: it parses only frames that have come whole.

The library makes three system calls for a frame and waits inside one that is half there; here all that has come is taken at
once, and whether a whole frame lies ready, and how large it says it is, is seen before the library is asked for it.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from typing import Final

from autotrader.execution.adapters.dial import WireFailed, shut_down

__all__ = ["Line", "frame_size"]

_CHUNK: Final = 65_536
_SEND_S: Final = 2.0
_WOULD_BLOCK: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def frame_size(data: bytes | bytearray) -> int | None:
    """Return how many bytes the first frame has with its head, or None while that cannot be told (RFC 6455, 5.2)."""
    if len(data) < 2:
        return None
    length, at = data[1] & 0x7F, 2
    if length >= 126:
        at = 4 if length == 126 else 10
        if len(data) < at:
            return None
        length = int.from_bytes(data[2:at], "big")
    return at + (4 if data[1] & 0x80 else 0) + length


class Line:
    """One thread reads, any may send: TLS does not bear two at once, so each touch of the socket is under a lock, no wait is.

    ``deadline`` (machine's monotonic seconds) limits ``recv``. Raises WireFailed TIMEOUT, or CLOSED.
    """

    def __init__(self, sock: socket.socket, frame_cap: int) -> None:
        sock.setblocking(False)
        self._sock, self._cap = sock, frame_cap
        self._lock = threading.Lock()
        self._data = bytearray()
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)
        self.deadline = 0.0

    # ------------------------------------------------------------ for the reader

    def has_frame(self) -> bool:
        """Say whether a whole frame lies ready; raises WireFailed TOO_LARGE for one that never may."""
        size = frame_size(self._data)
        if size is not None and size > self._cap:
            raise WireFailed("TOO_LARGE", f"a frame of {size} bytes, and {self._cap} are the most")
        return size is not None and size <= len(self._data)

    def fill(self, timeout_s: float) -> bool:
        """Take what has come, waiting up to ``timeout_s`` seconds for it; False when nothing did."""
        taken = self._take()
        if not taken and timeout_s > 0 and self._readable.poll(timeout_s * 1000):
            taken = self._take()
        return taken

    def _take(self) -> bool:
        try:
            with self._lock:
                data = self._sock.recv(_CHUNK)
        except _WOULD_BLOCK:
            return False
        except (OSError, ValueError) as error:
            raise WireFailed("CLOSED", f"the connection broke: {error}") from error
        if not data:
            raise WireFailed("CLOSED", "the venue cut the connection")
        self._data += data
        return True

    def shut(self) -> None:
        """Wake and end the reader; any thread. Raises OSError when it is over already."""
        shut_down(self._sock)

    # ------------------------------------------------------------ what websocket-client asks of a socket

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, waiting for the first one until the deadline."""
        while not self._data:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise WireFailed("TIMEOUT", "no answer in time")
            self.fill(left)
        data = bytes(self._data[:size])
        del self._data[:size]
        return data

    def send(self, data: bytes) -> int:
        """Hand bytes over and return how many were taken; a peer that takes none for 2 s is given up."""
        give_up = time.monotonic() + _SEND_S
        while True:
            try:
                with self._lock:
                    return self._sock.send(data)
            except _WOULD_BLOCK:
                left = give_up - time.monotonic()
                if left <= 0:
                    raise WireFailed("TIMEOUT", "the venue takes no bytes") from None
                self._wait_to_write(left)
            except (OSError, ValueError) as error:
                raise WireFailed("CLOSED", f"the connection broke: {error}") from error

    def _wait_to_write(self, timeout_s: float) -> None:
        writable = select.poll()
        writable.register(self._sock, select.POLLOUT)
        writable.poll(min(timeout_s, 0.1) * 1000)

    def gettimeout(self) -> float:
        """Return what the library takes for a blocking socket."""
        return _SEND_S

    def settimeout(self, _: float | None) -> None:
        """Keep our own limits."""

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._sock.fileno()

    def shutdown(self, _: int) -> None:
        """End the connection as the library does."""
        self.shut()

    def close(self) -> None:
        """Close the socket; by the thread that reads."""
        with self._lock:
            self._sock.close()
