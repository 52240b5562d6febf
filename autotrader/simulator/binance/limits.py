"""What a caller may ask in how much time: request weight and raw requests per IP, unfilled orders per account.

Windows are aligned to the clock. Too much is 429 with ``Retry-After``; who goes on calling is banned with 418, for two minutes
first and twice as long each time. Source: binance.md section 7. Pure: the time is passed in. One thread.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from autotrader.model.prepared import prepared
from autotrader.simulator.binance.errors import ApiError

__all__ = ["LimitTerms", "Limits", "Rate", "banned", "too_many"]

NS: Final = 1_000_000_000
_SECONDS: Final = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
_LETTERS: Final = {"SECOND": "S", "MINUTE": "M", "HOUR": "H", "DAY": "D"}
_URGENT: Final = "Please use WebSocket Streams for live updates"


class Rate(msgspec.Struct, frozen=True):
    """So many in a window of ``number`` ``interval``s."""

    kind: str
    interval: str
    number: int
    limit: int

    @property
    def length_ns(self) -> int:
        """Return the window's length."""
        return _SECONDS[self.interval] * self.number * NS

    @property
    def header(self) -> str:
        """Return the window as headers name it: ``1M``, ``10S``."""
        return f"{self.number}{_LETTERS[self.interval]}"

    def told(self, count: int | None = None) -> dict[str, Any]:
        """Return it as exchangeInfo lists it, or with its count as answers do."""
        told: dict[str, Any] = {
            "rateLimitType": self.kind, "interval": self.interval, "intervalNum": self.number, "limit": self.limit,
        }  # fmt: skip
        if count is not None:
            told["count"] = count
        return told


@prepared
class LimitTerms(msgspec.Struct, frozen=True):
    """The limits in force; ``ban_after``: so many calls in breach of a 429 bring a ban; ``ban_s``: the length of the first."""

    weight: int = 6_000
    orders_10s: int = 50
    orders_day: int = 160_000
    raw: int = 300_000
    connects: int = 300
    ban_after: int = 10
    ban_s: float = 120.0

    def rates(self) -> tuple[Rate, Rate, Rate, Rate]:
        """Return them in the venue's order."""
        return (
            Rate("REQUEST_WEIGHT", "MINUTE", 1, self.weight), Rate("ORDERS", "SECOND", 10, self.orders_10s),
            Rate("ORDERS", "DAY", 1, self.orders_day), Rate("RAW_REQUESTS", "MINUTE", 5, self.raw),
        )  # fmt: skip


class _Window:
    __slots__ = ("count", "length_ns", "rate", "start")

    def __init__(self, rate: Rate) -> None:
        self.rate, self.length_ns = rate, rate.length_ns
        self.start = self.count = 0

    def at(self, now_ns: int) -> int:
        """Return the count of the window that is now."""
        start = now_ns // self.length_ns
        if start != self.start:
            self.start, self.count = start, 0
        return self.count

    def rest_s(self, now_ns: int) -> int:
        """Return the whole seconds until the next window, at least one."""
        return max(-(-((now_ns // self.length_ns + 1) * self.length_ns - now_ns) // NS), 1)


class _Caller:
    __slots__ = ("banned_until_ns", "bans", "breaches", "connects", "raw", "weight")

    def __init__(self, terms: LimitTerms, weight: Rate, raw: Rate) -> None:
        self.weight, self.raw = _Window(weight), _Window(raw)
        self.connects = _Window(Rate("CONNECTIONS", "MINUTE", 5, terms.connects))
        self.breaches = self.bans = self.banned_until_ns = 0


class Limits:
    """The counters of all callers, and of the one account."""

    def __init__(self, terms: LimitTerms) -> None:
        self.terms = terms
        self._weight, ten, day, self._raw = self.rates = terms.rates()
        self._callers: dict[str, _Caller] = {}
        self._orders = (_Window(ten), _Window(day))

    # ------------------------------------------------------------ weight, per IP

    def admit(self, ip: str, weight: int, now_ns: int) -> None:
        """Let a request in that would cost ``weight``, or raise ApiError 429 or 418. ``charge`` counts it."""
        caller = self._caller(ip)
        if caller.banned_until_ns > now_ns:
            raise banned(caller.banned_until_ns, now_ns)
        raw = caller.raw.at(now_ns)
        caller.raw.count += 1
        used = caller.weight.at(now_ns)
        if used + weight > self.terms.weight or raw >= self.terms.raw:
            self._breach(caller, caller.weight if used + weight > self.terms.weight else caller.raw, now_ns)
        caller.breaches = 0

    def charge(self, ip: str, weight: int, now_ns: int) -> int:
        """Count weight; return what is used of the present window."""
        window = self._caller(ip).weight
        window.count = window.at(now_ns) + weight
        return window.count

    def connect(self, ip: str, now_ns: int) -> bool:
        """Count a WebSocket connection; say whether it may be."""
        caller = self._caller(ip)
        caller.connects.count = caller.connects.at(now_ns) + 1
        return caller.connects.count <= self.terms.connects and caller.banned_until_ns <= now_ns

    def ban(self, ip: str, for_s: float, now_ns: int) -> ApiError:
        """Ban an address, and return what it is told."""
        caller = self._caller(ip)
        caller.banned_until_ns = now_ns + int(for_s * NS)
        caller.bans += 1
        return banned(caller.banned_until_ns, now_ns)

    def used(self, ip: str, now_ns: int) -> int:
        """Return the weight used in the present window."""
        return self._caller(ip).weight.at(now_ns)

    def _caller(self, ip: str) -> _Caller:
        caller = self._callers.get(ip)
        if caller is None:
            caller = self._callers[ip] = _Caller(self.terms, self._weight, self._raw)
        return caller

    def _breach(self, caller: _Caller, window: _Window, now_ns: int) -> None:
        caller.breaches += 1
        if caller.breaches > self.terms.ban_after:
            caller.breaches = 0
            caller.banned_until_ns = now_ns + int(self.terms.ban_s * 2**caller.bans * NS)
            caller.bans += 1
            raise banned(caller.banned_until_ns, now_ns)
        rate, rest_s = window.rate, window.rest_s(now_ns)
        what = "request weight" if window is caller.weight else "raw requests"
        msg = f"Too much request weight used; current limit is {rate.limit} {what} per {rate.number} {rate.interval}. "
        raise too_many(f"{msg}{_URGENT} to avoid polling the API.", rest_s, now_ns)

    # ------------------------------------------------------------ orders, per account

    def admit_orders(self, number: int, now_ns: int) -> None:
        """Count new orders, or raise ApiError -1015."""
        for window in self._orders:
            if window.at(now_ns) + number > window.rate.limit:
                rate = window.rate
                msg = f"Too many new orders; current limit is {rate.limit} orders per {rate.number} {rate.interval}."
                raise too_many(msg, window.rest_s(now_ns), now_ns, -1015)
        for window in self._orders:
            window.count += number

    def filled(self, was_maker: bool, now_ns: int) -> None:
        """Give back what the first fill of an order earns: one for a taker, five for a maker."""
        for window in self._orders:
            window.count = max(window.at(now_ns) - (5 if was_maker else 1), 0)

    def order_headers(self, now_ns: int) -> dict[str, str]:
        """Return the order counts as headers."""
        return {f"X-MBX-ORDER-COUNT-{one.rate.header}": str(one.at(now_ns)) for one in self._orders}

    def order_counts(self, now_ns: int) -> list[dict[str, Any]]:
        """Return the order counts as ``GET rateLimit/order`` lists them."""
        return [window.rate.told(window.at(now_ns)) for window in self._orders]

    def weight_counts(self, ip: str, now_ns: int) -> list[dict[str, Any]]:
        """Return the weight used, as WebSocket answers carry it."""
        return [self._weight.told(self.used(ip, now_ns))]


def too_many(msg: str, rest_s: float, now_ns: int, code: int = -1003) -> ApiError:
    """Return a 429 that says when to come back: seconds in the header, epoch milliseconds in the data of a WebSocket answer."""
    data = {"serverTime": now_ns // 1_000_000, "retryAfter": (now_ns + int(rest_s * NS)) // 1_000_000}
    return ApiError(code, msg, status=429, data=data, headers={"Retry-After": str(max(-int(-rest_s // 1), 1))})


def banned(until_ns: int, now_ns: int) -> ApiError:
    """Return a 418 that says until when."""
    until_ms = until_ns // 1_000_000
    msg = f"Way too much request weight used; IP banned until {until_ms}. {_URGENT} to avoid bans."
    data = {"serverTime": now_ns // 1_000_000, "retryAfter": until_ms}
    wait = max(-(-(until_ns - now_ns) // NS), 1)
    return ApiError(-1003, msg, status=418, data=data, headers={"Retry-After": str(wait)})
