import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from echo_venue import Echo, served, until

from autotrader.simulator import event_sender, meeting


def run(test: Any, *rules: dict[str, Any], **options: Any) -> None:
    async def main() -> None:
        async with served(**options) as echo:
            echo.faults(*rules)
            async with stream(echo) as socket:
                await test(echo, socket)

    asyncio.run(main())


@asynccontextmanager
async def stream(echo: Echo) -> AsyncIterator[ClientWebSocketResponse]:
    before = len(echo.app.senders)
    async with echo.session.ws_connect(echo.ready["ws"], autoping=False) as socket:
        await until(lambda: len(echo.app.senders) > before)
        yield socket


def on_event(nth: int, *do: dict[str, Any]) -> dict[str, Any]:
    return {"on": "stream", "nth": nth, "do": list(do)}


async def heard(socket: ClientWebSocketResponse, count: int) -> list[str]:
    return [(await socket.receive(timeout=10)).data for _ in range(count)]


def test_events_are_told_in_order() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await echo.order()
        assert await heard(socket, 2) == ["Accepted", "Filled 1"]

    run(test)


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ({"drop": 1}, ["Accepted", "Accepted", "Filled 2"]),
        ({"duplicate": 1}, ["Accepted", "Filled 1", "Filled 1", "Accepted", "Filled 2"]),
        ({"reorder": 1}, ["Accepted", "Accepted", "Filled 1", "Filled 2"]),
        ({"garbage": "{}}"}, ["Accepted", "{}}", "Filled 1", "Accepted", "Filled 2"]),
    ],
)
def test_the_second_event_is_disturbed(effect: dict[str, Any], expected: list[str]) -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await echo.order("a")
        await echo.order("b")
        assert await heard(socket, len(expected)) == expected

    run(test, on_event(2, effect))


def test_a_cut_ends_the_connection_and_the_event_is_lost() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await echo.order()
        assert await heard(socket, 1) == ["Accepted"]
        assert (await socket.receive(timeout=10)).type in (WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE)
        await until(lambda: not echo.app.senders)
        async with stream(echo) as again:
            await echo.order("b")
            assert await heard(again, 2) == ["Accepted", "Filled 2"]

    run(test, on_event(2, {"cut": True}))


def test_a_cut_by_time_ends_all_streams() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        async with stream(echo) as other:
            echo.faults({"on": "stream", "at_s": 0, "do": [{"cut": True}]})
            for one in (socket, other):
                assert (await one.receive(timeout=10)).type in (WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE)

    run(test)


def test_a_stalled_stream_is_open_and_silent_then_tells_all() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await echo.order()
        await socket.ping(b"?")
        with pytest.raises(asyncio.TimeoutError):
            await socket.receive(timeout=0.2)
        assert await heard(socket, 2) == ["Accepted", "Filled 1"]
        assert (await socket.receive(timeout=10)).type is WSMsgType.PONG

    run(test, on_event(1, {"stall_s": 1.0}))


def test_a_slow_stream_tells_all_in_the_end() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await echo.order()
        assert await heard(socket, 2) == ["Accepted", "Filled 1"]

    run(test, on_event(1, {"slow_bps": 2000}))


def test_a_slow_stream_takes_its_time_for_each_byte() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await echo.order()
        assert await heard(socket, 1) == ["Accepted"]
        with pytest.raises(asyncio.TimeoutError):  # 10 bytes a minute: the first event was free, the second is far off
            await socket.receive(timeout=0.2)

    run(test, on_event(1, {"slow_bps": 1.3}))


def test_pings_are_answered() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await socket.ping(b"there")
        found = await socket.receive(timeout=10)
        assert (found.type, found.data) == (WSMsgType.PONG, b"there")

    run(test)


def test_long_frames_arrive_whole() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        for size in (125, 126, 65_535, 65_536):
            echo.app.senders[0].tell(b"x" * size)
            assert await heard(socket, 1) == ["x" * size]

    run(test)


def test_events_come_after_their_latency() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await echo.order()
        assert await heard(socket, 2) == ["Accepted", "Filled 1"]

    run(test, latency_ms=20)


def test_a_fill_may_be_told_before_the_order_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "ACK_BEHIND_FILL_S", 0.5)

    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        answering = asyncio.ensure_future(echo.order())
        assert await heard(socket, 2) == ["Accepted", "Filled 1"]
        assert not answering.done()
        assert (await answering)[0] == 200

    run(test, on_submit({"fill_before_ack": True}))


# ---------------------------------------------------------------- requests on the socket


async def ask(socket: ClientWebSocketResponse, name: str = "a", price: str = "1") -> None:
    body = {"id": name, "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "price": price}
    await socket.send_str(json.dumps(body))


def on_submit(*do: dict[str, Any]) -> dict[str, Any]:
    return {"on": "submit", "nth": 1, "do": list(do)}


def test_a_request_on_the_socket_is_answered_there() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await ask(socket)
        first, second = await heard(socket, 2)
        assert (first, json.loads(second)["id"]) == ("Accepted", "a")

    run(test)


def test_an_answer_on_the_socket_that_never_comes_holds_up_no_other() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await ask(socket, "a")
        await ask(socket, "b")
        heard_all = await heard(socket, 3)
        assert heard_all[:2] == ["Accepted", "Accepted"]
        assert json.loads(heard_all[2])["id"] == "b"

    run(test, on_submit({"reply": "never"}))


def test_an_empty_answer_on_the_socket_is_an_empty_frame() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await ask(socket)
        assert await heard(socket, 2) == ["Accepted", ""]

    run(test, on_submit({"reply": "empty"}))


def test_an_answer_of_somebody_elses_making_is_a_frame() -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await ask(socket)
        assert await heard(socket, 1) == ["<html>"]

    run(test, on_submit({"land": False}, {"reply": {"status": 502, "body": "<html>"}}))


@pytest.mark.parametrize("how", ["reset", "cut"])
def test_a_reset_and_a_cut_answer_end_the_socket(how: str) -> None:
    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await ask(socket)
        seen = [await socket.receive(timeout=10) for _ in range(2)]
        assert seen[-1].type in (WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE)
        assert len(echo.venue.ledger()["orders"]) == 1

    run(test, on_submit({"reply": how}))


def test_a_slow_answer_on_the_socket_holds_up_what_comes_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sender, "BYTE_S", 0.001)

    async def test(echo: Echo, socket: ClientWebSocketResponse) -> None:
        await ask(socket, "a")
        await until(lambda: echo.venue.by_client_id("a"))
        assert await heard(socket, 1) == ["Accepted"]
        await ask(socket, "b")
        told = await heard(socket, 3)
        assert (json.loads(told[0])["id"], told[1], json.loads(told[2])["id"]) == ("a", "Accepted", "b")

    run(test, on_submit({"reply": "slow"}))


# ---------------------------------------------------------------- connecting


@pytest.mark.parametrize(
    ("effect", "status"),
    [({"reply": {"status": 502, "body": "no"}}, 502), ({"rate_limit": {"retry_after_s": 1}}, 429), ({"reject": "NO"}, 403)],
)
def test_a_stream_may_not_be_opened(effect: dict[str, Any], status: int) -> None:
    async def test(echo: Echo, _: ClientWebSocketResponse) -> None:
        echo.faults({"on": "connect", "nth": 1, "do": [effect]})
        with pytest.raises(WSServerHandshakeError) as caught:
            await echo.session.ws_connect(echo.ready["ws"])
        assert caught.value.status == status
        async with stream(echo):
            pass

    run(test)


@pytest.mark.parametrize("effect", [{"reply": "reset"}, {"land": False}])
def test_opening_a_stream_may_be_reset(effect: dict[str, Any]) -> None:
    async def test(echo: Echo, _: ClientWebSocketResponse) -> None:
        echo.faults({"on": "connect", "nth": 1, "do": [effect]})
        reader, writer = await asyncio.open_connection("127.0.0.1", echo.ready["port"])  # aiohttp's client would try again
        writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    run(test)
