"""A connection to TWS beside the engine's own, under another client id: for quotes, checks and a sweep from outside.

It cannot place an order. What it asks is paced as everything is (ibkr.md section 10), by waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from autotrader.errors import NotSent, OutcomeUnknown, Refused
from autotrader.execution.adapters.ibkr.client import TwsClient
from autotrader.execution.adapters.ibkr.config import VENUE
from autotrader.execution.adapters.ibkr.library import TEXT_ONLY, load
from autotrader.execution.adapters.ibkr.messages import (
    CancelRequest,
    ErrorKind,
    GlobalCancelRequest,
    LinkOpened,
    PlaceRequest,
    Request,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.outlet import Outlet
from autotrader.execution.adapters.ibkr.pacing import Pace
from autotrader.execution.adapters.ibkr.socket_line import NotConnected

__all__ = ["Address", "SideConnection"]

RATE: Final = 40


class Address(NamedTuple):
    """Where TWS listens, and under which client id to come; ``connect_s`` limits connecting and the log-on, in seconds."""

    host: str
    port: int
    client_id: int
    connect_s: float = 10.0
    codes: Mapping[int, ErrorKind] = {}

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class _Teller:
    def __init__(self, hear: Callable[[list[TwsEvent]], None]) -> None:
        self._hear = hear

    def tell(self, message: Any, /) -> None:
        self._hear(message)


class SideConnection:
    """Connects at once, in a thread in which ``hear`` is given what TWS tells: first ``LinkOpened``, last ``LinkClosed``.

    Raises StartError without an ibapi that can be used. ``may_cancel`` lets cancels pass.
    """

    def __init__(
        self, address: Address, hear: Callable[[list[TwsEvent]], None], *, may_cancel: bool = False,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:  # fmt: skip
        self._may_cancel, self._now_ns = may_cancel, now_ns
        self._lock, self._pace = threading.Lock(), Pace(RATE, 0)
        self._address = address
        outlet = Outlet(1, _Teller(hear), self._greeting, is_wanted=lambda: True)
        self._client = TwsClient(
            load(), outlet, host=address.host, port=address.port, client_id=address.client_id, connect_s=address.connect_s,
            max_version=TEXT_ONLY, codes=address.codes, now_ns=now_ns, on_end=lambda: None,
        )  # fmt: skip
        self._watchdog = threading.Timer(address.connect_s, self._give_up_silence)
        self._watchdog.daemon = True
        self._watchdog.start()
        self._client.start()

    def _greeting(self, accounts: tuple[str, ...], next_id: int) -> LinkOpened:
        self._watchdog.cancel()
        client = self._client
        return LinkOpened(
            self._now_ns(), 1, client.server_version, accounts, next_id, ", ".join(load().distributions), client.connection_time
        )

    def _give_up_silence(self) -> None:
        if not self._client.outlet.is_open:
            self._client.shut(f"TWS did not greet within {self._address.connect_s:g} s: is a dialog open in it?")

    def write(self, request: Request) -> None:
        """Write a request, after waiting for its turn; any thread.

        Raises NotSent when there is no connection, OutcomeUnknown when part may have left, Refused for what is not for here.
        """
        is_cancel = isinstance(request, (CancelRequest, GlobalCancelRequest))
        if isinstance(request, PlaceRequest) or (is_cancel and not self._may_cancel):
            raise Refused(f"{type(request).__name__} is not for a connection beside the engine", code="NOT_ALLOWED")
        with self._lock:
            while wait_ns := self._pace.wait_ns(time.monotonic_ns()):
                time.sleep(wait_ns / 1e9)
            try:
                self._client.write(self._client.frame_of(request))
            except NotConnected as error:
                raise NotSent(f"TWS cannot be reached at {self._address}: {error}", venue=VENUE, code="NO_LINK") from None
            except OSError as error:
                raise OutcomeUnknown(f"the connection to TWS was cut: {error}", venue=VENUE, code="CUT") from None
            self._pace.note(time.monotonic_ns())

    def shut(self, why: str) -> None:
        """End the connection at once; any thread. ``LinkClosed`` follows."""
        self._watchdog.cancel()
        self._client.shut(why)

    def join(self, timeout_s: float = 1.0) -> bool:
        """Wait for its thread's end, from outside of it; say whether it came."""
        return self._client.join(timeout_s)
