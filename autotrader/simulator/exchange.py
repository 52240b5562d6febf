"""The matching engine: pure, one thread, time passed in, every random number from the ``rng`` it is given.

Rules. *Priority*: by price, then by time; at the same price the displayed market stands before our resting orders, since it was
there first. *Taking*: an order that can trade takes the displayed ladder (see ``books``) and resting orders of other accounts,
best price first, as far as its limit (a MARKET order's ``cap_price``); what a MARKET, IOC or FOK order cannot get expires.
*Resting*: a quote that reaches a resting order fills it at its own price, as MAKER, for no more than shows; a trade on the tape
fills it when it prints through its price, or at its price once the quantity queued before it has traded. That queue is what was
displayed at the price when the order came, or when its price first became the best; it shrinks by trades at the price, and
when less is displayed than is thought to be queued. *Self-trade*: the newer order is cancelled. *Stops* trigger when the side
they would trade against (ask for a buy, bid for a sell) or a trade reaches them, then are MARKET, or LIMIT for STOP_LIMIT; one
that is beyond its trigger already triggers at once. *DAY* ends at midnight UTC. *Amend* keeps the place in time only when
nothing but the quantity shrinks; an amend to no more than is filled ends the order as FILLED. *Client ids* are unique among an
account's open orders only, as at real venues. *Trade ids* sort as text in the order of the trades.
*Groups* (``links``): the first order to trade, trigger or end takes the others with it, before its own trade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from heapq import heappop

from autotrader.model import ZERO, Fill, Liquidity, Order, OrderState, OrderType, Side
from autotrader.simulator.accounts import Account, reducible, release_hold, reverse, settle, shortfall
from autotrader.simulator.books import Book
from autotrader.simulator.checks import Refusal, check_notional, check_prices, check_quantity, check_terms
from autotrader.simulator.events import (
    Accepted,
    BookOrder,
    Busted,
    Canceled,
    Event,
    Expired,
    RefusedRequest,
    Rejected,
    Replaced,
    Trailed,
    book_order,
)
from autotrader.simulator.matching import Matching
from autotrader.simulator.stops import due_stops, first_stop, is_reached, trigger

__all__ = ["Exchange"]

_BUY, _MARKET, _LIMIT, _STOP_LIMIT = Side.BUY, OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT


class Exchange(Matching):
    """Books, accounts and orders of one venue. Every call returns what happened, in order; nothing is raised for an order.

    ``depth`` is how many levels the displayed ladder has, ``slippage_bps`` by how much at most a MARKET fill against it is
    worsened (evenly random, in hundredths of a basis point, never beyond its cap). ``order_number``, ``trade_number`` and
    ``sequence`` are the last ones used.
    """

    def open_account(self, name: str, cash: Mapping[str, Decimal] | None = None) -> Account:
        """Make an account; None for ``cash`` makes a counterparty whose means are not looked at."""
        account = self.accounts[name] = Account(name, cash or {}, limited=cash is not None)
        return account

    def find(self, account: str, client_order_id: str) -> BookOrder | None:
        """Return the account's open order of that client id."""
        owner = self.accounts.get(account)
        return None if owner is None else owner.open.get(client_order_id)

    # ------------------------------------------------------------ requests

    def submit(self, order: Order, now_ns: int, *, at_most: Decimal | None = None) -> list[Event]:
        """Take an order, or reject it. ``at_most`` bounds what it takes at once: a fault, the rest waits for the next quote."""
        out = self.advance(now_ns) if self.expiries else []
        book, account = self.books.get(order.symbol), self.accounts.get(order.account)
        if book is None or account is None:
            what, name = ("SYMBOL", order.symbol) if book is None else ("ACCOUNT", order.account)
            out.append(Rejected(order, now_ns, f"UNKNOWN_{what}", f"no {what.lower()} {name} is known here"))
            return out
        refusal = self._check(order, book, account, now_ns)
        if refusal is not None:
            out.append(Rejected(order, now_ns, refusal[0], refusal[1]))
            return out
        self._enter(order, book, account, now_ns, out, at_most)
        return out

    def submit_linked(self, orders: Sequence[Order], now_ns: int) -> list[Event]:
        """Take orders of one group, all or none: the last event is ``Rejected`` when it is none.

        Each must be within the account's means by itself. The caller sees to it that none of them trades or triggers at once.
        """
        out = self.advance(now_ns) if self.expiries else []
        for order in orders:
            refusal = self._check(order, self.books[order.symbol], self.accounts[order.account], now_ns)
            if refusal is not None:
                out.append(Rejected(order, now_ns, refusal[0], refusal[1]))
                return out
        for order in orders:
            self._enter(order, self.books[order.symbol], self.accounts[order.account], now_ns, out, None)
        return out

    def _enter(
        self, order: Order, book: Book, account: Account, now_ns: int, out: list[Event], at_most: Decimal | None
    ) -> None:  # fmt: skip
        """Let an order in that was checked, and let it work or wait."""
        self.order_number += 1
        self.sequence += 1
        live = book_order(order, self.name_order(book), self.sequence, now_ns)
        if order.type is _MARKET or order.type is _LIMIT:
            out.append(Accepted(live, now_ns))
            self.work(book, account, live, now_ns, out, at_most)
        else:
            self._arm(book, account, live, now_ns, out)

    def cancel(self, venue_order_id: str, now_ns: int) -> list[Event]:
        """Cancel an open order, or refuse."""
        out = self.advance(now_ns) if self.expiries else []
        live = self.open.get(venue_order_id)
        if live is None:
            out.append(RefusedRequest("cancel", venue_order_id, now_ns, "UNKNOWN_ORDER", "no open order has this id"))
            return out
        account = self.accounts[live.order.account]
        self.finish(self.books[live.order.symbol], account, live, Canceled(live, now_ns, "asked"), out)
        return out

    def amend(
        self, venue_order_id: str, now_ns: int, *, quantity: Decimal | None = None, price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> list[Event]:  # fmt: skip
        """Change total quantity or prices of an open order, or refuse; None leaves a term as it is."""
        out = self.advance(now_ns) if self.expiries else []
        live = self.open.get(venue_order_id)
        if live is None:
            out.append(RefusedRequest("amend", venue_order_id, now_ns, "UNKNOWN_ORDER", "no open order has this id"))
            return out
        book, account = self.books[live.order.symbol], self.accounts[live.order.account]
        terms = (
            live.quantity if quantity is None else quantity, live.price if price is None else price,
            live.stop_price if stop_price is None else stop_price,
        )  # fmt: skip
        release_hold(account, book, live)
        refusal = self._check_amend(book, account, live, terms)
        if refusal is not None:
            self.restore_hold(book, account, live)
            out.append(RefusedRequest("amend", venue_order_id, now_ns, *refusal))
            return out
        self._change(book, account, live, terms, now_ns, out)
        return out

    # ------------------------------------------------------------ the market

    def on_quote(
        self, symbol: str, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal, now_ns: int
    ) -> list[Event]:
        """Show a new top of book: resting orders that it reaches fill, then stops trigger. Unknown symbols are passed over."""
        out = self.advance(now_ns) if self.expiries else []
        book = self.books.get(symbol)
        if book is None or not book.take_quote(bid, ask, bid_size, ask_size, self.depth) or book.halted:
            return out
        if book.bids.queue or book.asks.queue:
            self.match_resting(book, now_ns, out)
        if book.stops:
            self._run_stops(book, now_ns, out)
        return out

    def on_trade(self, symbol: str, price: Decimal, quantity: Decimal, aggressor: Side | None, now_ns: int) -> list[Event]:
        """Take a trade off the tape; without an aggressor it fills only what it prints through."""
        out = self.advance(now_ns) if self.expiries else []
        book = self.books.get(symbol)
        if book is None or book.halted:
            return out
        book.last = price
        if aggressor is not Side.BUY:
            self.match_tape(book, book.bids, price, quantity, now_ns, out, at_price=aggressor is not None)
        if aggressor is not Side.SELL:
            self.match_tape(book, book.asks, price, quantity, now_ns, out, at_price=aggressor is not None)
        if book.stops:
            self._run_stops(book, now_ns, out, price)
        return out

    def advance(self, now_ns: int) -> list[Event]:
        """Expire what is past its time."""
        out: list[Event] = []
        while self.expiries and self.expiries[0][0] <= now_ns:
            live = self.open.get(heappop(self.expiries)[2])
            if live is not None:
                book, account = self.books[live.order.symbol], self.accounts[live.order.account]
                self.finish(book, account, live, Expired(live, now_ns, str(live.order.time_in_force)), out)
        return out

    @property
    def next_expiry_ns(self) -> int | None:
        """Return when ``advance`` has something to do next."""
        return self.expiries[0][0] if self.expiries else None

    def halt(self, symbol: str | None, halted: bool) -> None:
        """Stop or resume trading in a symbol, or in all: a halt rejects new orders and fills nothing; cancels still work."""
        for book in self.books.values():
            if symbol is None or book.symbol == symbol:
                book.halted = halted

    # ------------------------------------------------------------ faults to order

    def force_fill(self, live: BookOrder, quantity: Decimal, now_ns: int, price: Decimal | None = None) -> list[Event]:
        """Fill an order whatever the market says, also beyond its quantity or after its end: for races and overfills."""
        out: list[Event] = []
        book, account = self.books[live.order.symbol], self.accounts[live.order.account]
        shown = book.shown_asks if live.is_buy else book.shown_bids
        at = next((p for p in (price, live.price, live.stop_price) if p is not None), shown.price)
        self.trade_number += 1
        self.fill(book, account, live, at, quantity, Liquidity.TAKER, now_ns, out)
        if live.filled >= live.quantity:
            self.leave_book(book, live)
            release_hold(account, book, live)
            self.forget(account, live)
        elif live.resting:
            self.restore_hold(book, account, live)
        return out

    def bust(self, live: BookOrder, fill: Fill, now_ns: int) -> list[Event]:
        """Take a trade back: money and coins return, the order does not work again."""
        settle(self.accounts[fill.account], self.books[fill.symbol], reverse(fill))
        live.filled -= fill.quantity
        live.cost -= fill.price * fill.quantity
        if live.state is OrderState.FILLED:
            live.state = OrderState.CANCELED
        elif live.state is OrderState.PARTIALLY_FILLED and not live.filled:
            live.state = OrderState.OPEN
        self.restore_hold(self.books[fill.symbol], self.accounts[fill.account], live)
        live.updated_ns = now_ns
        return [Busted(live, now_ns, fill=fill)]

    # ------------------------------------------------------------ checks

    def _check(self, order: Order, book: Book, account: Account, now_ns: int) -> Refusal | None:
        if book.halted or not book.instrument.tradable:
            return "MARKET_HALTED", f"{book.symbol} does not trade now"
        if order.client_order_id in account.open:
            return "DUPLICATE_ORDER_ID", f"client order id {order.client_order_id} belongs to an open order"
        return check_terms(order, book, now_ns) or self._check_means(order, book, account)

    def _check_means(self, order: Order, book: Book, account: Account) -> Refusal | None:
        """Look at whom the order would meet and whether the account can pay."""
        buy = order.side is _BUY
        price = order.price if order.type is _LIMIT or order.type is _STOP_LIMIT else None
        if price is None:
            price = _price_to_expect(order, book, buy)
            if price is None:
                return "NO_MARKET", f"{book.symbol} has no quote: nothing is offered on the other side"
        elif order.type is _LIMIT and order.post_only and _would_take(book, buy, price):
            return "POST_ONLY", f"a post-only order at {price:f} would trade at once"
        if order.reduce_only and order.quantity > reducible(account, book, buy):
            return "REDUCE_ONLY", f"{order.quantity:f} is more than the position has to reduce"
        if book.min_notional is not None and (refusal := check_notional(order.quantity, price, book)) is not None:
            return refusal
        if not account.limited:
            return None
        lack = shortfall(account, self.books.values(), book, buy, price, order.quantity)
        return ("INSUFFICIENT_FUNDS", lack) if lack else None

    def _check_amend(
        self, book: Book, account: Account, live: BookOrder, terms: tuple[Decimal, Decimal | None, Decimal | None]
    ) -> Refusal | None:
        quantity, price, stop_price = terms
        if book.halted:
            return "MARKET_HALTED", f"{book.symbol} does not trade now"
        refusal = check_quantity(quantity, book) or check_prices(book, price=price, stop_price=stop_price)
        if refusal is not None or quantity <= live.filled:
            return refusal
        if (price is None) != (live.price is None) or (stop_price is None) != (live.stop_price is None):
            return "BAD_PRICE", "an amend cannot add a price that the order does not have"
        if live.order.post_only and price is not None and price != live.price and _would_take(book, live.is_buy, price):
            return "POST_ONLY", f"a post-only order at {price:f} would trade at once"
        at = price if price is not None else stop_price
        if not account.limited or at is None:
            return None
        spare = self.links.covered(live) if self.links else ZERO
        lack = shortfall(account, self.books.values(), book, live.is_buy, at, quantity - live.filled, spare)
        return ("INSUFFICIENT_FUNDS", lack) if lack else None

    def _change(
        self, book: Book, account: Account, live: BookOrder, terms: tuple[Decimal, Decimal | None, Decimal | None],
        now_ns: int, out: list[Event],
    ) -> None:  # fmt: skip
        """Put new terms in force; the hold is released already."""
        quantity, price, stop_price = terms
        was_held = live.held
        keeps_place = quantity <= live.quantity and price == live.price and stop_price == live.stop_price
        self.leave_book(book, live)
        live.quantity, live.price, live.stop_price = max(quantity, live.filled), price, stop_price
        live.updated_ns = now_ns
        if not keeps_place:
            self.sequence += 1
            live.sequence = self.sequence
        out.append(
            Replaced(live, now_ns, quantity=live.quantity, price=price, stop_price=stop_price, sequence=live.sequence)
        )
        if live.filled >= live.quantity:
            live.state = OrderState.FILLED
            self.forget(account, live)
        elif was_held:
            self.wait(book, account, live)
            if is_reached(live, book):
                self._fire(book, live, now_ns, out)
        elif keeps_place:
            ahead = live.ahead
            self.rest(book, account, live)
            live.ahead = ahead
        else:
            self.work(book, account, live, now_ns, out)

    # ------------------------------------------------------------ stops

    def _arm(self, book: Book, account: Account, live: BookOrder, now_ns: int, out: list[Event]) -> None:
        if live.stop_price is None:
            live.stop_price = first_stop(live, book)
        out.append(Accepted(live, now_ns, True, live.stop_price))
        self.wait(book, account, live)
        if is_reached(live, book):
            self._fire(book, live, now_ns, out)

    def _run_stops(self, book: Book, now_ns: int, out: list[Event], traded: Decimal | None = None) -> None:
        moved, due = due_stops(book, traded)
        for live in moved:
            out.append(Trailed(live, now_ns, live.stop_price))
            self.restore_hold(book, self.accounts[live.order.account], live)
        for live in due:
            if live.held:
                self._fire(book, live, now_ns, out)

    def _fire(self, book: Book, live: BookOrder, now_ns: int, out: list[Event]) -> None:
        account = self.accounts[live.order.account]
        self.leave_book(book, live)
        release_hold(account, book, live)
        if self.links:
            self.end_linked(live, Expired, now_ns, out)
        out.append(trigger(live, now_ns))
        self.work(book, account, live, now_ns, out)


def _would_take(book: Book, buy: bool, price: Decimal) -> bool:
    shown, queue = (book.shown_asks, book.asks.queue) if buy else (book.shown_bids, book.bids.queue)
    if shown.left > 0 and (price >= shown.price if buy else price <= shown.price):
        return True
    best = queue[0][2].price if queue else None
    return best is not None and (price >= best if buy else price <= best)


def _price_to_expect(order: Order, book: Book, buy: bool) -> Decimal | None:
    """Return the worst price that an order without a limit is likely to get: what its means are judged by."""
    if order.type is not _MARKET:
        return order.stop_price if order.stop_price is not None else book.mark
    shown, queue = (book.shown_asks, book.asks.queue) if buy else (book.shown_bids, book.bids.queue)
    price = shown.worst_price(order.quantity) if shown.left > ZERO else None
    if price is None:
        price = queue[0][2].price if queue else book.ask if buy else book.bid
    if price is None or order.cap_price is None:
        return price
    return min(price, order.cap_price) if buy else max(price, order.cap_price)
