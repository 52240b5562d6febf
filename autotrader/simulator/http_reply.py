"""How an answer goes back over HTTP, and how one is withheld or spoilt. The loop's thread."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from autotrader.simulator.fault_script import Effects, Reply
from autotrader.simulator.meeting import Answer, Returned
from autotrader.simulator.world import SimVenue

__all__ = ["deliver", "meet_connect", "reset"]

LOOK_S: Final = 0.2
BYTE_S: Final = 1.0
_NO_LINGER = struct.pack("ii", 1, 0)


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Reset a connection: what the peer has not read is lost to it."""
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def deliver(request: web.Request, returned: Returned) -> web.StreamResponse:
    """Send an answer the way it is to travel."""
    answer = returned.answer
    match returned.how:
        case "normal":
            return _response(answer)
        case "empty":
            return web.Response(status=200, headers=_headers(answer))
        case "never":
            await _until_gone(request)
        case "reset":
            reset(request.transport)
        case "cut":
            return await _half(request, answer)
        case "slow":
            return await _slowly(request, answer)
    return web.Response()


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=_headers(answer))


def _headers(answer: Answer) -> Mapping[str, str]:
    headers = answer.headers
    if any(name.lower() == "content-type" for name in headers):
        return headers
    html = answer.body.lstrip()[:1] == b"<"
    return {**headers, "Content-Type": "text/html" if html else "application/json"}


async def _until_gone(request: web.Request) -> None:
    """Hold the connection open without an answer until the peer leaves it."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(LOOK_S)


async def _begin(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_headers(answer))
    response.content_length = len(answer.body)
    await response.prepare(request)
    return response


async def _half(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send a head that promises the whole body, half of that body, and the end of the connection."""
    response = await _begin(request, answer)
    await response.write(answer.body[: len(answer.body) // 2] or b" ")
    if request.transport is not None:
        request.transport.close()
    return response


async def _slowly(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send the body a byte a second, for as long as anybody reads it."""
    response = await _begin(request, answer)
    for place in range(len(answer.body)):
        if request.transport is None or request.transport.is_closing():
            break
        await response.write(answer.body[place : place + 1])
        await asyncio.sleep(BYTE_S)
    return response


async def meet_connect(venue: SimVenue, request: web.Request, symbol: str = "") -> web.StreamResponse | None:
    """Meet somebody who opens a stream as the ``connect`` rules say; None: let it be opened.

    Half a body, an empty one and a slow one make no difference here: they all are a failed handshake.
    """
    effects = venue.fault("connect", symbol) if venue.faults else None
    if effects is None:
        return None
    if wait_s := effects.delay_s + (effects.land_after_s or 0.0):
        await asyncio.sleep(wait_s)
    returned = _connect_answer(venue, effects)
    return None if returned is None else await deliver(request, returned)


def _connect_answer(venue: SimVenue, effects: Effects) -> Returned | None:
    how = effects.reply if isinstance(effects.reply, str) else "normal"
    if isinstance(effects.reply, Reply):
        return Returned(Answer(effects.reply.status, effects.reply.body.encode(), effects.reply.headers))
    if effects.ban_s is not None:
        venue.ban(effects.ban_s)
        return Returned(Answer(418, b"", {"Retry-After": f"{effects.ban_s:.0f}"}), how)
    if effects.rate_limit is not None:
        return Returned(Answer(429, b"", {"Retry-After": f"{effects.rate_limit:.0f}"}), how)
    if effects.reject is not None:
        return Returned(Answer(403, effects.reject.encode()), how)
    if how == "normal":
        return None if effects.land else Returned(Answer(503), "reset")
    return Returned(Answer(503, b"no"), how)
