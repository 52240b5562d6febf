"""Symbols and their rules from exchangeInfo (binance.md section 9; DOCS rest-api.md, filters.md).

What a symbol may do decides money, so numbers are strict; unknown filters are kept by name and unknown keys are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec

from autotrader.execution.adapters.binance.codec.frames import BROKEN, UnreadableFrame, bytes_of, read
from autotrader.execution.adapters.binance.codec.numbers import Count, Moment, none_if_zero, ns_of
from autotrader.model import ZERO, Instrument

__all__ = [
    "ExchangeInfo", "ExchangeRules", "NotionalRule", "PercentRule", "RateRule", "StepRule", "SymbolRules", "TrailingRule",
    "budget_name", "decode_exchange_info", "decode_max_assets", "instrument_of",
]

TRADING: Final = "TRADING"
_Digits = Annotated[int, msgspec.Meta(ge=0, le=20)]
"""Decimals of an asset, as many as a number on the wire may have."""


class StepRule(msgspec.Struct, frozen=True):
    """Bounds and step of a price or a quantity; None switches that part off."""

    low: Decimal | None = None
    high: Decimal | None = None
    step: Decimal | None = None


class NotionalRule(msgspec.Struct, frozen=True):
    """Bounds of price times quantity, and whether they hold for MARKET orders; ``minutes`` 0 means the last price there."""

    name: str
    low: Decimal | None
    high: Decimal | None
    low_on_market: bool
    high_on_market: bool
    minutes: int


class PercentRule(msgspec.Struct, frozen=True):
    """How far a price may lie from the reference, as multipliers per side."""

    name: str
    buy_low: Decimal
    buy_high: Decimal
    sell_low: Decimal
    sell_high: Decimal
    minutes: int


class TrailingRule(msgspec.Struct, frozen=True):
    """Bounds of trailingDelta in basis points: above for triggers above the market, below for those below."""

    min_above: int
    max_above: int
    min_below: int
    max_below: int


class RateRule(msgspec.Struct, frozen=True):
    """One of ``rateLimits``: ``limit`` per ``interval_s``, under the budget name that usage is reported by."""

    name: str
    limit: int
    interval_s: int


class SymbolRules(msgspec.Struct, frozen=True):
    """All that the venue says of one symbol. Counts and bounds that it does not name are None."""

    symbol: str
    status: str
    base: str
    quote: str
    base_precision: int = 8
    quote_precision: int = 8
    order_types: frozenset[str] = frozenset()
    self_trade_preventions: frozenset[str] = frozenset()
    iceberg_allowed: bool = False
    trailing_allowed: bool = False
    cancel_replace_allowed: bool = False
    amend_allowed: bool = False
    spot_allowed: bool = True
    price: StepRule = StepRule()
    lot: StepRule = StepRule()
    market_lot: StepRule = StepRule()
    notionals: tuple[NotionalRule, ...] = ()
    percents: tuple[PercentRule, ...] = ()
    trailing: TrailingRule | None = None
    iceberg_parts: int | None = None
    max_orders: int | None = None
    max_algo_orders: int | None = None
    max_iceberg_orders: int | None = None
    max_order_lists: int | None = None
    max_amends: int | None = None
    max_position: Decimal | None = None
    unknown_filters: tuple[str, ...] = ()

    @property
    def is_trading(self) -> bool:
        """Say whether new orders are taken."""
        return self.status == TRADING and self.spot_allowed


class ExchangeRules(msgspec.Struct, frozen=True):
    """The filters that count orders over all symbols."""

    max_orders: int | None = None
    max_algo_orders: int | None = None
    max_iceberg_orders: int | None = None
    max_order_lists: int | None = None


class ExchangeInfo(msgspec.Struct, frozen=True):
    """The answer to exchangeInfo. Symbols that could not be read are named with the reason: they are not tradable for us."""

    server_ns: int
    rate_limits: tuple[RateRule, ...]
    exchange: ExchangeRules
    symbols: dict[str, SymbolRules]
    unreadable: dict[str, str]


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    min_price: str | None = None
    max_price: str | None = None
    tick_size: str | None = None
    min_qty: str | None = None
    max_qty: str | None = None
    step_size: str | None = None
    min_notional: str | None = None
    max_notional: str | None = None
    apply_to_market: bool = False
    apply_min_to_market: bool = False
    apply_max_to_market: bool = False
    avg_price_mins: Count = 0
    multiplier_up: str | None = None
    multiplier_down: str | None = None
    bid_multiplier_up: str | None = None
    bid_multiplier_down: str | None = None
    ask_multiplier_up: str | None = None
    ask_multiplier_down: str | None = None
    min_trailing_above_delta: Count = 0
    max_trailing_above_delta: Count = 0
    min_trailing_below_delta: Count = 0
    max_trailing_below_delta: Count = 0
    limit: Count | str | None = None
    asset: str = ""
    max_num_orders: Count | None = None
    max_num_algo_orders: Count | None = None
    max_num_iceberg_orders: Count | None = None
    max_num_order_lists: Count | None = None
    max_num_order_amends: Count | None = None
    max_position: str | None = None


class _Limit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    limit: Count
    interval_num: Count = 1


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    base_asset_precision: _Digits = 8
    quote_asset_precision: _Digits = 8
    order_types: list[str] = []
    iceberg_allowed: bool = False
    allow_trailing_stop: bool = False
    cancel_replace_allowed: bool = False
    amend_allowed: bool = False
    is_spot_trading_allowed: bool = True
    allowed_self_trade_prevention_modes: list[str] = []
    filters: list[msgspec.Raw] = []


class _Info(msgspec.Struct, rename="camel"):
    symbols: list[msgspec.Raw]
    server_time: Moment = 0
    rate_limits: list[_Limit] = []
    exchange_filters: list[msgspec.Raw] = []


class _AssetFilters(msgspec.Struct, rename="camel"):
    asset_filters: list[_Filter] = []


class _FilterName(msgspec.Struct, rename="camel"):
    filter_type: str


_INFO = msgspec.json.Decoder(_Info)
_SYMBOL = msgspec.json.Decoder(_Symbol)
_FILTER = msgspec.json.Decoder(_Filter)
_NAME = msgspec.json.Decoder(_FilterName)
_ASSETS = msgspec.json.Decoder(_AssetFilters)
_SYMBOL_NAME = msgspec.json.Decoder(dict[str, Any])

_INTERVALS: Final = {"SECOND": (1, "S"), "MINUTE": (60, "M"), "HOUR": (3600, "H"), "DAY": (86400, "D")}
_COUNTS: Final = {
    "MAX_NUM_ORDERS": ("max_orders", "max_num_orders"),
    "MAX_NUM_ALGO_ORDERS": ("max_algo_orders", "max_num_algo_orders"),
    "MAX_NUM_ICEBERG_ORDERS": ("max_iceberg_orders", "max_num_iceberg_orders"),
    "MAX_NUM_ORDER_LISTS": ("max_order_lists", "max_num_order_lists"),
    "MAX_NUM_ORDER_AMENDS": ("max_amends", "max_num_order_amends"),
}


def budget_name(kind: str, interval: str, count: int) -> str:
    """Return the name of a rate budget, such as REQUEST_WEIGHT_1M or ORDERS_10S."""
    return f"{kind}_{count}{_INTERVALS.get(interval, (0, interval))[1]}"


def decode_exchange_info(raw: bytes | str) -> ExchangeInfo:
    """Read exchangeInfo; raises UnreadableFrame. One unreadable symbol does not cost the others."""
    info = read(raw, _INFO, "exchangeInfo")
    symbols, unreadable = {}, {}
    for part in info.symbols:
        try:
            rules = _symbol_rules(_SYMBOL.decode(part))
        except BROKEN as error:
            unreadable[_name_of(part)] = str(error)[:300]
        else:
            symbols[rules.symbol] = rules
    try:
        exchange, server_ns = _exchange_rules(info.exchange_filters), ns_of(info.server_time)
    except BROKEN as error:
        raise UnreadableFrame("exchangeInfo", f"exchangeFilters or serverTime: {error}"[:300], bytes_of(raw)) from error
    limits = tuple(_rate_rule(limit) for limit in info.rate_limits if limit.interval in _INTERVALS)
    return ExchangeInfo(server_ns, limits, exchange, symbols, unreadable)


def decode_max_assets(raw: bytes | str) -> dict[str, Decimal]:
    """Read the MAX_ASSET filters of myFilters: the most of an asset that one order may move.

    Source: DOCS rest-api.md "Query relevant filters": ``{exchangeFilters, symbolFilters, assetFilters}``, where only the last
    has ``{filterType: MAX_ASSET, asset, limit}``, the limit as text. The other two repeat what exchangeInfo says.
    """
    answer = read(raw, _ASSETS, "myFilters")
    try:
        rows = [(row.asset, none_if_zero(str(row.limit))) for row in answer.asset_filters if row.filter_type == "MAX_ASSET"]
    except BROKEN as error:
        raise UnreadableFrame("myFilters", str(error), bytes_of(raw)) from error
    return {asset: limit for asset, limit in rows if limit is not None}


def _name_of(part: msgspec.Raw) -> str:
    try:
        return str(_SYMBOL_NAME.decode(part).get("symbol", "?"))[:40]
    except BROKEN:
        return "?"


def _rate_rule(limit: _Limit) -> RateRule:
    seconds = _INTERVALS[limit.interval][0]
    return RateRule(
        budget_name(limit.rate_limit_type, limit.interval, limit.interval_num), limit.limit, seconds * limit.interval_num
    )


def _exchange_rules(filters: Iterable[msgspec.Raw]) -> ExchangeRules:
    found: dict[str, Any] = {}
    for part in filters:
        name = _NAME.decode(part).filter_type.removeprefix("EXCHANGE_")
        if name in _COUNTS and name != "MAX_NUM_ORDER_AMENDS":
            field, source = _COUNTS[name]
            found[field] = _count(_FILTER.decode(part), source)
    return ExchangeRules(**found)


def _count(row: _Filter, source: str) -> int | None:
    """Return a filter's count; until 2019 it was called ``limit``."""
    told = getattr(row, source)
    count = row.limit if told is None else told
    return count if isinstance(count, int) else None


def _symbol_rules(symbol: _Symbol) -> SymbolRules:
    return SymbolRules(
        symbol=symbol.symbol, status=symbol.status, base=symbol.base_asset, quote=symbol.quote_asset,
        base_precision=symbol.base_asset_precision, quote_precision=symbol.quote_asset_precision,
        order_types=frozenset(symbol.order_types),
        self_trade_preventions=frozenset(symbol.allowed_self_trade_prevention_modes), iceberg_allowed=symbol.iceberg_allowed,
        trailing_allowed=symbol.allow_trailing_stop, cancel_replace_allowed=symbol.cancel_replace_allowed,
        amend_allowed=symbol.amend_allowed, spot_allowed=symbol.is_spot_trading_allowed, **_filters(symbol.filters),
    )


def _filters(parts: Iterable[msgspec.Raw]) -> dict[str, Any]:
    found: dict[str, Any] = {"notionals": (), "percents": (), "unknown_filters": ()}
    for part in parts:
        name = _NAME.decode(part).filter_type
        reader = _READERS.get(name)
        if reader is not None:
            reader(found, _FILTER.decode(part))
        elif name in _COUNTS:
            field, source = _COUNTS[name]
            found[field] = _count(_FILTER.decode(part), source)
        else:
            found["unknown_filters"] += (name,)
    return found


def _price(found: dict[str, Any], row: _Filter) -> None:
    found["price"] = StepRule(none_if_zero(row.min_price), none_if_zero(row.max_price), none_if_zero(row.tick_size))


def _lot(found: dict[str, Any], row: _Filter) -> None:
    field = "lot" if row.filter_type == "LOT_SIZE" else "market_lot"
    found[field] = StepRule(none_if_zero(row.min_qty), none_if_zero(row.max_qty), none_if_zero(row.step_size))


def _notional(found: dict[str, Any], row: _Filter) -> None:
    older = row.filter_type == "MIN_NOTIONAL"
    rule = NotionalRule(
        row.filter_type, none_if_zero(row.min_notional), none_if_zero(row.max_notional),
        row.apply_to_market if older else row.apply_min_to_market, row.apply_max_to_market, row.avg_price_mins,
    )
    found["notionals"] += (rule,)


def _percent(found: dict[str, Any], row: _Filter) -> None:
    up, down = _multiplier(row.multiplier_up), _multiplier(row.multiplier_down)
    found["percents"] += (PercentRule(row.filter_type, down, up, down, up, row.avg_price_mins),)


def _percent_by_side(found: dict[str, Any], row: _Filter) -> None:
    rule = PercentRule(
        row.filter_type, _multiplier(row.bid_multiplier_down), _multiplier(row.bid_multiplier_up),
        _multiplier(row.ask_multiplier_down), _multiplier(row.ask_multiplier_up), row.avg_price_mins,
    )
    found["percents"] += (rule,)


def _multiplier(text: str | None) -> Decimal:
    if text is None:
        raise ValueError("a multiplier is missing")
    return none_if_zero(text) or ZERO


def _trailing(found: dict[str, Any], row: _Filter) -> None:
    found["trailing"] = TrailingRule(
        row.min_trailing_above_delta, row.max_trailing_above_delta, row.min_trailing_below_delta, row.max_trailing_below_delta
    )


def _iceberg_parts(found: dict[str, Any], row: _Filter) -> None:
    if not isinstance(row.limit, int):
        raise ValueError("ICEBERG_PARTS without a limit")
    found["iceberg_parts"] = row.limit


def _max_position(found: dict[str, Any], row: _Filter) -> None:
    found["max_position"] = none_if_zero(row.max_position)


_READERS: Final = {
    "PRICE_FILTER": _price, "LOT_SIZE": _lot, "MARKET_LOT_SIZE": _lot, "NOTIONAL": _notional, "MIN_NOTIONAL": _notional,
    "PERCENT_PRICE": _percent, "PERCENT_PRICE_BY_SIDE": _percent_by_side, "TRAILING_DELTA": _trailing,
    "ICEBERG_PARTS": _iceberg_parts, "MAX_POSITION": _max_position,
}


def instrument_of(rules: SymbolRules, venue: str) -> Instrument:
    """Return the symbol as the engine knows it: tick and lot fall back on the assets' precision where a filter is switched off.

    The step is LOT_SIZE's, and so are the bounds; MARKET_LOT_SIZE and the rest are judged by ``check_filters``.
    """
    return Instrument(
        venue, rules.symbol, rules.price.step or Decimal(1).scaleb(-rules.quote_precision),
        rules.lot.step or Decimal(1).scaleb(-rules.base_precision), rules.quote, rules.base,
        min_quantity=rules.lot.low, max_quantity=rules.lot.high,
        min_notional=max((rule.low for rule in rules.notionals if rule.low is not None), default=None),
        tradable=rules.is_trading,
    )
