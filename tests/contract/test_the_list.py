"""The list of cases is whole: every number once, and docs/venues.md shows exactly these."""

import re
from importlib import import_module
from pathlib import Path

from contract.cases import CASES, label

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "venues.md"


def every_case() -> dict[str, str]:
    """Return number to name of every case, whatever was collected in this run."""
    for file in sorted(HERE.glob("test_*.py")):
        if file.stem not in ("test_the_check", "test_the_list"):
            import_module(f"contract.{file.stem}")
    return {label(number): entry.name for number, entry in CASES.items()}


def test_there_are_sixty_cases_at_least() -> None:
    assert len(every_case()) >= 60


def test_the_page_of_venues_lists_exactly_these_cases() -> None:
    rows = re.findall(r"^\| (AC\d+) \| ([^|]+?) \|", DOCS.read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a number stands twice"
    assert dict(rows) == every_case(), "run scripts/print_contract.py"
