"""How many messages a client may send (ibkr.md section 10). Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["Pace"]

SECOND_NS: Final = 1_000_000_000
VIOLATIONS: Final = 3


class Pace:
    """One client's rate. A second that is over the limit is one violation; the third ends the connection."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._seen: deque[int] = deque()
        self.violations = 0

    def count(self, now_ns: int) -> bool:
        """Count a message; return whether it is one too many, after which a new second begins."""
        seen = self._seen
        seen.append(now_ns)
        while seen[0] <= now_ns - SECOND_NS:
            seen.popleft()
        if len(seen) <= self.most:
            return False
        seen.clear()
        self.violations += 1
        return True

    @property
    def is_over(self) -> bool:
        """Say whether the client has gone too far."""
        return self.violations >= VIOLATIONS
