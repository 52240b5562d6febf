"""The cancel sweep of one venue after a kill, as a pure state machine: inputs are told, outputs say what to do.

Every order of ours is cancelled, also one that may never have arrived; then the venue is asked for its open list, stragglers
are cancelled, and only two complete lists in a row, asked at least 2 s apart, with none of ours on them, and no order left
whose fate is unknown, make the verdict CLEAN. Ours is what carries the account's tag; the rest is counted and left alone. A
venue that does not answer is never CLEAN: it is tried again for as long as it takes, cancels at most 5 s apart. At FLATTEN,
positions are closed after the cancels by reduce-only orders, round by round, each followed by two lists again.

Times are nanoseconds of the machine's monotonic clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from random import Random

from autotrader.model import KillLevel, OrderState, OrderUpdate
from autotrader.model.ids import is_ours
from autotrader.oms.sweep_values import OpenList, SweepDo, SweepSettings, SweepVerdict, Target, is_aimed_at, nanoseconds

__all__ = ["Sweep"]

_IN_DOUBT = frozenset({OrderState.SENT, OrderState.UNKNOWN})


class Sweep:
    """One venue's sweep; owned by one thread. Every input returns a ``SweepDo`` that has to be carried out.

    ``level`` may rise while it runs. FLATTEN closes positions only when ``flatten`` says that the user opted in.
    """

    def __init__(
        self, venue: str, account: str, level: KillLevel, rng: Random, settings: SweepSettings | None = None, *,
        flatten: bool = False,
    ) -> None:
        self.level, self.is_clean = level, False
        self._venue, self._account, self._rng, self._flatten = venue, account, rng, flatten
        self._settings = settings or SweepSettings()
        self._targets: dict[str, Target] = {}
        self._foreign = self._rounds = self._number = 0
        self._gone: set[str] = set()  # by key: a list as old as the cancel shows an order again, which is then dropped again
        self._only_ours: frozenset[str] = frozenset()
        self._positions: dict[str, Decimal] = {}
        self._began_ns = self._next_list_ns = 0
        self._asked_ns: int | None = None
        self._first_empty_ns: int | None = None
        self._reported_ns: int | None = None
        self._failure = ""

    # ------------------------------------------------------------ inputs

    def start(self, orders: Iterable[OrderUpdate], now_ns: int) -> SweepDo:
        """Begin with what our books hold: every order that is not done, SENT and UNKNOWN among them."""
        self._began_ns = now_ns
        self._next_list_ns = now_ns + nanoseconds(self._settings.first_list_s)
        for update in orders:
            if is_aimed_at(update):
                self._aim(update, now_ns)
        return self._go(now_ns)

    def order_changed(self, update: OrderUpdate, now_ns: int) -> SweepDo:
        """Take what our books learn of an order: it is gone, or it lives after all, also after a CLEAN verdict."""
        target = self._targets.get(_key(update.client_order_id))
        if update.is_done:
            if target is not None:
                self._drop(target)
        elif is_aimed_at(update):
            if target is not None and target.in_doubt and update.state not in _IN_DOUBT:
                self._first_empty_ns = None
            self._aim(update, now_ns)
        return self._go(now_ns)

    def cancel_failed(self, client_order_id: str, now_ns: int) -> SweepDo:
        """Note that a cancel was not taken (busy, limit, not sent): it is sent again soon."""
        target = self._targets.get(_key(client_order_id))
        if target is not None:
            wait_s = min(self._settings.retry_s, 0.25 * 2 ** min(target.attempts, 10))
            target.due_ns = min(target.due_ns, now_ns + nanoseconds(wait_s * self._rng.uniform(0.5, 1)))
        return self._go(now_ns)

    def listed(self, found: OpenList, now_ns: int) -> SweepDo:
        """Take an answer to a question for the open list; an old or incomplete one only shows stragglers."""
        if self._failure:
            self._reached(now_ns)
        ours = [order for order in found.orders if is_ours(order.client_order_id, self._venue, self._account)]
        for order in ours:
            self._aim(order, now_ns, listed=True)
        if found.number == self._number and self._asked_ns is not None:
            asked_ns, self._asked_ns = self._asked_ns, None
            if found.complete:
                self._foreign = len(found.orders) - len(ours)
                self._only_ours = _symbols_of_ours_alone(found.orders, ours)
                self._positions = {symbol: quantity for symbol, quantity in found.positions.items() if quantity}
                return self._judge({_key(order.client_order_id) for order in ours}, asked_ns, now_ns)
            self._first_empty_ns = None
            self._list_after(self._settings.list_every_s, now_ns)
        return self._go(now_ns)

    def list_failed(self, number: int, reason: str, now_ns: int) -> SweepDo:
        """Note that the venue could not be asked."""
        if number == self._number and self._asked_ns is not None:
            self._lost(reason, now_ns)
        return self._go(now_ns)

    def reachable(self, now_ns: int) -> SweepDo:
        """Note that the venue's link is back: everything is tried at once."""
        if self._failure:
            self._reached(now_ns)
        return self._go(now_ns)

    def tick(self, now_ns: int) -> SweepDo:
        """Go on by time alone."""
        return self._go(now_ns)

    # ------------------------------------------------------------ targets

    def _aim(self, update: OrderUpdate, now_ns: int, *, listed: bool = False) -> None:
        key = _key(update.client_order_id)
        target = self._targets.get(key)
        if target is None:
            target = self._targets[key] = Target(update.client_order_id, update.symbol, now_ns)
            target.in_doubt = update.state in _IN_DOUBT and not listed
            self.is_clean, self._first_empty_ns = False, None
        elif listed or update.state not in _IN_DOUBT:
            target.in_doubt = False
        if update.venue_order_id is not None and update.venue_order_id != target.venue_order_id:
            target.venue_order_id = update.venue_order_id
            target.due_ns = now_ns  # the venue's own id may succeed where ours did not

    def _drop(self, target: Target) -> None:
        key = _key(target.client_order_id)
        del self._targets[key]
        self._gone.add(key)

    # ------------------------------------------------------------ the venue's word

    def _judge(self, listed: set[str], asked_ns: int, now_ns: int) -> SweepDo:
        """Draw the conclusions from a complete list: what is absent and was known to live is gone."""
        for key, target in tuple(self._targets.items()):
            if key not in listed and not target.in_doubt and target.since_ns <= asked_ns:
                self._drop(target)
        in_doubt = [target for target in self._targets.values() if target.in_doubt]
        if len(in_doubt) < len(self._targets):
            self._first_empty_ns = None
            self._list_after(self._settings.list_every_s, now_ns)
        elif self._first_empty_ns is None:
            self._first_empty_ns = asked_ns
            self._next_list_ns = max(now_ns, asked_ns + nanoseconds(self._settings.clean_gap_s))
        elif in_doubt or asked_ns - self._first_empty_ns < nanoseconds(self._settings.clean_gap_s):
            self._list_after(self._settings.list_every_s, now_ns)
        elif self._positions and self._flatten and self.level >= KillLevel.FLATTEN:
            return self._flatten_round(now_ns)
        else:
            self.is_clean = True
            return SweepDo(verdict=self._verdict(now_ns))
        return self._go(now_ns)

    def _flatten_round(self, now_ns: int) -> SweepDo:
        self._rounds += 1
        self._first_empty_ns = None
        hurried = self._rounds < self._settings.hurried_rounds
        self._list_after(self._settings.list_every_s if hurried else self._settings.retry_s, now_ns)
        return self._go(now_ns, flatten=dict(self._positions))

    def _reached(self, now_ns: int) -> None:
        self._failure = ""
        self._next_list_ns = min(self._next_list_ns, now_ns + nanoseconds(self._settings.first_list_s))
        for target in self._targets.values():
            target.due_ns = now_ns

    def _lost(self, reason: str, now_ns: int) -> None:
        self._asked_ns = self._first_empty_ns = None
        self._failure = reason or "the venue does not answer"
        self._list_after(self._settings.list_every_s, now_ns)
        for target in self._targets.values():
            target.due_ns = min(target.due_ns, now_ns + nanoseconds(self._settings.retry_s * self._rng.uniform(0.5, 1)))

    # ------------------------------------------------------------ what to do

    def _go(self, now_ns: int, flatten: dict[str, Decimal] | None = None) -> SweepDo:
        if self.is_clean:
            return SweepDo()
        if self._asked_ns is not None and now_ns >= self._asked_ns + self._answer_ns:
            self._lost(self._failure or f"no answer within {self._settings.answer_s:g} s", now_ns)
        due = [target for target in self._targets.values() if target.due_ns <= now_ns]
        patience_s = min(self._settings.patience_s + len(self._targets) / self._settings.cancels_per_s, 60.0)
        if self._failure:
            patience_s = self._settings.retry_s * self._rng.uniform(0.5, 1)
        cancels = tuple(target.cancel(now_ns + nanoseconds(patience_s)) for target in due)
        number = 0
        if self._asked_ns is None and now_ns >= self._next_list_ns:
            self._number += 1
            self._asked_ns, number = now_ns, self._number
        verdict = self._verdict(now_ns) if self._is_report_due(now_ns) else None
        return SweepDo(
            cancels=cancels, list_number=number, flatten=flatten or {}, verdict=verdict, wake_ns=self._wake_ns(now_ns),
            only_ours=self._only_ours,
        )

    def _list_after(self, seconds: float, now_ns: int) -> None:
        self._next_list_ns = now_ns + nanoseconds(seconds * self._rng.uniform(0.5, 1))

    def _is_report_due(self, now_ns: int) -> bool:
        if self._reported_ns is None:
            return bool(self._failure) or now_ns >= self._limit_ns
        if self._reported_ns < self._limit_ns <= now_ns:
            return True
        return now_ns >= self._reported_ns + nanoseconds(self._settings.report_every_s)

    @property
    def _answer_ns(self) -> int:
        """Return how long an answer is waited for: less while the venue is lost, so that its return is seen soon."""
        return nanoseconds(self._settings.list_every_s if self._failure else self._settings.answer_s)

    @property
    def _limit_ns(self) -> int:
        return self._began_ns + nanoseconds(self._settings.limit_s)

    def _wake_ns(self, now_ns: int) -> int:
        answer = self._next_list_ns if self._asked_ns is None else self._asked_ns + self._answer_ns
        report = self._limit_ns if self._reported_ns is None or self._reported_ns < self._limit_ns else (
            self._reported_ns + nanoseconds(self._settings.report_every_s))
        return max(now_ns + 1, min((answer, report, *(target.due_ns for target in self._targets.values()))))

    def _verdict(self, now_ns: int) -> SweepVerdict:
        self._reported_ns = now_ns
        in_doubt = sum(target.in_doubt for target in self._targets.values())
        parts = [
            f"{len(self._targets) - in_doubt} open" if len(self._targets) > in_doubt else "",
            f"{in_doubt} with unknown outcome" if in_doubt else "",
            f"{len(self._positions)} positions" if self._positions else "",
            f"{self._foreign} not ours left alone" if self._foreign else "",
            f"not reached: {self._failure}" if self._failure else "",
        ]
        return SweepVerdict(
            clean=self.is_clean, canceled=len(self._gone), remaining=len(self._targets), foreign=self._foreign,
            positions=len(self._positions), detail=", ".join(part for part in parts if part) or "nothing of ours is open",
        )


def _key(client_order_id: str) -> str:
    return client_order_id.replace("-", "")


def _symbols_of_ours_alone(orders: tuple[OrderUpdate, ...], ours: list[OrderUpdate]) -> frozenset[str]:
    all_orders, our_orders = Counter(order.symbol for order in orders), Counter(order.symbol for order in ours)
    return frozenset(symbol for symbol, number in our_orders.items() if number == all_orders[symbol])
