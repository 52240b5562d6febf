"""What the order manager does about a kill: every order of ours is wished gone, and each venue is swept until it is clean."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Protocol

import msgspec

from autotrader.messages import (
    KillPulled,
    KillRearmed,
    KillVerdict,
    OrderIntended,
    Receipt,
    SendCancelAll,
    SendOrder,
    SnapshotTaken,
    TakeSnapshot,
)
from autotrader.model import ZERO, Instrument, KillLevel, OrderUpdate, WriteClass
from autotrader.oms.desk import Desk
from autotrader.oms.flatten import FLATTENER, flatten_orders
from autotrader.oms.floor import WATCH, Floor
from autotrader.oms.requests import Requests
from autotrader.oms.sweep import Sweep
from autotrader.oms.sweep_values import OpenList, SweepDo, SweepSettings

__all__ = ["KillDesk"]


class SweptGate(Protocol):
    """What a sweep asks of the gate."""

    def level(self, venue: str) -> KillLevel:
        """Return the kill level in force at a venue."""

    def sweep_ended(self, venue: str) -> None:
        """Let reduce-only orders pass again at a venue that is clean."""

    def allow(self, venue: str, receipt: Receipt) -> None:
        """Let one reduce-only order of the sweep's own pass."""


class KillDesk:
    """The sweeps of one floor. ``new_id`` gives an id at a venue; ``allow`` and ``ended`` are the gate's."""

    def __init__(
        self, floor: Floor, requests: Requests, rng: Random, new_id: Callable[[str], str], gate: SweptGate, *, flatten: bool,
    ) -> None:
        self._floor, self._requests, self._rng = floor, requests, rng
        self._new_id, self._gate, self._flatten = new_id, gate, flatten
        self._sweeps: dict[str, Sweep] = {}
        self._clean_ns: dict[str, int] = {}

    @property
    def verdicts_missing(self) -> list[str]:
        """Return the venues whose sweep has not ended clean."""
        return [venue for venue, sweep in self._sweeps.items() if not sweep.is_clean]

    # ------------------------------------------------------------ inputs

    def begin(self) -> None:
        """Sweep what an earlier incarnation, or an earlier run, left at CANCEL or above."""
        for desk in self._floor.desks.values():
            level = self._gate.level(desk.name)
            if level >= KillLevel.CANCEL:
                self._begin(desk, level)

    def on_kill(self, msg: KillPulled) -> None:
        """Put the pull on record; from CANCEL on, begin to sweep."""
        self._note(msg)
        if msg.level < KillLevel.CANCEL:
            return
        for desk in self._floor.desks.values():
            if msg.scope in ("all", desk.name):
                self._begin(desk, msg.level)

    def _begin(self, desk: Desk, level: KillLevel) -> None:
        running = self._sweeps.get(desk.name)
        if running is not None and not running.is_clean:
            running.level = max(running.level, level)
            self._requests.cancel_all("kill", kill=True, venue=desk.name)
            return
        sweep = Sweep(desk.name, desk.account, level, self._rng, _settings_for(desk), flatten=self._flatten)
        do = sweep.start(self._requests.open_orders(desk.name), self._now_ns())
        self._carry_out(desk, msgspec.structs.replace(do, cancels=()))  # the first cancels go out now, after the first question
        self._requests.cancel_all("kill", kill=True, venue=desk.name)
        self._sweeps[desk.name] = sweep

    def on_rearmed(self, msg: KillRearmed) -> None:
        """Put the re-arm on record; losses and sweeps start anew."""
        self._note(msg)
        self._floor.limits.rearm_losses(self._floor.clock.now_ns())
        for venue in list(self._sweeps):
            if msg.scope in ("all", venue):
                del self._sweeps[venue]

    def on_update(self, update: OrderUpdate) -> None:
        """Follow an order at a venue that is swept; what is ordered after a clean sweep only reduces, and stays."""
        sweep = self._sweeps.get(update.venue)
        if sweep is not None and not (sweep.is_clean and update.created_ns > self._clean_ns.get(update.venue, 0)):
            self._carry_out(self._floor.desks[update.venue], sweep.order_changed(update, self._now_ns()))

    def on_snapshot(self, msg: SnapshotTaken) -> None:
        """Take an answer to the sweep's own question."""
        sweep, number = self._sweeps.get(msg.venue), int(msg.purpose.removeprefix("kill:") or 0)
        if sweep is None:
            return
        if msg.snapshot is None:
            do = sweep.list_failed(number, msg.reason, self._now_ns())
        else:
            found = msg.snapshot
            orders = tuple(order for order in found.orders if not order.is_done)
            held = self._held(msg.venue, dict(found.positions))
            do = sweep.listed(OpenList(number, orders, found.complete, held), self._now_ns())
            if found.complete:
                self._cancel_in_bulk(self._floor.desks[msg.venue], do, {order.symbol for order in orders})
        self._carry_out(self._floor.desks[msg.venue], do)

    def _held(self, venue: str, told: dict[str, Decimal]) -> dict[str, Decimal]:
        """Return what is left to close: what the venue lists, and what we bought or sold of assets, which it does not list.

        Less than the smallest order cannot be closed and counts as flat.
        """
        books = self._floor.books
        for position in books.positions():
            if position.venue == venue and position.symbol not in told:
                told[position.symbol] = position.quantity
        least = {symbol: _least(books.instrument(venue, symbol)) for symbol in told}
        return {symbol: quantity for symbol, quantity in told.items() if abs(quantity) >= least[symbol]}

    def on_reachable(self, venue: str) -> None:
        """Note that a venue's link is back: a sweep that waited for it goes on at once."""
        sweep = self._sweeps.get(venue)
        if sweep is not None:
            self._carry_out(self._floor.desks[venue], sweep.reachable(self._now_ns()))

    def on_cancel_failed(self, venue: str, client_order_id: str) -> None:
        """Note that a cancel was not taken: the sweep sends it again soon."""
        sweep = self._sweeps.get(venue)
        if sweep is not None:
            self._carry_out(self._floor.desks[venue], sweep.cancel_failed(client_order_id, self._now_ns()))

    def on_tick(self) -> None:
        """Go on by time."""
        for venue, sweep in self._sweeps.items():
            if not sweep.is_clean:
                self._carry_out(self._floor.desks[venue], sweep.tick(self._now_ns()))

    # ------------------------------------------------------------ outputs

    def _carry_out(self, desk: Desk, do: SweepDo) -> None:
        for cancel in do.cancels:
            if cancel.attempt > 1 or not self._closes(cancel.client_order_id):
                self._floor.outbox.tell(desk.resiliency, cancel)
        if do.list_number:
            ask = TakeSnapshot(desk.name, self._floor.clock.now_ns(), f"kill:{do.list_number}")
            self._floor.outbox.tell(desk.resiliency, ask)
        if do.flatten:
            self._close_positions(desk, do)
        if do.verdict is not None:
            found, now_ns = do.verdict, self._floor.clock.now_ns()
            if found.clean:
                self._clean_ns[desk.name] = now_ns
                self._gate.sweep_ended(desk.name)
            self._note(KillVerdict(desk.name, found.clean, found.canceled, found.remaining, found.detail, now_ns))
            word = "CLEAN" if found.clean else "NOT CLEAN"
            text = f"{desk.name}: {word}: {found.canceled} cancelled, {found.remaining} left; {found.detail}"
            self._floor.alarm("KILL_VERDICT", text, venue=desk.name)

    def _cancel_in_bulk(self, desk: Desk, do: SweepDo, listed: set[str]) -> None:
        """Cancel all of a symbol, or of the venue, in one call, where the list that has just come holds none but our orders.

        Not where one of them closes a position: it ends by itself, if it is given the time.
        """
        if not (desk.settings.bulk_cancel and do.only_ours):
            return
        closing = {
            record.order.symbol
            for record in self._floor.books.orders.values()
            if record.order.venue == desk.name and record.order.strategy == FLATTENER and not record.is_done
        }
        if desk.settings.bulk_scope == "symbol":
            for symbol in sorted(do.only_ours - closing):
                self._floor.outbox.tell(desk.resiliency, SendCancelAll(desk.name, symbol))
        elif listed == do.only_ours and not closing:
            self._floor.outbox.tell(desk.resiliency, SendCancelAll(desk.name, ""))

    def _closes(self, client_order_id: str) -> bool:
        """Say whether the order is one that closes a position: it ends by itself, if it is given the time."""
        record = self._floor.books.orders.get(client_order_id)
        return record is not None and record.order.strategy == FLATTENER

    def _note(self, event: KillPulled | KillRearmed | KillVerdict) -> None:
        self._floor.outbox.events.append(event)
        self._floor.tell_route(WATCH, event)

    def _close_positions(self, desk: Desk, do: SweepDo) -> None:
        floor, now_ns = self._floor, self._floor.clock.now_ns()
        quotes = {symbol: quote for symbol in do.flatten if (quote := floor.quotes.get((desk.name, symbol))) is not None}
        listed = {symbol: floor.books.instrument(desk.name, symbol) for symbol in do.flatten}
        instruments = {symbol: one for symbol, one in listed.items() if one is not None}
        orders, problems = flatten_orders(
            desk.name, desk.account, do.flatten, quotes, instruments, lambda: self._new_id(desk.name), now_ns
        )
        for symbol, problem in problems.items():
            floor.alarm("FLATTEN", f"{desk.name} {symbol} cannot be closed now: {problem}", venue=desk.name)
        for order in orders:
            receipt = floor.limits.receipts.issue(desk.name, order.client_order_id, WriteClass.REDUCE, now_ns)
            self._gate.allow(desk.name, receipt)
            floor.record(OrderIntended(order, now_ns))
            floor.metrics.on_order()
            floor.outbox.release(desk.resiliency, SendOrder(order, receipt))

    def _now_ns(self) -> int:
        return self._floor.wall.monotonic_ns()


def _settings_for(desk: Desk) -> SweepSettings:
    """Return how a venue is swept: one that cancels everything in one message is asked at once whether it may."""
    at_once = desk.settings.bulk_cancel and desk.settings.bulk_scope == "venue"
    return SweepSettings(first_list_s=0.0) if at_once else SweepSettings()


def _least(instrument: Instrument | None) -> Decimal:
    return ZERO if instrument is None else max(instrument.lot, instrument.min_quantity or ZERO)
