"""Where secrets may stand in the settings, and their reading into ``Secret`` values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from autotrader.config.layers import Merged
from autotrader.config.secret_paths import is_secret_path
from autotrader.errors import ConfigError
from autotrader.secrets import Secret, is_reference, read_secret

__all__ = ["hide_secrets"]

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
HOW = "write where it lies instead: keyring:service/name, file:/path (mode 0600) or env:NAME"


def hide_secrets(merged: Merged, env: Mapping[str, str], *, enabled: Collection[str], read: bool = True) -> None:
    """Put ``Secret`` values where secrets are, in place.

    A literal value is taken from the environment and from code only. References are read for the venues ``enabled``
    (with ``read`` false, none are). Raises ConfigError that never shows a value.
    """
    for path, (kind, source) in list(merged.said.items()):
        if is_secret_path(path):
            branch = _branch(merged.tree, path)
            branch[path[-1]] = _venue_secret(path, branch[path[-1]], kind, source, env, read and path[1] in enabled)
        elif path in {("alerts", "urls"), ("kill", "urls")}:
            branch = _branch(merged.tree, path)
            branch[path[-1]] = _urls(path, branch[path[-1]], kind, source, env, read)


def _branch(tree: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    for part in path[:-1]:
        tree = tree[part]
    return tree


def _venue_secret(path: Sequence[str], value: Any, kind: str, source: str, env: Mapping[str, str], read: bool) -> Any:
    key = ".".join(path)
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{source}: {key} must be text; {HOW}")
    if is_reference(value):
        return read_secret(value, env, what=f"{source}: {key}") if read else value
    if kind == "set":
        raise ConfigError(f"{source}: a secret on the command line can be read by every process of this machine; {HOW}")
    if kind == "file":
        raise ConfigError(f"{source}: {key} holds the secret itself; take it out, and {HOW}")
    return Secret(value, source)


def _urls(path: Sequence[str], value: Any, kind: str, source: str, env: Mapping[str, str], read: bool) -> Any:
    urls = [value] if isinstance(value, str) else value
    if not isinstance(urls, (list, tuple)):
        return value
    return [_url(".".join(path), url, kind, source, env, read) if isinstance(url, str) else url for url in urls]


def _url(key: str, url: str, kind: str, source: str, env: Mapping[str, str], read: bool) -> str:
    if isinstance(url, Secret):
        return url
    if is_reference(url) and not url.startswith("file://"):
        return read_secret(url, env, what=f"{source}: {key}") if read else url
    if kind == "set" and urlsplit(url).hostname not in LOOPBACK:
        raise ConfigError(f"{source}: such a URL holds a token, and the command line can be read by every process; {HOW}")
    return Secret(url, source)
