"""The form of the latch: what a pull leaves behind, readable by a person and by the gate of a running engine (pure).

The file has a fixed size and is only ever written in place, since a running engine has its head mapped. First the 64 bytes of
``autotrader.actors.marker``, then two slots that take turns; a slot is a line of sequence, checksum and length, and JSON.
Whatever is torn reads as closed: a pull writes the head before the slot, a lift writes the slot before the head, and of head
and newest whole slot the higher level counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from mmap import mmap
from typing import Final
from zlib import crc32

import msgspec

from autotrader.actors.marker import (
    ALL,
    ALL_ARMED,
    ARMED_BYTE,
    LETTERS,
    SIZE,
    SLOTS,
    SOME_BYTE,
    level_of_byte,
    levels_of,
    slot_of,
)
from autotrader.model import KillLevel

__all__ = [
    "FILE_SIZE", "SLOT_SIZE", "LatchEntry", "LatchState", "armed_file", "closed_state", "fingerprint", "head_of", "next_record",
    "raise_head", "read_state", "short",
]

SLOT_SIZE: Final = 8160
FILE_SIZE: Final = SIZE + 2 * SLOT_SIZE
_LINE: Final = 32
_LONGEST_TEXT: Final = 300


class LatchEntry(msgspec.Struct, frozen=True):
    """One pull or re-arm; ``ts_ns`` is wall time."""

    action: str
    scope: str
    level: str
    reason: str
    by: str
    ts_ns: int


class LatchState(msgspec.Struct, frozen=True):
    """What the latch says. ``levels`` maps scope to the name of its level, and is empty when armed everywhere.

    ``pulls`` counts all pulls ever; a re-arm names the count it was asked at, so that it never lifts a later pull.
    ``problem`` says why a file is closed that could not be read whole.
    """

    levels: dict[str, str] = {}
    reason: str = ""
    by: str = ""
    since_ns: int = 0
    pulls: int = 0
    history: tuple[LatchEntry, ...] = ()
    sequence: int = 0
    problem: str = ""

    def level(self, scope: str = ALL) -> KillLevel:
        """Return the level in force at a venue; ``all`` asks for that scope alone."""
        names = (self.levels.get(ALL, "ARMED"), self.levels.get(scope, "ARMED"))
        return max(KillLevel[name] for name in names)

    @property
    def is_whole(self) -> bool:
        """Say whether the file held a record that can be believed."""
        return self.sequence > 0

    @property
    def highest(self) -> KillLevel:
        """Return the highest level of any scope."""
        return max((KillLevel[name] for name in self.levels.values()), default=KillLevel.ARMED)


_read_state = msgspec.json.Decoder(LatchState).decode


def closed_state(problem: str) -> LatchState:
    """Return what an absent truth means: CANCEL for all."""
    return LatchState(levels={ALL: KillLevel.CANCEL.name}, reason=problem, by="latch", problem=problem)


def head_of(levels: Mapping[str, str]) -> bytes:
    """Return the 64 bytes that say these levels."""
    worst: dict[int, KillLevel] = {}
    for scope, name in levels.items():
        worst[slot_of(scope)] = max(worst.get(slot_of(scope), KillLevel.ARMED), KillLevel[name])
    head = bytearray(ALL_ARMED)
    for slot, level in worst.items():
        head[slot] = LETTERS[level][0]
    if head[0] == ARMED_BYTE and head != ALL_ARMED:
        head[0] = SOME_BYTE
    return bytes(head)


def armed_file() -> bytes:
    """Return a whole latch that is armed."""
    return ALL_ARMED + _slot(LatchState(sequence=1)) + b" " * (SLOT_SIZE - 1) + b"\n"


def read_state(body: bytes, besides: str | None = None) -> LatchState:
    """Return what the bytes of a latch file mean; never raises, and closed is the answer to every doubt.

    ``besides`` names the scope whose byte in the head is not asked: a pull has just written it.
    """
    if len(body) != FILE_SIZE:
        return closed_state(f"the latch is corrupt: {len(body)} bytes instead of {FILE_SIZE}")
    newest = max((_parse(body[start : start + SLOT_SIZE]) for start in _starts()), key=lambda state: state.sequence)
    if not newest.sequence:
        return closed_state("the latch is corrupt: neither of its two records is whole")
    levels = dict(newest.levels)
    for scope, level in levels_of(body).items():
        if besides is not None and slot_of(scope) == slot_of(besides):
            continue
        known = [KillLevel[name] for other, name in newest.levels.items() if slot_of(other) == slot_of(scope)]
        if level > max(known, default=KillLevel.ARMED):
            levels[ALL if scope == "others" else scope] = max(level, KillLevel[levels.get(scope, "ARMED")]).name
    if levels == newest.levels:
        return newest
    return msgspec.structs.replace(newest, levels=levels, problem="the first bytes ask for more than the record explains")


def fingerprint(body: bytes | mmap) -> bytes:
    """Return the few bytes that differ whenever the latch does."""
    first, second = _starts()
    return body[: first + _LINE] + body[second : second + _LINE]


def next_record(state: LatchState) -> tuple[LatchState, int, bytes]:
    """Return the state as the next record, where it belongs (over the older one), and its bytes."""
    state = msgspec.structs.replace(state, sequence=state.sequence + 1, problem="")
    return state, _starts()[(state.sequence + 1) % 2], _slot(state)


def raise_head(head: mmap | bytearray, levels: Mapping[str, str]) -> None:
    """Raise the mapped bytes to these levels, one by one and lowering none: others may be raising theirs."""
    wanted = head_of(levels)
    for slot in range(SLOTS - 1, -1, -1):
        if wanted[slot] != ARMED_BYTE and level_of_byte(wanted[slot]) >= level_of_byte(head[slot]):
            head[slot] = wanted[slot]


def _starts() -> tuple[int, int]:
    return (SIZE, SIZE + SLOT_SIZE)


def _slot(state: LatchState) -> bytes:
    while len(body := msgspec.json.encode(state)) > SLOT_SIZE - _LINE - 1 and state.history:
        state = msgspec.structs.replace(state, history=state.history[1:])
    line = b"%010d %08x %06d" % (state.sequence, crc32(body), len(body))
    return line.ljust(_LINE - 1) + b"\n" + body.ljust(SLOT_SIZE - _LINE - 1) + b"\n"


def _parse(slot: bytes) -> LatchState:
    try:
        sequence, checksum, length = slot[:_LINE].split()
        body = slot[_LINE : _LINE + int(length)]
        if crc32(body) != int(checksum, 16):
            return LatchState()
        state = _read_state(body)
        known = state.sequence == int(sequence) and all(name in KillLevel.__members__ for name in state.levels.values())
    except (ValueError, msgspec.MsgspecError):
        return LatchState()
    return state if known else LatchState()


def short(text: str) -> str:
    """Cut a text to what a record has room for."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
