"""Strategies that trade, to start from."""
