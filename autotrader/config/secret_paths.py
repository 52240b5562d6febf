"""Which settings are secrets (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["is_secret_path"]

SECRET_KEY = re.compile(r"(^|_)(secret|secret_key|api_key|private_key|key|password|passphrase|token|credentials?)$")


def is_secret_path(path: Sequence[str]) -> bool:
    """Say whether the setting at ``path`` is a secret of a venue."""
    return len(path) >= 3 and path[0] == "venues" and SECRET_KEY.search(path[-1]) is not None
