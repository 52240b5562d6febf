"""What one client has asked to be kept told of."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.simulator.ibkr.contracts import ContractTerms

__all__ = ["Subscriptions", "Ticker"]


class Ticker(msgspec.Struct):
    """One subscription to market data. ``type`` is 1 live or 3 delayed; ``last`` the price and size told, by kind of tick."""

    req_id: int
    contract: ContractTerms
    type: int
    last: dict[int, tuple[Decimal, Decimal]] = {}


class Subscriptions:
    """``account`` is the account whose updates are sent, ``summaries`` tags by request, the other mappings likewise."""

    def __init__(self) -> None:
        self.positions = False
        self.account: str | None = None
        self.binds = False
        self.market_data_type = 1
        self.summaries: dict[int, tuple[str, ...]] = {}
        self.account_multi: dict[int, tuple[str, bool]] = {}
        self.positions_multi: dict[int, str] = {}
        self.pnl: dict[int, str] = {}
        self.pnl_single: dict[int, int] = {}
        self.tickers: dict[int, Ticker] = {}
