"""How a link reaches TWS, and what it allows itself there."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from autotrader.execution.adapters.ibkr.library import TEXT_ONLY
from autotrader.execution.adapters.ibkr.messages import ErrorKind

__all__ = ["LinkSettings"]


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach TWS. ``rate`` messages per second, of which ``reserve`` are for cancels; ``held_limit`` jobs may wait.

    ``connect_s``: connect, log-on, accounts and next id. ``heartbeat_s``: how often the time is asked for; twice as long
    without a byte ends the connection. ``max_version`` caps the server version, 0 for the client's own highest. ``codes`` are
    classes of error codes in place of the usual ones.
    """

    host: str
    port: int
    client_id: int
    rate: int = 50
    reserve: int = 10
    held_limit: int = 200
    connect_s: float = 10.0
    heartbeat_s: float = 5.0
    retry_s: float = 1.0
    longest_retry_s: float = 60.0
    max_version: int = TEXT_ONLY
    codes: Mapping[int, ErrorKind] = {}
