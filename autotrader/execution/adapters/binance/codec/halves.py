"""The two halves of a cancelReplace that did not go through whole (binance.md section 3: -2021, -2022, 409, 429).

| cancel | new order | told |
|---|---|---|
| SUCCESS | SUCCESS | succeeded and replaced |
| SUCCESS | FAILURE, NOT_ATTEMPTED | the replace is refused, the order is cancelled |
| SUCCESS | FAILURE of unknown outcome | unknown: the new order may live |
| FAILURE of unknown outcome | any | unknown |
| FAILURE | SUCCESS | accepted under a second id, and unknown: two orders may live |
| FAILURE, not taken for now | not done | the attempt failed, and may be tried again |
| FAILURE | not done | the replace is refused, the order stands |
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from autotrader.execution.adapters.binance.codec.calls import Call
from autotrader.execution.adapters.binance.codec.errors_table import NOT_TAKEN, ErrorBody, ErrorClass, classify
from autotrader.execution.adapters.binance.codec.frames import BROKEN, UnreadableFrame
from autotrader.execution.adapters.binance.codec.ids import venue_order_id
from autotrader.execution.adapters.binance.codec.orders import OrderAnswer
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.execution.adapters.binance.codec.success import canceled_messages, succeeded
from autotrader.messages import Message, OrderAccepted, OrderUnknown, ReplaceRejected, SendReplace

__all__ = ["Judged", "judge_halves"]

_Word = Literal["SUCCESS", "FAILURE", "NOT_ATTEMPTED"]
BAD_REQUEST: Final = 400


class Judged(msgspec.Struct, frozen=True):
    """What to tell; or, with ``not_taken``, the kind of an attempt that failed whole."""

    told: list[Message] = []
    carried: tuple[tuple[tuple[str, int], Decimal], ...] = ()
    not_taken: str | None = None
    code: str = ""
    reason: str = ""


class _Data(msgspec.Struct, rename="camel"):
    cancel_result: _Word
    new_order_result: _Word
    cancel_response: msgspec.Raw = msgspec.Raw(b"null")
    new_order_response: msgspec.Raw = msgspec.Raw(b"null")


_DATA = msgspec.json.Decoder(_Data | None)
_ORDER = msgspec.json.Decoder(OrderAnswer)
_ERROR = msgspec.json.Decoder(ErrorBody)


def judge_halves(call: Call, data: msgspec.Raw, settings: CodecSettings, recv_ns: int) -> Judged | None:
    """Judge ``data`` of a cancelReplace's error; None when there is none. Raises UnreadableFrame."""
    try:
        halves = _DATA.decode(data)
        return None if halves is None else _judge(call, halves, settings, recv_ns)
    except BROKEN as error:
        raise UnreadableFrame("the halves of a cancelReplace", str(error)[:300], bytes(data)) from error


def _judge(call: Call, halves: _Data, settings: CodecSettings, recv_ns: int) -> Judged:
    if halves.cancel_result == "SUCCESS":
        return _canceled(call, halves, settings, recv_ns)
    if halves.new_order_result == "SUCCESS":
        return _two_live(call, halves, settings, recv_ns)
    no = _no_of(halves.cancel_response) if halves.cancel_result == "FAILURE" else _no_of(halves.new_order_response)
    classes = [_class_of(part, word, settings) for part, word in _parts(halves)]
    if ErrorClass.UNKNOWN in classes:
        return _doubt(call, no, settings, recv_ns)
    kind = next((NOT_TAKEN[one] for one in classes if one in NOT_TAKEN), None)
    if kind is not None:
        return Judged(not_taken=kind, code=_code_of(no), reason=no.msg)
    own, name = _names(call)
    told = ReplaceRejected(own, settings.venue, recv_ns, name, _code_of(no), no.msg)
    return Judged([told], code=_code_of(no), reason=no.msg)


def _parts(halves: _Data) -> list[tuple[msgspec.Raw, _Word]]:
    return [(halves.cancel_response, halves.cancel_result), (halves.new_order_response, halves.new_order_result)]


def _names(call: Call) -> tuple[str, str | None]:
    command = call.command
    assert isinstance(command, SendReplace)  # noqa: S101
    return command.order.client_order_id, command.venue_order_id


def _no_of(part: msgspec.Raw) -> ErrorBody:
    """Return a half's error, its text cut; one that was not attempted has none."""
    if bytes(part).strip() == b"null":
        return ErrorBody(0, "not attempted")
    no = _ERROR.decode(part)
    return ErrorBody(no.code, no.msg[:300])


def _code_of(no: ErrorBody) -> str:
    return str(no.code)[:12]


def _class_of(part: msgspec.Raw, word: _Word, settings: CodecSettings) -> ErrorClass | None:
    return classify(BAD_REQUEST, _no_of(part), settings) if word == "FAILURE" else None


def _doubt(call: Call, no: ErrorBody, settings: CodecSettings, recv_ns: int) -> Judged:
    own, name = _names(call)
    reason = f"half of a replace is unknown: {no.code} {no.msg}"
    return Judged([OrderUnknown(own, settings.venue, recv_ns, name, "replace", reason)], code=_code_of(no), reason=no.msg)


def _canceled(call: Call, halves: _Data, settings: CodecSettings, recv_ns: int) -> Judged:
    old = _ORDER.decode(halves.cancel_response)
    if halves.new_order_result == "SUCCESS":
        landed = succeeded(call, old, _ORDER.decode(halves.new_order_response), settings, recv_ns)
        return Judged(landed.told, landed.carried)
    no = _no_of(halves.new_order_response)
    if _class_of(halves.new_order_response, halves.new_order_result, settings) is ErrorClass.UNKNOWN:
        return _doubt(call, no, settings, recv_ns)
    own, name = _names(call)
    refused = ReplaceRejected(own, settings.venue, recv_ns, name, _code_of(no), f"the old order is cancelled: {no.msg}")
    return Judged([refused, *canceled_messages(old, settings, recv_ns)], code=_code_of(no), reason=no.msg)


def _two_live(call: Call, halves: _Data, settings: CodecSettings, recv_ns: int) -> Judged:
    """Only ALLOW_FAILURE leads here, which is never sent; if the venue says so all the same, nothing is glossed over."""
    new, own = _ORDER.decode(halves.new_order_response), _names(call)[0]
    name = venue_order_id(new.symbol, new.order_id, settings.qualified_ids)
    reason = "the new order was placed although the old one was not cancelled"
    return Judged(
        [
            OrderAccepted(own, settings.venue, recv_ns, name),
            OrderUnknown(own, settings.venue, recv_ns, None, "replace", reason),
        ],
        reason=reason,
    )
