"""How trading goes: orders, fills, fill rate, latencies, filled notional, fees, rejects by reason. A pure fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import structs

from autotrader.messages import FillBooked, OrdersTimed
from autotrader.model import ZERO, Fill, Instrument, plain
from autotrader.oms.histogram import Histogram

__all__ = ["PAR", "Metrics"]

PAR = ("USD", "USDT", "USDC")
"""Currencies that count 1 against each other unless a rate is given."""


class Metrics:
    """Counters and histograms of one run. One thread; times are nanoseconds of the clock that stamps ``Order.decided_ns``.

    ``instrument_of(venue, symbol)`` gives quote currency and multiplier, for the notional; ``decided_of(client order id)``
    when an order was decided, 0 where that is not known any more.
    """

    def __init__(
        self, instrument_of: Callable[[str, str], Instrument | None], decided_of: Callable[[str], int]
    ) -> None:
        self._instrument_of, self._decided_of = instrument_of, decided_of
        self.orders = self.orders_filled = self.fills = self.denied = self.rejected = self.unknown = 0
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.notional: dict[str, Decimal] = {}
        self.fees: dict[str, Decimal] = {}
        self.decision_to_wire, self.wire_to_ack = Histogram(), Histogram()
        self.decision_to_ack, self.decision_to_fill = Histogram(), Histogram()

    def on_order(self) -> None:
        """Count an order that the limits let pass."""
        self.orders += 1

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
        decided_of = self._decided_of
        to_wire, wire_to_ack, to_ack = list[int](), list[int](), list[int]()
        for name, written, answered in message.times:
            began = decided_of(name)
            if began and written:
                to_wire.append(written - began)
            if answered:
                if written:
                    wire_to_ack.append(answered - written)
                if began:
                    to_ack.append(answered - began)
        self.decision_to_wire.add_all(to_wire)
        self.wire_to_ack.add_all(wire_to_ack)
        self.decision_to_ack.add_all(to_ack)

    def on_fills(self, booked: Sequence[FillBooked], now_ns: int) -> None:
        """Count booked fills; the first of an order gives decision to fill."""
        self.fills += len(booked)
        self._add([one.fill for one in booked])
        first = [one.decided_ns for one in booked if one.update.filled_quantity == one.fill.quantity]
        self.orders_filled += len(first)
        self.decision_to_fill.add_all([now_ns - decided_ns for decided_ns in first if decided_ns])

    def on_corrected(
        self, filled: Decimal, booked: Sequence[Fill], undone: Sequence[Fill], amended: Sequence[Fill]
    ) -> None:
        """Count fills for others of one order, of which ``filled`` is filled now, and the fees that were not known before."""
        self.fills += len(booked) - len(undone)
        self._add([*booked, *[structs.replace(fill, quantity=-fill.quantity, fee=-fill.fee) for fill in undone]])
        self._add([structs.replace(fill, quantity=ZERO) for fill in amended])
        before = filled - sum((fill.quantity for fill in booked), ZERO) + sum((fill.quantity for fill in undone), ZERO)
        self.orders_filled += bool(filled) - bool(before)

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

    def _add(self, fills: Iterable[Fill]) -> None:
        fees, traded = self.fees, dict[tuple[str, str], Decimal]()
        for fill in fills:
            key = (fill.venue, fill.symbol)
            traded[key] = traded.get(key, ZERO) + fill.price * fill.quantity
            if fill.fee:
                fees[fill.fee_asset] = fees.get(fill.fee_asset, ZERO) + fill.fee
        for (venue, symbol), amount in traded.items():
            instrument = self._instrument_of(venue, symbol)
            quote = "" if instrument is None else instrument.quote
            worth = amount if instrument is None else amount * instrument.multiplier
            self.notional[quote] = self.notional.get(quote, ZERO) + worth

    def _total(self, rates: Mapping[str, Decimal]) -> Decimal:
        if not rates and len(self.notional) == 1:
            return next(iter(self.notional.values()))
        par = Decimal(1)
        return sum((amount * rates.get(name, par if name in PAR else ZERO) for name, amount in self.notional.items()), ZERO)


def _latency(histogram: Histogram) -> dict[str, float | None]:
    named = {"mean": histogram.mean_ns, "p50": histogram.quantile_ns(0.5), "p99": histogram.quantile_ns(0.99)}
    return {name: None if value is None else round(value / 1000, 3) for name, value in named.items()}
