"""Messages that are cut, joined, stretched or filled with nonsense: no error escapes, nothing hangs, all numbers are finite."""

from __future__ import annotations

import random
import threading
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from ibapi.decoder import Decoder
from tws_kit import MAX, Caller, frame, tws_server
from tws_link_kit import LinkBench
from tws_payloads import completed_order, contract_data, execution, open_order, order_status, position

from autotrader.execution.adapters.ibkr.client import TwsClient
from autotrader.execution.adapters.ibkr.library import load
from autotrader.execution.adapters.ibkr.messages import ErrorTold, FrameLost, LinkOpened, NextIdTold, TwsEvent
from autotrader.execution.adapters.ibkr.outlet import Outlet

VERSIONS = (157, min(178, load().versions[1]))
NONSENSE = [
    "", "0", "-1", "nan", "inf", "-inf", MAX, "1e999", "x", "\\u12", "1.5", "99999999999999999999", "2147483647", "1e400", "\t",
]  # fmt: skip
ROUNDS = 250


def corpus(version: int) -> list[bytes]:
    """Return one of each message that is read."""
    error = (4, 2, 5, 201, "no", *([""] if version >= 166 else []))
    plain: list[tuple[Any, ...]] = [
        error, (1, 6, 11, 1, "150.25", 3, 0), (2, 6, 11, 0, 300), (9, 1, 7), (15, 1, "DU1"), (49, 1, 1_700_000_000), (53, 1),
        (55, 1, 9), (59, 1, "a.01", "1", "USD", MAX, MAX, ""), (62, 1), (63, 1, 9, "DU1", "NetLiquidation", "5", "USD"),
        (64, 1, 9), (6, 2, "CashBalance", "5", "USD", "DU1"), (54, 1, "DU1"), (52, 1, 9), (102,),
        (100, 9, 7, 5), (58, 1, 11, 3),
    ]  # fmt: skip
    return [frame(*fields)[4:] for fields in plain] + [
        one[4:] for one in (
            open_order(version), completed_order(version), order_status(), execution(version), position(),
            contract_data(version, 9, 1),
        )
    ]  # fmt: skip


def spoilt(rng: random.Random, payload: bytes) -> bytes:
    """Return a payload with something wrong: fields fewer, more, moved or of nonsense, or bytes cut off or changed."""
    fields = payload.split(b"\0")[:-1]
    match rng.randrange(7):
        case 0:
            fields = fields[: rng.randrange(1, len(fields) + 1)]
        case 1:
            fields += [rng.choice(NONSENSE).encode()] * rng.randrange(1, 5)
        case 2:
            del fields[rng.randrange(len(fields))]
        case 3:
            return payload[: rng.randrange(1, len(payload) + 1)]
        case 4:
            data = bytearray(payload)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            return bytes(data)
        case 5:
            rng.shuffle(tail := fields[1:])
            fields = [*fields[:1], *tail]
        case _:
            for _ in range(rng.randrange(1, 4)):
                fields[rng.randrange(min(1, len(fields) - 1), len(fields))] = rng.choice(NONSENSE).encode()
    return b"\0".join(fields) + b"\0"


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[TwsEvent] = []

    def tell(self, message: list[TwsEvent]) -> None:
        self.events += message


def read(version: int, payload: bytes) -> list[TwsEvent]:
    """Return what one payload becomes, by the client's own loop in this thread."""
    heard = Heard()
    outlet = Outlet(1, heard, lambda accounts, next_id: LinkOpened(1, 1, version, accounts, next_id), is_wanted=lambda: True)
    client = TwsClient(
        load(), outlet, host="127.0.0.1", port=1, client_id=7, connect_s=1.0, max_version=200, codes={}, now_ns=lambda: 1,
        on_end=lambda: None,
    )  # fmt: skip
    client.ear.own_thread = threading.get_ident()
    client._api.conn, client._api.serverVersion_ = client.line, version
    client._api.decoder = Decoder(client._api.wrapper, version)
    outlet.is_open = True
    client._queue.put(payload)
    client._listen()
    outlet.flush()
    return heard.events


def numbers_in(value: Any) -> list[Any]:
    if isinstance(value, msgspec.Struct):
        return [one for name in value.__struct_fields__ for one in numbers_in(getattr(value, name))]
    return [value] if isinstance(value, (float, Decimal)) else []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_corpus_is_read_without_a_loss(version: int) -> None:
    for payload in corpus(version):
        events = read(version, payload)
        assert events, payload
        assert FrameLost not in map(type, events)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", range(1))
def test_a_spoilt_message_is_read_or_told_as_lost(version: int, seed: int) -> None:
    rng, messages, lost = random.Random(f"{seed}/{version}"), corpus(version), 0
    for _ in range(ROUNDS):
        payload = spoilt(rng, rng.choice(messages))
        events = read(version, payload)
        lost += FrameLost in map(type, events)
        for event in events:
            assert all(isinstance(one, Decimal) and one.is_finite() for one in numbers_in(event)), (payload, event)
        if payload.split(b"\0")[0] in {one.split(b"\0")[0] for one in messages}:
            assert events, payload  # read, or lost and told so
    assert lost > ROUNDS // 20


def test_streams_of_spoilt_frames_leave_a_link_that_works() -> None:
    rng = random.Random(4)
    streams: list[bytes] = []
    for _ in range(25):
        good = corpus(157)
        parts = [spoilt(rng, rng.choice(good)) if rng.random() < 0.3 else rng.choice(good) for _ in range(20)]
        data = b"".join(len(one).to_bytes(4, "big") + one for one in parts)
        if rng.random() < 0.3:
            place = rng.randrange(len(data))
            data = data[:place] + rng.randbytes(rng.randrange(1, 9)) + data[place:]
        streams.append(data)

    def answer(caller: Caller, fields: list[str]) -> None:
        if fields[0] != "71":
            return
        caller.raw(frame(15, 1, "DU1") + frame(9, 1, 1))
        if streams:
            data = streams.pop()
            for first in range(0, len(data), 97):
                caller.raw(data[first : first + 97])
            caller.cut()
        else:
            caller.send(9, 1, 4242)

    with tws_server(157) as server:
        server.on_message = answer
        bench = LinkBench(server.port, retry_s=0.001, longest_retry_s=0.002)
        bench.until(lambda: [one for one in bench.broker.of(NextIdTold) if one.order_id == 4242], 60)
        assert len(bench.broker.of(LinkOpened)) == 26
        for event in bench.broker.seen:
            if isinstance(event, TwsEvent):
                assert all(isinstance(one, Decimal) and one.is_finite() for one in numbers_in(event))
        assert bench.broker.of(ErrorTold)
        bench.close()
