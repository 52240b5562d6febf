from hypothesis import given
from hypothesis import strategies as st

from autotrader.resiliency.window import RollingCount

ADDS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5)), max_size=60)


@given(ADDS, st.integers(20, 400), st.integers(1, 30))
def test_count_is_never_below_the_true_window_and_at_most_a_slice_late(adds, window, slices):
    count, now, said = RollingCount(window, slices), 0, []
    width = max(window // slices, 1)
    for step, number in adds:
        now += step
        count.add(now, number)
        said.append((now, number))
        true = sum(n for t, n in said if t > now - window)
        late = sum(n for t, n in said if t > now - window - width)
        assert true <= count.total(now) <= late


@given(ADDS, st.integers(0, 50))
def test_wait_is_when_room_is_first_there(adds, at_most):
    count, now = RollingCount(100, 10), 0
    for step, number in adds:
        now += step
        count.add(now, number)
    wait = count.wait_ns(now, at_most)
    if wait:
        assert count.total(now + wait - 1) > at_most
    assert count.total(now + wait) <= at_most


def test_memory_is_bounded_by_the_slices():
    count = RollingCount(1_000, 10)
    for now in range(0, 100_000, 3):
        count.add(now)
    assert len(count._slices) <= 12
