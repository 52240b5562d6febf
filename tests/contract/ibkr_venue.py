"""Interactive Brokers under test: the real adapter, over ibapi's socket, against ``autotrader simulate ibkr`` in a process."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from decimal import Decimal
from itertools import count
from typing import Any

from contract.kit import Capabilities, Json, Terms
from contract.truth import is_live
from simulator_kit import RunningVenue, running
from support import eventually

from autotrader.errors import Unavailable, WaitTimeout
from autotrader.execution.adapters.ibkr import IBKRAdapter
from autotrader.messages import GetStatus, QuoteUpdate
from autotrader.model import Quote, plain

__all__ = ["IbkrKit"]

D = Decimal
SYMBOL = "AAPL"
SHARED_BY, SHOWN_AT_MOST = 8, 25
OWN: Json = {"deadline_s": 2, "read_timeout_s": 2, "heartbeat_s": 1, "books_every_s": 1}
"""Waits that are right for a venue far away, cut to what one in the same room needs."""


class IbkrKit:
    """A simulated TWS as the contract uses it: whole shares of one stock on a margin account."""

    name = "ibkr"
    terms = Terms(
        SYMBOL, SYMBOL, "USD", D("0.01"), D(1), D(20), D("0.50"), D("250.00"), D("250.10"), D(2000), D(0), D("0.00005"),
        D("0.00005"), "USD", "USD", leverage=D(4),
    )  # fmt: skip
    capabilities = Capabilities(
        missing={
            "http": "an answer is a message on the socket, without a status or a body",
            "least worth": "a stock order has no least worth",
            "post only": "no order can be post-only",
        },
        reject_code="201",
    )  # fmt: skip

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: RunningVenue | None = None
        self._cases = 0
        self._shown: list[str] = []
        self._adapter: IBKRAdapter | None = None

    @property
    def _venue(self) -> RunningVenue:
        if self._running is None:
            self._running = self._stack.enter_context(running("ibkr"))
            self.begin()
        return self._running

    def make_adapter(self, **options: Any) -> IBKRAdapter:
        ready = self._venue.ready
        own = {"host": ready["host"], "port": ready["port"], "account": ready["credentials"]["account"], "symbols": [SYMBOL]}
        self._adapter = IBKRAdapter({"venues": {"ibkr": {**own, **OWN}}}, mode="SIMULATED", **options)
        return self._adapter

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
            self._venue.market(SYMBOL, *shown)
            eventually(lambda: seen is None or not is_news or (self._quotes_seen() or 0) > seen, heard_s)
        if seen is not None and self._adapter is not None:
            quote = Quote("ibkr", SYMBOL, bid, ask, bid_size, ask_size, self._adapter.engine.now_ns())
            self._adapter.engine.ask_actor("oms", QuoteUpdate(quote))

    def _quotes_seen(self) -> int | None:
        """Return how many quotes the engine's feed has told; None while there is no engine, or no link."""
        if self._adapter is None:
            return None
        try:
            [venue] = self._adapter.engine.get_status().get("venues") or [{"link": "DOWN"}]
            seen = self._adapter.engine.ask_actor("feed.market", GetStatus()).quotes if venue["link"] == "UP" else None
        except (Unavailable, WaitTimeout):
            return None
        return None if seen is None else int(seen)

    def trade(self, price: Decimal, quantity: Decimal) -> None:
        self._venue.trade(SYMBOL, plain(price), plain(quantity))

    def place_by_hand(self, side: str, quantity: Decimal, price: Decimal | None = None) -> str:
        placed = self._venue.order(SYMBOL, side, plain(quantity), None if price is None else plain(price))
        return str(placed["client_order_id"])

    def cancel_by_hand(self, client_order_id: str) -> None:
        self._venue.cancel(client_order_id)

    def restart_venue(self, down_s: float, *, keep_orders: bool) -> None:
        restart = {"restart": {"down_s": down_s, "keep_orders": keep_orders}}
        self.faults({"rules": [{"on": "venue", "at_s": 0, "do": [restart]}]})

    def begin(self) -> None:
        """Show the market until the engine hears of it, whose subscription may only now begin; the last trade is at the bid.

        A book that stays as it is makes no news: it is shown with another size in between.
        """
        terms = self.terms
        self._venue.trade(SYMBOL, plain(terms.bid), plain(terms.lot))
        for size in count(2):
            self._venue.market(SYMBOL, plain(terms.bid - terms.step), plain(terms.ask + terms.step), plain(size * terms.unit))
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
        for row in self.ledger()["orders"]:
            if is_live(row):
                self.cancel_by_hand(row["client_order_id"])
        held = D(self.ledger()["positions"].get(SYMBOL, 0))
        if held:
            self.place_by_hand("SELL" if held > 0 else "BUY", abs(held))
        return self.begin()

    def close(self) -> None:
        self._adapter, self._running, self._cases = None, None, 0
        self._stack.close()
