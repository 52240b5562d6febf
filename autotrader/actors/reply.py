"""What may travel with a message: somewhere to put the answer, or a note that the message is through."""

from __future__ import annotations

import threading
from typing import Any, Protocol

from autotrader.errors import WaitTimeout

__all__ = ["UNCOUNTED", "Reply", "Slip", "Uncounted"]


class Slip(Protocol):
    """Travels with a message. ``absorbs``: an expected error is an answer; ``counts``: the message is work in flight."""

    absorbs: bool
    counts: bool

    def set(self, value: Any) -> None:
        """Take the handler's result; called once, by the actor's thread."""

    def fail(self, error: BaseException) -> None:
        """Take the error instead, or the news that the message was never handled."""


class Reply:
    """An answer that a thread outside waits for. Set once; later sets are ignored."""

    __slots__ = ("_done", "_error", "_value")
    absorbs = True
    counts = True

    def __init__(self) -> None:
        self._done = threading.Event()
        self._value: Any = None
        self._error: BaseException | None = None

    def set(self, value: Any) -> None:
        """Give the answer."""
        if not self._done.is_set():
            self._value = value
            self._done.set()

    def fail(self, error: BaseException) -> None:
        """Give an error as the answer."""
        if not self._done.is_set():
            self._error = error
            self._done.set()

    def wait(self, timeout_s: float, what: str) -> Any:
        """Return the answer or raise its error; ``WaitTimeout`` after ``timeout_s`` seconds."""
        if not self._done.wait(timeout_s):
            raise WaitTimeout(f"no answer to {what} within {timeout_s:g} s; it may still be handled")
        if self._error is not None:
            raise self._error
        return self._value


class Uncounted:
    """Marks a message that is not work in flight."""

    __slots__ = ()
    absorbs = False
    counts = False

    def set(self, value: Any) -> None:
        """Do nothing."""

    def fail(self, error: BaseException) -> None:
        """Do nothing."""


UNCOUNTED = Uncounted()
