"""The rules of some symbols, asked for over a connection of our own (binance.md sections 1 and 9)."""

from __future__ import annotations

from collections.abc import Sequence

from autotrader.errors import Rejected
from autotrader.execution.adapters.binance.codec import SymbolRules, decode_exchange_info, exchange_info_call
from autotrader.execution.adapters.binance.hands import Hands

__all__ = ["symbol_rules"]


def symbol_rules(hands: Hands, symbols: Sequence[str]) -> dict[str, SymbolRules]:
    """Return the rules of these symbols; one that the venue does not list, or that cannot be read, is left out.

    Not those of all, an answer that grows past what is taken. A symbol that is unknown spoils the call (-1121), so after that
    they are asked for one by one. Raises what ``Hands.read`` raises, and UnreadableFrame.
    """
    try:
        return decode_exchange_info(hands.read(exchange_info_call(tuple(symbols)))).symbols
    except Rejected:
        if len(symbols) <= 1:
            return {}
    found: dict[str, SymbolRules] = {}
    for symbol in symbols:
        found |= symbol_rules(hands, (symbol,))
    return found
