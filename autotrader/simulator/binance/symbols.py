"""The symbols that are listed, their filters, and exchangeInfo (binance.md sections 7 and 9; DOCS rest-api.md, filters.md).

The figures are those of the live venue in kind, if not always in amount; tick times step never has more than eight digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from autotrader.model import Instrument
from autotrader.simulator.binance.values import text8

__all__ = [
    "FEE_RATE", "FEE_STEP", "ORDER_TYPES", "PREVENTIONS", "SYMBOLS", "SymbolTerms", "filters_of", "instrument_of", "opening",
    "symbol_info",
]  # fmt: skip

FEE_RATE: Final = Decimal("0.001")
FEE_STEP: Final = Decimal("0.00000001")
_COINS: Final = Decimal(100)
_MONEY: Final = Decimal(1_000_000)
ORDER_TYPES: Final = (
    "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT",
)  # fmt: skip
PREVENTIONS: Final = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
"""What the exchange can do when an account would meet itself; DECREMENT and TRANSFER are not offered."""


class SymbolTerms(msgspec.Struct, frozen=True):
    """One symbol: its assets, steps and bounds. ``market_most`` is the most that a MARKET order may be."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    price_most: Decimal
    quantity_most: Decimal
    market_most: Decimal
    min_notional: Decimal
    start: Decimal
    max_orders: int = 200
    max_algo_orders: int = 5
    max_iceberg_orders: int = 5
    max_amends: int = 10
    iceberg_parts: int = 100
    max_notional: Decimal = Decimal(9_000_000)
    max_position: Decimal | None = None
    least_trailing: int = 10
    most_trailing: int = 2000
    percent_up: Decimal = Decimal(5)
    percent_down: Decimal = Decimal("0.2")


def _terms(symbol: str, base: str, quote: str, *figures: str) -> SymbolTerms:
    tick, step, price_most, quantity_most, market_most, least, start = (Decimal(figure) for figure in figures)
    return SymbolTerms(symbol, base, quote, tick, step, price_most, quantity_most, market_most, least, start)


SYMBOLS: Final[Mapping[str, SymbolTerms]] = {
    terms.symbol: terms
    for terms in (
        _terms("BTCUSDT", "BTC", "USDT", "0.01", "0.00001", "1000000", "9000", "140", "5", "64250"),
        _terms("ETHUSDT", "ETH", "USDT", "0.01", "0.0001", "1000000", "9000", "3000", "5", "3420"),
        _terms("BNBUSDT", "BNB", "USDT", "0.01", "0.001", "100000", "900000", "5000", "5", "610"),
        _terms("ETHBTC", "ETH", "BTC", "0.00001", "0.001", "922327", "100000", "1500", "0.0001", "0.05323"),
        _terms("BNBBTC", "BNB", "BTC", "0.000001", "0.01", "100000", "100000", "1500", "0.0001", "0.009494"),
    )
}


def instrument_of(terms: SymbolTerms, venue: str) -> Instrument:
    """Return the symbol as the exchange knows it. Notional bounds are judged here, by the venue's own filter."""
    return Instrument(
        venue, terms.symbol, terms.tick, terms.step, terms.quote, terms.base, min_quantity=terms.step,
        max_quantity=terms.quantity_most,
    )  # fmt: skip


def opening() -> dict[str, Decimal]:
    """Return what the account starts with: money of each currency, coins of each coin, BTC among the coins."""
    coins = {terms.base: _COINS for terms in SYMBOLS.values()}
    return {terms.quote: _MONEY for terms in SYMBOLS.values() if terms.quote not in coins} | coins


def filters_of(terms: SymbolTerms) -> list[dict[str, Any]]:
    """Return the filters, in the venue's order and spelling."""
    found: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER", "minPrice": text8(terms.tick), "maxPrice": text8(terms.price_most),
            "tickSize": text8(terms.tick),
        },
        {
            "filterType": "LOT_SIZE", "minQty": text8(terms.step), "maxQty": text8(terms.quantity_most),
            "stepSize": text8(terms.step),
        },
        {"filterType": "ICEBERG_PARTS", "limit": terms.iceberg_parts},
        {
            "filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": text8(terms.market_most),
            "stepSize": "0.00000000",
        },
        {
            "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": terms.least_trailing,
            "maxTrailingAboveDelta": terms.most_trailing, "minTrailingBelowDelta": terms.least_trailing,
            "maxTrailingBelowDelta": terms.most_trailing,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": f"{terms.percent_up:f}",
            "bidMultiplierDown": f"{terms.percent_down:f}", "askMultiplierUp": f"{terms.percent_up:f}",
            "askMultiplierDown": f"{terms.percent_down:f}", "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL", "minNotional": text8(terms.min_notional), "applyMinToMarket": True,
            "maxNotional": text8(terms.max_notional), "applyMaxToMarket": False, "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": terms.max_orders},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": terms.max_algo_orders},
        {"filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": terms.max_iceberg_orders},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": terms.max_amends},
    ]  # fmt: skip
    if terms.max_position is not None:
        found.append({"filterType": "MAX_POSITION", "maxPosition": text8(terms.max_position)})
    return found


def symbol_info(terms: SymbolTerms, *, status: str = "TRADING", permissions: bool = True) -> dict[str, Any]:
    """Return one of exchangeInfo's ``symbols``. Order lists other than OCO and pegs are not offered, and say so."""
    return {
        "symbol": terms.symbol, "status": status, "baseAsset": terms.base, "baseAssetPrecision": 8,
        "quoteAsset": terms.quote, "quotePrecision": 8, "quoteAssetPrecision": 8, "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8, "orderTypes": list(ORDER_TYPES), "icebergAllowed": True, "ocoAllowed": True,
        "otoAllowed": False, "opoAllowed": False, "quoteOrderQtyMarketAllowed": True, "allowTrailingStop": True,
        "cancelReplaceAllowed": True, "amendAllowed": True, "pegInstructionsAllowed": False, "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False, "filters": filters_of(terms), "permissions": [],
        "permissionSets": [["SPOT"]] if permissions else [], "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": list(PREVENTIONS),
    }  # fmt: skip
