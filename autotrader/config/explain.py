"""Errors of the configuration as sentences: source, key, what was given, what was expected, what to do (pure)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from autotrader.config.keys import meant
from autotrader.config.layers import Merged
from autotrader.config.secret_paths import is_secret_path
from autotrader.secrets import redact

__all__ = ["HELP", "explain"]

HELP = "every key, with its unit and default, stands in conf/default.toml"


def explain(error: ValidationError, merged: Merged) -> str:
    """Write a validation error for the person who has to mend it, one line per fault."""
    lines = [_line(detail, merged) for detail in error.errors(include_url=False)]
    return redact("\n".join([*dict.fromkeys(lines), f"({HELP})"]))


def _line(detail: Any, merged: Merged) -> str:
    path = tuple(str(part) for part in detail["loc"])
    source = merged.source_of(path) if path else ""
    key = ".".join(path)
    where = f"{source}: " if source and source != f"--set {key}" else "--set " if source else ""
    if detail["type"] == "extra_forbidden":
        guess = meant(path)
        return f"{where}{key} is no known key; " + (f"did you mean {guess}?" if guess else "take it out")
    expected = _expected(detail["msg"])
    return f"{where}{key}: given {_given(path, detail['input'])}, {expected}" if key else f"{where}{expected}"


def _expected(message: str) -> str:
    text = message.removeprefix("Value error, ")
    if "valid dictionary" in text:
        return "expected a table"
    if text.startswith("Input should be "):
        return f"expected {text.removeprefix('Input should be ')}"
    return text


def _given(path: tuple[str, ...], value: object) -> str:
    if is_secret_path(path) or path[:1] == ("alerts",):
        return "***"
    if isinstance(value, BaseModel):
        return "a section"
    text = str(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
