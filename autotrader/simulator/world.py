"""A simulated venue to act on: requests, the market, and what the fault script does to both.

A venue package speaks the venue's protocol on top of it and keeps no orders of its own. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from heapq import heappop

from autotrader.model import ZERO, Order, Quote, Side
from autotrader.simulator.events import Accepted, BookOrder, Event, Filled
from autotrader.simulator.fault_script import Effects, FaultScript, Restart
from autotrader.simulator.faults import Faults
from autotrader.simulator.order_faults import overfill, submit_in_part
from autotrader.simulator.truth import MarketTrade, Truth, opening_of

__all__ = ["MarketTrade", "SimVenue", "opening_of"]


class SimVenue(Truth):
    """A venue and the one account on it. One thread owns it; times are nanoseconds since the epoch.

    ``per_symbol_ids``: orders and trades are counted per symbol, and an order's key in the exchange is ``SYMBOL:NUMBER``
    (``shown`` gives the number). ``ledger``: the file of the truth ledger, without one it is kept in memory only. ``clock``
    is the machine's UTC; ``half_trip_s`` is how long a request takes here, and an answer or event back. Listeners are told
    in the order of their lists: ``on_change`` hears of all own events at once, whatever is told, for books that a venue keeps;
    ``on_events`` of what the private stream tells, when it does.
    """

    # ------------------------------------------------------------ requests

    def submit(self, order: Order, effects: Effects | None = None) -> list[Event]:
        """Take a new order, or reject it: the last event then is ``Rejected``. The order must name this venue and account."""
        now_ns = self.now_ns()
        events = submit_in_part(self.exchange, order, now_ns, effects)
        live = next((one.live for one in reversed(events) if type(one) is Accepted), None) if effects is not None else None
        if live is not None and effects is not None:
            self._marks.add(live, effects)
            events += self._aftermath(live, effects, now_ns)
        return self._happened(events)

    def submit_linked(self, orders: Sequence[Order]) -> list[Event]:
        """Take new orders that end each other, all or none: the last event is ``Rejected`` when it is none."""
        return self._happened(self.exchange.submit_linked(orders, self.now_ns()))

    def cancel(self, key: str, effects: Effects | None = None) -> list[Event]:
        """Cancel an open order by the exchange's key, or refuse: the last event then is ``RefusedRequest``."""
        now_ns, live = self.now_ns(), self.exchange.open.get(key)
        if live is not None and effects is not None:
            self._marks.add(live, effects)
        events: list[Event] = []
        if live is not None and live.remaining > 0 and self._marks.fills_on_cancel(key):
            events += self.exchange.force_fill(live, live.remaining, now_ns)
        events += self.exchange.cancel(key, now_ns)
        if live is not None and effects is not None:
            events += self._aftermath(live, effects, now_ns)
        return self._happened(events)

    def amend(
        self, key: str, *, quantity: Decimal | None = None, price: Decimal | None = None, stop_price: Decimal | None = None,
        effects: Effects | None = None,
    ) -> list[Event]:  # fmt: skip
        """Change an open order's total quantity or prices, or refuse: the last event then is ``RefusedRequest``."""
        now_ns, live = self.now_ns(), self.exchange.open.get(key)
        if live is not None and effects is not None:
            self._marks.add(live, effects)
        events = self.exchange.amend(key, now_ns, quantity=quantity, price=price, stop_price=stop_price)
        if live is not None and effects is not None:
            events += self._aftermath(live, effects, now_ns)
        return self._happened(events)

    def cancel_all(self, symbol: str | None = None) -> list[Event]:
        """Cancel all that is open, or all in a symbol."""
        keys = [live.venue_order_id for live in self.orders(symbol, open_only=True)]
        now_ns = self.now_ns()
        return self._happened([event for key in keys for event in self.exchange.cancel(key, now_ns)])

    # ------------------------------------------------------------ the market

    def show_quote(self, quote: Quote) -> list[Event]:
        """Move the market of a symbol to this top of book."""
        self.quotes[quote.symbol] = quote
        events = self.exchange.on_quote(
            quote.symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size, self.now_ns()
        )
        for listener in self.on_quote:
            listener(quote)
        return self._happened(events) if events else events

    def print_trade(
        self, symbol: str, price: Decimal, quantity: Decimal, aggressor: Side | None, *, jumps_queue: bool = False
    ) -> list[Event]:
        """Let others trade: resting orders of ours fill as the exchange's rules say; the rest of it is between strangers.

        ``jumps_queue``: what is queued before our orders at that price is passed over.
        """
        exchange, book, now_ns = self.exchange, self.exchange.books[symbol], self.now_ns()
        if jumps_queue:
            for live in (*book.bids, *book.asks):
                live.ahead = ZERO if live.price == price else live.ahead
        events = exchange.on_trade(symbol, price, quantity, aggressor, now_ns)
        left = quantity - sum((one.fill.quantity for one in events if type(one) is Filled and one.fill.symbol == symbol), ZERO)
        if left > 0 and not book.halted:
            exchange.trade_number += 1
            trade_id = exchange.name_trade(book)
            self._tell_trade(MarketTrade(symbol, trade_id, price, left, aggressor, now_ns))
        return self._happened(events) if events else events

    # ------------------------------------------------------------ faults

    def fault(self, kind: str, symbol: str = "", client_order_id: str = "") -> Effects | None:
        """Count a request (or an event about to be told, for ``stream``) and return what is to be done to it."""
        return self.faults.on_request(kind, symbol, client_order_id, self._clock()) if self.faults else None

    def set_faults(self, script: FaultScript) -> None:
        """Put a script in the running one's place, counted and timed from now on; what lasts of the old one ends."""
        self.conditions.calm()
        self.faults = Faults(script, self._clock())
        self.exchange.halt(None, False)

    def restart(self, restart: Restart) -> None:
        """Go away for a while; without ``keep_orders`` what was open is cancelled first."""
        self.conditions.go_down(restart, self._clock())
        for listener in self.on_link:
            listener(False)
        if not restart.keep_orders:
            self.cancel_all()

    def tick(self) -> None:
        """Do what is due: rules by time, the end of a restart or halt, held events, the market's next moves, expiries."""
        now_ns = self._clock()
        if self.faults:
            self._strike(now_ns)
        if self.conditions.may_come_up(now_ns):
            self.conditions.is_up = True
            for come_up in self.on_link:
                come_up(True)
        while self._due and self._due[0][0] <= now_ns:
            heappop(self._due)[2]()
        if self.is_up:
            for move in self.on_tick:
                move(now_ns)
            if expired := self.exchange.advance(self.now_ns()):
                self._happened(expired)
        self.write()

    def _strike(self, now_ns: int) -> None:
        for effects in self.faults.due("venue", now_ns):
            self.conditions.strike(effects, now_ns)
            if effects.restart is not None:
                self.restart(effects.restart)
        for effects in self.faults.due("stream", now_ns):
            for listener in tuple(self.on_stream_fault):
                listener(effects)
        self.exchange.halt(None, self.conditions.is_halted(now_ns))

    def _aftermath(self, live: BookOrder, effects: Effects, now_ns: int) -> list[Event]:
        return [] if effects.overfill is None else overfill(self.exchange, live, effects.overfill, now_ns)
