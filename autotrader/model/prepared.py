"""Types that msgspec may read from several threads at once."""

from __future__ import annotations

from typing import TypeVar

import msgspec

__all__ = ["prepared"]

_T = TypeVar("_T", bound=type[msgspec.Struct])


def prepared(kind: _T) -> _T:
    """Have msgspec learn the fields of a struct where it is defined, for ``msgspec.convert``; a class decorator.

    msgspec 0.22 learns them at the first use, without a lock: two threads there at once crash the process. Where JSON is read,
    a ``Decoder`` made at the top of its module does the same.
    """
    msgspec.json.Decoder(kind)
    return kind
