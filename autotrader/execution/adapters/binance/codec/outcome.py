"""What became of a call: the five outcomes and no others, whatever came back (binance.md sections 3, 8 and 10).

``outcome_of`` takes any answer and never raises. A body that cannot be read is an unknown outcome, told together with the frame
itself, so that the journal has it. The precedence of status, code and text is that of ``errors_table``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec.calls import Call, CallKind
from autotrader.execution.adapters.binance.codec.errors_table import NOT_TAKEN, ErrorBody, ErrorClass, classify, decode_error
from autotrader.execution.adapters.binance.codec.frames import UnreadableFrame, bytes_of, frame_unreadable
from autotrader.execution.adapters.binance.codec.halves import judge_halves
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.execution.adapters.binance.codec.success import READERS, Landed
from autotrader.execution.adapters.binance.codec.usage import retry_after_s, usage_of
from autotrader.messages import (
    AttemptFailed,
    CancelRejected,
    Message,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    QueryOrder,
    ReplaceRejected,
    SendCancel,
    SendOrder,
    SendReplace,
    UsageReported,
)
from autotrader.model import ZERO, OrderState

__all__ = ["Outcome", "outcome_of", "outcome_of_failure"]


class Outcome(msgspec.Struct, frozen=True):
    """What a call came to.

    ``told`` goes to the order manager in this order, ``failures`` and ``usage`` to the resiliency manager; ``ok`` says that the
    venue answered as a healthy one does (a refusal is healthy), ``code`` and ``reason`` are its words, ``retry_after_s`` is how
    long to keep quiet. ``error_class`` is None after a success: a read's own decoder may then have the body. ``carried`` is
    what the adapter adds to ``CodecSettings.carried``.
    """

    ok: bool
    told: tuple[Message, ...] = ()
    failures: tuple[AttemptFailed, ...] = ()
    usage: tuple[UsageReported, ...] = ()
    error_class: ErrorClass | None = None
    code: str = ""
    reason: str = ""
    retry_after_s: float = 0.0
    carried: tuple[tuple[tuple[str, int], Decimal], ...] = ()


class _Case(msgspec.Struct, frozen=True):
    """A call that did not succeed, and why."""

    call: Call
    error_class: ErrorClass
    code: str
    reason: str
    retry_after_s: float
    settings: CodecSettings
    recv_ns: int


_HEALTHY: Final = frozenset({
    ErrorClass.REFUSED, ErrorClass.DUPLICATE, ErrorClass.CANCEL_LATE, ErrorClass.CANCEL_REFUSED, ErrorClass.NO_SUCH_ORDER,
    ErrorClass.ARCHIVED, ErrorClass.IDS_DISAGREE, ErrorClass.PARTIAL, ErrorClass.NEITHER,
})
_GONE: Final = frozenset({ErrorClass.CANCEL_LATE, ErrorClass.NO_SUCH_ORDER, ErrorClass.ARCHIVED})
_REFUSED: Final = frozenset({ErrorClass.REFUSED, ErrorClass.CANCEL_REFUSED})


def outcome_of(
    call: Call, status: int, headers: Mapping[str, str], body: bytes | str, settings: CodecSettings, recv_ns: int,
    now_ns: int | None = None,
) -> Outcome:
    """Judge an answer; never raises.

    ``recv_ns`` is engine time at receipt, ``now_ns`` the machine's UTC time, which bans are dated in (None: ``recv_ns``).
    """
    usage = usage_of(headers, settings.venue)
    wall_ns = recv_ns if now_ns is None else now_ns
    if 200 <= status < 300:
        return _landed(call, body, settings, recv_ns, usage)
    error = decode_error(body)
    error_class = classify(status, error, settings)
    wait_s = retry_after_s(headers, error, error_class, settings, wall_ns)
    code, reason = _words(status, error)
    case = _Case(call, error_class, code, reason, wait_s, settings, recv_ns)
    if call.kind is CallKind.CANCEL_REPLACE and error is not None and status < 500:
        halves = _halves(case, error, body)
        if halves is not None:
            return msgspec.structs.replace(halves, usage=usage, retry_after_s=wait_s)
    told = _failed(case)
    if error is None and error_class is ErrorClass.UNKNOWN and status < 500 and call.command is not None:
        told.append(frame_unreadable(_unreadable(call, status, body), settings.venue, recv_ns))
    return _outcome(case, told, usage)


def outcome_of_failure(call: Call, sent: bool, reason: str, settings: CodecSettings, recv_ns: int, code: str = "") -> Outcome:
    """Judge a call without an answer: ``sent`` is False only where nothing can have left (connect refused, DNS, TLS)."""
    if sent:
        case = _Case(call, ErrorClass.UNKNOWN, code or "NO_ANSWER", reason, 0.0, settings, recv_ns)
        return _outcome(case, _failed(case), ())
    failures: tuple[AttemptFailed, ...] = ()
    if call.command is not None and not isinstance(call.command, QueryOrder):
        failures = (AttemptFailed(call.command, "not_sent", code or "NOT_SENT", reason),)
    return Outcome(False, failures=failures, error_class=ErrorClass.BUSY, code=code or "NOT_SENT", reason=reason)


def _words(status: int, error: ErrorBody | None) -> tuple[str, str]:
    if error is None or error.code >= 0:
        return f"HTTP_{status}", f"HTTP status {status}" if error is None or not error.msg else error.msg[:300]
    return str(error.code)[:12], error.msg[:300]


def _unreadable(call: Call, status: int, body: bytes | str) -> UnreadableFrame:
    what = f"the answer to {call.method} {call.path}"
    return UnreadableFrame(what, f"HTTP {status} without a readable error", bytes_of(body))


def _landed(
    call: Call, body: bytes | str, settings: CodecSettings, recv_ns: int, usage: tuple[UsageReported, ...],
) -> Outcome:
    reader = READERS.get(call.kind)
    if reader is None:
        return Outcome(True, usage=usage)
    try:
        landed: Landed = reader(call, body, settings, recv_ns)
    except UnreadableFrame as error:
        case = _Case(call, ErrorClass.UNKNOWN, "UNREADABLE", str(error)[:300], 0.0, settings, recv_ns)
        return _outcome(case, [*_failed(case), frame_unreadable(error, settings.venue, recv_ns)], usage)
    return Outcome(True, tuple(landed.told), usage=usage, carried=landed.carried)


def _halves(case: _Case, error: ErrorBody, body: bytes | str) -> Outcome | None:
    """Judge the two halves of a cancelReplace that did not go through whole; None when the body does not have them."""
    try:
        judged = judge_halves(case.call, error.data, case.settings, case.recv_ns)
    except UnreadableFrame as unreadable:
        told = [*_failed(msgspec.structs.replace(case, error_class=ErrorClass.UNKNOWN))]
        frame = UnreadableFrame(unreadable.what, unreadable.reason, bytes_of(body))
        told.append(frame_unreadable(frame, case.settings.venue, case.recv_ns))
        return Outcome(False, tuple(told), error_class=ErrorClass.UNKNOWN, code=case.code, reason=case.reason)
    if judged is None:
        return None
    if judged.not_taken is not None and isinstance(case.call.command, SendReplace):
        failed = AttemptFailed(case.call.command, judged.not_taken, judged.code, judged.reason, case.retry_after_s)
        return Outcome(False, failures=(failed,), error_class=case.error_class, code=judged.code, reason=judged.reason)
    healthy = case.error_class in _HEALTHY
    return Outcome(
        healthy, tuple(judged.told), error_class=case.error_class, code=judged.code or case.code,
        reason=judged.reason or case.reason, carried=judged.carried,
    )


def _outcome(case: _Case, told: list[Message], usage: tuple[UsageReported, ...]) -> Outcome:
    command, kind = case.call.command, NOT_TAKEN.get(case.error_class)
    failures: tuple[AttemptFailed, ...] = ()
    if kind is not None and command is not None and not isinstance(command, QueryOrder):
        failures = (AttemptFailed(command, kind, case.code, case.reason, case.retry_after_s),)
    ok = case.error_class in _HEALTHY
    if case.call.kind is CallKind.CANCEL_ALL and case.error_class is ErrorClass.CANCEL_LATE:
        return Outcome(True, usage=usage)  # nothing was open
    return Outcome(ok, tuple(told), failures, usage, case.error_class, case.code, case.reason, case.retry_after_s)


def _failed(case: _Case) -> list[Message]:
    """Return what the order manager is told; nothing when the request is proved not taken, since it may be tried again."""
    if case.error_class in NOT_TAKEN or case.call.command is None:
        return []
    return _TOLD[type(case.call.command)](case)


def _unknown(case: _Case, request: str) -> list[Message]:
    order_id, venue_id = _ids(case.call)
    reason = f"{case.code}: {case.reason}"
    return [OrderUnknown(order_id, case.settings.venue, case.recv_ns, venue_id, request, reason)]


def _ids(call: Call) -> tuple[str, str | None]:
    command = call.command
    if isinstance(command, SendOrder):
        return command.order.client_order_id, None
    if isinstance(command, SendReplace):
        return command.order.client_order_id, command.venue_order_id
    assert command is not None  # noqa: S101
    return command.client_order_id, command.venue_order_id


def _submit(case: _Case) -> list[Message]:
    duplicate = case.error_class is ErrorClass.DUPLICATE
    if not duplicate and case.error_class not in _REFUSED:
        return _unknown(case, "submit")
    order_id = _ids(case.call)[0]
    return [OrderRejected(order_id, case.settings.venue, case.recv_ns, None, case.code, case.reason, duplicate)]


def _cancel(case: _Case) -> list[Message]:
    if case.error_class is ErrorClass.UNKNOWN:
        return _unknown(case, "cancel")
    order_id, venue_id = _ids(case.call)
    kind = "too_late" if case.error_class in _GONE else "final"
    return [CancelRejected(order_id, case.settings.venue, case.recv_ns, venue_id, kind, case.code, case.reason)]


def _replace(case: _Case) -> list[Message]:
    """-2022 without its halves says that neither was done; -2021 without them says nothing that can be used."""
    if case.error_class in (ErrorClass.UNKNOWN, ErrorClass.PARTIAL):
        return _unknown(case, "replace")
    order_id, venue_id = _ids(case.call)
    return [ReplaceRejected(order_id, case.settings.venue, case.recv_ns, venue_id, case.code, case.reason)]


def _query(case: _Case) -> list[Message]:
    """Tell "not found", which is no proof, or an archived order: over and unfilled ninety days ago. All else is no answer."""
    command = case.call.command
    assert isinstance(command, QueryOrder)  # noqa: S101
    if case.error_class not in (ErrorClass.NO_SUCH_ORDER, ErrorClass.ARCHIVED):
        return []
    archived = case.error_class is ErrorClass.ARCHIVED
    return [
        OrderReported(
            command.client_order_id, case.settings.venue, case.recv_ns, command.venue_order_id,
            OrderState.CANCELED if archived else None, ZERO if archived else None, asked_ns=command.asked_ns,
            reason=case.reason,
        )
    ]  # fmt: skip


_TOLD: Final[dict[type, Callable[[_Case], list[Message]]]] = {
    SendOrder: _submit, SendCancel: _cancel, SendReplace: _replace, QueryOrder: _query,
}
