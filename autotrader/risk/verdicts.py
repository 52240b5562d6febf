"""What the limits say: a verdict on one request, a denial by one control, a caution near a limit, a breach that acts."""

from __future__ import annotations

from enum import StrEnum
from typing import final

import msgspec

from autotrader.messages import Receipt
from autotrader.model import Order, WriteClass

__all__ = ["Breach", "BreachAction", "Caution", "Denial", "Denied", "Finding", "Passed", "Verdict"]


class BreachAction(StrEnum):
    """What has to follow, beyond the denial itself."""

    DENY = "deny"
    STOP_STRATEGY = "stop_strategy"
    HALT_VENUE = "halt_venue"
    HALT = "halt"
    CANCEL = "cancel"


class Denial(msgspec.Struct, frozen=True):
    """One control's no. ``code`` is UPPER_SNAKE; ``sentence`` names the order's figure, the limit, its key, what to do."""

    control: str
    code: str
    sentence: str
    action: BreachAction = BreachAction.DENY


class Caution(msgspec.Struct, frozen=True):
    """A figure inside the soft band: at or past 80 % of its limit, not past the limit."""

    control: str
    figure: object
    limit: object
    key: str

    @property
    def sentence(self) -> str:
        """Say what is near which limit."""
        return f"{self.control}: {self.figure} is past 80 % of {self.limit} ({self.key})"


Finding = Denial | Caution | None


class Breach(msgspec.Struct, frozen=True):
    """A limit on what has already happened was passed; the order manager carries out ``action``.

    ``strategy`` is set for STOP_STRATEGY, ``venue`` for HALT_VENUE; HALT and CANCEL are for all.
    """

    control: str
    code: str
    sentence: str
    action: BreachAction
    strategy: str = ""
    venue: str = ""


class Passed(msgspec.Struct, frozen=True):
    """All limits passed. ``order`` is what may be sent: with ``cap_price`` set, or with the amended terms."""

    order: Order
    receipt: Receipt
    write_class: WriteClass
    warnings: tuple[str, ...] = ()


@final
class Denied(msgspec.Struct, frozen=True):
    """Our own no. ``breach_action`` other than DENY asks the order manager for more than the denial."""

    code: str
    sentence: str
    breach_action: BreachAction = BreachAction.DENY
    control: str = ""


Verdict = Passed | Denied
