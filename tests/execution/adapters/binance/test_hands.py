"""Blocking calls from outside the engine: what they may ask, how they sign, and which error says what."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from binance_kit import OWN, SETTINGS, a_cancel, a_send, raw, resting_answer
from wire_kit import RawServer, answering, no_listener, raw_server

from autotrader.config import load_settings
from autotrader.errors import AuthFailed, AutotraderError, NotSent, OutcomeUnknown, RateLimited, Refused, Rejected
from autotrader.execution.adapters.binance.codec import (
    HmacSigner,
    account_call,
    cancel_all_call,
    cancel_call,
    open_orders_call,
    rest_payload,
    submit_call,
)
from autotrader.execution.adapters.binance.hands import Hands, Key
from autotrader.execution.adapters.binance.outside import examine, sweep_hands
from autotrader.execution.adapters.outside import checks_of, hands_of
from autotrader.secrets import Secret

NOW_NS = 1_700_000_000_000_000_000
SECRET = "canary-4711-secret"
Answers = dict[str, bytes | Callable[[int], bytes]]


def path_of(request: bytes) -> tuple[str, str, dict[str, str]]:
    """Return method, path and parameters."""
    method, target, _ = request.split(b"\r\n", 1)[0].decode().split(" ")
    parts = urlsplit(target)
    return method, parts.path, {name: value[0] for name, value in parse_qs(parts.query).items()}


@contextmanager
def venue(answers: Answers) -> Iterator[RawServer]:
    """Serve answers by "METHOD /path"; the clock is right where nothing else is said."""
    asked: dict[str, int] = {}
    answers = {"GET /api/v3/time": answering(raw({"serverTime": NOW_NS // 1_000_000})), **answers}

    def serve(sock: socket.socket, request: bytes) -> bool:
        method, path, _ = path_of(request)
        name = f"{method} {path}"
        asked[name] = asked.get(name, 0) + 1
        found = answers.get(name, answering(raw({"code": -1121, "msg": "no such path"}), "404 Not Found"))
        answer = found if isinstance(found, bytes) else found(asked[name])
        if answer:
            sock.sendall(answer)
        return bool(answer)

    with raw_server(serve) as server:
        yield server


def hands(url: str, deadline_s: float = 2.0) -> Hands:
    key = Key(Secret("the-api-key"), HmacSigner(SECRET), 5_000)
    return Hands(url, SETTINGS, key, deadline_s=deadline_s, now_ns=lambda: NOW_NS)


def test_a_signed_call_carries_the_venues_time_and_a_signature_over_what_is_sent() -> None:
    late = answering(raw({"serverTime": NOW_NS // 1_000_000 + 250}))
    answers: Answers = {"GET /api/v3/time": late, "GET /api/v3/openOrders": answering(b"[]")}
    with venue(answers) as server:
        asking = hands(server.url)
        assert asking.read(open_orders_call()) == b"[]"
        asking.close()
    _, path, sent = path_of(server.requests[1])
    signature = sent.pop("signature")
    assert (path, sent) == ("/api/v3/openOrders", {"recvWindow": "5000", "timestamp": str(NOW_NS // 1_000_000 + 250)})
    assert signature == HmacSigner(SECRET).sign(rest_payload(sent.items()).encode())
    assert b"X-MBX-APIKEY: the-api-key" in server.requests[1]


def test_it_cancels_and_reads_but_never_places_an_order() -> None:
    answers: Answers = {"DELETE /api/v3/order": answering(raw(resting_answer(status="CANCELED", origClientOrderId=OWN)))}
    with venue(answers) as server:
        asking = hands(server.url)
        outcome, _ = asking.ask(cancel_call(a_cancel()))
        assert outcome.error_class is None
        with pytest.raises(Refused, match="not for a hand outside"):
            asking.ask(submit_call(a_send(), SETTINGS))
        asking.close()
    assert [path_of(one)[0] for one in server.requests] == ["GET", "DELETE"]


def test_a_clock_that_the_venue_finds_wrong_is_set_anew_once() -> None:
    wrong = no(-1021, "Timestamp for this request is outside of the recvWindow.")
    with venue({"GET /api/v3/openOrders": lambda number: wrong if number == 1 else answering(b"[]")}) as server:
        asking = hands(server.url)
        assert asking.read(open_orders_call()) == b"[]"
        asking.close()
    assert [path_of(one)[1] for one in server.requests] == [
        "/api/v3/time", "/api/v3/openOrders", "/api/v3/time", "/api/v3/openOrders",
    ]  # fmt: skip
    with venue({"GET /api/v3/openOrders": wrong}) as server:
        asking = hands(server.url)
        with pytest.raises(Rejected, match="-1021"):
            asking.read(open_orders_call())
        asking.close()
    assert len(server.requests) == 4


ERRORS: list[tuple[bytes, type[AutotraderError], str]] = [
    (answering(raw({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}), "401 Unauthorized"), AuthFailed,
     "-2015"),
    (answering(b"{}", "429 Too Many Requests", "Retry-After: 7\r\n"), RateLimited, "429"),
    (answering(b"<html>", "502 Bad Gateway"), OutcomeUnknown, "502"),
    (answering(b"<html>", "403 Forbidden"), AuthFailed, "403"),
    (b"", OutcomeUnknown, "did not answer GET /api/v3/account"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", OutcomeUnknown, "did not answer"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind", "said"), ERRORS)
def test_each_failure_is_an_error_of_its_kind_that_shows_no_key(answer: bytes, kind: type[AutotraderError], said: str) -> None:
    with venue({"GET /api/v3/account": answer}) as server:
        asking = hands(server.url, deadline_s=0.5)
        with pytest.raises(kind, match=said) as caught:
            asking.read(account_call())
        asking.close()
    assert not [secret for secret in (SECRET, "the-api-key", "signature") if secret in str(caught.value)]
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after_s == 7.0


def test_what_cannot_be_reached_was_not_sent() -> None:
    with no_listener() as port, pytest.raises(NotSent, match="cannot be reached"):
        hands(f"http://127.0.0.1:{port}").clock_offset_ns()


# ---------------------------------------------------------------- the sweep's hands


def settings_for(url: str, *sets: str, symbols: str = '["BTCUSDT"]') -> Any:
    own = {
        "rest": url, "ws": url.replace("http", "ws") + "/ws-api/v3", "stream": url.replace("http", "ws"), "enabled": True,
        "api_key": Secret("the-api-key", "file:/x"), "api_secret": Secret(SECRET), "symbols": json.loads(symbols),
    }
    return load_settings((), {}, sets, extra=[("test", {"mode": "SIMULATED", "venues": {"binance": own}})])


def no(code: int, text: str) -> bytes:
    return answering(raw({"code": code, "msg": text}), "400 Bad Request")


def test_the_sweeps_hands_list_cancel_and_ask() -> None:
    answers: Answers = {
        "GET /api/v3/openOrders": answering(raw([resting_answer(time=1, updateTime=1, isWorking=True)])),
        "DELETE /api/v3/order": lambda number: (
            answering(raw(resting_answer(status="CANCELED", origClientOrderId=OWN))) if number == 1
            else no(-2011, "Unknown order sent.") if number == 2
            else no(-2011, "Order was not canceled due to cancel restrictions.")
        ),
        "DELETE /api/v3/openOrders": lambda number: answering(b"[]") if number == 1 else no(-2011, "Unknown order sent."),
        "GET /api/v3/order": lambda number: (
            answering(raw(resting_answer(time=1, updateTime=1, isWorking=True))) if number == 1
            else answering(raw(resting_answer(status="CANCELED", time=1, updateTime=1, isWorking=True))) if number == 2
            else no(-2013, "Order does not exist.")
        ),
    }  # fmt: skip
    with venue(answers) as server:
        settings = settings_for(server.url)
        found = hands_of("binance", settings)
        listed = found.list_open()
        assert ([one.client_order_id for one in listed.orders], listed.complete) == ([OWN], True)
        assert [found.cancel(a_cancel()) for _ in range(3)] == ["taken", "gone", "failed"]
        assert [found.cancel_all("BTCUSDT") for _ in range(2)] == ["taken", "taken"]
        assert [found.is_open(listed.orders[0]) for _ in range(3)] == [True, False, None]
        found.close()


def test_a_sweep_hears_of_limits_and_keys_as_errors() -> None:
    answers: Answers = {
        "DELETE /api/v3/order": answering(b"{}", "418 I'm a teapot", "Retry-After: 60\r\n"),
        "DELETE /api/v3/openOrders": no(-2014, "API-key format invalid."),
    }
    with venue(answers) as server:
        found = sweep_hands(settings_for(server.url))
        with pytest.raises(RateLimited):
            found.cancel(a_cancel())
        with pytest.raises(AuthFailed):
            found.cancel_all("BTCUSDT")
        found.close()


def test_a_bulk_cancel_is_a_call_of_its_own() -> None:
    assert cancel_all_call("BTCUSDT").method == "DELETE"
    assert checks_of("binance", load_settings((), {})) is examine
    assert checks_of("okx", load_settings((), {})) is None


# ---------------------------------------------------------------- doctor


def symbol(name: str, status: str = "TRADING") -> dict[str, Any]:
    return {
        "symbol": name, "status": status, "baseAsset": name[:3], "quoteAsset": "USDT", "orderTypes": ["LIMIT"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "100000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
            {"filterType": "NOTIONAL", "minNotional": "5"},
        ],
    }  # fmt: skip


def healthy(**changes: bytes) -> Answers:
    held = [{"asset": "USDT", "free": "900.5", "locked": "0"}]
    account = {"balances": held, "canTrade": True, "canWithdraw": True, "uid": 354937868}
    rights = {"enableReading": True, "enableWithdrawals": False, "enableSpotAndMarginTrading": True, "ipRestrict": True}
    answers: Answers = {
        "GET /api/v3/exchangeInfo": answering(raw({"symbols": [symbol("BTCUSDT"), symbol("ETHUSDT", "HALT")]})),
        "GET /api/v3/account": answering(raw(account)),
        "GET /sapi/v1/account/apiRestrictions": answering(raw(rights)),
    }
    names = {"info": "GET /api/v3/exchangeInfo", "account": "GET /api/v3/account", "time": "GET /api/v3/time",
             "rights": "GET /sapi/v1/account/apiRestrictions"}  # fmt: skip
    answers["GET /api/v3/time"] = lambda _: answering(raw({"serverTime": time.time_ns() // 1_000_000}))
    return answers | {names[name]: answer for name, answer in changes.items()}


def rows(answers: Answers, *sets: str, symbols: str = '["BTCUSDT"]') -> dict[str, tuple[bool, str, str]]:
    with venue(answers) as server:
        found = list(examine(settings_for(server.url, *sets, symbols=symbols)))
    shown = str(found)
    assert "the-api-key" not in shown
    assert SECRET not in shown
    assert all(one.ok or one.fix for one in found)
    return {one.name.removeprefix("binance "): (one.ok, one.detail, one.fix) for one in found}


def test_a_healthy_account_passes_every_check() -> None:
    found = rows(healthy())
    assert {name for name, row in found.items() if not row[0]} == set()
    assert list(found) == ["key and host", "clock", "symbols", "account", "key rights", "balances"]
    assert "tick 0.01, lot 0.00001, from 5 USDT" in found["symbols"][1]
    assert "Hmac key" in found["key and host"][1]
    assert "354937868" in found["account"][1]
    assert found["balances"][1] == "900.5 USDT"


@pytest.mark.parametrize(
    ("sets", "symbols", "changes", "row", "said"),
    [
        ((), '["BTCUSDT", "ETHUSDT", "XYZ"]', {}, "symbols", "ETHUSDT is HALT; XYZ is not listed"),
        ((), "[]", {}, "symbols", "is empty"),
        (("venues.binance.account=1",), '["BTCUSDT"]', {}, "account", "354937868, configured 1"),
        ((), '["BTCUSDT"]', {"rights": answering(raw({
            "enableReading": True, "enableWithdrawals": True, "enableSpotAndMarginTrading": False}))}, "key rights",
         "may NOT trade, MAY WITHDRAW"),
        ((), '["BTCUSDT"]', {"account": answering(raw({"balances": [], "canTrade": True, "canWithdraw": False, "uid": 1}))},
         "balances", "nothing"),
        ((), '["BTCUSDT", "XYZ"]', {"info": no(-1121, "Invalid symbol.")}, "symbols",
         "BTCUSDT is not listed; XYZ is not listed"),
        ((), '["BTCUSDT"]', {"account": no(-2015, "Invalid API-key, IP, or permissions for action.")}, "account", "-2015"),
        ((), '["BTCUSDT"]', {"time": answering(raw({"serverTime": 1_000}))}, "clock", "off ours"),
        ((), '["BTCUSDT"]', {"time": b""}, "clock", "did not answer"),
        ((), '["BTCUSDT"]', {"info": answering(b"<html>")}, "symbols", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(sets: Any, symbols: str, changes: Any, row: str, said: str) -> None:
    found = rows(healthy(**changes), *sets, symbols=symbols)
    ok, detail, fix = found[row]
    assert not ok
    assert said in detail
    assert fix


def test_settings_that_cannot_be_are_the_only_row() -> None:
    found = rows(healthy(), "venues.binance.environment=live")
    assert list(found) == ["key and host"]
    assert "mode SIMULATED goes with custom" in found["key and host"][1]
