"""What the contract needs of a venue: an adapter, the venue's own truth, its faults, and a hand on its market."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from autotrader.execution.facades import BaseBrokerAdapter

__all__ = ["ALL_TIMES", "ALL_TYPES", "Capabilities", "Json", "Terms", "VenueKit"]

Json = dict[str, Any]
ALL_TYPES = frozenset({"MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"})
ALL_TIMES = frozenset({"GTC", "DAY", "IOC", "FOK", "GTD"})


class Capabilities(NamedTuple):
    """What the venue has. A type or time that is not among these must be denied by us, with a reason, and never leave.

    ``missing`` is feature (``contract.cases.FEATURES``) to the reason why the venue cannot offer it. ``doubtful_reply`` is
    an answer by which the venue itself says that the outcome is not known, as a fault script writes it. ``shown_as`` are our
    words for types to the ledger's, where they differ. ``reject_code`` is what the venue refuses an order for good with.
    """

    types: frozenset[str] = ALL_TYPES
    times: frozenset[str] = ALL_TIMES
    missing: Mapping[str, str] = {}
    doubtful_reply: Mapping[str, Any] = {"status": 503}
    shown_as: Mapping[str, str] = {}
    reject_code: str = "-2010"


class Terms(NamedTuple):
    """The instrument that the cases trade, and the market they begin with.

    ``unit`` is the usual quantity, many lots and worth well over ``min_notional``; ``step`` a price distance of many ticks;
    ``size`` what is shown on either side. Fees are shares of the notional, taken in ``buy_fee_asset`` and ``sell_fee_asset``.
    ``leverage``: how many times its equity an account may hold.
    """

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    unit: Decimal
    step: Decimal
    bid: Decimal
    ask: Decimal
    size: Decimal
    min_notional: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    buy_fee_asset: str
    sell_fee_asset: str
    leverage: Decimal = Decimal(1)


class VenueKit(Protocol):
    """One venue under test. The adapter that was made last is the one in use; one thread, the test's."""

    name: str
    terms: Terms
    capabilities: Capabilities

    def make_adapter(self, **options: Any) -> BaseBrokerAdapter:
        """Make an adapter that is not connected yet; ``options`` are laid over the kit's own, ``journal`` is among them."""

    def ledger(self) -> Json:
        """Return the truth, in the form of ``GET /_sim/ledger``."""

    def intent_of(self, client_order_id: str) -> str:
        """Return our client order id behind one that the venue shows: the order that it came in place of, or itself."""

    def faults(self, script: Json) -> None:
        """Let a fault script run from now on, in place of the one before."""

    def fired(self) -> int:
        """Return how often rules of the running script have acted."""

    def clear_faults(self) -> None:
        """End the running script."""

    def show(self, bid: Decimal, ask: Decimal, bid_size: Decimal, ask_size: Decimal) -> None:
        """Set the market, and return once the engine has seen it if it is connected."""

    def trade(self, price: Decimal, quantity: Decimal) -> None:
        """Print a trade of others: it fills what rests at better prices, as far as ``quantity`` goes."""

    def place_by_hand(self, side: str, quantity: Decimal, price: Decimal | None = None) -> str:
        """Place an order on the account past the engine; return the client order id that the ledger knows it by."""

    def cancel_by_hand(self, client_order_id: str) -> None:
        """Cancel an order on the account past the engine."""

    def restart_venue(self, down_s: float, *, keep_orders: bool) -> None:
        """Let the venue go away and come back; the running script is over."""

    def begin(self) -> None:
        """Set the market of ``terms``, without faults, for the next case."""

    def end(self) -> None:
        """Leave nothing of the case behind: no faults, no orders."""

    def close(self) -> None:
        """Let go of the venue; a case that follows gets a fresh one."""
