"""What the paper venue tells itself to do later: its own messages, by the engine's clock."""

from __future__ import annotations

from autotrader.messages import Lane, Message, QueryOrder, SendCancel, SendOrder, SendReplace, TakeSnapshot

__all__ = ["AnswersDue", "ExpiryDue", "Request", "RequestArrived", "WeatherDue"]

Request = SendOrder | SendReplace | SendCancel | QueryOrder | TakeSnapshot


class RequestArrived(Message, frozen=True):
    """A request has reached the venue. ``plain``: its disturbance is behind it. ``left_ns``: when it left (machine's clock)."""

    request: Request
    left_ns: int
    plain: bool = False
    lane = Lane.ORDERS


class AnswersDue(Message, frozen=True):
    """What the venue said has reached us. ``client_order_id``: the request it answers, empty for news on the stream."""

    answers: tuple[Message, ...]
    client_order_id: str = ""
    left_ns: int = 0
    lane = Lane.EVENTS


class WeatherDue(Message, frozen=True):
    """An outage, a halt or a rule of the fault script begins or ends."""


class ExpiryDue(Message, frozen=True):
    """An order is past its time."""
