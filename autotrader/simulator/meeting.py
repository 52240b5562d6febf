"""How a request is met: what of it lands and when, and what goes back how. The same for HTTP and for requests on a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from autotrader.simulator.fault_script import Effects, Reply
from autotrader.simulator.world import SimVenue

__all__ = ["Answer", "Asked", "Returned", "carry_out"]

ACK_BEHIND_FILL_S: Final = 0.05
"""By how much ``fill_before_ack`` lets the stream be first."""
_WAITS_FOR_LANDING = ("normal", "slow", "cut")


class Answer(msgspec.Struct, frozen=True):
    """What a venue answers; on a socket only the body counts, one frame of text."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Returned(msgspec.Struct, frozen=True):
    """An answer and how it travels: normal, never, reset, cut, empty or slow."""

    answer: Answer
    how: str = "normal"


class Asked(Protocol):
    """One request as a venue package has read it. ``kind``: submit, cancel, amend, query or other, as faults name it."""

    kind: str
    symbol: str
    client_order_id: str

    def land(self, effects: Effects | None) -> Answer:
        """Do what is asked, with the fill effects, and return the answer; called once at most."""

    def refuse(self, code: str) -> Answer:
        """Return the venue's answer to a request that it rejects with this code."""

    def limit(self, retry_after_s: float, *, banned: bool) -> Answer:
        """Return the venue's answer to one request too many, or to anybody it has banned."""

    def lost(self) -> Answer:
        """Return the venue's answer when it does not know what became of the request: nothing was done."""

    def maintained(self) -> Answer:
        """Return the venue's answer during maintenance."""


async def carry_out(venue: SimVenue, asked: Asked) -> Returned:
    """Meet a request as faults and latency have it, and return what goes back. It does not count the request."""
    half_s = venue.half_trip_s
    if half_s:
        await asyncio.sleep(half_s)
    returned = _turned_away(venue, asked) if venue.conditions.turns_away else None
    if returned is None:
        effects = venue.fault(asked.kind, asked.symbol, asked.client_order_id) if venue.faults else None
        returned = Returned(asked.land(None)) if effects is None else await _disturbed(venue, asked, effects)
    if half_s:
        await asyncio.sleep(half_s)
    return returned


def _turned_away(venue: SimVenue, asked: Asked) -> Returned | None:
    """Answer without a look at what is asked; None when nothing stands against that look any more."""
    if not venue.is_up:
        return Returned(asked.lost(), "reset")
    if left_s := venue.ban_left_s:
        return Returned(asked.limit(left_s, banned=True))
    if venue.is_maintained:
        return Returned(asked.maintained())
    venue.conditions.turns_away = False
    return None


async def _disturbed(venue: SimVenue, asked: Asked, effects: Effects) -> Returned:
    answer = _instead(venue, asked, effects)
    how = effects.reply if isinstance(effects.reply, str) else "normal"
    if answer is None:
        answer = await _landed(venue, asked, effects, how)
    if isinstance(effects.reply, Reply):
        answer = Answer(effects.reply.status, effects.reply.body.encode(), effects.reply.headers)
    wait_s = effects.delay_s + (ACK_BEHIND_FILL_S if effects.fill_before_ack else 0.0)
    if wait_s:
        await asyncio.sleep(wait_s)
    return Returned(answer, how)


def _instead(venue: SimVenue, asked: Asked, effects: Effects) -> Answer | None:
    """Return the answer of a request that is not even looked at."""
    if effects.ban_s is not None:
        venue.ban(effects.ban_s)
        return asked.limit(effects.ban_s, banned=True)
    if effects.rate_limit is not None:
        return asked.limit(effects.rate_limit, banned=False)
    return None if effects.reject is None else asked.refuse(effects.reject)


async def _landed(venue: SimVenue, asked: Asked, effects: Effects, how: str) -> Answer:
    """Let the request land, now, later or never; only a normal, slow or cut answer waits for a late landing."""
    if effects.land_after_s is None:
        return asked.land(effects) if effects.land else asked.lost()
    if isinstance(effects.reply, str) and how in _WAITS_FOR_LANDING:
        await asyncio.sleep(effects.land_after_s)
        return asked.land(effects) if venue.is_up else asked.lost()
    asyncio.get_running_loop().call_later(effects.land_after_s, _land_late, venue, asked, effects)
    return asked.lost()


def _land_late(venue: SimVenue, asked: Asked, effects: Effects) -> None:
    if venue.is_up:
        asked.land(effects)
