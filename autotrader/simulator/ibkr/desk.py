"""Everything the simulated TWS knows: whose order is whose, who is connected, what has been traded. The loop's thread."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from autotrader.model import ZERO, Fill, Order, OrderState, OrderType
from autotrader.simulator.events import BookOrder
from autotrader.simulator.ibkr.answers import Execution
from autotrader.simulator.ibkr.contracts import TRADED, ContractTerms
from autotrader.simulator.ibkr.exchange import corrected_id
from autotrader.simulator.ibkr.holdings import Holding, fold_trades
from autotrader.simulator.ibkr.hours import always_open, hours_texts
from autotrader.simulator.ibkr.order_fields import PlaceOrder
from autotrader.simulator.ibkr.terms import TwsTerms
from autotrader.simulator.ibkr.times import exec_times, with_zone
from autotrader.simulator.ibkr.venue import TwsVenue
from autotrader.simulator.ibkr.wire_order import WireOrder
from autotrader.simulator.special import special_of

if TYPE_CHECKING:
    from autotrader.simulator.ibkr.hub import Hub

__all__ = ["Desk", "OrderKey"]

OrderKey = tuple[int, int]
"""(client id, order id)."""

_TYPES: Final = {
    OrderType.MARKET: "MKT", OrderType.LIMIT: "LMT", OrderType.STOP: "STP", OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
}  # fmt: skip
_DONE: Final = {OrderState.FILLED: "Filled", OrderState.CANCELED: "Cancelled", OrderState.EXPIRED: "Cancelled"}


class Desk:
    """``waiting`` are orders that are not transmitted yet; ``bound`` the ids that client 0 knows orders by hand by."""

    def __init__(self, venue: TwsVenue, terms: TwsTerms, hub: Hub) -> None:
        self.venue, self.terms, self.hub = venue, terms, hub
        self.keys: dict[OrderKey, str] = {}
        self.highest: dict[int, int] = {}
        self.waiting: dict[OrderKey, PlaceOrder] = {}
        self.bound: dict[str, int] = {}
        self.busted: dict[str, Fill] = {}
        self.multipliers = {symbol: Decimal(one.multiplier) for symbol, one in TRADED.items()}
        self.last_prices: dict[str, Decimal] = {}
        self.holdings, self.realized = fold_trades(venue.trades(), self.multipliers)
        self.last_prices |= {one.venue_order_id or "": one.price for one in venue.trades()}
        for live in venue.orders(open_only=False):
            self.note(live)

    def forget_session(self) -> None:
        """Forget what is in TWS alone: orders that are not transmitted, bound ids, and order ids that came to nothing."""
        for remembered in (self.waiting, self.bound, self.highest):
            remembered.clear()
        for live in self.venue.orders(open_only=False):
            self.note(live)

    # ------------------------------------------------------------ whose is whose

    def note(self, live: BookOrder) -> None:
        """Remember whose order this is."""
        client_id, order_id = owner_of(live.order)
        if order_id:
            self.keys[client_id, order_id] = live.venue_order_id
            self.use((client_id, order_id))

    def use(self, key: OrderKey) -> None:
        """Count an order id as used by its client."""
        self.highest[key[0]] = max(self.highest.get(key[0], 0), key[1])

    def next_id(self, client_id: int) -> int:
        """Return the first order id that the client may use."""
        return max(self.highest.get(client_id, 0) + 1, self.terms.first_order_id)

    def find(self, client_id: int, order_id: int) -> BookOrder | None:
        """Return the order that a client means; client 0 means orders by hand by their negative ids."""
        key = self.keys.get((client_id, order_id))
        if key is None and client_id == 0:
            key = next((one for one, number in self.bound.items() if number == order_id), None)
        return None if key is None else self.venue.order(key)

    def bind(self, live: BookOrder) -> int:
        """Return the id by which client 0 knows an order by hand; a new one is negative."""
        return self.bound.setdefault(live.venue_order_id, -len(self.bound) - 1)

    def seen_by(self, live: BookOrder, client_id: int) -> bool:
        """Say whether what happens to an order is told to a client."""
        owner, order_id = owner_of(live.order)
        return owner == client_id and (order_id != 0 or live.venue_order_id in self.bound)

    # ------------------------------------------------------------ as it is told

    def status_of(self, live: BookOrder) -> str:
        """Return the venue's word for where an order stands."""
        done = _DONE.get(live.state)
        return done if done is not None else "PreSubmitted" if live.held else "Submitted"

    def wire(self, live: BookOrder, status: str = "", filled: Decimal | None = None, cost: Decimal | None = None) -> WireOrder:
        """Return an order as it stands, or as it stood with so much filled."""
        order, labels = live.order, special_of(live.order).labels
        client_id, order_id = owner_of(order)
        filled = live.filled if filled is None else filled
        cost = live.cost if cost is None else cost
        average = cost / filled if filled else ZERO
        last = self.last_prices.get(live.venue_order_id, ZERO) if filled else ZERO
        kind = labels.get("type") or _TYPES[order.type]
        return WireOrder(
            order_id=order_id or self.bound.get(live.venue_order_id, 0), client_id=client_id,
            perm_id=int(live.venue_order_id), contract=TRADED[order.symbol],
            exchange=labels.get("exchange") or TRADED[order.symbol].exchanges[0], action=order.side.value,
            quantity=live.quantity, type=kind, limit_price=live.price, aux_price=_aux_price(live, kind),
            tif=labels.get("tif") or order.time_in_force.value, oca_group=labels.get("oca", ""),
            oca_type=int(labels.get("oca_type", 3)), account=order.account, order_ref=order.client_order_id,
            parent_id=int(labels.get("parent", 0)), outside_rth="outside" in labels, good_till=labels.get("until", ""),
            trail_stop_price=live.stop_price if kind == "TRAIL" else None,
            trailing_percent=Decimal(labels["percent"]) if "percent" in labels else None, status=status or self.status_of(live),
            filled=filled, average_price=round(average, 8) if filled else ZERO, last_price=last,
            why_held=self._why_held(live, kind),
        )  # fmt: skip

    def _why_held(self, live: BookOrder, kind: str) -> str:
        """Return what an order waits for, in TWS's words as they were recorded: ``child``, ``trigger``, or both."""
        if not live.held:
            return ""
        waits = special_of(live.order).labels.get("wait") == "parent" and live.venue_order_id not in self.venue.tws.released
        return ",".join([*(["child"] if waits else []), *(["trigger"] if kind.startswith(("STP", "TRAIL")) else [])])

    def completed(self, live: BookOrder) -> WireOrder:
        """Return an order that is done: the quantity is that of its fills alone when it is filled."""
        one = self.wire(live)
        status = f"Filled Size: {live.filled:f}" if one.status == "Filled" else "Cancelled by Trader"
        if live.state is OrderState.EXPIRED:
            status = "Cancelled"
        return msgspec.structs.replace(
            one, quantity=ZERO if one.status == "Filled" else one.quantity, completed_time=with_zone(live.updated_ns),
            completed_status=status,
        )  # fmt: skip

    def execution(self, live: BookOrder, fill: Fill, filled: Decimal, cost: Decimal, *, taken: bool = False) -> Execution:
        """Return a trade as it is told; ``filled`` and ``cost`` are the order's sums with it; ``taken``: it was taken back."""
        one = self.wire(live, filled=filled, cost=cost)
        early, late = exec_times(fill.ts_ns)
        return Execution(
            order=one, exec_id=corrected_id(fill.trade_id) if taken else fill.trade_id, time=early, time_174=late,
            venue=one.contract.filled_at, shares=ZERO if taken else fill.quantity, price=fill.price, cumulative=filled,
            average=one.average_price, liquidity=1 if fill.liquidity.value == "MAKER" else 2,
        )  # fmt: skip

    def hours_of(self, one: ContractTerms) -> tuple[str, str]:
        """Return trading and liquid hours: round the clock where hours do not bind."""
        now_ns = self.venue.now_ns()
        return hours_texts(one, now_ns) if self.terms.hours else always_open(now_ns)

    # ------------------------------------------------------------ what is held

    def take(self, fill: Fill) -> Decimal | None:
        """Take in a trade; return what it realised."""
        self.last_prices[fill.venue_order_id or ""] = fill.price
        holding = self.holdings.setdefault(fill.symbol, Holding(self.multipliers[fill.symbol]))
        profit = holding.add(fill)
        if profit is not None:
            self.realized[fill.trade_id] = profit
        return profit

    def undo(self, fill: Fill) -> None:
        """Take back a trade."""
        self.busted[fill.trade_id] = fill
        self.holdings, self.realized = fold_trades(self.venue.trades(), self.multipliers)


def owner_of(order: Order) -> OrderKey:
    """Return whose order this is; by hand is client 0 and order id 0."""
    labels = special_of(order).labels
    return int(labels.get("client", 0)), int(labels.get("id", 0))


def _aux_price(live: BookOrder, kind: str) -> Decimal | None:
    """Return what stands as the auxiliary price: a trigger, or the distance of a stop that trails by an amount."""
    if kind != "TRAIL":
        return live.stop_price
    return None if "percent" in special_of(live.order).labels else live.order.trail
