"""Controls 6, 7 and 8: limit prices, market orders, and the quote that both rest on."""

from __future__ import annotations

from decimal import Decimal

from autotrader.model import Instrument, InstrumentKind, Order, OrderType, Quote, Side
from autotrader.risk.controls.wording import deny, judge, missing
from autotrader.risk.settings import NANOSECONDS, MarketCapSettings, PriceCollarSettings, QuoteSettings
from autotrader.risk.validity import shown
from autotrader.risk.verdicts import Finding
from autotrader.risk.view import View

__all__ = ["cap_price", "market_cap", "price_collar", "quote"]

_BUY = Side.BUY
_MARKET = OrderType.MARKET
_FX = InstrumentKind.FX
_CRYPTO = (InstrumentKind.SPOT, InstrumentKind.PERPETUAL)
_ONE = Decimal(1)


def price_collar(order: Order, view: View, settings: PriceCollarSettings) -> Finding:
    """6. Deny a limit price too far from the mid, a stop already passed by as much, a trail wider than the price."""
    price, stop = order.price, order.stop_price
    if price is None and stop is None and order.trail is None:
        return None
    listed, at = view.instrument, view.quote
    if listed is None or at is None or at.is_crossed:
        return missing("price_collar", order, f"the mid of {order.symbol}", "wait for its quote")
    mid = at.mid
    share, key = _collar(listed.kind, settings)
    if stop is not None:
        through = mid - stop if order.side is _BUY else stop - mid
        if through > share * mid:
            return deny("price_collar", "PRICE_COLLAR", order,
                        f"stop price {shown(stop)} is already passed by the mid {shown(mid)} by more than {shown(share)} of it "
                        f"({key})", "check side and decimal point")
    if order.trail is not None and order.trail >= mid:
        return deny("price_collar", "PRICE_COLLAR", order, f"trail {shown(order.trail)} is as wide as the mid {shown(mid)}",
                    "check the decimal point")
    if price is None:
        return None
    anchor, of_what = (mid, "the mid") if stop is None else (stop, "the stop price")
    return judge("price_collar", order, abs(price - anchor), share * anchor, key,
                 ("the distance of the limit price from", of_what), "move the price closer")


def market_cap(order: Order, view: View, settings: MarketCapSettings) -> Finding:
    """7. Deny a market order that has no quote to be capped by, or takes too much of the visible depth."""
    if order.type is not _MARKET:
        return None
    if view.quote is None or view.instrument is None:
        return missing("market_cap", order, f"the best price of {order.symbol}", "wait for its quote")
    if view.depth is None:
        return None
    return judge("market_cap", order, order.quantity, settings.depth_share * view.depth, "risk.market_cap.depth_share",
                 ("against what ten levels show, the quantity",), "order less, or work it with limit orders")


def cap_price(side: Side, at: Quote, listed: Instrument, settings: MarketCapSettings) -> Decimal:
    """Return the worst price that a market order may trade at, on the tick, never further than the setting."""
    slippage = settings.max_slippage_fx if listed.kind is _FX else settings.max_slippage
    tick = listed.tick
    if side is _BUY:
        worst = at.ask * (_ONE + slippage)
        return worst - worst % tick
    worst = at.bid * (_ONE - slippage)
    over = worst % tick
    return worst - over + tick if over or not worst else worst


def quote(order: Order, view: View, settings: QuoteSettings) -> Finding:
    """8. Deny on a quote that is absent, old, from the future, crossed, or too wide."""
    at, listed = view.quote, view.instrument
    if at is None or listed is None:
        return deny("quote", "QUOTE_MISSING", order, f"there is no quote of {order.symbol}", "wait for the market feed")
    age_ns = abs(view.now_ns - at.ts_ns)
    limit_ns = settings.max_age_ns
    if limit_ns is None:
        limit_ns = _oldest_ns(listed.kind, settings, tape=view.tape)
    if age_ns > limit_ns:
        return deny("quote", "QUOTE_STALE", order, f"the quote is {age_ns / NANOSECONDS:.3f} s off, over "
                    f"{limit_ns / NANOSECONDS:.3f} s (risk.quote.max_age_s)", "wait for a fresh one, or look at the feed")
    spread = view.spread
    if spread is None:
        return deny("quote", "QUOTE_CROSSED", order, f"the quote is crossed: bid {shown(at.bid)}, ask {shown(at.ask)}",
                    "wait for a sane one")
    if spread > settings.max_spread:
        return deny("quote", "QUOTE_WIDE", order, f"the spread is {spread:.4f} of the mid, over {shown(settings.max_spread)} "
                    "(risk.quote.max_spread)", "wait for a narrower one")
    return None


def _collar(kind: InstrumentKind, settings: PriceCollarSettings) -> tuple[Decimal, str]:
    if kind in _CRYPTO:
        return settings.max_deviation_crypto, "risk.price_collar.max_deviation_crypto"
    if kind is _FX:
        return settings.max_deviation_fx, "risk.price_collar.max_deviation_fx"
    return settings.max_deviation_equity, "risk.price_collar.max_deviation_equity"


def _oldest_ns(kind: InstrumentKind, settings: QuoteSettings, *, tape: bool) -> int:
    if tape:
        return settings.max_age_tape_ns
    return settings.max_age_crypto_ns if kind in _CRYPTO else settings.max_age_other_ns


