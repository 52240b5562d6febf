"""The position in one symbol: the fold of its fills sorted by (ts_ns, trade_id), at average cost.

A fill that comes in order costs one step. A late or undone one refolds from its place. The newest fills are kept with the
figures after each; older ones are asked from a loader, when a late fill or a bust reaches back so far.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from autotrader.model import ZERO, Fill, Instrument, InstrumentKind, Position, Side, settled

__all__ = ["Entry", "FillsOf", "Holding"]

FillsOf = Callable[[str, str, str], Iterable[Fill]]
"""Loads all fills of (venue, account, symbol) from the journal, in any order; busted ones left out."""

WINDOW = 512
"""Once so many fills are kept, the older half goes, if a loader can bring it back."""

_BUY = Side.BUY
_ONE = Decimal(1)
_CASH = (InstrumentKind.STOCK, InstrumentKind.OPTION)
Key = tuple[int, str, str]
"""What the fold is sorted by: time, trade id, and the order's id, which parts the two sides of a trade with oneself."""
Figures = tuple[Decimal, Decimal | None, Decimal]
"""Quantity, average price, realised P&L."""
_FLAT: Figures = (ZERO, None, ZERO)
Sum = tuple[int, Decimal, Decimal]
"""How many trades, their signed quantity, their signed quantity x price."""
_NOTHING: Sum = (0, ZERO, ZERO)


class Entry(msgspec.Struct, gc=False):
    """One step of the fold, with the figures after it. ``fee`` is in ``fee_asset``; a step without a trade is an adoption."""

    ts_ns: int
    trade_id: str
    order_id: str
    quantity: Decimal
    price: Decimal | None
    fee: Decimal
    fee_asset: str
    adopted: bool = False
    after_quantity: Decimal = ZERO
    after_average: Decimal | None = None
    after_realized: Decimal = ZERO

    @property
    def key(self) -> Key:
        """Return what the fold is sorted by."""
        return (self.ts_ns, self.trade_id, self.order_id)


def _key(entry: Entry) -> Key:
    return (entry.ts_ns, entry.trade_id, entry.order_id)


class Holding(msgspec.Struct):
    """What is held in one symbol, and all that fills did to balances. Mutable; owned by one ``Books``.

    ``moved`` and ``spent`` are the exact sums of signed quantity and of signed quantity x price: they need no order and no
    instrument. ``quantity``, ``average`` and ``realized`` are the fold's head.
    """

    venue: str
    account: str
    symbol: str
    quantity: Decimal = ZERO
    average: Decimal | None = None
    realized: Decimal = ZERO
    moved: Decimal = ZERO
    spent: Decimal = ZERO
    fees: dict[str, Decimal] = msgspec.field(default_factory=dict)
    quote: str = ""
    base: str = ""
    multiplier: Decimal = _ONE
    cash: bool = False
    entries: list[Entry] = msgspec.field(default_factory=list)
    before: Figures = _FLAT  # the figures before the first entry kept
    floor: Key | None = None  # the key of the last entry not kept any more
    adoptions: list[Entry] = msgspec.field(default_factory=list)
    late: dict[str, tuple[Key, Entry | None]] = msgspec.field(default_factory=dict)  # changes the loader may not have yet
    older: Sum = _NOTHING  # what the trades before the floor add up to: the loader must know the same ones
    tries: int = 0  # how often it was looked at while the loader was behind
    behind: bool = False  # the loader lacked some: average and realised P&L wait for it, the quantity does not

    def describe(self, instrument: Instrument, fills_of: FillsOf | None) -> None:
        """Take the instrument's terms over; fold anew where they change figures."""
        terms = (instrument.quote, instrument.base, instrument.multiplier, instrument.kind in _CASH)
        refold = (instrument.base, instrument.multiplier) != (self.base, self.multiplier)
        self.quote, self.base, self.multiplier, self.cash = terms
        if refold and (self.entries or self.floor is not None):
            self._refold_all(fills_of)

    def book(self, fill: Fill, fills_of: FillsOf | None) -> None:
        """Fold one fill in, at its place."""
        quantity = fill.quantity if fill.side is _BUY else -fill.quantity
        self.moved += quantity
        self.spent += quantity * fill.price
        fee, asset = fill.fee, fill.fee_asset
        if fee:
            fees = self.fees
            fees[asset] = fees.get(asset, ZERO) + fee
        ts_ns, trade_id, order_id, entries = fill.ts_ns, fill.trade_id, fill.client_order_id, self.entries
        entry = Entry(ts_ns, trade_id, order_id, quantity, fill.price, fee, asset)
        if entries and len(entries) < WINDOW:
            last = entries[-1]
            if ts_ns > last.ts_ns or (ts_ns == last.ts_ns and (trade_id, order_id) > (last.trade_id, last.order_id)):
                entries.append(entry)  # the usual case, without a look at the floor or the window
                return self._step(entry)
        return self._insert(entry, fills_of)

    def unbook(self, fill: Fill, fills_of: FillsOf | None) -> None:
        """Take one booked fill out and fold what came after it anew."""
        quantity = fill.quantity if fill.side is _BUY else -fill.quantity
        self.moved -= quantity
        self.spent -= quantity * fill.price
        if fill.fee:
            self.fees[fill.fee_asset] -= fill.fee
        key = (fill.ts_ns, fill.trade_id, fill.client_order_id)
        if self.floor is not None and key <= self.floor:
            self.late[_late_name(key)] = (key, None)
            self.older = _plus(self.older, -1, -quantity, fill.price)
            if not self._refold_all(fills_of):
                self._shift(-quantity, -fill.fee, asset=fill.fee_asset, price=fill.price)
            return
        at = bisect_left(self.entries, key, key=_key)
        del self.entries[at]
        self._refold(at)

    def adopt(self, quantity: Decimal, price: Decimal | None, ts_ns: int, fills_of: FillsOf | None) -> None:
        """Fold in a quantity that no trade explains: no realised P&L, no balance moved."""
        entry = Entry(ts_ns, "", f"{len(self.adoptions):06}", quantity, price, ZERO, "", True)
        self.adoptions.append(entry)
        self._insert(entry, fills_of)

    def position(self, mid: Decimal | None) -> Position:
        """Return the frozen position; unrealised P&L at ``mid``."""
        unrealized = None
        if mid is not None:
            unrealized = ZERO if self.average is None else (mid - self.average) * self.quantity * self.multiplier
        return Position(
            self.venue, self.account, self.symbol, self.quantity, self.average, self.realized, unrealized, self.quote
        )

    def add_balances(self, totals: dict[str, Decimal]) -> None:
        """Add what the fills did to each asset: spot moves base and quote, stocks and options the quote, others their P&L."""
        if self.base:
            totals[self.base] = totals.get(self.base, ZERO) + self.moved
        if self.quote:
            change = -self.spent * self.multiplier if self.base or self.cash else self.realized
            totals[self.quote] = totals.get(self.quote, ZERO) + change
        for asset, fee in self.fees.items():
            totals[asset] = totals.get(asset, ZERO) - fee

    def _insert(self, entry: Entry, fills_of: FillsOf | None) -> None:
        entries = self.entries
        if entries:
            last = entries[-1]
            in_order = entry.ts_ns > last.ts_ns or (entry.ts_ns == last.ts_ns and entry.key > last.key)
        else:
            in_order = self.floor is None or entry.key > self.floor
        if in_order:
            entries.append(entry)
            self._step(entry)
            if len(entries) > WINDOW and fills_of is not None:
                self._trim()
        elif self.floor is not None and entry.key <= self.floor:
            if not entry.adopted:
                self.late[_late_name(entry.key)] = (entry.key, entry)
                self.older = _plus(self.older, 1, entry.quantity, entry.price or ZERO)
            if not self._refold_all(fills_of):
                self._shift(entry.quantity, entry.fee, asset=entry.fee_asset, price=entry.price)
        else:
            at = bisect_left(entries, entry.key, key=_key)
            entries.insert(at, entry)
            self._refold(at)

    def _step(self, entry: Entry) -> None:
        """Move the head on by one entry and note the figures after it."""
        held, change, price, average = self.quantity, entry.quantity, entry.price, self.average
        total = held + change
        if not held:
            average = price
        elif (held > 0) is (change > 0):
            if average is not None and price is not None:
                average = (average * held + price * change) / total
        else:
            flips = total and (total > 0) is not (held > 0)
            if average is not None and price is not None and not entry.adopted:
                self.realized += settled((price - average) * (held if flips else -change) * self.multiplier)
            if flips:
                average = price
        if entry.fee and entry.fee_asset == self.base != "":
            net = total - entry.fee
            if not total or (net and (net > 0) is not (total > 0)):
                average = price
            total = net
        if not total:
            average = None
        self.quantity = entry.after_quantity = total
        self.average = entry.after_average = average
        entry.after_realized = self.realized

    def _refold(self, at: int) -> None:
        if at:
            last = self.entries[at - 1]
            self.quantity, self.average, self.realized = last.after_quantity, last.after_average, last.after_realized
        else:
            self.quantity, self.average, self.realized = self.before
        for entry in self.entries[at:]:
            self._step(entry)

    def _trim(self) -> None:
        half = len(self.entries) // 2
        last = self.entries[half - 1]
        self.before = (last.after_quantity, last.after_average, last.after_realized)
        self.floor = last.key
        self.older = _sum(self.entries[:half], self.older)
        del self.entries[:half]

    def catch_up(self, fills_of: FillsOf | None) -> None:
        """Fold anew what waited for the loader, if it has caught up; it is asked ever more seldom, since a load is dear."""
        if self.behind:
            self.tries += 1
            if self.tries & (self.tries - 1) == 0:
                self._refold_all(fills_of)

    def _refold_all(self, fills_of: FillsOf | None) -> bool:
        """Fold from the beginning: what the loader has before the floor, changes it may not have yet, and what is kept.

        Returns False, and leaves all as it is, while the loader lacks trades that are not kept any more.
        """
        floor = self.floor
        if floor is not None:
            older = {} if fills_of is None else self._older(fills_of(self.venue, self.account, self.symbol), floor)
            self.behind = _sum(older.values(), _NOTHING) != self.older
            if self.behind:
                return False
            older.update({f"{at}": entry for at, entry in enumerate(self.adoptions) if entry.key <= floor})
            self.entries = sorted(older.values(), key=_key) + self.entries
        self.floor, self.before, self.older, self.tries = None, _FLAT, _NOTHING, 0
        self._refold(0)
        while fills_of is not None and len(self.entries) > WINDOW:
            self._trim()
        return True

    def _shift(self, quantity: Decimal, fee: Decimal, *, asset: str, price: Decimal | None) -> None:
        """Let a change before the floor move the quantity at once, while the loader is behind."""
        held, average, realized = self.before
        total = held + quantity - (fee if asset and asset == self.base else ZERO)
        self.before = (total, (price if average is None else average) if total else None, realized)
        self._refold(0)

    def _older(self, fills: Iterable[Fill], floor: Key) -> dict[str, Entry]:
        older = {}
        for fill in fills:
            key = (fill.ts_ns, fill.trade_id, fill.client_order_id)
            if key <= floor:
                quantity = fill.quantity if fill.side is _BUY else -fill.quantity
                older[_late_name(key)] = Entry(*key, quantity, fill.price, fill.fee, fill.fee_asset)
        for name, (key, change) in list(self.late.items()):
            if key > floor or (change is None) is (name not in older):
                del self.late[name]  # in memory again, or in the journal by now
            elif change is None:
                del older[name]
            else:
                older[name] = change
        return older


def _plus(total: Sum, count: int, quantity: Decimal, price: Decimal) -> Sum:
    return (total[0] + count, total[1] + quantity, total[2] + quantity * price)


def _sum(entries: Iterable[Entry], total: Sum) -> Sum:
    trades = [(entry.quantity, entry.price) for entry in entries if not entry.adopted]
    moved = sum([quantity for quantity, _ in trades], ZERO)
    spent = sum([quantity * price for quantity, price in trades if price is not None], ZERO)
    return (total[0] + len(trades), total[1] + moved, total[2] + spent)


def _late_name(key: Key) -> str:
    return f"{key[0]}/{key[1]}/{key[2]}"
