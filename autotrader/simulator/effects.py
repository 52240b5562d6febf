"""What a venue package needs to carry out faults: on requests, on streams, on connections.

For a request: read it into an ``Asked``, then ``deliver(request, await carry_out(venue, asked))`` over HTTP, or
``sender.answer(await carry_out(venue, asked))`` on a socket (in a task of its own, so that a late answer holds up no other).
For a stream: ``meet_connect`` before the handshake, then an ``EventSender`` for all that leaves.
"""

from __future__ import annotations

from autotrader.simulator.event_sender import EventSender
from autotrader.simulator.http_reply import deliver, meet_connect, reset
from autotrader.simulator.meeting import Answer, Asked, Returned, carry_out

__all__ = ["Answer", "Asked", "EventSender", "Returned", "carry_out", "deliver", "meet_connect", "reset"]
