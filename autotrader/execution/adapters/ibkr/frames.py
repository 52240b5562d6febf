"""Frames of the TWS socket out of a stream of bytes (pure): four bytes of length, then as many of payload (ibkr.md 4.1)."""

from __future__ import annotations

import struct
from typing import Final

from autotrader.errors import DecodeError

__all__ = ["LARGEST_FRAME", "FrameBuffer"]

LARGEST_FRAME: Final = 0xFFFFFF
"""What the official client takes, in bytes."""
_HEAD: Final = struct.Struct("!I")


class FrameBuffer:
    """Takes bytes in any cut and hands out whole payloads in order; a frame that cannot be one makes it useless for good."""

    def __init__(self, largest: int = LARGEST_FRAME) -> None:
        self._held = bytearray()
        self._largest = largest

    @property
    def held(self) -> int:
        """Return how many bytes wait for the rest of their frame."""
        return len(self._held)

    def feed(self, data: bytes) -> None:
        """Take what came off the socket."""
        self._held += data

    def take(self) -> bytes | None:
        """Return the next whole payload, or None; DecodeError for a length that no message has (zero, or above 16 MiB)."""
        if len(self._held) < _HEAD.size:
            return None
        size = _HEAD.unpack_from(self._held)[0]
        if not 0 < size <= self._largest:
            raise DecodeError(f"a frame of {size} bytes: this is no TWS, or we are out of step with it")
        end = _HEAD.size + size
        if len(self._held) < end:
            return None
        payload = bytes(self._held[_HEAD.size : end])
        del self._held[:end]
        return payload
