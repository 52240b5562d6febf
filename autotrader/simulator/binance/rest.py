"""The REST API: ``/api/v3/*`` and the one path of ``/sapi`` (binance.md sections 1, 2 and 7). The loop's thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.endpoints import PATHS, Endpoint
from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.keys import ApiKey
from autotrader.simulator.binance.request import read_request
from autotrader.simulator.binance.service import Job, check_access, check_names, key_named
from autotrader.simulator.binance.timing import MILLI, time_unit
from autotrader.simulator.effects import Answer, carry_out, deliver

__all__ = ["RestApi"]

_encode: Final = msgspec.json.Encoder().encode
_HALVES: Final = (-2021, -2022)
_LISTS: Final = ("oto", "otoco", "opo", "opoco")
_GONE: Final = "<html><body><h2>410 Gone</h2></body></html>"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestApi:
    """Answers REST requests. ``keys`` are the account's API keys by name."""

    def __init__(self, desk: Desk, keys: dict[str, ApiKey]) -> None:
        self._desk, self._keys = desk, keys

    def routes(self, app: web.Application) -> None:
        """Add the paths."""
        for (method, path), endpoint in PATHS.items():
            app.router.add_route(method, path, self._handler(method, endpoint))
        for path in ("/api/v3/userDataStream", "/api/v1/userDataStream"):
            app.router.add_route("*", path, _gone)
        for name in _LISTS:
            app.router.add_post(f"/api/v3/orderList/{name}", _refusing(-2010, _no_lists(name)))

    def _handler(self, method: str, endpoint: Endpoint) -> Handler:
        has_body = method != "GET"

        async def handle(request: web.Request) -> web.StreamResponse:
            body = (await request.read()).decode("latin-1") if has_body and request.can_read_body else ""
            try:
                job = self._admit(method, endpoint, request, body)
            except ApiError as error:
                ip = request.remote or ""
                job = Job(self._desk, endpoint, {}, ip=ip, unit=MILLI, write=self._write, failed=error)
            return await deliver(request, await carry_out(self._desk.venue, job))

        return handle

    def _admit(self, method: str, endpoint: Endpoint, request: web.Request, body: str) -> Job:
        """Check all that can be checked without doing it. Raises ApiError."""
        desk, ip = self._desk, request.remote or ""
        venue, now_ns = desk.venue, desk.venue.now_ns()
        venue.count(endpoint.kind)
        asked = read_request(request.raw_path.partition("?")[2], body)
        params, headers = asked.params, request.headers
        desk.limits.admit(ip, endpoint.weight(params), now_ns)
        unit = time_unit(headers.get("X-MBX-TIME-UNIT"))
        good_until_ns = 0
        if endpoint.is_signed:
            key = key_named(self._keys, headers.get("X-MBX-APIKEY"))
            good_until_ns = check_access(endpoint, key, params, asked.payload, asked.signature, now_ns)
        check_names(endpoint, method, params)
        return Job(desk, endpoint, params, ip=ip, unit=unit, write=self._write, good_until_ns=good_until_ns)

    def _write(self, job: Job, used: int, result: Any, error: ApiError | None) -> Answer:
        text = str(used)
        headers = {"Content-Type": "application/json;charset=UTF-8", "X-MBX-USED-WEIGHT": text, "X-MBX-USED-WEIGHT-1M": text}
        if error is not None:
            told = {"code": error.code, "msg": error.msg}
            if error.code in _HALVES and error.data is not None:
                told["data"] = error.data
            return Answer(error.status, _encode(told), {**headers, **error.headers})
        if job.endpoint.counts_orders:
            headers |= self._desk.limits.order_headers(self._desk.venue.now_ns())
        return Answer(200, _encode(result), headers)


async def _gone(_: web.Request) -> web.Response:
    """Say that listen keys are no more (binance.md section 5)."""
    return web.Response(status=410, text=_GONE, content_type="text/html")


def _refusing(code: int, msg: str | None) -> Handler:
    """Return a handler that says no: order lists other than OCO are not offered here, and exchangeInfo says so."""
    error = ApiError(code, msg)

    async def handle(_: web.Request) -> web.Response:
        return web.json_response(error.body(), status=error.status)

    return handle


def _no_lists(name: str) -> str:
    return f"{name.upper()} orders are not supported for this symbol"
