"""The order life cycle as one table: 37 events x 12 states, each cell a state action and its effects.

Source: FIX 4.2 and 5.0SP2 order state change matrices (appendix D) and the venues' documents. A cell reads: ``->XXX`` go,
``=`` keep, ``.`` ignore, ``X`` refuse, ``-`` cannot arise (kept and alarmed), ``->LIVE`` the working state that the order's
figures give, ``->DONE`` the final state that the answer names; then effects: F book the fill, U undo it, H hold a bust, A take
over ids and terms, Q owe a query, C send a cancel, ! alert, K block the symbol, KK halt the venue.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from autotrader.model import OrderState

__all__ = [
    "CAN", "CELLS", "DEN", "DONE_CODES", "DRF", "EVENTS", "EXP", "FIL", "OPN", "PCX", "PRP", "PRT", "REJ", "SHORT", "SND",
    "STATES", "UNK", "Cell", "cell", "live_code",
]

STATES: Final = tuple(OrderState)
"""The states by code; the codes below are indexes into it."""

DRF, SND, UNK, OPN, PRT, PCX, PRP, FIL, CAN, REJ, EXP, DEN = range(12)
SHORT: Final = ("DRF", "SND", "UNK", "OPN", "PRT", "PCX", "PRP", "FIL", "CAN", "REJ", "EXP", "DEN")
DONE_CODES: Final = (FIL, CAN, REJ, EXP, DEN)

KEEP, IGNORE, REFUSE, IMPOSSIBLE, GO, GO_LIVE, GO_DONE = range(7)
_ACTIONS: Final = {"=": KEEP, ".": IGNORE, "X": REFUSE, "-": IMPOSSIBLE, "->LIVE": GO_LIVE, "->DONE": GO_DONE}

EVENTS: Final = (
    "", "risk passed, submit", "risk denied", "ack of our submit", "second venue id with no link to the first",
    "definite reject of submit", 'reject "duplicate client id"', "ambiguous or no reply to our request", "query: live",
    "query: done, or report: filled, without its trade", "query: not found, unproven", "not found, Rule N met",
    "new fill, cum < qty", "new fill, cum = qty", "new fill, cum > qty", "same trade id, same data",
    "same trade id, other data",
    "bust of a booked fill", "we ask cancel", "cancelled, asked or not", "cancel reject: too late or unknown",
    "cancel reject: limit or busy", "we ask replace", "replaced, as we asked", "replace reject", "expired", "older report",
    "report cum > our fills (gap)", "stream lost or process restart", "kill pulled, level CANCEL or above",
    "query: live, Rule L met", "report: live, not the ack of our submit",
    "quantity or price changed by the venue, not asked", "venue id succeeded by a linked one", "bust of a fill not yet seen",
    "submit proved not sent", "cancel refused for good, or retries used up",
    "query: cum < our fills, not known to be older",
)
"""What each row means; the index is the event's number."""

_TABLE: Final = """
   |DRF    |SND        |UNK        |OPN        |PRT        |PCX        |PRP        |FIL        |CAN        |REJ        |EXP        |DEN
 1 |->SND  |X          |X          |X          |X          |X          |X          |X          |X          |X          |X          |X
 2 |->DEN  |-          |-          |-          |-          |-          |-          |-          |-          |-          |-          |.
 3 |= ! KK |->LIVE A   |->LIVE A   |= A        |= A        |= A C      |= A        |= A        |= A        |->LIVE A Q ! K|= A     |= ! KK
 4 |= ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= A Q ! KK |= ! KK
 5 |= !    |->REJ      |->REJ      |= Q        |= Q        |= Q        |= Q        |= Q !      |= Q        |.          |= Q        |= !
 6 |= ! KK |->UNK Q !  |= Q        |= !        |= !        |= !        |= !        |= !        |= !        |= !        |= !        |= ! KK
 7 |-      |->UNK Q    |= Q        |= Q        |= Q        |= Q        |= Q        |.          |.          |.          |.          |.
 8 |= ! KK |->LIVE A   |->LIVE A   |=          |=          |= Q        |= Q        |= Q        |= Q        |->LIVE A Q ! K|= Q     |= ! KK
 9 |= ! KK |->DONE A   |->DONE A   |->DONE A   |->DONE A   |->DONE A   |->DONE A   |->DONE A   |->DONE A   |->DONE A   |->DONE A   |= ! KK
10 |.      |->UNK Q    |= Q        |= Q        |= Q        |= Q        |= Q        |.          |.          |.          |.          |.
11 |.      |= Q        |->REJ      |->CAN ! K  |->CAN ! K  |->CAN      |->CAN ! K  |.          |.          |.          |.          |.
12 |= F ! KK|->LIVE F  |->LIVE F   |->LIVE F   |= F        |= F        |= F        |= F Q ! K  |= F Q !    |->LIVE F Q ! K|= F Q ! |= F ! KK
13 |= F ! KK|->FIL F   |->FIL F    |->FIL F    |->FIL F    |->FIL F    |->FIL F    |= F Q ! K  |->FIL F Q !|->FIL F Q ! K|->FIL F Q !|= F ! KK
14 |= F ! KK|->FIL F Q ! K|->FIL F Q ! K|->FIL F Q ! K|->FIL F Q ! K|->FIL F Q ! K|->FIL F Q ! K|= F Q ! K|->FIL F Q ! K|->FIL F Q ! K|->FIL F Q ! K|= F ! KK
15 |.      |.          |.          |.          |.          |.          |.          |.          |.          |.          |.          |.
16 |= ! KK |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |= ! KK
17 |= U !  |-          |-          |-          |->LIVE U Q !|= U Q !   |= U Q !    |->LIVE U Q !|= U Q !   |-          |= U Q !    |= U !
18 |->DEN  |= C        |= C Q      |->PCX C    |->PCX C    |.          |->PCX C    |X          |X          |X          |X          |X
19 |= !    |->CAN A    |->CAN A    |->CAN A    |->CAN A    |->CAN A    |->CAN A    |= Q        |.          |.          |= Q        |= !
20 |-      |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |.          |.          |.          |.          |.
21 |-      |= C        |= C        |.          |.          |= C        |.          |.          |.          |.          |.          |.
22 |= A    |X          |X          |->PRP      |->PRP      |X          |X          |X          |X          |X          |X          |X
23 |= !    |->LIVE A ! |->LIVE A ! |->LIVE A   |->LIVE A   |->LIVE A   |->LIVE A   |->LIVE A   |= Q        |->LIVE A Q ! K|= Q     |= !
24 |-      |.          |.          |.          |.          |->LIVE Q   |->LIVE Q   |.          |.          |.          |.          |.
25 |= !    |->EXP A    |->EXP A    |->EXP A    |->EXP A    |->EXP A    |->EXP A    |= Q        |= Q        |.          |.          |= !
26 |.      |.          |.          |.          |.          |.          |.          |.          |.          |.          |.          |.
27 |= ! KK |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |= Q ! K    |= Q        |= ! KK
28 |->DEN  |->UNK Q    |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |= Q        |.
29 |->DEN  |= C Q      |= C Q      |->PCX C    |->PCX C    |= C        |->PCX C    |.          |.          |.          |.          |.
30 |= ! KK |->LIVE A   |->LIVE A   |=          |=          |= C        |->LIVE     |->LIVE A Q ! K|->LIVE A Q ! K|->LIVE A Q ! K|->LIVE A Q ! K|= ! KK
31 |= ! KK |->LIVE A   |->LIVE A   |=          |=          |=          |=          |= Q        |= Q        |->LIVE A Q ! K|= Q     |= ! KK
32 |= ! KK |->LIVE A   |->LIVE A   |->LIVE A   |->LIVE A   |->LIVE A   |->LIVE A   |->LIVE A Q |= Q        |->LIVE A Q ! K|= Q     |= ! KK
33 |= ! KK |->LIVE A Q |->LIVE A Q |= A Q      |= A Q      |= A Q      |= A Q      |= A Q      |= A Q      |->LIVE A Q ! K|= A Q   |= ! KK
34 |= H !  |= H Q !    |= H Q !    |= H Q !    |= H Q !    |= H Q !    |= H Q !    |= H Q !    |= H Q !    |= H Q !    |= H Q !    |= H !
35 |-      |->DEN      |->DEN      |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |= Q !      |.          |= Q !      |.
36 |-      |= !        |= !        |.          |.          |->LIVE !   |.          |.          |.          |.          |.          |.
37 |= ! KK |-          |-          |-          |= Q        |= Q        |= Q        |= Q        |= Q        |-          |= Q        |= ! KK
"""  # noqa: E501


class Cell:
    """One cell, parsed: what to do with the state, and which effects."""

    __slots__ = (
        "action", "alert", "block", "books", "cancel", "halt", "holds", "loud", "query", "takes", "target", "text", "undoes",
    )

    def __init__(self, text: str) -> None:
        head, *effects = text.split()
        self.text = " ".join((head, *effects))
        self.action = _ACTIONS.get(head, GO)
        self.target = SHORT.index(head[2:]) if self.action == GO else -1
        unlisted = set(effects) - {"F", "U", "H", "A", "Q", "C", "!", "K", "KK"}
        if unlisted:
            raise ValueError(f"cell {text!r} names effects that do not exist: {unlisted}")
        self.books, self.undoes, self.holds, self.takes = ("F" in effects, "U" in effects, "H" in effects, "A" in effects)
        self.query, self.cancel = "Q" in effects, "C" in effects
        self.alert = "!" in effects or self.action == IMPOSSIBLE
        self.block, self.halt = "K" in effects, "KK" in effects
        self.loud = self.query or self.cancel or self.alert or self.block or self.halt


def _parse(table: str) -> tuple[Cell, ...]:
    known: dict[str, Cell] = {}
    cells = [known.setdefault("-", Cell("-"))] * 12
    for number, line in enumerate(table.strip("\n").splitlines()[1:], start=1):
        head, *texts = (part.strip() for part in line.split("|"))
        if int(head) != number or len(texts) != 12:
            raise ValueError(f"row {head} of the life cycle stands at {number} or has not twelve cells")
        cells += [known.setdefault(text, Cell(text)) for text in texts]
    return tuple(cells)


CELLS: Final = _parse(_TABLE)
"""All cells; the one of event ``e`` in state code ``s`` is ``CELLS[12 * e + s]``."""


def cell(event: int, code: int) -> Cell:
    """Return the cell of event 1 to 37 in a state given by its code."""
    if not (0 < event < len(EVENTS) and 0 <= code < 12):
        raise KeyError(f"the life cycle has no event {event} in state {code}")
    return CELLS[12 * event + code]


def live_code(quantity: Decimal, filled: Decimal, cancel_wished: bool, replacing: bool) -> int:
    """Return the working state that an order's own figures give (``->LIVE``)."""
    if not quantity:
        return CAN
    if filled >= quantity:
        return FIL
    if cancel_wished:
        return PCX
    if replacing:
        return PRP
    return PRT if filled else OPN
