"""The admin of a simulated venue: the truth, the faults, the market, orders by hand. Plain HTTP under ``/_sim/``.

Bad input gets 400 with ``{"error": "..."}`` that names the field. A symbol that was set with ``POST /_sim/market`` stands as
set from then on, but for what ``POST /_sim/step`` moves it and what our own orders take from it; the others move by themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from autotrader.errors import ConfigError
from autotrader.model import plain
from autotrader.simulator.admin_fields import hand_order, name_in, parsed, quote_in, seconds_in, trade_in
from autotrader.simulator.events import Filled, RefusedRequest, Rejected
from autotrader.simulator.fault_script import FaultScript, read_faults
from autotrader.simulator.ledger_view import order_view
from autotrader.simulator.market import MovingMarket
from autotrader.simulator.world import SimVenue

__all__ = ["Admin"]


class Admin:
    """The admin's paths; all of them run in the loop's thread and wait for nothing but the body."""

    def __init__(self, venue: SimVenue, market: MovingMarket) -> None:
        self._venue, self._market = venue, market

    def routes(self, app: web.Application) -> None:
        """Add them to an application."""
        app.router.add_get("/_sim/ledger", _answering(lambda _: self._venue.ledger()))
        app.router.add_get("/_sim/faults", _answering(lambda _: self._venue.faults.status()))
        app.router.add_delete("/_sim/faults", _answering(lambda _: self._set_faults(FaultScript())))
        posts: dict[str, Callable[[Any], Any]] = {
            "faults": lambda body: self._set_faults(read_faults(body)), "market": self._set_market, "trade": self._trade,
            "step": self._step, "order": self._order, "cancel": self._cancel,
        }  # fmt: skip
        for name, act in posts.items():
            app.router.add_post(f"/_sim/{name}", _answering(act))

    def _set_faults(self, script: FaultScript) -> dict[str, Any]:
        self._venue.set_faults(script)
        return self._venue.faults.status()

    def _set_market(self, body: object) -> dict[str, Any]:
        quote = quote_in(body, self._venue)
        self._market.set_quote(quote)
        prices = {name: plain(getattr(quote, name)) for name in ("bid", "ask", "bid_size", "ask_size")}
        return {"symbol": quote.symbol, **prices, "ts_ns": quote.ts_ns}

    def _trade(self, body: object) -> dict[str, Any]:
        """Trade against our resting orders at the price or better, whatever is queued before them."""
        symbol, price, quantity, side = trade_in(body, self._venue)
        events = self._venue.print_trade(symbol, price, quantity, side, jumps_queue=True)
        fills = [event.fill for event in events if isinstance(event, Filled)]
        return {
            "symbol": symbol, "price": plain(price), "quantity": plain(quantity), "side": side,
            "filled": [{"trade_id": one.trade_id, "price": plain(one.price), "quantity": plain(one.quantity)} for one in fills],
        }  # fmt: skip

    def _step(self, body: object) -> dict[str, Any]:
        seconds = seconds_in(body)
        return {"seconds": seconds, "symbols": self._market.step(seconds)}

    def _order(self, body: object) -> dict[str, Any]:
        order = hand_order(body, self._venue)
        events = self._venue.submit(order)
        if isinstance(events[-1], Rejected):
            raise ConfigError(f"the order is rejected: {events[-1].code}: {events[-1].reason}")
        live = self._venue.by_client_id(order.client_order_id)
        assert live is not None
        return order_view(live, self._venue.shown)

    def _cancel(self, body: object) -> dict[str, Any]:
        """Cancel an open order as somebody at the venue's own screen would."""
        name = name_in(body)
        live = self._venue.by_client_id(name)
        if live is None:
            raise ConfigError(f"client_order_id: no order is known as {name!r}")
        events = self._venue.cancel(live.venue_order_id)
        refused = next((event for event in events if isinstance(event, RefusedRequest)), None)
        if refused is not None:
            raise ConfigError(f"the order is not cancelled: {refused.code}: {refused.reason}")
        return order_view(live, self._venue.shown)


def _answering(act: Callable[[Any], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = parsed(await request.read(), request.content_type) if request.method == "POST" else None
            return _json(act(body), 200)
        except ConfigError as error:
            return _json({"error": str(error)}, 400)

    return handle


def _json(value: Any, status: int) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
