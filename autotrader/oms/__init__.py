"""The order manager: life cycle, books, journal, reconciliation, metrics."""
