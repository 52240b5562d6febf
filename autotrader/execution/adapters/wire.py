"""What a venue's voice and its wires say to each other: calls and their answers, frames, and the life of both.

A broker gives a connection one ``CallJob`` at a time and gets one ``CallDone`` for it, whatever happens; what was out at a
connection that tells ``ConnectionReady`` again was lost with its predecessor, and its outcome is unknown. All that comes from a
wire travels in one lane, so that a broker sees it in the order in which it was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from autotrader.messages import Lane, Message, Receipt
from autotrader.model import WriteClass

__all__ = [
    "CallDone", "CallJob", "CallRoll", "ClockOffset", "ConnectionReady", "Fate", "FrameReceived", "StreamClosed",
    "StreamOpened",
]

Fate = Literal["answered", "not_sent", "refused", "unknown"]
"""What became of a call: answered by the venue · proved not written, the wire failed before · proved not written, our own no
(the gate's, or the encoder's) · it may have arrived."""


class CallJob(Message, frozen=True):
    """Broker to connection: make one call. ``call`` is the venue codec's; ``deadline_s`` limits all of it, in seconds.

    ``number`` is the broker's counter and ``epoch`` the broker's incarnation; both come back with the answer.
    """

    number: int
    epoch: int
    call: Any
    write_class: WriteClass
    deadline_s: float
    receipt: Receipt | None = None
    attempt: int = 1
    lane = Lane.ORDERS


class CallDone(Message, frozen=True):
    """Connection to broker: how a call ended. Times are the machine's monotonic ns, 0 for not known.

    ``headers`` are found by lower-case name. ``code`` names our own no, or what the wire did (``CONNECT``, ``TIMEOUT``, ...).
    """

    number: int
    epoch: int
    connection: str
    fate: Fate
    code: str = ""
    reason: str = ""
    status: int = 0
    headers: Mapping[str, str] = {}
    body: bytes = b""
    written_ns: int = 0
    answered_ns: int = 0
    lane = Lane.EVENTS


class ConnectionReady(Message, frozen=True):
    """Connection to broker, at each start and for each ``CallRoll``: it takes a job. ``epoch`` is the connection's own."""

    connection: str
    role: str
    epoch: int
    lane = Lane.EVENTS


class CallRoll(Message, frozen=True):
    """Broker to connection: a new incarnation of the broker asks who is there. ``epoch`` is the broker's."""

    epoch: int


class ClockOffset(Message, frozen=True):
    """Broker to connection: the venue's clock minus ours, in ns."""

    offset_ns: int


class StreamOpened(Message, frozen=True):
    """Reader thread to broker: connected. ``number`` counts the connections of this stream."""

    stream: str
    number: int
    lane = Lane.EVENTS


class FrameReceived(Message, frozen=True, gc=False):
    """Reader thread to broker: one frame, as it came; ``recv_ns`` is the engine's time."""

    stream: str
    number: int
    data: bytes
    recv_ns: int
    lane = Lane.EVENTS


class StreamClosed(Message, frozen=True):
    """Reader thread to broker: the last word of a connection."""

    stream: str
    number: int
    reason: str
    lane = Lane.EVENTS
