"""When a stop is reached, and how a trailing stop follows the market. Pure; the exchange acts on it."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from autotrader.model import OrderType
from autotrader.simulator.books import Book
from autotrader.simulator.events import BookOrder, Triggered
from autotrader.simulator.special import special_of

__all__ = ["due_stops", "first_stop", "is_reached", "trigger"]


def _against(live: BookOrder, book: Book) -> Decimal | None:
    """Return the price the order would trade against."""
    return book.ask if live.is_buy else book.bid


def first_stop(live: BookOrder, book: Book) -> Decimal | None:
    """Return where a trailing stop begins; None until there is a quote, or while it does not follow yet."""
    price, trail = _against(live, book), live.order.trail
    if price is not None and special_of(live.order).trail_bps is not None:
        return _first_by_share(live, price, book)
    if price is None or trail is None:
        return None
    return price + trail if live.is_buy else max(price - trail, book.tick)


def _first_by_share(live: BookOrder, price: Decimal, book: Book) -> Decimal | None:
    """Return where a stop that trails by a share of the price begins, in whole ticks away from the market."""
    special = special_of(live.order)
    assert special.trail_bps is not None
    start = special.trails_from
    if live.stop_price is None and start is not None and not _passed(price, start, live.is_buy != special.touch):
        return None
    share = Decimal(special.trail_bps) / 10_000
    if live.is_buy:
        return (price * (1 + share) / book.tick).to_integral_value(ROUND_CEILING) * book.tick
    return max((price * (1 - share) / book.tick).to_integral_value(ROUND_FLOOR) * book.tick, book.tick)


def _passed(price: Decimal, mark: Decimal, upwards: bool) -> bool:
    return price >= mark if upwards else price <= mark


def _trail(live: BookOrder, book: Book) -> bool:
    """Move a trailing stop behind the market, never back; return whether it moved."""
    if live.order.type is not OrderType.TRAILING_STOP and special_of(live.order).trail_bps is None:
        return False
    stop, old = first_stop(live, book), live.stop_price
    if stop is None or (old is not None and (stop >= old if live.is_buy else stop <= old)):
        return False
    live.stop_price = stop
    return True


def is_reached(live: BookOrder, book: Book, traded: Decimal | None = None) -> bool:
    """Say whether the quote, or a trade at ``traded``, has come to the stop price."""
    stop, special = live.stop_price, special_of(live.order)
    if stop is None:
        return False
    upwards = live.is_buy != (special.touch and special.trail_bps is None)
    return any(price is not None and _passed(price, stop, upwards) for price in (_against(live, book), traded))


def due_stops(book: Book, traded: Decimal | None = None) -> tuple[list[BookOrder], list[BookOrder]]:
    """Let trailing stops follow; return those that moved and those that are reached, oldest first."""
    moved = [live for live in book.stops if _trail(live, book)]
    return moved, [live for live in book.stops if is_reached(live, book, traded)]


def trigger(live: BookOrder, now_ns: int) -> Triggered:
    """Make a working order of a stop; a triggered trailing stop is a MARKET order."""
    live.held = False
    live.updated_ns = now_ns
    return Triggered(live, now_ns)
