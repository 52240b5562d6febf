"""The paper venue under test: in this process, its market still but for what a case shows, its faults set while it runs."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from contract.kit import Capabilities, Json, Terms

from autotrader.actors import Context, Handle, Worker, handles
from autotrader.actors.gate import Gate
from autotrader.config import Settings
from autotrader.errors import Unavailable
from autotrader.execution.adapters.paper import PaperBrokerActor, ledger_path, paper_settings
from autotrader.execution.adapters.paper.later import WeatherDue
from autotrader.execution.adapters.paper.tidings import tidings_of
from autotrader.execution.adapters.paper.weather import Weather
from autotrader.execution.adapters.plan import VenuePlan
from autotrader.execution.facades import PaperTradingAdapter
from autotrader.messages import Message, QuoteUpdate
from autotrader.model import Instrument, Order, OrderType, Quote, Side
from autotrader.simulator.events import Event
from autotrader.simulator.fault_script import FaultScript, read_faults
from autotrader.simulator.faults import Faults
from autotrader.simulator.ledger_rows import LedgerError
from autotrader.simulator.ledger_view import read_ledger

__all__ = ["PaperKit", "plan"]

D = Decimal
STILL = {"symbols": ["BTCUSDT"], "rate": 1e-9}
"""The synthetic market shows one quote and then nothing for years."""
BTC = Instrument(
    "paper", "BTCUSDT", D("0.01"), D("0.00001"), "USDT", "BTC", min_quantity=D("0.00001"), max_quantity=D(1000),
    min_notional=D(5),
)
NO_WIRE = "it is a call inside this process: there is no stream between it and the engine"


class Placed(Message, frozen=True):
    order: Order


class Unplaced(Message, frozen=True):
    client_order_id: str


class Printed(Message, frozen=True):
    price: Decimal
    quantity: Decimal


class Shown(Message, frozen=True):
    quote: Quote


class Scripted(Message, frozen=True):
    script: FaultScript


class Fired(Message, frozen=True):
    pass


class HandledBroker(PaperBrokerActor):
    """The paper broker with a hand on it: what a case does to the venue is a message like any other."""

    def _happened(self, events: list[Event]) -> None:
        self._bring(tidings_of(events))

    def _now(self) -> int:
        return self._desk.at(self.clock.now_ns())

    @handles(Placed)
    def _on_placed(self, msg: Placed) -> None:
        self._happened(self._desk.note(self._desk.exchange.submit(msg.order, self._now())))

    @handles(Unplaced)
    def _on_unplaced(self, msg: Unplaced) -> None:
        live = self._desk.find(msg.client_order_id, None)
        if live is not None:
            self._happened(self._desk.note(self._desk.exchange.cancel(live.venue_order_id, self._now())))

    @handles(QuoteUpdate)
    def _on_quote(self, update: QuoteUpdate) -> None:
        """Pass over the one quote that the still market begins with: only what a case shows moves this venue."""

    @handles(Shown)
    def _on_shown(self, msg: Shown) -> None:
        self._happened(self._desk.quote(msg.quote, self._now()))

    @handles(Printed)
    def _on_printed(self, msg: Printed) -> None:
        events = self._desk.exchange.on_trade(BTC.symbol, msg.price, msg.quantity, None, self._now())
        self._happened(self._desk.note(events))

    @handles(Scripted)
    def _on_scripted(self, msg: Scripted) -> None:
        self._weather._faults = Faults(msg.script, self.clock.now_ns())
        self._direct = not msg.script.rules
        self.me.tell(WeatherDue())

    @handles(Fired)
    def _on_fired(self, _: Fired) -> int:
        return sum(rule["fired"] for rule in self._weather.faults.status()["rules"])


def plan(settings: Settings, instruments: tuple[Instrument, ...], journal_path: str) -> VenuePlan:
    """Return the plan of the paper venue with a hand on it, and with the bounds that real venues put on an order."""
    values = {key: value for key, value in settings.venues["paper"].model_dump().items() if value != ""}
    values.pop("faults", None)
    paper = paper_settings(values, ledger=str(ledger_path(journal_path)), instruments=(BTC,))
    weather: list[Weather] = []

    def make(context: Context, oms: Handle, resiliency: Handle, gate: Gate) -> Worker:
        if not weather:
            weather.append(Weather(paper, context.rng))
        return HandledBroker(context, oms=oms, resiliency=resiliency, gate=gate, settings=paper, weather=weather[0])

    return VenuePlan("paper", paper.account, journal_path, paper.instruments, make)


class PaperKit:
    """The paper venue as the contract uses it: every case has books of its own, beside its journal."""

    name = "paper"
    terms = Terms(
        "BTCUSDT", "BTC", "USDT", BTC.tick, BTC.lot, D("0.01"), D(50), D("50000.00"), D("50001.00"), D(1), D(5), D("0.0002"),
        D("0.0005"), "USDT", "USDT",
    )
    capabilities = Capabilities(
        missing={
            "stream": NO_WIRE,
            "clock": "its clock is the engine's",
            "lives on": "it lives in the engine's process and ends with it",
        }
    )

    def __init__(self) -> None:
        self._numbers = count(1)
        self._journal = Path()
        self._adapter: PaperTradingAdapter | None = None

    def make_adapter(self, **options: Any) -> PaperTradingAdapter:
        own: dict[str, Any] = {"adapter": f"{__name__}:plan", "reply_timeout_s": 0.2}
        self._journal = Path(options["journal"]["path"])
        self._adapter = PaperTradingAdapter({"market": STILL, "venues": {"paper": own}}, **options)
        return self._adapter

    def ledger(self) -> Json:
        try:
            return read_ledger(ledger_path(self._journal))
        except LedgerError:
            return {"orders": [], "fills": [], "balances": {}, "positions": {}, "requests": {}}

    def intent_of(self, client_order_id: str) -> str:
        return client_order_id

    def _ask(self, message: Message, name: str = "broker.paper") -> Any:
        assert self._adapter is not None
        return self._adapter.engine.ask_actor(name, message)

    def faults(self, script: Json) -> None:
        self._ask(Scripted(read_faults(script)))

    def fired(self) -> int:
        fired: int = self._ask(Fired())
        return fired

    def clear_faults(self) -> None:
        self._ask(Scripted(FaultScript()))

    def show(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        assert self._adapter is not None
        quote = Quote("paper", BTC.symbol, bid, ask, bid_size, ask_size, self._adapter.engine.now_ns())
        self._ask(Shown(quote))
        self._ask(QuoteUpdate(quote), "oms")

    def trade(self, price: Decimal, quantity: Decimal) -> None:
        self._ask(Printed(price, quantity))

    def place_by_hand(self, side: str, quantity: Decimal, price: Decimal | None = None) -> str:
        name = f"by-hand-{next(self._numbers)}"
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        self._ask(Placed(Order(name, "paper", "PAPER", BTC.symbol, Side(side), kind, quantity, price=price)))
        return name

    def cancel_by_hand(self, client_order_id: str) -> None:
        self._ask(Unplaced(client_order_id))

    def restart_venue(self, down_s: float, *, keep_orders: bool) -> None:
        restart = {"restart": {"down_s": down_s, "keep_orders": keep_orders}}
        self.faults({"rules": [{"on": "venue", "at_s": 0, "do": [restart]}]})

    def begin(self) -> None:
        terms = self.terms
        self.show(terms.bid, terms.ask, terms.size, terms.size)

    def end(self) -> None:
        with suppress(Unavailable):
            self.clear_faults()

    def close(self) -> None:
        self._adapter = None
