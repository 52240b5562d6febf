"""The paper venue's own side: exchange and books, asked in the engine's words. One thread; the only I/O is the ledger's."""

from __future__ import annotations

import os
from decimal import Decimal
from random import Random
from typing import Final

from autotrader.execution.adapters.paper.settings import PaperSettings
from autotrader.messages import QueryOrder, SendCancel, SendOrder, SendReplace
from autotrader.model import AccountInfo, Balance, Fill, Mode, OrderUpdate, Quote, VenueSnapshot
from autotrader.simulator.books import Settlement
from autotrader.simulator.events import BookOrder, Event
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.ledger import Ledger
from autotrader.simulator.ledger_fold import restore
from autotrader.simulator.ledger_rows import REQUESTS, Row, rows_of
from autotrader.simulator.order_faults import bust_nth, order_in, overfill, submit_in_part

__all__ = ["Desk"]

NS: Final = 1_000_000_000
OVERLAP_NS: Final = 600 * NS
MOST_TRADES: Final = 2_000


class Desk:
    """The venue as its account sees it. What a call did is in the books, on disk, after ``write``: tell nothing before."""

    def __init__(self, settings: PaperSettings, rng: Random, owner: object) -> None:
        self.settings = settings
        self.exchange = Exchange(
            settings.listings(), venue="paper", rng=rng, depth=settings.depth, slippage_bps=settings.slippage_bps
        )
        os.makedirs(os.path.dirname(os.path.abspath(settings.ledger)), mode=0o700, exist_ok=True)
        self.ledger = Ledger(
            settings.ledger, venue="paper", account=settings.account, opening=settings.opening(), owner=owner
        )
        self.account = restore(self.exchange, self.ledger.state)
        self.requests, self.absent = self.ledger.requests, self.ledger.absent
        self._events: list[Event] = []
        self._rows: list[Row] = []
        self._dirty = False
        self._now_ns = 0

    # ------------------------------------------------------------ books

    def at(self, now_ns: int) -> int:
        """Return the time to act at: a clock that steps back does not move the venue's."""
        if now_ns > self._now_ns:
            self._now_ns = now_ns
        return self._now_ns

    def count(self, request: str, number: int = 1) -> None:
        """Count requests; ``request`` is one of ``REQUESTS``."""
        self.requests[REQUESTS.index(request)] += number
        self._dirty = True

    def note(self, events: list[Event]) -> list[Event]:
        """Let events be written with the next batch."""
        self._events += events
        return events

    def write(self) -> None:
        """Put on disk what happened since the last time, as one batch. ``OSError``: none of it was written."""
        if not (self._events or self._rows or self._dirty):
            return
        events, self._events = self._events, []
        rows, self._rows = rows_of(events, self.settings.account) + self._rows, []
        self._dirty = False
        self.ledger.write(rows, self.exchange, self.account)

    def close(self, *, orderly: bool) -> None:
        """Let go of the books; an orderly end leaves a checkpoint, so that the next start is quick."""
        if orderly:
            self.write()
            self.ledger.checkpoint(self.exchange, self.account)
        self.ledger.close()

    # ------------------------------------------------------------ requests

    def submit(self, command: SendOrder, now_ns: int, effects: Effects | None = None) -> list[Event]:
        """Take a new order. Of the effects, those that change what lands: partial, overfill, bust."""
        events = submit_in_part(self.exchange, command.order, now_ns, effects)
        return self.note(events if effects is None else self._aftermath(events, now_ns, effects))

    def replace(self, command: SendReplace, now_ns: int, effects: Effects | None = None) -> list[Event]:
        """Change an order's terms."""
        live = self.find(command.order.client_order_id, command.venue_order_id)
        key = live.venue_order_id if live is not None else command.venue_order_id or ""
        events = self.exchange.amend(
            key, now_ns, quantity=command.quantity, price=command.price, stop_price=command.stop_price
        )
        return self.note(events if effects is None else self._aftermath(events, now_ns, effects))

    def cancel(self, command: SendCancel, now_ns: int, effects: Effects | None = None) -> list[Event]:
        """Cancel an order; with ``fill_on_cancel`` it fills first, and the cancel comes too late."""
        live = self.find(command.client_order_id, command.venue_order_id)
        events: list[Event] = []
        if live is not None and effects is not None and effects.fill_on_cancel:
            events = self.exchange.force_fill(live, live.remaining, now_ns)
        key = live.venue_order_id if live is not None else command.venue_order_id or command.client_order_id
        events += self.exchange.cancel(key, now_ns)
        return self.note(events if effects is None else self._aftermath(events, now_ns, effects))

    def find(self, client_order_id: str, venue_order_id: str | None) -> BookOrder | None:
        """Return an open order of the account."""
        live = self.exchange.find(self.settings.account, client_order_id)
        if live is None and venue_order_id is not None and not client_order_id:
            live = self.exchange.open.get(venue_order_id)
        return live

    def _aftermath(self, events: list[Event], now_ns: int, effects: Effects) -> list[Event]:
        """Overfill or bust the order that the events are about."""
        live = order_in(events)
        if live is None:
            return events
        if effects.overfill is not None:
            events += overfill(self.exchange, live, effects.overfill, now_ns)
        if effects.bust is not None:
            events += bust_nth(self.exchange, live, events, effects.bust, now_ns)
        return events

    def quote(self, quote: Quote, now_ns: int) -> list[Event]:
        """Move the market."""
        events = self.exchange.on_quote(quote.symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size, now_ns)
        return self.note(events) if events else events

    def expire(self, now_ns: int) -> list[Event]:
        """End what is past its time."""
        return self.note(self.exchange.advance(now_ns))

    def cancel_all(self, now_ns: int) -> list[Event]:
        """Cancel everything: a venue that restarts without its orders."""
        return self.note([event for key in list(self.exchange.open) for event in self.exchange.cancel(key, now_ns)])

    # ------------------------------------------------------------ questions

    def look_up(self, query: QueryOrder) -> tuple[OrderUpdate, list[Fill]] | None:
        """Return an order, open or done, with its trades; None when there is none."""
        live = self.find(query.client_order_id, query.venue_order_id)
        if live is not None and not live.filled:
            return live.update("paper"), []
        self.write()
        return self.ledger.find(query.client_order_id)

    def declare_absent(self, client_order_id: str, now_ns: int) -> None:
        """Bind the venue to what it says: it has no such order and will take none of that id."""
        if client_order_id not in self.absent:
            self._rows.append(self.ledger.declare_absent(client_order_id, now_ns))

    def info(self) -> AccountInfo:
        """Return who we are here."""
        can_short = any(one.allows_short for one in self.settings.instruments)
        return AccountInfo("paper", self.settings.account, Mode.PAPER, can_short=can_short)

    def snapshot(self, now_ns: int, since_ns: int | None = None) -> VenueSnapshot:
        """Return the books, with the trades from ``since_ns`` on.

        None, for a hand-over: the newest 2,000 of the last ten minutes of trading. Who missed more sees it by the balances.
        """
        self.write()
        if since_ns is None:
            trades, complete_ns = self.ledger.trades_since(max(self.ledger.last_trade_ns - OVERLAP_NS, 0), MOST_TRADES)
        else:
            trades, complete_ns = self.ledger.trades_since(since_ns)
        account = self.account
        return VenueSnapshot(
            "paper", account.name, now_ns, tuple(live.update("paper") for live in account.open.values()), tuple(trades),
            tuple(Balance(asset, total, account.free(asset)) for asset, total in account.cash.items()), self._positions(),
            complete_ns,
        )  # fmt: skip

    def _positions(self) -> tuple[tuple[str, Decimal], ...]:
        books = self.exchange.books
        return tuple(
            (symbol, quantity) for symbol, quantity in self.account.net.items()
            if symbol in books and books[symbol].settlement not in (Settlement.ASSETS, Settlement.EXCHANGED)
        )  # fmt: skip
