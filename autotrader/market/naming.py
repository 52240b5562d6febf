"""What a tape's name says of its instrument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

from autotrader.market.errors import TapeError
from autotrader.model import Instrument, InstrumentKind

__all__ = ["default_lot", "default_size", "guess_instrument", "name_words", "symbol_of_name"]

_FIAT = frozenset({
    "USD", "EUR", "JPY", "GBP", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "CNH", "CNY", "HKD", "SGD", "ZAR", "MXN",
    "TRY", "PLN", "HUF", "CZK", "ILS", "THB", "INR", "KRW", "BRL", "RUB", "XAU", "XAG",
})
_COIN_QUOTES = (
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "GBP", "TRY", "BRL", "JPY", "DAI", "BTC", "ETH", "BNB",
)
_COINS = frozenset({
    "BTC", "XBT", "ETH", "SOL", "BNB", "XRP", "ADA", "DOGE", "DOT", "LTC", "BCH", "LINK", "AVAX", "MATIC", "UNI", "ATOM", "TRX",
    "XLM", "ETC", "FIL", "NEAR", "APT", "ARB", "OP", "SHIB", "PEPE", "SUI",
})
_DERIVATIVE_WORDS = frozenset(("PERP", "PERPETUAL", "SWAP", "USDM", "UM", "CM"))
_CLIP = Decimal(1_000_000)


def name_words(path: Path) -> list[str]:
    """Return the words of a file's name, in capitals, its endings left out."""
    stem = re.sub(r"(\.(csv|txt|tsv|zip|gz))+$", "", path.name.lower())
    return [word for word in re.split(r"[^A-Z0-9]+", stem.upper()) if word]


def symbol_of_name(path: Path) -> str:
    """Return the first word of the file's name in capitals; raises TapeError where it holds no letter."""
    words = name_words(path)
    if not words or not re.search(r"[A-Z]", words[0]):
        raise TapeError(path, "its name does not begin with a symbol, as btcusdt-trades.csv does; set market.symbol")
    return words[0]


def guess_instrument(
    venue: str, symbol: str, words: Sequence[str], *, tick: Decimal, currency: str | None, kind: InstrumentKind | None = None
) -> Instrument:
    """Guess kind, base and quote currency from the symbol's spelling; ``currency`` and ``kind`` overrule.

    Two ISO currencies are FX; PERP or SWAP in the symbol or the other words of the name is a perpetual; a coin, or what
    ends in a currency that coins are quoted in, is spot; all else is a stock in USD. FX and derivatives may be sold short.
    """
    name = re.sub(r"[^A-Z0-9]", "", symbol.upper())
    guessed, base, quote = _guess(name, _DERIVATIVE_WORDS.intersection(re.split(r"[^A-Z0-9]+", symbol.upper()) + list(words)))
    kind = kind or guessed
    short = kind not in (InstrumentKind.SPOT, InstrumentKind.STOCK)
    return Instrument(venue=venue, symbol=symbol, tick=tick, lot=Decimal(1), quote=currency or quote, kind=kind,
                      base=base if kind is InstrumentKind.SPOT else "", allows_short=short)


def _guess(name: str, derivative: frozenset[str]) -> tuple[InstrumentKind, str, str]:
    for word in ("PERPETUAL", "PERP", "SWAP"):
        if name.endswith(word) and name != word:
            name, derivative = name.removesuffix(word), derivative | {word}
    if len(name) == 6 and name[:3] in _FIAT and name[3:] in _FIAT and not derivative:
        return InstrumentKind.FX, name[:3], name[3:]
    spot = InstrumentKind.PERPETUAL if derivative else InstrumentKind.SPOT
    if name in _COINS:
        return spot, name, "USD"
    for quote in _COIN_QUOTES:
        if name.endswith(quote) and len(name) > len(quote) + 1:
            return spot, name.removesuffix(quote), quote
    return (InstrumentKind.PERPETUAL if derivative else InstrumentKind.STOCK), name, "USD"


def default_lot(kind: InstrumentKind, price: Decimal) -> Decimal:
    """Return 1 for FX and stocks, else the power of ten worth at most one unit of the quote currency, from 1E-8 to 1."""
    if kind in (InstrumentKind.FX, InstrumentKind.STOCK):
        return Decimal(1)
    return min(max(_power_of_ten(1 / price), Decimal("0.00000001")), Decimal(1))


def default_size(kind: InstrumentKind, price: Decimal, lot: Decimal) -> Decimal:
    """Return what is shown on each side where the tape names no size.

    FX: 1,000,000 of the base currency. Else the power of ten worth at most 1,000,000 of the quote currency, at least one lot.
    """
    return _CLIP if kind is InstrumentKind.FX else max(_power_of_ten(_CLIP / price), lot)


def _power_of_ten(number: Decimal) -> Decimal:
    exponent = int(number.log10().to_integral_value(rounding=ROUND_FLOOR))
    return Decimal(format(Decimal(1).scaleb(exponent), "f"))
