"""What an engine is made of, as one value that is easy to write in code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autotrader.config import Settings, load_settings
from autotrader.errors import ConfigError

__all__ = ["ExecutionConfig"]


class ExecutionConfig:
    """Settings of one engine. Without arguments: paper trading on a synthetic market, journal in the user's state directory.

    ``enable_resiliency`` false turns retries and breaker off, ``enable_oms_monitoring`` false the periodic sweeps; never the
    journal, the limits or the gate. ``enable_paper_trading`` false asks for a ``mode`` and its venues. ``files`` are TOML
    overlays, ``sets`` are ``key=value`` texts, and every section of the configuration is a keyword that takes a mapping:
    ``ExecutionConfig(market={"seed": 7}, journal={"path": "bot.db"})``. Mode LIVE trades only with ``arm=True`` beside it.
    Raises ConfigError, one line per fault.
    """

    def __init__(
        self,
        *,
        enable_resiliency: bool | None = None,
        enable_oms_monitoring: bool | None = None,
        cycle_time_ms: float | None = None,
        enable_paper_trading: bool | None = None,
        files: Iterable[str | Path] = (),
        sets: Iterable[str] = (),
        env: Mapping[str, str] | None = None,
        arm: bool = False,
        **sections: Any,
    ) -> None:
        flags = {
            "enable_resiliency": enable_resiliency,
            "enable_oms_monitoring": enable_oms_monitoring,
            "cycle_time_ms": cycle_time_ms,
        }
        named = {key: value for key, value in flags.items() if value is not None}
        given: dict[str, Any] = {**sections, "engine": {**sections.get("engine", {}), **named}}
        if enable_paper_trading:
            given["mode"] = "PAPER"
        self.arm = arm
        self.settings: Settings = load_settings(files, env, sets, extra=[("ExecutionConfig", given)])
        if enable_paper_trading is False and self.settings.mode == "PAPER":
            raise ConfigError("enable_paper_trading is false and the mode is PAPER: add mode='SIMULATED', 'TESTNET' or 'LIVE'")

    @classmethod
    def of(cls, settings: Settings, *, arm: bool = False) -> ExecutionConfig:
        """Wrap settings that were loaded elsewhere."""
        config = cls.__new__(cls)
        config.settings, config.arm = settings, arm
        return config

    @property
    def enable_resiliency(self) -> bool:
        """Return whether retries and breaker are on."""
        return self.settings.engine.enable_resiliency

    @property
    def enable_oms_monitoring(self) -> bool:
        """Return whether the periodic sweeps are on."""
        return self.settings.engine.enable_oms_monitoring

    @property
    def cycle_time_ms(self) -> float:
        """Return the time between decisions, in milliseconds of engine time."""
        return self.settings.engine.cycle_time_ms

    @property
    def enable_paper_trading(self) -> bool:
        """Return whether orders go to the paper venue."""
        return self.settings.mode == "PAPER"
