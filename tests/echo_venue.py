"""The smallest venue there can be, on the simulator's own parts: orders as JSON, one stream, served within the test's loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import ClientSession, ClientTimeout, WSMsgType, web
from sim_kit import BTC, ETH, D

from autotrader.model import Order, OrderType, Side
from autotrader.simulator.books import Listing
from autotrader.simulator.effects import Answer, EventSender, carry_out, deliver, meet_connect
from autotrader.simulator.events import Event, Filled, Rejected
from autotrader.simulator.fault_script import Effects
from autotrader.simulator.options import SimOptions
from autotrader.simulator.server import SimServer
from autotrader.simulator.world import SimVenue


def answer(status: int, **body: Any) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"X-Venue": "echo"})


class OrderAsked:
    """A new order."""

    kind = "submit"

    def __init__(self, venue: SimVenue, body: dict[str, Any]) -> None:
        self._venue, self._body = venue, body
        self.symbol, self.client_order_id = body["symbol"], body["id"]

    def land(self, effects: Effects | None) -> Answer:
        body, price = self._body, self._body.get("price")
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        order = Order(
            body["id"], "echo", "SIM", body["symbol"], Side(body["side"]), kind, D(body["quantity"]),
            price=None if price is None else D(price),
        )  # fmt: skip
        last = self._venue.submit(order, effects)[-1]
        if isinstance(last, Rejected):
            return answer(400, code=last.code)
        return answer(200, id=body["id"], padding="x" * 64)

    def refuse(self, code: str) -> Answer:
        return answer(400, code=code)

    def limit(self, retry_after_s: float, *, banned: bool) -> Answer:
        return answer(418 if banned else 429, wait=retry_after_s > 0)

    def lost(self) -> Answer:
        return answer(503, code="LOST", padding="x" * 64)

    def maintained(self) -> Answer:
        return answer(503, code="MAINTENANCE")


class EchoVenue:
    """``POST /order``; ``GET /stream``: orders go in as text, their answers and all events come out."""

    def __init__(self, options: SimOptions) -> None:
        listings = [Listing(msgspec.structs.replace(one, venue="echo")) for one in (BTC, ETH)]
        self.venue = SimVenue("echo", listings, seed=options.seed, ledger=options.ledger, per_symbol_ids=True)
        self.senders: list[EventSender] = []
        self.venue.on_events.append(self._tell)

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/order", self._order)
        app.router.add_get("/stream", self._stream)

    def ready(self, host: str, port: int) -> dict[str, Any]:
        return {"rest": f"http://{host}:{port}", "ws": f"ws://{host}:{port}/stream", "symbols": ["BTCUSDT", "ETHUSDT"],
                "credentials": {"token": "t"}}  # fmt: skip

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            name = type(event).__name__
            if isinstance(event, Filled):
                name = f"{name} {event.fill.trade_id}"
            for sender in self.senders:
                sender.tell(name.encode())

    async def _order(self, request: web.Request) -> web.StreamResponse:
        self.venue.count("submit")
        return await deliver(request, await carry_out(self.venue, OrderAsked(self.venue, await request.json())))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        refused = await meet_connect(self.venue, request)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse(autoping=False, compress=False)
        await socket.prepare(request)
        sender = EventSender(self.venue, request)
        self.senders.append(sender)
        tasks = set()
        try:
            async for message in socket:
                if message.type is WSMsgType.PING:
                    sender.pong(message.data)
                else:
                    tasks.add(asyncio.ensure_future(self._asked(sender, message.json())))
        finally:
            self.senders.remove(sender)
            sender.close()
        return socket

    async def _asked(self, sender: EventSender, body: dict[str, Any]) -> None:
        sender.answer(await carry_out(self.venue, OrderAsked(self.venue, body)))


class Echo:
    """A served venue and a client of it."""

    def __init__(self, app: EchoVenue, ready: dict[str, Any], session: ClientSession) -> None:
        self.app, self.venue, self.ready, self.session = app, app.venue, ready, session

    async def order(self, name: str = "a", price: str | None = None, **more: Any) -> tuple[int, Any]:
        """Send an order, and return status and body."""
        body = {"id": name, "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "price": price, **more}
        async with self.session.post(f"{self.ready['rest']}/order", json=body) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def admin(self, method: str, path: str, body: Any = None, base: str = "admin") -> tuple[int, Any]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.request(method, f"{self.ready[base]}/_sim/{path}", data=data) as response:
            return response.status, await response.json()

    def faults(self, *rules: dict[str, Any]) -> None:
        from autotrader.simulator.fault_script import read_faults

        self.venue.set_faults(read_faults({"rules": list(rules)}))


@asynccontextmanager
async def served(**options: Any) -> AsyncIterator[Echo]:
    """Serve the venue, its market standing, within this loop."""
    given = SimOptions("echo", **{"manual": True, **options})
    app = EchoVenue(given)
    server = SimServer(app, given)
    ready = await server.open()
    ticking = asyncio.ensure_future(server.tick())
    try:
        async with ClientSession(timeout=ClientTimeout(total=20)) as session:
            yield Echo(app, ready, session)
    finally:
        ticking.cancel()
        await server.close()


async def until(check: Callable[[], Any]) -> Any:
    """Return what ``check`` gives once that is true; fails when it never is."""
    for _ in range(2000):
        if value := check():
            return value
        await asyncio.sleep(0.005)
    raise AssertionError("not within 10 s")
