"""Market streams at the raw wire: addresses, control messages, and the rules of their connections."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket
from simulator_kit import RunningVenue, running

sys.path.insert(0, str(Path(__file__).parent))

from wire import dial, ending  # noqa: E402


@pytest.fixture(scope="module")
def venue() -> Iterator[RunningVenue]:
    with running() as one:
        one.market("BTCUSDT", "50000", "50001")
        yield one


def heard(socket: websocket.WebSocket, holds: Callable[[Any], bool] = lambda _: True) -> Any:
    for _ in range(1000):
        frame = json.loads(socket.recv())
        if holds(frame):
            return frame
    raise AssertionError("not heard")


def say(socket: websocket.WebSocket, method: str, *params: Any, number: Any = 1) -> Any:
    socket.send(json.dumps({"method": method, "params": list(params), "id": number}))
    return heard(socket, lambda frame: isinstance(frame, dict) and ("id" in frame or "error" in frame))


@pytest.mark.parametrize("path", ["/ws/btcusdt@bookTicker", "/ws/btcusdt@trade/btcusdt@bookTicker"])
def test_a_raw_address_names_its_streams(venue: RunningVenue, path: str) -> None:
    socket = dial(venue.ready["stream"] + path)
    venue.market("BTCUSDT", "50010", "50011")
    top = heard(socket)
    assert set(top) == {"u", "s", "b", "B", "a", "A"}
    assert (top["s"], top["b"], top["a"]) == ("BTCUSDT", "50010.00000000", "50011.00000000")
    venue.market("BTCUSDT", "50000", "50001")
    assert heard(socket)["u"] > top["u"]
    socket.close()


def test_a_combined_address_wraps(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/stream?streams=btcusdt@trade/btcusdt@bookTicker")
    venue.trade("BTCUSDT", "50000", "0.5", "SELL")
    frame = heard(socket)
    assert frame["stream"] == "btcusdt@trade"
    assert (frame["data"]["e"], frame["data"]["p"], frame["data"]["m"]) == ("trade", "50000.00000000", True)
    socket.close()


def test_streams_come_and_go_by_control_messages(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/ws")
    assert say(socket, "SUBSCRIBE", "btcusdt@trade", "ethusdt@trade", number=7) == {"result": None, "id": 7}
    assert say(socket, "LIST_SUBSCRIPTIONS")["result"] == ["btcusdt@trade", "ethusdt@trade"]
    assert say(socket, "UNSUBSCRIBE", "btcusdt@trade")["result"] is None
    venue.trade("BTCUSDT", "50000", "0.5")
    venue.trade("ETHUSDT", "3420", "0.5")
    assert heard(socket)["s"] == "ETHUSDT"
    socket.close()


def test_bad_control_messages_are_refused(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/ws")
    assert say(socket, "SHOUT")["error"]["code"] == 2
    assert say(socket, "SUBSCRIBE", "BTCUSDT@nothing")["error"]["code"] == 2
    socket.send("{")
    assert heard(socket)["error"]["code"] == 3
    socket.close()


def test_more_than_five_messages_in_a_second_end_the_connection(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/ws")
    for number in range(6):
        socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
    assert ending(socket) == 1008


def test_depth_differences_chain_and_lead_to_the_book(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/ws/btcusdt@depth@100ms")
    book: dict[str, dict[str, str]] = {"b": {}, "a": {}}
    last = None
    with urllib.request.urlopen(f"{venue.ready['rest']}/api/v3/depth?symbol=BTCUSDT&limit=1000", timeout=10) as answer:
        snapshot = json.load(answer)
    for side, name in (("b", "bids"), ("a", "asks")):
        book[side] = dict(snapshot[name])
    for shift in range(3):
        venue.market("BTCUSDT", str(50100 + shift), str(50101 + shift))
        event = heard(socket)
        assert last is None or event["U"] == last + 1
        last = event["u"]
        for side in ("b", "a"):
            book[side].update(dict(event[side]))
    bids = sorted((float(price) for price, size in book["b"].items() if float(size)), reverse=True)
    asks = sorted(float(price) for price, size in book["a"].items() if float(size))
    assert (bids[0], asks[0], len(bids), len(asks)) == (50102.0, 50103.0, 10, 10)
    venue.market("BTCUSDT", "50000", "50001")
    socket.close()


def test_a_second_bar_is_told_final_once_it_is_over(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/ws/btcusdt@kline_1s")
    final = heard(socket, lambda frame: frame["k"]["x"])
    following = heard(socket)
    assert final["k"]["T"] + 1 == following["k"]["t"]
    assert (final["k"]["i"], final["k"]["T"] - final["k"]["t"]) == ("1s", 999)
    socket.close()


def test_times_are_finer_when_asked_for(venue: RunningVenue) -> None:
    socket = dial(f"{venue.ready['stream']}/ws/btcusdt@trade?timeUnit=MICROSECOND")
    venue.trade("BTCUSDT", "50000", "0.5")
    assert heard(socket)["E"] > 10**15
    socket.close()


def test_a_restart_is_told_and_a_refused_handshake_refused(venue: RunningVenue) -> None:
    venue.faults([{"name": "no", "on": "connect", "nth": 1, "do": [{"reject": "no"}]}])
    with pytest.raises(websocket.WebSocketBadStatusException):
        dial(f"{venue.ready['stream']}/ws/btcusdt@trade")
    dial(f"{venue.ready['stream']}/ws/btcusdt@trade").close()
    venue.faults([])
