"""A simulated venue in a process of its own, as anybody would start it, and the ways to act on it from a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

START_S, STOP_S, CALL_S = 30.0, 10.0, 10.0
_open = build_opener(ProxyHandler({})).open


class AdminError(AssertionError):
    """The admin said no."""


class RunningVenue:
    """A venue that runs: ``ready`` is its parsed ready file, ``ready_file`` where that lies; all calls have a time-out."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any], ready_file: Path) -> None:
        self.process, self.ready, self.ready_file = process, ready, ready_file

    @property
    def credentials(self) -> dict[str, str]:
        """Return the keys that the venue takes."""
        return self.ready["credentials"]  # type: ignore[no-any-return]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the admin; raises ``AdminError`` with what it said."""
        data = None if body is None else json.dumps(body, default=str).encode()
        request = Request(f"{self.ready['admin']}/_sim/{path}", data, {"Content-Type": "application/json"}, method=method)
        try:
            with _open(request, timeout=CALL_S) as response:
                return json.load(response)
        except HTTPError as error:
            raise AdminError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def ledger(self) -> dict[str, Any]:
        """Return the truth."""
        return self.call("GET", "ledger")  # type: ignore[no-any-return]

    def faults(self, script: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Put a script, or a list of rules, in the running one's place; an empty one ends all faults."""
        self.call("POST", "faults", dict(script) if isinstance(script, Mapping) else {"rules": list(script)})

    def fired(self) -> dict[str, int]:
        """Return how often each rule has fired, by name."""
        return {rule["name"]: rule["fired"] for rule in self.call("GET", "faults")["rules"]}

    def market(self, symbol: str, bid: str, ask: str, bid_size: str = "10", ask_size: str = "10") -> None:
        """Set a book; it stands from now on."""
        self.call("POST", "market", {"symbol": symbol, "bid": bid, "ask": ask, "bid_size": bid_size, "ask_size": ask_size})

    def trade(self, symbol: str, price: str, quantity: str, side: str | None = None) -> list[dict[str, Any]]:
        """Let a stranger trade against resting orders; return what filled."""
        body = {"symbol": symbol, "price": price, "quantity": quantity, "side": side}
        return self.call("POST", "trade", body)["filled"]  # type: ignore[no-any-return]

    def order(self, symbol: str, side: str, quantity: str, price: str | None = None, **more: Any) -> dict[str, Any]:
        """Place an order by hand; return it as in the ledger."""
        body = {"symbol": symbol, "side": side, "quantity": quantity, "price": price, **more}
        return self.call("POST", "order", body)  # type: ignore[no-any-return]

    def cancel(self, client_order_id: str) -> dict[str, Any]:
        """Cancel an order by hand; return it as in the ledger."""
        return self.call("POST", "cancel", {"client_order_id": client_order_id})  # type: ignore[no-any-return]

    def step(self, seconds: float) -> list[str]:
        """Move what stands on by so many seconds; return which symbols."""
        return self.call("POST", "step", {"seconds": str(seconds)})["symbols"]  # type: ignore[no-any-return]

    def kill(self) -> None:
        """End the process as a crash would."""
        self.process.kill()
        self.process.wait(STOP_S)

    def stop(self) -> int:
        """Ask the process to end, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)


@contextmanager
def running(venue: str = "binance", *, manual: bool = True, **options: Any) -> Iterator[RunningVenue]:
    """Run ``autotrader simulate VENUE``; ``options`` are the verb's: ``latency_ms=5`` is ``--latency-ms 5``.

    The market stands unless ``manual`` is False. Fails with the process's last words when it is not ready in time.
    """
    with tempfile.TemporaryDirectory(prefix="sim-") as folder:
        ready_file, words = Path(folder) / "ready.json", Path(folder) / "stderr"
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        command = [sys.executable, "-m", "autotrader.cli", "simulate", venue, "--ready-file", str(ready_file), *flags]
        with words.open("w") as errors:
            process = subprocess.Popen(
                [*command, *(["--manual"] if manual else [])], stdout=subprocess.DEVNULL, stderr=errors, text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        try:
            yield RunningVenue(process, _ready(process, ready_file, words), ready_file)
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)


def _ready(process: subprocess.Popen[str], ready_file: Path, words: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_S
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"no venue; its process says ({process.poll()}): {words.read_text()[-2000:]}")
        time.sleep(0.01)
    return json.loads(ready_file.read_text())  # type: ignore[no-any-return]
