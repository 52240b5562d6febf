"""The market streams' connections: ``/ws``, ``/ws/NAME`` and ``/stream?streams=`` (binance.md section 6). The loop's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from autotrader.simulator.binance.channels import Channels, stream_name
from autotrader.simulator.binance.desk import Desk
from autotrader.simulator.binance.errors import ApiError
from autotrader.simulator.binance.reports import server_shutdown
from autotrader.simulator.binance.socket import Socket, SocketTerms
from autotrader.simulator.binance.timing import time_unit
from autotrader.simulator.effects import Answer, Returned, meet_connect

__all__ = ["Streams"]

MOST_STREAMS: Final = 1_024
_encode: Final = msgspec.json.Encoder().encode


class _Control(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: list[Any] = []


_control: Final = msgspec.json.Decoder(_Control)


class Streams:
    """Opens the connections of the market streams."""

    def __init__(self, desk: Desk, channels: Channels, terms: SocketTerms) -> None:
        self._desk, self._channels, self._terms = desk, channels, terms

    def routes(self, app: web.Application) -> None:
        """Add the paths."""
        app.router.add_get("/ws", self._raw)
        app.router.add_get("/ws/{names:.*}", self._raw)
        app.router.add_get("/stream", self._combined)

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        return await self._connect(request, request.match_info.get("names", ""), combined=False)

    async def _combined(self, request: web.Request) -> web.StreamResponse:
        return await self._connect(request, request.query.get("streams", ""), combined=True)

    async def _connect(self, request: web.Request, names: str, *, combined: bool) -> web.StreamResponse:
        wanted = [name for name in names.split("/") if name]
        symbol = wanted[0].partition("@")[0].upper() if wanted else ""
        refused = await meet_connect(self._desk.venue, request, symbol)
        if refused is not None:
            return refused
        if not self._desk.limits.connect(request.remote or "", self._desk.venue.now_ns()):
            return web.Response(status=429)
        try:
            unit = time_unit(request.query.get("timeUnit"))
        except ApiError as error:
            return web.json_response(error.body(), status=400)
        if len(wanted) > MOST_STREAMS:
            return web.Response(status=400)
        return await _StreamConnection(self._desk, self._channels, self._terms, unit, wanted, combined).run(request)


class _StreamConnection(Socket):
    """One connection and the streams that are heard on it, in the order of their subscription."""

    def __init__(
        self, desk: Desk, channels: Channels, terms: SocketTerms, unit: int, wanted: list[str], combined: bool
    ) -> None:
        super().__init__(desk.venue, terms)
        self.unit, self._channels, self._wanted, self._combined = unit, channels, wanted, combined
        self._names: dict[str, None] = {}
        self._controls: dict[str, Callable[[_Control], Any]] = {
            "SUBSCRIBE": self._subscribe, "UNSUBSCRIBE": self._unsubscribe, "LIST_SUBSCRIPTIONS": lambda _: list(self._names),
            "SET_PROPERTY": self._set_property, "GET_PROPERTY": lambda _: self._combined,
        }  # fmt: skip

    def on_open(self) -> None:
        """Begin with the streams of the address; what is no stream is passed over, as the venue does."""
        for name in self._wanted:
            if stream_name(name) is not None:
                self._hear(name)

    def on_end(self) -> None:
        """Forget the connection."""
        for name in self._names:
            self._channels.remove(name, self)

    def warn(self) -> None:
        """Tell that the server ends the connection soon."""
        self.hear("!serverShutdown", _encode(server_shutdown(self.venue.now_ns(), self.unit)), "")

    def hear(self, name: str, event: bytes, symbol: str) -> None:
        """Send an event on, wrapped where the connection is a combined one."""
        if self._combined:
            event = b'{"stream":"' + name.encode() + b'","data":' + event + b"}"
        self.sender.tell(event, symbol, of_account=False)

    def on_text(self, text: str | bytes) -> None:
        """Take a control message."""
        try:
            control = _control.decode(text)
        except msgspec.DecodeError as error:
            return self._answer({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}})
        act = self._controls.get(control.method)
        if act is None:
            known = ", ".join(f"`{name}`" for name in self._controls)
            msg = f"Invalid request: unknown variant `{control.method}`, expected one of {known}"
            return self._answer({"error": {"code": 2, "msg": msg}, "id": control.id})
        try:
            return self._answer({"result": act(control), "id": control.id})
        except ValueError as error:
            return self._answer({"error": {"code": 2, "msg": f"Invalid request: {error}"}, "id": control.id})

    def _answer(self, told: dict[str, Any]) -> None:
        self.sender.answer(Returned(Answer(200, _encode(told))))

    def _subscribe(self, control: _Control) -> None:
        names = self._named(control)
        if len(self._names.keys() | set(names)) > MOST_STREAMS:
            raise ValueError("too many streams")
        for name in names:
            self._hear(name)

    def _unsubscribe(self, control: _Control) -> None:
        for name in self._named(control):
            if name in self._names:
                del self._names[name]
                self._channels.remove(name, self)

    def _set_property(self, control: _Control) -> None:
        match control.params:
            case ["combined", bool() as value]:
                self._combined = value
            case _:
                raise ValueError("invalid property")

    def _named(self, control: _Control) -> list[str]:
        names = [name for name in control.params if isinstance(name, str) and stream_name(name) is not None]
        if not names or len(names) != len(control.params):
            raise ValueError("invalid stream name")
        return names

    def _hear(self, name: str) -> None:
        if name not in self._names:
            self._names[name] = None
            self._channels.add(name, self)
