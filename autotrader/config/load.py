"""From files, environment and ``--set`` to validated settings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from autotrader.config.explain import HELP, explain
from autotrader.config.layers import Layer, Merged, merge, read_env, read_file, read_sets
from autotrader.config.secret_keys import hide_secrets
from autotrader.config.settings import Settings
from autotrader.config.venues import WireVenueSection
from autotrader.errors import ConfigError

__all__ = ["check_options", "load_settings"]

_M = TypeVar("_M", bound=BaseModel)


def load_settings(
    files: Iterable[str | Path] = (),
    env: Mapping[str, str] | None = None,
    sets: Iterable[str] = (),
    *,
    below: Sequence[tuple[str, Mapping[str, Any]]] = (),
    extra: Sequence[tuple[str, Mapping[str, Any]]] = (),
    without: Iterable[str] = (),
    read_secrets: bool = True,
) -> Settings:
    """Read and check all settings; what comes later wins: defaults, ``below``, ``files``, ``env``, ``sets``, ``extra``.

    ``env`` None is the process's environment. ``below`` and ``extra`` are (source, tree) pairs from code, such as the flags of
    a script or a simulator's ready file; secrets may stand in them. ``without`` are dotted keys that do not count, whoever
    said them. With ``read_secrets`` false no keyring, key file or key variable is read. Raises ConfigError with one line per
    fault; nothing is started.
    """
    environment = os.environ if env is None else env
    layers = [Layer.of(tree, source) for source, tree in below]
    layers += [*(read_file(file) for file in files), read_env(environment), read_sets(sets)]
    layers += [Layer.of(tree, source) for source, tree in extra]
    merged = merge(layers, without=without)
    try:
        settings = Settings.model_validate(merged.tree)
        enabled = [name for name, venue in settings.venues.items() if venue.enabled]
        hide_secrets(merged, environment, enabled=enabled, read=read_secrets)
        settings = Settings.model_validate(merged.tree)
    except ValidationError as error:
        raise ConfigError(explain(error, merged)) from None
    _check_near_misses(settings, merged)
    _check_risk(settings, merged)
    return settings


def check_options(model: type[_M], options: Mapping[str, Any], *, where: str) -> _M:
    """Check a venue's own keys (or a strategy's) against ``model``; ``where`` is their place, such as ``venues.okx``."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        names = [field.alias or name for name, field in model.model_fields.items()]
        raise ConfigError("\n".join(_option_line(detail, where, names) for detail in error.errors(include_url=False))) from None


def _option_line(detail: Any, where: str, names: list[str]) -> str:
    key = ".".join([where, *(str(part) for part in detail["loc"])])
    if detail["type"] != "extra_forbidden":
        return f"{key}: {detail['msg'].removeprefix('Value error, ')}"
    near = get_close_matches(str(detail["loc"][-1]), names, n=1)
    return f"{key} is no known key; " + (f"did you mean {where}.{near[0]}?" if near else "take it out")


def _check_near_misses(settings: Settings, merged: Merged) -> None:
    """Refuse a venue's own key that is all but one of the common ones: it would be ignored."""
    common = [field.alias or name for name, field in WireVenueSection.model_fields.items()]
    for name, venue in settings.venues.items():
        for key in venue.options:
            near = get_close_matches(key, common, n=1, cutoff=0.85)
            if near:
                source = merged.source_of(("venues", name, key))
                raise ConfigError(f"{source}: venues.{name}.{key} is no known key; did you mean venues.{name}.{near[0]}?")


def _check_risk(settings: Settings, merged: Merged) -> None:
    """Let the limits check their own keys, so that a mistyped control stops the start."""
    try:
        settings.limits()
    except ConfigError as error:
        sources = dict.fromkeys(source for path, (_, source) in merged.said.items() if path[0] == "risk")
        raise ConfigError(f"{', '.join(sources)}: {error}\n({HELP})") from error
