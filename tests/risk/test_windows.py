"""Rates and counts over time, against models that remember everything."""

from hypothesis import given
from hypothesis import strategies as st

from autotrader.risk.windows import LastSeen, RateBucket, WindowCount

SECOND = 1_000_000_000
steps = st.lists(st.integers(0, 3 * SECOND), max_size=120)


@given(steps=steps, per_s=st.integers(1, 50), burst=st.integers(1, 20))
def test_a_bucket_gives_what_a_plain_token_bucket_gives(steps, per_s, burst):
    interval = SECOND // per_s
    bucket, now, tokens, seen = RateBucket(), 10**18, burst * interval, 10**18
    for step in steps:
        now += step
        tokens, seen = min(burst * interval, tokens + now - seen), now
        wait = bucket.wait_ns(now, interval, burst)
        assert wait == max(0, interval - tokens)
        if wait == 0:
            bucket.take(now, interval)
            tokens -= interval


def test_a_bucket_never_gives_more_than_burst_and_rate_together():
    bucket, taken = RateBucket(), 0
    for tick in range(10_000):  # ten seconds, asked every millisecond
        now = 10**18 + tick * 1_000_000
        if bucket.wait_ns(now, SECOND // 2, 5) == 0:
            bucket.take(now, SECOND // 2)
            taken += 1
    assert taken == 5 + 19


def test_a_clock_set_back_an_hour_costs_a_bucket_one_interval():
    bucket, now = RateBucket(), 10**18
    for _ in range(5):
        bucket.take(now, SECOND)
    back = now - 3600 * SECOND
    assert bucket.wait_ns(back, SECOND, 5) == SECOND
    assert bucket.wait_ns(back + SECOND, SECOND, 5) == 0


@given(steps=steps)
def test_a_window_counts_all_of_it_and_at_most_a_part_more(steps):
    window, counted, now, times = 60 * SECOND, WindowCount(60 * SECOND), 10**18, []
    for step in steps:
        now += step
        times.append(now)
        count = counted.add(now)
        assert count == counted.count(now)
        assert sum(at > now - window for at in times) <= count <= sum(at > now - window - 2 * SECOND for at in times)


def test_a_window_is_empty_again_when_it_is_over():
    counted = WindowCount(60 * SECOND)
    counted.add(10**18)
    assert counted.count(10**18 + 59 * SECOND) == 1
    assert counted.count(10**18 + 62 * SECOND) == 0


def test_a_window_keeps_sixty_parts_however_much_it_counts():
    counted = WindowCount(60 * SECOND)
    for number in range(100_000):
        counted.add(10**18 + number * 10_000_000)
    assert len(counted._older) <= 61


def test_a_clock_set_back_neither_forgets_nor_freezes_a_window():
    counted = WindowCount(60 * SECOND)
    counted.add(10**18)
    counted.add(10**18)
    back = 10**18 - 3600 * SECOND
    assert counted.count(back) == 2
    assert counted.count(back + 70 * SECOND) == 0


def test_what_was_seen_is_forgotten_only_when_it_is_old():
    seen = LastSeen()
    for number in range(5000):
        seen.put(number, 10**18 + number * SECOND, 10 * SECOND)
    assert len(seen._seen) <= 1025
    assert seen.last_ns(4999) == 10**18 + 4999 * SECOND
    assert seen.last_ns(4990) is not None
    assert seen.last_ns(0) is None
