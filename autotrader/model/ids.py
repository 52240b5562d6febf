"""Client order ids: unique across restarts, hosts and accounts, and legal at every venue.

128 bits laid out as a UUIDv4 (RFC 9562): 32 bits of account tag, 28 of engine tag, 30 of run, 32 of counter, and the six
fixed bits of the version. Written as 32 hex digits; a venue that insists on UUIDs gets the same digits with dashes.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import count
from uuid import UUID

__all__ = ["ClientOrderIds", "account_tag", "dashed", "engine_tag", "is_ours", "is_this_engine"]

RUN_BITS = 30


def _digits(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def account_tag(venue: str, account: str) -> str:
    """Return the eight hex digits that mark an order of this account as ours."""
    return _digits(f"account\0{venue}\0{account}")[:8]


def engine_tag(engine_id: str) -> str:
    """Return the eight hex digits, version digit included, that mark an order of this engine."""
    digits = _digits(f"engine\0{engine_id}")
    return f"{digits[:4]}4{digits[4:7]}"


def is_ours(client_order_id: str, venue: str, account: str) -> bool:
    """Say whether the order carries this account's tag."""
    return client_order_id.replace("-", "")[:8] == account_tag(venue, account)


def is_this_engine(client_order_id: str, venue: str, account: str, engine_id: str) -> bool:
    """Say whether the order carries this account's tag and this engine's."""
    digits = client_order_id.replace("-", "")
    return digits[:16] == account_tag(venue, account) + engine_tag(engine_id)


def dashed(client_order_id: str) -> str:
    """Write the id as a UUID with dashes, for a venue that insists on it."""
    return str(UUID(client_order_id))


class ClientOrderIds:
    """Hands out the ids of one run of one engine on one account; safe from any thread.

    ``run`` is committed to the journal before the first id is used, so that a restart never repeats one.
    """

    __slots__ = ("_counter", "_prefix")

    def __init__(self, venue: str, account: str, engine_id: str, run: int) -> None:
        if not 0 <= run < 1 << RUN_BITS:
            raise ValueError(f"run must fit in {RUN_BITS} bits, not {run}")
        high, low = run >> 16, run & 0xFFFF
        self._prefix = f"{account_tag(venue, account)}{engine_tag(engine_id)}{0x8000 | high:04x}{low:04x}"
        self._counter = count(1)

    def next(self) -> str:
        """Return the next id."""
        return f"{self._prefix}{next(self._counter):08x}"
