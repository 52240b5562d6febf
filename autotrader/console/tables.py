"""Rows for people, JSON for programs: both to stdout, nothing else there."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["print_findings", "print_json", "print_rows"]
WIDTH = 120


def print_json(document: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print a table with these columns, plain enough to be cut and sorted by other programs; ``-`` stands for nothing."""
    cells = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_findings(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what was looked at, ``ok`` or ``FIX``, in words that are wrapped; below each FIX what to do."""
    width = max(len(str(row["check"])) for row in rows)
    margin = " " * (width + 7)
    for row in rows:
        print(_wrapped(f"{'ok' if row['ok'] else 'FIX':3}  {row['check']!s:{width}}  ", str(row["detail"]), margin))
        if not row["ok"] and row["fix"]:
            print(_wrapped(f"{margin}-> ", str(row["fix"]), f"{margin}   "))


def _wrapped(first: str, words: str, margin: str) -> str:
    text = " ".join(words.split())
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=margin, break_long_words=False)


def _cell(value: object) -> str:
    return "-" if value is None or value == "" else str(value)
