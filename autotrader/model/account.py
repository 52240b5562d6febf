"""What a venue says of an account."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model.fill import Fill
from autotrader.model.order import OrderUpdate
from autotrader.model.types import Mode

__all__ = ["AccountInfo", "Balance", "VenueSnapshot"]


class AccountInfo(msgspec.Struct, frozen=True):
    """Who the venue says we are; checked against the configuration at every connect."""

    venue: str
    account: str
    mode: Mode
    can_trade: bool = True
    can_withdraw: bool = False
    can_short: bool = False


class Balance(msgspec.Struct, frozen=True):
    """One asset of an account: ``total`` includes what open orders hold, ``free`` does not."""

    asset: str
    total: Decimal
    free: Decimal


class VenueSnapshot(msgspec.Struct, frozen=True):
    """The venue's books at one moment, for reconciliation.

    ``orders`` holds every open order, and those done orders that were asked for by name; ``trades`` everything since
    ``trades_since_ns``. A part that could not be fetched makes the snapshot incomplete: absence then proves nothing.
    """

    venue: str
    account: str
    asked_ns: int
    orders: tuple[OrderUpdate, ...]
    trades: tuple[Fill, ...]
    balances: tuple[Balance, ...]
    positions: tuple[tuple[str, Decimal], ...]
    trades_since_ns: int
    complete: bool = True
