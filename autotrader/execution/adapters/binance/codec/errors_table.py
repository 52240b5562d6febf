"""The venue's errors as data, and the rule that picks a class for an answer (binance.md section 8; DOCS errors.md).

**Precedence**, first match wins:

1. 418 and 429: banned and limited, whatever the body says; they are told before anything is done.
2. 5xx: an unknown outcome, whatever the body says, but for codes in ``believed_in_5xx``.
3. A JSON body with a code of the table: the first row whose code, text and status fit.
4. 401: the key. 403: the firewall. 451: a place that is not served (code 0). All three before anything is done.
5. A JSON body of a 4xx with a code below zero that is not in the table: refused, or unknown by ``unlisted_is_refusal``.
6. All else, a 2xx or 3xx or 408 among it, or a body that is no JSON: an unknown outcome.

A cancelReplace whose body carries its two halves is judged by them before any of this. Codes are matched first; texts, which
can vary, only tell -1003, -1010, -2010 and -2011 apart, without regard to case.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec

from autotrader.execution.adapters.binance.codec.frames import UnreadableFrame, read
from autotrader.execution.adapters.binance.codec.settings import CodecSettings

__all__ = [
    "ERRORS", "ErrorBody", "ErrorClass", "ErrorRule", "NOT_TAKEN", "banned_until_ms", "classify", "decode_error", "rule_for",
]


class ErrorClass(StrEnum):
    """What an answer that is no success means."""

    UNKNOWN = "unknown outcome"
    REFUSED = "refused"
    DUPLICATE = "duplicate client id"
    LIMITED = "rate limited"
    BANNED = "banned"
    BUSY = "busy"
    CLOCK = "clock"
    AUTH = "auth"
    FIREWALL = "firewall"
    CANCEL_LATE = "cancel too late or unknown"
    CANCEL_REFUSED = "cancel refused for good"
    NO_SUCH_ORDER = "no such order"
    ARCHIVED = "archived"
    IDS_DISAGREE = "ids disagree"
    PARTIAL = "one half of a cancelReplace done"
    NEITHER = "cancelReplace not done"


NOT_TAKEN: Final = {
    ErrorClass.LIMITED: "rate_limited", ErrorClass.BANNED: "rate_limited", ErrorClass.BUSY: "busy", ErrorClass.CLOCK: "clock",
    ErrorClass.AUTH: "auth", ErrorClass.FIREWALL: "auth",
}
"""The classes that prove a request not taken, with the kind that the resiliency manager knows them by (auth is not retried)."""


class ErrorRule(msgspec.Struct, frozen=True):
    """One row: ``low`` to ``high`` are the codes, ``text`` a part of the message (lower case), ``status`` an HTTP status."""

    low: int
    high: int
    error_class: ErrorClass
    text: str = ""
    status: int = 0


def _one(code: int, error_class: ErrorClass, text: str = "", status: int = 0) -> ErrorRule:
    return ErrorRule(code, code, error_class, text, status)


_C = ErrorClass
ERRORS: Final[tuple[ErrorRule, ...]] = (
    _one(-1000, _C.UNKNOWN),
    _one(-1001, _C.UNKNOWN),
    _one(-1002, _C.AUTH),
    _one(-1003, _C.BANNED, "banned"),
    _one(-1003, _C.LIMITED),
    _one(-1006, _C.UNKNOWN),
    _one(-1007, _C.UNKNOWN),
    _one(-1008, _C.BUSY),
    _one(-1010, _C.DUPLICATE, "duplicate order"),
    _one(-1010, _C.CANCEL_LATE, "unknown order"),
    _one(-1010, _C.REFUSED),
    _one(-1013, _C.REFUSED),
    _one(-1014, _C.REFUSED),
    _one(-1015, _C.LIMITED),
    _one(-1016, _C.BUSY),
    _one(-1020, _C.REFUSED),
    _one(-1021, _C.CLOCK),
    _one(-1022, _C.AUTH),
    _one(-1034, _C.LIMITED),
    ErrorRule(-1199, -1100, _C.REFUSED),
    _one(-2010, _C.DUPLICATE, "duplicate order"),
    _one(-2010, _C.REFUSED),
    _one(-2011, _C.CANCEL_REFUSED, "cancel restrictions"),
    _one(-2011, _C.CANCEL_REFUSED, "disabled"),
    _one(-2011, _C.CANCEL_REFUSED, "may not place or cancel"),
    _one(-2011, _C.CANCEL_REFUSED, "check origclordid"),
    _one(-2011, _C.CANCEL_REFUSED, "trading is not enabled"),
    _one(-2011, _C.CANCEL_LATE),
    _one(-2013, _C.NO_SUCH_ORDER),
    _one(-2014, _C.AUTH),
    _one(-2015, _C.AUTH),
    _one(-2016, _C.REFUSED),
    _one(-2021, _C.PARTIAL),
    _one(-2022, _C.NEITHER),
    _one(-2026, _C.ARCHIVED),
    _one(-2035, _C.REFUSED),
    _one(-2036, _C.REFUSED),
    _one(-2038, _C.REFUSED),
    _one(-2039, _C.IDS_DISAGREE),
)

_UNTIL = re.compile(r"until (\d{13})\b").search


class ErrorBody(msgspec.Struct, frozen=True):
    """``{"code", "msg"}``, with the two halves of a cancelReplace or the WebSocket API's ``retryAfter`` in ``data``."""

    code: int
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_BODY = msgspec.json.Decoder(ErrorBody)


def decode_error(raw: bytes | str) -> ErrorBody | None:
    """Read an error's body; None for one that is none (HTML, a cut body, an order)."""
    try:
        return read(raw, _BODY, "an error")
    except UnreadableFrame:
        return None


def rule_for(code: int, text: str, status: int = 0) -> ErrorRule | None:
    """Return the table's row for a code, None for one that it does not have."""
    lowered = text.lower()
    for rule in ERRORS:
        if rule.low <= code <= rule.high and rule.text in lowered and rule.status in (0, status):
            return rule
    return None


def classify(status: int, error: ErrorBody | None, settings: CodecSettings) -> ErrorClass:
    """Return the class of an answer that is no success, by the precedence above."""
    if status in (418, 429):
        return ErrorClass.BANNED if status == 418 else ErrorClass.LIMITED
    rule = None if error is None else rule_for(error.code, error.msg, status)
    if status >= 500:
        believed = error is not None and rule is not None and error.code in settings.believed_in_5xx
        return rule.error_class if believed and rule is not None else ErrorClass.UNKNOWN
    if rule is not None and 400 <= status < 500:
        return rule.error_class
    if status in (401, 403, 451):
        return ErrorClass.AUTH if status == 401 else ErrorClass.FIREWALL
    unlisted = error is not None and error.code < 0 and 400 <= status < 500 and status != 408
    return ErrorClass.REFUSED if unlisted and settings.unlisted_is_refusal else ErrorClass.UNKNOWN


def banned_until_ms(text: str) -> int | None:
    """Return the end of a ban that a message names ("IP banned until 1629384957000"), in ms since the epoch."""
    found = _UNTIL(text)
    return None if found is None else int(found[1])
