"""The section ``[venues.ibkr]`` as one checked value (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from pydantic import BeforeValidator, Field

from autotrader.config import Section, VenueSection, check_options
from autotrader.config.sections import Count, Positive, Whole, words
from autotrader.errors import ConfigError
from autotrader.execution.adapters.ibkr.messages import ErrorKind
from autotrader.execution.adapters.ibkr.windows import ResetWindow, parse_window
from autotrader.execution.adapters.loopback import is_loopback
from autotrader.model import Mode

__all__ = [
    "LIVE_PORTS", "PAPER_PORTS", "VENUE", "IbkrSettings", "QuoteSettings", "ibkr_settings", "is_paper_account",
    "quote_settings",
]

VENUE: Final = "ibkr"
LIVE_PORTS: Final = (7496, 4001)
PAPER_PORTS: Final = (7497, 4002)
"""Of TWS and of IB Gateway, as they come (ibkr.md section 10)."""
LARGEST_CLIENT_ID: Final = 2**31 - 1
LARGEST_PORT: Final = 65535
Kind = Annotated[ErrorKind, BeforeValidator(lambda given: given.upper() if isinstance(given, str) else given)]


Words = BeforeValidator(words)
Symbol = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/@ -]{1,64}$")]


class _Keys(Section):
    """The venue's own keys as written; their defaults."""

    environment: Annotated[Literal["live", "paper", "custom"], BeforeValidator(str.lower)] | None = None
    host: str = "127.0.0.1"
    port: Annotated[Count, Field(le=LARGEST_PORT)] | None = None
    client_id: Annotated[Whole, Field(le=LARGEST_CLIENT_ID)] = 1
    feed_client_id: Annotated[Whole, Field(le=LARGEST_CLIENT_ID)] | None = None
    hand_client_id: Annotated[Whole, Field(le=LARGEST_CLIENT_ID)] | None = None
    symbols: Annotated[tuple[Symbol, ...], Words] = ()
    market_data: Annotated[Literal["live", "delayed"], BeforeValidator(str.lower)] = "live"
    messages_per_s: Annotated[Count, Field(le=1_000)] = 50
    reserve: Annotated[Whole, Field(le=500)] = 10
    connect_timeout_s: Positive = 10.0
    read_timeout_s: Positive = 10.0
    heartbeat_s: Positive = 5.0
    submit_age_s: Positive = 2.0
    books_every_s: Positive = 60.0
    reset_windows: tuple[str, ...] = ()
    outside_rth: bool = False
    codes: dict[str, Kind] = {}


class IbkrSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One adapter's settings. Times in the unit of the name.

    ``client_id`` is whose orders these are at TWS: another one can neither change nor cancel them. ``feed_client_id`` and
    ``hand_client_id`` are those of the quotes' connection and of commands beside the engine. ``messages_per_s`` is what one
    connection may send, ``reserve`` the part of it that only cancels get. ``read_timeout_s`` is how long the end of a list is
    waited for: a list without its end is no list. ``heartbeat_s``: how often TWS is asked for its time. ``submit_age_s``: a new
    order or change that waited longer is not sent. ``books_every_s``: how often executions are asked for without a cause.
    ``codes`` are classes of error codes in place of the usual ones. ``request_life_s``: so long may a request take effect.
    """

    mode: Mode
    environment: str
    host: str
    port: int
    account: str
    client_id: int
    feed_client_id: int
    hand_client_id: int
    symbols: tuple[str, ...]
    market_data: str = "live"
    messages_per_s: int = 50
    reserve: int = 10
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    heartbeat_s: float = 5.0
    submit_age_s: float = 2.0
    books_every_s: float = 60.0
    deadline_s: float = 10.0
    request_life_s: float = 10.0
    reset_windows: tuple[ResetWindow, ...] = ()
    outside_rth: bool = False
    codes: Mapping[int, ErrorKind] = {}

    @property
    def place(self) -> str:
        """Return host and port, which the account's lock is keyed by."""
        return f"{self.host}:{self.port}"

    @property
    def is_delayed(self) -> bool:
        """Say whether quotes are those of a quarter of an hour ago."""
        return self.market_data == "delayed"

    def window_at(self, now_ns: int) -> ResetWindow | None:
        """Return the window in which nothing new is sent now, if there is one."""
        return next((one for one in self.reset_windows if one.holds(now_ns)), None)


class QuoteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection for quotes needs; ``connect_s`` limits connecting, and each question, in seconds."""

    host: str
    port: int
    client_id: int
    symbols: tuple[str, ...] = ()
    is_delayed: bool = False
    connect_s: float = 10.0
    codes: Mapping[int, ErrorKind] = {}


def quote_settings(section: VenueSection, mode: Mode) -> QuoteSettings:
    """Return how quotes are read: for trading at IB by its own settings, for paper from any TWS; raises ConfigError."""
    if mode is Mode.PAPER:
        keys = check_options(_Keys, section.options, where="venues.ibkr")
        return QuoteSettings(
            host=keys.host, port=keys.port or PAPER_PORTS[0], client_id=_feed_id(keys),
            is_delayed=keys.market_data == "delayed", connect_s=keys.connect_timeout_s, codes=_codes(keys.codes),
        )  # fmt: skip
    own = ibkr_settings(section, mode)
    return QuoteSettings(
        host=own.host, port=own.port, client_id=own.feed_client_id, symbols=own.symbols, is_delayed=own.is_delayed,
        connect_s=own.connect_timeout_s, codes=own.codes,
    )  # fmt: skip


def _feed_id(keys: _Keys) -> int:
    return keys.client_id + 1 if keys.feed_client_id is None else keys.feed_client_id


def is_paper_account(account: str) -> bool:
    """Say whether an account is one without money: DU…, DF… for advisors (ibkr.md section 8)."""
    return account.upper().startswith("D")


def ibkr_settings(section: VenueSection, mode: Mode) -> IbkrSettings:
    """Return the settings of a configuration's section; raises ConfigError that names the key.

    Refused is what does not agree: an environment, a port or an account of another mode, an account that is not named.
    """
    keys = check_options(_Keys, section.options, where="venues.ibkr")
    environment, port = _environment(keys, mode)
    _check_account(section.account, mode)
    feed_id = _feed_id(keys)
    hand_id = keys.client_id + 2 if keys.hand_client_id is None else keys.hand_client_id
    if len({keys.client_id, feed_id, hand_id}) < 3:
        raise ConfigError("venues.ibkr: client_id, feed_client_id and hand_client_id must be three different numbers")
    if keys.reserve >= keys.messages_per_s:
        raise ConfigError("venues.ibkr.reserve leaves new orders no message: it must be below messages_per_s")
    return IbkrSettings(
        mode=mode, environment=environment, host=keys.host, port=port, account=section.account, client_id=keys.client_id,
        feed_client_id=feed_id, hand_client_id=hand_id, symbols=tuple(dict.fromkeys(keys.symbols)),
        market_data=keys.market_data, messages_per_s=keys.messages_per_s, reserve=keys.reserve,
        connect_timeout_s=keys.connect_timeout_s, read_timeout_s=keys.read_timeout_s, heartbeat_s=keys.heartbeat_s,
        submit_age_s=keys.submit_age_s, books_every_s=keys.books_every_s, deadline_s=section.deadline_s or 10.0,
        request_life_s=section.request_life_s or 10.0, reset_windows=tuple(map(parse_window, keys.reset_windows)),
        outside_rth=keys.outside_rth, codes=_codes(keys.codes),
    )  # fmt: skip


def _environment(keys: _Keys, mode: Mode) -> tuple[str, int]:
    allowed = {Mode.LIVE: "live", Mode.TESTNET: "paper", Mode.SIMULATED: "custom"}.get(mode)
    if allowed is None:
        raise ConfigError(f"mode {mode} does not trade at ibkr: choose SIMULATED, TESTNET (a paper account) or LIVE")
    environment = keys.environment or allowed
    if environment != allowed:
        raise ConfigError(f"venues.ibkr.environment: mode {mode} goes with {allowed}, not with {environment}")
    if mode is Mode.SIMULATED:
        return environment, _simulated_port(keys)
    usual, others, other = (
        (LIVE_PORTS, PAPER_PORTS, "a paper login") if mode is Mode.LIVE else (PAPER_PORTS, LIVE_PORTS, "a live login")
    )
    port = usual[0] if keys.port is None else keys.port
    if port in others:
        raise ConfigError(f"venues.ibkr.port: {port} is the port of {other}; mode {mode} goes with {usual[0]} or {usual[1]}")
    return environment, port


def _simulated_port(keys: _Keys) -> int:
    if not is_loopback(keys.host):
        raise ConfigError(f"venues.ibkr.host: {keys.host} cannot be used: mode SIMULATED speaks to this machine alone")
    if keys.port is None:
        raise ConfigError("venues.ibkr.port is missing: a simulated venue's ready file names it (--simulator FILE)")
    if keys.port in (*LIVE_PORTS, *PAPER_PORTS):
        raise ConfigError(f"venues.ibkr.port: {keys.port} is TWS's own; a simulated one listens elsewhere")
    return keys.port


def _check_account(account: str, mode: Mode) -> None:
    """Refuse an account of another mode; which one TWS is logged in to is compared at every connect."""
    if not account:
        raise ConfigError(
            "venues.ibkr.account is missing: name the account, so that an order can only reach the one that is meant; TWS shows"
            " it in its title bar (U… with money, DU… without)"
        )
    if is_paper_account(account) is (mode is Mode.LIVE):
        kind = "a paper account (D…), which has no money" if is_paper_account(account) else "no paper account (D…)"
        raise ConfigError(f"venues.ibkr.account: {account} is {kind}; that does not go with mode {mode}")


def _codes(given: Mapping[str, ErrorKind]) -> dict[int, ErrorKind]:
    try:
        return {int(code): kind for code, kind in given.items()}
    except ValueError as error:
        raise ConfigError(f"venues.ibkr.codes must name codes by their numbers: {error}") from error
