"""What a reader of rows is given."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Rows"]


class Rows(Protocol):
    """The rows of a table with the line they ended on, as ``csv.reader`` gives them."""

    @property
    def line_num(self) -> int:
        """Return the line that was read last, from one."""

    def __iter__(self) -> Rows:
        """Return itself."""

    def __next__(self) -> list[str]:
        """Return the next row's cells."""
