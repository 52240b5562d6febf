"""What a strategy's ``decide`` may return."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from autotrader.model import ExecutionDecision

__all__ = ["FloodError", "decisions_of"]


class FloodError(Exception):
    """More decisions in one call than are allowed."""


def decisions_of(returned: object, most: int) -> list[ExecutionDecision]:
    """Return the decisions: of a list, a tuple, a generator or any iterable, of one alone; none of None.

    Raises TypeError that names what came instead, and FloodError beyond ``most``; an endless generator is read no further.
    """
    if returned is None:
        return []
    if type(returned) is ExecutionDecision:
        return [returned]
    if isinstance(returned, (str, bytes, dict)) or not isinstance(returned, Iterable):
        raise TypeError(f"decide() must return ExecutionDecisions, a list of them or None, not {type(returned).__name__}")
    decisions = list(islice(returned, most + 1))
    if len(decisions) > most:
        raise FloodError(f"more than {most} decisions in one call of decide()")
    for index, decision in enumerate(decisions):
        if type(decision) is not ExecutionDecision:
            raise TypeError(f"decide() returned {type(decision).__name__} at index {index}, where an ExecutionDecision belongs")
    return decisions
