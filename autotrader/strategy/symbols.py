"""Which key a symbol of a venue has in a snapshot, and which venue a decision means.

The key is ``SYMBOL`` when exactly one venue has it, else ``venue:SYMBOL``, which always works as a lookup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from autotrader.errors import Refused

__all__ = ["Symbols"]


class Symbols:
    """The symbols that the venues list. ``version`` grows whenever a key may have changed its meaning."""

    __slots__ = ("_keys", "_routes", "_venues", "version")

    def __init__(self) -> None:
        self._venues: dict[str, tuple[str, ...]] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._routes: dict[tuple[str, str | None], tuple[str, str]] = {}
        self.version = 0

    @property
    def count(self) -> int:
        """Return how many symbols all venues list together."""
        return sum(map(len, self._venues.values()))

    def add(self, venue: str, symbol: str) -> None:
        """Note that the venue has the symbol."""
        venues = self._venues.get(symbol, ())
        if venue in venues:
            return
        self._venues[symbol] = (*venues, venue)
        self._routes.clear()
        if venues:
            self._keys.clear()
            self.version += 1

    def key(self, venue: str, symbol: str) -> str:
        """Return the key of the venue's symbol; a symbol not heard of is noted."""
        key = self._keys.get((venue, symbol))
        if key is None:
            self.add(venue, symbol)
            key = symbol if len(self._venues[symbol]) == 1 else f"{venue}:{symbol}"
            self._keys[venue, symbol] = key
        return key

    def find(self, key: str) -> str | None:
        """Return the key that ``SYMBOL`` or ``venue:SYMBOL`` is kept under, None when it means nothing or two things."""
        venue, symbol = self._split(key)
        venues = self._venues.get(symbol, ())
        if venue is None:
            return key if len(venues) == 1 else None
        return self.key(venue, symbol) if venue in venues else None

    def route(self, key: str, venue: str | None = None) -> tuple[str, str]:
        """Return (venue, symbol) of a decision; raises Refused with AMBIGUOUS_VENUE or UNKNOWN_SYMBOL."""
        known = self._routes.get((key, venue))
        if known is None:
            known = self._routes[key, venue] = self._find_route(key, venue)
        return known

    def _find_route(self, key: str, venue: str | None) -> tuple[str, str]:
        named, symbol = self._split(key)
        if venue is not None and named not in (None, venue):
            raise Refused(f"{key} names venue {named}, the decision names {venue}; name one", code="AMBIGUOUS_VENUE")
        venues, venue = self._venues.get(symbol, ()), venue or named
        if venue is None and len(venues) > 1:
            both = " or ".join(f"{one}:{symbol}" for one in venues)
            raise Refused(f"{symbol} is on {len(venues)} venues; name one: {both}, or venue=", code="AMBIGUOUS_VENUE")
        if not venues or (venue is not None and venue not in venues):
            nobody = f"{venue} lists no {symbol}" if venue else f"no venue lists {symbol}"
            raise Refused(nobody + self._hint(symbol), code="UNKNOWN_SYMBOL")
        return venue or venues[0], symbol

    def venues_of(self, key: str) -> tuple[str, ...]:
        """Return the venues that have the symbol."""
        return self._venues.get(self._split(key)[1], ())

    def __iter__(self) -> Iterator[str]:
        """Iterate over the symbols as the venues spell them."""
        return iter(self._venues)

    def _split(self, key: str) -> tuple[str | None, str]:
        if key in self._venues:
            return None, key
        venue, colon, symbol = key.partition(":")
        return (venue, symbol) if colon else (None, key)

    def _hint(self, symbol: str) -> str:
        near = _near(symbol, self._venues)
        return f"; did you mean {near}?" if near else ""


def _near(symbol: str, known: Iterable[str]) -> str:
    plain = _letters(symbol)
    return next((one for one in known if _letters(one) == plain), "")


def _letters(symbol: str) -> str:
    return "".join(filter(str.isalnum, symbol)).upper()
