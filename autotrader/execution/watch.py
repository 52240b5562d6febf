"""The order manager's last word on each venue, kept where any thread may read it without asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from autotrader.messages import KillPulled, KillRearmed, KillVerdict, Message, VenueReady
from autotrader.model import KillLevel

__all__ = ["Watch"]


class Watch:
    """Hears in the order manager's thread; each answer is one look into a dict. ``level_of`` is the gate's."""

    def __init__(self, venues: Iterable[str], level_of: Callable[[str], KillLevel]) -> None:
        self._venues, self._level_of = tuple(venues), level_of
        self._not_ready = dict.fromkeys(self._venues, "not connected yet")
        self._verdicts: dict[str, KillVerdict] = {}

    def hear(self, message: Message) -> None:
        """Take news; what is not about venues or the kill switch is passed over."""
        if isinstance(message, VenueReady):
            self._not_ready[message.venue] = "" if message.ready else message.reason or "not ready"
        elif isinstance(message, KillVerdict):
            self._verdicts[message.venue] = message
        elif isinstance(message, KillRearmed) or (isinstance(message, KillPulled) and message.level >= KillLevel.CANCEL):
            for venue in self._venues:
                if message.scope in ("all", venue):
                    self._verdicts.pop(venue, None)

    def not_ready(self, scope: str = "all") -> list[str]:
        """Return a sentence for each venue whose books are not reconciled."""
        return [f"{venue} is not ready: {why}" for venue, why in self._not_ready.items() if why and scope in ("all", venue)]

    def unclean(self, scope: str = "all") -> list[str]:
        """Return a sentence for each venue at CANCEL or above that has not been swept clean."""
        swept = [venue for venue in self._venues if scope in ("all", venue) and self._level_of(venue) >= KillLevel.CANCEL]
        found = {venue: self._verdicts.get(venue) for venue in swept}
        return [
            f"{venue} is NOT CLEAN: {'its sweep has not ended' if verdict is None else verdict.detail}"
            for venue, verdict in found.items()
            if verdict is None or not verdict.clean
        ]
