"""What goes wrong at the paper venue, and when. Pure: time and chance are passed in.

It belongs to the run, not to an incarnation of the actor: outages and counts go on over a restart, as a venue's own would.
"""

from __future__ import annotations

from random import Random

from autotrader.execution.adapters.paper.settings import PaperSettings
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.faults import Faults

__all__ = ["Weather"]

NS = 1_000_000_000


class Weather:
    """One run's faults: the script first, then the plain chances of the settings. One thread at a time."""

    def __init__(self, settings: PaperSettings, rng: Random) -> None:
        self._settings, self._rng = settings, rng
        self._faults: Faults | None = None
        self._start_ns = 0
        self._down_until_ns = self._halt_until_ns = 0
        self._why = ""
        self._chances = bool(settings.reject_probability or settings.lost_reply_probability or settings.outage_probability)

    def begin(self, now_ns: int) -> None:
        """Start the run's time; a later incarnation's call changes nothing."""
        if self._faults is None:
            self._start_ns, self._faults = now_ns, Faults(self._settings.faults, now_ns)

    @property
    def faults(self) -> Faults:
        """Return the running script."""
        if self._faults is None:
            raise RuntimeError("the run has not begun")
        return self._faults

    @property
    def is_calm(self) -> bool:
        """Say whether no request will ever be disturbed."""
        return not self._chances and not self._settings.faults.rules

    def on_request(self, kind: str, symbol: str, client_order_id: str, now_ns: int) -> Effects | None:
        """Return what happens to a request; the link may have gone down with it."""
        effects = self.faults.on_request(kind, symbol, client_order_id, now_ns)
        if effects is not None or not self._chances:
            return effects
        settings, rng = self._settings, self._rng
        if self._meets(settings.outage_probability):
            self.go_down(now_ns + round(settings.outage_s * NS), "the link was lost")
            return Effects(land=rng.random() < 0.5, reply="reset")
        if kind == "submit" and self._meets(settings.reject_probability):
            return Effects(reject=settings.reject_code)
        if kind != "query" and self._meets(settings.lost_reply_probability):
            return Effects(reply="never")
        return None

    def _meets(self, probability: object) -> bool:
        return bool(probability) and self._rng.random() < float(str(probability))

    def go_down(self, until_ns: int, why: str) -> None:
        """Take the link away until then."""
        self._down_until_ns, self._why = max(self._down_until_ns, until_ns), why

    def halt_market(self, until_ns: int) -> None:
        """Stop trading at the venue until then."""
        self._halt_until_ns = max(self._halt_until_ns, until_ns)

    def why_down(self, now_ns: int) -> str:
        """Say why the link is down now; empty when it is not."""
        if now_ns < self._down_until_ns:
            return self._why
        for start_s, length_s in self._settings.outages:
            start_ns = self._start_ns + round(start_s * NS)
            if start_ns <= now_ns < start_ns + round(length_s * NS):
                return f"an outage of {length_s:g} s"
        return ""

    def is_halted(self, now_ns: int) -> bool:
        """Say whether the venue does not trade now."""
        return now_ns < self._halt_until_ns

    def next_change_ns(self, now_ns: int) -> int | None:
        """Return when any of this will be different, None when never."""
        times = [self._down_until_ns, self._halt_until_ns, self.faults.next_due_ns() or 0]
        for start_s, length_s in self._settings.outages:
            start_ns = self._start_ns + round(start_s * NS)
            times += [start_ns, start_ns + round(length_s * NS)]
        return min((at for at in times if at > now_ns), default=None)
