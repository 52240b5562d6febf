"""What a reconciliation says: lines of ours against the venue's, each with a proposal, and the policy behind it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from autotrader.messages import Message

__all__ = ["Action", "Difference", "DifferenceReport", "Policy"]


class Action(StrEnum):
    """What is proposed for a difference: fold its events in, leave it, or stop new risk until an operator has looked."""

    ADOPT = "ADOPT"
    IGNORE = "IGNORE"
    HALT = "HALT"


class Policy(msgspec.Struct, frozen=True):
    """How differences are judged at one venue. ``lag_ns``: how far behind its answers may be; ``engine_id``: whose tags we are.

    ``busts`` judges a booked trade that the venue lists no more: IGNORE where its trade list may leave some out.
    """

    lag_ns: int = 1_000_000_000
    engine_id: str = ""
    foreign: Action = Action.ADOPT
    positions: Action = Action.HALT
    balances: Action = Action.ADOPT
    busts: Action = Action.IGNORE


class Difference(msgspec.Struct, frozen=True):
    """One line. ``what`` is a word of the list below; ``events`` make the books equal to the venue.

    missed_fill · order_state · order_gone · order_alive · foreign_order · own_unknown (halts the venue) · trade_differs ·
    trade_gone · position · balance · opening
    """

    what: str
    symbol: str
    ours: str
    venue: str
    action: Action
    reason: str
    client_order_id: str = ""
    venue_order_id: str | None = None
    events: tuple[Message, ...] = ()


class DifferenceReport(msgspec.Struct, frozen=True):
    """All differences with one snapshot. ``complete``: the snapshot could prove absence."""

    venue: str
    account: str
    asked_ns: int
    complete: bool
    lines: tuple[Difference, ...]

    @property
    def is_clean(self) -> bool:
        """Say whether the books equal the venue's, as far as that can be judged: a complete snapshot and nothing to do."""
        return self.complete and all(line.action is Action.IGNORE or line.what == "opening" for line in self.lines)

    @property
    def events(self) -> list[Message]:
        """Return the events of all lines to adopt, in the order in which they are to be journalled and applied."""
        return [event for line in self.lines if line.action is Action.ADOPT for event in line.events]

    @property
    def halts(self) -> list[Difference]:
        """Return the lines that stop new risk."""
        return [line for line in self.lines if line.action is Action.HALT]
