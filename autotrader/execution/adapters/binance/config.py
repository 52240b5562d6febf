"""The section ``[venues.binance]`` as one checked value (pure)."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import BeforeValidator, Field

from autotrader.config import Section, VenueSection, check_options
from autotrader.config.sections import Count, Name, Positive, words
from autotrader.errors import ConfigError
from autotrader.execution.adapters.binance.codec import CodecSettings, Signer, signer_of
from autotrader.execution.adapters.binance.codec.settings import SelfTradePrevention
from autotrader.execution.adapters.binance.hosts import ENVIRONMENTS, USUAL, Hosts, check_hosts
from autotrader.model import Mode, TimeInForce
from autotrader.secrets import Secret

__all__ = ["BinanceSettings", "binance_settings"]

VENUE: Final = "binance"
SECRETS: Final = ("api_key", "api_secret", "private_key", "passphrase")
Lanes = Annotated[Count, Field(le=32)]


def _capitals(given: Any) -> Any:
    """Take text with commas as a list; the venue's words are in capitals."""
    found = words(given)
    return [one.upper() if isinstance(one, str) else one for one in found] if isinstance(found, list) else found


Words = BeforeValidator(_capitals)


class _Keys(Section):
    """The venue's own keys as written, apart from secrets; their defaults."""

    environment: Annotated[Literal["live", "testnet", "demo", "custom"], BeforeValidator(str.lower)] | None = None
    rest: str = ""
    ws: str = ""
    stream: str = ""
    symbols: Annotated[tuple[Name, ...], Words] = ()
    order_lanes: Lanes = 4
    cancel_lanes: Lanes = 1
    query_lanes: Lanes = 1
    recv_window_ms: Annotated[Count, Field(ge=100, le=60_000)] = 5_000
    emulate: Annotated[tuple[Literal["DAY", "GTD"], ...], Words] = ()
    amend: bool = True
    self_trade_prevention: SelfTradePrevention = ""
    touch_orders: bool = False
    marked_replacements: bool = True
    replace_partly_filled: bool = False
    rejected_reports_are_final: bool = True
    believed_in_5xx: tuple[int, ...] = ()
    unlisted_is_refusal: bool = True
    limit_wait_s: Positive = 5.0
    ban_wait_s: Positive = 120.0
    renew_h: Annotated[Positive, Field(le=24)] = 23.0
    silence_s: Positive = 60.0
    submit_age_s: Positive = 2.0
    clock_every_s: Positive = 180.0
    trades_every_s: Positive = 300.0


class BinanceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One adapter's settings. Times in the unit of the name.

    ``account`` is the uid that the venue has to report; where the configuration names none, a name made from the key, and
    ``any_account`` is true. ``secret`` is an HMAC secret or a PEM text. ``symbols`` are those to trade. ``emulate``: times in
    force that the adapter ends by itself. ``amend`` false changes terms by cancelReplace only. ``renew_h`` is the age at which
    the user stream's connection is replaced, ``silence_s`` how long it may be mute. ``submit_age_s``: a new order or amend that
    waited longer for a lane is not sent. ``clock_every_s`` and ``trades_every_s``: how often the clock is measured and own
    trades are asked for without a cause.
    """

    mode: Mode
    environment: str
    hosts: Hosts
    account: str
    any_account: bool
    api_key: Secret
    secret: Secret
    passphrase: Secret | None
    symbols: tuple[str, ...]
    codec: CodecSettings
    order_lanes: int = 4
    cancel_lanes: int = 1
    query_lanes: int = 1
    recv_window_ms: int = 5_000
    emulate: frozenset[TimeInForce] = frozenset()
    amend: bool = True
    renew_h: float = 23.0
    silence_s: float = 60.0
    deadline_s: float = 15.0
    submit_age_s: float = 2.0
    clock_every_s: float = 180.0
    trades_every_s: float = 300.0
    request_life_s: float = 5.0

    @property
    def place(self) -> str:
        """Return host and port, which the account's lock is keyed by."""
        return self.hosts.place

    @property
    def asks_key_rights(self) -> bool:
        """Say whether the environment can be asked what the key may do: live alone has /sapi."""
        return self.environment in ("live", "custom")

    def make_signer(self) -> Signer:
        """Return what signs with the key; raises ConfigError for a key that cannot be read."""
        return signer_of(self.secret.reveal(), None if self.passphrase is None else self.passphrase.reveal())


def binance_settings(section: VenueSection, mode: Mode) -> BinanceSettings:
    """Return the settings of a configuration's section; raises ConfigError that names the key.

    Refused is what does not agree: a host or an environment of another mode, a key of two kinds or of none, in mode LIVE an
    account that is not named. A request lives as long as its receive window: the venue looks at it last just before its engine
    (binance.md 10.1). What that engine may take on top is covered by the ten seconds over which absence has to be seen.
    """
    own = {name: value for name, value in section.options.items() if name not in SECRETS}
    keys = check_options(_Keys, own, where="venues.binance")
    environment, hosts = _environment(keys, mode)
    api_key, secret, passphrase = _secrets(section)
    account = section.account or _account_of(api_key, mode)
    return BinanceSettings(
        mode=mode, environment=environment, hosts=hosts, account=account, any_account=not section.account, api_key=api_key,
        secret=secret, passphrase=passphrase, symbols=tuple(dict.fromkeys(keys.symbols)),
        codec=_codec(keys, account), order_lanes=keys.order_lanes, cancel_lanes=keys.cancel_lanes,
        query_lanes=keys.query_lanes, recv_window_ms=keys.recv_window_ms,
        emulate=frozenset(TimeInForce(word) for word in keys.emulate), amend=keys.amend, renew_h=keys.renew_h,
        silence_s=keys.silence_s, deadline_s=section.deadline_s or 15.0, submit_age_s=keys.submit_age_s,
        clock_every_s=keys.clock_every_s, trades_every_s=keys.trades_every_s,
        request_life_s=section.request_life_s or keys.recv_window_ms / 1000,
    )  # fmt: skip


def _environment(keys: _Keys, mode: Mode) -> tuple[str, Hosts]:
    usual = USUAL.get(mode)
    if usual is None:
        raise ConfigError(f"mode {mode} does not trade at binance: choose SIMULATED, TESTNET or LIVE")
    environment = keys.environment or usual
    allowed = {Mode.LIVE: ("live",), Mode.TESTNET: ("testnet", "demo"), Mode.SIMULATED: ("custom",)}[mode]
    if environment not in allowed:
        raise ConfigError(f"venues.binance.environment: mode {mode} goes with {' or '.join(allowed)}, not with {environment}")
    known = ENVIRONMENTS.get(environment, Hosts("", "", ""))
    hosts = Hosts(keys.rest or known.rest, keys.ws or known.ws, keys.stream or known.stream)
    for name in ("rest", "ws", "stream"):
        if not getattr(hosts, name):
            raise ConfigError(f"venues.binance.{name} is missing: a simulated venue's ready file names it (--simulator FILE)")
    check_hosts(hosts, mode)
    return environment, Hosts(hosts.rest.rstrip("/"), hosts.ws, hosts.stream.rstrip("/"))


def _secrets(section: VenueSection) -> tuple[Secret, Secret, Secret | None]:
    api_key, hmac, pem = (section.secret(name) for name in SECRETS[:3])
    where = "give a reference such as keyring:autotrader/binance or file:/path"
    if api_key is None:
        raise ConfigError(f"venues.binance.api_key is missing: {where}")
    if hmac is not None and pem is not None:
        raise ConfigError("venues.binance: give api_secret (HMAC) or private_key (RSA, Ed25519), not both")
    secret = hmac or pem
    if secret is None:
        raise ConfigError(f"venues.binance.api_secret (or private_key) is missing: {where}")
    return api_key, secret, section.secret("passphrase")


def _account_of(api_key: Secret, mode: Mode) -> str:
    """Make a name for an account that the configuration does not name; the same for the same key."""
    if mode is Mode.LIVE:
        raise ConfigError(
            "venues.binance.account is missing: in mode LIVE name the account's user id (uid), so that an order can only reach"
            " the account that is meant; Binance shows it in the account's profile"
        )
    return f"key-{sha256(api_key.reveal().encode()).hexdigest()[:12]}"


def _codec(keys: _Keys, account: str) -> CodecSettings:
    return CodecSettings(
        account, VENUE, self_trade_prevention=keys.self_trade_prevention,
        emulated=frozenset(TimeInForce(word) for word in keys.emulate), touch_orders=keys.touch_orders,
        marked_replacements=keys.marked_replacements, replace_partly_filled=keys.replace_partly_filled,
        rejected_reports_are_final=keys.rejected_reports_are_final, believed_in_5xx=frozenset(keys.believed_in_5xx),
        unlisted_is_refusal=keys.unlisted_is_refusal, limit_wait_s=keys.limit_wait_s, ban_wait_s=keys.ban_wait_s, carried={},
    )
