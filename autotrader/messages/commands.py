"""What strategies and callers ask of the order manager."""

from __future__ import annotations

from decimal import Decimal

from autotrader.messages.base import Lane, Message
from autotrader.model import Order

__all__ = ["CancelOrder", "ModifyOrder", "RequestRefused", "SubmitOrder"]


class SubmitOrder(Message, frozen=True):
    """Ask the order manager for a new order. ``sized_by`` is the strategy or the API user."""

    order: Order
    lane = Lane.ORDERS


class CancelOrder(Message, frozen=True):
    client_order_id: str
    by: str


class ModifyOrder(Message, frozen=True):
    """Ask for other terms; None leaves a term as it is."""

    client_order_id: str
    by: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    lane = Lane.ORDERS


class RequestRefused(Message, frozen=True):
    """A cancel or modify that cannot be done, told to who asked."""

    client_order_id: str
    request: str
    reason_code: str
    reason: str
    by: str
    lane = Lane.EVENTS
