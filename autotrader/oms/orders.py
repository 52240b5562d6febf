"""One order as the books hold it: its intent, terms as they stand, fills, ids and debts."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import structs

from autotrader.model import ZERO, Fill, Order, OrderState, OrderUpdate
from autotrader.oms.lifecycle import FIL, STATES

__all__ = ["OrderRecord", "Terms", "average", "inferred_floor", "inferred_id", "record_of"]

Terms = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Quantity, price and stop price; None leaves a term as it is."""

_INFERRED = "inferred:"


class OrderRecord(msgspec.Struct, gc=False):
    """An order as it stands: mutable, owned by one ``Books`` and one thread; ``update()`` gives the frozen row.

    ``filled`` is the sum of distinct trades (and of ``adopted``, what a foreign order had filled before we met it).
    """

    order: Order
    code: int
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    updated_ns: int
    fills: dict[str, Fill]
    venue_order_id: str | None = None
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    last_ns: int = 0  # the newest thing the venue told; answers asked before it (and the lag) may be older
    owed_after_ns: int | None = None  # Q: an answer settles the debt if asked at or after this
    cancel_wished: bool = False
    replacing: bool = False
    expects_id: bool = False  # a replace of ours may still bring one new venue id
    held: bool = False
    foreign: bool = False
    target: Terms | None = None  # the terms last asked for by a replace
    past: tuple[Terms, ...] = ()  # the newest of those asked for before
    reason_code: str | None = None
    reason: str | None = None
    superseded: tuple[str, ...] = ()  # venue ids that a linked one took over
    twins: tuple[str, ...] = ()  # venue ids with no link to the current one (event 4)
    busted: tuple[str, ...] = ()
    held_busts: tuple[str, ...] = ()
    adopted: Decimal = ZERO
    inferred: str | None = None  # trade id of the inferred fill that is booked
    floor: Decimal = ZERO  # the venue's cumulative that the inferred fill makes up to
    gap: Decimal | None = None  # a reported cumulative that our trades do not reach
    gap_price: Decimal | None = None  # the average price reported with it
    gap_since_ns: int = 0

    @property
    def client_order_id(self) -> str:
        """Return the id that the order is known by here."""
        return self.order.client_order_id

    @property
    def state(self) -> OrderState:
        """Return the state of the life cycle."""
        return STATES[self.code]

    @property
    def is_done(self) -> bool:
        """Say whether no further request can do anything; fills are still accepted."""
        return self.code >= FIL

    @property
    def leaves(self) -> Decimal:
        """Return what may still fill at the venue: nothing once done."""
        return ZERO if self.code >= FIL or self.filled >= self.quantity else self.quantity - self.filled

    @property
    def average_price(self) -> Decimal | None:
        """Return the average price of the fills, None without one."""
        fills = self.fills
        if len(fills) == 1:
            for fill in fills.values():
                return fill.price
        return average(self.notional, self.filled - self.adopted) if fills else None

    @property
    def fees(self) -> dict[str, Decimal]:
        """Return the fees of the fills per asset."""
        totals: dict[str, Decimal] = {}
        for fill in self.fills.values():
            totals[fill.fee_asset] = totals.get(fill.fee_asset, ZERO) + fill.fee
        return totals

    def venue_ids(self) -> list[str]:
        """Return all ids that the venue has or had for the order."""
        return [name for name in (self.venue_order_id, *self.superseded, *self.twins) if name is not None]

    def knows_id(self, venue_order_id: str) -> bool:
        """Say whether a venue id is one of the order's."""
        return venue_order_id == self.venue_order_id or venue_order_id in self.superseded or venue_order_id in self.twins

    def book(self, fill: Fill) -> None:
        """Add a trade that is not booked yet."""
        self.fills[fill.trade_id] = fill
        self.filled += fill.quantity
        self.notional += fill.price * fill.quantity

    def unbook(self, trade_id: str) -> Fill:
        """Take a booked trade out."""
        fill = self.fills.pop(trade_id)
        self.filled -= fill.quantity
        self.notional -= fill.price * fill.quantity
        return fill

    def complete(self, fill: Fill) -> Fill:
        """Return the fill with what only we know: the order's client id, account and strategy."""
        order = self.order
        return Fill(
            fill.trade_id, order.client_order_id, fill.venue_order_id or self.venue_order_id, fill.venue,
            fill.account or order.account, fill.symbol, fill.side, fill.price, fill.quantity, fill.fee, fill.fee_asset,
            fill.liquidity, fill.ts_ns, fill.inferred, order.strategy,
        )

    def total_with(self, fill: Fill) -> Decimal:
        """Return the cumulative quantity once a trade is booked that is not yet; an inferred one only fills up to its floor."""
        if self.inferred is None and not fill.inferred:
            return self.filled + fill.quantity
        real = self.real_filled if fill.inferred else self.real_filled + fill.quantity
        return max(real, self.floor, inferred_floor(fill.trade_id)) if fill.inferred else max(real, self.floor)

    def settle(self, fill: Fill) -> tuple[tuple[Fill, ...], tuple[Fill, ...]]:
        """Book a trade where an inferred fill is booked or comes; returns what was booked and what was taken out.

        The inferred fill makes up what real trades lack to the floor, and nothing when they reach it: never both.
        """
        undone = () if self.inferred is None else (self.unbook(self.inferred),)
        stand_in, floor = (undone[0] if undone else fill), self.floor
        if not fill.inferred:
            self.book(fill)
        elif inferred_floor(fill.trade_id) > floor:
            stand_in, floor = fill, inferred_floor(fill.trade_id)
        booked = () if fill.inferred else (fill,)
        return booked + self._make_up(stand_in, floor, undone), undone

    def lower_floor(self, floor: Decimal) -> tuple[tuple[Fill, ...], tuple[Fill, ...]]:
        """Follow the venue's count down where it takes an inferred fill back; returns what was booked and taken out."""
        if self.inferred is None or floor >= self.floor:
            return (), ()
        undone = (self.unbook(self.inferred),)
        return self._make_up(undone[0], floor, undone), undone

    def _make_up(self, stand_in: Fill, floor: Decimal, undone: tuple[Fill, ...]) -> tuple[Fill, ...]:
        self.busted += tuple(old.trade_id for old in undone)
        self.inferred, self.floor = None, ZERO
        if floor <= self.filled:
            return ()
        self.inferred, self.floor = inferred_id(self.client_order_id, floor), floor
        rest = structs.replace(stand_in, trade_id=self.inferred, quantity=floor - self.filled)
        self.busted = tuple(name for name in self.busted if name != self.inferred)
        self.book(rest)
        return (rest,)

    @property
    def real_filled(self) -> Decimal:
        """Return what trades that the venue showed add up to, without the inferred one."""
        return self.filled - self.fills[self.inferred].quantity if self.inferred else self.filled

    def current_order(self) -> Order:
        """Return the order with the terms that it has now."""
        if (self.quantity, self.price, self.stop_price) == (self.order.quantity, self.order.price, self.order.stop_price):
            return self.order
        return structs.replace(self.order, quantity=self.quantity, price=self.price, stop_price=self.stop_price)

    def update(self) -> OrderUpdate:
        """Return the order as a frozen row."""
        order, fills = self.order, self.fills
        average_price = self.average_price if fills else None
        return OrderUpdate(
            order.client_order_id, self.venue_order_id, order.venue, order.account, order.symbol, order.side, order.type,
            order.time_in_force, self.quantity, self.price, self.stop_price, STATES[self.code], self.filled,
            average_price, self.reason_code, self.reason, order.strategy, order.created_ns, self.updated_ns,
            self.foreign, self.held, order.reduce_only, order.tag,
        )


def record_of(order: Order, code: int, ts_ns: int) -> OrderRecord:
    """Return a fresh record of an order."""
    return OrderRecord(order, code, order.quantity, order.price, order.stop_price, ts_ns, {})


def average(notional: Decimal, quantity: Decimal) -> Decimal | None:
    """Return notional / quantity, None for nothing; 28 digits where it does not end."""
    return notional / quantity if quantity else None


def inferred_id(client_order_id: str, floor: Decimal) -> str:
    """Return the trade id of the fill that makes an order up to the cumulative quantity ``floor``."""
    return f"{_INFERRED}{client_order_id}:{floor.normalize():f}"


def inferred_floor(trade_id: str) -> Decimal:
    """Return the cumulative quantity that an inferred fill makes up to."""
    return Decimal(trade_id.rpartition(":")[2])
