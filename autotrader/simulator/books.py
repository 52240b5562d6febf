"""One symbol's market: what outside quotes show, and the orders that rest with us.

The displayed market is a ladder: the quoted size at the quoted price, and behind it the same size at each of the next
``depth - 1`` ticks (a top-of-book feed shows no more; this is the assumption made of the rest). What our own trades take
from the ladder stays taken until the next quote of the symbol. A quote without a size shows unlimited size at its price.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

import msgspec

from autotrader.model import ZERO, Instrument, InstrumentKind
from autotrader.simulator.events import BookOrder

__all__ = ["Book", "FeeAsset", "Listing", "RestingSide", "Settlement", "ShownSide", "settlement_of"]

ONE, UNLIMITED = Decimal(1), Decimal("Infinity")


class FeeAsset(StrEnum):
    """What a fee is taken in. RECEIVED: what the trade brings, base for a buy and quote for a sell."""

    QUOTE = "QUOTE"
    BASE = "BASE"
    RECEIVED = "RECEIVED"


class Settlement(StrEnum):
    """How a trade is paid.

    ASSETS: money against coins. CASH: money against a position, paid in full. MARGIN: only profit and loss is paid. EXCHANGED:
    one currency against another, either of which may be owed, on margin.
    """

    ASSETS = "ASSETS"
    CASH = "CASH"
    MARGIN = "MARGIN"
    EXCHANGED = "EXCHANGED"


_BY_KIND = {
    InstrumentKind.SPOT: Settlement.ASSETS,
    InstrumentKind.STOCK: Settlement.CASH,
    InstrumentKind.OPTION: Settlement.CASH,
    InstrumentKind.FX: Settlement.MARGIN,
    InstrumentKind.PERPETUAL: Settlement.MARGIN,
    InstrumentKind.FUTURE: Settlement.MARGIN,
}


def settlement_of(kind: InstrumentKind, base: str = "") -> Settlement:
    """Return how trades in this kind of instrument are settled; a currency pair with a ``base`` is really exchanged."""
    return Settlement.EXCHANGED if kind is InstrumentKind.FX and base else _BY_KIND[kind]


class Listing(msgspec.Struct, frozen=True):
    """An instrument on its terms. Fees are shares of the notional (or of the quantity, when taken in the base asset).

    ``fee_step``: fees are cut off to whole steps of this; None leaves them exact.
    """

    instrument: Instrument
    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    fee_asset: FeeAsset = FeeAsset.QUOTE
    margin_rate: Decimal = Decimal("0.05")
    fee_step: Decimal | None = None


class ShownSide:
    """One side of the displayed ladder: the level that is next, and what is left there. ``left`` is 0 when nothing shows."""

    __slots__ = ("left", "levels", "price", "size", "step")

    def __init__(self, step: Decimal) -> None:
        self.step = step
        self.price = self.size = self.left = ZERO
        self.levels = 0

    def show(self, price: Decimal, size: Decimal, depth: int) -> None:
        """Take a new quote; what was taken of the old one is forgotten."""
        self.price = price
        self.size = self.left = size if size > 0 else UNLIMITED
        self.levels = depth

    def clear(self) -> None:
        """Show nothing."""
        self.left, self.levels = ZERO, 0

    def take(self, quantity: Decimal) -> None:
        """Trade against the level that is next; at most ``left``."""
        self.left -= quantity
        if self.left <= ZERO:
            self._next_level()

    def _next_level(self) -> None:
        price = self.price + self.step
        self.levels -= 1
        if self.levels <= 0 or price <= 0:
            self.clear()
        else:
            self.price, self.left = price, self.size

    def levels_to(self, limit: Decimal | None) -> Iterator[tuple[Decimal, Decimal]]:
        """Yield (price, quantity) of what shows, best first, as far as ``limit`` (None: all of it)."""
        price, left = self.price, self.left
        for _ in range(self.levels):
            if price <= 0 or (limit is not None and (price > limit if self.step > 0 else price < limit)):
                return
            yield price, left
            price, left = price + self.step, self.size

    def worst_price(self, quantity: Decimal) -> Decimal | None:
        """Return the price of the last level that ``quantity`` would reach; the last of all when it is more than shows."""
        if quantity <= self.left:
            return self.price
        worst = None
        for price, left in self.levels_to(None):
            worst = price
            quantity -= left
            if quantity <= 0:
                break
        return worst


class RestingSide:
    """Resting orders of one side, best price first and oldest first at a price."""

    __slots__ = ("_sign", "queue")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.queue: list[tuple[Decimal, int, BookOrder]] = []

    def __len__(self) -> int:
        return len(self.queue)

    def __iter__(self) -> Iterator[BookOrder]:
        return (entry[2] for entry in self.queue)

    def _key(self, live: BookOrder) -> tuple[Decimal, int, BookOrder]:
        assert live.price is not None
        return (self._sign * live.price, live.sequence, live)

    def add(self, live: BookOrder) -> None:
        """Put a priced order in its place."""
        insort(self.queue, self._key(live))

    def remove(self, live: BookOrder) -> None:
        """Take an order out; its price and sequence must be those it came with."""
        place = bisect_left(self.queue, self._key(live))
        assert self.queue[place][2] is live
        del self.queue[place]


class Book:
    """The market of one symbol, with what its listing says unpacked for speed. ``bid`` and ``ask`` are the last quote's."""

    __slots__ = (
        "allows_short", "ask", "asks", "base", "bid", "bids", "buy_factor", "fee_in_base_buy", "fee_in_base_sell", "fee_step",
        "halted", "instrument", "last", "lot", "maker_fee", "margin_rate", "min_notional", "multiplier", "paid_in_full",
        "quote", "sell_factor", "settlement", "shown_asks", "shown_bids", "stops", "symbol", "taker_fee", "tick",
    )  # fmt: skip

    def __init__(self, listing: Listing) -> None:
        instrument = listing.instrument
        self.instrument, self.symbol = instrument, instrument.symbol
        self.tick, self.lot, self.multiplier = instrument.tick, instrument.lot, instrument.multiplier
        self.base, self.quote, self.allows_short = instrument.base, instrument.quote, instrument.allows_short
        self.settlement = settlement_of(instrument.kind, instrument.base)
        on_margin = self.settlement in (Settlement.MARGIN, Settlement.EXCHANGED)
        self.maker_fee, self.taker_fee, self.margin_rate = listing.maker_fee, listing.taker_fee, listing.margin_rate
        self.paid_in_full = not on_margin
        self.fee_step = listing.fee_step
        coins = self.settlement is Settlement.ASSETS
        self.fee_in_base_buy = coins and listing.fee_asset is not FeeAsset.QUOTE
        self.fee_in_base_sell = coins and listing.fee_asset is FeeAsset.BASE
        dearest = max(self.maker_fee, self.taker_fee, ZERO)
        share = self.margin_rate + dearest if on_margin else 1 + dearest
        self.buy_factor = Decimal(1) if self.fee_in_base_buy else share * self.multiplier
        self.sell_factor = 1 + dearest if self.fee_in_base_sell else Decimal(1)
        self.min_notional = instrument.min_notional
        self.bids, self.asks = RestingSide(-1), RestingSide(1)
        self.shown_bids, self.shown_asks = ShownSide(-self.tick), ShownSide(self.tick)
        self.stops: list[BookOrder] = []
        self.bid: Decimal | None = None
        self.ask: Decimal | None = None
        self.last: Decimal | None = None
        self.halted = False

    def take_quote(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal, depth: int) -> bool:
        """Show a new quote; a crossed one shows nothing, and False is returned. Sizes count in whole lots, at least one."""
        if bid >= ask or bid <= 0:
            self.bid = self.ask = None
            self.shown_bids.clear()
            self.shown_asks.clear()
            return False
        self.bid, self.ask = bid, ask
        self.shown_bids.show(bid, _in_lots(bid_size, self.lot), depth)
        self.shown_asks.show(ask, _in_lots(ask_size, self.lot), depth)
        return True

    @property
    def mark(self) -> Decimal | None:
        """Return what positions are valued at: the mid of the last quote, else the last trade."""
        return self.last if self.bid is None or self.ask is None else (self.bid + self.ask) / 2


def _in_lots(size: Decimal, lot: Decimal) -> Decimal:
    """Round a displayed size down to whole lots; at least one, so that what is shown can be had. 0 stays: no size is known."""
    return max(size // lot, ONE) * lot if size > 0 else size
