"""The first bytes of a latch file, mapped into memory by the engine and read by its gate before every write.

Byte 0 speaks for all venues: ``A`` armed everywhere, ``V`` only the venues below are closed, ``H``, ``C``, ``F`` the level
for all. Byte 1 and on speak for one venue each; venues that are not in the list share the last one, which closes more than
was asked for, never less. Any byte that is none of these reads as CANCEL: a torn or foreign file is closed.
"""

from __future__ import annotations

from typing import Final, Protocol

from autotrader.model import KillLevel

__all__ = [
    "ALL", "ALL_ARMED", "ARMED_BYTE", "LETTERS", "SIZE", "SLOTS", "SOME_BYTE", "Marker", "level_of_byte", "levels_of",
    "mapped_level", "slot_of",
]

ALL: Final = "all"
SIZE: Final = 64
_VENUES: Final = ("binance", "ibkr", "coinbase", "okx", "oanda", "paper")
_OTHERS: Final = len(_VENUES) + 1
SLOTS: Final = _OTHERS + 1
_SLOTS: Final = {name: number for number, name in enumerate(_VENUES, start=1)}
LETTERS: Final = {KillLevel.ARMED: b"A", KillLevel.HALT: b"H", KillLevel.CANCEL: b"C", KillLevel.FLATTEN: b"F"}
ARMED_BYTE: Final = LETTERS[KillLevel.ARMED][0]
SOME_BYTE: Final = b"V"[0]
_LEVELS: Final = {SOME_BYTE: KillLevel.ARMED, **{letter[0]: level for level, letter in LETTERS.items()}}
ALL_ARMED: Final = b"A" * SLOTS + b" " * (SIZE - SLOTS - 1) + b"\n"


class Marker(Protocol):
    """Bytes, or a mapping of the latch file."""

    def __getitem__(self, index: int, /) -> int: ...


def slot_of(scope: str) -> int:
    """Return the place of the byte that speaks for a scope: ``all`` or a venue."""
    return 0 if scope == ALL else _SLOTS.get(scope, _OTHERS)


def mapped_level(marker: Marker, venue: str) -> KillLevel:
    """Return the level that the bytes ask of one venue."""
    return max(level_of_byte(marker[0]), level_of_byte(marker[slot_of(venue)]))


def levels_of(marker: Marker) -> dict[str, KillLevel]:
    """Return what the bytes close, by scope; venues that share a byte go by the name ``others``."""
    names = {name: level_of_byte(marker[slot_of(name)]) for name in (ALL, *_VENUES, "others")}
    return {name: level for name, level in names.items() if level is not KillLevel.ARMED}


def level_of_byte(byte: int) -> KillLevel:
    """Return the level that one byte stands for."""
    return _LEVELS.get(byte, KillLevel.CANCEL)
