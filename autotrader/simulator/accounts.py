"""What an account at the exchange owns, owes and has set aside, and how a trade moves it.

ASSETS and CASH instruments are paid in full, so that nothing can be spent that is not there. MARGIN positions are carried at
average cost: closing pays the profit or loss into the quote currency, and the margin of positions and open orders must be
covered by that currency's equity when an order is taken. EXCHANGED pairs move both currencies, either of which may be owed,
and are margined like MARGIN positions. There is no liquidation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from autotrader.model import ZERO, Fill, Side, settled
from autotrader.simulator.books import Book, Settlement
from autotrader.simulator.events import BookOrder

__all__ = [
    "Account", "held_asset", "hold_for", "margin_room", "need", "reducible", "release_hold", "reverse", "settle", "shortfall",
]

_BUY, _ASSETS, _CASH, _MARGIN = Side.BUY, Settlement.ASSETS, Settlement.CASH, Settlement.MARGIN
_EXCHANGED = Settlement.EXCHANGED
_ON_MARGIN = (_MARGIN, _EXCHANGED)


class Account:
    """One account. ``limited`` False: a counterparty whose means are not looked at.

    ``cash`` holds totals per asset, ``held`` what open orders set aside of them, ``net`` the signed traded quantity per
    symbol (net of fees taken in the base asset), ``average`` the average price of a margin position, ``open`` the orders that
    are open, by client id.
    """

    __slots__ = ("average", "cash", "held", "limited", "name", "net", "open")

    def __init__(self, name: str, cash: Mapping[str, Decimal], *, limited: bool = True) -> None:
        self.name, self.limited = name, limited
        self.cash: dict[str, Decimal] = dict(cash)
        self.held: dict[str, Decimal] = {}
        self.net: dict[str, Decimal] = {}
        self.average: dict[str, Decimal] = {}
        self.open: dict[str, BookOrder] = {}

    def free(self, asset: str) -> Decimal:
        """Return what is not set aside of an asset."""
        return self.cash.get(asset, ZERO) - self.held.get(asset, ZERO)

    def hold(self, asset: str, amount: Decimal) -> None:
        """Set ``amount`` more aside, less when negative."""
        self.held[asset] = self.held.get(asset, ZERO) + amount


def settle(account: Account, book: Book, fill: Fill) -> None:
    """Move money, coins and position by one trade."""
    quantity, fee = fill.quantity, fill.fee
    signed = quantity if fill.side is _BUY else -quantity
    cash, net, symbol, quote = account.cash, account.net, book.symbol, book.quote
    if book.settlement is _MARGIN:
        cash[quote] = cash.get(quote, ZERO) + _close_and_open(account, book, signed, fill.price) - fee
        net[symbol] = net.get(symbol, ZERO) + signed
        return
    money = signed * fill.price * book.multiplier
    if book.settlement is _ASSETS:
        if fill.fee_asset == quote:
            money += fee
        else:
            signed -= fee
        cash[book.base] = cash.get(book.base, ZERO) + signed
    else:
        money += fee
        if book.settlement is _EXCHANGED:
            cash[book.base] = cash.get(book.base, ZERO) + signed
    cash[quote] = cash.get(quote, ZERO) - money
    net[symbol] = net.get(symbol, ZERO) + signed


def _close_and_open(account: Account, book: Book, signed: Decimal, price: Decimal) -> Decimal:
    """Carry a margin position at average cost; return the profit of what was closed, in the quote currency, to 12 decimals."""
    symbol = book.symbol
    net, average = account.net.get(symbol, ZERO), account.average.get(symbol, price)
    total, profit = net + signed, ZERO
    if net * signed > 0:
        average = (average * net + price * signed) / total
    elif net:
        flips = total * net < 0
        profit = settled((price - average) * (net if flips else -signed) * book.multiplier)
        average = price if flips else average
    if total:
        account.average[symbol] = average
    else:
        account.average.pop(symbol, None)
    return profit


def reverse(fill: Fill) -> Fill:
    """Return the trade that undoes ``fill``."""
    return Fill(
        fill.trade_id, fill.client_order_id, fill.venue_order_id, fill.venue, fill.account, fill.symbol, fill.side.opposite,
        fill.price, fill.quantity, -fill.fee, fill.fee_asset, fill.liquidity, fill.ts_ns,
    )  # fmt: skip


def held_asset(book: Book, is_buy: bool) -> str:
    """Return what an order sets aside: an asset, or shares of a CASH position (the symbol behind a ``#``)."""
    if is_buy or book.settlement in _ON_MARGIN:
        return book.quote
    return book.base if book.settlement is _ASSETS else f"#{book.symbol}"


def need(book: Book, is_buy: bool, price: Decimal, quantity: Decimal) -> Decimal:
    """Return how much of ``held_asset`` the order may cost at ``price``, fees at their dearest."""
    if is_buy or book.settlement in _ON_MARGIN:
        return price * quantity * book.buy_factor
    return quantity * book.sell_factor


def reducible(account: Account, book: Book, is_buy: bool) -> Decimal:
    """Return how many whole lots an order on this side can reduce the position by; 0 when it would add."""
    net = account.net.get(book.symbol, ZERO)
    return max(-net if is_buy else net, ZERO) // book.lot * book.lot


def shortfall(
    account: Account, books: Iterable[Book], book: Book, is_buy: bool, price: Decimal, quantity: Decimal, spare: Decimal = ZERO
) -> str:
    """Say what the account lacks for the order at ``price``; empty when it has it. ``spare`` is set aside for it already."""
    settlement = book.settlement
    if settlement in _ON_MARGIN or (settlement is _CASH and not is_buy and book.allows_short):
        opening = max(quantity - reducible(account, book, is_buy), ZERO)
        wanted, room = opening * price * book.buy_factor, margin_room(account, books, book.quote) + spare
        return "" if wanted <= room or not opening else f"margin of {wanted:f} {book.quote} is needed, {room:f} is free"
    asset, wanted = held_asset(book, is_buy), need(book, is_buy, price, quantity)
    if asset[0] == "#":
        free = account.net.get(book.symbol, ZERO) - account.held.get(asset, ZERO)
    else:
        free = account.cash.get(asset, ZERO) - account.held.get(asset, ZERO)
    free += spare
    return "" if wanted <= free else f"{wanted:f} {asset} is needed, {free:f} is free"


def margin_room(account: Account, books: Iterable[Book], currency: str) -> Decimal:
    """Return the equity in ``currency`` that neither positions nor open orders have tied up."""
    room = account.free(currency)
    for book in books:
        exchanged = book.settlement is _EXCHANGED
        net = account.cash.get(book.base, ZERO) if exchanged else account.net.get(book.symbol, ZERO)
        if not net or book.quote != currency or book.settlement is _ASSETS:
            continue
        mark = book.mark
        if exchanged:
            room += (net - abs(net) * book.margin_rate) * (mark or ZERO)
        elif book.settlement is _CASH:
            room -= max(-net, ZERO) * (mark or ZERO) * book.multiplier * (1 + book.margin_rate)
        elif mark is not None:
            room += net * (mark - account.average.get(book.symbol, mark)) * book.multiplier
            room -= abs(net) * mark * book.multiplier * book.margin_rate
    return room


def hold_for(account: Account, book: Book, live: BookOrder, covered: Decimal = ZERO) -> None:
    """Set aside what the rest of a working order may cost beyond ``covered``, in place of what was set aside for it before."""
    price = live.price if live.price is not None else live.stop_price
    free_of_hold = live.order.reduce_only and book.settlement in _ON_MARGIN
    wanted = ZERO if price is None or free_of_hold or live.remaining <= 0 else need(book, live.is_buy, price, live.remaining)
    if covered:
        wanted = max(wanted - covered, ZERO)
    if wanted != live.hold:
        account.hold(held_asset(book, live.is_buy), wanted - live.hold)
        live.hold = wanted


def release_hold(account: Account, book: Book, live: BookOrder) -> None:
    """Give back what was set aside for an order."""
    if live.hold:
        account.hold(held_asset(book, live.is_buy), -live.hold)
        live.hold = ZERO
