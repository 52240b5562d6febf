"""Configuration: TOML overlays, environment and ``--set`` in, frozen and validated settings out."""

from autotrader.config.load import check_options, load_settings
from autotrader.config.sections import MarketSection, Section, StrategySection
from autotrader.config.settings import Settings
from autotrader.config.venues import KNOWN_VENUES, PaperVenueSection, SimulatorKeys, VenueSection, WireVenueSection

__all__ = [
    "KNOWN_VENUES", "MarketSection", "PaperVenueSection", "Section", "Settings", "SimulatorKeys", "StrategySection",
    "VenueSection", "WireVenueSection", "check_options", "load_settings",
]
