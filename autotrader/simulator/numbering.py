"""Ids as venues give them that count orders and trades per symbol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from autotrader.simulator.books import Book
from autotrader.simulator.exchange import Exchange

__all__ = ["SymbolNumbers", "key_of", "last_numbers", "shown_id"]

SEPARATOR = ":"


def key_of(symbol: str, number: int | str) -> str:
    """Return the exchange's key of an order by its number on the wire."""
    return f"{symbol}{SEPARATOR}{number}"


def shown_id(key: str) -> str:
    """Return an order's id as the wire shows it: ``BTCUSDT:28`` is ``28``; any other key is itself."""
    return key.rpartition(SEPARATOR)[2]


class SymbolNumbers(Exchange):
    """An exchange whose order and trade ids are counted per symbol from 1; order keys are ``SYMBOL:NUMBER``.

    ``orders`` and ``trades`` are the last numbers used. Trade ids are plain numbers, unique within their symbol only.
    """

    orders: dict[str, int]
    trades: dict[str, int]
    _named: dict[str, int]

    def begin_numbers(self, orders: Mapping[str, int], trades: Mapping[str, int]) -> None:
        """Go on behind these last numbers; must be called once before the first order."""
        self.orders, self.trades, self._named = dict(orders), dict(trades), {}

    def name_order(self, book: Book) -> str:
        """Return the key of the order that was just numbered."""
        number = self.orders[book.symbol] = self.orders.get(book.symbol, 0) + 1
        return key_of(book.symbol, number)

    def name_trade(self, book: Book) -> str:
        """Return the id of the trade that was just numbered: the same for both sides of it."""
        symbol = book.symbol
        if self._named.get(symbol) != self.trade_number:
            self._named[symbol] = self.trade_number
            self.trades[symbol] = self.trades.get(symbol, 0) + 1
        return str(self.trades[symbol])


def last_numbers(named: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the highest number per symbol of (symbol, id on the wire); ids that are no numbers do not count."""
    highest: dict[str, int] = {}
    for symbol, shown in named:
        if shown.isdecimal():
            highest[symbol] = max(highest.get(symbol, 0), int(shown))
    return highest
