"""The numbered cases of the adapter contract: what each one expects of every venue, and what a venue needs to offer for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pytest

__all__ = ["CASES", "FEATURES", "Case", "case", "label"]

Function = TypeVar("Function", bound=Callable[..., None])

FEATURES = {
    "stream": "events on a stream that can be cut, stalled, repeated, reordered and garbled",
    "http": "answers with a status and a body",
    "clock": "a clock of its own",
    "amend": "orders can be amended",
    "bust": "trades can be taken back",
    "post only": "orders can be post-only",
    "least worth": "an order has a least worth",
    "lives on": "the venue works on while the engine is down",
}
"""What a case may need. A venue that has no such thing names the reason in its ``Capabilities.missing``."""


class Case(NamedTuple):
    """One line of the contract."""

    number: int
    name: str
    expected: str
    needs: tuple[str, ...]


CASES: dict[int, Case] = {}


def label(number: int) -> str:
    """Return the case's number as it is written."""
    return f"AC{number:02d}"


def case(number: int, expected: str, needs: tuple[str, ...] = (), **options: Any) -> Callable[[Function], Function]:
    """Enter a test in the contract; ``options`` are sections of the configuration that its adapter is made with."""

    def enter(function: Function) -> Function:
        name = function.__name__.removeprefix("test_").replace("_", " ")
        entry = Case(number, name, expected, needs)
        known = CASES.setdefault(number, entry)
        if known != entry:
            raise ValueError(f"{label(number)} is both {known.name!r} and {name!r}")
        for need in needs:
            if need not in FEATURES:
                raise ValueError(f"{label(number)} needs {need!r}, which is no feature")
        marked: Function = pytest.mark.contract(entry, options)(function)
        return marked

    return enter
