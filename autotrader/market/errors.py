"""What can be wrong with a tape."""

from __future__ import annotations

from pathlib import Path

from autotrader.errors import ConfigError

__all__ = ["TapeError"]


class TapeError(ConfigError):
    """A tape cannot be read; names the file, and the line and column where there is one."""

    def __init__(self, path: Path | str, problem: str, *, line: int | None = None, column: str | None = None) -> None:
        where = str(path)
        if line is not None:
            where += f", line {line}"
        if column is not None:
            where += f", column {column}"
        super().__init__(f"{where}: {problem}")
        self.line, self.column = line, column
