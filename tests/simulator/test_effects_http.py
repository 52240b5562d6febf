import asyncio
from typing import Any

import pytest
from aiohttp import ClientError, ClientPayloadError, ServerDisconnectedError
from echo_venue import Echo, served, until

from autotrader.simulator import http_reply


def run(test: Any, *rules: dict[str, Any], **options: Any) -> None:
    """Run a test against a venue with these rules."""

    async def main() -> None:
        async with served(**options) as echo:
            echo.faults(*rules)
            await test(echo)

    asyncio.run(main())


def on_first(*do: dict[str, Any], on: str = "submit") -> dict[str, Any]:
    return {"on": on, "nth": 1, "do": list(do)}


def orders(echo: Echo) -> int:
    return len(echo.venue.ledger()["orders"])


def test_a_request_without_a_fault_lands_and_is_answered() -> None:
    async def test(echo: Echo) -> None:
        assert (await echo.order())[0] == 200
        assert orders(echo) == 1

    run(test)


@pytest.mark.parametrize("land", [True, False])
def test_a_reset_request_lands_or_not_and_its_connection_is_reset(land: bool) -> None:
    async def test(echo: Echo) -> None:
        with pytest.raises(ClientError) as caught:
            await echo.order()
        assert isinstance(caught.value, OSError | ServerDisconnectedError)
        assert orders(echo) == land
        assert (await echo.order("b"))[0] == 200

    run(test, on_first({"land": land}, {"reply": "reset"}))


def test_a_reset_is_a_reset_and_not_an_orderly_end() -> None:
    async def test(echo: Echo) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", echo.ready["port"])
        body = b'{"id": "a", "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01"}'
        writer.write(b"POST /order HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    run(test, on_first({"reply": "reset"}))


def test_an_answer_that_never_comes_leaves_the_connection_open() -> None:
    async def test(echo: Echo) -> None:
        waiting = asyncio.ensure_future(echo.order())
        await until(lambda: orders(echo))
        assert (await echo.order("b"))[0] == 200
        assert not waiting.done()
        waiting.cancel()

    run(test, on_first({"reply": "never"}))


def test_half_a_body_is_a_body_that_breaks_off() -> None:
    async def test(echo: Echo) -> None:
        with pytest.raises(ClientPayloadError):
            await echo.order()
        assert orders(echo) == 1

    run(test, on_first({"reply": "cut"}))


def test_an_empty_answer_is_a_200_without_a_body() -> None:
    async def test(echo: Echo) -> None:
        assert await echo.order() == (200, None)

    run(test, on_first({"reply": "empty"}))


def test_a_slow_answer_comes_byte_by_byte_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_reply, "BYTE_S", 0.001)

    async def test(echo: Echo) -> None:
        assert (await echo.order())[1]["id"] == "a"

    run(test, on_first({"reply": "slow"}))


def test_an_answer_of_somebody_elses_making() -> None:
    async def test(echo: Echo) -> None:
        async with echo.session.post(f"{echo.ready['rest']}/order", json={"id": "a", "symbol": "BTCUSDT"}) as response:
            assert (response.status, await response.text()) == (502, "<html>bad gateway</html>")
            assert (response.content_type, response.headers["X-Made"]) == ("text/html", "up")
        assert orders(echo) == 0

    run(test, on_first({"land": False}, {"reply": {"status": 502, "body": "<html>bad gateway</html>",
                                                   "headers": {"X-Made": "up"}}}))  # fmt: skip


def test_a_request_that_does_not_land_is_answered_as_lost() -> None:
    async def test(echo: Echo) -> None:
        status, body = await echo.order()
        assert (status, body["code"], orders(echo)) == (503, "LOST", 0)

    run(test, on_first({"land": False}))


def test_a_request_lands_after_its_connection_was_reset() -> None:
    async def test(echo: Echo) -> None:
        with pytest.raises(ClientError):
            await echo.order()
        assert orders(echo) == 0
        await until(lambda: orders(echo))

    run(test, on_first({"land_after_s": 0.2}, {"reply": "reset"}))


def test_a_normal_answer_waits_for_a_late_landing() -> None:
    async def test(echo: Echo) -> None:
        assert (await echo.order())[1]["id"] == "a"
        assert orders(echo) == 1

    run(test, on_first({"land_after_s": 0.05}))


def test_a_delayed_answer_comes_after_others() -> None:
    async def test(echo: Echo) -> None:
        first = asyncio.ensure_future(echo.order())
        await until(lambda: orders(echo))
        await echo.order("b")
        assert not first.done()
        assert (await first)[0] == 200

    run(test, on_first({"delay_s": 0.5}))


def test_a_rejection_has_the_code_asked_for() -> None:
    async def test(echo: Echo) -> None:
        assert await echo.order() == (400, {"code": "-2010"})
        assert orders(echo) == 0

    run(test, on_first({"reject": "-2010"}))


def test_a_rate_limit_is_for_one_request() -> None:
    async def test(echo: Echo) -> None:
        assert await echo.order() == (429, {"wait": True})
        assert (await echo.order())[0] == 200

    run(test, on_first({"rate_limit": {"retry_after_s": 3}}))


def test_a_ban_is_for_all_requests_until_another_script() -> None:
    async def test(echo: Echo) -> None:
        for _ in range(2):
            assert await echo.order() == (418, {"wait": True})
        echo.faults()
        assert (await echo.order())[0] == 200

    run(test, on_first({"ban_s": 60}))


def test_a_ban_ends_by_itself() -> None:
    async def test(echo: Echo) -> None:
        assert (await echo.order())[0] == 418
        while (await echo.order())[0] == 418:
            await asyncio.sleep(0.02)
        assert orders(echo) == 1

    run(test, on_first({"ban_s": 0.2}))


def test_maintenance_turns_requests_away() -> None:
    async def test(echo: Echo) -> None:
        await until(lambda: echo.venue.is_maintained)
        assert await echo.order() == (503, {"code": "MAINTENANCE"})

    run(test, {"on": "venue", "at_s": 0, "do": [{"maintenance_s": 60}]})


def test_fault_rules_count_after_narrowing() -> None:
    async def test(echo: Echo) -> None:
        assert [(await echo.order(name))[0] for name in ("a", "b", "c")] == [200, 400, 200]

    run(test, {"on": "submit", "every": 1, "client_order_id": "b", "do": [{"reject": "X"}]})


def test_latency_is_served_with_every_answer() -> None:
    async def test(echo: Echo) -> None:
        assert echo.venue.half_trip_s == 0.01
        assert (await echo.order())[0] == 200

    run(test, latency_ms=20)
