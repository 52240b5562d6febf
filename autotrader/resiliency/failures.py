"""What failed at a venue in the last five minutes, by code (pure)."""

from __future__ import annotations

from autotrader.resiliency.window import RollingCount

__all__ = ["FailureLog"]

SECOND = 1_000_000_000
MOST_CODES = 64
OTHERS = "OTHERS"


class FailureLog:
    """Counts failures per code over ``window_s``. Bounded: codes beyond 64 are counted together. One thread."""

    __slots__ = ("_counts", "_window_ns")

    def __init__(self, window_s: float = 300.0) -> None:
        self._window_ns = round(window_s * SECOND)
        self._counts: dict[str, RollingCount] = {}

    def note(self, code: str, now_ns: int, count: int = 1) -> None:
        """Count ``count`` failures of this code."""
        counts = self._counts
        if code not in counts:
            if len(counts) >= MOST_CODES:
                self._forget(now_ns)
            if len(counts) >= MOST_CODES:
                code = OTHERS
        counts.setdefault(code, RollingCount(self._window_ns, 30)).add(now_ns, count)

    def by_code(self, now_ns: int) -> dict[str, int]:
        """Return the failures of the window, the most frequent first."""
        totals = {code: count.total(now_ns) for code, count in self._counts.items()}
        return dict(sorted(((code, total) for code, total in totals.items() if total), key=lambda item: (-item[1], item[0])))

    def _forget(self, now_ns: int) -> None:
        for code in [code for code, count in self._counts.items() if not count.total(now_ns)]:
            del self._counts[code]
