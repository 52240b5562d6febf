"""The part of the broker that connects: clock, account, rules, user stream, books, in the order of the hand-over list.

Source: safety.md section 4 (points 3 to 8) and binance.md sections 5 and 10.3. The stream is subscribed first and its events
are kept back; then the books are read and handed over; then the events follow. Whatever breaks in between starts it all anew,
after a pause. A stream that was ever cut is a gap, and a gap is closed by nothing but such a hand-over.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

from autotrader.actors import handles
from autotrader.actors.ticker import TickToken
from autotrader.execution.adapters.binance.budgets import budgets_of
from autotrader.execution.adapters.binance.calling import CallingBroker, Trouble
from autotrader.execution.adapters.binance.codec import (
    Answer,
    ErrorClass,
    Outcome,
    StreamEnded,
    UnreadableFrame,
    UserFrame,
    VenueClosing,
    decode_user_frame,
    frame_unreadable,
    subscribe_user_data,
)
from autotrader.execution.adapters.binance.config import BinanceSettings
from autotrader.execution.adapters.binance.errands import Errand, ErrandFailed
from autotrader.execution.adapters.binance.greeting import Greeting, introduce, measure_clock
from autotrader.execution.adapters.binance.reading import Books, Scope, read_books
from autotrader.execution.adapters.binance.registry import Registry
from autotrader.execution.adapters.binance.user_lines import Fate, UserLines
from autotrader.execution.adapters.wire import FrameReceived, StreamClosed, StreamOpened
from autotrader.messages import AccountConfirmed, BudgetsListed, InstrumentsListed, Message
from autotrader.model import LinkState

_T = TypeVar("_T")

__all__ = ["Memory", "PulseDue", "SessionBroker", "Stage", "UserStream"]

SECOND: Final = 1_000_000_000
PULSE_S: Final = 0.25
OVERLAP_NS: Final = 600 * SECOND
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 15.0
RULES_EVERY_NS: Final = 1_800 * SECOND
LASTING_PAUSE_S: Final = 60.0
GRACE_NS: Final = 5 * SECOND
UNAUTHORISED: Final = 401
GOOD: Final = 200


class PulseDue(Message, frozen=True):
    """The broker's second hand: what waits too long, what is silent, what is due."""


class UserStream(Protocol):
    """One connection of the WebSocket API, read by a thread of its own that tells ``StreamOpened`` and what follows."""

    @property
    def last_heard_ns(self) -> int:
        """Return when anything came, pings too, in the engine's ns; 0 for never."""

    def send(self, text: str) -> bool:
        """Send a frame; False when the connection is not open, or broke over it. Any thread."""

    def close(self) -> None:
        """End it, without waiting."""


class Stage(Enum):
    """How far the hand-over is."""

    WAITING = "waiting to try again"
    GREETING = "asking for clock, account and rules"
    LISTENING = "subscribing to the user stream"
    READING = "reading the books"
    HERE = "handed over"


class Memory:
    """What outlives an incarnation of the broker within one run; one thread at a time.

    ``heard_ns``: when the venue was heard last, so that a successor marks the gap. ``ends``: which orders the adapter has to
    end, by our id: when, and by which time in force.
    """

    def __init__(self) -> None:
        self.heard_ns = 0
        self.ends: dict[str, tuple[int, str]] = {}


class SessionBroker(CallingBroker):
    """``open_stream(number)`` begins a connection of the user stream; ``memory`` is the run's."""

    def __init__(
        self, *args: Any, open_stream: Callable[[int], UserStream], memory: Memory | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.memory = memory or Memory()
        settings: BinanceSettings = self.settings
        self.registry = Registry()
        self.greeting: Greeting | None = None
        self.stage = Stage.WAITING
        self._open_stream = open_stream
        self._signer = settings.make_signer()
        self._streams: dict[int, UserStream] = {}
        self._lines = UserLines(round(settings.renew_h * 3600 * SECOND))
        self._opened: set[int] = set()
        self._kept: list[FrameReceived] = []
        self._at_hand = self._clocked = 0
        self._turn = 0  # of the hand-over; what belongs to an earlier one is passed over
        self._tries = 0
        self._retry_ns: int | None = None
        self._gap_from_ns = self.memory.heard_ns or None
        self._clock_due_ns = self._rules_due_ns = 0
        self._is_measuring = False
        self._pulse: TickToken | None = None

    # ------------------------------------------------------------ life

    def on_start(self) -> None:
        """Begin to connect."""
        super().on_start()
        self._pulse = self.wall_ticker.every(PULSE_S, self.me, PulseDue())
        self._begin()

    def on_stop(self) -> None:
        """Close the stream."""
        self.wall_ticker.cancel(self._pulse)
        for stream in self._streams.values():
            stream.close()
        super().on_stop()

    # ------------------------------------------------------------ the hand-over, step by step

    def _begin(self) -> None:
        if self.quiet_until_ns > self.wall.monotonic_ns():  # the venue asked for silence: connecting would break it
            self._retry_ns = self.quiet_until_ns
            return
        self._turn += 1
        self.stage, self._retry_ns, self._kept = Stage.GREETING, None, []
        self._close_streams()
        turn = self._turn
        self._connect_stream()
        self._step(measure_clock(), lambda offset_ns: self._on_clock(offset_ns, turn), lambda error: self._fail(error, turn))

    def _on_clock(self, offset_ns: int, turn: int) -> None:
        self._note_clock(offset_ns)
        if turn != self._turn:
            return
        self._clocked = turn
        for number in self._opened:
            self._subscribe(number)
        self._step(introduce(self.settings), lambda told: self._on_greeting(told, turn), lambda error: self._fail(error, turn))

    def _on_greeting(self, greeting: Greeting, turn: int) -> None:
        if turn != self._turn:
            return None
        if greeting.info.account != self.account:
            self.told.append(AccountConfirmed(greeting.info, self.offset_ns or 0))
            reason = (
                f"the key belongs to account {greeting.info.account}, the configuration says {self.account}: correct"
                " venues.binance.account, or use that account's key"
            )
            return self._fail(ErrandFailed("ACCOUNT_MISMATCH", reason, lasting=True), turn)
        self.greeting, self.stage = greeting, Stage.LISTENING
        limits = budgets_of(greeting.exchange.rate_limits, len(self.settings.symbols))
        self.note_for_resiliency(BudgetsListed(self.venue, limits))
        if self._lines.current is not None:
            self._read(turn)
        return None

    def _read(self, turn: int) -> None:
        self.stage = Stage.READING
        now_ns = self.clock.now_ns()
        since_ns = min(now_ns, self._gap_from_ns or now_ns) - OVERLAP_NS
        scope = Scope(self.settings.symbols, now_ns, max(since_ns, 0), self.offset_ns or 0, everything=True)
        self._step(
            read_books(scope, self.codec, self.registry.name_of), lambda books: self._on_books(books, turn),
            lambda error: self._fail(error, turn),
        )  # fmt: skip

    def _on_books(self, books: Books, turn: int) -> None:
        if turn != self._turn or self.greeting is None:
            return
        self.take_books(books)
        again = self._gap_from_ns is not None
        self.hand_over(
            self.greeting.info, self.greeting.instruments, books.snapshot, reason="connected again" if again else "connected",
            gap_from_ns=self._gap_from_ns, clock_offset_ns=self.offset_ns or 0,
        )  # fmt: skip
        self.stage, self._tries, self._gap_from_ns = Stage.HERE, 0, None
        self._rules_due_ns = self.wall.monotonic_ns() + RULES_EVERY_NS
        self.memory.heard_ns = books.snapshot.asked_ns
        self.log.bind(venue=self.venue, uid=self.greeting.uid).info("connected: books handed over")
        kept, self._kept = self._kept, []
        for frame in kept:
            self._take(frame)

    def _step(self, errand: Errand[_T], then: Callable[[_T], None], failed: Callable[[Trouble], None]) -> None:
        """Make the calls of one step; what an earlier try still had to ask is not asked."""
        self.drop(self._at_hand)
        self._at_hand = self.run(errand, then, failed)

    def take_books(self, books: Books) -> None:
        """Learn from the venue's books."""
        self.carried.update(books.carried)
        for facts in books.orders:
            self.registry.meet(facts)

    def _fail(self, error: Trouble, turn: int) -> None:
        """Give this hand-over up, and try again after a pause; longer where nothing will change by itself."""
        if turn != self._turn:
            return
        lasting = isinstance(error, ErrandFailed) and error.lasting
        reason = error.reason if isinstance(error, ErrandFailed) else str(error)
        self.go_down(reason, lasting=lasting)

    def go_down(self, reason: str, *, lasting: bool = False, at_once: bool = False) -> None:
        """Let the link go, mark the gap, and say when to try again."""
        if self._gap_from_ns is None and self.stage is Stage.HERE:
            self._gap_from_ns = self.last_heard_ns or self.clock.now_ns()
        self._turn += 1
        self.stage = Stage.WAITING
        self.drop(self._at_hand)
        self._close_streams()
        if self.link is not LinkState.DOWN or self.link_reason != reason:
            self.set_link(LinkState.DOWN, reason, self._gap_from_ns)
            level = self.log.bind(venue=self.venue)
            (level.error if lasting else level.warning)("link down: {}", reason)
        pause_s = LASTING_PAUSE_S if lasting else min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._tries, 10))
        pause_s = 0.0 if at_once and not self._tries else pause_s * self.rng.uniform(0.5, 1.0)
        self._tries += 1
        self._retry_ns = self.wall.monotonic_ns() + round(pause_s * SECOND)
        if not pause_s:
            self._begin()

    # ------------------------------------------------------------ rules and rights, now and then

    def _review(self, now_ns: int) -> None:
        """Ask again who we are and what can be traded: symbols are halted, filters change, and so do a key's rights."""
        turn, self._rules_due_ns = self._turn, now_ns + RULES_EVERY_NS
        self.run(
            introduce(self.settings), lambda told: self._on_reviewed(told, turn), lambda error: self._on_unclear(error, turn)
        )

    def _on_reviewed(self, greeting: Greeting, turn: int) -> None:
        if turn != self._turn or self.greeting is None:
            return None
        if greeting.info.account != self.account:
            return self.go_down(f"the key belongs to account {greeting.info.account} now", lasting=True)
        if greeting.instruments != self.greeting.instruments:
            self.told.append(InstrumentsListed(self.venue, greeting.instruments))
        self.greeting = greeting
        return None

    def _on_unclear(self, error: Trouble, turn: int) -> None:
        """Let the link go for what only a person can change; what passes is asked again at the next turn."""
        if isinstance(error, ErrandFailed) and error.lasting:
            self._fail(error, turn)

    # ------------------------------------------------------------ clock

    def _note_clock(self, offset_ns: int) -> None:
        self.set_offset(offset_ns)
        self._is_measuring = False
        self._clock_due_ns = self.wall.monotonic_ns() + round(self.settings.clock_every_s * SECOND)

    def measure(self) -> None:
        """Measure the clock again, unless that is being done."""
        if self._is_measuring or self.stage is not Stage.HERE:
            return
        self._is_measuring = True
        self.run(measure_clock(), self._on_measured, self._on_not_measured)

    def _on_measured(self, offset_ns: int) -> None:
        before_ns = self.offset_ns or 0
        self._note_clock(offset_ns)
        if abs(offset_ns - before_ns) > SECOND // 4 and self.greeting is not None:
            self.told.append(AccountConfirmed(self.greeting.info, offset_ns))  # the order manager judges the clock

    def _on_not_measured(self, error: Trouble) -> None:
        self._is_measuring = False
        self._clock_due_ns = self.wall.monotonic_ns() + 10 * SECOND
        self.log.bind(venue=self.venue).warning("the venue's clock was not measured: {}", error)

    def note_trouble(self, outcome: Outcome) -> None:
        """Look at what concerns the whole link."""
        if outcome.error_class is ErrorClass.CLOCK:
            self.measure()
        elif outcome.error_class in (ErrorClass.AUTH, ErrorClass.FIREWALL) and self.stage is Stage.HERE:
            who = "the firewall refused us" if outcome.error_class is ErrorClass.FIREWALL else "the key was refused"
            advice = "look at the key, its rights and the addresses that it is bound to"
            self.go_down(f"{who} ({outcome.code}: {outcome.reason}): {advice}", lasting=True)

    # ------------------------------------------------------------ the stream

    def _connect_stream(self) -> None:
        number = self._lines.begin(self.wall.monotonic_ns())
        self._streams[number] = self._open_stream(number)

    def _close_streams(self) -> None:
        self._lines.give_up()
        for number in list(self._streams):
            self._close_stream(number)

    def _close_stream(self, number: int) -> None:
        self._opened.discard(number)
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.close()

    @handles(StreamOpened)
    def _on_stream_opened(self, opened: StreamOpened) -> None:
        if opened.number in self._streams:
            self._opened.add(opened.number)
            if self._clocked == self._turn:  # a subscription is stamped by the venue's clock
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
        if self.stage is Stage.HERE or b'"id"' in frame.data[:64]:
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
        if self.stage is Stage.LISTENING:
            self._read(self._turn)
        return None

    def _on_refused(self, answer: Answer, number: int) -> None:
        text = f"status {answer.status}" if answer.error is None else f"{answer.error.code}: {answer.error.msg}"
        lasting = answer.status in (UNAUTHORISED, 403)
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
            self._connect_stream()

    # ------------------------------------------------------------ time

    @handles(PulseDue)
    def _on_pulse(self, _: PulseDue) -> None:
        now_ns = self.wall.monotonic_ns()
        for job in self.lanes.take_overdue(now_ns):
            self.finish_unknown(job, "NO_WORD", "the connection said nothing until past its deadline")
        for job in self.lanes.take_stale(now_ns):
            self.give_back(job, "DEADLINE_PASSED", "no connection was free before it was too old")
        if self.stage is Stage.WAITING and self._retry_ns is not None and now_ns >= self._retry_ns:
            self._begin()
        self._watch_stream(now_ns)
        if self.stage is Stage.HERE and now_ns >= self._clock_due_ns:
            self.measure()
        if self.stage is Stage.HERE and now_ns >= self._rules_due_ns:
            self._review(now_ns)
        self.on_pulse(now_ns)
        self.pump()

    def _watch_stream(self, now_ns: int) -> None:
        current, coming = self._lines.current, self._lines.coming
        if current is not None and self._is_silent(self._streams[current].last_heard_ns):
            self.go_down(f"the user stream has been silent for over {self.settings.silence_s:g} s", at_once=True)
        elif coming is not None and self._lines.is_late(now_ns):
            self._lines.closed(coming, now_ns)
            self._close_stream(coming)
            if current is None and self.stage is not Stage.WAITING:
                self.go_down("the user stream could not be opened in time")
        else:
            self._renew()

    def _is_silent(self, heard_ns: int) -> bool:
        """Say whether a reader that should have ended a mute connection by itself did not."""
        silence_ns = round(self.settings.silence_s * SECOND) + GRACE_NS
        return bool(heard_ns) and self.clock.now_ns() - heard_ns > silence_ns

    @abstractmethod
    def on_pulse(self, now_ns: int) -> None:
        """Do what is due by time; ``now_ns`` is monotonic."""


