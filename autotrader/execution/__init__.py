"""The engine and its public names."""
