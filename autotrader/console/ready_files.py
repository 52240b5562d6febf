"""Ready files of simulated venues: where they listen, and with which keys, as settings.

Source of the form: ``autotrader simulate`` writes ``{venue, host, port, rest, ws, stream, admin, credentials, symbols}`` once
it listens. The keys in it reach the settings as secrets and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from autotrader.config.secret_paths import is_secret_path
from autotrader.errors import ConfigError
from autotrader.secrets import Secret

__all__ = ["Overlay", "ReadyFile", "overlay_of", "read_ready"]

LARGEST_FILE = 1 << 20
IDENTITY = ("account", "account_id", "environment", "api_key", "api_secret", "private_key", "passphrase", "token", "key_name")
"""What belongs to a venue's usual account, and must not be mixed with a simulated one's."""


class ReadyFile(msgspec.Struct, frozen=True):
    """What a simulated venue says of itself; None where it has none. ``credentials`` may hold other kinds of keys as tables."""

    venue: str
    host: str
    port: int
    credentials: dict[str, Any]
    rest: str | None = None
    ws: str | None = None
    stream: str | None = None
    admin: str | None = None
    symbols: tuple[str, ...] = ()


class Overlay(NamedTuple):
    """What ``load_settings`` is given for ready files: ``below``, ``extra`` and ``without``."""

    below: list[tuple[str, Mapping[str, Any]]]
    extra: list[tuple[str, Mapping[str, Any]]]
    without: list[str]


_READY = msgspec.json.Decoder(ReadyFile)


def read_ready(path: str | Path) -> ReadyFile:
    """Read a ready file; raises ConfigError that shows nothing of its keys."""
    try:
        body = Path(path).read_bytes()[: LARGEST_FILE + 1]
    except OSError as error:
        raise ConfigError(
            f"--simulator {path}: cannot be read ({error.strerror}); start the venue with `autotrader simulate VENUE "
            f"--ready-file {path}` and wait until the file is there"
        ) from error
    try:
        return _READY.decode(body)
    except (msgspec.MsgspecError, ValueError):
        raise ConfigError(f"--simulator {path}: is not the ready file of `autotrader simulate`") from None


def overlay_of(files: Iterable[ReadyFile]) -> Overlay:
    """Return the settings that trade on these simulated venues: mode SIMULATED, their hosts and keys.

    The symbols of a ready file count where the configuration names none. Raises ConfigError for two files of one venue.
    """
    overlay, seen = Overlay([], [], []), set[str]()
    for ready in files:
        if ready.venue in seen:
            raise ConfigError(f"--simulator is given twice for {ready.venue}: one engine has one account at a venue")
        seen.add(ready.venue)
        source, own = f"ready file of {ready.venue}", _keys_of(ready)
        if ready.symbols:
            overlay.below.append((source, {"venues": {ready.venue: {"symbols": list(ready.symbols)}}}))
        overlay.extra.append((source, {"mode": "SIMULATED", "venues": {ready.venue: own}}))
        overlay.without.extend(f"venues.{ready.venue}.{key}" for key in IDENTITY if key not in own)
    return overlay


def _keys_of(ready: ReadyFile) -> dict[str, Any]:
    """Return the venue's own keys: its doors, its credentials (secrets as such), and host and port where it has no URL."""
    doors = {"rest": ready.rest, "ws": ready.ws, "stream": ready.stream}
    own: dict[str, Any] = {"enabled": True} | {name: url for name, url in doors.items() if url is not None}
    if ready.rest is None:
        own |= {"host": ready.host, "port": ready.port}
    for name, value in ready.credentials.items():
        if isinstance(value, str):
            key = "account" if name == "account_id" else name
            own[key] = Secret(value, "a ready file") if is_secret_path(("venues", ready.venue, key)) else value
    return own
