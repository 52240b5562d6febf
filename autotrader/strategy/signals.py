"""What the market says: a score from -1 (all short) to 1 (all long), or None for no opinion yet."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Protocol

from autotrader.model import ZERO, Snapshot

__all__ = ["CrossSignal", "ReversionSignal", "Signal"]

LONG, SHORT = Decimal(1), Decimal(-1)


class Signal(Protocol):
    """Scores a symbol, once a cycle."""

    def score(self, symbol: str, snapshot: Snapshot) -> Decimal | None:
        """Return the score; None leaves the position as it is."""


class CrossSignal:
    """Long while the mean of the last ``fast`` mids is above that of the last ``slow``, short while below."""

    def __init__(self, fast: int, slow: int) -> None:
        if not 1 <= fast < slow:
            raise ValueError(f"fast must be at least 1 and below slow, not fast={fast}, slow={slow}")
        self._fast, self._mids = fast, deque[Decimal](maxlen=slow)

    def score(self, symbol: str, snapshot: Snapshot) -> Decimal | None:
        """Return 1 or -1; None until ``slow`` mids were seen, and while the means are equal."""
        mids = self._mids
        mids.append(snapshot.quotes[symbol].mid)
        if len(mids) < (mids.maxlen or 0):
            return None
        recent = list(mids)[-self._fast :]
        gap = sum(recent) * len(mids) - sum(mids) * len(recent)
        return None if not gap else LONG if gap > 0 else SHORT


class ReversionSignal:
    """Against the swing: long when the mid is ``entry`` deviations below its mean, short above, flat once it is back."""

    def __init__(self, window: int, entry: Decimal) -> None:
        if window < 2 or entry <= 0:
            raise ValueError(f"window must be at least 2 and entry above zero, not window={window}, entry={entry}")
        self._entry, self._mids = entry, deque[Decimal](maxlen=window)
        self._held = ZERO

    def score(self, symbol: str, snapshot: Snapshot) -> Decimal | None:
        """Return 1, 0 or -1; None until the window is full, and between entry and return."""
        mids, mid = self._mids, snapshot.quotes[symbol].mid
        mids.append(mid)
        if len(mids) < (mids.maxlen or 0):
            return None
        mean = sum(mids, ZERO) / len(mids)
        deviation = (sum(((one - mean) ** 2 for one in mids), ZERO) / len(mids)).sqrt()
        away = mid - mean
        if deviation and abs(away) >= self._entry * deviation:
            self._held = SHORT if away > 0 else LONG
        elif self._held * away >= 0:
            self._held = ZERO
        else:
            return None
        return self._held
