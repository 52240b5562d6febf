"""What one strategy can know, kept from messages, and handed out as snapshots that never change afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from autotrader.messages import AccountChanged
from autotrader.model import DONE_STATES, ZERO, Instrument, Order, OrderState, OrderUpdate, Position, Quote, Snapshot
from autotrader.strategy.recent import RecentTimes
from autotrader.strategy.symbol_map import SymbolMap
from autotrader.strategy.symbols import Symbols

__all__ = ["View"]

_REMEMBERED = 10_000


class View:
    """One thread's. A part is copied only when it changes after a snapshot that shows it was taken."""

    def __init__(self, symbols: Symbols, venues: Mapping[str, bool] | None = None) -> None:
        self.symbols, self.held = symbols, dict[tuple[str, str], Decimal]()
        self.instruments: SymbolMap[Instrument] = SymbolMap(symbols)
        self._quotes: SymbolMap[Quote] = SymbolMap(symbols)
        self._positions: SymbolMap[Decimal] = SymbolMap(symbols, lambda: ZERO)
        self._open: dict[str, OrderUpdate | Order] = {}
        self._done = RecentTimes(_REMEMBERED)
        self._accounts: dict[tuple[str, str], AccountChanged] = {}
        self._venues = dict(venues or {})
        self._version = symbols.version
        self._shown_quotes: Mapping[str, Quote] | None = None
        self._shown_positions: Mapping[str, Decimal] | None = None
        self._shown_open: tuple[OrderUpdate, ...] | None = None
        self._shown_money: Mapping[str, Decimal] | None = None
        self._equity: Decimal | None = None
        self._shown_venues: Mapping[str, bool] | None = None

    # ------------------------------------------------------------ what comes in

    def take_quote(self, quote: Quote) -> None:
        """Take the newest quote of a symbol."""
        key = self.symbols.key(quote.venue, quote.symbol)
        if self._shown_quotes is not None:
            self._quotes, self._shown_quotes = self._quotes.duplicate(), None
        known = len(self._quotes)
        self._quotes[key] = quote
        if len(self._quotes) != known:
            self._order_quotes()

    def take_instrument(self, instrument: Instrument) -> None:
        """Take what a venue lists."""
        self.instruments[self.symbols.key(instrument.venue, instrument.symbol)] = instrument

    def take_position(self, position: Position) -> None:
        """Take a position as it is now."""
        key = self.symbols.key(position.venue, position.symbol)
        if self._shown_positions is not None:
            self._positions, self._shown_positions = self._positions.duplicate(), None
        self._positions[key] = self.held[position.venue, position.symbol] = position.quantity

    def take_draft(self, order: Order) -> None:
        """Take an order that is on its way to the order manager: shown as DRAFT until word of it comes."""
        self._open[order.client_order_id], self._shown_open = order, None

    def drop_draft(self, client_order_id: str) -> None:
        """Forget an order that nobody took."""
        if self._open.pop(client_order_id, None) is not None:
            self._shown_open = None

    def take_update(self, update: OrderUpdate) -> None:
        """Take an order as it stands; what is older than what is known already changes nothing."""
        order_id, open_orders = update.client_order_id, self._open
        if update.state in DONE_STATES:
            self._done.put(order_id, update.updated_ns)
            if open_orders.pop(order_id, None) is not None:
                self._shown_open = None
            return
        known = open_orders.get(order_id)
        if known is None:
            done_ns = self._done.get(order_id)
            news = done_ns is None or update.updated_ns > done_ns
        else:
            news = isinstance(known, Order) or update.updated_ns >= known.updated_ns
        if news:
            open_orders[order_id], self._shown_open = update, None

    def take_account(self, account: AccountChanged) -> None:
        """Take the balances of one account, and the equity as it is now over all of them."""
        self._accounts[account.venue, account.account], self._equity, self._shown_money = account, account.equity, None

    def take_ready(self, venue: str, *, ready: bool) -> None:
        """Take whether a venue's books are reconciled."""
        self._venues[venue], self._shown_venues = ready, None

    # ------------------------------------------------------------ what goes out

    @property
    def can_decide(self) -> bool:
        """Say whether there is a quote and a venue that is ready."""
        return bool(self._quotes) and any(self._venues.values())

    def snapshot(self, now_ns: int) -> Snapshot:
        """Return all of it as of now."""
        if self._version != self.symbols.version:
            self._name_anew()
        return Snapshot(now_ns, self._quotes_shown(), self._positions_shown(), self._open_shown(), self._balances_shown(),
                        self._equity, self._venues_shown())

    def open_orders(self) -> tuple[OrderUpdate, ...]:
        """Return the orders that are not done."""
        return self._open_shown()

    def _quotes_shown(self) -> Mapping[str, Quote]:
        if self._shown_quotes is None:
            self._shown_quotes = MappingProxyType(self._quotes)
        return self._shown_quotes

    def _positions_shown(self) -> Mapping[str, Decimal]:
        if self._shown_positions is None:
            self._shown_positions = MappingProxyType(self._positions)
        return self._shown_positions

    def _open_shown(self) -> tuple[OrderUpdate, ...]:
        if self._shown_open is None:
            self._shown_open = tuple([one if isinstance(one, OrderUpdate) else _as_update(one) for one in self._open.values()])
        return self._shown_open

    def _balances_shown(self) -> Mapping[str, Decimal]:
        if self._shown_money is None:
            self._shown_money = MappingProxyType(_sum_of(self._accounts.values()))
        return self._shown_money

    def _venues_shown(self) -> Mapping[str, bool]:
        if self._shown_venues is None:
            self._shown_venues = MappingProxyType(dict(self._venues))
        return self._shown_venues

    def _order_quotes(self) -> None:
        """Show quotes in the order in which venues list their symbols, whichever was quoted first."""
        rank = {key: number for number, key in enumerate(self.instruments)}
        ordered = sorted(self._quotes.items(), key=lambda item: rank.get(item[0], len(rank)))
        self._quotes = SymbolMap(self.symbols)
        self._quotes.update(ordered)

    def _name_anew(self) -> None:
        """Give every symbol the key it has now that a second venue lists one of them."""
        self._version, key = self.symbols.version, self.symbols.key
        quotes, positions, instruments = list(self._quotes.values()), dict(self.held), list(self.instruments.values())
        self._quotes, self._shown_quotes = SymbolMap(self.symbols), None
        self._positions, self._shown_positions = SymbolMap(self.symbols, lambda: ZERO), None
        self._quotes.update({key(quote.venue, quote.symbol): quote for quote in quotes})
        self._positions.update({key(venue, symbol): quantity for (venue, symbol), quantity in positions.items()})
        self.instruments.clear()
        self.instruments.update({key(one.venue, one.symbol): one for one in instruments})


def _sum_of(accounts: Iterable[AccountChanged]) -> dict[str, Decimal]:
    balances: dict[str, Decimal] = {}
    for account in accounts:
        for asset, total in account.balances:
            balances[asset] = balances.get(asset, ZERO) + total
    return balances


def _as_update(order: Order) -> OrderUpdate:
    return OrderUpdate(
        client_order_id=order.client_order_id, venue_order_id=None, venue=order.venue, account=order.account,
        symbol=order.symbol, side=order.side, type=order.type, time_in_force=order.time_in_force, quantity=order.quantity,
        price=order.price, stop_price=order.stop_price, state=OrderState.DRAFT, filled_quantity=ZERO, average_price=None,
        reason_code=None, reason=None, strategy=order.strategy, created_ns=order.created_ns, updated_ns=order.created_ns,
        reduce_only=order.reduce_only, tag=order.tag,
    )
