"""What of a venue's list of instruments is news for the books: the terms that positions are folded by."""

from __future__ import annotations

from autotrader.messages import InstrumentsListed
from autotrader.model import Instrument
from autotrader.oms.book import Books

__all__ = ["news_of"]


def news_of(books: Books, listed: InstrumentsListed) -> tuple[Instrument, ...]:
    """Return the instruments whose currency, base asset, multiplier or kind the books do not know as told."""
    return tuple(one for one in listed.instruments if _terms(one) != _terms(books.instrument(listed.venue, one.symbol)))


def _terms(one: Instrument | None) -> tuple[object, ...]:
    return () if one is None else (one.quote, one.base, one.multiplier, one.kind)
