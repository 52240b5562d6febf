"""What clients ask of the wallet's API (``/sapi``) before they trade: coins, fees, state. There is no wallet behind it.

Source: DOCS of the wallet and margin APIs, developers.binance.com. Margin and futures are not offered: their
lists are empty.
"""

from __future__ import annotations

from typing import Any, Final

from autotrader.model import ZERO
from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.market import listed
from autotrader.simulator.binance.symbols import FEE_RATE, SYMBOLS
from autotrader.simulator.binance.timing import MILLI
from autotrader.simulator.binance.values import text8

__all__ = [
    "account_status", "api_restrictions", "coins", "funding_assets", "margin_pairs", "no_contracts", "system_status",
    "trade_fees", "trading_status", "user_assets",
]  # fmt: skip

_NONE: Final = "0"


def system_status(_: Ask) -> dict[str, Any]:
    """Say that all is well: GET /sapi/v1/system/status."""
    return {"status": 0, "msg": "normal"}


def account_status(_: Ask) -> dict[str, Any]:
    """Say that the account is in order: GET /sapi/v1/account/status."""
    return {"data": "Normal"}


def trading_status(ask: Ask) -> dict[str, Any]:
    """Say that the account is not locked: GET /sapi/v1/account/apiTradingStatus."""
    return {
        "data": {
            "isLocked": False, "plannedRecoverTime": 0, "triggerCondition": {"GCR": 150, "IFER": 150, "UFR": 300},
            "updateTime": ask.desk.venue.now_ns() // ask.unit,
        }
    }  # fmt: skip


def api_restrictions(_: Ask) -> dict[str, Any]:
    """Return what the key may do: GET /sapi/v1/account/apiRestrictions."""
    return {
        "ipRestrict": False, "createTime": 1_700_000_000_000, "enableReading": True, "enableWithdrawals": False,
        "enableInternalTransfer": False, "enableMargin": False, "enableFutures": False, "permitsUniversalTransfer": False,
        "enableVanillaOptions": False, "enableFixApiTrade": False, "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": True, "enablePortfolioMarginTrading": False,
    }  # fmt: skip


def margin_pairs(_: Ask) -> list[Any]:
    """Return the pairs for margin, none: GET /sapi/v1/margin/allPairs and /sapi/v1/margin/isolated/allPairs."""
    return []


def funding_assets(_: Ask) -> list[Any]:
    """Return what the funding wallet holds, nothing: POST /sapi/v1/asset/get-funding-asset."""
    return []


def no_contracts(ask: Ask) -> dict[str, Any]:
    """Return the futures that are listed, none: GET /fapi/v1/exchangeInfo and /dapi/v1/exchangeInfo."""
    return {
        "timezone": "UTC", "serverTime": ask.desk.venue.now_ns() // MILLI, "rateLimits": [], "exchangeFilters": [],
        "assets": [], "symbols": [],
    }  # fmt: skip


def trade_fees(ask: Ask) -> list[dict[str, Any]]:
    """Return the fee rates of a symbol, or of all: GET /sapi/v1/asset/tradeFee."""
    rate = f"{FEE_RATE:f}"
    chosen = listed(ask.params) or list(SYMBOLS.values())
    return [{"symbol": terms.symbol, "makerCommission": rate, "takerCommission": rate} for terms in chosen]


def coins(ask: Ask) -> list[dict[str, Any]]:
    """Return every coin and what of it is there; none can be sent or received: GET /sapi/v1/capital/config/getall."""
    return [
        {
            "coin": asset, "depositAllEnable": False, "free": free, "freeze": _NONE, "ipoable": _NONE, "ipoing": _NONE,
            "isLegalMoney": False, "locked": locked, "name": asset, "networkList": [], "storage": _NONE, "trading": True,
            "withdrawAllEnable": False, "withdrawing": _NONE,
        }
        for asset, free, locked in _balances(ask)
    ]  # fmt: skip


def user_assets(ask: Ask) -> list[dict[str, Any]]:
    """Return what there is of each coin, or of ``asset``: POST /sapi/v3/asset/getUserAsset."""
    wanted = ask.params.get("asset")
    return [
        {
            "asset": asset, "free": free, "locked": locked, "freeze": _NONE, "withdrawing": _NONE, "ipoable": _NONE,
            "btcValuation": _NONE,
        }
        for asset, free, locked in _balances(ask) if wanted in (None, asset)
    ]  # fmt: skip


def _balances(ask: Ask) -> list[tuple[str, str, str]]:
    funds = ask.desk.venue.funds
    return [(asset, text8(funds.free(asset)), text8(funds.held.get(asset, ZERO))) for asset in funds.cash]
