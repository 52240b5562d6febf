"""From raw bytes to typed values: every way in which they can be wrong ends as one ``UnreadableFrame``."""

from __future__ import annotations

from base64 import b64encode
from typing import Final, TypeVar

import msgspec

from autotrader.errors import DecodeError
from autotrader.messages import FrameUnreadable

__all__ = ["BROKEN", "UnreadableFrame", "bytes_of", "frame_unreadable", "read"]

_T = TypeVar("_T")

BROKEN: Final = (ValueError, RecursionError, ArithmeticError)
"""All that reading can raise: msgspec's errors and bad UTF-8 are ValueErrors, deep nesting is a RecursionError."""
LONGEST_RAW: Final = 1 << 20


class UnreadableFrame(DecodeError):
    """A frame or body that cannot be read; ``raw`` is the whole of it, for the journal."""

    def __init__(self, what: str, reason: str, raw: bytes) -> None:
        super().__init__(f"{what} cannot be read: {reason}")
        self.what, self.reason, self.raw = what, reason, raw


def bytes_of(raw: bytes | str) -> bytes:
    """Return the bytes of a frame; text from a library that decoded it already is encoded again."""
    return raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")


def read(raw: bytes | str, decoder: msgspec.json.Decoder[_T], what: str) -> _T:
    """Decode JSON into the decoder's type; raises UnreadableFrame. Bad UTF-8 is refused even in parts that nobody reads."""
    try:
        if isinstance(raw, bytes) and not raw.isascii():
            raw.decode()
        return decoder.decode(raw)
    except BROKEN as error:
        raise UnreadableFrame(what, str(error)[:300], bytes_of(raw)) from error


def frame_unreadable(error: UnreadableFrame, venue: str, ts_ns: int) -> FrameUnreadable:
    """Make the journal's event of an unreadable frame; of more than a mebibyte the head is kept."""
    return FrameUnreadable(venue, b64encode(error.raw[:LONGEST_RAW]).decode("ascii"), str(error), ts_ns)
