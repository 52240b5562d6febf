"""The closed vocabularies: what an order, a venue or the engine can be. The words are those of the command output."""

from __future__ import annotations

from enum import IntEnum, StrEnum

__all__ = [
    "Action", "BreakerState", "InstrumentKind", "KillLevel", "Liquidity", "LinkState", "Mode", "OrderState", "OrderType",
    "Side", "TimeInForce", "WriteClass",
]


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class TimeInForce(StrEnum):
    GTC = "GTC"
    DAY = "DAY"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"


class Liquidity(StrEnum):
    MAKER = "MAKER"
    TAKER = "TAKER"


class OrderState(StrEnum):
    """The twelve states of the order life cycle."""

    DRAFT = "DRAFT"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    PENDING_REPLACE = "PENDING_REPLACE"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    DENIED = "DENIED"


class Action(StrEnum):
    BUY = "BUY"
    SELL = "SELL"
    CLOSE = "CLOSE"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"
    HOLD = "HOLD"


class InstrumentKind(StrEnum):
    SPOT = "SPOT"
    PERPETUAL = "PERPETUAL"
    FX = "FX"
    STOCK = "STOCK"
    FUTURE = "FUTURE"
    OPTION = "OPTION"


class Mode(StrEnum):
    PAPER = "PAPER"
    SIMULATED = "SIMULATED"
    TESTNET = "TESTNET"
    LIVE = "LIVE"


class BreakerState(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class LinkState(StrEnum):
    UP = "UP"
    SYNCING = "SYNCING"
    DOWN = "DOWN"


class KillLevel(IntEnum):
    """What the kill switch forbids; a higher level forbids more. Shown by name."""

    ARMED = 0
    HALT = 1
    CANCEL = 2
    FLATTEN = 3


class WriteClass(StrEnum):
    """What a write on a wire can do to the account; the kill level says which classes pass."""

    RISK = "RISK"
    REDUCE = "REDUCE"
    CANCEL = "CANCEL"
    QUERY = "QUERY"
