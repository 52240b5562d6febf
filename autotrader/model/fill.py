"""One trade of one order."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model.types import Liquidity, Side

__all__ = ["Fill"]


class Fill(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One trade, as the venue reported it; known by (venue, account, symbol, trade_id).

    ``fee`` is what was charged in ``fee_asset`` (a rebate is negative). An inferred fill stands in for a trade that the
    venue has counted but not shown; it goes when the real one comes.

    The journal leaves out fields that hold their default, so the defaults are part of its format, never to be changed.
    """

    trade_id: str
    client_order_id: str
    venue_order_id: str | None
    venue: str
    account: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    ts_ns: int
    inferred: bool = False
    strategy: str = ""
