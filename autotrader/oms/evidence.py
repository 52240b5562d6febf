"""Proof of absence and of life (Rule N and Rule L of order-states.md), gathered from answers to queries."""

from __future__ import annotations

__all__ = ["DEFAULT_LIFE_NS", "REQUEST_LIFE_NS", "VENUE_LAG_NS", "Evidence", "lag_of"]

SECOND_NS = 1_000_000_000
QUERIES = 3
SPAN_NS = 10 * SECOND_NS

DEFAULT_LIFE_NS = 30 * SECOND_NS
REQUEST_LIFE_NS = {"binance": 5 * SECOND_NS, "okx": 5 * SECOND_NS}
"""How long a request may still take effect after it left, by venue; ``DEFAULT_LIFE_NS`` where nothing is named."""

DEFAULT_LAG_NS = SECOND_NS
VENUE_LAG_NS = {"paper": 0}
"""How far behind a venue's stream its answers to queries may be; ``DEFAULT_LAG_NS`` where nothing is named. Part of how a
journal is folded, and so no setting."""


def lag_of(venue: str) -> int:
    """Return the lag bound of a venue, in ns."""
    return VENUE_LAG_NS.get(venue, DEFAULT_LAG_NS)


class Evidence:
    """What the answers about one order prove. Mutable; one thread; times are the engine's, in ns.

    Only queries asked once the request's own life is over count for its absence, since it may land at the end of it.
    """

    __slots__ = ("_absent", "_alive", "_lag_ns", "_life_over_ns", "_snapshot_ns", "_stream_since_ns")

    def __init__(self, request_ns: int, life_ns: int, lag_ns: int) -> None:
        self._life_over_ns, self._lag_ns = request_ns + life_ns, lag_ns
        self._absent: tuple[int, int, int] | None = None
        self._alive: tuple[int, int, int] | None = None
        self._stream_since_ns: int | None = None
        self._snapshot_ns = 0

    def request_left(self, request_ns: int, life_ns: int) -> None:
        """Note that another request on the order left: its life must be over too."""
        self._life_over_ns = max(self._life_over_ns, request_ns + life_ns)
        self._absent = None

    def stream_up(self, since_ns: int) -> None:
        """Note that the private stream works since then."""
        self._stream_since_ns = since_ns

    def stream_lost(self) -> None:
        """Note that the private stream is gone: no absence is proved until it is back and a snapshot was taken after."""
        self._stream_since_ns = None

    def snapshot_taken(self, asked_ns: int) -> None:
        """Note a complete snapshot that does not show the order."""
        self._snapshot_ns = max(self._snapshot_ns, asked_ns)

    def not_found(self, asked_ns: int) -> None:
        """Count an answer, from order, open list and trade list, that knows nothing of the order."""
        self._alive = None
        if asked_ns >= self._life_over_ns:
            self._absent = _one_more(self._absent, asked_ns)

    def works(self, asked_ns: int) -> None:
        """Count an answer that says that the order works."""
        self._absent = None
        self._alive = _one_more(self._alive, asked_ns)

    def doubt(self) -> None:
        """Start over: something new was heard of the order."""
        self._absent = self._alive = None

    def proves_absence(self) -> bool:
        """Say whether Rule N is met: three queries over ten seconds, the stream up, a snapshot taken after."""
        since = self._stream_since_ns
        return (
            self._absent is not None
            and _is_enough(self._absent)
            and since is not None
            and self._snapshot_ns >= max(since, self._life_over_ns)
        )

    @property
    def wanted_ns(self) -> int:
        """Return from when on one more answer brings a proof nearer: the sooner it is asked then, the sooner it is there."""
        counted = self._absent or self._alive
        if counted is None:
            return self._life_over_ns
        count, first, _ = counted
        return first + (SPAN_NS if count >= QUERIES - 1 else SPAN_NS // 2)

    @property
    def lacks_snapshot(self) -> bool:
        """Say whether absence is being proved and no snapshot of the time after the request's life is there yet."""
        since = self._stream_since_ns
        return self._absent is not None and since is not None and self._snapshot_ns < max(since, self._life_over_ns)

    def proves_life(self, last_event_ns: int) -> bool:
        """Say whether Rule L is met: three queries over ten seconds, the last asked after the lag bound."""
        alive = self._alive
        return alive is not None and _is_enough(alive) and alive[2] >= last_event_ns + self._lag_ns


def _one_more(counted: tuple[int, int, int] | None, asked_ns: int) -> tuple[int, int, int]:
    if counted is None:
        return (1, asked_ns, asked_ns)
    count, first, last = counted
    return (count + 1, min(first, asked_ns), max(last, asked_ns))


def _is_enough(counted: tuple[int, int, int]) -> bool:
    count, first, last = counted
    return count >= QUERIES and last - first >= SPAN_NS
