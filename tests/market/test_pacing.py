"""A market at the pace of the machine's clock."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support import Probe

from autotrader.actors import Handle, ManualTicker
from autotrader.clock import ManualClock
from autotrader.market.clock import TapeClock
from autotrader.market.pacing import Pacing
from autotrader.messages import Heartbeat
from autotrader.model import Quote

D, START, MS = Decimal, 1_700_000_000_000_000_000, 1_000_000


def quote(after_ms: int) -> Quote:
    return Quote("paper", "X", D(1), D(2), D(1), D(1), START + after_ms * MS)


class Bench:
    """A pacing over quotes at these milliseconds, with a wall clock that a test moves."""

    def __init__(self, *after_ms: int, speed: float = 1.0, tape: bool = True) -> None:
        self.wall = ManualClock(5_000 * MS)
        self.clock = TapeClock(START) if tape else ManualClock(START)
        self.ticker, self.probe, self.handle = ManualTicker(self.clock), Probe(), Handle("broker.paper")
        self.handle.bind(self.probe)
        self.pacing = Pacing(self.clock, self.wall, self.ticker, [Handle("nobody"), self.handle], speed)
        self.quotes = iter([quote(ms) for ms in after_ms])

    def run(self, wall_ms: int = 0) -> tuple[list[int], float | None]:
        self.wall.set_ns(self.wall.now_ns() + wall_ms * MS)
        told, pause_s = self.pacing.run(self.quotes)
        return [(one.ts_ns - START) // MS for one in told], pause_s


def test_quotes_come_when_they_are_due_and_the_pause_is_until_the_next() -> None:
    bench = Bench(0, 10, 400)
    assert bench.run() == ([0], 0.01)
    assert bench.run(4) == ([], pytest.approx(0.006))
    assert bench.run(6) == ([10], 0.05)
    assert bench.run(400) == ([400], None)
    assert len(bench.probe.seen) == 3


def test_the_engines_clock_is_the_tapes_also_between_quotes() -> None:
    bench = Bench(0, 500)
    bench.run(100)
    assert bench.clock.now_ns() == START + 100 * MS


def test_ten_times_faster_is_ten_times_faster() -> None:
    bench = Bench(0, 900, 2_000, speed=10.0)
    assert bench.run(90) == ([0, 900], 0.05)
    assert bench.clock.now_ns() == START + 900 * MS


def test_timers_fire_at_their_own_times_in_between() -> None:
    bench, probe, handle = Bench(0, 300), Probe(), Handle("oms")
    times: list[int] = []
    handle.bind(lambda message: times.append((bench.clock.now_ns() - START) // MS))
    for after_s in (0.05, 0.2, 0.25):
        bench.ticker.after(after_s, handle, Heartbeat(1))
    bench.run()
    assert bench.run(220)[1] == pytest.approx(0.03)
    assert times == [50, 200]
    del probe


def test_the_pause_is_never_below_a_millisecond_nor_above_fifty() -> None:
    bench = Bench(0, 5_000)
    assert bench.run()[1] == 0.05
    assert Bench(0, 1, speed=100.0).run()[1] == 0.001


def test_a_tape_waits_while_the_process_stands_still() -> None:
    bench = Bench(0, 30_000)
    bench.run()
    bench.run(60_000)
    assert bench.clock.now_ns() == START
    assert bench.run(20)[0] == []
    assert bench.clock.now_ns() == START + 20 * MS


def test_on_the_systems_clock_what_is_a_second_old_is_passed_over() -> None:
    bench = Bench(0, 100, 4_950, tape=False)
    bench.clock.set_ns(START + 5_000 * MS)
    assert bench.run() == ([0, 100, 4_950], None)
    assert [one.quote.ts_ns for one in bench.probe.seen] == [START + 4_950 * MS]


def test_time_goes_on_after_the_end() -> None:
    bench = Bench(0)
    bench.run()
    bench.wall.set_ns(bench.wall.now_ns() + 70 * MS)
    assert bench.pacing.idle() == 0.05
    assert bench.clock.now_ns() == START + 70 * MS
