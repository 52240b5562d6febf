"""What a case holds in its hand: one adapter at one venue, with short words for orders and for waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from contract.books import check_books
from contract.kit import Json, VenueKit
from contract.truth import by_intent, is_live
from support import eventually

from autotrader.execution.tickets import Ticket
from autotrader.messages import Alerted
from autotrader.model import Fill, Order, OrderUpdate

__all__ = ["FAST", "Desk"]

HEALTHY_S = 30.0
"""How long books may take to agree once the venue is healthy: a request's life and the span in which absence is proved."""
FAST: Json = {
    "engine": {"inflight_sweep_s": 0.5, "sweep_s": 1},
    "risk": {"quote": {"max_age_s": 600}},
    "stop": {"timeout_s": 1.5},
}
"""Waits that are right for a venue far away, cut to what one in the same room needs."""
QUICK_VENUE: Json = {
    "retry": {"initial_backoff_s": 0.05, "max_backoff_s": 0.2},
    "breaker": {"open_s": 0.3, "open_max_s": 1, "minimum_failures": 50},
}


class Desk:
    """One case's adapter, connected. ``events`` and ``fills`` are what the adapter told its subscribers, in order."""

    def __init__(self, kit: VenueKit, folder: Path, **options: Any) -> None:
        self.kit, self.terms = kit, kit.terms
        self.journal = folder / "journal.db"
        self.options = options
        self.events: list[Any] = []
        self.fills: list[Fill] = []
        self.foreign: set[str] = set()
        self._inbox: queue.Queue[Any] = queue.Queue()
        self.before: Json = {}
        self._threads = set(threading.enumerate())

    # ------------------------------------------------------------ life

    def connect(self) -> None:
        """Make an adapter on the case's journal and connect it; the first time, remember the venue's truth."""
        venue = {**QUICK_VENUE, **self.options.get("venue", {})}
        sections = {key: value for key, value in self.options.items() if key != "venue"}
        merged = {key: {**FAST.get(key, {}), **sections.get(key, {})} for key in {*FAST, *sections}}
        self.adapter = self.kit.make_adapter(journal={"path": str(self.journal)}, **merged, **venue)
        self.adapter.connect(20)
        self.engine = self.adapter.engine
        self._inbox = queue.Queue()
        self.adapter.subscribe(self._inbox)
        self.adapter.subscribe_fills(self.fills.append)
        if not self.before:
            self.before = self.kit.ledger()

    def reconnect(self, between: Callable[[], None] = lambda: None) -> None:
        """Stop the engine, do something, and start a fresh one on the same journal."""
        self.adapter.disconnect()
        between()
        self.connect()

    # ------------------------------------------------------------ the market

    def below(self, steps: int) -> Decimal:
        """Return a price so many steps under the bid."""
        return self.terms.bid - steps * self.terms.step

    def above(self, steps: int) -> Decimal:
        """Return a price so many steps over the ask."""
        return self.terms.ask + steps * self.terms.step

    def show(self, steps: int = 0, *, bid_size: Decimal | None = None, ask_size: Decimal | None = None) -> None:
        """Show the market moved by so many steps, with these sizes or the usual ones."""
        terms, by = self.terms, steps * self.terms.step
        size = terms.size
        self.kit.show(terms.bid + by, terms.ask + by, bid_size or size, ask_size or size)

    # ------------------------------------------------------------ orders

    def order(self, side: str = "BUY", units: int | str = 1, price: Decimal | None = None, **more: Any) -> Order:
        """Make an order of so many units: MARKET without a price, LIMIT with one, unless ``type`` says otherwise."""
        kind = more.pop("type", "MARKET" if price is None else "LIMIT")
        symbol = more.pop("symbol", self.terms.symbol)
        quantity = more.pop("quantity", Decimal(units) * self.terms.unit)
        return self.adapter.new_order(symbol, side, quantity, kind, price=price, **more)

    def submit(self, side: str = "BUY", units: int | str = 1, price: Decimal | None = None, **more: Any) -> OrderUpdate:
        """Make an order and send it."""
        return self.adapter.submit_order(self.order(side, units, price, **more))

    def send(self, order: Order) -> Ticket:
        """Send an order without waiting for the venue; it is on record when this returns."""
        ticket = self.engine.submit_order(order)
        eventually(lambda: ticket.update)
        return ticket

    def rest(self, side: str = "BUY", units: int | str = 1, steps: int = 5, **more: Any) -> OrderUpdate:
        """Have a LIMIT order rest so many steps away from the market."""
        told = self.submit(side, units, self.below(steps) if side == "BUY" else self.above(steps), **more)
        if told.state == "UNKNOWN":  # on a busy machine it is asked about before the venue has answered
            told = self.until(told, "OPEN")
            eventually(lambda: not self.engine.get_status()["venues"][0]["blocks"], 20)
        assert told.state == "OPEN", told
        return told

    def now(self, order: OrderUpdate | Order) -> OrderUpdate:
        """Return an order as it stands."""
        return self.adapter.get_order_status(order.client_order_id)

    def until(self, order: OrderUpdate | Order, *states: str, timeout_s: float = 10.0) -> OrderUpdate:
        """Wait until an order is in one of these states, and return it."""

        def reached() -> OrderUpdate:
            found = self.now(order)
            assert found.state in states, f"{found.state} ({found.reason_code}: {found.reason}), not {' or '.join(states)}"
            return found

        return eventually(reached, timeout_s)

    def denied(self, told: OrderUpdate) -> OrderUpdate:
        """Check that an order was refused by us, with a reason, and never left."""
        assert told.state == "DENIED", told
        assert told.reason_code, told
        assert told.reason, told
        assert self.truth(told) is None, "it is at the venue all the same"
        return told

    # ------------------------------------------------------------ what was told, what is true

    def heard(self, kind: type[Any] = OrderUpdate) -> list[Any]:
        """Return what subscribers were told of one kind so far."""
        while not self._inbox.empty():
            self.events.append(self._inbox.get_nowait())
        return [event for event in self.events if isinstance(event, kind)]

    def alarms(self) -> list[str]:
        """Return the codes of the alerts so far."""
        return [alert.code for alert in self.heard(Alerted)]

    def truth(self, order: OrderUpdate | Order) -> Json | None:
        """Return the order's row of the truth ledger, None when the venue has none."""
        return by_intent(self.kit.ledger()["orders"], self.kit.intent_of).get(order.client_order_id)

    def asked(self, request: str) -> int:
        """Return how many requests of a kind the venue has counted since the case began."""
        return int(self.kit.ledger()["requests"].get(request, 0)) - int(self.before["requests"].get(request, 0))

    def fault(self, on: str, *effects: Json, **trigger: Any) -> None:
        """Have the next request of a kind go wrong; or by another trigger."""
        self.kit.faults({"rules": [{"on": on, **(trigger or {"nth": 1}), "do": list(effects)}]})

    def place_by_hand(self, side: str, units: int, price: Decimal | None = None) -> str:
        """Place an order past the engine."""
        name = self.kit.place_by_hand(side, units * self.terms.unit, price)
        self.foreign.add(name)
        return name

    def link(self) -> str:
        """Return the state of the venue's link, by the engine's own word."""
        [found] = self.engine.get_status()["venues"]
        return str(found["link"])

    def until_ready(self, timeout_s: float = 20.0) -> None:
        """Wait until the venue is reached and its books are reconciled."""
        eventually(lambda: self.link() == "UP" and self.engine.get_status()["venues"][0]["ready"], timeout_s)

    def position(self) -> Decimal:
        """Return the position in the symbol."""
        held = {one.symbol: one.quantity for one in self.adapter.get_positions()}
        return held.get(self.terms.symbol, Decimal(0))

    def agree(self, timeout_s: float = HEALTHY_S) -> None:
        """Check that nothing hangs and that all books equal the truth, as soon as they can be expected to."""

        def same() -> bool:
            hanging = [one for one in self.engine.open_orders() if one.state not in ("OPEN", "PARTIALLY_FILLED")]
            assert not hanging, f"still in doubt: {hanging}"
            check_books(self.kit, self.adapter, self.journal, self.before, frozenset(self.foreign))
            return True

        eventually(same, timeout_s)

    def abandon(self) -> None:
        """Disconnect what there is, whatever state it is in."""
        if hasattr(self, "adapter"):
            self.adapter.disconnect()

    def close(self) -> None:
        """Disconnect; nothing of ours is left at the venue."""
        if self.engine.settings.stop.policy == "leave":
            for one in self.engine.open_orders():
                if not one.foreign:
                    self.adapter.cancel_order(one.client_order_id)
        self.adapter.disconnect()
        left_behind = [one.name for one in threading.enumerate() if one not in self._threads]
        assert not left_behind, f"threads that did not end with the adapter: {left_behind}"
        ours = {update.client_order_id for update in self.heard() if not update.foreign} - self.foreign
        left = [row for name, row in by_intent(self.kit.ledger()["orders"], self.kit.intent_of).items() if name in ours]
        left = [row for row in left if is_live(row)]
        assert not left, f"left behind at the venue: {left}"
