"""Going on with a replay in whichever thread came to rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from support import Probe, eventually

from autotrader.actors import Handle, InFlight, ManualTicker
from autotrader.errors import ConfigError
from autotrader.market.clock import TapeClock
from autotrader.market.lock_step import LockStep
from autotrader.market.stepper import Stepper
from autotrader.messages import Heartbeat
from autotrader.model import Quote

S = 1_000_000_000


def touch(in_flight: InFlight) -> None:
    with in_flight.hold():
        pass


def test_one_step_is_taken_at_each_fall_to_zero() -> None:
    in_flight, taken = InFlight(), list[int]()

    def steps() -> Iterator[None]:
        for number in range(5):
            taken.append(number)
            yield

    stepper = Stepper("feed", in_flight, lambda error: None)
    stepper.start(steps())
    for _ in range(3):
        touch(in_flight)
    assert taken == [0, 1, 2]
    stepper.stop()
    touch(in_flight)
    assert taken == [0, 1, 2]


def test_a_fall_to_zero_within_a_step_is_followed_by_the_next_one_without_recursion() -> None:
    in_flight, taken = InFlight(), list[int]()

    def steps() -> Iterator[None]:
        for number in range(5_000):
            taken.append(number)
            touch(in_flight)
            yield
        while True:
            yield

    Stepper("feed", in_flight, lambda error: None).start(steps())
    touch(in_flight)
    assert len(taken) == 5_000


def test_steps_are_never_taken_by_two_threads_at_once() -> None:
    in_flight, inside, most = InFlight(), [0], [0]

    def steps() -> Iterator[None]:
        while True:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            yield

    failed: list[BaseException] = []
    Stepper("feed", in_flight, failed.append).start(steps())
    threads = [threading.Thread(target=lambda: [touch(in_flight) for _ in range(2_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert failed == []


def test_what_a_step_raises_is_told_once_and_nothing_more_is_done() -> None:
    in_flight, failed = InFlight(), list[BaseException]()

    def steps() -> Iterator[None]:
        yield
        raise ZeroDivisionError("oh")

    Stepper("feed", in_flight, failed.append).start(steps())
    for _ in range(4):
        touch(in_flight)
    assert [str(error) for error in failed] == ["oh"]


# ---------------------------------------------------------------- the steps themselves


class Desk:
    """A lock-step over a probe, driven by hand."""

    def __init__(self, *after_s: float, idle_s: float = 5.0, settle_s: float = 5.0, error: Exception | None = None) -> None:
        self.clock, self.in_flight = TapeClock(S), InFlight()
        self.ticker = ManualTicker(self.clock)
        self.probe, self.handle = Probe(), Handle("broker.paper")
        self.handle.bind(self.probe)
        self.told: list[Quote] = []
        self.ended: list[object] = []
        lock_step = LockStep(self.clock, self.ticker, self.in_flight, [self.handle], idle_ns=round(idle_s * S),
                             settle_ns=round(settle_s * S))
        self.steps = lock_step.replay(self._quotes(after_s, error), self.told.append, self.ended.append)

    @staticmethod
    def _quotes(after_s: tuple[float, ...], error: Exception | None) -> Iterator[Quote]:
        for after in after_s:
            yield Quote("paper", "X", 1, 2, 1, 1, S + round(after * S))  # type: ignore[arg-type]
        if error is not None:
            raise error

    def now(self, steps: int) -> list[float]:
        """Return engine seconds after each of so many steps."""
        times = []
        for _ in range(steps):
            next(self.steps)
            times.append((self.clock.now_ns() - S) / S)
        return times


def test_time_stands_between_steps_and_moves_from_quote_to_quote() -> None:
    assert Desk(0, 1, 2.5).now(3) == [0, 1, 2.5]


def test_quotes_of_one_instant_are_steps_of_one_instant() -> None:
    assert Desk(1, 1, 1).now(3) == [1, 1, 1]


def test_timers_that_timers_set_fire_in_the_same_stretch() -> None:
    desk = Desk(0, 2)
    desk.now(1)
    chained = Handle("oms")
    chained.bind(lambda message: desk.ticker.after(0.5, chained, message) if message.number == 1 else None)
    desk.ticker.after(0.5, chained, Heartbeat(1))
    assert desk.now(5) == [0.5, 1.0, 1.5, 2.0, 2.0]


def test_a_periodic_timer_does_not_fill_an_idle_stretch() -> None:
    desk, probe, oms = Desk(0, 10_000), Probe(), Handle("oms")
    oms.bind(probe)
    desk.ticker.every(1.0, oms, Heartbeat(1))
    times = desk.now(8)
    assert times == [0, 1, 2, 3, 4, 5, 10_000, 10_000]


def test_the_end_comes_after_time_for_what_is_on_its_way() -> None:
    desk, oms = Desk(0), Handle("oms")
    oms.bind(Probe())
    desk.now(1)
    desk.ticker.after(3.0, oms, Heartbeat(1))
    assert desk.now(1) == [3]
    assert desk.ended == []
    assert desk.now(1) == [5]
    assert desk.ended == [None]
    assert len(desk.told) == 1


def test_an_error_of_the_tape_is_handed_on_at_the_end_and_others_come_through() -> None:
    error = ConfigError("bad")
    desk = Desk(0, error=error)
    desk.now(2)
    assert desk.ended == [error]
    broken = Desk(0, error=KeyError("x"))
    broken.now(1)
    try:
        broken.now(1)
    except KeyError as caught:
        assert caught.args == ("x",)  # noqa: PT017
    else:
        raise AssertionError("nothing was raised")


def test_a_clock_never_goes_back() -> None:
    clock = TapeClock(10)
    clock.reach(5)
    assert clock.now_ns() == 10
    clock.reach(11)
    assert eventually(lambda: clock.monotonic_ns() == 11)
