"""The lane of a message, and the base of all."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

import msgspec

__all__ = ["Lane", "Message"]


class Lane(IntEnum):
    """The order in which a mailbox hands out what waits."""

    URGENT = 0
    CONTROL = 1
    EVENTS = 2
    ORDERS = 3
    QUOTES = 4


class Message(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all messages; the tag is the class's name.

    Fields that hold their default are not written: the defaults of journal events are part of the format, never to be changed.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
