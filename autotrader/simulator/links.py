"""Orders that end each other: the first of a group that trades, triggers or ends takes the others with it. Pure."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import ZERO
from autotrader.simulator.events import BookOrder
from autotrader.simulator.special import special_of

__all__ = ["LINKED", "Links"]

LINKED = "LINKED"
"""The reason of an order's end, where another of its group brought it about."""


class Links:
    """The groups that stand, by name. What one group has set aside is what its dearest order needs, not the sum."""

    __slots__ = ("groups",)

    def __init__(self) -> None:
        self.groups: dict[str, list[BookOrder]] = {}

    def __bool__(self) -> bool:
        return bool(self.groups)

    def add(self, live: BookOrder) -> None:
        """Note an order that stays open, when it is of a group."""
        group = special_of(live.order).group
        if group:
            self.groups.setdefault(group, []).append(live)

    def covered(self, live: BookOrder) -> Decimal:
        """Return what the others of its group have set aside, which covers this order as well."""
        others = self.groups.get(special_of(live.order).group, ())
        return sum((other.hold for other in others if other is not live), ZERO)

    def loosen(self, live: BookOrder) -> list[BookOrder]:
        """End the order's group, and return the others that were in it; nothing when it has ended already."""
        group = self.groups.pop(special_of(live.order).group, ())
        return [other for other in group if other is not live]
