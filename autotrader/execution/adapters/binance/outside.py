"""What Binance offers outside the engine: hands for a sweep, the checks of ``autotrader doctor``, and live quotes."""

from __future__ import annotations

from typing import Literal

from autotrader.config import Settings
from autotrader.execution.adapters.binance.checks import examine
from autotrader.execution.adapters.binance.codec import (
    Call,
    ErrorClass,
    cancel_all_call,
    cancel_call,
    decode_open_orders,
    decode_order_facts,
    open_orders_call,
    query_call,
    row_of,
)
from autotrader.execution.adapters.binance.config import BinanceSettings, binance_settings
from autotrader.execution.adapters.binance.feed import live_plan
from autotrader.execution.adapters.binance.hands import Hands, Key, error_of
from autotrader.execution.adapters.outside import CancelFate, OpenOrders
from autotrader.messages import QueryOrder, SendCancel
from autotrader.model import OrderUpdate

__all__ = ["BinanceSweepHands", "examine", "live_plan", "sweep_hands"]

SWEEP_DEADLINE_S = 5.0
"""A sweep does not wait as long for one answer as an order does: it asks again."""
ENGINE_DELAY_S = 10.0
"""What the venue may take on top of the receive window (binance.md 10.1): out here absence is seen once, not three times."""
_GONE = frozenset({ErrorClass.CANCEL_LATE, ErrorClass.NO_SUCH_ORDER, ErrorClass.ARCHIVED})


class BinanceSweepHands:
    """Binance's part in a sweep from outside; one thread."""

    bulk = True
    bulk_scope: Literal["symbol", "venue"] = "symbol"

    def __init__(self, settings: BinanceSettings) -> None:
        self.venue, self.account = settings.codec.venue, settings.account
        self.request_life_s = settings.request_life_s + ENGINE_DELAY_S
        key = Key(settings.api_key, settings.make_signer(), settings.recv_window_ms)
        self._hands = Hands(settings.hosts.rest, settings.codec, key, deadline_s=min(settings.deadline_s, SWEEP_DEADLINE_S))
        self._codec = settings.codec

    def list_open(self) -> OpenOrders:
        """Return all that is open at the account, on every symbol (weight 80)."""
        return OpenOrders(decode_open_orders(self._hands.read(open_orders_call()), self._codec))

    def cancel(self, command: SendCancel) -> CancelFate:
        """Cancel one order."""
        return self._cancel(cancel_call(command))

    def cancel_all(self, symbol: str) -> CancelFate:
        """Cancel all that is open on a symbol."""
        return self._cancel(cancel_all_call(symbol))

    def _cancel(self, call: Call) -> CancelFate:
        outcome, _ = self._hands.ask(call)
        if outcome.error_class is None:
            return "taken"
        if outcome.retry_after_s or outcome.error_class in (ErrorClass.AUTH, ErrorClass.FIREWALL):
            raise error_of(outcome, call)
        return "gone" if outcome.error_class in _GONE else "failed"

    def is_open(self, order: OrderUpdate) -> bool | None:
        """Ask for one order; -2013 is no proof that there is none, only that it is not known now."""
        call = query_call(QueryOrder(order.client_order_id, order.venue_order_id, order.symbol, 0))
        outcome, answer = self._hands.ask(call)
        if outcome.error_class in _GONE:
            return None
        if outcome.error_class is not None:
            raise error_of(outcome, call)
        return not row_of(decode_order_facts(answer.body, self._codec), self._codec).is_done

    def close(self) -> None:
        """Let go of the connection."""
        self._hands.close()


def sweep_hands(settings: Settings) -> BinanceSweepHands:
    """Return the hands of a configuration; raises ConfigError."""
    return BinanceSweepHands(binance_settings(settings.venues["binance"], settings.mode))
