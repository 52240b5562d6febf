"""A journal that keeps nothing: to measure what the real one costs. Never for orders that anyone wants back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from autotrader.model import Mode
from autotrader.oms.journal.commit import Commit

__all__ = ["NullStore"]


class NullStore:
    """Counts events and lets everything go at once. The same calls as ``Store``."""

    path = None
    checkpoint_due = False

    def __init__(self, *, mode: Mode = Mode.PAPER, engine_id: str | None = None) -> None:
        self.mode = mode
        self.engine_id = engine_id or secrets.token_hex(16)
        self.sequence = 0
        self.head_hash = b""
        self.accounts: Mapping[str, str] = {}

    def append(self, commits: Iterable[Commit]) -> int:
        """Count the events."""
        self.sequence += sum(len(commit.events) for commit in commits)
        return self.sequence

    def idle(self) -> None:
        """Do nothing."""

    def reopen(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
