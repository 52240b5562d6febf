"""A raw client of the TWS socket, as the tables of the protocol describe it: fields in, fields out."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from simulator_kit import RunningVenue

__all__ = ["AAPL", "Tws", "contract", "order_fields", "read_until", "tws"]

WAIT_S = 8.0
MAX = "1.7976931348623157e+308"
MAX_INT = "2147483647"
Message = list[str]


def contract(**given: Any) -> list[Any]:
    """The twelve fields of a contract."""
    names = (
        "con_id", "symbol", "sec_type", "expiry", "strike", "right", "multiplier", "exchange", "primary", "currency", "local",
        "trading_class",
    )  # fmt: skip
    base = {"con_id": 0, "strike": "0.0", "exchange": "SMART", "currency": "USD", **given}
    return [base.get(name, "") for name in names]


AAPL = contract(symbol="AAPL", sec_type="STK")


def order_fields(order_id: int, version: int = 178, what: Sequence[Any] = AAPL, **given: Any) -> list[Any]:
    """The fields of placeOrder, the message's id first: 110 of them at 157, 114 at 178."""
    order = {
        "action": "BUY", "quantity": "10", "type": "MKT", "limit": "", "aux": "", "tif": "DAY", "oca": "", "account": "",
        "ref": "", "transmit": 1, "parent": 0, "outside": 0, "till": "", "oca_type": 0, "etrade": 0, "firm": 0, "stop": "",
        "percent": "", "what_if": 0, "cash": "", "algo": "", **given,
    }  # fmt: skip
    flds: list[Any] = [3, order_id, *what, "", ""]
    flds += [order[name] for name in ("action", "quantity", "type", "limit", "aux", "tif", "oca", "account")]
    flds += ["", 0, order["ref"], order["transmit"], order["parent"], 0, 0, 0, 0, order["outside"], 0]
    flds += ["", 0, "", order["till"], "", "", ""] + ([""] if version < 177 else [])
    flds += ["", 0, "", -1, order["oca_type"], "", "", 0, "", "", order["etrade"], order["firm"], "", 0, "", "", "", "", ""]
    flds += [0, "", "", "", ""]
    flds += [0, "", order["stop"], order["percent"], "", "", "", "", "", "", "", 0, "", "", 0, 0]
    flds += [order["algo"], *([0] if order["algo"] else []), "", order["what_if"], "", 0, 0, 0, 0]
    flds += ["", MAX, MAX, MAX, MAX, MAX, 0, "", "", "", order["cash"], "", "", "", "", 0, 0, 0, ""]
    later = ((158, MAX_INT), (160, MAX_INT), (162, 0), (166, ""), (169, ""))
    return flds + [value for since, value in later if version >= since]


class Tws:
    """One connection. ``seen`` are all messages so far; ``next_id`` the first order id that may be used."""

    def __init__(self, ready: dict[str, Any], client_id: int = 1, versions: str = "v100..178", *, starts: bool = True) -> None:
        self.socket = socket.create_connection((ready["host"], ready["port"]), timeout=WAIT_S)
        self._bytes = b""
        self.seen: list[Message] = []
        self.socket.sendall(b"API\0" + framed(f"{versions}".encode()))
        self.version, self.connected_at = 0, ""
        if not starts:
            return
        self.greet()
        self.send(71, 2, client_id, "")
        self.next_id = int(self.until(9)[2])
        self.error(-1, 2158)

    def greet(self) -> None:
        """Read the answer to the handshake."""
        self.version, self.connected_at = (lambda one: (int(one[0]), one[1]))(self.read())
        self.seen.clear()

    def send(self, *fields: Any) -> None:
        """Send one message of these fields."""
        self.socket.sendall(framed("".join(f"{field}\0" for field in fields).encode()))

    def place(self, order_id: int, what: Sequence[Any] = AAPL, **given: Any) -> int:
        """Place or change an order; returns its id."""
        self.send(*order_fields(order_id, self.version, what, **given))
        return order_id

    def cancel(self, order_id: int) -> None:
        """Cancel an order."""
        self.send(4, 1, order_id, *([""] if self.version >= 169 else []))

    # ------------------------------------------------------------ what comes

    def read(self, timeout_s: float = WAIT_S) -> Message:
        """Read one message. Raises EOFError at the end, TimeoutError when nothing comes."""
        deadline = time.monotonic() + timeout_s
        while (size := self._size()) is None or len(self._bytes) < 4 + size:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the server has left")
            self._bytes += data
        payload, self._bytes = self._bytes[4 : 4 + size], self._bytes[4 + size :]
        self.seen.append(payload.decode().split("\0")[:-1])
        return self.seen[-1]

    def _size(self) -> int | None:
        return int.from_bytes(self._bytes[:4], "big") if len(self._bytes) >= 4 else None

    def until(self, kind: int, fits: Callable[[Message], bool] = lambda _: True) -> Message:
        """Read on until a message of this kind fits."""
        while True:
            one = self.read()
            if one[:1] == [str(kind)] and fits(one):
                return one

    def status(self, order_id: int, word: str) -> Message:
        """Read on until an order has this status."""
        return self.until(3, lambda one: one[1] == str(order_id) and one[2] == word)

    def error(self, about: int, code: int) -> Message:
        """Read on until this error comes."""
        return self.until(4, lambda one: one[2] == str(about) and one[3] == str(code))

    def quiet(self) -> list[Message]:
        """Return what comes before the answer to a question that is asked now."""
        start = len(self.seen)
        self.send(49, 1)
        self.until(49)
        return self.seen[start:-1]

    def has_ended(self) -> bool:
        """Say whether the server ends the connection, reading what it says before."""
        try:
            while True:
                self.read()
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        """Leave."""
        self.socket.close()


def framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def read_until(one: Tws, kind: int, end: int) -> list[Message]:
    """Return the messages of a kind that come before the one that ends them."""
    start = len(one.seen)
    one.until(end)
    return [message for message in one.seen[start:] if message[0] == str(kind)]


@contextlib.contextmanager
def tws(venue: RunningVenue, client_id: int = 1, versions: str = "v100..178") -> Iterator[Tws]:
    """Connect, and leave at the end."""
    one = Tws(venue.ready, client_id, versions)
    try:
        yield one
    finally:
        one.close()
