"""An order as messages show it: the terms as they stand, with the ids that clients know it by. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model import ZERO
from autotrader.simulator.ibkr.contracts import ContractTerms

__all__ = ["Margins", "WireOrder"]


class Margins(msgspec.Struct, frozen=True, gc=False):
    """What an order would do to the account, for a what-if order; in dollars."""

    init_before: Decimal
    init_change: Decimal
    maint_before: Decimal
    maint_change: Decimal
    equity_before: Decimal
    equity_change: Decimal
    commission: Decimal


class WireOrder(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One order of one client at one moment. ``exchange`` is where the client sent it; prices are None when there are none."""

    order_id: int
    client_id: int
    perm_id: int
    contract: ContractTerms
    exchange: str
    action: str
    quantity: Decimal
    type: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tif: str = "DAY"
    oca_group: str = ""
    oca_type: int = 3
    account: str = ""
    open_close: str = ""
    order_ref: str = ""
    parent_id: int = 0
    outside_rth: bool = False
    hidden: bool = False
    model: str = ""
    good_after: str = ""
    good_till: str = ""
    display_size: int | None = None
    all_or_none: bool = False
    min_quantity: int | None = None
    trigger_method: int = 0
    trail_stop_price: Decimal | None = None
    trailing_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    status: str = "PreSubmitted"
    filled: Decimal = ZERO
    average_price: Decimal = ZERO
    last_price: Decimal = ZERO
    why_held: str = ""
    margins: Margins | None = None
    warning: str = ""
    completed_time: str = ""
    completed_status: str = ""

    @property
    def remaining(self) -> Decimal:
        """Return what is still to be filled, never less than nothing."""
        return max(self.quantity - self.filled, ZERO)
