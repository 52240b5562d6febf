"""What can go wrong at Binance, over HTTP and on its streams."""

from __future__ import annotations

from typing import Any

from binance_books import books_equal
from weather_scripts import REQUESTS_ANYWHERE, Draw, Weather, lost, seconds

__all__ = ["BINANCE"]

Json = Any
QUICK = (
    "--set", "engine.cycle_time_ms=40", "--set", "risk.profile=open", "--set", "venues.binance.deadline_s=1",
    "--set", "venues.binance.request_life_s=5", "--set", "venues.binance.recv_window_ms=1000",
    "--set", "engine.sweep_s=4", "--set", "stop.timeout_s=25", "--set", "venues.binance.symbols=BTCUSDT,ETHUSDT",
)  # fmt: skip
PAGE = {"status": 502, "body": "<html>bad gateway</html>"}


def _error(status: int, code: int, msg: str) -> Json:
    return {"status": status, "body": f'{{"code":{code},"msg":"{msg}"}}', "headers": {"Content-Type": "application/json"}}


LOST = ("never", "reset", "cut", "empty", "slow", PAGE, _error(504, -1007, "Timeout waiting for response"),
        _error(500, -1001, "Internal error"), {"status": 503, "body": ""}, {"status": 408, "body": "<html>late</html>"},
        {"status": 200, "body": '{"orderId": "what"}'})  # fmt: skip
"""Answers that say nothing of what became of a request."""


REQUESTS: dict[str, Draw] = {
    "lost": lost(LOST),
    **REQUESTS_ANYWHERE,
    "overloaded": lambda rng: [{"reject": rng.choice((-1008, -1016, -1021, -1000, -1006))}],
}
REFUSALS = {
    "submit": (-2010, -1013, -1015, -1003), "cancel": (-2011, -1003), "amend": (-2010, -1013, -2038, -2022), "query": (-1003,),
}  # fmt: skip
CONNECTS: dict[str, Draw] = {
    "lost": lambda rng: [{"reply": rng.choice(("reset", "never", "empty", PAGE))}],
    "late": lambda rng: [{"delay_s": seconds(rng, 0.1, 2)}],
}

BINANCE = Weather("binance", ("BTCUSDT", "ETHUSDT"), QUICK, books_equal, REQUESTS, REFUSALS, CONNECTS)
