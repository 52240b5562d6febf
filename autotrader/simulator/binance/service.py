"""One request from its arrival to its answer, the same over HTTP and over the WebSocket API.

Order of the checks: weight and bans, API key, timestamp, signature, unknown parameters; then faults; then the request itself,
with another look at the time just before it reaches the exchange (binance.md section 2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from autotrader.simulator.binance.ask import Ask
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.endpoints import Endpoint
from autotrader.simulator.binance.errors import ApiError, malformed, refused_by_code
from autotrader.simulator.binance.keys import ApiKey
from autotrader.simulator.binance.limits import banned, too_many
from autotrader.simulator.binance.timing import check_time
from autotrader.simulator.effects import Answer
from autotrader.simulator.fault_script import Effects

__all__ = ["Job", "check_access", "check_names", "key_named"]

NS: Final = 1_000_000_000
Write = Callable[["Job", int, Any, ApiError | None], Answer]


class Job:
    """One request that was let in, as faults meet it. ``write`` makes the answer of a result or an error, by transport.

    ``good_until_ns`` is how long its timestamp is good, 0 for one without; ``failed`` is why it was not let in: then it
    travels like any other, to be answered with that.
    """

    __slots__ = (
        "client_order_id", "desk", "endpoint", "failed", "good_until_ns", "ip", "kind", "params", "symbol", "tag", "unit",
        "write",
    )  # fmt: skip

    def __init__(
        self, desk: Desk, endpoint: Endpoint, params: dict[str, str], *, ip: str, unit: int, write: Write,
        good_until_ns: int = 0, tag: Any = None, failed: ApiError | None = None,
    ) -> None:  # fmt: skip
        self.desk, self.endpoint, self.params, self.ip, self.unit = desk, endpoint, params, ip, unit
        self.write, self.good_until_ns, self.tag, self.failed = write, good_until_ns, tag, failed
        self.kind = endpoint.kind
        self.symbol = params.get("symbol", "")
        self.client_order_id = params.get("newClientOrderId" if self.kind == "submit" else "origClientOrderId", "")
        if self.kind != "submit" and not self.client_order_id:
            self.client_order_id = self._named()

    def _named(self) -> str:
        """Return the client id of the order that is meant by its number, so that faults narrowed to it match."""
        number = self.params.get("orderId") or self.params.get("cancelOrderId")
        if not self.desk.venue.faults or number is None:
            return self.params.get("cancelOrigClientOrderId", "")
        live = self.desk.venue.order(f"{self.symbol}:{number}")
        return "" if live is None else live.order.client_order_id

    def land(self, effects: Effects | None) -> Answer:
        """Do it, and return the answer; what it costs is counted."""
        if self.failed is not None:
            return self._answer(error=self.failed)
        venue = self.desk.venue
        try:
            if self.good_until_ns and venue.now_ns() > self.good_until_ns:
                raise ApiError(-1021)
            result = self.endpoint.act(Ask(self.desk, self.params, self.unit, effects))
        except ApiError as error:
            return self._answer(error=error)
        return self._answer(result)

    def refuse(self, code: str) -> Answer:
        """Return the error that a fault script names."""
        return self._answer(error=refused_by_code(code))

    def limit(self, retry_after_s: float, *, banned: bool) -> Answer:
        """Return a 429 or a 418 that a fault script asks for."""
        return self._answer(error=_limited(retry_after_s, self.desk.venue.now_ns(), is_ban=banned))

    def lost(self) -> Answer:
        """Return -1007: it is not known what became of it."""
        return self._answer(error=ApiError(-1007))

    def maintained(self) -> Answer:
        """Return the answer of a server that is closed."""
        return self._answer(error=ApiError(-1016))

    def _answer(self, result: Any = None, error: ApiError | None = None) -> Answer:
        endpoint, limits = self.endpoint, self.desk.limits
        weight = 0 if endpoint.free and error is None else endpoint.weight(self.params)
        used = limits.charge(self.ip, weight, self.desk.venue.now_ns())
        return self.write(self, used, result, error)


def _limited(retry_after_s: float, now_ns: int, *, is_ban: bool) -> ApiError:
    if is_ban:
        return banned(now_ns + int(retry_after_s * NS), now_ns)
    return too_many("Too many requests queued.", retry_after_s, now_ns)


def key_named(keys: dict[str, ApiKey], name: str | None) -> ApiKey:
    """Return the key of that name. Raises ApiError -2014 or -2015."""
    if not name or not name.isascii() or not name.isalnum():
        raise ApiError(-2014)
    key = keys.get(name)
    if key is None:
        raise ApiError(-2015)
    return key


def check_access(
    endpoint: Endpoint, key: ApiKey, params: dict[str, str], payload: str | None, signature: str | None, now_ns: int
) -> int:
    """Check a signed request; return until when (ns) it is good. ``payload`` None: the session vouches for it already."""
    if endpoint.is_trade and not key.can_trade:
        raise ApiError(-2015)
    good_until_ns = check_time(params, now_ns)
    if payload is None:
        return good_until_ns
    if not signature:
        raise malformed("signature")
    if not key.verifies(payload, signature):
        raise ApiError(-1022)
    return good_until_ns


def check_names(endpoint: Endpoint, method: str, params: dict[str, str]) -> None:
    """Raise ApiError for parameters that the request does not know."""
    known = endpoint.params
    if params.keys() <= known:
        return
    read = sum(1 for name in params if name in known)
    if method == "GET":
        raise ApiError(-1101, f"Too many parameters; expected '{read}' and received '{len(params)}'.")
    raise ApiError(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{len(params)}'.")

