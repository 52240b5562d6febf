"""How orders meet the market: taking, resting, the tape, and the end of an order. The rules stand in ``exchange``."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from heapq import heapify, heappush
from random import Random

from autotrader.model import ZERO, Fill, Liquidity, OrderState, OrderType, TimeInForce
from autotrader.simulator.accounts import Account, hold_for, reducible, release_hold, settle
from autotrader.simulator.books import Book, Listing, RestingSide, ShownSide
from autotrader.simulator.events import BookOrder, Canceled, Event, Expired, Filled
from autotrader.simulator.links import LINKED, Links
from autotrader.simulator.special import SelfTrade, SpecialOrder, special_of

__all__ = ["Matching", "floor_to"]

DAY_NS = 86_400_000_000_000
_MAKER, _TAKER = Liquidity.MAKER, Liquidity.TAKER
_MARKET, _FOK, _IOC = OrderType.MARKET, TimeInForce.FOK, TimeInForce.IOC
_FILLED, _PARTLY = OrderState.FILLED, OrderState.PARTIALLY_FILLED
_BPS = 1_000_000


class Matching:
    """State of the exchange and what is done to it; ``Exchange`` is the way in."""

    def __init__(
        self, listings: Iterable[Listing], *, venue: str, rng: Random, depth: int = 10, slippage_bps: Decimal = ZERO,
        order_prefix: str = "", trade_prefix: str = "",
    ) -> None:  # fmt: skip
        self.venue, self.rng, self.depth, self.slippage_bps = venue, rng, depth, slippage_bps
        self.books = {listing.instrument.symbol: Book(listing) for listing in listings}
        self.accounts: dict[str, Account] = {}
        self.open: dict[str, BookOrder] = {}
        self.order_number = self.trade_number = self.sequence = 0
        self.order_prefix, self.trade_prefix = order_prefix, trade_prefix
        self.expiries: list[tuple[int, int, str]] = []
        self.links = Links()
        self._met: BookOrder | None = None

    def name_order(self, book: Book) -> str:
        """Return the key of the order that was just numbered; keys are unique in the exchange."""
        return f"{self.order_prefix}{self.order_number}"

    def name_trade(self, book: Book) -> str:
        """Return the id of the trade that was just numbered; both sides of one trade have it."""
        return f"{self.trade_prefix}{self.trade_number:012d}"

    # ------------------------------------------------------------ an order at work

    def work(
        self, book: Book, account: Account, live: BookOrder, now_ns: int, out: list[Event], at_most: Decimal | None = None
    ) -> None:
        """Let an order take what it can, at most ``at_most``, then rest or end."""
        order = live.order
        limit = live.price if live.price is not None else order.cap_price
        tif = order.time_in_force
        if tif is _FOK and self.reach(book, account, live, limit) < live.remaining:
            return self.finish(book, account, live, Expired(live, now_ns, "FOK: not all of it can be had"), out)
        why = self.take(book, account, live, limit, now_ns, out, at_most)
        if live.filled >= live.quantity:
            return self.forget(account, live)
        if why == "SELF_TRADE" and special_of(order).prevention is not None:
            return self.finish(book, account, live, Expired(live, now_ns, why, self._met), out)
        if why in ("SELF_TRADE", "REDUCE_ONLY"):
            return self.finish(book, account, live, Canceled(live, now_ns, why), out)
        if live.price is None or tif is _IOC or tif is _FOK:
            return self.finish(book, account, live, Expired(live, now_ns, why or "NO_LIQUIDITY"), out)
        return self.rest(book, account, live)

    def take(
        self, book: Book, account: Account, live: BookOrder, limit: Decimal | None, now_ns: int, out: list[Event],
        at_most: Decimal | None = None,
    ) -> str:  # fmt: skip
        """Trade against what stands on the other side; return why it stopped: empty when price or quantity ended it."""
        buy, order = live.is_buy, live.order
        shown, queue = (book.shown_asks, book.asks.queue) if buy else (book.shown_bids, book.bids.queue)
        wanted = live.quantity - live.filled
        if at_most is not None and at_most < wanted:
            wanted = at_most
        slips = self.slippage_bps and live.price is None
        has_means = not account.limited or live.price is not None  # counted when the order came, by its limit
        expected = order.type is _MARKET and not slips  # counted when the order came, at the price of one level
        while wanted > ZERO:
            maker = queue[0][2] if queue else None
            if maker is not None and _shown_first(shown, maker, buy):
                maker = None
            price, there = (shown.price, shown.left) if maker is None else (_price(maker), maker.remaining)
            if not there or (limit is not None and (price > limit if buy else price < limit)):
                return ""
            if maker is not None and maker.order.account == account.name:
                mode, self._met = special_of(order).prevention, maker
                if mode is None or mode is SelfTrade.EXPIRE_TAKER:
                    return "SELF_TRADE"
                self.finish(book, account, maker, Expired(maker, now_ns, "SELF_TRADE", live), out)
                if mode is SelfTrade.EXPIRE_BOTH:
                    return "SELF_TRADE"
                continue
            quantity = wanted if wanted < there else there
            if order.reduce_only:
                quantity = min(quantity, reducible(account, book, buy))
                if quantity <= 0:
                    return "REDUCE_ONLY"
            paid = self._slipped(book, live, price, limit) if slips and maker is None else price
            if not (has_means or (expected and quantity == wanted)) and _lacks(account, book, buy, paid, quantity):
                return "INSUFFICIENT_FUNDS"
            self.trade_number += 1
            if maker is None:
                shown.take(quantity)
            else:
                self.fill_maker(book, maker, price, quantity, now_ns, out)
            self.fill(book, account, live, paid, quantity, _TAKER, now_ns, out)
            wanted -= quantity
            expected = False
        return ""

    def fill(
        self, book: Book, account: Account, live: BookOrder, price: Decimal, quantity: Decimal, liquidity: Liquidity,
        now_ns: int, out: list[Event],
    ) -> None:  # fmt: skip
        """Book one trade of one order under the current trade number; what is linked to the order ends before it."""
        if self.links:
            self.end_linked(live, Expired, now_ns, out)
        order, notional = live.order, price * quantity
        rate = book.maker_fee if liquidity is _MAKER else book.taker_fee
        if book.fee_in_base_buy if live.is_buy else book.fee_in_base_sell:
            fee, fee_asset = quantity * rate, book.base
        else:
            fee, fee_asset = notional * book.multiplier * rate, book.quote
        if book.fee_step is not None:
            fee = fee.quantize(book.fee_step, ROUND_DOWN)
        fill = Fill(
            self.name_trade(book), order.client_order_id, live.venue_order_id, self.venue, order.account,
            order.symbol, order.side, price, quantity, fee, fee_asset, liquidity, now_ns,
        )  # fmt: skip
        live.filled = filled = live.filled + quantity
        live.cost += notional
        live.updated_ns = now_ns
        live.state = state = _FILLED if filled >= live.quantity else _PARTLY
        settle(account, book, fill)
        book.last = price
        out.append(Filled(live, now_ns, fill=fill, state=state))

    def fill_maker(self, book: Book, live: BookOrder, price: Decimal, quantity: Decimal, now_ns: int, out: list[Event]) -> None:
        """Book one trade of a resting order; out of the book with it when that was the last of it."""
        account = self.accounts[live.order.account]
        self.fill(book, account, live, price, quantity, _MAKER, now_ns, out)
        if live.filled >= live.quantity:
            self.leave_book(book, live)
            release_hold(account, book, live)
            self.forget(account, live)
        else:
            self.set_aside(book, account, live)

    def _slipped(self, book: Book, live: BookOrder, price: Decimal, limit: Decimal | None) -> Decimal:
        """Worsen a price by up to ``slippage_bps``, in whole ticks, not beyond ``limit``."""
        hundredths = self.rng.randrange(int(self.slippage_bps * 100) + 1)
        ticks = (price * hundredths / _BPS / book.tick).to_integral_value(ROUND_CEILING)
        if limit is not None:
            ticks = min(ticks, abs(limit - price) // book.tick)
        return price + ticks * book.tick if live.is_buy else max(price - ticks * book.tick, book.tick)

    def reach(self, book: Book, account: Account, live: BookOrder, limit: Decimal | None) -> Decimal:
        """Return how much the order could take at once within ``limit``."""
        buy = live.is_buy
        shown, makers = (book.shown_asks, book.asks) if buy else (book.shown_bids, book.bids)
        total = ZERO
        for maker in makers:
            price = _price(maker)
            if limit is not None and (price > limit if buy else price < limit):
                break
            if maker.order.account == account.name:
                if special_of(live.order).prevention is SelfTrade.EXPIRE_MAKER:
                    continue
                limit = price
                break
            total += maker.remaining
        total += sum((left for _, left in shown.levels_to(limit)), ZERO)
        return min(total, reducible(account, book, buy)) if live.order.reduce_only else total

    # ------------------------------------------------------------ resting

    def register(self, account: Account, live: BookOrder) -> None:
        """Note an order that stays open, and when it expires."""
        if live.venue_order_id in self.open:
            return
        order = live.order
        self.open[live.venue_order_id] = live
        account.open[order.client_order_id or live.venue_order_id] = live
        if isinstance(order, SpecialOrder):
            self.links.add(live)
        if order.time_in_force is TimeInForce.GTD and order.expires_ns is not None:
            self._expire_at(order.expires_ns, live)
        elif order.time_in_force is TimeInForce.DAY:
            self._expire_at((live.created_ns // DAY_NS + 1) * DAY_NS, live)

    def _expire_at(self, at_ns: int, live: BookOrder) -> None:
        heappush(self.expiries, (at_ns, live.sequence, live.venue_order_id))
        if len(self.expiries) > 2 * len(self.open) + 1_000:
            self.expiries = [entry for entry in self.expiries if entry[2] in self.open]
            heapify(self.expiries)

    def rest(self, book: Book, account: Account, live: BookOrder) -> None:
        """Put a priced order into the book."""
        self.register(account, live)
        live.resting = True
        live.ahead = _queue_ahead(book, live)
        (book.bids if live.is_buy else book.asks).add(live)
        self.set_aside(book, account, live)

    def wait(self, book: Book, account: Account, live: BookOrder) -> None:
        """Put a stop among those that wait for their trigger."""
        self.register(account, live)
        live.held = True
        book.stops.append(live)
        self.set_aside(book, account, live)

    def set_aside(self, book: Book, account: Account, live: BookOrder) -> None:
        """Set aside what an order that stands may cost, less what its group has set aside for it."""
        hold_for(account, book, live, self.links.covered(live) if self.links else ZERO)

    def restore_hold(self, book: Book, account: Account, live: BookOrder) -> None:
        """Set aside anew what an order that stands may cost."""
        if live.resting or live.held:
            self.set_aside(book, account, live)

    def leave_book(self, book: Book, live: BookOrder) -> None:
        """Take an order out of the book or from among the stops, wherever it is."""
        if live.resting:
            (book.bids if live.is_buy else book.asks).remove(live)
            live.resting = False
        elif live.held:
            book.stops.remove(live)
            live.held = False

    def forget(self, account: Account, live: BookOrder) -> None:
        """Drop a done order; the ledger keeps it."""
        if self.open.pop(live.venue_order_id, None) is not None:
            account.open.pop(live.order.client_order_id or live.venue_order_id, None)

    def finish(self, book: Book, account: Account, live: BookOrder, event: Canceled | Expired, out: list[Event]) -> None:
        """End an order that is not filled."""
        self.leave_book(book, live)
        release_hold(account, book, live)
        self.forget(account, live)
        live.state = OrderState.CANCELED if type(event) is Canceled else OrderState.EXPIRED
        live.updated_ns = event.ts_ns
        out.append(event)
        if self.links:
            self.end_linked(live, type(event), event.ts_ns, out)

    def end_linked(self, live: BookOrder, kind: type[Canceled] | type[Expired], now_ns: int, out: list[Event]) -> None:
        """End the others of an order's group, if it still stands; the order itself now stands alone."""
        for other in self.links.loosen(live):
            account, book = self.accounts[other.order.account], self.books[other.order.symbol]
            self.finish(book, account, other, kind(other, now_ns, LINKED), out)

    # ------------------------------------------------------------ the market moves

    def match_resting(self, book: Book, now_ns: int, out: list[Event]) -> None:
        """Fill resting orders that a new quote reaches, then bound the queues before those at its price."""
        for side, shown in ((book.bids, book.shown_asks), (book.asks, book.shown_bids)):
            buy = side is book.bids
            while side.queue and shown.left > 0:
                live = side.queue[0][2]
                price = _price(live)
                if price < shown.price if buy else price > shown.price:
                    break
                quantity = self._may_fill(book, live, min(live.remaining, shown.left), now_ns, out)
                if quantity > 0:
                    self.trade_number += 1
                    shown.take(quantity)
                    self.fill_maker(book, live, price, quantity, now_ns, out)
        _bound_queues(book.bids, book.bid, book.shown_bids.size, buy=True)
        _bound_queues(book.asks, book.ask, book.shown_asks.size, buy=False)

    def _may_fill(self, book: Book, live: BookOrder, quantity: Decimal, now_ns: int, out: list[Event]) -> Decimal:
        """Cap a resting fill for reduce-only, cancelling an order that would add; 0 when it was cancelled."""
        if not live.order.reduce_only:
            return quantity
        account = self.accounts[live.order.account]
        quantity = min(quantity, reducible(account, book, live.is_buy))
        if quantity <= 0:
            self.finish(book, account, live, Canceled(live, now_ns, "REDUCE_ONLY"), out)
        return quantity

    def match_tape(
        self, book: Book, side: RestingSide, price: Decimal, quantity: Decimal, now_ns: int, out: list[Event], *, at_price: bool
    ) -> None:
        """Let a trade at ``price`` fill the resting orders of one side; those at the price itself only if ``at_price``."""
        buy = side is book.bids
        left, passed = quantity, ZERO
        for live in list(side):
            own = _price(live)
            if left <= 0 or (own < price if buy else own > price) or (own == price and not at_price):
                break
            if own == price:
                if live.ahead is None:
                    break
                before = max(live.ahead - passed, ZERO)
                eaten = min(before, left)
                live.ahead = before - eaten
                passed, left = passed + eaten, left - eaten
            share = self._may_fill(book, live, min(live.remaining, left), now_ns, out)
            if share > 0:
                self.trade_number += 1
                self.fill_maker(book, live, own, share, now_ns, out)
                left -= share
                if live.resting and left > 0:
                    self._may_fill(book, live, live.remaining, now_ns, out)


def _price(live: BookOrder) -> Decimal:
    assert live.price is not None
    return live.price


def _shown_first(shown: ShownSide, maker: BookOrder, buy: bool) -> bool:
    price = _price(maker)
    return shown.left > 0 and (shown.price <= price if buy else shown.price >= price)


def _lacks(account: Account, book: Book, buy: bool, price: Decimal, quantity: Decimal) -> bool:
    """Say whether a MARKET order ran out of money on its way down the ladder; coins were counted when it came."""
    return buy and book.paid_in_full and price * quantity * book.buy_factor > account.free(book.quote)


def _queue_ahead(book: Book, live: BookOrder) -> Decimal | None:
    best, size = (book.bid, book.shown_bids.size) if live.is_buy else (book.ask, book.shown_asks.size)
    price = _price(live)
    if best is None or price == best:
        return size if best is not None else None
    return ZERO if (price > best if live.is_buy else price < best) else None


def _bound_queues(side: RestingSide, best: Decimal | None, size: Decimal, *, buy: bool) -> None:
    if best is None:
        return
    for live in side:
        price = _price(live)
        if price < best if buy else price > best:
            return
        most = size if price == best else ZERO
        if live.ahead is None or live.ahead > most:
            live.ahead = most


def floor_to(quantity: Decimal, step: Decimal) -> Decimal:
    """Round a quantity down to whole steps."""
    return (quantity / step).to_integral_value(ROUND_FLOOR) * step
