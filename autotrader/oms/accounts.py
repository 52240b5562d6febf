"""Money and positions of all accounts: holdings per symbol, opening balances, transfers, fees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from autotrader.messages import BalanceOpened, BalanceTransferred, PositionAdopted
from autotrader.model import ZERO, Fill, Instrument, Position
from autotrader.oms.fold import PositionKey
from autotrader.oms.positions import FillsOf, Holding

__all__ = ["Accounts", "AccountsState"]


class AccountsState(msgspec.Struct):
    """All of it, for a checkpoint."""

    holdings: list[Holding]
    cash: list[tuple[str, str, str, Decimal]]
    opened: list[tuple[str, str, str, int]]
    instruments: list[Instrument]


class Accounts:
    """What is held and owed, per (venue, account, symbol) and per asset. One thread; owned by one ``Books``."""

    __slots__ = ("_by_symbol", "_cash", "_holdings", "_instruments", "_opened", "fills_of")

    def __init__(self, fills_of: FillsOf | None) -> None:
        self.fills_of = fills_of
        self._holdings: dict[PositionKey, Holding] = {}
        self._by_symbol: dict[tuple[str, str], Holding] = {}
        self._instruments: dict[tuple[str, str], Instrument] = {}
        self._cash: dict[tuple[str, str, str], Decimal] = {}
        self._opened: dict[tuple[str, str, str], int] = {}

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Take note of instruments; a holding whose base asset or multiplier was not known is folded anew."""
        for instrument in instruments:
            self._instruments[instrument.venue, instrument.symbol] = instrument
            for holding in self._holdings.values():
                if holding.venue == instrument.venue and holding.symbol == instrument.symbol:
                    holding.describe(instrument, self.fills_of)

    def instruments(self) -> list[Instrument]:
        """Return all that were added."""
        return list(self._instruments.values())

    def instrument(self, venue: str, symbol: str) -> Instrument | None:
        """Return the instrument if it was added."""
        return self._instruments.get((venue, symbol))

    def book(self, fill: Fill) -> PositionKey:
        """Fold a fill in; returns the position that changed."""
        key = (fill.venue, fill.account, fill.symbol)
        holding = self._holdings.get(key)
        if holding is None:
            holding = self._holding(key)
        holding.book(fill, self.fills_of)
        return key

    def exchange(self, undone: tuple[Fill, ...], booked: tuple[Fill, ...]) -> tuple[PositionKey, ...]:
        """Take fills of one symbol out and put others in; returns the position that changed, if one did."""
        keys = [self.unbook(fill) for fill in undone] + [self.book(fill) for fill in booked]
        return tuple(keys[:1])

    def unbook(self, fill: Fill) -> PositionKey:
        """Take a booked fill out; returns the position that changed."""
        key = (fill.venue, fill.account, fill.symbol)
        self._holding(key).unbook(fill, self.fills_of)
        return key

    def adopt(self, event: PositionAdopted) -> PositionKey:
        """Add a quantity that no trade explains."""
        key = (event.venue, event.account, event.symbol)
        self._holding(key).adopt(event.quantity, event.average_price, event.ts_ns, self.fills_of)
        return key

    def open(self, event: BalanceOpened) -> bool:
        """Put the opening balance of an asset on record, once; returns whether it was new."""
        key = (event.venue, event.account, event.asset)
        if key in self._opened:
            return False
        self._opened[key] = event.ts_ns
        self._cash[key] = self._cash.get(key, ZERO) + event.amount
        return True

    def transfer(self, event: BalanceTransferred) -> None:
        """Add what moved without a trade."""
        key = (event.venue, event.account, event.asset)
        self._cash[key] = self._cash.get(key, ZERO) + event.amount

    def position(self, venue: str, symbol: str, mid: Decimal | None) -> Position:
        """Return the position, flat if there is none."""
        holding = self._by_symbol.get((venue, symbol))
        if holding is None:
            instrument = self._instruments.get((venue, symbol))
            quote = "" if instrument is None else instrument.quote
            return Position(venue, "", symbol, ZERO, None, ZERO, None if mid is None else ZERO, quote)
        if holding.behind:
            holding.catch_up(self.fills_of)
        return holding.position(mid)

    def positions(self, mids: Mapping[tuple[str, str], Decimal] | None) -> list[Position]:
        """Return all positions ever held."""
        mids = mids or {}
        for holding in self._holdings.values():
            holding.catch_up(self.fills_of)
        held = sorted(self._holdings.values(), key=lambda one: (one.venue, one.symbol, one.account))
        return [holding.position(mids.get((holding.venue, holding.symbol))) for holding in held]

    def balances(self, venue: str) -> dict[str, Decimal]:
        """Return the total per asset: opening + transfers + what fills moved - fees."""
        totals: dict[str, Decimal] = {}
        for (where, _, asset), amount in self._cash.items():
            if where == venue:
                totals[asset] = totals.get(asset, ZERO) + amount
        for holding in self._holdings.values():
            if holding.venue == venue:
                holding.add_balances(totals)
        return totals

    def fees(self, venue: str | None) -> dict[str, Decimal]:
        """Return the fees paid per asset, of one venue or all."""
        totals: dict[str, Decimal] = {}
        for holding in self._holdings.values():
            if venue is None or holding.venue == venue:
                for asset, fee in holding.fees.items():
                    totals[asset] = totals.get(asset, ZERO) + fee
        return totals

    def opened_ns(self, venue: str, account: str) -> int | None:
        """Return as of when the opening balances of the account are on record, None if they are not."""
        return max((at for key, at in self._opened.items() if key[:2] == (venue, account)), default=None)

    def state(self) -> AccountsState:
        """Return all of it."""
        used = {(holding.venue, holding.symbol) for holding in self._holdings.values()}
        cash = [(*key, amount) for key, amount in self._cash.items()]
        opened = [(*key, at) for key, at in self._opened.items()]
        instruments = [one for key, one in self._instruments.items() if key in used]
        return AccountsState(list(self._holdings.values()), cash, opened, instruments)

    def restore(self, state: AccountsState) -> None:
        """Take over what ``state`` gave."""
        self._instruments = {(one.venue, one.symbol): one for one in state.instruments}
        self._cash = {(venue, account, asset): amount for venue, account, asset, amount in state.cash}
        self._opened = {(venue, account, asset): at for venue, account, asset, at in state.opened}
        for holding in state.holdings:
            self._holdings[holding.venue, holding.account, holding.symbol] = holding
            self._by_symbol[holding.venue, holding.symbol] = holding

    def _holding(self, key: PositionKey) -> Holding:
        holding = self._holdings.get(key)
        if holding is None:
            holding = self._holdings[key] = self._by_symbol[key[0], key[2]] = Holding(*key)
            instrument = self._instruments.get((key[0], key[2]))
            if instrument is not None:
                holding.describe(instrument, None)
        return holding
