"""The venue's counter: orders by the ids of the wire, what is remembered of them, and who is told. One thread (the loop's)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Final

from autotrader.model import ZERO, Quote, Side
from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.filters import MarketFacts, OpenCounts
from autotrader.simulator.binance.limits import Limits
from autotrader.simulator.binance.order_lists import OrderLists
from autotrader.simulator.binance.spot_order import PreventedMatch, Record
from autotrader.simulator.binance.symbols import SYMBOLS, SymbolTerms
from autotrader.simulator.binance.tape import SeenTrade, Tape
from autotrader.simulator.binance.values import client_id, read_int
from autotrader.simulator.events import BookOrder
from autotrader.simulator.numbering import key_of, shown_id
from autotrader.simulator.special import special_of
from autotrader.simulator.world import MarketTrade, SimVenue

__all__ = ["Desk"]

_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NEITHER: Final = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"


class Desk:
    """``open`` holds the open orders per symbol by key; ``cancel_ids`` the client ids of cancels under way, by key.

    ``lists`` are the order lists, ``prevented`` the trades with itself that the account was kept from.
    """

    def __init__(self, venue: SimVenue, limits: Limits) -> None:
        self.venue, self.limits = venue, limits
        self.tapes = {symbol: Tape(SYMBOLS[symbol].start) for symbol in venue.instruments}
        self.updates = dict.fromkeys(venue.instruments, 1)
        self.open: dict[str, dict[str, BookOrder]] = {symbol: {} for symbol in venue.instruments}
        self.cancel_ids: dict[str, str] = {}
        self.lists = OrderLists(venue)
        self.prevented: list[PreventedMatch] = []
        self.on_print: list[Callable[[str, SeenTrade], None]] = []
        self._records: dict[str, Record] = {}
        self._aliases: dict[str, str] = {}
        self.last_execution = 0
        self._rng = Random(f"{venue.name}/ids/{venue.now_ns()}")
        for live in venue.orders(open_only=True):
            self.open[live.order.symbol][live.venue_order_id] = live
        venue.on_trade.append(self._on_trade)
        venue.on_quote.append(self._on_quote)

    # ------------------------------------------------------------ orders

    def record(self, live: BookOrder) -> Record:
        """Return what is remembered of an order; of one read back from a ledger, what can be told from its terms."""
        record = self._records.get(live.venue_order_id)
        if record is None:
            name = live.order.client_order_id or f"web_{live.order.symbol}{shown_id(live.venue_order_id)}"
            record = self._records[live.venue_order_id] = Record(name, 0 if live.held else live.created_ns)
        return record

    def rename(self, live: BookOrder, wire_id: str) -> None:
        """Let an order go by another client id from now on."""
        self._aliases[wire_id] = live.venue_order_id
        self.record(live).wire_id = wire_id

    def by_wire_id(self, wire_id: str) -> BookOrder | None:
        """Return the order that goes by this client id: an open one, else the newest."""
        named = self._aliases.get(wire_id)
        live = self.venue.order(named) if named is not None else None
        if live is not None and self.record(live).wire_id == wire_id:
            return live
        live = self.venue.by_client_id(wire_id)
        return live if live is not None and self.record(live).wire_id == wire_id else None

    def find(self, terms: SymbolTerms, params: dict[str, str], number: str = "orderId", name: str = "origClientOrderId"
    ) -> BookOrder | None:  # fmt: skip
        """Return the order that a request names, None when there is none. Raises ApiError -1102 or -2039."""
        wanted, wire_id = read_int(params, number), client_id(params, name) if params.get(name) else None
        if wanted is None and wire_id is None:
            raise ApiError(-1102, _NEITHER.replace("origClientOrderId", name).replace("orderId", number))
        if wanted is None:
            live = self.by_wire_id(wire_id or "")
            return live if live is not None and live.order.symbol == terms.symbol else None
        live = self.venue.order(key_of(terms.symbol, wanted))
        if live is not None and wire_id is not None and self.record(live).wire_id != wire_id:
            raise ApiError(-2039)
        return live

    def new_id(self) -> str:
        """Return a client id as the venue makes them."""
        return "".join(self._rng.choices(_LETTERS, k=22))

    def next_execution(self) -> int:
        """Return a new execution id."""
        self.last_execution += 1
        return self.last_execution

    # ------------------------------------------------------------ the market

    def counts(self, terms: SymbolTerms) -> OpenCounts:
        """Return what the account has open on a symbol."""
        standing = self.open[terms.symbol].values()
        if not standing and terms.max_position is None:
            return OpenCounts()
        algo = sum(1 for live in standing if live.held)
        iceberg = sum(1 for live in standing if "iceberg" in special_of(live.order).labels)
        position = ZERO
        if terms.max_position is not None:
            buying = sum((live.remaining for live in standing if live.order.side is Side.BUY), ZERO)
            position = self.venue.funds.cash.get(terms.base, ZERO) + buying
        return OpenCounts(len(standing), algo, iceberg, position)

    def market(self, terms: SymbolTerms, now_ns: int) -> MarketFacts:
        """Return what filters judge by."""
        tape = self.tapes[terms.symbol]
        return MarketFacts(tape.average(now_ns // 1_000_000), tape.last)

    def levels(self, symbol: str, most: int) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Return the book as everybody sees it: bids and asks, best first, resting orders among what is displayed."""
        book = self.venue.exchange.books[symbol]
        sides = []
        for shown, resting, best_first in ((book.shown_bids, book.bids, True), (book.shown_asks, book.asks, False)):
            found: dict[Decimal, Decimal] = {}
            for price, size in shown.levels_to(None):
                if size.is_finite() and size > 0:
                    found[price] = found.get(price, ZERO) + size
            for live in resting:
                assert live.price is not None
                found[live.price] = found.get(live.price, ZERO) + _visible(live)
            sides.append(sorted(found.items(), reverse=best_first)[:most])
        return sides[0], sides[1]

    def touch(self, symbol: str) -> int:
        """Count a change of the book; return its update id."""
        self.updates[symbol] += 1
        return self.updates[symbol]

    def _on_trade(self, trade: MarketTrade) -> None:
        seen = self.tapes[trade.symbol].add(trade)
        for listener in self.on_print:
            listener(trade.symbol, seen)

    def _on_quote(self, quote: Quote) -> None:
        self.tapes[quote.symbol].mark((quote.bid + quote.ask) / 2)
        self.touch(quote.symbol)


def _visible(live: BookOrder) -> Decimal:
    text = special_of(live.order).labels.get("iceberg")
    return live.remaining if text is None else min(Decimal(text), live.remaining)
