"""How the codec behaves where the venue leaves a choice, or leaves us unsure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from autotrader.model import TimeInForce

__all__ = ["CodecSettings", "SelfTradePrevention"]

SelfTradePrevention = Literal["", "NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]


class CodecSettings(msgspec.Struct, frozen=True):
    """Constant for one adapter, apart from ``carried``, which the adapter fills and the codec only reads.

    - ``self_trade_prevention``: sent with every order; empty leaves it to the symbol's default.
    - ``emulated``: times in force the venue lacks (DAY, GTD) that are sent as GTC since the adapter cancels at their end.
    - ``touch_orders``: a stop whose trigger lies on the other side of the market goes out as TAKE_PROFIT. Off: it goes out as
      STOP_LOSS, and the venue refuses it ("Order would trigger immediately.").
    - ``marked_replacements``: a cancelReplace's new order gets our id with a mark behind it, so that both halves can be told
      apart; off: the same id again (whether the venue takes that before the cancel is done is not documented).
    - ``replace_partly_filled``: allow cancelReplace of an order with fills. A fill between our last news and the cancel then
      makes the new order too large by as much, so it is off.
    - ``qualified_ids``: venue order ids read ``BTCUSDT:28``; they are unique per symbol only. Off: ``28``, as on the wire.
    - ``rejected_reports_are_final``: a REJECTED on the stream is an ``OrderRejected``; off: ``OrderUnknown``, settled by query.
    - ``believed_in_5xx``: error codes believed although the HTTP status is 5xx (documented: every 5xx is an unknown outcome).
    - ``unlisted_is_refusal``: a 4xx answer with an error code that is not in the table refuses; off: unknown outcome.
    - ``limit_wait_s``, ``ban_wait_s``: what to wait after 429 and 418 that name no time.
    - ``carried``: what earlier venue orders of an order had filled, by (symbol, order id) of the one that replaced them.
    """

    account: str
    venue: str = "binance"
    self_trade_prevention: SelfTradePrevention = ""
    emulated: frozenset[TimeInForce] = frozenset()
    touch_orders: bool = False
    marked_replacements: bool = True
    replace_partly_filled: bool = False
    qualified_ids: bool = False
    rejected_reports_are_final: bool = True
    believed_in_5xx: frozenset[int] = frozenset()
    unlisted_is_refusal: bool = True
    limit_wait_s: float = 5.0
    ban_wait_s: float = 120.0
    carried: Mapping[tuple[str, int], Decimal] = msgspec.field(default_factory=dict)
