"""What the operator and threads outside ask for."""

from __future__ import annotations

from autotrader.messages.base import Lane, Message

__all__ = [
    "AttachRoute", "ClearBlock", "DiscardDeadLetter", "GetBalances", "GetInstruments", "GetMetrics", "GetOpenOrders",
    "GetOrder", "GetPositions", "GetStatus", "Question", "RetryDeadLetter", "StopTrading", "Subscribe", "SweepDue",
    "SwitchStrategy",
]


class Question(Message, frozen=True):
    """Asked by threads outside, and changes nothing: a lock-step replay does not wait for it."""


class GetStatus(Question, frozen=True):
    """Asked; answered by the actor's own snapshot."""


class GetOrder(Question, frozen=True):
    """Asked; answered by an ``OrderUpdate``, or None when neither memory nor journal knows the order.

    In the lane of orders: whoever submits and then asks is told of what was submitted.
    """

    client_order_id: str
    lane = Lane.ORDERS


class GetOpenOrders(Question, frozen=True):
    """Asked; answered by a tuple of ``OrderUpdate``, those that are not done, oldest first."""


class GetPositions(Question, frozen=True):
    """Asked; answered by a tuple of ``Position``."""


class GetInstruments(Question, frozen=True):
    """Asked; answered by a tuple of ``Instrument``: what the venues have listed since they were connected."""


class GetBalances(Question, frozen=True):
    """Asked; answered by a dict of asset to total."""

    venue: str


class GetMetrics(Question, frozen=True):
    """Asked; answered by the metrics' summary."""


class AttachRoute(Message, frozen=True):
    """Tell the actor ``actor`` of all that concerns the strategy ``name``, as soon as the actor runs."""

    name: str
    actor: str


class Subscribe(Message, frozen=True):
    """Tell the actor ``name`` from now on of all that a person should know, and of every fill and order update if wanted."""

    name: str
    fills: bool = True
    updates: bool = True


class SweepDue(Message, frozen=True):
    """The order manager's second hand: queries owed, sweeps, watches."""


class StopTrading(Message, frozen=True):
    """No new orders from now on, for ``reason`` (empty: trade on); with ``cancel`` every open order of ours is cancelled."""

    cancel: bool
    reason: str


class SwitchStrategy(Message, frozen=True):
    """The operator switches a strategy off, or on again after it was stopped."""

    strategy: str
    on: bool
    by: str


class ClearBlock(Message, frozen=True):
    """The operator lifts a block, after looking."""

    venue: str
    symbol: str
    reason: str
    by: str


class RetryDeadLetter(Message, frozen=True):
    """The operator asks for a dead letter to be tried again, as a new order that passes all limits anew."""

    letter_id: str
    by: str


class DiscardDeadLetter(Message, frozen=True):
    letter_id: str
    reason: str
    by: str
