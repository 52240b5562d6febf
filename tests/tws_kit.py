"""A scripted TWS on loopback, for tests of the link: shakes hands, keeps what it is sent, and says what the test wants said."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from support import eventually

__all__ = ["MAX", "Caller", "TwsServer", "frame", "tws_server"]

MAX = "1.7976931348623157E308"
Answer = Callable[["Caller", list[str]], None]


def frame(*fields: object) -> bytes:
    """Return a message as bytes on the wire; True and False go as 1 and 0."""
    words = (str(int(one)) if isinstance(one, bool) else str(one) for one in fields)
    payload = "".join(f"{word}\0" for word in words).encode()
    return struct.pack("!I", len(payload)) + payload


class Caller:
    """One connection as the server sees it; ``said`` is what the client wrote, in fields, without the handshake."""

    def __init__(self, sock: socket.socket, server: TwsServer) -> None:
        self.sock, self.server = sock, server
        self.said: list[list[str]] = []
        self.offer = ""
        self.version = 0
        self._rest = b""

    def send(self, *fields: object) -> None:
        """Send one message."""
        self.raw(frame(*fields))

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        with suppress(OSError):
            self.sock.sendall(data)

    def cut(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def wait_for(self, message_id: object, count: int = 1) -> list[list[str]]:
        """Return the messages of an id that the client wrote, once there are so many."""
        def found() -> list[list[str]]:
            return [one for one in self.said if one[0] == str(message_id)]

        eventually(lambda: len(found()) >= count)
        return found()

    def serve(self) -> None:
        """Shake hands, and hand each message to the script until the client goes."""
        try:
            if not self._greet():
                return
            while (payload := self._payload()) is not None:
                fields = payload.decode().split("\0")[:-1]
                self.said.append(fields)
                self.server.on_message(self, fields)
        except OSError:
            return
        finally:
            self.sock.close()

    def _greet(self) -> bool:
        if self._exactly(4) != b"API\0":
            return False
        offer = self._payload()
        if offer is None:
            return False
        self.offer = offer.decode()
        highest = int(self.offer.split(" ")[0].partition("..")[2])
        self.version = min(highest, self.server.version)
        self.server.on_hello(self)
        return True

    def _payload(self) -> bytes | None:
        head = self._exactly(4)
        return None if head is None else self._exactly(struct.unpack("!I", head)[0])

    def _exactly(self, size: int) -> bytes | None:
        while len(self._rest) < size:
            data = self.sock.recv(65536)
            if not data:
                return None
            self._rest += data
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


class TwsServer:
    """``on_hello(caller)`` answers the handshake, ``on_message(caller, fields)`` the rest; a test puts its own there."""

    def __init__(self, version: int = 178, accounts: str = "DU1234567", next_id: int = 1) -> None:
        self.version, self.accounts, self.next_id = version, accounts, next_id
        self.callers: list[Caller] = []
        self.on_hello: Callable[[Caller], None] = self.greet
        self.on_message: Answer = self.answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, name="tws server")]
        self._threads[0].start()

    def greet(self, caller: Caller) -> None:
        """Answer the handshake."""
        caller.send(caller.version, "20250415 19:38:30 US/Eastern")

    def answer(self, caller: Caller, fields: list[str]) -> None:
        """Log the client on, and tell the time."""
        if fields[0] == "71":
            caller.raw(frame(15, 1, self.accounts) + frame(9, 1, self.next_id) + self.error(caller, -1, 2104, "farm is OK"))
        elif fields[0] == "49":
            caller.send(49, 1, 1_700_000_000)

    def error(self, caller: Caller, number: int, code: int, text: str) -> bytes:
        """Return an error message of the caller's version."""
        extra = ("",) if caller.version >= 166 else ()
        if caller.version >= 194:
            return frame(4, number, code, text, "", 1_700_000_000_000)
        return frame(4, 2, number, code, text, *extra)

    def caller(self, number: int = 0) -> Caller:
        """Return the connection of that number, once there is one."""
        eventually(lambda: len(self.callers) > number)
        return self.callers[number]

    def close(self) -> None:
        """End all."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for caller in self.callers:
            caller.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.callers.append(Caller(sock, self))
            thread = threading.Thread(target=self.callers[-1].serve, name="tws server connection")
            self._threads.append(thread)
            thread.start()


@contextmanager
def tws_server(version: int = 178, **options: object) -> Iterator[TwsServer]:
    """Run a server for the length of a test."""
    server = TwsServer(version, **options)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.close()
