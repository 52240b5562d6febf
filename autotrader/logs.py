"""Log sinks: set up by the script that owns the process, never by a library module. No secret passes.

A line is formatted whole, traceback included, and then cleaned of every secret value known in this process. Variables are
never shown in tracebacks (``diagnose`` off).
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from loguru import logger

from autotrader.errors import ConfigError
from autotrader.model import plain
from autotrader.secrets import redact

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["LogSettings", "configure_logging"]

LINE = "{extra[_line]}\n"
FINISHED = "_line"
COLORS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m", "SUCCESS": "\x1b[32m"}
PLAIN = "\x1b[0m"


class LogSettings(Protocol):
    """What is read of the configuration's section ``logs``."""

    @property
    def level(self) -> str:
        """The lowest level that is shown."""

    @property
    def file(self) -> str:
        """A file beside stderr; empty for none."""

    @property
    def rotation(self) -> str:
        """When the file is begun anew, in loguru's words: a size, an age or a time of day."""

    @property
    def retention(self) -> int:
        """How many files are kept."""

    @property
    def json_lines(self) -> bool:
        """Whether lines are JSON objects."""


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> Callable[[], None]:
    """Replace all of loguru's sinks by stderr (or ``stream``) and, if one is named, a file; return what removes them.

    For the script that owns the process. Raises ConfigError when the file cannot be written.
    """
    stream = stream or sys.stderr
    colored = stream.isatty() and not settings.json_lines
    logger.remove()
    options: dict[str, Any] = {"level": settings.level, "backtrace": False, "diagnose": False, "catch": True}
    numbers = [logger.add(stream, format=_formatter(settings.json_lines, colored), colorize=False, **options)]
    if settings.file:
        numbers.append(_add_file(settings, options))

    def remove() -> None:
        while numbers:
            logger.remove(numbers.pop())

    return remove


def _add_file(settings: LogSettings, options: dict[str, Any]) -> int:
    try:
        return logger.add(
            settings.file, format=_formatter(settings.json_lines, colored=False), rotation=settings.rotation,
            retention=settings.retention, encoding="utf-8", colorize=False, **options,
        )
    except OSError as error:
        raise ConfigError(f"logs.file: {settings.file} cannot be written ({error.strerror})") from error
    except ValueError as error:
        raise ConfigError(f"logs.rotation: {error}; write a size such as \"50 MB\", or a time such as \"1 day\"") from error


def _formatter(as_json: bool, colored: bool) -> Callable[[Record], str]:
    """Return a loguru format function: it puts the finished line into the record, and names it as the whole format."""
    write = _json_line if as_json else _text_line

    def format_record(record: Record) -> str:
        line = redact(write(record))
        color = COLORS.get(record["level"].name, "") if colored else ""
        record["extra"][FINISHED] = f"{color}{line}{PLAIN}" if color else line
        return LINE

    return format_record


def _text_line(record: Record) -> str:
    when = record["time"].astimezone(UTC)
    values = " ".join(f"{key}={_shown(value)}" for key, value in record["extra"].items() if key != FINISHED)
    head = f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z {record['level'].name:<8} {record['message']}"
    return "\n".join(part for part in (f"{head}  {values}" if values else head, _trace(record)) if part)


def _json_line(record: Record) -> str:
    extra = {key: value for key, value in record["extra"].items() if key != FINISHED}
    tree = {
        "ts_ns": round(record["time"].timestamp() * 1_000_000) * 1_000, "level": record["level"].name,
        "message": record["message"], "module": record["name"], "thread": record["thread"].name, **extra,
    }
    trace = _trace(record)
    return json.dumps({**tree, "traceback": trace} if trace else tree, default=_shown, ensure_ascii=False)


def _trace(record: Record) -> str:
    error = record["exception"]
    if error is None or error.value is None:
        return ""
    return "".join(traceback.format_exception(error.type, error.value, error.traceback)).rstrip()


def _shown(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)
