"""A venue of ``autotrader simulate`` under test: what the contract does to it by its admin, whatever it speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack, suppress
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

from contract.kit import Capabilities, Json, Terms
from simulator_kit import RunningVenue, running
from support import eventually

from autotrader.errors import Unavailable, WaitTimeout
from autotrader.execution.facades import BaseBrokerAdapter
from autotrader.messages import GetStatus, QuoteUpdate
from autotrader.model import Quote, plain

__all__ = ["SimulatedKit"]

SHARED_BY, SHOWN_AT_MOST = 8, 25


class SimulatedKit(ABC):
    """A simulated venue in a process of its own: a few cases share one. A subclass has the adapter and what only it can do."""

    name: ClassVar[str]
    terms: ClassVar[Terms]
    capabilities: ClassVar[Capabilities]

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: RunningVenue | None = None
        self._cases = 0
        self._shown: list[str] = []
        self._adapter: BaseBrokerAdapter | None = None

    @property
    def _venue(self) -> RunningVenue:
        if self._running is None:
            self._running = self._stack.enter_context(running(self.name))
            self.begin()
        return self._running

    @abstractmethod
    def make_adapter(self, **options: Any) -> BaseBrokerAdapter:
        """Make an adapter that is not connected yet."""

    @abstractmethod
    def cancel_by_hand(self, client_order_id: str) -> None:
        """Cancel an order on the account past the engine."""

    @abstractmethod
    def clear(self) -> None:
        """End what is left of a case on the account: orders, and positions where they would matter to the next."""

    def ledger(self) -> Json:
        return self._venue.ledger()

    def intent_of(self, client_order_id: str) -> str:
        return client_order_id

    def faults(self, script: Json) -> None:
        self._venue.faults(script)

    def fired(self) -> int:
        return sum(self._venue.fired().values())

    def clear_faults(self) -> None:
        self._venue.call("DELETE", "faults")

    def show(
        self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal, *, heard_s: float = 10.0
    ) -> None:  # fmt: skip
        seen = self._quotes_seen()
        shown = [plain(one) for one in (bid, ask, bid_size, ask_size)]
        if bid < ask:  # the venue itself never shows a crossed book: that is told to the engine alone
            is_news, self._shown = shown != self._shown, shown
            self._venue.market(self.terms.symbol, *shown)
            eventually(lambda: seen is None or not is_news or (self._quotes_seen() or 0) > seen, heard_s)
        if seen is not None and self._adapter is not None:
            quote = Quote(self.name, self.terms.symbol, bid, ask, bid_size, ask_size, self._adapter.engine.now_ns())
            self._adapter.engine.ask_actor("oms", QuoteUpdate(quote))

    def _quotes_seen(self) -> int | None:
        """Return how many quotes the engine's feed has told; None while there is no engine, or no link."""
        if self._adapter is None:
            return None
        try:
            [venue] = self._adapter.engine.get_status().get("venues") or [{"link": "DOWN"}]
            if venue["link"] != "UP":
                return None
            seen = self._adapter.engine.ask_actor(f"feed.{self._adapter.venue}", GetStatus()).quotes
        except (Unavailable, WaitTimeout):
            return None
        return None if seen is None else int(seen)

    def trade(self, price: Decimal, quantity: Decimal) -> None:
        self._venue.trade(self.terms.symbol, plain(price), plain(quantity))

    def place_by_hand(self, side: str, quantity: Decimal, price: Decimal | None = None) -> str:
        placed = self._venue.order(self.terms.symbol, side, plain(quantity), None if price is None else plain(price))
        return str(placed["client_order_id"])

    def restart_venue(self, down_s: float, *, keep_orders: bool) -> None:
        restart = {"restart": {"down_s": down_s, "keep_orders": keep_orders}}
        self.faults({"rules": [{"on": "venue", "at_s": 0, "do": [restart]}]})

    def begin(self) -> None:
        """Show the market until the engine hears of it, whose subscription may only now begin; the last trade is at the bid.

        A book that stays as it is makes no news: it is shown with another size in between.
        """
        terms, symbol = self.terms, self.terms.symbol
        self._venue.trade(symbol, plain(terms.bid), plain(terms.lot))
        for size in count(2):
            self._venue.market(symbol, plain(terms.bid - terms.step), plain(terms.ask + terms.step), plain(size * terms.unit))
            self._shown = []
            with suppress(AssertionError):
                return self.show(terms.bid, terms.ask, terms.size, terms.size, heard_s=0.2)
            assert size < SHOWN_AT_MOST, "the engine hears nothing of the market"
        return None

    def end(self) -> None:
        self._adapter = None
        self._cases += 1
        if self._cases >= SHARED_BY:
            return self.close()
        self.clear_faults()
        self.clear()
        return self.begin()

    def close(self) -> None:
        self._adapter, self._running, self._cases = None, None, 0
        self._stack.close()
