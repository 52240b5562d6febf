"""Binance Spot on loopback: its REST API, WebSocket API and streams over one simulated venue. Facts: binance.md."""
