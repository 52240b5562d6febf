"""Runs the launcher and ends it by SIGKILL at a named point of the order path, as a power cut would.

``python crash_kit.py "journal: committed" 3 --config ...``: the third time that the point is passed. The product knows nothing
of the points: they are its own functions, entered (``before``) or left (``after``).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

__all__ = ["BINANCE_POINTS", "IBKR_POINTS", "POINTS", "Point"]


class Point(NamedTuple):
    """A function, as ``module:Class.method``, and whether it has run by then."""

    target: str
    when: str


_RUNNER = "autotrader.strategy.runner:StrategyRunnerActor."
_OMS = "autotrader.oms.manager:OrderManagerActor."
_REQUESTS = "autotrader.oms.requests:Requests."
_JOURNAL = "autotrader.oms.journal."
_DOOR = "autotrader.actors.gate:Door."
_BINANCE = "autotrader.execution.adapters."

POINTS = {
    "strategy decided, nothing told": Point(f"{_RUNNER}_tell_oms", "before"),
    "decisions told to the order manager": Point(f"{_RUNNER}_tell_oms", "after"),
    "order before its limits": Point(f"{_REQUESTS}submit", "before"),
    "order past its limits": Point(f"{_REQUESTS}submit", "after"),
    "rows not yet handed to the journal": Point(f"{_OMS}_hand_over", "before"),
    "rows handed to the journal": Point(f"{_OMS}_hand_over", "after"),
    "commit not begun": Point(f"{_JOURNAL}store:Store.append", "before"),
    "rows written, not committed": Point(f"{_JOURNAL}store:Store._write", "after"),
    "committed, nothing released": Point(f"{_JOURNAL}store:Store.append", "after"),
    "head noted": Point(f"{_JOURNAL}store:Store._note_head", "after"),
    "released by the journal": Point(f"{_JOURNAL}actor:JournalActor._commit", "after"),
    "orders at the resiliency manager": Point("autotrader.resiliency.manager:ResiliencyActor._on_writes", "after"),
    "before the gate": Point(f"{_DOOR}enter", "before"),
    "past the gate, not written": Point(f"{_DOOR}enter", "after"),
    "written": Point(f"{_DOOR}leave", "after"),
    "acceptance before it is booked": Point(f"{_OMS}_on_accepted", "before"),
    "acceptance booked, not committed": Point(f"{_OMS}_on_accepted", "after"),
    "event before it is booked": Point(f"{_OMS}_on_event", "before"),
    "event booked, not committed": Point(f"{_OMS}_on_event", "after"),
    "cancel asked for": Point(f"{_REQUESTS}cancel", "after"),
    "amend asked for": Point(f"{_REQUESTS}modify", "after"),
    "snapshot before it is compared": Point(f"{_OMS}_on_snapshot", "before"),
    "snapshot compared": Point(f"{_OMS}_on_snapshot", "after"),
    "fill told to the strategy": Point(f"{_RUNNER}_on_fills", "after"),
}
"""Points that every venue's order path has."""

_WIRE, _LANES = f"{_BINANCE}http_wire:HttpWire.", f"{_BINANCE}binance.calling:CallingBroker."
_SESSION, _ACTOR = f"{_BINANCE}binance.session:SessionBroker.", f"{_BINANCE}binance.actor:BinanceBrokerActor."

BINANCE_POINTS = {
    "orders at the adapter": Point(f"{_ACTOR}send_orders", "before"),
    "orders given to connections": Point(f"{_ACTOR}send_orders", "after"),
    "cancel given to a connection": Point(f"{_ACTOR}send_cancel", "after"),
    "amend given to a connection": Point(f"{_ACTOR}send_replace", "after"),
    "call built and signed": Point(f"{_BINANCE}binance.transport:BinanceTransport.request", "after"),
    "bytes in the socket": Point(f"{_WIRE}send", "after"),
    "answer read, told to nobody": Point(f"{_WIRE}read", "after"),
    "answer at the adapter": Point(f"{_LANES}_on_call_done", "before"),
    "answer settled": Point(f"{_LANES}_on_call_done", "after"),
    "frame at the adapter": Point(f"{_SESSION}_take", "before"),
    "event of the stream taken": Point(f"{_ACTOR}take_event", "after"),
    "query given to a connection": Point(f"{_ACTOR}query_order", "after"),
    "subscribed, books not read": Point(f"{_SESSION}_subscribe", "after"),
    "books read, not handed over": Point(f"{_SESSION}_on_books", "before"),
    "books handed over": Point(f"{_SESSION}_on_books", "after"),
}
"""Points of Binance's adapter."""

_IBKR = f"{_BINANCE}ibkr."
_TWS, _TWS_SESSION = f"{_IBKR}actor:IbkrBrokerActor.", f"{_IBKR}session:SessionBroker."
_CLIENT, _FOLLOWER = f"{_IBKR}client:TwsClient.", f"{_IBKR}following:Follower."

IBKR_POINTS = {
    "orders at TWS's adapter": Point(f"{_TWS}send_orders", "before"),
    "order id taken": Point(f"{_IBKR}order_ids:OrderIds.take", "after"),
    "orders given to the link": Point(f"{_TWS}send_orders", "after"),
    "cancel given to the link": Point(f"{_TWS}send_cancel", "after"),
    "change given to the link": Point(f"{_TWS}send_replace", "after"),
    "message put together": Point(f"{_CLIENT}frame_of", "after"),
    "message in the socket": Point(f"{_CLIENT}write", "after"),
    "word of the link at the adapter": Point(f"{_TWS}on_written", "before"),
    "word of the link taken": Point(f"{_TWS}on_written", "after"),
    "news of an order at the adapter": Point(f"{_TWS_SESSION}_on_order_told", "before"),
    "news of an order followed": Point(f"{_TWS_SESSION}_on_order_told", "after"),
    "execution followed": Point(f"{_FOLLOWER}on_execution", "after"),
    "commission before it is joined": Point(f"{_FOLLOWER}on_commission", "before"),
    "question for an order asked": Point(f"{_IBKR}asking:AskingBroker.query_order", "after"),
    "asked what is traded": Point(f"{_TWS_SESSION}_ask_what_is_traded", "after"),
    "TWS's books read, not handed over": Point(f"{_TWS_SESSION}_on_books", "before"),
    "TWS's books handed over": Point(f"{_TWS_SESSION}_on_books", "after"),
}
"""Points of Interactive Brokers' adapter."""


def _wrap(run: Callable[..., Any], nth: int, when: str) -> Callable[..., Any]:
    passed = 0

    def counted(*arguments: Any, **keywords: Any) -> Any:
        nonlocal passed
        passed += 1
        if when == "before" and passed >= nth:
            os.kill(os.getpid(), signal.SIGKILL)
        result = run(*arguments, **keywords)
        if passed >= nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return counted


def arm(point: Point, nth: int) -> None:
    """Have this process die when the point is passed the ``nth`` time."""
    place, _, path = point.target.partition(":")
    owner_name, _, name = path.partition(".")
    owner = getattr(import_module(place), owner_name)
    wrapped = _wrap(getattr(owner, name), nth, point.when)
    # what the handlers' decorator has left on a method stays on it
    wrapped.__dict__.update(getattr(owner, name).__dict__)
    setattr(owner, name, wrapped)


def main() -> int:
    """Arm the point that is named and run the launcher with the rest of the arguments."""
    from autotrader.cli import main as run

    arm((POINTS | BINANCE_POINTS | IBKR_POINTS)[sys.argv[1]], int(sys.argv[2]))
    return run(["run", *sys.argv[3:]])


if __name__ == "__main__":
    sys.exit(main())
