"""What is true at a simulated venue: exchange, books, history, clock and state, and who hears of a change in them.

What happened is in the ledger before a listener hears of it; the only I/O is the ledger's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from heapq import heappush
from random import Random
from typing import Any, Final

import msgspec

from autotrader.model import Fill, Instrument, Liquidity, Quote, Side
from autotrader.simulator.books import Listing
from autotrader.simulator.conditions import Conditions
from autotrader.simulator.events import BookOrder, Event, Filled, MarketEvent
from autotrader.simulator.exchange import Exchange
from autotrader.simulator.fault_script import Effects, FaultScript
from autotrader.simulator.faults import Faults
from autotrader.simulator.history import History
from autotrader.simulator.ledger import Ledger
from autotrader.simulator.ledger_fold import restore, standing_of
from autotrader.simulator.ledger_rows import REQUESTS, rows_of
from autotrader.simulator.ledger_view import fold_ledger, view_of
from autotrader.simulator.marks import Marks
from autotrader.simulator.numbering import SymbolNumbers, last_numbers, shown_id

__all__ = ["MarketTrade", "Truth", "opening_of"]

NS: Final = 1_000_000_000
MONEY, COINS = Decimal(1_000_000), Decimal(100)


class MarketTrade(msgspec.Struct, frozen=True, gc=False):
    """A trade as everybody sees it, ours among them. ``aggressor`` None: not known. ``trade_id`` counts as the venue's do."""

    symbol: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    aggressor: Side | None
    ts_ns: int


def opening_of(instruments: Iterable[Instrument]) -> dict[str, Decimal]:
    """Return what an account starts with: 100 of each base coin, 1,000,000 of each quote currency."""
    listed = list(instruments)
    return {one.base: COINS for one in listed if one.base} | {one.quote: MONEY for one in listed}


class Truth:
    """The state of a venue and of the one account on it, and questions about it; ``SimVenue`` acts on it."""

    def __init__(
        self, name: str, listings: Iterable[Listing], *, account: str = "SIM", opening: Mapping[str, Decimal] | None = None,
        seed: int = 0, per_symbol_ids: bool = False, ledger: str | None = None, faults: FaultScript | None = None,
        depth: int = 10, clock: Callable[[], int] = time.time_ns, exchange: type[Exchange] | None = None,
    ) -> None:  # fmt: skip
        listed = list(listings)
        self.name, self.account, self.rng, self._clock = name, account, Random(f"{seed}/{name}"), clock
        self.instruments: Mapping[str, Instrument] = {one.instrument.symbol: one.instrument for one in listed}
        self.shown: Callable[[str], str] = shown_id if per_symbol_ids else str
        kind = exchange or (SymbolNumbers if per_symbol_ids else Exchange)
        self.exchange: Exchange = kind(listed, venue=name, rng=self.rng, depth=depth)
        self.history = History()
        self._ledger: Ledger | None = None
        self._open_books(ledger, opening_of(self.instruments.values()) if opening is None else opening)
        self.faults = Faults(faults or FaultScript(), clock())
        self.conditions = Conditions()
        self.half_trip_s = 0.0
        self.quotes: dict[str, Quote] = {}
        self.on_change: list[Callable[[list[Event]], None]] = []
        self.on_events: list[Callable[[list[Event]], None]] = []
        self.on_quote: list[Callable[[Quote], None]] = []
        self.on_trade: list[Callable[[MarketTrade], None]] = []
        self.on_link: list[Callable[[bool], None]] = []
        self.on_stream_fault: list[Callable[[Effects], None]] = []
        self.on_tick: list[Callable[[int], None]] = []
        self._marks = Marks()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._due_number = 0

    def _open_books(self, path: str | None, opening: Mapping[str, Decimal]) -> None:
        self.requests = [0] * len(REQUESTS)
        self._dirty = False
        if path is None:
            self.funds = self.exchange.open_account(self.account, opening)
        else:
            self._ledger = Ledger(path, venue=self.name, account=self.account, opening=opening)
            self.funds = restore(self.exchange, self._ledger.state)
            self.history.load(fold_ledger(path), self.exchange.open.values())
            self.requests = self._ledger.requests
        if isinstance(self.exchange, SymbolNumbers):
            orders = ((live.order.symbol, self.shown(key)) for key, live in self.history.orders.items())
            trades = ((fill.symbol, fill.trade_id) for fill in self.history.all_trades())
            self.exchange.begin_numbers(last_numbers(orders), last_numbers(trades))

    # ------------------------------------------------------------ time and state

    def machine_ns(self) -> int:
        """Return the machine's UTC: what faults and market run by."""
        return self._clock()

    def now_ns(self) -> int:
        """Return the venue's own time, off by what a fault made it."""
        return self._clock() + self.conditions.skew_ns

    @property
    def is_up(self) -> bool:
        """Say whether the venue can be reached: not while it restarts."""
        return self.conditions.is_up

    @property
    def session(self) -> int:
        """Return the number of the session; one that began under another number is lost."""
        return self.conditions.session

    @property
    def is_maintained(self) -> bool:
        """Say whether requests are turned away because of maintenance."""
        return self.conditions.is_maintained(self._clock())

    @property
    def ban_left_s(self) -> float:
        """Return for how long all requests are still refused, 0 when they are not."""
        return self.conditions.ban_left_s(self._clock())

    def ban(self, seconds: float) -> None:
        """Refuse all requests for so long."""
        self.conditions.ban(seconds, self._clock())

    # ------------------------------------------------------------ questions

    def order(self, key: str) -> BookOrder | None:
        """Return an order, open or done; to be read only."""
        return self.history.orders.get(key)

    def by_client_id(self, client_order_id: str) -> BookOrder | None:
        """Return the open order of that client id, else the newest that is done."""
        return self.funds.open.get(client_order_id) or self.history.newest(client_order_id)

    def orders(self, symbol: str | None = None, *, open_only: bool) -> list[BookOrder]:
        """Return orders, oldest first."""
        if not open_only:
            return list(self.history.orders.values() if symbol is None else self.history.orders_in(symbol))
        return [live for live in self.funds.open.values() if symbol is None or live.order.symbol == symbol]

    def trades(self, symbol: str | None = None, *, key: str | None = None, since_ns: int = 0) -> list[Fill]:
        """Return the account's trades, oldest first, busted ones left out; ``key`` narrows to one order."""
        trades = self.history.all_trades() if symbol is None else self.history.trades_in(symbol)
        return [one for one in trades if (key is None or one.venue_order_id == key) and one.ts_ns >= since_ns]

    def ledger(self) -> dict[str, Any]:
        """Return the truth, in the form of ``GET /_sim/ledger``."""
        standing = standing_of(self.exchange, self.funds, self.requests)
        return view_of(self.history.orders.values(), self.history.all_trades(), standing, self.shown)

    # ------------------------------------------------------------ books

    def _happened(self, events: list[Event]) -> list[Event]:
        """Enter events into the books, then tell them; returns them all, with what they led to."""
        own = [one for one in events if isinstance(one, MarketEvent) and one.live.order.account == self.account]
        if not own:
            return events
        self.history.note(own)
        for event in self._marks.to_bust(own, self.history.count_trades) if self._marks else ():
            busted = self.exchange.bust(event.live, event.fill, self.now_ns())
            self.history.note(busted)
            events += busted
            own += [one for one in busted if isinstance(one, MarketEvent)]
        if self._ledger is not None:
            self._ledger.write(rows_of(own, self.account), self.exchange, self.funds)
            self._dirty = False
        self._tell(own)
        return events

    def _tell(self, own: list[MarketEvent]) -> None:
        for listener in self.on_change:
            listener([*own])
        for event in own:
            if isinstance(event, Filled) and self.on_trade:
                self._tell_trade(_public(event.fill))
        if self._marks:
            own, late = self._marks.hold_back(own)
            for delay_s, event in late:
                self.later(delay_s, partial(self._tell_events, [event]))
        if own:
            self._tell_events([*own])

    def _tell_events(self, events: list[Event]) -> None:
        for listener in self.on_events:
            listener(events)

    def _tell_trade(self, trade: MarketTrade) -> None:
        for listener in self.on_trade:
            listener(trade)

    def count(self, request: str) -> None:
        """Count a request that arrived; one of submit, cancel, amend, query, other."""
        self.requests[REQUESTS.index(request)] += 1
        self._dirty = True

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something at the first ``tick`` after so many seconds."""
        self._due_number += 1
        heappush(self._due, (self._clock() + round(delay_s * NS), self._due_number, act))

    def write(self) -> None:
        """Bring the counts of requests into the ledger, when they changed since the last batch."""
        if self._dirty and self._ledger is not None:
            self._ledger.write([], self.exchange, self.funds)
        self._dirty = False

    def close(self) -> None:
        """Let go of the ledger; the next start of it finds a checkpoint."""
        if self._ledger is not None:
            self._ledger.checkpoint(self.exchange, self.funds)
            self._ledger.close()


def _public(fill: Fill) -> MarketTrade:
    """Return a trade of ours as everybody sees it."""
    aggressor = fill.side if fill.liquidity is Liquidity.TAKER else fill.side.opposite
    return MarketTrade(fill.symbol, fill.trade_id, fill.price, fill.quantity, aggressor, fill.ts_ns)
