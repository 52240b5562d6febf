"""Binance Spot on loopback: its REST API, WebSocket API and streams over one simulated venue. Facts: binance.md."""

from __future__ import annotations

from autotrader.simulator.binance.app import BinanceApp, make_venue
from autotrader.simulator.binance.limits import LimitTerms

__all__ = ["BinanceApp", "LimitTerms", "make_venue"]
