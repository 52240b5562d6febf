"""The sections of the configuration: every key with its unit, bounds and default. Defaults trade on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from autotrader.model import InstrumentKind, Mode, decimal_of
from autotrader.secrets import Secret

__all__ = [
    "AccountSection", "AlertsSection", "EngineSection", "IdsSection", "JournalSection", "KillSection", "LogsSection",
    "MarketSection", "ModeName", "RiskSection", "RunSection", "Section", "StopSection", "StrategySection",
]


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def _exact(value: object) -> Decimal:
    try:
        return decimal_of(value, "")
    except TypeError:
        raise ValueError('must be a number written as a Decimal or as text such as "0.1", not a float') from None
    except ValueError:
        raise ValueError("must be a finite number such as 0.1") from None


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _url(value: object) -> str:
    """Keep a Secret as it is: pydantic would make plain text of it."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a URL as text, such as json://127.0.0.1:8080/")
    return value


def _several(value: object) -> object:
    """Take one text for a list of one."""
    return (value,) if isinstance(value, str) else value


def words(value: object) -> object:
    """Take text with commas for the list of its words, without the spaces around them; a list's entries lose theirs too."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [one.strip() if isinstance(one, str) else one for one in value] if isinstance(value, list | tuple) else value


def _column(value: object) -> object:
    """Read a column of a tape: its header, or its number from one."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not is_number and (not isinstance(value, str) or not value):
        raise ValueError("must be the name of a column, or its number from 1")
    return value


def _reveal(urls: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(url.reveal() if isinstance(url, Secret) else url for url in urls)


def _speed(value: object) -> object:
    """Read the speed of a replay: ``max`` is as fast as the strategy follows."""
    if value == "max":
        return value
    number = float(value) if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) else 0.0
    if not 0 < number < float("inf"):
        raise ValueError('must be a number above 0 (1 is real time), or "max"')
    return number


def _class_path(value: str) -> str:
    place, colon, name = value.rpartition(":")
    if not colon or not place or not name.isidentifier():
        raise ValueError("must read package.module:Class or path/to/file.py:Class")
    return value


Int = Annotated[int, BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool)]
Exact = Annotated[Decimal, BeforeValidator(_exact)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Share = Annotated[Exact, Field(ge=0, le=1)]
Count = Annotated[Int, Field(ge=1)]
Whole = Annotated[Int, Field(ge=0)]
Seed = Annotated[Int, Field(ge=0, lt=1 << 63)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/ -]{1,64}$")]
Currency = Annotated[str, BeforeValidator(_upper), Field(pattern=r"^[A-Z0-9]{2,12}$")]
ClassPath = Annotated[str, AfterValidator(_class_path)]
ModeName = Annotated[Mode, BeforeValidator(_upper)]
Column = Annotated[str | int, PlainValidator(_column)]
Url = Annotated[str, PlainValidator(_url)]
Urls = Annotated[tuple[Url, ...], BeforeValidator(_several)]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values are frozen, numbers finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, coerce_numbers_to_str=True, populate_by_name=True,
        hide_input_in_errors=True,
    )


class EngineSection(Section):
    """How the engine runs. ``id`` empty: made at the first start and kept in the journal."""

    id: Annotated[str, Field(max_length=64)] = ""
    cycle: Literal["timer", "quote"] = "timer"
    cycle_time_ms: NotNegative = 100.0
    decide_on_fill: bool = False
    order_timeout_s: Positive = 10.0
    start_timeout_s: Positive = 5.0
    switch_interval_ms: Positive = 1.0
    one_core: bool = False
    enable_resiliency: bool = True
    enable_oms_monitoring: bool = True
    inflight_sweep_s: Positive = 2.0
    sweep_s: Positive = 30.0


class JournalSection(Section):
    """Where orders are written down. ``path`` empty: ``~/.local/state/autotrader/<mode>/journal.db``."""

    enabled: bool = True
    path: str = ""
    checkpoint_events: Count = 50_000


class AccountSection(Section):
    """The currency that equity, limits and summaries are counted in."""

    currency: Currency = "USD"


class StrategySection(Section):
    """One strategy. ``class`` is ``package.module:Class`` or ``path/to/file.py:Class``; ``options`` reach its constructor."""

    class_: ClassPath = Field(default="autotrader.strategy.examples:MovingAverageCross", alias="class")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    options: dict[str, Any] = Field(default_factory=dict)
    hang_s: Positive = 10.0
    cycle: Literal["timer", "quote"] | None = None
    cycle_time_ms: NotNegative | None = None
    decide_on_fill: bool | None = None
    max_decisions: Count = 1_000

    @property
    def label(self) -> str:
        """Return the strategy's name: as given, else its class's."""
        return self.name or self.class_.rpartition(":")[2]


class MarketSection(Section):
    """Where quotes come from, and what the tape's or the synthetic instrument is.

    ``symbol``, ``tick`` and ``currency`` name the instrument of a tape; ``symbol`` also replaces ``symbols`` in the synthetic
    market and in a live one. ``venue`` is whose live streams are read; ``trades`` and ``bars`` are told to strategies beside
    the quotes. ``rate`` is synthetic quotes a second and symbol, ``volatility`` a share in a year; from ``file`` on, the keys
    are a tape's.
    """

    source: Annotated[Literal["synthetic", "tape", "live"], BeforeValidator(_lower)] = "synthetic"
    venue: Annotated[Name, BeforeValidator(_lower)] | None = None
    trades: bool = False
    bars: Annotated[str, Field(pattern=r"^([1-9][0-9]?[smhdwM])?$")] = ""
    symbol: Name | None = None
    tick: Annotated[Exact, Field(gt=0)] | None = None
    currency: Currency | None = None
    symbols: Annotated[tuple[Name, ...], Field(min_length=1), BeforeValidator(words)] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    seed: Seed = 1
    rate: Annotated[Positive, Field(le=1_000_000)] = 20.0
    volatility: Annotated[Positive, Field(le=100)] | None = None
    file: str = ""
    columns: dict[str, Column] = Field(default_factory=dict)
    kind: Annotated[InstrumentKind, BeforeValidator(_upper)] | None = None
    lot: Annotated[Exact, Field(gt=0)] | None = None
    size: Annotated[Exact, Field(gt=0)] | None = None
    spread: Annotated[Exact, Field(ge=0)] | None = None
    bad_rows: Annotated[Literal["error", "skip"], BeforeValidator(_lower)] = "error"
    speed: Annotated[float | Literal["max"], PlainValidator(_speed)] = 1.0

    @property
    def quoted_symbols(self) -> tuple[str, ...]:
        """Return what a synthetic or live market quotes."""
        return self.symbols if self.symbol is None else (self.symbol,)

    @property
    def source_is_given(self) -> bool:
        """Say whether the source was named, and is not the default."""
        return "source" in self.model_fields_set


class RiskSection(BaseModel):
    """The profile, and single controls over it; ``autotrader.risk`` knows their keys. ``profile`` empty: by the mode."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    profile: Annotated[Literal["", "rehearsal", "retail", "open"], BeforeValidator(_lower)] = ""

    @property
    def overrides(self) -> dict[str, Any]:
        """Return the single controls that were set: control → key → value."""
        return dict(self.model_extra or {})


class StopSection(Section):
    """What a normal stop does with open orders."""

    policy: Annotated[Literal["cancel", "leave"], BeforeValidator(_lower)] = "cancel"
    timeout_s: Positive = 5.0


class KillSection(Section):
    """The kill switch's own settings; ``urls`` (apprise) are told of a pull, beside ``alerts.urls``.

    ``ibkr_global``: a sweep from outside may cancel everything at Interactive Brokers, where it can cancel no single order.
    """

    flatten: bool = False
    ibkr_global: bool = False
    urls: Urls = ()

    @property
    def revealed(self) -> tuple[str, ...]:
        """Return the URLs in plain text, for the one line that opens them."""
        return _reveal(self.urls)


class AlertsSection(Section):
    """Who is told of incidents: apprise URLs, or where to read one from."""

    urls: Urls = ()

    @property
    def revealed(self) -> tuple[str, ...]:
        """Return the URLs in plain text, for the one line that opens them."""
        return _reveal(self.urls)


class LogsSection(Section):
    """Log lines: stderr always, and a file when one is named."""

    level: Annotated[Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)] = (
        "INFO"
    )
    file: str = ""
    rotation: str = "50 MB"
    retention: Count = 10
    json_lines: bool = Field(default=False, alias="json")


class IdsSection(Section):
    """Client order ids: None is random; a seed repeats them, for replays only."""

    seed: Seed | None = None


class RunSection(Section):
    """When a run ends by itself; None never."""

    duration_s: Positive | None = None
    until_fills: Count | None = None
