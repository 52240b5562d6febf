"""The part of the broker that asks: what became of an order, what the books are, and now and then for trades.

Source: binance.md section 10. REST is the second source beside the stream: what either tells is booked once.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Final

from autotrader.actors import handles
from autotrader.execution.adapters.binance.calling import Trouble
from autotrader.execution.adapters.binance.codec import MarketView, clock_call, sellable
from autotrader.execution.adapters.binance.errands import Errand, body_of
from autotrader.execution.adapters.binance.reading import Answered, Books, Scope, ask_order, read_books
from autotrader.execution.adapters.binance.session import SessionBroker
from autotrader.messages import Message, ProbeVenue, QueryOrder, QuoteUpdate, SnapshotTaken, TakeSnapshot
from autotrader.model import ZERO, Balance, Quote

__all__ = ["AskingBroker"]

SECOND: Final = 1_000_000_000
OWN_CHECK: Final = "trades"
OVERLAP_NS: Final = 60 * SECOND
MOST_CARRIED: Final = 5_000


class AskingBroker(SessionBroker):
    """Answers questions about the venue's books, and learns from the answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._quotes: dict[str, Quote] = {}
        self._asked: set[str] = set()  # orders about which a query is under way
        self._reading: set[str] = set()  # purposes for which the books are being read
        self._wanted: dict[str, TakeSnapshot] = {}  # what was asked for again meanwhile
        self._trades_due_ns = self._trades_since_ns = 0
        self._dust: dict[str, str] = {}

    @abstractmethod
    def tell(self, message: Message) -> None:
        """Tell the order manager, and follow it here."""

    # ------------------------------------------------------------ questions

    def query_order(self, query: QueryOrder) -> None:
        """Ask what became of an order, unless that is being asked."""
        name = query.client_order_id
        if name in self._asked:
            return
        known = self.registry.get(name)
        wire_id, carried = (name, ZERO) if known is None else (known.wire_id, known.carried)
        self._asked.add(name)
        self.run(
            ask_order(query, wire_id, carried, self.codec), lambda answered: self._on_answered(name, answered),
            lambda trouble: self._on_unanswered(name, trouble),
        )  # fmt: skip

    def _on_answered(self, name: str, answered: Answered) -> None:
        self._asked.discard(name)
        self.carried.update(answered.carried)
        for facts in answered.orders:
            if facts.client_order_id == name:
                self.registry.meet(facts)
        for message in answered.told:
            self.tell(message)

    def _on_unanswered(self, name: str, trouble: Trouble) -> None:
        self._asked.discard(name)
        self.log.bind(venue=self.venue, order_id=name).info("a query was not answered: {}", trouble)

    def take_snapshot(self, request: TakeSnapshot) -> None:
        """Read the books; for the same purpose one reading at a time, but for the kill sweep's."""
        if self.offset_ns is None:
            self.told.append(SnapshotTaken(self.venue, request.purpose, None, self.link_reason))
        elif request.purpose in self._reading:
            self._wanted[request.purpose] = request
        else:
            self._read_books(request)

    def _read_books(self, request: TakeSnapshot) -> None:
        purpose = request.purpose
        symbols = tuple(dict.fromkeys((*self.settings.symbols, *sorted(self.registry.symbols()))))
        scope = Scope(symbols, self.clock.now_ns(), request.trades_since_ns, self.offset_ns or 0)
        self._reading.add(purpose)
        self.run(
            read_books(scope, self.codec, self.registry.name_of), lambda books: self._on_read(purpose, books),
            lambda trouble: self._on_not_read(purpose, trouble), urgent=purpose.startswith("kill"),
        )  # fmt: skip

    def _on_read(self, purpose: str, books: Books) -> None:
        self.take_books(books)
        self.told.append(SnapshotTaken(self.venue, purpose, books.snapshot))
        self._read_again(purpose)

    def _on_not_read(self, purpose: str, trouble: Trouble) -> None:
        if purpose != OWN_CHECK:
            self.told.append(SnapshotTaken(self.venue, purpose, None, str(trouble)))
        self._read_again(purpose)

    def _read_again(self, purpose: str) -> None:
        self._reading.discard(purpose)
        request = self._wanted.pop(purpose, None)
        if request is not None:
            self._read_books(request)

    def probe(self, request: ProbeVenue) -> None:
        """Ask for the venue's time: how that goes is counted as any call."""
        self.run(_ask_time(), lambda _: None, lambda _: None)

    def check_trades(self, now_ns: int) -> None:
        """Ask now and then for trades that the stream may not have told."""
        if now_ns >= self._trades_due_ns:
            self._trades_due_ns = now_ns + round(self.settings.trades_every_s * SECOND)
            self.take_snapshot(TakeSnapshot(self.venue, max(self._trades_since_ns - OVERLAP_NS, 0), OWN_CHECK))

    # ------------------------------------------------------------ what is known

    @handles(QuoteUpdate)
    def _on_quote(self, update: QuoteUpdate) -> None:
        if update.quote.venue == self.venue:
            self._quotes[update.quote.symbol] = update.quote

    def market(self, symbol: str) -> MarketView:
        """Return what is known of a symbol's market: the last quote."""
        quote = self._quotes.get(symbol)
        return MarketView() if quote is None else MarketView(bid=quote.bid, ask=quote.ask)

    def take_books(self, books: Books) -> None:
        """Learn from the venue's books, and forget what they lack."""
        super().take_books(books)
        snapshot = books.snapshot
        if len(self.carried) > MOST_CARRIED:
            for key in [key for key in self.carried if self.registry.name_of(*key) is None]:
                del self.carried[key]
        listed = {(facts.symbol, facts.order_id) for facts in books.orders}
        self.registry.keep_listed(listed, books.symbols, snapshot.asked_ns - OVERLAP_NS)
        for known in self.registry.open_orders():
            if known.ends_ns is None and known.client_order_id in self.memory.ends:
                known.ends_ns, known.time_in_force = self.memory.ends[known.client_order_id]
        self._trades_since_ns = snapshot.asked_ns
        self._trades_due_ns = self.wall.monotonic_ns() + round(self.settings.trades_every_s * SECOND)
        self._name_dust(books.state.balances)

    def _name_dust(self, balances: tuple[Balance, ...]) -> None:
        """Say, once, of what is held that no order can sell (binance.md 10.10)."""
        for rules in () if self.greeting is None else self.greeting.rules.values():
            free = next((one.free for one in balances if one.asset == rules.base), None)
            why = "" if not free else sellable(free, self.market(rules.symbol).nearest, rules).why
            if why and self._dust.get(rules.symbol) != why:
                words = "{:f} {} is dust: {} lets no order sell it"
                self.log.bind(venue=self.venue, symbol=rules.symbol).warning(words, free, rules.base, why)
            self._dust[rules.symbol] = why


def _ask_time() -> Errand[bytes]:
    return body_of((yield clock_call()))
