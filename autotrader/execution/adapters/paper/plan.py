"""What the paper venue says of itself to the engine."""

from __future__ import annotations

from pathlib import Path

from autotrader.actors import Context, Handle, Worker
from autotrader.actors.gate import Gate
from autotrader.config import Settings
from autotrader.execution.adapters.paper.actor import PaperBrokerActor
from autotrader.execution.adapters.paper.settings import paper_settings
from autotrader.execution.adapters.paper.weather import Weather
from autotrader.execution.adapters.plan import VenuePlan
from autotrader.model import Instrument

__all__ = ["ledger_path", "plan"]


def ledger_path(journal: str | Path) -> Path:
    """Return where the paper venue's own books lie: beside the journal."""
    return Path(f"{journal}.ledger")


def plan(settings: Settings, instruments: tuple[Instrument, ...], journal_path: str) -> VenuePlan:
    """Return the plan of the paper venue on these instruments; raises ConfigError naming the key."""
    section = settings.venues["paper"]
    values = {key: value for key, value in section.model_dump().items() if value != ""}
    paper = paper_settings(
        values, ledger=str(ledger_path(journal_path)), instruments=instruments, seed=settings.ids.seed
    )
    weather: list[Weather] = []

    def make(context: Context, oms: Handle, resiliency: Handle, gate: Gate) -> Worker:
        if not weather:
            weather.append(Weather(paper, context.rng))
        return PaperBrokerActor(
            context, oms=oms, resiliency=resiliency, gate=gate, settings=paper, weather=weather[0]
        )

    return VenuePlan("paper", paper.account, journal_path, paper.instruments, make, section.request_life_s)
