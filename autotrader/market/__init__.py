"""Quotes for the engine: tapes, synthetic markets, live feeds."""
