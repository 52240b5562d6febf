"""The TWS socket on loopback: a server for ibapi and other clients over one simulated venue. Facts: ibkr.md."""

from __future__ import annotations

from autotrader.simulator.ibkr.app import TwsApp, make_venue
from autotrader.simulator.ibkr.terms import TwsTerms

__all__ = ["TwsApp", "TwsTerms", "make_venue"]
