"""The WebSocket API: requests, sessions and user data on ``/ws-api/v3`` (binance.md sections 1, 2 and 5). The loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.endpoints import METHODS, Endpoint
from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.keys import ApiKey, ws_payload
from autotrader.simulator.binance.reports import server_shutdown, stream_terminated
from autotrader.simulator.binance.service import Job, check_access, check_names, key_named
from autotrader.simulator.binance.socket import Socket, SocketTerms
from autotrader.simulator.binance.timing import check_time, time_unit
from autotrader.simulator.binance.user import Subscriptions, UserHub
from autotrader.simulator.binance.wsframes import WsRequest, answer_text, error_text, read_ws_request
from autotrader.simulator.effects import Answer, Returned, carry_out, meet_connect

__all__ = ["WsApi"]

CONNECT_WEIGHT: Final = 2
_SESSION_WEIGHT: Final = 2
_ANYWHERE: Final = ("returnRateLimits", "apiKey")
"""Parameters that any request may have; they are signed like all others."""


class WsApi:
    """Opens the connections of the WebSocket API."""

    def __init__(self, desk: Desk, keys: dict[str, ApiKey], hub: UserHub, terms: SocketTerms) -> None:
        self._desk, self._keys, self._hub, self._terms = desk, keys, hub, terms

    def routes(self, app: web.Application) -> None:
        """Add the path."""
        app.router.add_get("/ws-api/v3", self._connect)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        refused = await meet_connect(self._desk.venue, request)
        if refused is not None:
            return refused
        ip, now_ns = request.remote or "", self._desk.venue.now_ns()
        if not self._desk.limits.connect(ip, now_ns):
            return web.Response(status=429)
        self._desk.limits.charge(ip, CONNECT_WEIGHT, now_ns)
        try:
            unit = time_unit(request.query.get("timeUnit"))
        except ApiError as error:
            return web.json_response(error.body(), status=400)
        return await _WsConnection(self._desk, self._keys, self._hub, self._terms, ip, unit, request).run(request)


class _WsConnection(Socket):
    """One connection: who is logged on, who listens, what is under way."""

    def __init__(
        self, desk: Desk, keys: dict[str, ApiKey], hub: UserHub, terms: SocketTerms, ip: str, unit: int, request: web.Request
    ) -> None:
        super().__init__(desk.venue, msgspec.structs.replace(terms, messages_per_s=None))
        self._desk, self._keys, self._hub, self._ip, self._unit = desk, keys, hub, ip, unit
        self._shows_limits = request.query.get("returnRateLimits", "true") != "false"
        self._listening = Subscriptions(unit)
        self._key: ApiKey | None = None
        self._since = self._connected = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: dict[str, Callable[[dict[str, str]], Any]] = {
            "session.logon": self._log_on, "session.status": self._status, "session.logout": self._log_out,
            "session.subscriptions": self._list, "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_signed, "userDataStream.unsubscribe": self._unsubscribe,
        }  # fmt: skip

    # ------------------------------------------------------------ the connection

    def on_open(self) -> None:
        """Begin."""
        self._connected = self.venue.now_ns()
        self._listening.sender = self.sender
        self._hub.open.append(self._listening)

    def on_end(self) -> None:
        """Forget the connection, and what was subscribed on it; requests under way go on, unanswered."""
        if self._listening in self._hub.open:
            self._hub.open.remove(self._listening)

    def warn(self) -> None:
        """Tell that the server ends the connection soon."""
        self._listening.tell(server_shutdown(self.venue.now_ns(), self._unit), None)

    def on_text(self, text: str | bytes) -> None:
        """Take a request; it is answered when it is done, while others go on."""
        try:
            request = read_ws_request(text)
        except ApiError as error:
            self._say(error_text(None, error, None))
            return
        task = asyncio.ensure_future(self._serve(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, request: WsRequest) -> None:
        endpoint = METHODS.get(request.method)
        shows = self._shows(request.params)
        try:
            if endpoint is None:
                self._serve_session(request, shows)
                return
            job = self._admit(request, endpoint, shows)
        except ApiError as error:
            if endpoint is None:
                self._say(error_text(request.id, error, self._limits(shows, orders=False)))
                return
            tag = (request.id, shows)
            job = Job(self._desk, endpoint, {}, ip=self._ip, unit=self._unit, write=self._write, tag=tag, failed=error)
        returned = await carry_out(self.venue, job)
        if self.sender.is_open:
            self.sender.answer(returned)

    def _say(self, text: bytes) -> None:
        if self.sender.is_open:
            self.sender.answer(Returned(Answer(200, text)))

    def _admit(self, request: WsRequest, endpoint: Endpoint, shows: bool) -> Job:
        """Check all that can be checked without doing it. Raises ApiError."""
        desk, params, now_ns = self._desk, request.params, self.venue.now_ns()
        self.venue.count(endpoint.kind)
        desk.limits.admit(self._ip, endpoint.weight(params), now_ns)
        good_until_ns = 0
        if endpoint.is_signed:
            key, payload = self._vouched(params)
            good_until_ns = check_access(endpoint, key, params, payload, params.get("signature"), now_ns)
        params = {name: value for name, value in params.items() if name not in _ANYWHERE}
        check_names(endpoint, "", params)
        return Job(
            desk, endpoint, params, ip=self._ip, unit=self._unit, write=self._write, good_until_ns=good_until_ns,
            tag=(request.id, shows),
        )  # fmt: skip

    def _vouched(self, params: dict[str, str]) -> tuple[ApiKey, str | None]:
        """Return the key that asks, and what it must have signed: None when the session is logged on."""
        if self._key is not None and "apiKey" not in params:
            return self._key, None
        return key_named(self._keys, params.get("apiKey")), ws_payload(params)

    def _write(self, job: Job, used: int, result: Any, error: ApiError | None) -> Answer:
        request_id, shows = job.tag
        limits = self._limits(shows, orders=job.endpoint.counts_orders)
        if error is not None:
            return Answer(error.status, error_text(request_id, error, limits))
        return Answer(200, answer_text(request_id, result, limits))

    def _shows(self, params: dict[str, str]) -> bool:
        return params.get("returnRateLimits", "true" if self._shows_limits else "false") != "false"

    def _limits(self, shows: bool, *, orders: bool) -> list[dict[str, Any]] | None:
        if not shows:
            return None
        limits, now_ns = self._desk.limits, self.venue.now_ns()
        counts = limits.order_counts(now_ns) if orders else []
        return counts + limits.weight_counts(self._ip, now_ns)

    # ------------------------------------------------------------ the session

    def _serve_session(self, request: WsRequest, shows: bool) -> None:
        act = self._session.get(request.method)
        if act is None:
            raise ApiError(-1099)
        now_ns = self.venue.now_ns()
        self.venue.count("other")
        self._desk.limits.admit(self._ip, _SESSION_WEIGHT, now_ns)
        self._desk.limits.charge(self._ip, _SESSION_WEIGHT, now_ns)
        result = act(request.params)
        self._say(answer_text(request.id, result, self._limits(shows, orders=False)))

    def _signed_by(self, params: dict[str, str]) -> ApiKey:
        key = key_named(self._keys, params.get("apiKey"))
        check_time(params, self.venue.now_ns())
        if not key.verifies(ws_payload(params), params.get("signature", "")):
            raise ApiError(-1022)
        return key

    def _log_on(self, params: dict[str, str]) -> dict[str, Any]:
        key = self._signed_by(params)
        if key.kind != "ED25519":
            raise ApiError(-4056, "HMAC_SHA256 API key is not supported.", status=400)
        self._key, self._since = key, self.venue.now_ns()
        return self._status({})

    def _status(self, _: dict[str, str]) -> dict[str, Any]:
        key = self._key
        return {
            "apiKey": None if key is None else key.name,
            "authorizedSince": None if key is None else self._since // self._unit,
            "connectedSince": self._connected // self._unit, "returnRateLimits": self._shows_limits,
            "serverTime": self.venue.now_ns() // self._unit, "userDataStream": self._listening.number is not None,
        }  # fmt: skip

    def _log_out(self, _: dict[str, str]) -> dict[str, Any]:
        self._key = None
        if self._listening.number is not None and self._listening.by_session:
            self._terminate(None)
        return self._status({})

    def _list(self, _: dict[str, str]) -> list[dict[str, Any]]:
        number = self._listening.number
        return [] if number is None else [{"subscriptionId": number}]

    def _subscribe(self, _: dict[str, str]) -> dict[str, Any]:
        if self._key is None:
            raise ApiError(-1099, status=401)
        return self._listening.begin(by_session=True)

    def _subscribe_signed(self, params: dict[str, str]) -> dict[str, Any]:
        self._signed_by(params)
        return self._listening.begin(by_session=False)

    def _unsubscribe(self, params: dict[str, str]) -> dict[str, Any]:
        self._terminate(params.get("subscriptionId"))
        return {}

    def _terminate(self, wanted: str | None) -> None:
        number = self._listening.end(wanted)
        if number is not None:
            self._listening.tell(stream_terminated(self.venue.now_ns(), self._unit), number)
