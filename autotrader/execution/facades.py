"""Single-venue and single-purpose faces of the engine, for programs that want no more than one adapter or one manager."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, ClassVar, Self

import msgspec

from autotrader.config import Settings
from autotrader.errors import ConfigError
from autotrader.execution.config import ExecutionConfig
from autotrader.execution.engine import ExecutionEngine
from autotrader.execution.front import Event
from autotrader.messages import GetStatus
from autotrader.model import Fill, Order, OrderType, OrderUpdate, Position, Side, TimeInForce, decimal_of
from autotrader.resiliency.status import ResiliencyStatus

__all__ = [
    "BaseBrokerAdapter", "BinanceAdapter", "IBKRAdapter", "OrderManager", "PaperTradingAdapter", "ResiliencyManager",
]

Number = Decimal | int | str


class BaseBrokerAdapter:
    """One venue behind blocking calls; it runs, on its own, a one-venue engine with limits, journal and gate.

    ``config`` is an ExecutionConfig, a mapping of sections, or None. ``options`` are sections of the configuration, keys of the
    venue's own section, or ``arm=True`` for mode LIVE. Every call may come from any thread and raises ``WaitTimeout`` when it
    outlives its time-out: the order stays tracked. Callbacks run on a dispatcher thread. Subclasses name their ``venue`` and
    ``mode``.
    """

    venue: ClassVar[str] = ""
    mode: ClassVar[str] = "LIVE"

    def __init__(self, config: ExecutionConfig | Mapping[str, Any] | None = None, **options: Any) -> None:
        if not self.venue:
            raise ConfigError(f"{type(self).__name__} names no venue: use one of the adapters, or set venue in a subclass")
        self._config, self._options = config, options
        self._engine: ExecutionEngine | None = None

    @property
    def engine(self) -> ExecutionEngine:
        """Return the engine behind the adapter, for what the adapter has no call for."""
        if self._engine is None:
            self._engine = ExecutionEngine(self._make_config())
        return self._engine

    def configure(self, **options: Any) -> None:
        """Add options before the first use; raises ConfigError afterwards."""
        if self._engine is not None:
            raise ConfigError(f"{type(self).__name__} is in use already: configure it before connect()")
        self._options = _merged(self._options, options)

    def _make_config(self) -> ExecutionConfig:
        if isinstance(self._config, ExecutionConfig):
            if self._options:
                raise ConfigError("give an ExecutionConfig or options, not both")
            return self._config
        sections = dict(self._config or {})
        wide = {key: value for key, value in self._options.items() if _is_section(key, value)}
        own = {key: value for key, value in self._options.items() if key not in wide}
        arm = own.pop("arm", False) is True
        sections = _merged(sections, wide)
        sections = _merged(sections, {"venues": {self.venue: {"enabled": True, **own}}})
        return ExecutionConfig(arm=arm, **{"mode": self.mode, **sections})

    # ------------------------------------------------------------ life

    def connect(self, timeout_s: float = 10.0) -> None:
        """Connect and wait until the venue's books are reconciled."""
        self.engine.connect(timeout_s)

    def disconnect(self) -> None:
        """Stop in good order; open orders are cancelled or left by ``stop.policy``."""
        if self._engine is not None:
            self._engine.stop()

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.disconnect()

    # ------------------------------------------------------------ orders

    def new_order(
        self, symbol: str, side: Side | str, quantity: Number, type: OrderType | str = OrderType.MARKET, *,  # noqa: A002
        price: Number | None = None, stop_price: Number | None = None, trail: Number | None = None,
        time_in_force: TimeInForce | str = TimeInForce.GTC, expires_ns: int | None = None, post_only: bool = False,
        reduce_only: bool = False, tag: str | None = None,
    ) -> Order:
        """Make an order with a fresh id for this venue; raises TypeError or ValueError naming the field."""
        account = self.engine.accounts[self.venue]
        numbers = {"price": price, "stop_price": stop_price, "trail": trail}
        terms = {name: None if value is None else decimal_of(value, name) for name, value in numbers.items()}
        return Order(
            self.engine.new_order_id(self.venue), self.venue, account, symbol, Side(side), OrderType(type),
            decimal_of(quantity, "quantity"), TimeInForce(time_in_force), terms["price"], terms["stop_price"], terms["trail"],
            expires_ns, post_only, reduce_only, "api", tag, self.engine.now_ns(), self.engine.monotonic_ns(),
        )

    def submit_order(self, order: Order, timeout_s: float = 10.0) -> OrderUpdate:
        """Send an order and wait for the venue's answer, or our own no; the update's ``state`` and ``reason`` say which."""
        return self.engine.submit_order(order).wait(timeout_s)

    def cancel_order(self, client_order_id: str, timeout_s: float = 10.0) -> OrderUpdate:
        """Cancel and wait until the order is at its end: cancelled, or filled before that."""
        return self.engine.cancel_order(client_order_id).wait(timeout_s)

    def modify_order(
        self, client_order_id: str, quantity: Number | None = None, price: Number | None = None, timeout_s: float = 10.0
    ) -> OrderUpdate:
        """Ask for another total quantity or price, and wait for the venue's answer."""
        new_quantity = None if quantity is None else decimal_of(quantity, "quantity")
        new_price = None if price is None else decimal_of(price, "price")
        return self.engine.modify_order(client_order_id, quantity=new_quantity, price=new_price).wait(timeout_s)

    def get_order_status(self, client_order_id: str) -> OrderUpdate:
        """Return the order as it stands; raises InvalidOrder for an id that was never used."""
        return self.engine.order(client_order_id)

    def get_positions(self) -> tuple[Position, ...]:
        """Return all positions at the venue."""
        return tuple(one for one in self.engine.positions() if one.venue == self.venue)

    def get_account_balance(self) -> dict[str, Decimal]:
        """Return the total per asset."""
        return self.engine.balances(self.venue)

    def subscribe_fills(self, callback: Callable[[Fill], None]) -> None:
        """Have every fill handed to ``callback``, on a dispatcher thread."""
        self.engine.subscribe_fills(callback)

    def subscribe(self, target: queue.Queue[Event] | queue.SimpleQueue[Event]) -> None:
        """Have fills, order updates and alerts put on a queue of your own."""
        self.engine.subscribe(target)


class PaperTradingAdapter(BaseBrokerAdapter):
    """The paper venue: a matching engine in this process, on a synthetic market or a recorded tape."""

    venue = "paper"
    mode = "PAPER"


class BinanceAdapter(BaseBrokerAdapter):
    """Binance Spot. Options are the keys of ``[venues.binance]``, such as ``api_key``, ``api_secret`` and ``symbols``.

    ``mode`` is LIVE unless given: "TESTNET" for the testnet and demo, "SIMULATED" for a simulated venue on this machine.
    """

    venue = "binance"


class IBKRAdapter(BaseBrokerAdapter):
    """Interactive Brokers over TWS or IB Gateway. Options are keys of ``[venues.ibkr]``, such as ``account`` and ``symbols``.

    ``mode`` is LIVE unless given: "TESTNET" for a paper account, "SIMULATED" for a simulated TWS on this machine.
    """

    venue = "ibkr"


class OrderManager:
    """The order manager of an engine, as an object of its own."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self._engine = engine

    def submit_order(self, order: Order, timeout_s: float = 10.0) -> OrderUpdate:
        """Send an order and wait for the venue's answer, or our own no."""
        return self._engine.submit_order(order).wait(timeout_s)

    def get_position(self, symbol: str, venue: str | None = None) -> Position | None:
        """Return the position in a symbol, None when there never was one; raises ConfigError for a symbol of two venues."""
        found = [one for one in self._engine.positions() if one.symbol == symbol and venue in (None, one.venue)]
        if len(found) > 1:
            raise ConfigError(f"{symbol} is held at {', '.join(one.venue for one in found)}: name the venue")
        return found[0] if found else None

    def get_performance_metrics(self) -> dict[str, Any]:
        """Return orders, fills, fill rate, latencies, notional, fees and rejects."""
        return self._engine.metrics()


class ResiliencyManager:
    """An adapter with retries and a circuit breaker of your choice; the calls are those of the adapter.

    ``max_retries`` are attempts in all, ``initial_backoff`` and ``circuit_breaker_timeout`` seconds,
    ``circuit_breaker_threshold`` the failures that may open the breaker. Give it an adapter that is not in use yet.
    """

    def __init__(
        self, adapter: BaseBrokerAdapter, max_retries: int = 3, initial_backoff: float = 0.5,
        circuit_breaker_threshold: int = 5, circuit_breaker_timeout: float = 60.0,
    ) -> None:
        self.adapter = adapter
        adapter.configure(
            retry={"max_retries": max_retries, "initial_backoff_s": initial_backoff},
            breaker={"minimum_failures": circuit_breaker_threshold, "open_max_s": circuit_breaker_timeout},
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.adapter, name)

    def get_status(self) -> dict[str, Any]:
        """Return breaker, failures of the last five minutes, waiting retries and dead letters, as plain values."""
        status: ResiliencyStatus = self.adapter.engine.ask_actor(f"resiliency.{self.adapter.venue}", GetStatus())
        plain: dict[str, Any] = msgspec.to_builtins(status)
        return plain


def _is_section(key: str, value: object) -> bool:
    """Say whether an option is a section of the configuration; ``account`` as text is the venue's own."""
    return key in Settings.model_fields and not (key == "account" and isinstance(value, str))


def _merged(tree: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree of settings over another."""
    both = dict(tree)
    for key, value in over.items():
        below = both.get(key)
        both[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return both
