"""What one unit of an asset is worth in the account currency, by the quotes of listed instruments."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from autotrader.model import Instrument, InstrumentKind

__all__ = ["Rates", "pair_of"]

ONE = Decimal(1)
DOLLARS = frozenset({"USD", "USDT", "USDC"})
MOST_HOPS = 3

Listing = tuple[str, str]
Step = tuple[Listing, bool]


def pair_of(instrument: Instrument) -> tuple[str, str] | None:
    """Return (base, quote) of an instrument whose price converts one asset into another, else None.

    A currency pair traded on margin has no base that is held; its first three letters name one.
    """
    if instrument.kind is InstrumentKind.SPOT and instrument.base:
        return instrument.base, instrument.quote
    if instrument.kind is InstrumentKind.FX:
        base = instrument.base or instrument.symbol[:3].upper()
        return (base, instrument.quote) if base != instrument.quote else None
    return None


class Rates:
    """Conversion rates over quoted pairs, either way round, by the fewest hops (three at most).

    USDT and USDC count as one USD unless that pair itself is quoted. Rates and ways are kept until a mid on the way moves.
    ``seeds`` are rates of an earlier run, used only where no way is quoted yet.
    """

    def __init__(self, currency: str, seeds: Mapping[str, Decimal] | None = None) -> None:
        self.currency = currency
        self.seeds = dict(seeds or {})
        self._pairs: dict[str, list[tuple[str, Listing, bool]]] = {}
        self._listings: dict[Listing, tuple[str, str]] = {}
        self._mids: dict[Listing, Decimal] = {}
        self._rates: dict[str, Decimal | None] = {}
        self._ways: dict[str, tuple[Step, ...]] = {}
        self._users: dict[Listing, set[str]] = {}

    def on_listing(self, venue: str, instrument: Instrument) -> bool:
        """Take an instrument; return whether it converts anything."""
        pair = pair_of(instrument)
        listing = (venue, instrument.symbol)
        if pair is None or pair == self._listings.get(listing):
            return pair is not None
        self._listings[listing] = pair
        base, quote = pair
        self._pairs.setdefault(base, []).append((quote, listing, False))
        self._pairs.setdefault(quote, []).append((base, listing, True))
        if listing in self._mids:
            self._forget_all()
        return True

    def on_mid(self, listing: Listing, mid: Decimal) -> tuple[str, ...]:
        """Take a new mid (above zero) of a converting pair; return the assets whose rate may have changed."""
        before = self._mids.get(listing)
        self._mids[listing] = mid
        if before is None:
            return self._forget_all()
        users = self._users.get(listing)
        if users is None or before == mid:
            return ()
        for asset in users:
            self._rates.pop(asset, None)
        return tuple(users)

    def rate(self, asset: str) -> Decimal | None:
        """Return what one unit of the asset is worth, None when no quoted way leads to the account currency."""
        if asset == self.currency:
            return ONE
        try:
            return self._rates[asset]
        except KeyError:
            way = self._ways.get(asset)
            if way is None:
                way = self._find(asset)
            rate = self._rates[asset] = self.seeds.get(asset) if way is None else self._along(way)
            return rate

    def known(self) -> dict[str, Decimal]:
        """Return the rates in use, for ``seeds`` of a later run."""
        return {**self.seeds, **{asset: rate for asset, rate in self._rates.items() if rate is not None}}

    def _forget_all(self) -> tuple[str, ...]:
        assets = tuple(self._rates)
        self._rates.clear()
        self._ways.clear()
        self._users.clear()
        return assets

    def _along(self, way: tuple[Step, ...]) -> Decimal:
        rate = ONE
        for listing, inverse in way:
            mid = self._mids[listing]
            rate = rate / mid if inverse else (mid if rate is ONE else rate * mid)
        return rate

    def _find(self, asset: str) -> tuple[Step, ...] | None:
        seen = {asset}
        front: list[tuple[str, tuple[Step, ...]]] = [(asset, ())]
        for _ in range(MOST_HOPS):
            further: list[tuple[str, tuple[Step, ...]]] = []
            for at, way in front:
                for other, step in self._steps(at):
                    if other == self.currency:
                        return self._remember(asset, way + step)
                    if other not in seen:
                        seen.add(other)
                        further.append((other, way + step))
            front = further
        return None

    def _steps(self, asset: str) -> list[tuple[str, tuple[Step, ...]]]:
        steps: list[tuple[str, tuple[Step, ...]]] = [
            (other, ((listing, inverse),)) for other, listing, inverse in self._pairs.get(asset, ()) if listing in self._mids
        ]
        if asset in DOLLARS:
            quoted = {other for other, _ in steps}
            steps += [(other, ()) for other in sorted(DOLLARS - quoted - {asset})]
        return steps

    def _remember(self, asset: str, way: tuple[Step, ...]) -> tuple[Step, ...]:
        self._ways[asset] = way
        for listing, _ in way:
            self._users.setdefault(listing, set()).add(asset)
        return way
