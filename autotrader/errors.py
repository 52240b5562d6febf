"""One exception tree. A message to a person says what happened, to which order or file, and what to do."""

from __future__ import annotations

__all__ = [
    "AuthFailed", "AutotraderError", "BreakerOpen", "CodecError", "ConfigError", "DeadlinePassed", "DecodeError",
    "EncodeError", "Halted", "InvalidOrder", "JournalError", "NotSent", "OutcomeUnknown", "RateLimited", "Refused",
    "Rejected", "StartError", "Unavailable", "VenueError", "WaitTimeout",
]


class AutotraderError(Exception):
    """Root of every error that autotrader raises on purpose."""


class ConfigError(AutotraderError):
    """A setting, file or secret is missing, unknown or out of range; nothing was started."""


class StartError(AutotraderError):
    """The engine or one of its actors did not become ready."""


class JournalError(AutotraderError):
    """The journal cannot be opened, read, verified or written."""


class Refused(AutotraderError):
    """Our own no: nothing left this process. ``code`` is the coded reason."""

    code = "REFUSED"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class Halted(Refused):
    """The kill switch forbids this class of write."""

    code = "HALTED"


class BreakerOpen(Refused):
    """The venue's circuit breaker is open."""

    code = "BREAKER_OPEN"


class Unavailable(Refused):
    """Nobody is there to take the message: an actor is down, or the engine is stopped."""

    code = "UNAVAILABLE"


class InvalidOrder(Refused):
    """The order or the request on it cannot be right."""

    code = "INVALID_ORDER"


class DeadlinePassed(Refused):
    """The request grew too old before it could leave."""

    code = "DEADLINE_PASSED"


class VenueError(AutotraderError):
    """A venue said no, or could not be understood or reached."""

    def __init__(self, message: str, *, venue: str, code: str = "", raw: str = "") -> None:
        super().__init__(message)
        self.venue, self.code, self.raw = venue, code, raw


class Rejected(VenueError):
    """The venue refused the request for good."""


class RateLimited(VenueError):
    """The venue refused the request for now; ``retry_after_s`` is its own word, in seconds."""

    def __init__(self, message: str, *, venue: str, code: str = "", raw: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(message, venue=venue, code=code, raw=raw)
        self.retry_after_s = retry_after_s


class AuthFailed(VenueError):
    """The venue refused the key, its signature or its permissions."""


class NotSent(VenueError):
    """Proved not on the wire: safe to retry."""


class OutcomeUnknown(VenueError):
    """The request may have arrived: resolved by query and stream, never by sending again."""


class CodecError(AutotraderError):
    """Bytes and messages do not fit."""


class EncodeError(CodecError):
    """Our bug: a message that cannot be put into the venue's form."""


class DecodeError(CodecError):
    """Their bytes: a frame that cannot be read. It is journalled raw and never dropped."""


class WaitTimeout(AutotraderError, TimeoutError):
    """The caller stopped waiting; whatever was asked goes on and stays tracked."""
