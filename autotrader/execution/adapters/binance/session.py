"""The part of the broker that connects: clock, account, rules, user stream, books, in the order of the hand-over list.

Source: safety.md section 4 (points 3 to 8) and binance.md sections 5 and 10.3. The stream is subscribed first and its events
are kept back; then the books are read and handed over; then the events follow. Whatever breaks in between starts it all anew,
after a pause. A stream that was ever cut is a gap, and a gap is closed by nothing but such a hand-over.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeVar

from autotrader.actors import handles
from autotrader.actors.ticker import TickToken
from autotrader.execution.adapters.binance.budgets import budgets_of
from autotrader.execution.adapters.binance.calling import Trouble
from autotrader.execution.adapters.binance.codec import Call, ErrorClass, Outcome
from autotrader.execution.adapters.binance.errands import Errand, ErrandFailed
from autotrader.execution.adapters.binance.greeting import Greeting, halted, introduce, measure_clock
from autotrader.execution.adapters.binance.reading import Books, Scope, read_books
from autotrader.execution.adapters.binance.registry import Registry
from autotrader.execution.adapters.binance.streaming import StreamingBroker
from autotrader.messages import AccountConfirmed, BudgetsListed, InstrumentsListed, Message
from autotrader.model import LinkState

_T = TypeVar("_T")

__all__ = ["PulseDue", "SessionBroker", "Stage"]

SECOND: Final = 1_000_000_000
PULSE_S: Final = 0.25
OVERLAP_NS: Final = 600 * SECOND
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 15.0
LISTED_NS: Final = 10 * SECOND
RULES_EVERY_NS: Final = 1_800 * SECOND
HALTED_EVERY_NS: Final = 5 * SECOND
"""How often the rules are asked for while a symbol does not trade, so that orders flow again when it does."""
CLOSED: Final = "market is closed"
LASTING_PAUSE_S: Final = 60.0


class PulseDue(Message, frozen=True):
    """The broker's second hand: what waits too long, what is silent, what is due."""


class Stage(Enum):
    """How far the hand-over is."""

    WAITING = "waiting to try again"
    GREETING = "asking for clock, account and rules"
    LISTENING = "subscribing to the user stream"
    READING = "reading the books"
    HERE = "handed over"


class SessionBroker(StreamingBroker):
    """Connects, and connects again; ``stage`` says how far it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registry = Registry()
        self.greeting: Greeting | None = None
        self.stage = Stage.WAITING
        self._at_hand = self._clocked = 0
        self._turn = 0  # of the hand-over; what belongs to an earlier one is passed over
        self._tries = 0
        self._retry_ns: int | None = None
        self._gap_from_ns = self.memory.heard_ns or None
        self._clock_due_ns = self._rules_due_ns = 0
        self._reviewed_ns = -HALTED_EVERY_NS
        self._is_measuring = False
        self.listed_trades: frozenset[tuple[str, str]] = frozenset()
        """Trades of the last hand-over: the stream may tell them once more, and an opening has them in its balances already."""
        self._listed_until_ns = 0
        self._pulse: TickToken | None = None

    # ------------------------------------------------------------ life

    def on_start(self) -> None:
        """Begin to connect."""
        super().on_start()
        self._pulse = self.wall_ticker.every(PULSE_S, self.me, PulseDue())
        self._begin()

    def on_stop(self) -> None:
        """Let no more time pass."""
        self.wall_ticker.cancel(self._pulse)
        super().on_stop()

    # ------------------------------------------------------------ what the stream asks

    @property
    def may_subscribe(self) -> bool:
        """Say whether the clock was measured in this hand-over."""
        return self._clocked == self._turn

    @property
    def keeps_events(self) -> bool:
        """Say whether the books are not handed over yet."""
        return self.stage is not Stage.HERE

    def on_subscribed(self) -> None:
        """Read the books, if that was all that was missing."""
        if self.stage is Stage.LISTENING:
            self._read(self._turn)

    # ------------------------------------------------------------ the hand-over, step by step

    def _begin(self) -> None:
        if self.quiet_until_ns > self.wall.monotonic_ns():  # the venue asked for silence: connecting would break it
            self._retry_ns = self.quiet_until_ns
            return
        self._turn += 1
        self.stage, self._retry_ns, self._kept = Stage.GREETING, None, []
        self.close_streams()
        turn = self._turn
        self.connect_stream()
        self._step(measure_clock(), lambda offset_ns: self._on_clock(offset_ns, turn), lambda error: self._fail(error, turn))

    def _on_clock(self, offset_ns: int, turn: int) -> None:
        self._note_clock(offset_ns)
        if turn != self._turn:
            return
        self._clocked = turn
        self.subscribe_opened()
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
        if self.is_subscribed:
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
        self._plan_review()
        self.memory.heard_ns = books.snapshot.asked_ns
        self.log.bind(venue=self.venue, uid=self.greeting.uid).info("connected: books handed over")
        self.listed_trades = frozenset((fill.symbol, fill.trade_id) for fill in books.snapshot.trades)
        self._listed_until_ns = self.wall.monotonic_ns() + LISTED_NS
        self.release_kept()

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
        self.close_streams()
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
        turn, self._rules_due_ns, self._reviewed_ns = self._turn, now_ns + HALTED_EVERY_NS, now_ns
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
        return self._plan_review()

    def _plan_review(self) -> None:
        """Ask again in half an hour, or soon while a symbol does not trade."""
        rules = {} if self.greeting is None else self.greeting.rules
        trades = all(one.is_trading for one in rules.values())
        self._rules_due_ns = self.wall.monotonic_ns() + (RULES_EVERY_NS if trades else HALTED_EVERY_NS)

    def _note_closed(self, symbol: str) -> None:
        """Take a symbol as halted, and look when it trades: the limits deny what the venue would refuse."""
        if self.stage is not Stage.HERE or self.greeting is None:
            return
        known, self.greeting = self.greeting.instruments, halted(self.greeting, symbol)
        if self.greeting.instruments != known:
            self.told.append(InstrumentsListed(self.venue, self.greeting.instruments))
        now_ns = self.wall.monotonic_ns()
        if now_ns >= self._reviewed_ns + HALTED_EVERY_NS:
            self._review(now_ns)
        self._rules_due_ns = min(self._rules_due_ns, self._reviewed_ns + HALTED_EVERY_NS)

    def _on_unclear(self, error: Trouble, turn: int) -> None:
        """Let the link go for what only a person can change; what passes is asked again at the next turn."""
        if isinstance(error, ErrandFailed) and error.lasting:
            return self._fail(error, turn)
        return self._plan_review() if turn == self._turn else None

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

    def note_trouble(self, outcome: Outcome, call: Call) -> None:
        """Look at what concerns the whole link."""
        if outcome.error_class is ErrorClass.CLOCK:
            self.measure()
        elif outcome.error_class is ErrorClass.REFUSED and CLOSED in outcome.reason.lower():
            self._note_closed(str(dict(call.params).get("symbol", "")))
        elif outcome.error_class in (ErrorClass.AUTH, ErrorClass.FIREWALL) and self.stage is Stage.HERE:
            who = "the firewall refused us" if outcome.error_class is ErrorClass.FIREWALL else "the key was refused"
            advice = "look at the key, its rights and the addresses that it is bound to"
            self.go_down(f"{who} ({outcome.code}: {outcome.reason}): {advice}", lasting=True)

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
        self.watch_stream(now_ns)
        if self.listed_trades and now_ns >= self._listed_until_ns:
            self.listed_trades = frozenset()
        if self.stage is Stage.HERE and now_ns >= self._clock_due_ns:
            self.measure()
        if self.stage is Stage.HERE and now_ns >= self._rules_due_ns:
            self._review(now_ns)
        self.on_pulse(now_ns)
        self.pump()

    @abstractmethod
    def on_pulse(self, now_ns: int) -> None:
        """Do what is due by time; ``now_ns`` is monotonic."""


