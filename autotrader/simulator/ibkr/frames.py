"""Frames of the TWS socket: four bytes of length, then fields that each end with NUL (ibkr.md section 4.1). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.errors import DecodeError

__all__ = ["MOST_BYTES", "FrameReader", "Hello", "frame", "payload_of", "read_hello", "split_fields", "text_of"]

MOST_BYTES: Final = 1 << 20
"""A longer frame is nobody's request: the connection is beyond repair."""
_MARK: Final = b"API\0"


class Hello(msgspec.Struct, frozen=True):
    """What a client opens with: the versions it speaks, and its options."""

    least: int
    most: int
    options: str = ""


class FrameReader:
    """Cuts a stream of bytes into payloads, however it arrives: ``API``, NUL and frames. One connection's."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._opened = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and return the payloads that are complete now. Raises DecodeError, after which nothing can be read."""
        self._bytes += data
        if not self._opened and not self._open():
            return []
        payloads = []
        while len(self._bytes) >= 4:
            size = int.from_bytes(self._bytes[:4], "big")
            if size > MOST_BYTES:
                raise DecodeError(f"a frame of {size} bytes is announced; at most {MOST_BYTES} are read")
            if len(self._bytes) < 4 + size:
                break
            payloads.append(bytes(self._bytes[4 : 4 + size]))
            del self._bytes[: 4 + size]
        return payloads

    def _open(self) -> bool:
        mark = bytes(self._bytes[: len(_MARK)])
        if not _MARK.startswith(mark):
            raise DecodeError(f"a client opens with API and NUL, not with {mark!r}")
        if mark == _MARK:
            del self._bytes[: len(_MARK)]
            self._opened = True
        return self._opened


def read_hello(payload: bytes) -> Hello:
    """Read ``v157..178`` or ``v100..226 +PACEAPI``, a single version too. Raises DecodeError."""
    text = payload.decode("ascii", "replace").rstrip("\0")
    versions, _, options = text.partition(" ")
    least, _, most = versions.removeprefix("v").partition("..")
    if not versions.startswith("v") or not least.isdecimal() or not (most or least).isdecimal():
        raise DecodeError(f"a client names its versions as v100..178, not as {text!r}")
    return Hello(int(least), int(most or least), options.strip())


def split_fields(payload: bytes) -> list[str]:
    """Return the fields of a payload. Raises DecodeError when the last one does not end or the text is not UTF-8."""
    if not payload.endswith(b"\0"):
        raise DecodeError("the last field does not end with NUL")
    try:
        return payload[:-1].decode().split("\0")
    except UnicodeDecodeError as error:
        raise DecodeError(f"a field is not UTF-8: {error}") from error


def text_of(value: object) -> str:
    """Return a field's text: nothing for None, 1 and 0 for booleans, decimals without exponent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def payload_of(fields: Iterable[object]) -> bytes:
    """Return these fields as a payload."""
    return "".join([f"{text_of(field)}\0" for field in fields]).encode()


def frame(payload: bytes) -> bytes:
    """Return a payload as it goes over the wire."""
    return len(payload).to_bytes(4, "big") + payload
