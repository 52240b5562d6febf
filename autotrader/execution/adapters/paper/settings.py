"""How the paper venue behaves: from ``venues.paper`` of the configuration, with the instruments of the market."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from autotrader.errors import ConfigError
from autotrader.model import ZERO, Instrument, InstrumentKind
from autotrader.model.prepared import prepared
from autotrader.simulator.books import FeeAsset, Listing
from autotrader.simulator.fault_script import FaultScript, load_faults, read_faults

__all__ = ["DEFAULT_INSTRUMENTS", "PaperSettings", "paper_settings"]

MONEY, COINS = Decimal(1_000_000), Decimal(100)


def _spot(symbol: str, tick: str, lot: str, base: str, quote: str) -> Instrument:
    return Instrument("paper", symbol, Decimal(tick), Decimal(lot), quote, base)


def _fx(symbol: str, tick: str, quote: str) -> Instrument:
    return Instrument("paper", symbol, Decimal(tick), Decimal(1), quote, kind=InstrumentKind.FX, allows_short=True)


DEFAULT_INSTRUMENTS = (
    _spot("BTCUSDT", "0.01", "0.00001", "BTC", "USDT"), _spot("ETHUSDT", "0.01", "0.0001", "ETH", "USDT"),
    _fx("EUR_USD", "0.00001", "USD"), _fx("GBP_USD", "0.00001", "USD"), _fx("USD_JPY", "0.001", "JPY"),
)  # fmt: skip
"""What is listed when the market names nothing."""


@prepared
class PaperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The paper venue. Times in seconds or milliseconds as named, on the engine's clock; fees are shares of the notional.

    ``latency_ms`` is how long a request takes to the venue, ``reply_latency_ms`` an answer back, ``fill_delay_ms`` what a fill
    takes longer than that. ``outages`` are (start, length) in seconds since the first start; ``outage_probability`` is the
    chance of each request to be the one at which the link goes for ``outage_s``. A lost reply shows as UNKNOWN after
    ``reply_timeout_s``. ``balances`` open the books, once; empty: 1,000,000 of each quote currency and 100 of each base coin.
    ``depth`` is how many levels the displayed market has. ``seed`` None: the engine's own.
    """

    ledger: str
    account: str = "PAPER"
    instruments: tuple[Instrument, ...] = DEFAULT_INSTRUMENTS
    latency_ms: float = 0.0
    reply_latency_ms: float = 0.0
    fill_delay_ms: float = 0.0
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    fee_asset: FeeAsset = FeeAsset.QUOTE
    margin_rate: Decimal = Decimal("0.05")
    slippage_bps: Decimal = ZERO
    depth: int = 10
    reject_probability: Decimal = ZERO
    reject_code: str = "PAPER_REJECT"
    lost_reply_probability: Decimal = ZERO
    reply_timeout_s: float = 1.0
    outages: tuple[tuple[float, float], ...] = ()
    outage_probability: Decimal = ZERO
    outage_s: float = 5.0
    balances: dict[str, Decimal] = {}
    seed: int | None = None
    faults: FaultScript = FaultScript()

    def listings(self) -> list[Listing]:
        """Return the instruments on the venue's terms."""
        return [Listing(one, self.maker_fee, self.taker_fee, self.fee_asset, self.margin_rate) for one in self.instruments]

    def opening(self) -> dict[str, Decimal]:
        """Return what the account begins with."""
        if self.balances:
            return dict(self.balances)
        opening = {one.base: COINS for one in self.instruments if one.base}
        return opening | {one.quote: MONEY for one in self.instruments}


_PAPER_KINDS = frozenset({"submit", "cancel", "amend", "query", "venue"})


def paper_settings(
    values: Mapping[str, Any], *, ledger: str, instruments: Iterable[Instrument] = (), seed: int | None = None
) -> PaperSettings:
    """Make settings of the section ``venues.paper``; keys that all venues have are passed over.

    ``instruments`` come from the market and are listed as the paper venue's own; ``seed`` counts where the section has none;
    ``faults`` may be a file's name or a script as read. Raises ConfigError that names the key.
    """
    known = {key: value for key, value in values.items() if key in PaperSettings.__struct_fields__ and value is not None}
    listed = tuple(msgspec.structs.replace(one, venue="paper") for one in instruments)
    known |= {"ledger": known.get("ledger") or ledger, "instruments": listed or DEFAULT_INSTRUMENTS}
    known["faults"] = _faults(known.get("faults"))
    if known.get("seed") is None:
        known["seed"] = seed
    try:
        settings = msgspec.convert(known, PaperSettings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"venues.paper: {error}") from error
    _check(settings)
    return settings


def _faults(given: Any) -> FaultScript:
    if isinstance(given, FaultScript):
        script = given
    else:
        script = load_faults(given) if isinstance(given, str) and given else read_faults(given or {})
    for number, rule in enumerate(script.rules, 1):
        if rule.on not in _PAPER_KINDS:
            raise ConfigError(f"rule {number} ({rule.name}): on = {rule.on} needs a wire: the paper venue has none")
    return script


def _check(settings: PaperSettings) -> None:
    for name in ("reject_probability", "lost_reply_probability", "outage_probability"):
        if not 0 <= getattr(settings, name) <= 1:
            raise ConfigError(f"venues.paper.{name} must be from 0 to 1, not {getattr(settings, name)}")
    for name in ("latency_ms", "reply_latency_ms", "fill_delay_ms", "reply_timeout_s", "outage_s", "slippage_bps"):
        if getattr(settings, name) < 0:
            raise ConfigError(f"venues.paper.{name} must not be negative, not {getattr(settings, name)}")
    if settings.depth < 1:
        raise ConfigError(f"venues.paper.depth must be at least 1, not {settings.depth}")
    symbols = [one.symbol for one in settings.instruments]
    for symbol in symbols:
        if symbols.count(symbol) > 1:
            raise ConfigError(f"venues.paper lists {symbol} twice")
