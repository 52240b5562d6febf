"""Where settings come from: files, environment and ``--set``, read into plain trees that remember who said what."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from autotrader.config.secret_paths import is_secret_path
from autotrader.errors import ConfigError

__all__ = ["ENV_PREFIX", "Layer", "Merged", "merge", "parse_value", "read_env", "read_file", "read_sets"]

ENV_PREFIX = "AUTOTRADER__"
LARGEST_FILE = 1 << 20
Path_ = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One source: ``kind`` is file, env, set or code; ``entries`` are (path, value, where it was said)."""

    kind: str
    entries: tuple[tuple[Path_, Any, str], ...]

    @staticmethod
    def of(tree: Mapping[str, Any], source: str, kind: str = "code") -> Layer:
        """Make a layer of a nested mapping."""
        return Layer(kind, tuple((path, value, source) for path, value in _leaves(tree, ())))


@dataclass(slots=True)
class Merged:
    """All layers in one tree, with the kind and source of each leaf."""

    tree: dict[str, Any] = field(default_factory=dict)
    said: dict[Path_, tuple[str, str]] = field(default_factory=dict)

    def source_of(self, path: Sequence[str]) -> str:
        """Return who said the value at ``path``, or the nearest thing to it; empty for a default."""
        wanted = tuple(path)
        while wanted:
            for known, (_, source) in reversed(self.said.items()):
                if known[: len(wanted)] == wanted:
                    return source
            wanted = wanted[:-1]
        return ""


def _leaves(tree: Mapping[str, Any], above: Path_) -> Iterable[tuple[Path_, Any]]:
    for key, value in tree.items():
        path = (*above, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def read_file(path: str | Path) -> Layer:
    """Read one TOML file; decimals stay exact. Raises ConfigError with the line."""
    place = Path(path).expanduser()
    try:
        with place.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give --config an existing TOML file") from error
    if len(raw) > LARGEST_FILE:
        raise ConfigError(f"{path}: larger than 1 MiB, so it is no configuration")
    try:
        tree = tomllib.loads(raw.decode(), parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error or 'nested too deeply'}") from error
    return Layer.of(tree, str(path), "file")


def read_env(env: Mapping[str, str]) -> Layer:
    """Read ``AUTOTRADER__SECTION__KEY=value``; names become lower case, values are read as those of ``--set``."""
    entries = []
    for name in sorted(env):
        if name.startswith(ENV_PREFIX):
            path = tuple(part.lower() for part in name[len(ENV_PREFIX) :].split("__"))
            if not all(path):
                raise ConfigError(f"environment {name}: must read {ENV_PREFIX}SECTION__KEY")
            entries.append((path, _value(path, env[name]), f"environment {name}"))
    return Layer("env", tuple(entries))


def read_sets(sets: Iterable[str]) -> Layer:
    """Read ``key=value`` pairs; the key is dotted, the value TOML, and text where it is not TOML."""
    entries = []
    for pair in sets:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {_shown(pair)}: must read key=value, such as --set engine.cycle_time_ms=50")
        path = _split_key(key.strip())
        entries.append((path, _value(path, value), f"--set {key.strip()}"))
    return Layer("set", tuple(entries))


def _shown(pair: str) -> str:
    return repr(pair[:40])


def _split_key(key: str) -> Path_:
    """Split a dotted key; parts with dots in them are quoted as in TOML, other odd characters may stand bare."""
    try:
        tree: Any = tomllib.loads(f"{key} = 0") if "\n" not in key else None
    except tomllib.TOMLDecodeError:
        tree = None
    path: list[str] = []
    while isinstance(tree, dict) and len(tree) == 1:
        (part, tree), = tree.items()
        path.append(part)
    parts = tuple(path) if path and tree == 0 else tuple(part.strip() for part in key.split("."))
    if not all(parts):
        raise ConfigError(f"--set {key}: the key has an empty part; write section.key=value")
    return parts


def _value(path: Path_, text: str) -> Any:
    """Read a value; a secret of digits stays text."""
    value = parse_value(text)
    return text if is_secret_path(path) and not isinstance(value, str) else value


def parse_value(text: str) -> Any:
    """Read a TOML value with decimals kept exact; what is not TOML is text."""
    try:
        tree = tomllib.loads(f"v = {text.strip()}\n", parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError):
        return text
    return tree["v"] if len(tree) == 1 else text


def merge(layers: Iterable[Layer], without: Iterable[str] = ()) -> Merged:
    """Lay the layers over each other; later ones win, tables are joined, lists and values replaced.

    ``without`` are dotted keys that are passed over in every layer.
    """
    merged, passed_over = Merged(), {tuple(key.split(".")) for key in without}
    for layer in layers:
        for path, value, source in layer.entries:
            if path not in passed_over:
                _put(merged, path, value, (layer.kind, source))
    return merged


def _put(merged: Merged, path: Path_, value: Any, said: tuple[str, str]) -> None:
    branch = merged.tree
    for depth, part in enumerate(path[:-1], start=1):
        below = branch.setdefault(part, {})
        if not isinstance(below, dict):
            key, above = ".".join(path), ".".join(path[:depth])
            raise ConfigError(f"{said[1]}: {key} cannot be set, since {above} is a value, not a table")
        branch = below
    if isinstance(value, Mapping) and not value and isinstance(branch.get(path[-1]), dict):
        return
    for known in [known for known in merged.said if known[: len(path)] == path]:
        del merged.said[known]
    branch[path[-1]] = dict(value) if isinstance(value, Mapping) else value
    merged.said[path] = said
