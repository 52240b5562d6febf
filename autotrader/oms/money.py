"""The books seen from the money's side: positions, balances, fees, instruments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from autotrader.model import Instrument, Position
from autotrader.oms.accounts import Accounts

__all__ = ["Money"]


class Money:
    """Reads positions and balances; ``Books`` adds the orders that move them. One thread."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts: Accounts | None = accounts

    @property
    def accounts(self) -> Accounts:
        """Return holdings, balances and fees."""
        if self._accounts is None:
            raise RuntimeError("books that refold a single order have no accounts")
        return self._accounts

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Take note of instruments; positions whose base asset or multiplier was not known are folded anew."""
        self.accounts.add_instruments(instruments)

    def instrument(self, venue: str, symbol: str) -> Instrument | None:
        """Return the instrument if it was added."""
        return self.accounts.instrument(venue, symbol)

    def position(self, venue: str, symbol: str, mid: Decimal | None = None) -> Position:
        """Return the position, flat if there is none; ``unrealized_pnl`` at ``mid``."""
        return self.accounts.position(venue, symbol, mid)

    def positions(self, mids: Mapping[tuple[str, str], Decimal] | None = None) -> list[Position]:
        """Return all positions ever held, by (venue, symbol); ``mids`` by (venue, symbol)."""
        return self.accounts.positions(mids)

    def balances(self, venue: str) -> dict[str, Decimal]:
        """Return the total per asset: opening + transfers + what fills moved - fees."""
        return self.accounts.balances(venue)

    def fees(self, venue: str | None = None) -> dict[str, Decimal]:
        """Return the fees paid per asset, of one venue or all."""
        return self.accounts.fees(venue)

    def is_opened(self, venue: str, account: str) -> bool:
        """Say whether opening balances of the account are on record."""
        return self.accounts.opened_ns(venue, account) is not None

    def opened_ns(self, venue: str, account: str) -> int | None:
        """Return as of when the opening balances of the account are on record, None if they are not."""
        return self.accounts.opened_ns(venue, account)
