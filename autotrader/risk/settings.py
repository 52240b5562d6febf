"""The settings of the 23 controls: one struct per control, each key with its unit, its meaning and its three profiles.

Shares and deviations are fractions (0.25 is 25 %), durations are seconds and end in ``_s``, amounts are in the account currency
unless the text says otherwise. The structs are the one place where a figure of a profile is written down.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec.structs import force_setattr

__all__ = ["AUTO", "NANOSECONDS", "NEVER", "SOFT_BAND", "Key", "Looser", "RiskSettings", "Value"]

Auto = Literal["auto"]
Value = Decimal | int | bool | str | tuple[str, ...]

AUTO: Auto = "auto"
NEVER = Decimal(10) ** 15
MANY = 10**9
NANOSECONDS = 1_000_000_000
SOFT_BAND = Decimal("0.8")
D = Decimal


class Looser(Enum):
    """Which change of a key lets more through."""

    HIGHER = "higher"
    LOWER = "lower"
    ON = "on"
    OFF = "off"
    ANY = "any"


class Key(NamedTuple):
    """What a key means, its value in each profile, and which change of it needs an operator."""

    doc: str
    rehearsal: Value
    retail: Value
    open: Value
    looser: Looser = Looser.HIGHER


class Control(msgspec.Struct, frozen=True):
    """Base of the settings of one control.

    What every check needs stands ready: ``x_ns`` for a duration ``x_s``, ``soft_x`` for the soft band's beginning below ``x``.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name.startswith("soft_"):
                force_setattr(self, name, getattr(self, name.removeprefix("soft_")) * SOFT_BAND)
            elif name.endswith("_ns"):
                duration = getattr(self, name.removesuffix("_ns") + "_s")
                force_setattr(self, name, None if duration == AUTO else int(duration * NANOSECONDS))


class GateSettings(Control, frozen=True):
    """1. The kill level allows this class of write, the venue has confirmed mode and account, its books are reconciled."""


class InstrumentSettings(Control, frozen=True):
    """2. The symbol is on the allow-list, listed by the venue, tradable and not halted."""

    allow: Annotated[tuple[str, ...], Key(
        "symbols that may be traded, as SYMBOL or venue:SYMBOL; when any is named, no other may", (), (), (), Looser.ANY)]
    allow_all: Annotated[bool, Key(
        "with no symbol named, all that the venue lists may be traded; false: none", True, False, True, Looser.ON)]


class IncrementsSettings(Control, frozen=True):
    """3. Price and quantity are whole multiples of the venue's steps and within its bounds; nothing is rounded for you."""


class MaxQuantitySettings(Control, frozen=True):
    """4. Quantity of one order against the volume of 24 hours, where the venue publishes it."""

    day_volume_share: Annotated[Decimal, Key("largest order as a share of the 24-h volume", D("0.01"), D("0.001"), NEVER)]
    soft_day_volume_share: Decimal = NEVER


class MaxNotionalSettings(Control, frozen=True):
    """5. Notional of one order; the smaller of the two bounds holds."""

    equity_share: Annotated[Decimal, Key("largest order as a share of the venue's equity", D("0.25"), D("0.10"), NEVER)]
    amount: Annotated[Decimal, Key("largest order in the account currency", NEVER, D("10000"), NEVER)]
    soft_equity_share: Decimal = NEVER
    soft_amount: Decimal = NEVER


class PriceCollarSettings(Control, frozen=True):
    """6. Limit price against the mid (of a stop-limit: against its stop price)."""

    max_deviation_fx: Annotated[Decimal, Key(
        "furthest limit price from the mid, as a share of it: currencies", D("0.10"), D("0.005"), NEVER)]
    max_deviation_equity: Annotated[Decimal, Key("the same: stocks, futures, options", D("0.10"), D("0.03"), NEVER)]
    max_deviation_crypto: Annotated[Decimal, Key("the same: spot and perpetuals", D("0.10"), D("0.03"), NEVER)]


class MarketCapSettings(Control, frozen=True):
    """7. A market order becomes a limit order with a cap; its share of the visible depth, where published, is bounded."""

    enabled: Annotated[bool, Key("false: market orders go out without a cap", False, True, True, Looser.OFF)]
    max_slippage: Annotated[Decimal, Key(
        "the cap's distance from the best opposite price, as a share of it", D("0.005"), D("0.005"), D("0.99"))]
    max_slippage_fx: Annotated[Decimal, Key("the same: currencies", D("0.001"), D("0.001"), D("0.99"))]
    depth_share: Annotated[Decimal, Key(
        "largest market order as a share of ten visible levels", D("0.20"), D("0.20"), NEVER)]


class QuoteSettings(Control, frozen=True):
    """8. The quote is fresh, not crossed, and its spread is sane."""

    max_age_s: Annotated[Decimal | Auto, Key(
        'oldest quote an order may rest on; "auto": by kind of instrument, the next three', AUTO, AUTO, AUTO, Looser.ANY)]
    max_age_crypto_s: Annotated[Decimal, Key("auto, spot and perpetuals", D(5), D(5), NEVER)]
    max_age_other_s: Annotated[Decimal, Key("auto, all others", D(15), D(15), NEVER)]
    max_age_tape_s: Annotated[Decimal, Key("auto, when the quotes come from a tape", D(60), D(60), NEVER)]
    max_spread: Annotated[Decimal, Key("widest spread as a share of the mid", D("0.05"), D("0.02"), NEVER)]
    max_age_ns: int | None = None
    max_age_crypto_ns: int = 0
    max_age_other_ns: int = 0
    max_age_tape_ns: int = 0


class MaxPositionSettings(Control, frozen=True):
    """9. Position in one symbol, with all open and unknown orders at their worst."""

    equity_share: Annotated[Decimal, Key("largest position as a share of the venue's equity", D("1"), D("0.25"), NEVER)]
    soft_equity_share: Decimal = NEVER


class ExposureSettings(Control, frozen=True):
    """10. Worst-case exposure over all venues, as multiples of the equity of all venues."""

    gross: Annotated[Decimal, Key("sum of all positions without sign, times equity", D("3"), D("1"), NEVER)]
    net: Annotated[Decimal, Key("sum of all positions with sign, times equity", D("3"), D("1"), NEVER)]
    soft_gross: Decimal = NEVER
    soft_net: Decimal = NEVER


class FundsSettings(Control, frozen=True):
    """11. Free balance, or margin, after the worst case."""

    buffer: Annotated[Decimal, Key(
        "added to what a purchase needs, as a share of it", D("0.05"), D("0.05"), D(0), Looser.LOWER)]
    credit: Annotated[Decimal, Key("how much may be used beyond what is free, in the asset that is needed", D(0), D(0), NEVER)]


class OpenOrdersSettings(Control, frozen=True):
    """12. Orders that are not done, foreign ones too."""

    per_symbol: Annotated[int, Key("most open orders in one symbol", 50, 10, MANY)]
    per_venue: Annotated[int, Key("most open orders at one venue", 200, 50, MANY)]
    in_all: Annotated[int, Key("most open orders in all", 500, 100, MANY)]


class MessageRateSettings(Control, frozen=True):
    """13. Orders and amends per strategy; cancels and our own denials do not count."""

    per_s: Annotated[Decimal, Key("orders and amends per second, in the long run", D(50), D(2), D(MANY))]
    burst: Annotated[int, Key("orders and amends at once, after a rest", 200, 5, MANY)]
    halt_denials: Annotated[int, Key("denials by this control that HALT the engine", 100, 100, MANY)]
    halt_window_s: Annotated[Decimal, Key("within so many seconds", D(10), D(10), D(10), Looser.LOWER)]


class RepeatedExecutionSettings(Control, frozen=True):
    """14. Fills per strategy, symbol and side; past them the strategy is off until it is re-armed."""

    per_minute: Annotated[int, Key("most fills in a minute", 600, 10, MANY)]
    per_hour: Annotated[int, Key("most fills in an hour", MANY, 60, MANY)]


class DuplicateIntentSettings(Control, frozen=True):
    """15. The same strategy, symbol, side, quantity and price again."""

    enabled: Annotated[bool, Key("false: repeated intents pass", False, True, True, Looser.OFF)]
    window_s: Annotated[Decimal, Key("how long an intent counts as the same", D(2), D(2), D(0), Looser.LOWER)]
    window_ns: int = 0


class IntentAgeSettings(Control, frozen=True):
    """16. Age of an intent."""

    max_age_s: Annotated[Decimal, Key("oldest intent that may still leave", D(2), D(2), NEVER)]
    max_age_ns: int = 0


class DayLossSettings(Control, frozen=True):
    """17. Realised and marked loss since the day began, as a share of the day's equity."""

    enabled: Annotated[bool, Key("false: no loss of a day switches off", False, True, True, Looser.OFF)]
    halt_share: Annotated[Decimal, Key("loss that pulls HALT", D("0.02"), D("0.02"), NEVER)]
    cancel_share: Annotated[Decimal, Key("loss that pulls CANCEL", D("0.04"), D("0.04"), NEVER)]
    day_starts_h: Annotated[int, Key("hour of UTC at which the day begins, 0 to 23", 0, 0, 0, Looser.ANY)]
    soft_halt_share: Decimal = NEVER


class DrawdownSettings(Control, frozen=True):
    """18. Fall from the journalled peak, as a share of it."""

    enabled: Annotated[bool, Key("false: no drawdown switches off", False, True, True, Looser.OFF)]
    cancel_share: Annotated[Decimal, Key("fall that pulls CANCEL", D("0.10"), D("0.10"), NEVER)]
    soft_cancel_share: Decimal = NEVER


class SelfMatchSettings(Control, frozen=True):
    """19. No order that would trade with an own resting one."""

    enabled: Annotated[bool, Key("false: the venue's own prevention is enough", True, True, True, Looser.OFF)]


class ReduceOnlySettings(Control, frozen=True):
    """20. A reduce-only order cannot grow or flip the position; any other flips only with leave."""

    allow_flip: Annotated[bool, Key("true: one order may turn a long position short, or back", False, False, True, Looser.ON)]


class PermissionsSettings(Control, frozen=True):
    """21. Short sales, margin, options, leverage."""

    short: Annotated[bool | Auto, Key(
        'sales beyond what is held, of stocks and options; "auto": if account and instrument allow it',
        AUTO, False, True, Looser.ON)]
    margin: Annotated[bool, Key("perpetuals and futures", True, False, True, Looser.ON)]
    options: Annotated[bool, Key("options", True, False, True, Looser.ON)]
    leverage: Annotated[Decimal, Key("most worth on margin at one venue, times its equity", D(3), D(1), NEVER)]


class ChurnSettings(Control, frozen=True):
    """22. Cancels and amends of one order; past them the strategy is off until it is re-armed."""

    per_minute: Annotated[int, Key("most cancels and amends of one order in a minute", 600, 20, MANY)]


class ExitCountSettings(Control, frozen=True):
    """23. Orders written to the wire never exceed receipts issued; counted at the gate, and at every check."""


class RiskSettings(msgspec.Struct, frozen=True):
    """All controls, by their names in the configuration; made by ``risk_settings``."""

    profile: str
    gate: GateSettings
    instrument: InstrumentSettings
    increments: IncrementsSettings
    max_quantity: MaxQuantitySettings
    max_notional: MaxNotionalSettings
    price_collar: PriceCollarSettings
    market_cap: MarketCapSettings
    quote: QuoteSettings
    max_position: MaxPositionSettings
    exposure: ExposureSettings
    funds: FundsSettings
    open_orders: OpenOrdersSettings
    message_rate: MessageRateSettings
    repeated_execution: RepeatedExecutionSettings
    duplicate_intent: DuplicateIntentSettings
    intent_age: IntentAgeSettings
    day_loss: DayLossSettings
    drawdown: DrawdownSettings
    self_match: SelfMatchSettings
    reduce_only: ReduceOnlySettings
    permissions: PermissionsSettings
    churn: ChurnSettings
    exit_count: ExitCountSettings
