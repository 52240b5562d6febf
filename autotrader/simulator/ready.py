"""The ready file: how others find a simulated venue, once it can be found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from autotrader.errors import ConfigError
from autotrader.simulator.options import SimOptions, VenueApp

__all__ = ["ready_of", "write_ready"]

_FIELDS = ("rest", "ws", "stream", "credentials", "symbols")


def ready_of(app: VenueApp, options: SimOptions, port: int, admin_port: int) -> dict[str, Any]:
    """Return what the ready file holds; what a venue does not have is None."""
    host = reachable(options.host)
    own = app.ready(host, port)
    base = {"venue": options.venue, "host": host, "port": port}
    return base | {name: own.get(name) for name in _FIELDS} | {"admin": f"http://{bracketed(host)}:{admin_port}"}


def reachable(host: str) -> str:
    """Return the host that a client on this machine connects to."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def bracketed(host: str) -> str:
    """Return a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def write_ready(path: str, content: dict[str, Any]) -> None:
    """Let the file appear, complete, for its owner alone. Raises ConfigError."""
    whole = Path(f"{path}.{os.getpid()}.part")
    try:
        with open(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(content) + b"\n")
        os.replace(whole, path)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise ConfigError(f"--ready-file {path} cannot be written: {error.strerror}") from error
