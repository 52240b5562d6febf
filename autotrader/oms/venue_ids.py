"""Orders by the venue's id. At some venues (Binance) it is unique per symbol only: one id may name an order in each."""

from __future__ import annotations

from collections import defaultdict

from autotrader.messages import OrderEvent, OrderFilled, TradeBusted

__all__ = ["Naming", "VenueIds", "foreign_id", "is_nameless", "naming_of"]

_FOREIGN = "foreign:"

Naming = tuple[str, str, str | None, str]
"""(client order id, venue, venue order id, symbol): how an event names its order; what it does not tell is "" or None."""


class VenueIds:
    """Client order ids by venue, venue order id and symbol. One thread; pure."""

    def __init__(self) -> None:
        self._known: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    def note(self, venue: str, symbol: str, venue_order_id: str, client_order_id: str) -> None:
        """Let the venue's id name an order; the newest order of the symbol is meant from now on."""
        self._known[venue, symbol][venue_order_id] = client_order_id

    def find(self, venue: str, venue_order_id: str, symbol: str = "") -> str | None:
        """Return the client order id; without a symbol only where the id names one order of the venue."""
        if symbol:
            return self._known[venue, symbol].get(venue_order_id)
        symbols = (known for (where, _), known in self._known.items() if where == venue)
        named = [known[venue_order_id] for known in symbols if venue_order_id in known]
        return named[0] if len(named) == 1 else None

    def forget(self, venue: str, symbol: str, venue_order_id: str) -> None:
        """Let the id name nothing in this symbol."""
        self._known[venue, symbol].pop(venue_order_id, None)


def naming_of(event: OrderEvent) -> Naming:
    """Return how an event names its order; only trades tell a symbol."""
    client_order_id, venue_order_id, symbol = event.client_order_id, event.venue_order_id, ""
    if isinstance(event, OrderFilled):
        fill = event.fill
        client_order_id, venue_order_id = client_order_id or fill.client_order_id, venue_order_id or fill.venue_order_id
        symbol = fill.symbol
    elif isinstance(event, TradeBusted):
        symbol = event.symbol
    return client_order_id, event.venue, venue_order_id, symbol


def foreign_id(venue: str, symbol: str, name: str | None) -> str:
    """Return the id that an order without a client order id is known by here; ``name`` is the venue's id, or a trade's."""
    return f"{_FOREIGN}{venue}:{symbol}:{name}"


def is_nameless(client_order_id: str) -> bool:
    """Say whether an order had no client order id of its own when it was met."""
    return client_order_id.startswith(_FOREIGN)
