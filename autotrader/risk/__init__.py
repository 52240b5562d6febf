"""Pre-trade controls, pure."""
