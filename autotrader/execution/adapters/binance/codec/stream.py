"""Frames of the WebSocket API: answers and user data events (binance.md section 5). Nothing is dropped.

A frame that cannot be read raises ``UnreadableFrame``; one of a kind that is not known yet is told as ``UnknownEvent``.
Events come wrapped (``{"subscriptionId", "event"}``), as combined streams wrap them (``{"stream", "data"}``), or bare.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

import msgspec

from autotrader.execution.adapters.binance.codec.errors_table import ErrorBody
from autotrader.execution.adapters.binance.codec.frames import BROKEN, UnreadableFrame, bytes_of
from autotrader.execution.adapters.binance.codec.numbers import Count, Identity, Moment, ns_of, number, signed
from autotrader.execution.adapters.binance.codec.reports import ExecutionReport, messages_of
from autotrader.execution.adapters.binance.codec.rules import budget_name
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.messages import BalanceTransferred, Message, UsageReported
from autotrader.model import Balance

__all__ = [
    "Answer", "BalanceMoved", "BalancesTold", "ListEvent", "LockMoved", "OrderEventTold", "StreamEnded", "UnknownEvent",
    "UserFrame", "VenueClosing", "decode_user_frame",
]


class OrderEventTold(msgspec.Struct, frozen=True):
    """An executionReport, and what it means to the order manager. ``report`` has the venue's own fields."""

    messages: tuple[Message, ...]
    report: ExecutionReport
    subscription: int | None = None


class BalancesTold(msgspec.Struct, frozen=True):
    """outboundAccountPosition: absolute balances of the assets that may have changed.

    ``updated_ns`` (the field ``u``) orders them: one older than the newest seen says nothing.
    """

    updated_ns: int
    balances: tuple[Balance, ...]
    subscription: int | None = None


class BalanceMoved(msgspec.Struct, frozen=True):
    """balanceUpdate: a deposit, withdrawal or transfer, also as the engine's own event."""

    asset: str
    delta: Decimal
    cleared_ns: int
    messages: tuple[Message, ...]
    subscription: int | None = None


class LockMoved(msgspec.Struct, frozen=True):
    """externalLockUpdate: another product of the venue locked (or freed) part of the wallet; the total stays."""

    asset: str
    delta: Decimal
    cleared_ns: int
    subscription: int | None = None


class ListEvent(msgspec.Struct, frozen=True):
    """listStatus: comes beside the legs' own reports; ``orders`` are (symbol, order id, client id)."""

    symbol: str
    list_id: int
    contingency: str
    list_status: str
    order_status: str
    reason: str
    client_list_id: str
    orders: tuple[tuple[str, int, str], ...]
    subscription: int | None = None


class StreamEnded(msgspec.Struct, frozen=True):
    """eventStreamTerminated: the subscription is over, the connection is not. Subscribe again and close the gap."""

    ended_ns: int
    subscription: int | None = None


class VenueClosing(msgspec.Struct, frozen=True):
    """serverShutdown: the connection will be closed. Reconnect at once."""

    told_ns: int


class UnknownEvent(msgspec.Struct, frozen=True):
    """An event of a kind that is not known here, whole."""

    kind: str
    raw: bytes
    subscription: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """An answer to a request on the socket. ``id`` None with status 401: the key was revoked. ``result`` is raw JSON."""

    id: int | str | None
    status: int
    result: bytes
    error: ErrorBody | None
    usage: tuple[UsageReported, ...]
    retry_after_ms: int | None = None


UserFrame = (
    OrderEventTold | BalancesTold | BalanceMoved | LockMoved | ListEvent | StreamEnded | VenueClosing | UnknownEvent | Answer
)


class _Row(msgspec.Struct):
    asset: str = msgspec.field(name="a")
    free: str = msgspec.field(name="f")
    locked: str = msgspec.field(name="l")


class _Position(msgspec.Struct, tag_field="e", tag="outboundAccountPosition"):
    updated: Moment = msgspec.field(name="u")
    balances: list[_Row] = msgspec.field(name="B")


class _BalanceUpdate(msgspec.Struct, tag_field="e", tag="balanceUpdate"):
    asset: str = msgspec.field(name="a")
    delta: str = msgspec.field(name="d")
    cleared: Moment = msgspec.field(name="T")


class _LockUpdate(msgspec.Struct, tag_field="e", tag="externalLockUpdate"):
    asset: str = msgspec.field(name="a")
    delta: str = msgspec.field(name="d")
    cleared: Moment = msgspec.field(name="T")


class _Leg(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    order_id: Identity = msgspec.field(name="i")
    client_id: str = msgspec.field(name="c")


class _ListStatus(msgspec.Struct, tag_field="e", tag="listStatus"):
    symbol: str = msgspec.field(name="s")
    list_id: int = msgspec.field(name="g")
    contingency: str = msgspec.field(name="c")
    list_status: str = msgspec.field(name="l")
    order_status: str = msgspec.field(name="L")
    legs: list[_Leg] = msgspec.field(name="O")
    reason: str = msgspec.field(name="r", default="")
    client_list_id: str = msgspec.field(name="C", default="")


class _Terminated(msgspec.Struct, tag_field="e", tag="eventStreamTerminated"):
    told: Moment = msgspec.field(name="E", default=0)


class _Shutdown(msgspec.Struct, tag_field="e", tag="serverShutdown"):
    told: Moment = msgspec.field(name="E", default=0)


_Event = ExecutionReport | _Position | _BalanceUpdate | _LockUpdate | _ListStatus | _Terminated | _Shutdown
KNOWN: Final = frozenset({
    "executionReport", "outboundAccountPosition", "balanceUpdate", "externalLockUpdate", "listStatus", "eventStreamTerminated",
    "serverShutdown",
})


class _Limit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    count: Count
    interval_num: Count = 1


class _Wrapped(msgspec.Struct, rename="camel"):
    event: _Event
    subscription_id: Identity | None = None


class _Loose(msgspec.Struct, rename="camel"):
    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    e: str | msgspec.UnsetType = msgspec.UNSET
    subscription_id: Identity | None = None
    status: Count | msgspec.UnsetType = msgspec.UNSET
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: ErrorBody | None = None
    rate_limits: list[_Limit] = []


class _Kind(msgspec.Struct):
    e: str


class _Wait(msgspec.Struct, rename="camel"):
    retry_after: Count | None = None


_WRAPPED = msgspec.json.Decoder(_Wrapped)
_LOOSE = msgspec.json.Decoder(_Loose)
_BARE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Event)
_KIND = msgspec.json.Decoder(_Kind)
_WAIT = msgspec.json.Decoder(_Wait)
_IS_WRAPPED = re.compile(rb'\s*\{\s*"(?:subscriptionId"\s*:\s*\d+\s*,\s*"event"|event")').match


def decode_user_frame(raw: bytes | str, settings: CodecSettings, recv_ns: int) -> UserFrame:
    """Read one frame of the WebSocket API; raises UnreadableFrame. ``recv_ns`` is engine time at receipt."""
    data = bytes_of(raw)
    try:
        if _IS_WRAPPED(data) is not None:
            if not data.isascii():
                data.decode()
            try:
                wrapped = _WRAPPED.decode(data)
            except msgspec.ValidationError:
                return _loose(data, settings, recv_ns)
            return _told(wrapped.event, wrapped.subscription_id, settings, recv_ns)
        return _loose(data, settings, recv_ns)
    except BROKEN as error:
        raise UnreadableFrame("a frame of the user stream", str(error)[:300], data) from error


def _loose(data: bytes, settings: CodecSettings, recv_ns: int) -> UserFrame:
    """Read a frame of any other form: unknown kinds, bare and combined events, answers."""
    if not data.isascii():
        data.decode()
    frame = _LOOSE.decode(data)
    for part in (frame.event, frame.data):
        if not isinstance(part, msgspec.UnsetType):
            return _event(bytes(part), data, frame.subscription_id, settings, recv_ns)
    if not isinstance(frame.e, msgspec.UnsetType):
        return _event(data, data, None, settings, recv_ns)
    if isinstance(frame.status, msgspec.UnsetType):
        raise ValueError("neither an event nor an answer")
    return _answer(frame, frame.status, settings)


def _event(part: bytes, data: bytes, subscription: int | None, settings: CodecSettings, recv_ns: int) -> UserFrame:
    kind = _KIND.decode(part).e
    if kind not in KNOWN:
        return UnknownEvent(kind, data, subscription)
    return _told(_BARE.decode(part), subscription, settings, recv_ns)


def _answer(frame: _Loose, status: int, settings: CodecSettings) -> Answer:
    usage = tuple(
        UsageReported(settings.venue, budget_name(row.rate_limit_type, row.interval, row.interval_num), row.count)
        for row in frame.rate_limits
    )
    return Answer(frame.id, status, bytes(frame.result), frame.error, usage, _retry_after(frame.error))


def _retry_after(error: ErrorBody | None) -> int | None:
    """Return ``error.data.retryAfter``, in ms since the epoch."""
    if error is None:
        return None
    try:
        return _WAIT.decode(error.data).retry_after
    except msgspec.ValidationError:
        return None


def _told(event: _Event, subscription: int | None, settings: CodecSettings, recv_ns: int) -> UserFrame:
    if type(event) is ExecutionReport:
        return OrderEventTold(messages_of(event, settings, recv_ns), event, subscription)
    return _other(event, subscription, settings)


def _other(event: _Event, subscription: int | None, settings: CodecSettings) -> UserFrame:
    if isinstance(event, _Position):
        return BalancesTold(ns_of(event.updated), tuple(_balance(row) for row in event.balances), subscription)
    if isinstance(event, _BalanceUpdate):
        delta, at_ns = signed(event.delta), ns_of(event.cleared)
        moved = BalanceTransferred(settings.venue, settings.account, event.asset, delta, at_ns, "told by the venue")
        return BalanceMoved(event.asset, delta, at_ns, (moved,), subscription)
    if isinstance(event, _LockUpdate):
        return LockMoved(event.asset, signed(event.delta), ns_of(event.cleared), subscription)
    if isinstance(event, _ListStatus):
        legs = tuple((leg.symbol, leg.order_id, leg.client_id) for leg in event.legs)
        return ListEvent(
            event.symbol, event.list_id, event.contingency, event.list_status, event.order_status, event.reason,
            event.client_list_id, legs, subscription,
        )
    if isinstance(event, _Terminated):
        return StreamEnded(ns_of(event.told), subscription)
    assert isinstance(event, _Shutdown)  # noqa: S101
    return VenueClosing(ns_of(event.told))


def _balance(row: _Row) -> Balance:
    free = number(row.free)
    return Balance(row.asset, free + number(row.locked), free)
