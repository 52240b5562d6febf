"""Binance under test: the real adapter against ``autotrader simulate binance`` in a process of its own."""

from __future__ import annotations

import hmac
import time
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from contract.kit import Capabilities, Json, Terms
from contract.simulated_venue import SimulatedKit
from contract.truth import is_live

from autotrader.execution.adapters.binance import BinanceAdapter
from autotrader.execution.adapters.binance.codec.ids import own_id

__all__ = ["BinanceKit"]

D = Decimal
SYMBOL = "BTCUSDT"
CALL_S = 5.0
OWN: Json = {"clock_every_s": 1, "trades_every_s": 1, "order_lanes": 2, "deadline_s": 2}
"""Waits that are right for a venue far away, cut to what one in the same room needs."""
_open = build_opener(ProxyHandler({})).open


class BinanceKit(SimulatedKit):
    """Binance's simulated venue as the contract uses it: a few cases share one, so that its limits are never met."""

    name = "binance"
    terms = Terms(
        SYMBOL, "BTC", "USDT", D("0.01"), D("0.00001"), D("0.01"), D(50), D("50000.00"), D("50001.00"), D(1), D(5), D("0.001"),
        D("0.001"), "BTC", "USDT",
    )
    capabilities = Capabilities(
        times=frozenset({"GTC", "IOC", "FOK"}),
        missing={"bust": "spot trades are never taken back"},
        doubtful_reply={
            "status": 504, "headers": {"Content-Type": "application/json"},
            "body": '{"code":-1007,"msg":"Timeout waiting for response from backend server. Send status unknown."}',
        },
        shown_as={"TRAILING_STOP": "STOP"},
    )  # fmt: skip

    def make_adapter(self, **options: Any) -> BinanceAdapter:
        ready = self._venue.ready
        own = {name: ready[name] for name in ("rest", "ws", "stream")} | {"symbols": [SYMBOL], **OWN}
        own |= {name: ready["credentials"][name] for name in ("api_key", "api_secret")}
        self._adapter = BinanceAdapter({"venues": {"binance": own}}, mode="SIMULATED", **options)
        return self._adapter

    def intent_of(self, client_order_id: str) -> str:
        return own_id(client_order_id)

    def cancel_by_hand(self, client_order_id: str) -> None:
        self._delete("order", origClientOrderId=client_order_id)

    def _delete(self, path: str, **params: str) -> None:
        keys = self._venue.credentials
        query = urlencode({"symbol": SYMBOL, **params, "timestamp": round(time.time() * 1000)})
        signature = hmac.new(keys["api_secret"].encode(), query.encode(), "sha256").hexdigest()
        url = f"{self._venue.ready['rest']}/api/v3/{path}?{query}&signature={signature}"
        with _open(Request(url, headers={"X-MBX-APIKEY": keys["api_key"]}, method="DELETE"), timeout=CALL_S) as answer:
            answer.read()

    def clear(self) -> None:
        if any(map(is_live, self.ledger()["orders"])):
            self._delete("openOrders")
