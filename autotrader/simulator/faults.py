"""The running fault script: counts what comes, says which rule fires. Pure: time and chance are passed in.

Every rule counts each request that fits its narrowing, whether an earlier rule won or not, so that ``nth = 5`` is the fifth
such request whatever stands before it. The first rule that is due wins. ``at_s`` on a request is the first one from then on;
on ``stream`` and ``venue`` the caller asks ``due`` when its time has come.
"""

from __future__ import annotations

from random import Random
from typing import Any

from autotrader.simulator.fault_script import Effects, FaultRule, FaultScript

__all__ = ["Faults"]

NS = 1_000_000_000
_TIMED = ("stream", "venue")


class _Running:
    __slots__ = ("fired", "rng", "rule", "seen")

    def __init__(self, rule: FaultRule, seed: str) -> None:
        self.rule, self.rng = rule, Random(seed)
        self.seen = self.fired = 0

    def fits(self, symbol: str, client_order_id: str, at_s: float) -> bool:
        rule = self.rule
        return (
            (rule.symbol is None or rule.symbol == symbol)
            and (rule.client_order_id is None or rule.client_order_id == client_order_id)
            and (rule.until_s is None or at_s <= rule.until_s)
        )

    def is_due(self, at_s: float) -> bool:
        """Count one request that fits, and say whether the rule's trigger is met."""
        rule = self.rule
        self.seen += 1
        met = (
            self.seen == rule.nth
            or (rule.every is not None and self.seen % rule.every == 0)
            or (rule.probability is not None and self.rng.random() < rule.probability)
            or (rule.at_s is not None and at_s >= rule.at_s and not self.fired)
        )
        return met and (rule.times is None or self.fired < rule.times)


class Faults:
    """One script at work since ``start_ns``; every rule has its own seeded chance. One thread."""

    def __init__(self, script: FaultScript, start_ns: int) -> None:
        self.start_ns = start_ns
        self._rules = [_Running(rule, f"{script.seed}/{number}") for number, rule in enumerate(script.rules)]
        self._kinds = frozenset(rule.on for rule in script.rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def on_request(self, kind: str, symbol: str, client_order_id: str, now_ns: int) -> Effects | None:
        """Count a request (for ``stream`` an event about to be told); return what is to be done to it, None for nothing."""
        if kind not in self._kinds:
            return None
        at_s, winner = (now_ns - self.start_ns) / NS, None
        for running in self._rules:
            timed = running.rule.on in _TIMED and running.rule.at_s is not None
            if running.rule.on != kind or timed or not running.fits(symbol, client_order_id, at_s):
                continue
            if running.is_due(at_s) and winner is None:
                winner = running
        if winner is None:
            return None
        winner.fired += 1
        return winner.rule.do

    def due(self, kind: str, now_ns: int) -> list[Effects]:
        """Return what ``stream`` or ``venue`` rules do at their time, each once."""
        at_s, effects = (now_ns - self.start_ns) / NS, []
        for running in self._rules:
            rule = running.rule
            if rule.on == kind and rule.at_s is not None and rule.at_s <= at_s and not running.fired:
                running.fired += 1
                effects.append(rule.do)
        return effects

    def next_due_ns(self) -> int | None:
        """Return when ``due`` has something next, None when never."""
        times = [
            running.rule.at_s
            for running in self._rules
            if running.rule.on in _TIMED and running.rule.at_s is not None and not running.fired
        ]
        return self.start_ns + round(min(times) * NS) if times else None

    def status(self) -> dict[str, Any]:
        """Return ``{rules: [{name, on, fired}]}``."""
        return {"rules": [{"name": one.rule.name, "on": one.rule.on, "fired": one.fired} for one in self._rules]}
