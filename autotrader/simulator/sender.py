"""What stands between a venue's events and one connection: latency and stream faults. The loop's thread."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from autotrader.simulator.fault_script import Effects
from autotrader.simulator.stream_faults import StreamFaults
from autotrader.simulator.world import SimVenue

__all__ = ["Sender"]

MOST_WAITING: Final = 256 << 20
"""Bytes that a peer may leave unread before it is cut off."""


class Sender:
    """Writes the frames of one open connection, in order. Everything that leaves must go through it.

    A protocol says how its frames look (``frame``). Call ``close`` when the connection ends.
    """

    def __init__(self, venue: SimVenue, transport: asyncio.Transport) -> None:
        self._venue, self._transport = venue, transport
        self._loop = asyncio.get_running_loop()
        self._faults = StreamFaults()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._last_due = self._stalled_until = self._byte_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        venue.on_stream_fault.append(self.strike)

    def frame(self, payload: bytes) -> bytes:
        """Return what goes out for a payload."""
        raise NotImplementedError

    @property
    def is_open(self) -> bool:
        """Say whether anything can still be sent."""
        return not self._transport.is_closing()

    def close(self) -> None:
        """Forget the connection."""
        if self.strike in self._venue.on_stream_fault:
            self._venue.on_stream_fault.remove(self.strike)
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()

    def tell(self, event: bytes, symbol: str = "", client_order_id: str = "", *, of_account: bool = True) -> None:
        """Send an event, as the stream rules have it.

        Rules count the account's events alone: quotes come so often that the fifth or every tenth event would always be one.
        What a rule does to a whole stream at its time, it does to market streams too.
        """
        if of_account and self._venue.faults and (effects := self._venue.fault("stream", symbol, client_order_id)) is not None:
            self.strike(effects)
            if effects.cut:
                return None
        delay_s = self._venue.half_trip_s
        if self._faults.is_calm:
            return self._put(self.frame(event), delay_s)
        for one in self._faults.take(event):
            self._put(self.frame(one), delay_s)
        return None

    # ------------------------------------------------------------ what goes wrong

    def strike(self, effects: Effects) -> None:
        """Let stream effects begin here."""
        self._faults.strike(effects)
        if effects.stall_s is not None:
            self._stalled_until = max(self._stalled_until, self._loop.time() + effects.stall_s)
        if effects.slow_bps is not None:
            self._byte_s = 8 / max(effects.slow_bps, 1e-3)
        if effects.cut:
            self.cut()

    def cut(self) -> None:
        """End the connection without a word."""
        self._transport.abort()

    # ------------------------------------------------------------ bytes

    def _put(self, data: bytes, delay_s: float = 0.0, takes_s: float = 0.0) -> None:
        """Write in order, when it is due; ``takes_s``: what comes behind it waits so long."""
        if self._transport.is_closing():
            return
        if not (delay_s or takes_s or self._waiting or self._stalled_until or self._byte_s or self._last_due):
            self._write(data)
            return
        now = self._loop.time()
        due = max(now + delay_s, self._stalled_until, self._last_due)
        if self._stalled_until <= now:
            self._stalled_until = 0.0
        takes_s = max(takes_s, len(data) * self._byte_s)
        self._last_due = due + takes_s
        self._waiting.append((due, data))
        self._pump()

    def _pump(self) -> None:
        now, waiting = self._loop.time(), self._waiting
        while waiting and waiting[0][0] <= now:
            self._write(waiting.popleft()[1])
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(waiting[0][0], self._pump) if waiting else None
        if not waiting and self._last_due <= now:
            self._last_due = 0.0

    def _write(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MOST_WAITING:
            self._transport.abort()
