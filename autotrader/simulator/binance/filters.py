"""The filters that a new order or an amendment must pass (binance.md section 9; DOCS filters.md). Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Final

import msgspec

from autotrader.model import ZERO
from autotrader.simulator.binance.errors import ApiError, filter_failure
from autotrader.simulator.binance.orders import Wanted
from autotrader.simulator.binance.symbols import SymbolTerms

__all__ = ["MarketFacts", "OpenCounts", "check_filters", "check_lot", "check_quantity"]

_WORST: Final = Decimal("Infinity")


class MarketFacts(msgspec.Struct, frozen=True, gc=False):
    """What the market says: the average price of the last minutes, and the last one; None before there is any."""

    average: Decimal | None
    last: Decimal | None


class OpenCounts(msgspec.Struct, frozen=True, gc=False):
    """What the account has open on the symbol. ``position``: base coins owned, and those of open BUY orders."""

    orders: int = 0
    algo: int = 0
    iceberg: int = 0
    position: Decimal = ZERO


def check_filters(wanted: Wanted, market: MarketFacts, counts: OpenCounts) -> None:
    """Raise ApiError for the first breach, in the order of the venue's list."""
    terms = wanted.terms
    _check_prices(wanted, market)
    if wanted.quantity is not None:
        check_quantity(wanted.quantity)
        check_lot(terms, wanted.quantity)
        if wanted.kind == "MARKET" and wanted.quantity > terms.market_most:
            raise filter_failure("MARKET_LOT_SIZE")
    if wanted.iceberg is not None:
        _check_iceberg(terms, wanted.iceberg, wanted.quantity or ZERO, counts)
    if wanted.trailing_delta is not None and not terms.least_trailing <= wanted.trailing_delta <= terms.most_trailing:
        raise filter_failure("TRAILING_DELTA")
    _check_notional(wanted, market)
    if counts.orders >= terms.max_orders:
        raise filter_failure("MAX_NUM_ORDERS")
    if wanted.is_stop and counts.algo >= terms.max_algo_orders:
        raise filter_failure("MAX_NUM_ALGO_ORDERS")
    most = terms.max_position
    if most is not None and wanted.is_buy and counts.position + (wanted.quantity or ZERO) > most:
        raise filter_failure("MAX_POSITION")


def check_quantity(quantity: Decimal) -> None:
    """Raise ApiError for a quantity of nothing."""
    if quantity <= 0:
        raise ApiError(-1013, "Invalid quantity.")


def check_lot(terms: SymbolTerms, quantity: Decimal) -> None:
    """Raise ApiError -1013 unless the quantity is within LOT_SIZE."""
    if not terms.step <= quantity <= terms.quantity_most or not _fits(quantity, terms.step):
        raise filter_failure("LOT_SIZE")


def _check_prices(wanted: Wanted, market: MarketFacts) -> None:
    terms = wanted.terms
    for price in (wanted.price, wanted.stop_price):
        if price is None:
            continue
        if price <= 0:
            raise ApiError(-1013, "Invalid price.")
        if not terms.tick <= price <= terms.price_most or not _fits(price, terms.tick):
            raise filter_failure("PRICE_FILTER")
    reference = market.average
    if reference is None or wanted.price is None:
        return
    if not reference * terms.percent_down <= wanted.price <= reference * terms.percent_up:
        raise filter_failure("PERCENT_PRICE_BY_SIDE")


def _check_iceberg(terms: SymbolTerms, iceberg: Decimal, quantity: Decimal, counts: OpenCounts) -> None:
    if iceberg > quantity:
        raise ApiError(-2010, "IcebergQty exceeds QTY.")
    check_lot(terms, iceberg)
    if (quantity / iceberg).to_integral_value(ROUND_CEILING) > terms.iceberg_parts:
        raise filter_failure("ICEBERG_PARTS")
    if iceberg < quantity and counts.iceberg >= terms.max_iceberg_orders:
        raise filter_failure("MAX_NUM_ICEBERG_ORDERS")


def _check_notional(wanted: Wanted, market: MarketFacts) -> None:
    """Judge what the order is worth: a MARKET order, and a stop without a price, at the average or the stop price."""
    terms, price = wanted.terms, wanted.price
    if wanted.quote_quantity is not None:
        worth, most = wanted.quote_quantity, _WORST
    else:
        if price is None:
            price, most = wanted.stop_price or market.average or market.last, _WORST
        else:
            most = terms.max_notional
        if price is None:
            return
        worth = price * (wanted.quantity or ZERO)
    if not terms.min_notional <= worth <= most:
        raise filter_failure("NOTIONAL")


def _fits(value: Decimal, step: Decimal) -> bool:
    try:
        return not value % step
    except InvalidOperation:
        return False
