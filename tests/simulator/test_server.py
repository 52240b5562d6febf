import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectorError, WSMsgType
from echo_venue import Echo, EchoVenue, served, until

from autotrader.errors import ConfigError, StartError
from autotrader.simulator.listening import Port
from autotrader.simulator.options import SimOptions
from autotrader.simulator.ready import ready_of, write_ready
from autotrader.simulator.server import SimServer


def run(test: Any, **options: Any) -> None:
    async def main() -> None:
        async with served(**options) as echo:
            await test(echo)

    asyncio.run(main())


RESTART = {"on": "venue", "at_s": 0}


def test_the_ready_file_names_what_there_is_and_null_for_the_rest() -> None:
    async def test(echo: Echo) -> None:
        port, ready = echo.ready["port"], echo.ready
        assert ready | {"admin": ""} == {
            "venue": "echo", "host": "127.0.0.1", "port": port, "rest": f"http://127.0.0.1:{port}",
            "ws": f"ws://127.0.0.1:{port}/stream", "stream": None, "admin": "", "credentials": {"token": "t"},
            "symbols": ["BTCUSDT", "ETHUSDT"],
        }  # fmt: skip

    run(test)


def test_a_wildcard_host_is_told_as_one_that_can_be_connected_to() -> None:
    options = SimOptions("echo", host="0.0.0.0")
    assert ready_of(EchoVenue(options), options, 1, 2)["admin"] == "http://127.0.0.1:2"
    options = SimOptions("echo", host="::")
    assert ready_of(EchoVenue(options), options, 1, 2)["admin"] == "http://[::1]:2"


def test_a_ready_file_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    write_ready(str(path), {"a": 1})
    assert path.read_text() == '{"a":1}\n'
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_ready_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: No such file"):
        write_ready(str(tmp_path / "none" / "ready.json"), {})


def test_the_admin_is_on_the_venues_port_too() -> None:
    async def test(echo: Echo) -> None:
        for base in ("admin", "rest"):
            assert (await echo.admin("GET", "faults", base=base)) == (200, {"rules": []})
        assert echo.ready["admin"] != echo.ready["rest"]

    run(test)


def test_a_restart_cuts_streams_refuses_connections_and_comes_back_on_its_port() -> None:
    async def test(echo: Echo) -> None:
        await echo.order("open", "1")
        async with echo.session.ws_connect(echo.ready["ws"]) as socket:
            await until(lambda: echo.app.senders)
            echo.faults({**RESTART, "do": [{"restart": {"down_s": 0.5}}]})
            assert (await socket.receive(timeout=10)).type in (WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE)
        with pytest.raises(ClientConnectorError):
            await echo.order("b", "1")
        assert (await echo.admin("GET", "ledger"))[0] == 200  # the admin stays
        await until(lambda: echo.venue.is_up)
        await until_served(echo)
        orders = echo.venue.ledger()["orders"]
        assert [(row["client_order_id"], row["status"]) for row in orders] == [("open", "OPEN"), ("back", "OPEN")]

    run(test)


async def until_served(echo: Echo) -> None:
    for _ in range(500):
        try:
            assert (await echo.order("back", "1"))[0] == 200
        except ClientConnectorError:
            await asyncio.sleep(0.01)
        else:
            return
    raise AssertionError("the venue did not come back")


def test_a_restart_without_its_orders_cancels_them() -> None:
    async def test(echo: Echo) -> None:
        await echo.order("open", "1")
        echo.faults({**RESTART, "do": [{"restart": {"down_s": 0.2, "keep_orders": False}}]})
        await until(lambda: not echo.venue.is_up)
        assert echo.venue.ledger()["orders"][0]["status"] == "CANCELED"
        await until_served_again(echo)

    run(test)


async def until_served_again(echo: Echo) -> None:
    await until(lambda: echo.venue.is_up)
    await until_served(echo)


def test_a_request_that_waits_while_the_venue_goes_down_does_not_land() -> None:
    async def test(echo: Echo) -> None:
        rule = {"on": "submit", "nth": 1, "do": [{"land_after_s": 0.3}, {"reply": "reset"}]}
        echo.faults(rule, {"on": "venue", "at_s": 0.1, "do": [{"restart": {"down_s": 0.6}}]})
        with pytest.raises(OSError):
            await echo.order("late", "1")
        await until(lambda: not echo.venue.is_up)
        await until_served_again(echo)
        assert [row["client_order_id"] for row in echo.venue.ledger()["orders"]] == ["back"]

    run(test)


def test_an_answer_that_never_comes_does_not_hold_up_the_end() -> None:
    async def main() -> None:
        async with served() as echo:
            echo.faults({"on": "submit", "nth": 1, "do": [{"reply": "never"}]})
            reader, writer = await asyncio.open_connection("127.0.0.1", echo.ready["port"])
            body = b'{"id": "a", "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01"}'
            writer.write(b"POST /order HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await until(lambda: echo.venue.ledger()["orders"])
            assert not reader.at_eof()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    asyncio.run(main())


def test_a_port_that_is_taken_is_said() -> None:
    async def main() -> None:
        async with served() as echo:
            options = SimOptions("echo", port=echo.ready["port"])
            server = SimServer(EchoVenue(options), options)
            with pytest.raises(StartError, match="cannot listen on 127.0.0.1"):
                await server.open()
            await server.close()

    asyncio.run(main())


def test_a_port_that_was_shut_comes_back_under_its_number() -> None:
    async def main() -> None:
        from aiohttp import web

        port = Port(web.Application(), "127.0.0.1", 0)
        await port.open()
        number = port.number
        port.shut()
        other = Port(web.Application(), "127.0.0.1", number)
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", number)
        await port.open()
        _, writer = await asyncio.open_connection("127.0.0.1", number)
        writer.close()
        with pytest.raises(StartError):
            await other.open()
        for one in (port, other):
            await one.close()

    asyncio.run(main())
