"""Events as rows: kind, time, order and venue beside the JSON that holds all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

import autotrader.messages as messages
from autotrader.errors import JournalError
from autotrader.messages import DeadLetterAdded, Message, OrderEvent, OrderFilled

__all__ = ["Described", "decode_event", "describe", "encode_event"]

Described = tuple[int | None, str, str]
"""(ts_ns or None, client order id or "", venue or "")."""

encode_event: Callable[[Message], bytes] = msgspec.json.Encoder().encode
_KINDS: Final = [kind for kind in vars(messages).values() if isinstance(kind, type) and issubclass(kind, Message)]
_DECODERS: Final = {kind.__name__: msgspec.json.Decoder(kind) for kind in _KINDS}


def describe(kind: type[Message]) -> Callable[[Message], Described]:
    """Return the function that reads time, order id and venue from events of this type; absent is None or empty."""
    fields = set(kind.__struct_fields__)
    if issubclass(kind, OrderFilled):
        return _of_fill
    if issubclass(kind, OrderEvent):
        return _of_order_event
    if {"order", "ts_ns"} <= fields:
        return _of_order
    return _of_letter if issubclass(kind, DeadLetterAdded) else _of_any


def _of_order_event(event: Message) -> Described:
    return event.ts_ns, event.client_order_id, event.venue  # type: ignore[attr-defined]


def _of_fill(event: Message) -> Described:
    return event.ts_ns, event.client_order_id or event.fill.client_order_id, event.venue  # type: ignore[attr-defined]


def _of_order(event: Message) -> Described:
    order = event.order  # type: ignore[attr-defined]
    return event.ts_ns, order.client_order_id, order.venue  # type: ignore[attr-defined]


def _of_letter(event: Message) -> Described:
    return event.last_ns, event.client_order_id, event.venue  # type: ignore[attr-defined]


def _of_any(event: Message) -> Described:
    return getattr(event, "ts_ns", None), getattr(event, "client_order_id", ""), getattr(event, "venue", "")


def decode_event(kind: str, payload: str) -> Message:
    """Return the event of a row; raises ``JournalError`` when its kind is not known or its JSON does not fit."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise JournalError(f"the journal holds an event {kind!r} that this release does not know; use a newer autotrader")
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeError) as e:
        raise JournalError(f"an event {kind} of the journal cannot be read: {e}") from e
