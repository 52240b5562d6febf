"""The operator's request to re-arm: written by one process, looked at by the engine, answered in the same file.

Two steps, so that nothing re-arms by itself: a person asks, with a reason; the engine, running or at its next start, checks
and lifts, or writes down what is missing. A request counts the pulls it knew, and dies with the next pull.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from autotrader.actors.marker import ALL
from autotrader.errors import Refused
from autotrader.execution.latch import read_latch
from autotrader.execution.latch_file import short

__all__ = ["RearmAnswer", "RearmRequest", "answer_rearm", "read_rearm", "rearm_path", "request_rearm"]


class RearmAnswer(msgspec.Struct, frozen=True):
    """What the engine said. Not ``final``: it goes on checking for a while. ``ts_ns`` is wall time."""

    lifted: bool
    missing: tuple[str, ...]
    final: bool
    ts_ns: int


class RearmRequest(msgspec.Struct, frozen=True):
    """Who asks for what. ``pulls`` is the latch's count of pulls when it was asked; ``ts_ns`` is wall time."""

    request_id: str
    scope: str
    reason: str
    by: str
    ts_ns: int
    pulls: int
    answer: RearmAnswer | None = None

    @property
    def is_open(self) -> bool:
        """Say whether the engine still has to decide."""
        return self.answer is None or not self.answer.final


_read_request = msgspec.json.Decoder(RearmRequest).decode


def rearm_path(journal: str | Path) -> Path:
    """Return where the request on a journal's latch lies."""
    return Path(f"{journal}.rearm")


def request_rearm(journal: str | Path, scope: str, reason: str, by: str, now_ns: int | None = None) -> RearmRequest:
    """Ask the engine of a journal to lift the kill level of ``scope``: a venue, or ``all`` for every scope.

    Replaces an earlier request. Raises Refused without a reason or a name, and OSError.
    """
    if not reason.strip() or not by.strip():
        raise Refused("a re-arm needs a reason and the name of who asks for it", code="REASON_MISSING")
    now_ns = time.time_ns() if now_ns is None else now_ns
    latch = read_latch(journal)
    request = RearmRequest(
        request_id=f"{now_ns:x}-{os.getpid():x}", scope=scope or ALL, reason=short(reason), by=short(by), ts_ns=now_ns,
        pulls=0 if latch is None else latch.pulls,
    )
    _replace(rearm_path(journal), request)
    return request


def read_rearm(journal: str | Path) -> RearmRequest | None:
    """Return the request, None when there is none that can be read: what is not readable asks for nothing."""
    try:
        return _read_request(rearm_path(journal).read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None


def answer_rearm(journal: str | Path, request: RearmRequest, answer: RearmAnswer) -> None:
    """Write the engine's answer beside the request, unless another request has taken its place. Raises OSError."""
    found = read_rearm(journal)
    if found is not None and found.request_id == request.request_id:
        _replace(rearm_path(journal), msgspec.structs.replace(request, answer=answer))


def _replace(path: Path, request: RearmRequest) -> None:
    scratch = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(request))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(scratch, path)
