"""The sweep against a model of a venue that loses, delays, refuses and hides: what must hold in every run."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from autotrader.model import KillLevel, OrderState, OrderType, OrderUpdate, Side, TimeInForce
from autotrader.model.ids import ClientOrderIds, is_ours
from autotrader.oms.sweep import Sweep
from autotrader.oms.sweep_values import OpenList, SweepDo

VENUE, ACCOUNT = "oanda", "acc"
MS = 1_000_000
SECOND = 1_000 * MS


def update(client_id: str, venue_id: str | None, state: OrderState) -> OrderUpdate:
    return OrderUpdate(
        client_order_id=client_id, venue_order_id=venue_id, venue=VENUE, account=ACCOUNT, symbol="EUR_USD", side=Side.SELL,
        type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, quantity=Decimal(1), price=Decimal(1), stop_price=None,
        state=state, filled_quantity=Decimal(0), average_price=None, reason_code=None, reason=None, strategy="",
        created_ns=0, updated_ns=0,
    )


class Venue:
    """Open orders by client id, with venue ids; some land late, cancels and lists fail as the dice say."""

    def __init__(self, rng: Random, trouble: float, outages: list[tuple[int, int]]) -> None:
        self.rng, self.trouble, self.outages = rng, trouble, outages
        self.open: dict[str, str] = {}
        self.landing: list[tuple[int, str]] = []
        self.cancelled: set[str] = set()
        self.tried: dict[str, int] = {}
        self.numbers = 0

    def land(self, client_id: str) -> None:
        self.numbers += 1
        self.open[client_id] = f"v{self.numbers}"

    def pass_time(self, now: int) -> list[OrderUpdate]:
        """Let what was on its way arrive; some of it is told."""
        due = [client_id for when, client_id in self.landing if when <= now]
        self.landing = [(when, client_id) for when, client_id in self.landing if when > now]
        for client_id in due:
            self.land(client_id)
        return [update(client_id, self.open[client_id], OrderState.OPEN) for client_id in due]

    def is_down(self, now: int) -> bool:
        return any(start <= now < end for start, end in self.outages)

    def cancel(self, client_id: str, venue_id: str | None, now: int) -> bool:
        self.tried[client_id] = self.tried.get(client_id, 0) + 1
        if self.is_down(now) or self.rng.random() < self.trouble:
            return False
        if client_id in self.open and venue_id in (None, self.open[client_id]):
            del self.open[client_id]
            self.cancelled.add(client_id)
        return True


class Run:
    """Drives sweep and venue in virtual time until the verdict is CLEAN or time is up."""

    def __init__(self, venue: Venue, known: list[OrderUpdate], rng: Random) -> None:
        self.venue, self.rng, self.now, self.steps = venue, rng, 0, 0
        self.sweep = Sweep(VENUE, ACCOUNT, KillLevel.CANCEL, rng)
        self.answers: list[tuple[int, int, tuple[OrderUpdate, ...] | None]] = []
        self.clean_at: int | None = None
        self.verdicts: list[tuple[int, bool]] = []
        self.wake = 0
        self.doubts = [(when + 12 * SECOND, client_id) for when, client_id in venue.landing]
        self.carry_out(self.sweep.start(known, 0))

    def carry_out(self, do: SweepDo) -> None:
        todo = [do]
        while todo:
            do = todo.pop(0)
            self.steps += 1
            if do.verdict is not None:
                self.verdicts.append((self.now, do.verdict.clean))
                self.clean_at = self.now if do.verdict.clean else None
            elif do.cancels or do.list_number:
                self.clean_at = None
            for cancel in do.cancels:
                if not self.venue.cancel(cancel.client_order_id, cancel.venue_order_id, self.now):
                    todo.append(self.sweep.cancel_failed(cancel.client_order_id, self.now))
            if do.list_number:
                self.ask(do.list_number)
            self.wake = do.wake_ns

    def ask(self, number: int) -> None:
        delay = self.rng.randrange(1, 400) * MS
        if self.venue.is_down(self.now) or self.rng.random() < self.venue.trouble / 2:
            if self.rng.random() < 0.5:  # an error; otherwise silence
                self.answers.append((self.now + delay, number, None))
        else:
            found = tuple(update(client, venue_id, OrderState.OPEN) for client, venue_id in self.venue.open.items())
            self.answers.append((self.now + delay, number, found))

    def go_on(self, until: int) -> None:
        while self.clean_at is None and self.now < until:
            moments = [self.wake, *(when for when, *_ in self.answers), *(when for when, _ in self.venue.landing + self.doubts)]
            self.now = max(self.now + 1, min(moment for moment in moments if moment))
            for told in self.venue.pass_time(self.now):
                if self.rng.random() < 0.7:
                    self.carry_out(self.sweep.order_changed(told, self.now))
            self.settle_doubts()
            ready = [answer for answer in self.answers if answer[0] <= self.now]
            self.answers = [answer for answer in self.answers if answer[0] > self.now]
            for _, number, found in ready:
                if found is None:
                    self.carry_out(self.sweep.list_failed(number, "503", self.now))
                else:
                    complete = self.rng.random() > self.venue.trouble / 4
                    part = found if complete else tuple(one for one in found if self.rng.random() < 0.5)
                    self.carry_out(self.sweep.listed(OpenList(number, part, complete), self.now))
            self.carry_out(self.sweep.tick(self.now))


    def settle_doubts(self) -> None:
        """The order manager's queries prove, in the end, what became of an order in doubt."""
        if self.venue.is_down(self.now):
            self.doubts = [(max(when, self.now + SECOND), client_id) for when, client_id in self.doubts]
            return
        settled = [client_id for when, client_id in self.doubts if when <= self.now]
        self.doubts = [(when, client_id) for when, client_id in self.doubts if when > self.now]
        for client_id in settled:
            venue_id = self.venue.open.get(client_id)
            state = OrderState.CANCELED if venue_id is None else OrderState.OPEN
            self.carry_out(self.sweep.order_changed(update(client_id, venue_id, state), self.now))


scenarios = st.fixed_dictionaries({
    "seed": st.integers(0, 2**32), "open": st.integers(0, 12), "doubtful": st.integers(0, 4), "hidden": st.integers(0, 4),
    "strangers": st.integers(0, 3), "trouble": st.sampled_from([0.0, 0.1, 0.5]),
    "outage": st.sampled_from([None, (0, 20), (1, 3), (2, 90)]),
})


def build(scenario: dict) -> tuple[Run, list[str], list[str]]:
    rng = Random(scenario["seed"])
    ids = ClientOrderIds(VENUE, ACCOUNT, "engine", 1)
    outages = [] if scenario["outage"] is None else [(scenario["outage"][0] * SECOND, scenario["outage"][1] * SECOND)]
    venue = Venue(rng, scenario["trouble"], outages)
    known, ours = [], []
    for number in range(scenario["open"] + scenario["hidden"]):
        ours.append(client_id := ids.next())
        venue.land(client_id)
        if number < scenario["open"]:
            known.append(update(client_id, venue.open[client_id], OrderState.OPEN))
    for _ in range(scenario["doubtful"]):
        ours.append(client_id := ids.next())
        venue.landing.append((rng.randrange(1, 10_000) * MS, client_id))
        known.append(update(client_id, None, OrderState.UNKNOWN))
    strangers = [f"stranger-{number}" for number in range(scenario["strangers"])]
    for stranger in strangers:
        venue.land(stranger)
    return Run(venue, known, rng), ours, strangers


@settings(max_examples=150, deadline=None)
@given(scenarios)
def test_whatever_the_venue_does_the_sweep_ends_clean_and_only_when_it_is_true(scenario: dict) -> None:
    run, ours, strangers = build(scenario)
    run.go_on(1800 * SECOND)
    assert run.clean_at is not None
    assert not [client_id for client_id in run.venue.open if is_ours(client_id, VENUE, ACCOUNT)]
    assert not run.venue.landing
    assert set(ours) == run.venue.cancelled
    assert set(strangers) == set(run.venue.open)
    assert not set(strangers) & set(run.venue.tried)


@settings(max_examples=100, deadline=None)
@given(scenarios)
def test_a_venue_that_answers_is_clean_after_a_bounded_number_of_steps(scenario: dict) -> None:
    run, ours, _ = build({**scenario, "trouble": 0.0, "outage": None})
    run.go_on(1800 * SECOND)
    assert run.clean_at is not None
    assert run.clean_at <= 30 * SECOND
    assert run.steps <= 100 + 10 * len(ours)


@settings(max_examples=25, deadline=None)
@given(scenarios)
def test_while_the_venue_is_out_of_reach_it_is_never_clean(scenario: dict) -> None:
    run, _, _ = build({**scenario, "outage": (0, 150)})
    run.go_on(150 * SECOND)
    assert not [clean for when, clean in run.verdicts if clean and when < 150 * SECOND]
    assert run.verdicts
    assert run.verdicts[0][0] <= 6 * SECOND


@settings(max_examples=50, deadline=None)
@given(scenarios)
def test_every_order_is_cancelled_soon_after_the_venues_return(scenario: dict) -> None:
    run, ours, _ = build({**scenario, "open": 3, "doubtful": 0, "hidden": 0, "trouble": 0.0, "outage": (0, 60)})
    run.go_on(60 * SECOND)
    assert run.clean_at is None
    run.go_on(63 * SECOND)
    assert set(ours) <= run.venue.cancelled
