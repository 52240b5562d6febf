"""What the headers of an answer say of limits: used weight, order counts, and how long to keep quiet (binance.md section 7)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from autotrader.execution.adapters.binance.codec.errors_table import ErrorBody, ErrorClass, banned_until_ms
from autotrader.execution.adapters.binance.codec.settings import CodecSettings
from autotrader.messages import UsageReported

__all__ = ["retry_after_s", "usage_of"]

_KINDS: Final = {
    "x-mbx-used-weight-": "REQUEST_WEIGHT", "x-sapi-used-ip-weight-": "SAPI_IP_WEIGHT", "x-mbx-order-count-": "ORDERS",
}
_INTERVAL = re.compile(r"[0-9]{1,4}[smhd]").fullmatch
_WHOLE = re.compile(r"[0-9]{1,12}").fullmatch
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?").fullmatch
LONGEST_S: Final = 7 * 86_400.0
"""Bans last up to three days; a longer word is cut, so that a nonsense header cannot silence a venue for ever."""


def usage_of(headers: Mapping[str, str], venue: str) -> tuple[UsageReported, ...]:
    """Return what is used of each budget, under the names that ``rules.budget_name`` gives them; nonsense is left out."""
    told = []
    for name, value in headers.items():
        lowered = name.lower()
        for prefix, kind in _KINDS.items():
            interval = lowered[len(prefix):]
            if lowered.startswith(prefix) and _INTERVAL(interval) and _WHOLE(value.strip()):
                told.append(UsageReported(venue, f"{kind}_{interval.upper()}", int(value)))
    return tuple(told)


def retry_after_s(
    headers: Mapping[str, str], error: ErrorBody | None, error_class: ErrorClass, settings: CodecSettings, now_ns: int,
) -> float:
    """Return how long to keep quiet, in seconds; 0.0 for not at all.

    The header's seconds (or HTTP date) count, then a ban's end named in the message, then the settings' wait for 429 and 418.
    """
    waits = [_header_s(value, now_ns) for name, value in headers.items() if name.lower() == "retry-after"]
    if error is not None and error_class in (ErrorClass.BANNED, ErrorClass.LIMITED):
        until_ms = banned_until_ms(error.msg)
        waits.append(0.0 if until_ms is None else (until_ms * 1_000_000 - now_ns) / 1e9)
    wait = max(waits, default=0.0)
    if wait <= 0:
        wait = {ErrorClass.BANNED: settings.ban_wait_s, ErrorClass.LIMITED: settings.limit_wait_s}.get(error_class, 0.0)
    return min(wait, LONGEST_S)


def _header_s(value: str, now_ns: int) -> float:
    text = value.strip()
    if _SECONDS(text):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        seconds = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() - now_ns / 1e9
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
