"""All settings as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import pydantic_core
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, model_validator

from autotrader.config.sections import (
    AccountSection,
    AlertsSection,
    EngineSection,
    IdsSection,
    JournalSection,
    KillSection,
    LogsSection,
    MarketSection,
    ModeName,
    RiskSection,
    RunSection,
    Section,
    StopSection,
    StrategySection,
)
from autotrader.config.venues import KNOWN_VENUES, PaperVenueSection, VenueSection, WireVenueSection
from autotrader.model import Mode, plain
from autotrader.risk import RiskSettings, default_profile, risk_settings
from autotrader.secrets import STARS, Secret, redact

__all__ = ["Settings"]

REAL_MODES = (Mode.TESTNET, Mode.LIVE)


def _venues(given: object) -> object:
    """Make each venue's section: the built-in ones always, others when they name their adapter."""
    if not isinstance(given, Mapping):
        return given
    made: dict[str, Any] = {}
    problems: list[pydantic_core.InitErrorDetails] = []
    for name in (*KNOWN_VENUES, *(name for name in given if name not in KNOWN_VENUES)):
        data = given.get(name, {})
        if name not in KNOWN_VENUES and not (isinstance(data, Mapping) and "adapter" in data):
            problems.append({"type": "extra_forbidden", "loc": (name,), "input": data})
            continue
        try:
            made[name] = (PaperVenueSection if name == "paper" else WireVenueSection).model_validate(data)
        except ValidationError as error:
            problems.extend(_moved(detail, name) for detail in error.errors(include_url=False))
    if problems:
        raise ValidationError.from_exception_data("Venues", problems)
    return made


def _moved(detail: Any, name: str) -> pydantic_core.InitErrorDetails:
    said = pydantic_core.PydanticCustomError("said", "{text}", {"text": detail["msg"]})
    known = detail["type"] if detail["type"] == "extra_forbidden" else said
    return {"type": known, "loc": (name, *detail["loc"]), "input": detail["input"]}


Venues = Annotated[dict[str, SerializeAsAny[VenueSection]], BeforeValidator(_venues)]


class Settings(Section):
    """Everything that can be configured. The defaults trade an example strategy on paper, on a synthetic market."""

    mode: ModeName = Mode.PAPER
    engine: EngineSection = EngineSection()
    journal: JournalSection = JournalSection()
    account: AccountSection = AccountSection()
    strategy: StrategySection = StrategySection()
    strategies: tuple[StrategySection, ...] = ()
    market: MarketSection = MarketSection()
    risk: RiskSection = RiskSection()
    venues: Venues = Field(default_factory=dict, validate_default=True)
    stop: StopSection = StopSection()
    kill: KillSection = KillSection()
    alerts: AlertsSection = AlertsSection()
    logs: LogsSection = LogsSection()
    ids: IdsSection = IdsSection()
    run: RunSection = RunSection()

    @model_validator(mode="after")
    def _check_whole(self) -> Settings:
        if self.market.source == "tape" and not self.market.file:
            raise ValueError("market.source = \"tape\" needs market.file: name the recording, or give --replay FILE")
        if self.mode in REAL_MODES and self.market_source != "live":
            raise ValueError(
                f'mode {self.mode} cannot be priced by market.source = "{self.market.source}": take it out, or make it "live"'
            )
        if self.mode is Mode.PAPER and not self.paper.enabled:
            raise ValueError("mode PAPER needs the paper venue: take out venues.paper.enabled = false, or choose another mode")
        if self.mode is not Mode.PAPER and not self.active_venues:
            names = ", ".join(KNOWN_VENUES[1:])
            raise ValueError(f"mode {self.mode} needs a venue: set venues.NAME.enabled = true for one of {names}")
        if any((one.cycle or self.engine.cycle) == "timer" and not _cycle_of(self, one) for one in self.all_strategies):
            raise ValueError('cycle_time_ms = 0 decides on every quote, and needs cycle = "quote"')
        labels = [strategy.label for strategy in self.all_strategies]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"two strategies are called {label}: give each its own name")
        return self

    @property
    def paper(self) -> PaperVenueSection:
        """Return the paper venue's section."""
        venue = self.venues["paper"]
        assert isinstance(venue, PaperVenueSection)
        return venue

    @property
    def active_venues(self) -> tuple[str, ...]:
        """Return the venues that this mode trades on: ``paper`` alone, or the enabled ones without it."""
        if self.mode is Mode.PAPER:
            return ("paper",)
        return tuple(name for name, venue in self.venues.items() if venue.enabled and name != "paper")

    @property
    def market_source(self) -> str:
        """Return where quotes come from: as configured, else synthetic on PAPER and the venue's own streams in other modes."""
        given = self.market.source_is_given or self.mode is Mode.PAPER
        return self.market.source if given else "live"

    @property
    def all_strategies(self) -> tuple[StrategySection, ...]:
        """Return what is to run: ``strategies`` when any is given, else the one ``strategy``."""
        return self.strategies or (self.strategy,)

    def limits(self) -> RiskSettings:
        """Return the limits in force: the profile, by the mode unless it is named, with what overrides it."""
        return risk_settings(self.risk.profile or default_profile(self.mode), self.risk.overrides)

    def cycle_of(self, strategy: StrategySection) -> tuple[str, float]:
        """Return how a strategy is triggered, and its cycle in ms: its own, else the engine's."""
        return strategy.cycle or self.engine.cycle, _cycle_of(self, strategy)

    def tree(self) -> dict[str, Any]:
        """Return all settings as plain nested values, secrets as stars."""
        tree: dict[str, Any] = _plain(self.model_dump(by_alias=True))
        return tree

    def echo(self) -> str:
        """Return what is in force as dotted lines, for printing; secrets as stars, venues that are off left out."""
        tree = self.tree()
        tree["venues"] = {name: tree["venues"][name] for name in self.active_venues}
        return redact("\n".join(f"{key} = {value}" for key, value in _lines(tree, "")))


def _cycle_of(settings: Settings, strategy: StrategySection) -> float:
    return settings.engine.cycle_time_ms if strategy.cycle_time_ms is None else strategy.cycle_time_ms


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return STARS
    if isinstance(value, Mapping):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(below) for below in value]
    return plain(value) if isinstance(value, Decimal) else value


def _lines(value: Any, key: str) -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        return [line for name, below in value.items() for line in _lines(below, f"{key}.{name}" if key else str(name))]
    return [(key, "(none)" if value is None else str(value))]
