"""Quotes for the engine: recorded tapes, synthetic markets, and the actor that feeds them in."""

from autotrader.market.clock import TapeClock
from autotrader.market.errors import TapeError
from autotrader.market.feed import FeedSettings, FeedStatus, MarketFeedActor, StartMarket
from autotrader.market.feeding import FeedProgress, QuoteSource
from autotrader.market.synthetic import DEFAULT_SYMBOLS, SyntheticMarket, SyntheticSettings
from autotrader.market.tape import Tape, TapeEvent, TapeSettings, instruments_of

__all__ = [
    "DEFAULT_SYMBOLS", "FeedProgress", "FeedSettings", "FeedStatus", "MarketFeedActor", "QuoteSource", "StartMarket",
    "SyntheticMarket", "SyntheticSettings", "Tape", "TapeClock", "TapeError", "TapeEvent", "TapeSettings", "instruments_of",
]
