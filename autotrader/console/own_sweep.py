"""The cancel sweep of ``autotrader kill``: over connections of its own, whatever has become of the engine.

The same state machine as the engine's own sweep decides; here it is driven by blocking calls, one thread per venue. An order
that the journal holds in doubt counts as gone once its request is too old to arrive and the venue does not know it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from random import Random

import msgspec

from autotrader.errors import AutotraderError, RateLimited, Refused
from autotrader.execution.adapters.outside import CancelFate, SweepHands
from autotrader.messages import SendCancel
from autotrader.model import KillLevel, OrderState, OrderUpdate
from autotrader.oms.sweep import Sweep
from autotrader.oms.sweep_values import OpenList, SweepDo, SweepSettings, SweepVerdict

__all__ = ["OwnSweep", "Swept", "sweep_all"]

PAUSE_NS = 250_000_000
IN_DOUBT = frozenset({OrderState.SENT, OrderState.UNKNOWN})
SETTINGS = SweepSettings(first_list_s=0.0, list_every_s=0.5)


class Swept(msgspec.Struct, frozen=True):
    """How a sweep ended at one venue; never clean without two empty lists, two seconds apart, over our own connection."""

    venue: str
    clean: bool
    canceled: int
    remaining: int
    foreign: int
    detail: str


class OwnSweep:
    """One venue's sweep, at most ``limit_s`` long. ``now_ns`` is UTC, ``wall_ns`` monotonic; ``wait`` sleeps, in seconds."""

    def __init__(
        self, hands: SweepHands, orders: Iterable[OrderUpdate], limit_s: float, *, rng: Random | None = None,
        now_ns: Callable[[], int] = time.time_ns, wall_ns: Callable[[], int] = time.monotonic_ns,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._hands, self._orders = hands, {one.client_order_id: one for one in orders}
        self._now_ns, self._wall_ns, self._wait = now_ns, wall_ns, wait
        self._end_ns = wall_ns() + round(limit_s * 1e9)
        settings = msgspec.structs.replace(SETTINGS, limit_s=limit_s)
        self._sweep = Sweep(hands.venue, hands.account, KillLevel.CANCEL, rng or Random(), settings)
        self._verdict: SweepVerdict | None = None
        self._cancels: dict[str, SendCancel] = {}
        self._list_number = self._wake_ns = self._quiet_until_ns = 0
        self._only_ours = self._listed = self._symbols = frozenset[str]()
        self._failure = self._stuck = ""

    def run(self) -> Swept:
        """Sweep until it is clean, or the time is over."""
        self._take(self._sweep.start(self._orders.values(), self._wall_ns()))
        while not self._sweep.is_clean and (now_ns := self._wall_ns()) < self._end_ns:
            if now_ns >= self._quiet_until_ns and self._list_number:
                self._list()  # before the cancels: what holds none but our orders goes in one call
            elif now_ns >= self._quiet_until_ns and self._cancels:
                self._cancel()
            else:
                self._rest(now_ns)
                self._take(self._sweep.tick(self._wall_ns()))
        if not self._sweep.is_clean:
            self._take(self._sweep.tick(max(self._wall_ns(), self._end_ns)))
        return self._told()

    def _take(self, do: SweepDo) -> None:
        self._cancels.update((one.client_order_id, one) for one in do.cancels)
        self._list_number = do.list_number or self._list_number
        self._only_ours, self._wake_ns = do.only_ours, do.wake_ns
        self._verdict = do.verdict or self._verdict

    def _rest(self, now_ns: int) -> None:
        until_ns = max(min(self._wake_ns, now_ns + PAUSE_NS), self._quiet_until_ns)
        self._wait(max(min(until_ns, self._end_ns) - now_ns, 1_000_000) / 1e9)

    # ------------------------------------------------------------ what the sweep wants

    def _list(self) -> None:
        number, self._list_number = self._list_number, 0
        try:
            found = self._hands.list_open()
        except AutotraderError as error:
            self._failed(error)
            return self._take(self._sweep.list_failed(number, self._failure, self._wall_ns()))
        self._failure = ""
        self._listed = frozenset(one.client_order_id for one in found.orders)
        self._symbols = frozenset(one.symbol for one in found.orders)
        return self._take(self._sweep.listed(OpenList(number, found.orders, found.complete), self._wall_ns()))

    def _cancel(self) -> None:
        """Cancel what is due; what a list no longer shows is left out, unless it is in doubt."""
        cancels, self._cancels = self._cancels, {}
        due = [one for one in cancels.values() if one.client_order_id in self._listed or self._is_in_doubt(one)]
        whole = {one.symbol for one in due if self._hands.bulk and one.client_order_id in self._listed} & self._only_ours
        if self._hands.bulk_scope == "venue":
            whole = whole if self._symbols <= self._only_ours else set()
        for symbol in sorted(whole) if self._hands.bulk_scope == "symbol" else [""] if whole else []:
            if self._try(lambda symbol=symbol: self._hands.cancel_all(symbol)) is None:  # type: ignore[misc]
                return
        for one in due:
            if one.symbol in whole and one.client_order_id in self._listed:
                continue
            if self._wall_ns() >= self._end_ns or not self._cancel_one(one):
                return

    def _is_in_doubt(self, command: SendCancel) -> bool:
        order = self._orders.get(command.client_order_id)
        return order is not None and order.state in IN_DOUBT

    def _cancel_one(self, command: SendCancel) -> bool:
        """Cancel one order; False when the venue could not be asked."""
        fate = self._try(lambda: self._hands.cancel(command))
        if fate in (None, "failed"):
            self._take(self._sweep.cancel_failed(command.client_order_id, self._wall_ns()))
        if fate == "gone" and self._is_in_doubt(command):
            return self._settle(self._orders[command.client_order_id])
        return fate is not None

    def _settle(self, order: OrderUpdate) -> bool:
        """Count an order in doubt as gone when the venue says so, or knows nothing of it although it would by now."""
        try:
            is_open = self._hands.is_open(order)
        except AutotraderError as error:
            self._failed(error)
            return False
        too_old = self._now_ns() - order.created_ns > self._hands.request_life_s * 1e9
        if is_open is False or (is_open is None and too_old):
            gone = msgspec.structs.replace(order, state=OrderState.CANCELED)
            self._take(self._sweep.order_changed(gone, self._wall_ns()))
        return True

    def _try(self, call: Callable[[], CancelFate]) -> CancelFate | None:
        try:
            return call()
        except AutotraderError as error:
            self._failed(error)
            self._stuck = str(error)
            return None

    def _failed(self, error: AutotraderError) -> None:
        self._failure = str(error)
        if isinstance(error, RateLimited):
            self._quiet_until_ns = self._wall_ns() + round(error.retry_after_s * 1e9)

    def _told(self) -> Swept:
        found = self._verdict or SweepVerdict(False, 0, 0, 0, 0, "no list was read to its end")
        detail = found.detail
        for why in dict.fromkeys((self._failure, self._stuck)):
            if not found.clean and why and why not in detail:
                detail = f"{detail}; {why}"
        return Swept(self._hands.venue, found.clean, found.canceled, found.remaining, found.foreign, detail)


def sweep_all(
    venues: Iterable[str], make: Callable[[str], SweepHands], orders: Iterable[OrderUpdate], limit_s: float
) -> list[Swept]:
    """Sweep venues side by side and return how it went, in their order; a venue that cannot be begun is not clean."""
    known, names = list(orders), list(venues)
    swept: dict[str, Swept] = {}

    def work(venue: str) -> None:
        swept[venue] = _sweep_one(venue, make, [one for one in known if one.venue == venue], limit_s)

    threads = [threading.Thread(target=work, args=(venue,), name=f"sweep.{venue}", daemon=True) for venue in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(limit_s + 30.0)
    return [swept.get(venue) or Swept(venue, False, 0, 0, 0, "the sweep did not come back in time") for venue in names]


def _sweep_one(venue: str, make: Callable[[str], SweepHands], orders: list[OrderUpdate], limit_s: float) -> Swept:
    try:
        hands = make(venue)
    except (AutotraderError, OSError) as error:
        return Swept(venue, False, 0, 0, 0, str(error))
    try:
        return OwnSweep(hands, orders, limit_s).run()
    except Exception as error:  # noqa: BLE001  the top of a thread: whatever it is, the venue is not clean
        return Swept(venue, False, 0, 0, 0, f"{type(error).__name__}: {error}")
    finally:
        with suppress(Refused, OSError):
            hands.close()
