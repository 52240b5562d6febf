"""A histogram of durations in logarithmic buckets: constant memory, constant time, within about 3 % of the truth."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Histogram"]

_BITS = 5
_SIZE = (64 - _BITS) << _BITS
_TOO_LONG = 1 << 63


class Histogram:
    """Counts durations in nanoseconds; what is negative is not counted."""

    __slots__ = ("_counts", "count", "longest_ns", "total_ns")

    def __init__(self) -> None:
        self._counts = [0] * _SIZE
        self.count = self.total_ns = self.longest_ns = 0

    def add(self, duration_ns: int) -> None:
        """Count one duration; above 2**63 ns, and below zero, there is none."""
        self.add_all((duration_ns,))

    def add_all(self, durations_ns: Iterable[int]) -> None:
        """Count many at once."""
        counts, number, total_ns, longest_ns = self._counts, 0, 0, self.longest_ns
        for duration_ns in durations_ns:
            if not 0 <= duration_ns < _TOO_LONG:
                continue
            shift = duration_ns.bit_length() - _BITS - 1
            counts[duration_ns if shift <= 0 else (shift << _BITS) + (duration_ns >> shift)] += 1
            number += 1
            total_ns += duration_ns
            if duration_ns > longest_ns:
                longest_ns = duration_ns
        self.count += number
        self.total_ns += total_ns
        self.longest_ns = longest_ns

    @property
    def mean_ns(self) -> int | None:
        """Return the exact mean, None without a count."""
        return self.total_ns // self.count if self.count else None

    def quantile_ns(self, share: float) -> int | None:
        """Return the middle of the bucket that holds the ``share`` (0 to 1) of all counts, None without a count."""
        if not self.count:
            return None
        wanted, seen = max(1, -(-self.count * share // 1)), 0
        for index, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return min(_middle(index), self.longest_ns)
        return self.longest_ns


def _middle(index: int) -> int:
    if index < 2 << _BITS:
        return index
    shift = (index >> _BITS) - 1
    return (((index - (shift << _BITS)) << shift) + ((1 << shift) >> 1))
