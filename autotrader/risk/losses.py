"""Day loss and drawdown: from the result over time to breaches, each told once."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from autotrader.model import ZERO

__all__ = ["LossState", "LossWatch"]

DAY_NS = 86_400 * 1_000_000_000
HOUR_NS = 3_600 * 1_000_000_000
_OF_THE_DAY = {"day_loss.halt_share", "day_loss.cancel_share"}


class LossState(msgspec.Struct, frozen=True):
    """What the journal keeps: results in the account currency, equity per venue and the rates behind them."""

    day: int
    day_result: Decimal
    peak_result: Decimal
    result: Decimal
    equities: dict[str, Decimal]
    rates: dict[str, Decimal]


class LossWatch:
    """Follows one number, the result: equity less what was brought in.

    ``day_loss`` and ``drawdown`` are the falls since the day began and since the peak, as shares of the equity then; None
    before the first observation. Money that is brought in or taken out moves no result, so it is neither profit nor loss.
    """

    __slots__ = ("_before", "base", "day", "day_loss", "day_result", "drawdown", "peak_result", "result", "seen_ns", "told")

    def __init__(self) -> None:
        self._before = self.day_result = self.peak_result = self.result = self.base = ZERO
        self.day: int | None = None
        self.day_loss: Decimal | None = None
        self.drawdown: Decimal | None = None
        self.seen_ns: int | None = None
        self.told: set[str] = set()

    def observe(self, now_ns: int, result: Decimal, brought_in: Decimal, day_starts_h: int = 0) -> None:
        """Take the result of this process so far, and what was brought in, both in the account currency."""
        result += self._before
        day = (now_ns - day_starts_h * HOUR_NS) // DAY_NS
        if self.day is None or day > self.day:
            self.day_result = result if self.day is None or self.seen_ns is not None else self.result
            self.day = day
            self.told -= _OF_THE_DAY
        self.result, self.base, self.seen_ns = result, brought_in - self._before, now_ns
        if result > self.peak_result:
            self.peak_result = result
        self._share_out()

    def tell_once(self, what: str) -> bool:
        """Say whether ``what`` was not told yet, and note that it is now."""
        if what in self.told:
            return False
        self.told.add(what)
        return True

    def rearm(self) -> None:
        """Start day and peak anew at the result of now."""
        self.day_result = self.peak_result = self.result
        self.told.clear()
        if self.seen_ns is not None:
            self._share_out()

    def export(self, equities: dict[str, Decimal], rates: dict[str, Decimal]) -> LossState:
        """Return what a later process has to know."""
        return LossState(self.day or 0, self.day_result, self.peak_result, self.result, equities, rates)

    def restore(self, state: LossState) -> None:
        """Go on from an earlier process; before the first observation."""
        self.day = state.day or None
        self.day_result, self.peak_result = state.day_result, state.peak_result
        self.result = self._before = state.result

    def _share_out(self) -> None:
        self.day_loss, self.drawdown = self._share(self.day_result), self._share(self.peak_result)

    def _share(self, since: Decimal) -> Decimal:
        fall = since - self.result
        if fall <= 0:
            return ZERO
        equity = self.base + since
        return fall / equity if equity > 0 else Decimal(1)
