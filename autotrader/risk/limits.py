"""The pre-trade controls as one pass: the last check before the journal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from autotrader.model import Fill, KillLevel, Mode, Order
from autotrader.risk.exposure import Exposure
from autotrader.risk.receipts import ReceiptBook
from autotrader.risk.settings import RiskSettings
from autotrader.risk.verdicts import Breach, Verdict

__all__ = ["Limits"]


class Limits:
    """Runs every control of ``settings`` over one request. Owned by the order manager's thread; engine time comes in."""

    def __init__(
        self,
        settings: RiskSettings,
        exposure: Exposure,
        receipts: ReceiptBook,
        *,
        mode: Mode = Mode.PAPER,
        level_of: Callable[[str], KillLevel] = lambda _venue: KillLevel.ARMED,
        tape: bool = False,
    ) -> None:
        raise NotImplementedError

    def check(self, order: Order, now_ns: int) -> Verdict:
        """Judge a new order. On Passed, tell ``Exposure.on_order`` of it as SENT before the next check."""
        raise NotImplementedError

    def check_modify(
        self,
        order: Order,
        now_ns: int,
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Verdict:
        """Judge new terms (None leaves a term) for an order, given with the terms it has now.

        On Passed, ``order`` holds the new terms with the new total quantity, and the exposure counts the larger of old and
        new until the order is reported OPEN or PARTIALLY_FILLED again, or done.
        """
        raise NotImplementedError

    def check_cancel(self, client_order_id: str, strategy: str, now_ns: int) -> Breach | None:
        """Count a cancel. It may always go; a Breach (churn) means that the strategy has to stop."""
        raise NotImplementedError

    def on_fill(self, fill: Fill, now_ns: int) -> Breach | None:
        """Count a booked fill (repeated_execution)."""
        raise NotImplementedError

    def on_equity(self, now_ns: int) -> list[Breach]:
        """Judge day_loss and drawdown; each level is told once until re-armed or, for the day, until the next."""
        raise NotImplementedError

    def stop_strategy(self, strategy: str, reason: str) -> None:
        """Deny all that the strategy asks until ``rearm_strategy``."""
        raise NotImplementedError

    def rearm_strategy(self, strategy: str) -> None:
        """Let a stopped strategy trade again (the operator's word)."""
        raise NotImplementedError

    def rearm_losses(self, now_ns: int) -> None:
        """Start day_loss and drawdown anew at the equity of now (the operator's word)."""
        raise NotImplementedError

    def replace_settings(self, settings: RiskSettings) -> None:
        """Take other settings from the next order on; ask ``loosened`` first whether an operator is needed."""
        raise NotImplementedError

    def export_state(self) -> str:
        """Return day start, peak and rates as JSON text for the journal."""
        raise NotImplementedError

    def import_state(self, text: str) -> None:
        """Go on from what ``export_state`` gave; before the first balances."""
        raise NotImplementedError
