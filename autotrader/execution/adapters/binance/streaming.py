"""The part of the broker that listens: connections of the user stream, subscribed, watched, and replaced before they grow old.

Source: binance.md sections 5 and 10. While the session is being made events are kept back; they follow the books.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Final, Protocol

from autotrader.actors import handles
from autotrader.execution.adapters.binance.calling import CallingBroker
from autotrader.execution.adapters.binance.codec import (
    Answer,
    StreamEnded,
    UnreadableFrame,
    UserFrame,
    VenueClosing,
    decode_user_frame,
    frame_unreadable,
    subscribe_user_data,
)
from autotrader.execution.adapters.binance.user_lines import Fate, UserLines
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened

__all__ = ["Memory", "StreamingBroker", "UserStream"]

SECOND: Final = 1_000_000_000
GRACE_NS: Final = 5 * SECOND
GOOD: Final = 200
UNAUTHORISED: Final = 401
FORBIDDEN: Final = 403


class Memory:
    """What outlives an incarnation of the broker within one run; one thread at a time.

    ``heard_ns``: when the venue was heard last, so that a successor marks the gap. ``ends``: which orders the adapter has to
    end, by our id: when, and by which time in force.
    """

    def __init__(self) -> None:
        self.heard_ns = 0
        self.ends: dict[str, tuple[int, str]] = {}


class UserStream(Protocol):
    """One connection of the WebSocket API, read by a thread of its own that tells ``StreamOpened`` and what follows."""

    @property
    def last_heard_ns(self) -> int:
        """Return when anything came, pings too, in the engine's ns; 0 for never."""

    def send(self, text: str) -> bool:
        """Send a frame; False when the connection is not open, or broke over it. Any thread."""

    def close(self) -> None:
        """End it, without waiting."""

    def join(self, timeout_s: float = 1.0) -> bool:
        """Wait for its thread's end; say whether it came."""


class StreamingBroker(CallingBroker):
    """``open_stream(number)`` begins a connection of the user stream; ``memory`` is the run's."""

    def __init__(
        self, *args: Any, open_stream: Callable[[int], UserStream], memory: Memory | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.memory = memory or Memory()
        self._open_stream = open_stream
        self._signer = self.settings.make_signer()
        self._streams: dict[int, UserStream] = {}
        self._lines = UserLines(round(self.settings.renew_h * 3600 * SECOND))
        self._opened: set[int] = set()
        self._kept: list[FrameReceived] = []

    def on_stop(self) -> None:
        """Close the stream, and leave no thread behind."""
        open_now = list(self._streams.values())
        self.close_streams()
        for stream in open_now:
            stream.join()
        super().on_stop()

    # ------------------------------------------------------------ what the session says

    @property
    @abstractmethod
    def may_subscribe(self) -> bool:
        """Say whether the venue's clock is known: a subscription is stamped by it."""

    @property
    @abstractmethod
    def keeps_events(self) -> bool:
        """Say whether events have to wait for the books."""

    @abstractmethod
    def on_subscribed(self) -> None:
        """Go on: events come from now on."""

    @abstractmethod
    def go_down(self, reason: str, *, lasting: bool = False, at_once: bool = False) -> None:
        """Let the link go, mark the gap, and say when to try again."""

    @property
    def is_subscribed(self) -> bool:
        """Say whether a connection counts."""
        return self._lines.current is not None

    # ------------------------------------------------------------ the stream

    def connect_stream(self) -> None:
        """Begin a connection, beside the one that counts if there is one."""
        number = self._lines.begin(self.wall.monotonic_ns())
        self._streams[number] = self._open_stream(number)

    def close_streams(self) -> None:
        """End all connections."""
        self._lines.give_up()
        for number in list(self._streams):
            self._close_stream(number)

    def _close_stream(self, number: int) -> None:
        self._opened.discard(number)
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.close()

    def subscribe_opened(self) -> None:
        """Subscribe on what was opened before that could be done."""
        for number in self._opened:
            self._subscribe(number)

    def release_kept(self) -> None:
        """Take the events that were kept back."""
        kept, self._kept = self._kept, []
        for frame in kept:
            self._take(frame)

    @handles(StreamOpened)
    def _on_stream_opened(self, opened: StreamOpened) -> None:
        if opened.number in self._streams:
            self._opened.add(opened.number)
            if self.may_subscribe:
                self._subscribe(opened.number)

    def _subscribe(self, number: int) -> None:
        if number != self._lines.coming:
            return
        timestamp_ms = (self.wall.now_ns() + (self.offset_ns or 0)) // 1_000_000
        frame = subscribe_user_data(
            f"user-{number}", self.settings.api_key.reveal(), self._signer, timestamp_ms, self.settings.recv_window_ms
        )
        if not self._streams[number].send(frame):
            self.log.bind(venue=self.venue).warning("the user stream took no subscription: it is not open any more")

    @handles(FrameReceived)
    def _on_frame(self, frame: FrameReceived) -> None:
        if frame.number not in self._streams:
            return
        if not self.keeps_events or b'"id"' in frame.data[:64]:
            self._take(frame)
        else:
            self._kept.append(frame)

    def _take(self, frame: FrameReceived) -> None:
        try:
            told = decode_user_frame(frame.data, self.codec, frame.recv_ns)
        except UnreadableFrame as error:
            self.told.append(frame_unreadable(error, self.venue, frame.recv_ns))
            return
        self.last_heard_ns = self.memory.heard_ns = max(self.last_heard_ns, frame.recv_ns)
        if isinstance(told, Answer):
            self._on_answer(told, frame.number)
        elif isinstance(told, StreamEnded):
            self._on_stream_ended(frame.number)
        elif isinstance(told, VenueClosing):
            self._lines.hurry()
            self.log.bind(venue=self.venue).info("the venue closes this connection soon: another one is opened")
            self._renew()
        else:
            self.take_event(told)

    @abstractmethod
    def take_event(self, event: UserFrame) -> None:
        """Take an event of the user stream."""

    def _on_answer(self, answer: Answer, number: int) -> None:
        self.note_usage(answer.usage)
        if answer.id is None and answer.status == UNAUTHORISED:
            text = "" if answer.error is None else f"{answer.error.code}: {answer.error.msg}"
            return self.go_down(f"the key was revoked ({text}): give another one", lasting=True)
        if answer.id != f"user-{number}":
            return None
        if answer.status != GOOD or answer.error is not None:
            return self._on_refused(answer, number)
        old = self._lines.subscribed(number, self.wall.monotonic_ns())
        if old is not None:
            self._close_stream(old)
            self.log.bind(venue=self.venue).info("the user stream goes on by a fresh connection")
        self.on_subscribed()
        return None

    def _on_refused(self, answer: Answer, number: int) -> None:
        text = f"status {answer.status}" if answer.error is None else f"{answer.error.code}: {answer.error.msg}"
        lasting = answer.status in (UNAUTHORISED, FORBIDDEN)
        if self._lines.is_renewing and number == self._lines.coming:
            self._lines.closed(number, self.wall.monotonic_ns())
            self._close_stream(number)
            self.log.bind(venue=self.venue).warning("the fresh connection got no user stream: {}", text)
        else:
            self.go_down(f"the user stream was refused: {text}", lasting=lasting)

    def _on_stream_ended(self, number: int) -> None:
        if number == self._lines.current:
            self.go_down("the venue ended the user stream", at_once=True)

    @handles(StreamClosed)
    def _on_stream_closed(self, closed: StreamClosed) -> None:
        if closed.number not in self._streams:
            return
        self._close_stream(closed.number)
        fate = self._lines.closed(closed.number, self.wall.monotonic_ns())
        if fate is Fate.COUNTED or (fate is Fate.COMING and self._lines.current is None):
            self.go_down(f"the user stream was lost: {closed.reason}", at_once=fate is Fate.COUNTED)

    def _renew(self) -> None:
        if self._lines.is_renewal_due(self.wall.monotonic_ns()):
            self.connect_stream()

    def watch_stream(self, now_ns: int) -> None:
        """Look for silence, for what takes too long, and for a connection that has grown old."""
        current, coming = self._lines.current, self._lines.coming
        if current is not None and self._is_silent(self._streams[current].last_heard_ns):
            self.go_down(f"the user stream has been silent for over {self.settings.silence_s:g} s", at_once=True)
        elif coming is not None and self._lines.is_late(now_ns):
            self._lines.closed(coming, now_ns)
            self._close_stream(coming)
            if current is None:
                self.go_down("the user stream could not be opened in time")
        else:
            self._renew()

    def _is_silent(self, heard_ns: int) -> bool:
        """Say whether a reader that should have ended a mute connection by itself did not."""
        silence_ns = round(self.settings.silence_s * SECOND) + GRACE_NS
        return bool(heard_ns) and self.clock.now_ns() - heard_ns > silence_ns
