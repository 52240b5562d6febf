"""Binance's broker in the test's own thread: connections that answer as told, user streams by hand, manual clocks."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
from binance_kit import exchange_info, raw, symbol_info
from broker_bench import BrokerBench, names

from autotrader.config import load_settings
from autotrader.execution.adapters.binance.actor import BinanceBrokerActor
from autotrader.execution.adapters.binance.codec import Call, replacement_id
from autotrader.execution.adapters.binance.codec.ids import cancel_mark
from autotrader.execution.adapters.binance.config import BinanceSettings, binance_settings
from autotrader.execution.adapters.binance.lanes import Duty
from autotrader.execution.adapters.binance.streaming import Memory
from autotrader.execution.adapters.wire import (
    CallDone,
    CallJob,
    ClockOffset,
    ConnectionReady,
    FrameReceived,
    StreamClosed,
    StreamOpened,
)
from autotrader.messages import (
    Message,
    QuoteUpdate,
    VenueReady,
)
from autotrader.model import Mode, Order, OrderType, Quote, Side, TimeInForce

D = Decimal
LANES = {"order-1": Duty.ORDER, "order-2": Duty.ORDER, "cancel-1": Duty.CANCEL, "query-1": Duty.QUERY}
PREFIX = "connection.binance."
UID = "354937868"
MS = 1_000_000
SUBMIT, CANCEL, QUERY = "POST /api/v3/order", "DELETE /api/v3/order", "GET /api/v3/order"
AMEND, REPLACE = "PUT /api/v3/order/amend/keepPriority", "POST /api/v3/order/cancelReplace"
Answer = tuple[int, Any] | str | None
_numbers = count(1)


def settings_of(mode: Mode = Mode.SIMULATED, **keys: Any) -> BinanceSettings:
    """Return settings as a configuration makes them."""
    hosts = {"rest": "http://127.0.0.1:1", "ws": "ws://127.0.0.1:1/ws-api/v3", "stream": "ws://127.0.0.1:1"}
    own = {
        "enabled": True, "account": UID, "api_key": "a-key-for-tests", "api_secret": "a-secret-for-tests",
        "symbols": ["BTCUSDT"], **(hosts if mode is Mode.SIMULATED else {}), **keys,
    }
    tree = {"mode": mode.value, "venues": {"binance": {key: value for key, value in own.items() if value is not None}}}
    return binance_settings(load_settings(env={}, extra=[("a test", tree)]).venues["binance"], mode)


def order(quantity: str = "0.001", price: str | None = "50000.00", **more: Any) -> Order:
    kind = more.pop("kind", "MARKET" if price is None else "LIMIT")
    return Order(
        more.pop("client_order_id", f"{next(_numbers):012x}4bcdef{0:014x}"), "binance", UID, more.pop("symbol", "BTCUSDT"),
        Side(more.pop("side", "BUY")), OrderType(kind), D(quantity), TimeInForce(more.pop("tif", "GTC")),
        None if price is None else D(price), **more,
    )  # fmt: skip


class FakeStream:
    """One connection of the user stream; the venue pings it, unless ``mute``."""

    def __init__(self, number: int, now_ns: int) -> None:
        self.number, self.closed, self.mute = number, False, False
        self.sent: list[Any] = []
        self.last_heard_ns = now_ns

    def send(self, text: str) -> bool:
        self.sent.append(msgspec.json.decode(text))
        return not self.closed

    def close(self) -> None:
        self.closed = True

    def join(self, timeout_s: float = 1.0) -> bool:
        return self.closed


class Bench(BrokerBench):
    """``answers`` maps "METHOD path" to what is answered: (status, body), "unknown", "not_sent", "refused", None for never.

    A value may also be a function of the call, or a list of answers that are used up but for the last. ``told`` is what the
    order manager heard; ``calls`` is what left, as "METHOD path", ``out`` the calls themselves with their lane.
    """

    def __init__(self, *, lanes: dict[str, Duty] | None = None, memory: Memory | None = None, **keys: Any) -> None:
        super().__init__("binance")
        self.settings = settings_of(**keys)
        self.lanes = {PREFIX + name: duty for name, duty in (lanes or LANES).items()}
        self.out: list[tuple[str, CallJob]] = []
        self.offsets: list[int] = []
        self.streams: list[FakeStream] = []
        self.memory = memory or Memory()
        self.epochs = dict.fromkeys(self.lanes, 1)
        self.held: list[tuple[str, CallJob]] = []
        self.answers: dict[str, Any] = self._usual()
        for name in self.lanes:
            self.bind(name)

    def _usual(self) -> dict[str, Any]:
        account = {
            "makerCommission": 10, "canTrade": True, "canWithdraw": True, "updateTime": 1, "accountType": "SPOT",
            "uid": int(UID), "permissions": ["SPOT"], "balances": [
                {"asset": "USDT", "free": "1000000", "locked": "0"}, {"asset": "BTC", "free": "100", "locked": "0"},
            ],
        }  # fmt: skip
        rights = {"enableReading": True, "enableWithdrawals": False, "enableSpotAndMarginTrading": True, "ipRestrict": True}
        return {
            "GET /api/v3/time": lambda _: (200, {"serverTime": self.wall.now_ns() // MS}),
            "GET /api/v3/account": (200, account), "GET /sapi/v1/account/apiRestrictions": (200, rights),
            "GET /api/v3/exchangeInfo": (200, exchange_info(symbol_info())), "GET /api/v3/openOrders": (200, []),
            "GET /api/v3/myTrades": (200, []), "POST /api/v3/order": None,
            "DELETE /api/v3/order": None, "GET /api/v3/order": None, "POST /api/v3/order/cancelReplace": None,
            "PUT /api/v3/order/amend/keepPriority": None,
        }

    # ------------------------------------------------------------ life

    def bind(self, name: str) -> None:
        self.runtime.handle(name).bind(lambda message, name=name: self._take(name, message))

    def start(self, *, up: bool = True) -> Bench:
        self.begin(
            BinanceBrokerActor, settings=self.settings, lanes=self.lanes, open_stream=self._open, memory=self.memory
        )
        if up:
            self.open_stream()
            self.put(VenueReady("binance", True, "reconciled"))
        return self

    def on_step(self) -> None:
        for stream in self.streams:
            if not stream.mute:
                stream.last_heard_ns = self.clock.now_ns()

    # ------------------------------------------------------------ connections

    def _take(self, lane: str, message: Message) -> None:
        if isinstance(message, ClockOffset):
            self.offsets.append(message.offset_ns)
        elif isinstance(message, CallJob):
            self.out.append((lane, message))
            answer = self._answer_to(message.call)
            if answer is None:
                self.held.append((lane, message))
            else:
                self.tell(self.done(lane, message, answer))
        else:
            self.tell(ConnectionReady(lane, self.lanes[lane].value, self.epochs[lane]))

    def _answer_to(self, call: Call) -> Answer:
        found = self.answers.get(f"{call.method} {call.path}", (404, {}))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found(call) if callable(found) else found

    def done(self, lane: str, job: CallJob, answer: Any) -> CallDone:
        now_ns = self.wall.monotonic_ns()
        if isinstance(answer, str):
            return CallDone(job.number, job.epoch, lane, answer, "RESET", "the connection was reset")  # type: ignore[arg-type]
        status, body, *headers = answer
        data = body if isinstance(body, bytes) else raw(body)
        told = headers[0] if headers else {}
        return CallDone(job.number, job.epoch, lane, "answered", "", "", status, told, data, now_ns, now_ns)

    def answer(self, answer: Any, index: int = 0) -> list[Message]:
        """Answer a call that was held back; return what the order manager hears."""
        lane, job = self.held.pop(index)
        return self.put(self.done(lane, job, answer))

    def restart(self, lane: str) -> list[Message]:
        """Let a connection come back as a new incarnation."""
        name = PREFIX + lane
        self.epochs[name] += 1
        self.held = [one for one in self.held if one[0] != name]
        return self.put(ConnectionReady(name, self.lanes[name].value, self.epochs[name]))

    @property
    def calls(self) -> list[str]:
        return [f"{job.call.method} {job.call.path}" for _, job in self.out]

    def calls_of(self, what: str) -> list[dict[str, str]]:
        """Return the parameters of the calls that were made of one kind."""
        return [dict(job.call.params) for _, job in self.out if f"{job.call.method} {job.call.path}" == what]

    def lane_of(self, what: str) -> list[str]:
        return [lane.removeprefix(PREFIX) for lane, job in self.out if f"{job.call.method} {job.call.path}" == what]

    # ------------------------------------------------------------ streams

    def _open(self, number: int) -> FakeStream:
        self.streams.append(FakeStream(number, self.clock.now_ns()))
        return self.streams[-1]

    @property
    def stream(self) -> FakeStream:
        return self.streams[-1]

    def open_stream(self, *, answer: bool = True) -> list[Message]:
        told = self.put(StreamOpened("user", self.stream.number))
        return told + self.subscribe() if answer else told

    def subscribe(self, stream: FakeStream | None = None) -> list[Message]:
        chosen = stream or self.stream
        name = chosen.sent[-1]["id"]
        return self.frame({"id": name, "status": 200, "result": {"subscriptionId": 0}}, chosen)

    def frame(self, value: Any, stream: FakeStream | None = None) -> list[Message]:
        chosen = stream or self.stream
        data = value if isinstance(value, bytes) else raw(value)
        return self.put(FrameReceived("user", chosen.number, data, self.clock.now_ns()))

    def event(self, event: dict[str, Any], stream: FakeStream | None = None) -> list[Message]:
        return self.frame({"subscriptionId": 0, "event": event}, stream)

    def close_stream(self, reason: str = "reset", stream: FakeStream | None = None) -> list[Message]:
        return self.put(StreamClosed("user", (stream or self.stream).number, reason))

    # ------------------------------------------------------------ requests

    def replace(self, one: Order, quantity: str, price: str | None = None, venue_order_id: str | None = "28") -> list[Message]:
        return super().replace(one, quantity, price, venue_order_id)

    def quote(self, bid: str, ask: str, symbol: str = "BTCUSDT") -> None:
        self.put(QuoteUpdate(Quote("binance", symbol, D(bid), D(ask), D("1"), D("1"), self.clock.now_ns())))


def placed(one: Order, number: int = 28, status: str = "NEW", **changes: Any) -> dict[str, Any]:
    """Return the venue's answer to a new order."""
    return {
        "symbol": one.symbol, "orderId": number, "orderListId": -1, "clientOrderId": one.client_order_id,
        "transactTime": 1_700_000_000_000, "price": f"{one.price or 0:f}", "origQty": f"{one.quantity:f}", "executedQty": "0",
        "origQuoteOrderQty": "0", "cummulativeQuoteQty": "0", "status": status, "timeInForce": "GTC", "type": one.type.value,
        "side": one.side.value, "workingTime": 1_700_000_000_000, "selfTradePreventionMode": "NONE", "fills": [], **changes,
    }


def working(bench: Bench, number: int = 28, **more: Any) -> Order:
    """Return an order that the venue has acknowledged."""
    one = order(**more)
    bench.answers[SUBMIT] = (200, placed(one, number))
    assert names(bench.send(one)) == ["OrderAccepted"]
    bench.answers[SUBMIT] = None
    return one


def cancelled(one: Order, number: int = 28) -> dict[str, Any]:
    return placed(one, number, "CANCELED", origClientOrderId=one.client_order_id, clientOrderId="random1")


def replaced(one: Order, old: int, new: int, quantity: str, price: str) -> dict[str, Any]:
    wire_id = replacement_id(one.client_order_id, old)
    own = one.client_order_id
    gone = placed(one, old, "CANCELED", origClientOrderId=own, clientOrderId=cancel_mark(own, old))
    fresh = placed(one, new, clientOrderId=wire_id, origQty=quantity, price=price)
    return {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": gone, "newOrderResponse": fresh}
