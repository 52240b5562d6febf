"""Orders with fill effects that go on as long as the order does: trades held back, never told, or taken back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autotrader.simulator.events import BookOrder, Filled, MarketEvent
from autotrader.simulator.fault_script import Effects

__all__ = ["Marks"]


class Marks:
    """The effects that orders are marked with, by order key; a later mark replaces an earlier one."""

    def __init__(self) -> None:
        self._marks: dict[str, Effects] = {}

    def __bool__(self) -> bool:
        return bool(self._marks)

    def add(self, live: BookOrder, effects: Effects) -> None:
        """Mark an order, if the effects hold anything that lasts."""
        if effects.silent or effects.hold_s or effects.bust is not None or effects.fill_on_cancel:
            self._marks[live.venue_order_id] = effects

    def fills_on_cancel(self, key: str) -> bool:
        """Say whether the order's next cancel loses the race against its fill."""
        mark = self._marks.get(key)
        return mark is not None and mark.fill_on_cancel

    def to_bust(self, events: Sequence[MarketEvent], count_trades: Callable[[str], int]) -> list[Filled]:
        """Return the new trades that are to be taken back; ``count_trades`` says how many an order has had with these."""
        fills = [event for event in events if isinstance(event, Filled)]
        due: list[Filled] = []
        for place, event in enumerate(fills):
            key = event.live.venue_order_id
            mark = self._marks.get(key)
            if mark is None or mark.bust is None:
                continue
            later = sum(1 for one in fills[place + 1 :] if one.live is event.live)
            if count_trades(key) - later == mark.bust:
                due.append(event)
        return due

    def hold_back(self, events: Sequence[MarketEvent]) -> tuple[list[MarketEvent], list[tuple[float, Filled]]]:
        """Return what is told now, and what is told so many seconds later; silent trades are in neither."""
        now: list[MarketEvent] = []
        later: list[tuple[float, Filled]] = []
        for event in events:
            mark = self._marks.get(event.live.venue_order_id)
            if mark is None or not isinstance(event, Filled):
                now.append(event)
            elif not mark.silent and mark.hold_s:
                later.append((mark.hold_s, event))
            elif not mark.silent:
                now.append(event)
        return now, later
