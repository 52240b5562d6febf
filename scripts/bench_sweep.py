"""A kill at CANCEL as the engine lives through it: pulled, gate shut, verdict."""

from __future__ import annotations

import queue
import time
from typing import Any

__all__ = ["pull_and_wait"]


def pull_and_wait(adapter: Any) -> dict[str, Any]:
    """Pull the switch to CANCEL and return when it was pulled, the gate shut, and the verdict told, on the monotonic clock."""
    from autotrader.messages import Alerted

    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    adapter.subscribe(inbox)
    pulled = time.monotonic_ns()
    adapter.engine.kill_switch.activate("a measurement", "CANCEL")
    shut = time.monotonic_ns()
    while True:
        event = inbox.get(timeout=120)
        if isinstance(event, Alerted) and event.code == "KILL_VERDICT":
            ended = time.monotonic_ns()
            return {"pulled_ns": pulled, "shut_ns": shut, "verdict_ns": ended, "verdict": event.text[:200]}
