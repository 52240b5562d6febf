"""Binance under test: the real adapter against ``autotrader simulate binance`` in a process of its own."""

from __future__ import annotations

import hmac
import time
from contextlib import ExitStack, suppress
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from contract.kit import Capabilities, Json, Terms
from contract.truth import is_live
from simulator_kit import RunningVenue, running
from support import eventually

from autotrader.errors import Unavailable, WaitTimeout
from autotrader.execution.adapters.binance import BinanceAdapter
from autotrader.execution.adapters.binance.codec.ids import own_id
from autotrader.messages import GetStatus, QuoteUpdate
from autotrader.model import Quote, plain

__all__ = ["BinanceKit"]

D = Decimal
SYMBOL = "BTCUSDT"
CALL_S = 5.0
SHARED_BY, SHOWN_AT_MOST = 8, 25
OWN: Json = {"clock_every_s": 1, "trades_every_s": 1, "order_lanes": 2, "deadline_s": 2}
"""Waits that are right for a venue far away, cut to what one in the same room needs."""
_open = build_opener(ProxyHandler({})).open


class BinanceKit:
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

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: RunningVenue | None = None
        self._cases = 0
        self._shown: list[str] = []
        self._adapter: BinanceAdapter | None = None

    @property
    def _venue(self) -> RunningVenue:
        if self._running is None:
            self._running = self._stack.enter_context(running("binance"))
            self.begin()
        return self._running

    def make_adapter(self, **options: Any) -> BinanceAdapter:
        ready = self._venue.ready
        own = {name: ready[name] for name in ("rest", "ws", "stream")} | {"symbols": [SYMBOL], **OWN}
        own |= {name: ready["credentials"][name] for name in ("api_key", "api_secret")}
        self._adapter = BinanceAdapter({"venues": {"binance": own}}, mode="SIMULATED", **options)
        return self._adapter

    def ledger(self) -> Json:
        return self._venue.ledger()

    def intent_of(self, client_order_id: str) -> str:
        return own_id(client_order_id)

    def faults(self, script: Json) -> None:
        self._venue.faults(script)

    def fired(self) -> int:
        return sum(self._venue.fired().values())

    def clear_faults(self) -> None:
        self._venue.call("DELETE", "faults")

    def show(
        self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal, *, heard_s: float = 10.0
    ) -> None:  # fmt: skip
        seen = self._quotes_seen()
        shown = [plain(one) for one in (bid, ask, bid_size, ask_size)]
        if bid < ask:  # the venue itself never shows a crossed book: that is told to the engine alone
            is_news, self._shown = shown != self._shown, shown
            self._venue.market(SYMBOL, *shown)
            eventually(lambda: seen is None or not is_news or (self._quotes_seen() or 0) > seen, heard_s)
        if seen is not None and self._adapter is not None:
            quote = Quote("binance", SYMBOL, bid, ask, bid_size, ask_size, self._adapter.engine.now_ns())
            self._adapter.engine.ask_actor("oms", QuoteUpdate(quote))

    def _quotes_seen(self) -> int | None:
        """Return how many quotes the engine's feed has told; None while there is no engine, or no link."""
        if self._adapter is None:
            return None
        try:
            [venue] = self._adapter.engine.get_status().get("venues") or [{"link": "DOWN"}]
            seen = self._adapter.engine.ask_actor("feed.market", GetStatus()).quotes if venue["link"] == "UP" else None
        except (Unavailable, WaitTimeout):
            return None
        return None if seen is None else int(seen)

    def trade(self, price: Decimal, quantity: Decimal) -> None:
        self._venue.trade(SYMBOL, plain(price), plain(quantity))

    def place_by_hand(self, side: str, quantity: Decimal, price: Decimal | None = None) -> str:
        placed = self._venue.order(SYMBOL, side, plain(quantity), None if price is None else plain(price))
        return str(placed["client_order_id"])

    def cancel_by_hand(self, client_order_id: str) -> None:
        self._delete("order", origClientOrderId=client_order_id)

    def _delete(self, path: str, **params: str) -> None:
        keys = self._venue.credentials
        query = urlencode({"symbol": SYMBOL, **params, "timestamp": round(time.time() * 1000)})
        signature = hmac.new(keys["api_secret"].encode(), query.encode(), "sha256").hexdigest()
        url = f"{self._venue.ready['rest']}/api/v3/{path}?{query}&signature={signature}"
        with _open(Request(url, headers={"X-MBX-APIKEY": keys["api_key"]}, method="DELETE"), timeout=CALL_S) as answer:
            answer.read()

    def restart_venue(self, down_s: float, *, keep_orders: bool) -> None:
        restart = {"restart": {"down_s": down_s, "keep_orders": keep_orders}}
        self.faults({"rules": [{"on": "venue", "at_s": 0, "do": [restart]}]})

    def begin(self) -> None:
        """Show the market until the engine hears of it, whose stream may only now begin; the last trade is at the bid.

        A book that stays as it is makes no news: it is shown with another size in between.
        """
        terms = self.terms
        self._venue.trade(SYMBOL, plain(terms.bid), plain(terms.lot))
        for size in count(2):
            self._venue.market(SYMBOL, plain(terms.bid - terms.step), plain(terms.ask + terms.step), plain(size * terms.unit))
            self._shown = []
            with suppress(AssertionError):
                return self.show(terms.bid, terms.ask, terms.size, terms.size, heard_s=0.2)
            assert size < SHOWN_AT_MOST, "the engine hears nothing of the market"
        return None

    def end(self) -> None:
        self._adapter = None
        self._cases += 1
        if self._cases >= SHARED_BY:
            return self.close()
        self.clear_faults()
        if any(map(is_live, self.ledger()["orders"])):
            self._delete("openOrders")
        return self.begin()

    def close(self) -> None:
        self._adapter, self._running, self._cases = None, None, 0
        self._stack.close()
