"""A small market for the tests of the limits: one crypto venue, one of stocks and currencies, and orders that pass."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from autotrader.model import (
    AccountInfo,
    Fill,
    Instrument,
    InstrumentKind,
    KillLevel,
    Liquidity,
    Mode,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Position,
    Quote,
    Side,
    TimeInForce,
    WriteClass,
)
from autotrader.risk import Exposure, Limits, ReceiptBook, RiskSettings, risk_settings
from autotrader.risk.verdicts import Caution, Denial
from autotrader.risk.view import View

D = Decimal
NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000

BTC = Instrument("binance", "BTCUSDT", D("0.01"), D("0.00001"), "USDT", "BTC", min_notional=D(5), day_volume=D(20000))
ETH = Instrument("binance", "ETHUSDT", D("0.01"), D("0.0001"), "USDT", "ETH")
PERP = Instrument("binance", "BTCPERP", D("0.1"), D("0.001"), "USDT", kind=InstrumentKind.PERPETUAL)
AAPL = Instrument("ibkr", "AAPL", D("0.01"), D(1), "USD", kind=InstrumentKind.STOCK, allows_short=True)
FUTURE = Instrument("ibkr", "ESZ5", D("0.25"), D(1), "USD", kind=InstrumentKind.FUTURE, multiplier=D(50))
CALL = Instrument("ibkr", "AAPL C200", D("0.01"), D(1), "USD", kind=InstrumentKind.OPTION, multiplier=D(100))
EURUSD = Instrument("ibkr", "EUR.USD", D("0.00005"), D(1), "USD", "EUR", kind=InstrumentKind.FX)


def quote(symbol: str = "BTCUSDT", bid: str = "99.99", ask: str = "100.01", *, venue: str = "binance", at: int = NOW,
          size: str = "1000") -> Quote:
    return Quote(venue, symbol, D(bid), D(ask), D(size), D(size), at)


def order(side: Side = Side.BUY, quantity: str = "1", price: str | None = None, **more: Any) -> Order:
    kind = more.pop("type", OrderType.MARKET if price is None else OrderType.LIMIT)
    terms: dict[str, Any] = {
        "client_order_id": "c1", "venue": "binance", "account": "A", "symbol": "BTCUSDT", "strategy": "s", "created_ns": NOW,
    }
    terms.update(more)
    return Order(side=side, type=kind, quantity=D(quantity), price=None if price is None else D(price), **terms)


def update(of: Order, state: OrderState = OrderState.SENT, filled: str = "0", **more: Any) -> OrderUpdate:
    terms: dict[str, Any] = {
        "client_order_id": of.client_order_id, "venue_order_id": None, "venue": of.venue, "account": of.account,
        "symbol": of.symbol, "side": of.side, "type": of.type, "time_in_force": of.time_in_force, "quantity": of.quantity,
        "price": of.price, "stop_price": of.stop_price, "state": state, "filled_quantity": D(filled), "average_price": None,
        "reason_code": None, "reason": None, "strategy": of.strategy, "created_ns": NOW, "updated_ns": NOW,
        "reduce_only": of.reduce_only,
    }
    terms.update(more)
    return OrderUpdate(**terms)


def position(quantity: str, symbol: str = "BTCUSDT", *, venue: str = "binance", average: str | None = "100") -> Position:
    return Position(venue, "A", symbol, D(quantity), None if average is None else D(average), D(0), None, "USD")


def fill(of: Order | None = None, number: int = 1, **more: Any) -> Fill:
    of = of or order()
    terms: dict[str, Any] = {"strategy": of.strategy, "side": of.side, "symbol": of.symbol}
    terms.update(more)
    return Fill(f"t{number}", of.client_order_id, None, of.venue, "A", terms["symbol"], terms["side"], D(100), of.quantity,
                D(0), "USDT", Liquidity.TAKER, NOW, strategy=terms["strategy"])


def settings(profile: str = "retail", **controls: dict[str, object]) -> RiskSettings:
    controls.setdefault("instrument", {"allow_all": True})
    return risk_settings(profile, controls)


def view(**more: Any) -> View:
    """Everything a control may ask for, all of it well within the limits of retail: E is 10,000, the mid 100."""
    terms: dict[str, Any] = {
        "now_ns": NOW, "mode": Mode.PAPER, "level": KillLevel.ARMED, "account": AccountInfo("binance", "A", Mode.PAPER),
        "ready": True, "instrument": BTC, "quote": quote(), "spread": D("0.0002"), "price": D("100.01"), "cost": D("100.01"),
        "notional": D("100.01"), "value": D("100.01"), "after": D(1), "is_cash": True, "equity": D(10000),
        "total_equity": D(10000), "gross_before": D(0), "gross_after": D("100.01"), "funds_asset": "USDT", "free": D(10000),
        "needed": D("100.01"), "open_in_symbol": 0, "open_at_venue": 0, "open_in_all": 0, "rate_wait_ns": 0,
        "fills_in_minute": 0, "fills_in_hour": 0, "same_intent_ns": -1, "changes_in_minute": 0, "day_loss": D(0),
        "drawdown": D(0), "written": 0, "issued": 0, "leverage": D(1), "write_class": WriteClass.RISK,
    }
    terms.update(more)
    return View(**terms)


def code(finding: object) -> str:
    """Return a denial's code, "soft" for a caution, "pass" for neither; every denial has to read as a sentence about it."""
    if finding is None:
        return "pass"
    if isinstance(finding, Caution):
        assert finding.control in finding.sentence
        return "soft"
    assert isinstance(finding, Denial)
    assert ";" in finding.sentence
    assert len(finding.sentence) < 600
    return finding.code


def market(*, usdt: str = "10000", btc: str = "0", ready: bool = True, currency: str = "USD") -> Exposure:
    """Return the exposure of a confirmed and reconciled account at a crypto venue with fresh quotes at 100."""
    exposure = Exposure(currency)
    exposure.on_account(AccountInfo("binance", "A", Mode.PAPER))
    exposure.on_instruments("binance", [BTC, ETH, PERP])
    exposure.on_balances("binance", "A", {"USDT": D(usdt), "BTC": D(btc)})
    for symbol in ("BTCUSDT", "ETHUSDT", "BTCPERP"):
        exposure.on_quote(quote(symbol))
    exposure.on_ready("binance", ready)
    return exposure


def limits(profile: str = "retail", exposure: Exposure | None = None, more: dict[str, Any] | None = None,
           **controls: dict[str, object]) -> Limits:
    return Limits(settings(profile, **controls), exposure or market(), ReceiptBook(), **(more or {}))


__all__ = [
    "AAPL", "BTC", "CALL", "ETH", "EURUSD", "FUTURE", "NOW", "PERP", "SECOND", "D", "TimeInForce", "code", "fill", "limits",
    "market", "order", "position", "quote", "settings", "update", "view",
]
