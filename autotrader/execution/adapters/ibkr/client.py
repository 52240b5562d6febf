"""One connection to TWS through ibapi, used once: a client object of its own, and the thread that connects and calls back.

Closed here (ibkr.md section 3): a loop that dies unseen (6, 7), ``disconnect`` from another thread (9, 10: never called, the
line is shut instead and the loop ends by itself), a queue that outlives its connection (11: a new client each time), requests
that fail by a callback in the caller's thread or not at all (12, 13: they are put into bytes first), messages that are
dropped with a log line (14: they are found by the callback that did not come).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from loguru import logger

from autotrader.errors import EncodeError
from autotrader.execution.adapters.ibkr.encode import call
from autotrader.execution.adapters.ibkr.library import Library
from autotrader.execution.adapters.ibkr.messages import ErrorKind, FrameLost, LinkClosed, LinkOpened, Request
from autotrader.execution.adapters.ibkr.outlet import Outlet
from autotrader.execution.adapters.ibkr.socket_line import FrameReader, NotConnected, SocketLine
from autotrader.execution.adapters.ibkr.times import zone_in
from autotrader.execution.adapters.ibkr.wrapper import Ear, make_wrapper

__all__ = ["TwsClient"]

_OURS: Final = frozenset({1, 2, 3, 4, 5, 6, 9, 10, 11, 15, 49, 52, 53, 54, 55, 57, 58, 59, 61, 62, 63, 64, 100, 101, 102})
"""Ids of the messages that we read; one of these without a callback was dropped by ibapi."""
_RAW_LIMIT: Final = 4_000
_VERSIONS: Final = (100, 10_000)


class Payloads(queue.Queue[bytes]):
    """The client's queue; it remembers the payload at hand, and lets no bytes through that ibapi would die of."""

    def __init__(self) -> None:
        super().__init__()
        self.at_hand = b""

    def put(self, item: bytes, block: bool = True, timeout: float | None = None) -> None:
        """Take a payload; text of another encoding, from a localised TWS, keeps what can be read of it."""
        try:
            item.decode()
        except UnicodeDecodeError:
            item = item.decode("utf-8", "replace").encode("ascii", "replace")
        super().put(item, block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> bytes:
        """Hand out a payload."""
        self.at_hand = super().get(block, timeout)
        return self.at_hand


class _Hooks:
    """Put before ibapi's EClient: its own two hooks, called after each message and when none came for 0.2 s."""

    on_message: Callable[[], None]
    on_quiet: Callable[[], None]

    def msgLoopRec(self) -> None:  # noqa: N802
        """Count what came of the message."""
        self.on_message()

    def msgLoopTmo(self) -> None:  # noqa: N802
        """Note that nothing came."""
        self.on_quiet()


class TwsClient:
    """See the module. ``start`` begins; ``frame_of`` and ``write`` are for the link's thread, ``shut`` for any.

    ``on_end()`` is called last, in the connection's thread, once ``LinkClosed`` was told. Frames that could not be read are
    counted in ``frames_lost``.
    """

    def __init__(
        self, library: Library, outlet: Outlet, *, host: str, port: int, client_id: int, connect_s: float, max_version: int,
        codes: Mapping[int, ErrorKind], now_ns: Callable[[], int], on_end: Callable[[], None],
    ) -> None:  # fmt: skip
        self._library, self.outlet, self._now_ns, self._on_end = library, outlet, now_ns, on_end
        self._address = (host, port, client_id)
        self.frames_lost = 0
        self.last_heard_ns = 0
        self._highest = min(library.versions[1], max_version) if max_version else library.versions[1]
        self._heard = self._seen = 0
        self.ear = Ear(outlet, now_ns, codes, on_lost=self._lose, on_misread=self._misread)
        self.line: Any = _line(library, host, port, connect_s)
        self._queue = Payloads()
        self._api: Any = self._make_api(library, max_version)
        self.server_version = 0
        self.connection_time = ""
        name = f"tws {host}:{port} client {client_id} #{outlet.number}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    # ------------------------------------------------------------ any thread

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def shut(self, why: str) -> None:
        """End the connection; returns at once, its thread tells ``LinkClosed`` when it comes out."""
        self.line.shut(why)

    def greeting(self, accounts: tuple[str, ...], next_id: int) -> LinkOpened:
        """Return what is told first, once both are known."""
        return LinkOpened(
            self._now_ns(), self.outlet.number, self.server_version, accounts, next_id, self._library.name, self.connection_time
        )

    def join(self, timeout_s: float = 1.0) -> bool:
        """Wait for its thread's end, from outside of it; say whether it came."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_ended(self) -> bool:
        """Whether its thread is over."""
        return self._thread.ident is not None and not self._thread.is_alive()

    # ------------------------------------------------------------ the link's thread

    def frame_of(self, request: Request) -> bytes:
        """Return a request as bytes; raises EncodeError, and NotConnected when the connection went away over it."""
        captured: list[bytes] = []
        self.ear.complaints.clear()
        self.line.captured = captured
        try:
            call(self._library, self._api, request)
        except EncodeError:
            raise
        except Exception as error:  # noqa: BLE001  whatever ibapi makes of a lost connection or a bad field
            if not self.line.isConnected():
                raise NotConnected(self.line.why) from error
            raise EncodeError(f"{type(request).__name__}: {type(error).__name__}: {error}") from error
        finally:
            self.line.captured = None
        return self._captured(request, captured)

    def _captured(self, request: Request, captured: list[bytes]) -> bytes:
        if self.ear.complaints:
            if not self.line.isConnected():
                raise NotConnected(self.line.why)
            code, text = self.ear.complaints[0]
            raise EncodeError(f"{type(request).__name__}: ibapi says {code}: {text}")
        if len(captured) != 1:
            raise EncodeError(f"{type(request).__name__} became {len(captured)} messages")
        return captured[0]

    def write(self, frame: bytes) -> None:
        """Write it whole; NotConnected when nothing was written, another OSError when part may be."""
        self.line.write(frame)

    # ------------------------------------------------------------ the connection's thread

    def _run(self) -> None:
        why = ""
        self.ear.own_thread = threading.get_ident()
        try:
            if self._connect():
                self._listen()
        except BaseException as error:  # noqa: BLE001  top of the thread: it reports
            why = f"{type(error).__name__}: {error}"[:500]
            logger.warning("connecting to TWS failed: {}", why)
        finally:
            self._end(why)

    def _listen(self) -> None:
        """Run the library's loop to its end; what it dies of is a message that could not be read."""
        try:
            self._api.run()
        except Exception as error:  # noqa: BLE001  whatever its decoder raises
            self._lose(f"{type(error).__name__}: {error}"[:500])

    def _connect(self) -> bool:
        self._api.connect(*self._address)
        if not self.line.isConnected():
            return False
        version = self._api.serverVersion() or 0
        if not _VERSIONS[0] <= version <= self._highest:
            self.line.shut(f"server version {version}: not one of {_VERSIONS[0]} to {self._highest} that were offered")
            return False
        self.server_version = version
        self.connection_time = _words(self._api.twsConnectionTime())
        self.ear.login_zone = zone_in(self.connection_time)
        return True

    def _end(self, why: str) -> None:
        self.line.shut(why or "closed")
        self.line.disconnect()
        reason = self.line.why or why or "closed"
        if self.outlet.last_code:
            reason += f" ({self.outlet.last_code}: {self.outlet.last_text})"
        self.outlet.close(LinkClosed(self._now_ns(), self.outlet.number, reason, self.outlet.last_code))
        self._on_end()

    def _on_message(self) -> None:
        """After each message: was there a callback, and is this the time to tell."""
        self._note_heard()
        if self.ear.seen == self._seen and _id_of(self._queue.at_hand) in _OURS:
            self._lose("ibapi dropped it: its number of fields is not the one of this version")
        self._seen = self.ear.seen
        if self._queue.empty():
            self.outlet.flush()
        if self.outlet.is_closed:
            self.line.shut("nobody listens")

    def _on_quiet(self) -> None:
        self._note_heard()
        self.outlet.flush()
        if not self.outlet.is_heard():
            self.line.shut("another incarnation speaks for the link")

    def _note_heard(self) -> None:
        if self.line.received != self._heard:
            self._heard, self.last_heard_ns = self.line.received, self._now_ns()

    def _misread(self, reason: str) -> None:
        """Lose a message that ibapi complains of; one of a kind that we do not read is nothing to us."""
        if _id_of(self._queue.at_hand) in _OURS:
            self._lose(reason)

    def _lose(self, reason: str) -> None:
        """Tell of a message that could not be read, and end the connection: the books have to be asked anew."""
        self.frames_lost += 1
        raw = self._queue.at_hand[:_RAW_LIMIT]
        logger.bind(raw=raw).error("a message of TWS could not be read: {}", reason)
        self.outlet.add(FrameLost(self._now_ns(), raw, reason))
        self.line.shut(f"a message could not be read: {reason}")

    def _make_api(self, library: Library, max_version: int) -> Any:
        space = {"connect": library.connect_with(lambda *_: self.line, FrameReader, max_version)}
        api = type("TwsApi", (_Hooks, library.client), space)(make_wrapper(library.wrapper, self.ear))
        api.msg_queue = self._queue
        api.on_message, api.on_quiet = self._on_message, self._on_quiet
        return api


def _line(library: Library, host: str, port: int, connect_s: float) -> Any:
    """Return our line as a subclass of ibapi's own Connection."""
    line = type("TwsConnection", (SocketLine, library.connection), {})(host, port)
    line.CONNECT_S = connect_s
    return line


def _id_of(payload: bytes) -> int:
    head = payload.split(b"\0", 1)[0]
    return int(head) if head.isdigit() and len(head) < 6 else 0


def _words(given: Any) -> str:
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given or "")
