"""What tests of every part share. Importable as ``support`` (conftest.py puts this folder on the path)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Probe", "eventually", "messages_in"]


def eventually(check: Callable[[], Any], timeout_s: float = 5.0) -> Any:
    """Return what ``check`` returns once that is true; an ``AssertionError`` in it counts as not yet.

    Fails with the last error or value when ``timeout_s`` seconds are over.
    """
    pause, deadline, last = 0.0005, time.monotonic() + timeout_s, None
    gate = threading.Event()
    while True:
        try:
            value = check()
            if value:
                return value
            last = AssertionError(f"still {value!r}")
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {last}") from last
        gate.wait(pause)
        pause = min(pause * 1.5, 0.02)


def messages_in(payload: Any) -> list[Any]:
    """Return the messages of what was told: itself, or those of the list."""
    return list(payload) if isinstance(payload, list | tuple) else [payload]


class Probe:
    """Stands behind a handle in an actor's place: ``runtime.handle("oms").bind(probe)``; keeps what it is told, in order."""

    def __init__(self, answer: Callable[[Any], Any] | None = None) -> None:
        self.seen: list[Any] = []
        self.tells: list[Any] = []
        self._answer = answer

    def put(self, message: Any, slip: Any = None) -> None:
        self.tells.append(message)
        for one in messages_in(message):
            self.seen.append(one)
            value = self._answer(one) if self._answer is not None else None
            if slip is not None:
                slip.set(value)

    def of(self, *types: type) -> list[Any]:
        """Return what was seen of exactly these types."""
        return [one for one in self.seen if type(one) in types]

    def wait_for(self, message_type: type, count: int = 1, timeout_s: float = 5.0) -> list[Any]:
        """Return what was seen of the type, once there are ``count`` of them."""
        eventually(lambda: len(self.of(message_type)) >= count, timeout_s)
        return self.of(message_type)
