"""How trading goes: orders, fills, fill rate, latencies, filled notional, fees, rejects by reason. A pure fold."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import structs

from autotrader.messages import OrdersTimed
from autotrader.model import ZERO, Fill, Instrument, Order, plain
from autotrader.oms.histogram import Histogram

__all__ = ["PAR", "Metrics"]

PAR = ("USD", "USDT", "USDC")
"""Currencies that count 1 against each other unless a rate is given."""

_TRACKED = 50_000
"""Orders whose decision time is remembered; the oldest goes first."""


class Metrics:
    """Counters and histograms of one run. One thread; times are nanoseconds of the clock that stamps ``Order.decided_ns``.

    ``instrument_of(venue, symbol)`` gives quote currency and multiplier, for the notional.
    """

    def __init__(self, instrument_of: Callable[[str, str], Instrument | None] | None = None) -> None:
        self._instrument_of = instrument_of
        self._decided: OrderedDict[str, int] = OrderedDict()  # a plain dict is slow to give its oldest entry up
        self._filled_orders: OrderedDict[str, None] = OrderedDict()
        self.orders = self.orders_filled = self.fills = self.denied = self.rejected = self.unknown = 0
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.notional: dict[str, Decimal] = {}
        self.fees: dict[str, Decimal] = {}
        self.decision_to_wire, self.wire_to_ack = Histogram(), Histogram()
        self.decision_to_ack, self.decision_to_fill = Histogram(), Histogram()

    def on_order(self, order: Order) -> None:
        """Count an order that the limits let pass."""
        self.orders += 1
        decided = self._decided
        decided[order.client_order_id] = order.decided_ns
        if len(decided) > _TRACKED:
            decided.popitem(last=False)

    def on_denied(self, reason_code: str) -> None:
        """Count our own no."""
        self.denied += 1
        self.reasons["DENIED", reason_code] += 1

    def on_rejected(self, kind: str, reason_code: str) -> None:
        """Count a no of the venue, or a request proved not sent; ``kind`` is the event's name."""
        if kind == "OrderRejected":
            self.rejected += 1
        self.reasons[kind, reason_code] += 1

    def on_unknown(self) -> None:
        """Count a request whose outcome was unknown for a while."""
        self.unknown += 1

    def on_times(self, message: OrdersTimed) -> None:
        """Count when requests left and were answered; zero stands for a time that is not known."""
        decided_ns = self._decided.get
        times = [(decided_ns(name, 0), written, answered) for name, written, answered in message.times]
        self.decision_to_wire.add_all([written - began for began, written, _ in times if began and written])
        self.wire_to_ack.add_all([answered - written for _, written, answered in times if written and answered])
        self.decision_to_ack.add_all([answered - began for began, _, answered in times if began and answered])

    def on_fill(self, fill: Fill, now_ns: int = 0) -> None:
        """Count a booked fill; with ``now_ns`` the first of an order gives decision to fill."""
        self.fills += 1
        self._add(fill)
        seen, name = self._filled_orders, fill.client_order_id
        if name not in seen:
            seen[name] = None
            self.orders_filled += 1
            if len(seen) > _TRACKED:
                seen.popitem(last=False)
            began_ns = self._decided.get(name, 0)
            if began_ns and now_ns:
                self.decision_to_fill.add_all((now_ns - began_ns,))

    def on_undone(self, fill: Fill) -> None:
        """Take back a fill that was busted, or an inferred one whose real one came."""
        self.fills -= 1
        self._add(fill, undone=True)

    def on_corrected(self, undone: Iterable[Fill], amended: Iterable[Fill]) -> None:
        """Take back some fills, and count what others cost whose fee was not known."""
        for fill in undone:
            self.on_undone(fill)
        for fill in amended:
            self.on_undone(structs.replace(fill, fee=ZERO))
            self.on_fill(fill)

    def summary(self, rates: Mapping[str, Decimal] | None = None) -> dict[str, Any]:
        """Return all of it in the form of ``--summary-json``: decimals as text, latencies in microseconds.

        ``filled_notional`` is in the account currency by ``rates`` (currency to account currency); USD, USDT and USDC count 1,
        and so does a currency that stands alone. What has no rate counts 0 and is named in ``filled_notional_by_currency``.
        """
        return {
            "orders": self.orders, "fills": self.fills, "denied": self.denied,
            "rejected": self.rejected, "unknown": self.unknown,
            "fill_rate": round(self.orders_filled / self.orders, 4) if self.orders else None,
            "filled_notional": plain(self._total(rates or {})),
            "filled_notional_by_currency": {name: plain(amount) for name, amount in sorted(self.notional.items())},
            "fees": {asset: plain(amount) for asset, amount in sorted(self.fees.items())},
            "rejects": {f"{kind}:{code}": count for (kind, code), count in sorted(self.reasons.items())},
            "latency_us": {
                "decision_to_wire": _latency(self.decision_to_wire), "wire_to_ack": _latency(self.wire_to_ack),
                "decision_to_ack": _latency(self.decision_to_ack), "decision_to_fill": _latency(self.decision_to_fill),
            },
        }

    def _add(self, fill: Fill, *, undone: bool = False) -> None:
        instrument = None if self._instrument_of is None else self._instrument_of(fill.venue, fill.symbol)
        amount, fee, quote = fill.price * fill.quantity, fill.fee, ""
        if undone:
            amount, fee = -amount, -fee
        if instrument is not None:
            quote = instrument.quote
            amount *= instrument.multiplier
        self.notional[quote] = self.notional.get(quote, ZERO) + amount
        if fee:
            self.fees[fill.fee_asset] = self.fees.get(fill.fee_asset, ZERO) + fee

    def _total(self, rates: Mapping[str, Decimal]) -> Decimal:
        if not rates and len(self.notional) == 1:
            return next(iter(self.notional.values()))
        par = Decimal(1)
        return sum((amount * rates.get(name, par if name in PAR else ZERO) for name, amount in self.notional.items()), ZERO)


def _latency(histogram: Histogram) -> dict[str, float | None]:
    named = {"mean": histogram.mean_ns, "p50": histogram.quantile_ns(0.5), "p99": histogram.quantile_ns(0.99)}
    return {name: None if value is None else round(value / 1000, 3) for name, value in named.items()}
