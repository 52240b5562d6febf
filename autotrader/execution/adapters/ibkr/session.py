"""The part of the broker that connects: account, contracts, books, in the order of the hand-over list; and anew after a gap.

A gap is a connection that was lost, or TWS's own to IB's servers (1100, 2110), which leaves our socket as it is. What happens
meanwhile is kept back; it follows the books. Source: safety.md section 4 (points 3 to 8), ibkr.md sections 9 and 11.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Final

from autotrader.actors import handles
from autotrader.actors.ticker import TickToken
from autotrader.execution.adapters.ibkr.codes import RESTORED, SESSION_LOST
from autotrader.execution.adapters.ibkr.hearing import HearingBroker, Stage
from autotrader.execution.adapters.ibkr.messages import (
    CommissionTold,
    ErrorTold,
    LinkClosed,
    LinkOpened,
    TimeRequest,
)
from autotrader.execution.adapters.ibkr.reading import ALL_PARTS, Reading
from autotrader.execution.adapters.ibkr.snapshots import (
    Listed,
    count_of_other_accounts,
    fills_of,
    listed_orders,
    snapshot_of,
)
from autotrader.execution.adapters.wire import ConnectionReady
from autotrader.messages import AccountConfirmed, InstrumentsListed, Message
from autotrader.model import AccountInfo, LinkState, VenueSnapshot

__all__ = ["PulseDue", "SessionBroker", "Stage"]

SECOND: Final = 1_000_000_000
PULSE_S: Final = 0.25
OVERLAP_NS: Final = 600 * SECOND
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 15.0
LASTING_PAUSE_S: Final = 60.0
RULES_EVERY_NS: Final = 3_600 * SECOND
STOPPED: Final = "the link stopped"
STOP_NS: Final = 2 * SECOND
FARM_OK: Final = frozenset({2104, 2106, 2158})


class PulseDue(Message, frozen=True):
    """The broker's second hand: what waits too long, what is due."""


class SessionBroker(HearingBroker):
    """Connects, and connects again; ``stage`` says how far it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others_open = 0
        self._stopped_ns = 0
        self._turn = self._tries = 0
        self._retry_ns: int | None = None
        self._due_ns = self._rules_due_ns = 0
        self._gap_from_ns = self.memory.heard_ns or None
        self._pulse: TickToken | None = None

    # ------------------------------------------------------------ life

    def on_start(self) -> None:
        """Begin to wait for the link."""
        super().on_start()
        self._pulse = self.wall_ticker.every(PULSE_S, self.me, PulseDue())

    def on_stop(self) -> None:
        """Let no more time pass."""
        self.wall_ticker.cancel(self._pulse)
        super().on_stop()

    # ------------------------------------------------------------ the link

    @handles(ConnectionReady)
    def _on_link_began(self, _: ConnectionReady) -> None:
        """Note a new incarnation of the link: what its predecessor had is lost."""
        self.give_up_jobs("the link was started anew")
        self.is_open, self._stopped_ns = False, 0
        if self.stage is not Stage.WAITING:
            self.go_down("the link was started anew")

    @handles(LinkOpened)
    def _on_link_opened(self, opened: LinkOpened) -> None:
        self.hear(opened)
        if self.is_open and opened.number == self.connection:
            return  # told again to who called the roll
        self.give_up_jobs("the connection was lost")
        self.connection, self.is_open, self._tries = opened.number, True, 0
        self.memory.ids.connected(opened.next_id)
        self.log.bind(venue=self.venue, server_version=opened.server_version, client=opened.client).info("connected to TWS")
        self.accounts = opened.accounts
        self._begin()

    @handles(LinkClosed)
    def _on_link_closed(self, closed: LinkClosed) -> None:
        self.is_open = False
        self.give_up_jobs(closed.reason)
        if closed.reason.startswith(STOPPED):
            self._stopped_ns = self.wall.monotonic_ns()  # with the engine, if nothing follows: then nobody is alarmed
            return
        self.calls.note(failed=1, code=f"TWS_{closed.code}" if closed.code else "NO_LINK")
        self.go_down(f"no connection to TWS at {self.settings.place}: {closed.reason}")
        self._retry_ns = None  # the link connects by itself

    # ------------------------------------------------------------ the hand-over, step by step

    def _begin(self) -> None:
        self._turn += 1
        self.stage, self._retry_ns, self.kept = Stage.LISTING, None, []
        self.forget_readings("the hand-over begins anew")
        now_ns = self.wall.monotonic_ns()
        if self.account not in self.accounts:
            return self.wrong_account()
        self.write(TimeRequest(), within_s=self.settings.read_timeout_s)
        if self.listing.instruments and now_ns < self._rules_due_ns:
            return self._read()
        self._due_ns = now_ns + round(self.settings.read_timeout_s * SECOND)
        self._ask_what_is_traded()
        return self.look_at_listing()

    def _ask_what_is_traded(self) -> None:
        for request in self.listing.begin(self.memory.read_ids):
            self.write(request, within_s=self.settings.read_timeout_s)

    def wrong_account(self) -> None:
        """Take no orders for a login that is not ours."""
        logged_in = ", ".join(self.accounts) or "none"
        found = self.accounts[0] if self.accounts else ""
        self.told.append(AccountConfirmed(AccountInfo(self.venue, found, self.settings.mode)))
        self.go_down(
            f"TWS is logged in to {logged_in}, the configuration says {self.account}: correct venues.ibkr.account, or log in to"
            " that account", lasting=True,
        )  # fmt: skip

    def look_at_listing(self) -> None:
        """Go on once everything that is traded is resolved; what cannot be is a person's to correct."""
        if self.stage is Stage.HERE and self.listing.is_over and not self.listing.failure:
            self.told.append(InstrumentsListed(self.venue, self.listing.instruments))
        if self.stage is not Stage.LISTING or not self.listing.is_over:
            return
        if self.listing.failure:
            self.go_down(self.listing.failure, lasting=self.listing.lasting)
            return
        self._rules_due_ns = self.wall.monotonic_ns() + RULES_EVERY_NS
        self.calls.note(ok=1)
        self._read()

    def _read(self) -> None:
        self.stage = Stage.READING
        turn = self._turn
        self.read(ALL_PARTS, lambda reading: self._on_books(reading, turn), lambda reason: self._on_no_books(reason, turn))

    def _on_no_books(self, reason: str, turn: int) -> None:
        if turn == self._turn:
            self.go_down(reason)

    def _on_books(self, reading: Reading, turn: int) -> None:
        if turn != self._turn:
            return
        since_ns = max(min(reading.asked_ns, self._gap_from_ns or reading.asked_ns) - OVERLAP_NS, 0)
        commissions = [event for event in self.kept if isinstance(event, CommissionTold)]
        self.kept = [event for event in self.kept if not isinstance(event, CommissionTold)]
        for told in commissions:  # before the executions that they belong to, which are booked with them
            self.follower.on_commission(told)
        snapshot, _ = self.take_books(reading, since_ns)
        self.take_told()
        again = self._gap_from_ns is not None
        self.hand_over(
            self.account_info(), self.listing.instruments, snapshot, reason="connected again" if again else "connected",
            gap_from_ns=self._gap_from_ns, clock_offset_ns=self.offset_ns,
        )  # fmt: skip
        self.stage, self._gap_from_ns = Stage.HERE, None
        self.log.bind(venue=self.venue, account=self.account).info("books handed over")
        kept, self.kept = self.kept, []
        for event in kept:
            self.follow(event)
        self.on_handed_over()

    @abstractmethod
    def on_handed_over(self) -> None:
        """Go on after a hand-over."""

    def take_books(self, reading: Reading, since_ns: int) -> tuple[VenueSnapshot, list[Listed]]:
        """Learn from the books that were read, and return them for the order manager."""
        listed = listed_orders(reading, self.follower)
        fills = fills_of(reading.executions, self.follower)
        if "executions" in reading.parts:
            self.follower.fills.all_listed(reading.asked_ns)
        for one in listed:
            self.memory.ids.seen(one.told.order_id)
            if one.known is not None and "executions" in reading.parts:
                self.follower.settled(one.known)
        if "open_orders" in reading.parts:
            self.others_open = count_of_other_accounts(reading)
        return snapshot_of(reading, listed, fills, self.follower, since_ns), listed

    def go_down(self, reason: str, *, lasting: bool = False, stage: Stage = Stage.WAITING) -> None:
        """Let the link go, mark the gap, and say when to try again."""
        if self._gap_from_ns is None and self.stage is Stage.HERE:
            self._gap_from_ns = self.last_heard_ns or self.clock.now_ns()
        self._turn += 1
        self.stage = stage
        self.forget_readings(reason)
        if self.link is not LinkState.DOWN or self.link_reason != reason:
            self.take_told()
            self.set_link(LinkState.DOWN, reason, self._gap_from_ns)
            log = self.log.bind(venue=self.venue)
            (log.error if lasting else log.warning)("link down: {}", reason)
        pause_s = LASTING_PAUSE_S if lasting else min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._tries, 10))
        self._tries += 1
        pause_ns = round(pause_s * self.rng.uniform(0.5, 1.0) * SECOND)
        self._retry_ns = self.wall.monotonic_ns() + pause_ns if stage is Stage.WAITING else None

    def _begin_anew(self) -> None:
        """Hand the books over again on the connection that stands; what was missed until now is a gap."""
        if self.stage is Stage.HERE:
            self._gap_from_ns = self.last_heard_ns
        self._begin()

    def take_notice(self, event: ErrorTold) -> None:
        """Take what concerns the whole link."""
        self.write_down(event, "")
        if event.code in SESSION_LOST and self.is_open:
            if self.stage is not Stage.CUT_OFF:
                self.go_down(f"TWS has lost its connection to IB ({event.code})", stage=Stage.CUT_OFF)
        elif event.code in RESTORED and self.is_open:
            self._begin_anew()
        elif event.code in FARM_OK and self.stage is Stage.CUT_OFF:
            self._begin()

    # ------------------------------------------------------------ time

    @handles(PulseDue)
    def _on_pulse(self, _: PulseDue) -> None:
        now_ns = self.wall.monotonic_ns()
        self.watch_jobs(now_ns)
        self.watch_reading()
        if self._stopped_ns and now_ns > self._stopped_ns + STOP_NS:
            self._stopped_ns = 0
            self.go_down(STOPPED)
        if self.stage is Stage.LISTING and now_ns > self._due_ns:
            self.go_down(f"TWS did not say within {self.settings.read_timeout_s:g} s what {self.listing.missing} is")
        if self.stage is Stage.WAITING and self.is_open and self._retry_ns is not None and now_ns >= self._retry_ns:
            self._begin()
        if self.stage is Stage.HERE and now_ns >= self._rules_due_ns:
            self._rules_due_ns = now_ns + RULES_EVERY_NS
            self._ask_what_is_traded()
        self.on_pulse(now_ns)

    @abstractmethod
    def on_pulse(self, now_ns: int) -> None:
        """Do what is due by time; ``now_ns`` is monotonic."""
