"""Ticks of TWS folded into tops of book, and what has to be asked for that (pure). Source: ibkr.md sections 4.3, 4.5 and 9."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.execution.adapters.ibkr.codes import DATA_LOST, NOT_SUBSCRIBED, RESTORED, SESSION_LOST
from autotrader.execution.adapters.ibkr.listing import Listing
from autotrader.execution.adapters.ibkr.messages import (
    ErrorKind,
    ErrorTold,
    MarketDataCancel,
    MarketDataRequest,
    MarketDataTypeRequest,
    MarketDataTypeTold,
    Request,
    TickTold,
    TwsEvent,
)
from autotrader.execution.adapters.ibkr.order_ids import ReadIds
from autotrader.model import ZERO

__all__ = ["Ticker", "Top"]

LIVE: Final = 1
DELAYED: Final = 3
BUST: Final = 10225
COMPETING: Final = 10197
DELAYED_SHOWN: Final = 10167
FARM_DOWN: Final = frozenset({2103})
FARM_OK: Final = frozenset({2104})
_FIELDS: Final = {1: "bid", 2: "ask", 0: "bid_size", 3: "ask_size", 66: "bid", 67: "ask", 69: "bid_size", 70: "ask_size"}
_DELAYED_FIELDS: Final = frozenset({66, 67, 69, 70})


class Top(msgspec.Struct, frozen=True):
    """A top of book; ``update`` counts the changes of one connection."""

    symbol: str
    bid: Decimal
    ask: Decimal
    bid_size: Decimal
    ask_size: Decimal
    update: int


class _Sides:
    __slots__ = ("ask", "ask_size", "bid", "bid_size")

    def __init__(self) -> None:
        self.bid: Decimal | None = None
        self.ask: Decimal | None = None
        self.bid_size: Decimal | None = None
        self.ask_size: Decimal | None = None


class Ticker:
    """One connection's subscriptions. ``begin`` and ``take`` return what to ask next; one thread, but ``standing``: any."""

    def __init__(self, symbols: Iterable[str], *, delayed: bool) -> None:
        self._listing, self._ids, self._delayed = Listing(symbols), ReadIds(), delayed
        self._symbols: dict[int, str] = {}
        self._sides: dict[int, _Sides] = {}
        self._standing: dict[str, Top] = {}
        self._fresh: dict[str, Top] = {}
        self._words: list[str] = []
        self._updates = 0
        self._is_cut = False

    def begin(self) -> list[Request]:
        """Ask what the symbols are."""
        return list(self._listing.begin(self._ids))

    def take(self, event: TwsEvent) -> list[Request]:
        """Take an event."""
        if self._listing.take(event):
            return self._on_listing()
        if isinstance(event, TickTold):
            self._on_tick(event)
        elif isinstance(event, ErrorTold):
            return self._on_error(event)
        elif isinstance(event, MarketDataTypeTold) and event.req_id in self._symbols:
            self._on_kind(event)
        return []

    def take_fresh(self) -> list[Top]:
        """Return the tops that are new, and forget that they are."""
        fresh, self._fresh = self._fresh, {}
        return list(fresh.values())

    def take_words(self) -> list[str]:
        """Return what a person should read, once each."""
        words, self._words = self._words, []
        return words

    def standing(self, symbols: Sequence[str]) -> list[Top]:
        """Return the tops that stand of some symbols; none while TWS has no data farm."""
        tops = dict(self._standing)
        return [] if self._is_cut else [tops[symbol] for symbol in symbols if symbol in tops]

    # ------------------------------------------------------------ subscriptions

    def _on_listing(self) -> list[Request]:
        """Subscribe once all is resolved that can be; what cannot be is named."""
        if self._listing.failure:
            self._words.append(self._listing.failure)
            self._listing.failure = ""
        return self._subscribe() if self._listing.is_over and not self._symbols else []

    def _subscribe(self) -> list[Request]:
        """Ask for the quotes of all that is resolved, anew if they were asked for before."""
        asked: list[Request] = [MarketDataCancel(number) for number in self._symbols]
        asked.append(MarketDataTypeRequest(DELAYED if self._delayed else LIVE))
        self._symbols, self._sides = {}, {}
        self._standing.clear()
        for symbol, traded in self._listing.traded.items():
            number = self._ids.take()
            self._symbols[number], self._sides[number] = symbol, _Sides()
            asked.append(MarketDataRequest(number, traded.contract))
        return asked

    # ------------------------------------------------------------ ticks

    def _on_tick(self, tick: TickTold) -> None:
        sides, field = self._sides.get(tick.req_id), _FIELDS.get(tick.field)
        if sides is None or field is None or (tick.field in _DELAYED_FIELDS) is not self._delayed:
            return
        value = tick.size if field.endswith("size") else tick.price
        if getattr(sides, field) == value:
            return
        setattr(sides, field, value)
        self._show(self._symbols[tick.req_id], sides)

    def _show(self, symbol: str, sides: _Sides) -> None:
        if sides.bid is None or sides.ask is None:
            self._standing.pop(symbol, None)
            self._fresh.pop(symbol, None)
            return
        self._updates += 1
        top = Top(symbol, sides.bid, sides.ask, sides.bid_size or ZERO, sides.ask_size or ZERO, self._updates)
        self._standing[symbol] = self._fresh[symbol] = top

    # ------------------------------------------------------------ notices

    def _on_kind(self, told: MarketDataTypeTold) -> None:
        if told.kind in (2, 4):
            symbol = self._symbols[told.req_id]
            self._words.append(f"{symbol}: the quotes are frozen: its market is closed")

    def _on_error(self, event: ErrorTold) -> list[Request]:
        symbol = self._symbols.get(event.id)
        if symbol is not None:
            return self._on_refused(event, symbol)
        if event.code in SESSION_LOST or event.code in FARM_DOWN:
            self._is_cut = True
        elif event.code in RESTORED or event.code in FARM_OK:
            self._is_cut = False
        if event.code in (DATA_LOST, BUST):
            return self._subscribe()
        return []

    def _on_refused(self, event: ErrorTold, symbol: str) -> list[Request]:
        """Say plainly why there are no quotes of a symbol, and quote it no more."""
        if event.kind is ErrorKind.INFO or (event.code == DELAYED_SHOWN and self._delayed):
            return []
        word = f"{symbol}: {event.code} {event.text}"
        if event.code in NOT_SUBSCRIBED or event.code == DELAYED_SHOWN:
            word += ': subscribe to the data in IBKR\'s Client Portal, or set venues.ibkr.market_data = "delayed"'
        elif event.code == COMPETING:
            word += ": another login of the same user has the data"
        self._words.append(word)
        if event.kind is not ErrorKind.WARNING or event.code == COMPETING:
            self._standing.pop(symbol, None)
            self._fresh.pop(symbol, None)
        if event.code == BUST:
            return self._subscribe()
        return []
